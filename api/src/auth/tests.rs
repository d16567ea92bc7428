//! Tokens and the development key.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path};

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use credits_core::domain::ids::AccountId;
use jsonwebtoken::{Algorithm as Jwt, EncodingKey, Header, encode};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::{Value, json};

use super::*;
use crate::{
    error::{Fault, FaultCode},
    secret_file::SecretFileProblem,
};

const NOW: i64 = 1_800_000_000;
const OLD: &[u8] = b"the old secret, of 32 bytes or more";
const NEW: &[u8] = b"the new secret, of 32 bytes or more";
/// Key pairs made for these tests with openssl.
const ED_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINzGJyy93fHwInKYbVf0+RXVsRHzRjY6xbcsUVoY3c0e\n-----END PRIVATE KEY-----\n";
const ED_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA++Qrma9YkutBO4K5L+no81v+G/eGA6NcsmtEjVWoq/8=\n-----END PUBLIC KEY-----\n";
const EC_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoutmYibvKcNypJZ2\n9eaN3GGyGx5QfEUpfGV1ERHWaTuhRANCAASlK6JX2524544M+51LD+hFme8VgPSN\njS3oSev24ktJJgD4SkraS2QAq2IXp9hSmPDhIvO59xdm/2UufifBstbB\n-----END PRIVATE KEY-----\n";
const EC_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpSuiV9uduOeODPudSw/oRZnvFYD0\njY0t6Enr9uJLSSYA+EpK2ktkAKtiF6fYUpjw4SLzufcXZv9lLn4nwbLWwQ==\n-----END PUBLIC KEY-----\n";

fn secret(kid: &str, bytes: &[u8]) -> VerifyingKey {
    VerifyingKey::from_bytes(Some(kid.to_owned()), bytes).expect("long enough")
}

