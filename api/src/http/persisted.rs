//! Automatic persisted queries: a document sent once, and by its hash from then on.
//!
//! Owns the documents that clients registered, for all workers of the process. The protocol is Apollo's:
//! <https://www.apollographql.com/docs/apollo-server/performance/apq>. It never holds a document that
//! was not validated, and forgets what nobody asks for; a client then sends the text again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};

use super::envelope::Envelope;
use crate::error::{Fault, FaultCode};

/// The only version of the protocol.
const VERSION: u64 = 1;
/// The most documents of one generation; there are two. A product has some hundreds, in all its
/// releases that are still in use.
const DOCUMENTS_MAX: usize = 2_000;
/// The most bytes of one generation: what bounds the memory, because anybody may register.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest document kept. Longer ones run, and have to be sent each time.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The text by which Apollo's clients know that they are to send the document.
const NOT_FOUND: &str = "PersistedQueryNotFound";

/// The SHA-256 of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DocumentHash([u8; 32]);

impl DocumentHash {
    /// The hash of this text.
    pub fn of(text: &str) -> DocumentHash {
        DocumentHash(Sha256::digest(text).into())
    }

    /// The hash in a request's `extensions.persistedQuery`. The error says what is wrong, for the
    /// client.
    pub fn parse(asked: &serde_json::Value) -> Result<DocumentHash, String> {
        if asked["version"].as_u64() != Some(VERSION) {
            return Err(format!(
                "extensions.persistedQuery.version must be {VERSION}."
            ));
        }
        let hash = asked["sha256Hash"].as_str().and_then(from_hex);
        hash.map(DocumentHash).ok_or_else(|| {
            "extensions.persistedQuery.sha256Hash must be 64 hexadecimal digits.".to_owned()
        })
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// The registered documents, in two generations: when the young one is full the old one goes, and what
/// is asked for again is young again. A flood of new ones can't push out what is in use.
#[derive(Default)]
pub struct Persisted(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<DocumentHash, Arc<str>>,
    old: HashMap<DocumentHash, Arc<str>>,
    young_bytes: usize,
}

impl Persisted {
    /// The request with its text, where it came with the hash alone.
    pub fn complete<'a>(&self, mut envelope: Envelope<'a>) -> Result<Envelope<'a>, Fault> {
        if let (true, Some(hash)) = (envelope.query.is_empty(), envelope.extensions.persisted) {
            let text = self.changed(|kept| kept.get(hash));
            let text =
                text.ok_or_else(|| Fault::new(FaultCode::PersistedQueryNotFound, NOT_FOUND))?;
            envelope.query = text.to_string().into();
        }
        Ok(envelope)
    }

    /// Keeps the text of a request that was found good, if the client asked for it.
    pub fn register(&self, envelope: &Envelope<'_>) {
        let text = &envelope.query;
        if let Some(hash) = envelope.extensions.persisted
            && text.len() <= TEXT_BYTES_MAX
        {
            self.changed(|kept| kept.put(hash, text));
        }
    }

    fn changed<T>(&self, change: impl FnOnce(&mut Generations) -> T) -> T {
        // A panic in between loses a document at most, which its client sends again.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut kept)
    }
}

impl Generations {
    fn get(&mut self, hash: DocumentHash) -> Option<Arc<str>> {
        if let Some(text) = self.young.get(&hash) {
            return Some(Arc::clone(text));
        }
        let text = self.old.remove(&hash)?;
        self.insert(hash, Arc::clone(&text));
        Some(text)
    }

    fn put(&mut self, hash: DocumentHash, text: &str) {
        if self.get(hash).is_none() {
            self.insert(hash, text.into());
        }
    }

    fn insert(&mut self, hash: DocumentHash, text: Arc<str>) {
        let bytes = self.young_bytes + text.len();
        if self.young.len() >= DOCUMENTS_MAX || bytes > BYTES_MAX {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += text.len();
        self.young.insert(hash, text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hashes() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let good = json!({ "version": 1, "sha256Hash": empty });
        assert_eq!(DocumentHash::parse(&good), Ok(DocumentHash::of("")));
        let upper = json!({ "version": 1, "sha256Hash": empty.to_uppercase() });
        assert_eq!(DocumentHash::parse(&upper), Ok(DocumentHash::of("")));
        for bad in [
            json!({ "version": 2, "sha256Hash": empty }),
            json!({ "sha256Hash": empty }),
            json!({ "version": 1 }),
            json!({ "version": 1, "sha256Hash": 7 }),
            json!({ "version": 1, "sha256Hash": &empty[1..] }),
            json!({ "version": 1, "sha256Hash": format!("+{}", &empty[1..]) }),
            json!({ "version": 1, "sha256Hash": format!("é{}", &empty[2..]) }),
            json!("1"),
            json!([]),
            json!(null),
        ] {
            assert!(DocumentHash::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_used_stays() {
        let mut kept = Generations::default();
        let used = DocumentHash::of("{used}");
        kept.put(used, "{used}");
        let long = "x".repeat(TEXT_BYTES_MAX);
        for n in 0..10_000 {
            let text = if n % 2 == 0 { "short" } else { &long };
            kept.put(DocumentHash::of(&n.to_string()), text);
            assert!(kept.get(used).is_some());
            assert!(kept.young.len() <= DOCUMENTS_MAX && kept.old.len() <= DOCUMENTS_MAX);
            let bytes: usize = kept.young.values().map(|text| text.len()).sum();
            assert_eq!(bytes, kept.young_bytes);
            assert!(bytes <= BYTES_MAX);
        }
        assert!(kept.get(DocumentHash::of("0")).is_none());
        assert!(kept.get(DocumentHash::of("9999")).is_some());
    }
}