fn claims(change: Value) -> Value {
    let mut claims = json!({
        "iss": "issuer", "aud": "audience", "sub": "alice", "exp": NOW + 60, "scope": "credits:read",
    });
    for (name, value) in change.as_object().expect("an object") {
        if value.is_null() {
            claims.as_object_mut().expect("an object").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn sign(kid: Option<&str>, algorithm: Jwt, key: &EncodingKey, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    encode(&header, claims, key).expect("it signs")
}

fn hs256(kid: Option<&str>, bytes: &[u8], change: Value) -> String {
    sign(
        kid,
        Jwt::HS256,
        &EncodingKey::from_secret(bytes),
        &claims(change),
    )
}

fn headers(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        AUTHORIZATION,
        HeaderValue::from_str(value).expect("visible"),
    );
    headers
}

fn judge(verifier: &Verifier, token: &str, now: i64) -> Result<Caller, Invalid> {
    let viewer = verifier.viewer(
        &headers(&format!("Bearer {token}")),
        now,
        &mut Known::default(),
    );
    viewer.map(|viewer| viewer.expect("there is a token"))
}

#[test]
fn what_makes_a_token_good() {
    let verifier = Verifier::new(
        vec![secret("old", OLD), secret("new", NEW)],
        "issuer",
        "audience",
    );
    let unverified = Some(Invalid::Unverified);
    let rows: Vec<(String, Option<Invalid>)> = vec![
        (hs256(Some("old"), OLD, json!({})), None),
        (hs256(Some("new"), NEW, json!({})), None),
        (hs256(None, OLD, json!({})), None),
        (hs256(None, NEW, json!({})), None),
        (hs256(Some("new"), OLD, json!({})), unverified),
        (hs256(Some("other"), NEW, json!({})), unverified),
        (
            hs256(None, b"another secret, of 32 bytes or more", json!({})),
            unverified,
        ),
        (hs256(None, NEW, json!({"iss": "another"})), unverified),
        (hs256(None, NEW, json!({"aud": "another"})), unverified),
        (
            hs256(None, NEW, json!({"aud": ["another", "audience"]})),
            None,
        ),
        (hs256(None, NEW, json!({"iss": null})), unverified),
        (hs256(None, NEW, json!({"aud": null})), unverified),
        (hs256(None, NEW, json!({"sub": null})), unverified),
        (hs256(None, NEW, json!({"exp": null})), unverified),
        (hs256(None, NEW, json!({"exp": "soon"})), unverified),
        (hs256(None, NEW, json!({"exp": NOW})), None),
        (hs256(None, NEW, json!({"exp": NOW - 29})), None),
        (
            hs256(None, NEW, json!({"exp": NOW - 30})),
            Some(Invalid::Expired),
        ),
        (
            hs256(None, NEW, json!({"exp": (NOW - 29) as f64 + 0.5})),
            None,
        ),
        (hs256(None, NEW, json!({"nbf": NOW + 30})), None),
        (
            hs256(None, NEW, json!({"nbf": NOW + 31})),
            Some(Invalid::NotYet),
        ),
        ("".to_owned() + "a.b.c", unverified),
        ("a.b".to_owned(), unverified),
    ];
    for (token, expected) in rows {
        let payload = token.split('.').nth(1).unwrap_or("");
        let payload = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
        let seen = String::from_utf8_lossy(&payload);
        assert_eq!(judge(&verifier, &token, NOW).err(), expected, "{seen}");
    }
}

#[test]
fn the_algorithm_is_the_key_s() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("it writes");
        path
    };
    let (ed, ec) = (file("ed.pem", ED_PUBLIC), file("ec.pem", EC_PUBLIC));
    let pem = |kid: &str, algorithm, path: &Path| {
        VerifyingKey::from_pem_file(Some(kid.to_owned()), algorithm, path).expect("a key")
    };
    let keys = vec![
        pem("ed", Algorithm::EdDsa, &ed),
        pem("ec", Algorithm::Es256, &ec),
    ];
    let verifier = Verifier::new(keys, "issuer", "audience");
    let ed_key = EncodingKey::from_ed_pem(ED_PRIVATE.as_bytes()).expect("a key");
    let ec_key = EncodingKey::from_ec_pem(EC_PRIVATE.as_bytes()).expect("a key");
    let all = claims(json!({}));
    for kid in [Some("ed"), None] {
        assert!(judge(&verifier, &sign(kid, Jwt::EdDSA, &ed_key, &all), NOW).is_ok());
    }
    for kid in [Some("ec"), None] {
        assert!(judge(&verifier, &sign(kid, Jwt::ES256, &ec_key, &all), NOW).is_ok());
    }
    let crossed = sign(Some("ec"), Jwt::EdDSA, &ed_key, &all);
    assert_eq!(judge(&verifier, &crossed, NOW), Err(Invalid::Unverified));
    // The classic confusion: the public key's text as an HMAC secret.
    for kid in [Some("ed"), Some("ec"), None] {
        for public in [ED_PUBLIC, EC_PUBLIC] {
            let forged = hs256(kid, public.as_bytes(), json!({}));
            assert_eq!(judge(&verifier, &forged, NOW), Err(Invalid::Unverified));
        }
    }
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#),
        URL_SAFE_NO_PAD.encode(all.to_string())
    );
    assert_eq!(judge(&verifier, &none, NOW), Err(Invalid::Unverified));
}

#[test]
fn a_jwks_file_gives_its_usable_keys() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("jwks.json");
    let octets = URL_SAFE_NO_PAD.encode(NEW);
    let set = json!({"keys": [
        {"kty": "oct", "kid": "new", "alg": "HS256", "k": octets},
        {"kty": "oct", "kid": "other", "alg": "HS512", "k": octets},
        {"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"},
    ]});
    fs::write(&path, set.to_string()).expect("it writes");
    let keys = VerifyingKey::from_jwks_file(&path).expect("one is usable");
    assert_eq!(keys.len(), 1);
    let verifier = Verifier::new(keys, "issuer", "audience");
    assert!(judge(&verifier, &hs256(Some("new"), NEW, json!({})), NOW).is_ok());
    fs::write(&path, r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#).expect("it writes");
    assert!(matches!(
        VerifyingKey::from_jwks_file(&path),
        Err(KeyProblem::NoneUsable(_))
    ));
    let short = VerifyingKey::from_bytes(None, b"too short");
    assert!(matches!(short, Err(KeyProblem::ShortSecret(9))));
}

#[test]
fn a_remembered_token_still_expires() {
    let verifier = Verifier::new(vec![secret("new", NEW)], "issuer", "audience");
    let mut known = Known::default();
    let value = headers(&format!("Bearer {}", hs256(Some("new"), NEW, json!({}))));
    assert!(verifier.viewer(&value, NOW, &mut known).is_ok());
    assert!(verifier.viewer(&value, NOW + 89, &mut known).is_ok());
    assert_eq!(
        verifier.viewer(&value, NOW + 90, &mut known),
        Err(Invalid::Expired)
    );
    assert_eq!(
        verifier.viewer(&HeaderMap::new(), NOW, &mut known),
        Ok(None)
    );
}

#[test]
fn scopes_come_as_text_or_list_and_unknown_ones_are_ignored() {
    let verifier = Verifier::new(vec![secret("new", NEW)], "issuer", "audience");
    let scopes = |change| {
        let caller = judge(&verifier, &hs256(None, NEW, change), NOW).expect("good");
        caller.scopes.to_string()
    };
    assert_eq!(
        scopes(json!({"scope": "billing:write  credits:read admin"})),
        "credits:read billing:write"
    );
    assert_eq!(
        scopes(json!({"scope": null, "scopes": ["accounts:*", "x"]})),
        "accounts:*"
    );
    assert_eq!(scopes(json!({"scope": null})), "");
    let names =
        "credits:read preferences:write credits:spend billing:write catalog:write accounts:*";
    assert_eq!(Scopes::parse(names.split(' ')).to_string(), names);
}

#[test]
fn whose_account() {
    let account = |name: &str| AccountId::parse(name).expect("an id");
    let caller = |own: Option<&str>, scopes: &[Scope]| Caller {
        account: own.map(account),
        subject: "subject".into(),
        scopes: scopes.iter().copied().collect(),
        expires_s: NOW + 60,
    };
    let (alice, bob) = (account("alice"), account("bob"));
    let user = caller(Some("alice"), &[Scope::CreditsRead]);
    let backend = caller(None, &[Scope::AccountsAny]);
    assert_eq!(user.account(None), Ok(alice.clone()));
    assert_eq!(user.account(Some(&alice)), Ok(alice.clone()));
    assert_eq!(user.account(Some(&bob)), Err(Denied::Foreign));
    assert_eq!(backend.account(None), Err(Denied::NoOwnAccount));
    assert_eq!(backend.account(Some(&bob)), Ok(bob));
    assert_eq!(Fault::from(Denied::Foreign).code, FaultCode::NotFound);
    assert!(user.require(Scope::CreditsRead).is_ok());
    let refused = user
        .require(Scope::CreditsSpend)
        .expect_err("no such scope");
    assert_eq!(refused.code, FaultCode::Forbidden);
}

#[test]
fn a_minted_token_is_good() {
    let verifier = Verifier::new(vec![secret("new", NEW)], "issuer", "audience");
    let key = SecretSlice::from(NEW.to_vec());
    let mint = TokenMint::new(Some("new".to_owned()), &key, "issuer", "audience");
    let scopes: Scopes = [Scope::CreditsSpend, Scope::AccountsAny]
        .into_iter()
        .collect();
    let token = mint.mint("studio", scopes, NOW, 60).expect("it signs");
    let caller = judge(&verifier, &token, NOW).expect("good");
    assert_eq!((&*caller.subject, caller.scopes), ("studio", scopes));
    assert_eq!(judge(&verifier, &token, NOW + 90), Err(Invalid::Expired));
}

#[test]
fn the_development_key_is_made_once_and_for_this_machine_only() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let loopback: SocketAddr = "127.0.0.1:8080".parse().expect("an address");
    let open: SocketAddr = "0.0.0.0:8080".parse().expect("an address");
    assert!(matches!(
        dev_key(&data, open),
        Err(DevKeyProblem::NotLoopback(_))
    ));
    assert!(!data.exists(), "nothing is made where it is refused");
    let first = dev_key(&data, loopback).expect("it is made");
    let again = dev_key(&data, loopback).expect("it is read");
    assert_eq!(first.expose_secret(), again.expose_secret());
    assert_eq!(
        fs::read_dir(&data).expect("a directory").count(),
        1,
        "no draft is left"
    );
    let path = data.join(DEV_KEY_FILE);
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
    assert_eq!(
        fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    mode(0o640);
    assert!(matches!(
        dev_key(&data, loopback),
        Err(DevKeyProblem::File(SecretFileProblem::TooOpen { .. }))
    ));
    mode(0o600);
    fs::write(&path, "short").expect("ours");
    assert!(matches!(
        dev_key(&data, loopback),
        Err(DevKeyProblem::File(SecretFileProblem::Malformed { .. }))
    ));
}
