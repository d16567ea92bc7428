//! Quotes: a price that binds, without being stored.
//!
//! Owns what a quote says, how it is sealed into an id with a key that the nodes share, and how an
//! id is opened again. It never judges plan, balance or ceilings: the spend does.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    catalog::Generation,
    command::encode_generation,
    credits::Credits,
    encoding::Encoding,
    ids::{AccountId, CatalogVersion},
    time::Instant,
};

/// A key that seals quotes.
pub type QuoteKey = [u8; 32];

/// What a quote says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteTerms {
    /// The hash of the account and of the request, exactly as quoted.
    pub request: [u8; 32],
    /// The catalog version whose prices bind.
    pub catalog_version: CatalogVersion,
    /// What the request costs.
    pub cost: Credits,
    /// Until when it binds, exclusive.
    pub expires_at: Instant,
}

/// What a spend brought as its quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuoteGuard {
    /// No quote.
    #[default]
    None,
    /// A quote of this service.
    Quoted(QuoteTerms),
    /// A text that no key of this service sealed.
    Unrecognised,
}

const BODY_BYTES: usize = 32 + 4 + 8 + 8;
const MAC_BYTES: usize = 16;

/// The hash of an account and a request, as a quote pins them.
pub fn request_hash(account: &AccountId, generation: &Generation) -> [u8; 32] {
    let mut encoding = Encoding::new("credits/quote/1");
    encoding.text(account.as_str());
    encode_generation(&mut encoding, generation);
    encoding.finish()
}

impl QuoteTerms {
    /// Seals the quote into an id.
    pub fn seal(&self, key: &QuoteKey) -> String {
        let mut bytes = Vec::with_capacity(BODY_BYTES + MAC_BYTES);
        bytes.extend_from_slice(&self.request);
        bytes.extend_from_slice(&self.catalog_version.0.to_be_bytes());
        bytes.extend_from_slice(&self.cost.get().to_be_bytes());
        bytes.extend_from_slice(&self.expires_at.micros().to_be_bytes());
        let mac = blake3::keyed_hash(key, &bytes);
        bytes.extend_from_slice(&mac.as_bytes()[..MAC_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl QuoteGuard {
    /// Opens a quote's id with any of the `keys` that are live.
    pub fn open(id: &str, keys: &[QuoteKey]) -> QuoteGuard {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(id) else {
            return QuoteGuard::Unrecognised;
        };
        if bytes.len() != BODY_BYTES + MAC_BYTES {
            return QuoteGuard::Unrecognised;
        }
        let (body, mac) = bytes.split_at(BODY_BYTES);
        let sealed = keys.iter().any(|key| {
            let mut whole = blake3::keyed_hash(key, body).as_bytes().to_owned();
            whole[MAC_BYTES..].fill(0);
            let mut given = [0; 32];
            given[..MAC_BYTES].copy_from_slice(mac);
            // blake3's own comparison takes the same time wherever the two differ.
            blake3::Hash::from_bytes(whole) == blake3::Hash::from_bytes(given)
        });
        if !sealed {
            return QuoteGuard::Unrecognised;
        }
        read_body(body).map_or(QuoteGuard::Unrecognised, QuoteGuard::Quoted)
    }
}

fn read_body(body: &[u8]) -> Option<QuoteTerms> {
    let (request, rest) = body.split_first_chunk::<32>()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (cost, rest) = rest.split_first_chunk::<8>()?;
    let (expires, _) = rest.split_first_chunk::<8>()?;
    Some(QuoteTerms {
        request: *request,
        catalog_version: CatalogVersion(i32::from_be_bytes(*version)),
        cost: Credits::new(i64::from_be_bytes(*cost)).ok()?,
        expires_at: Instant::from_micros(i64::from_be_bytes(*expires)).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote() -> QuoteTerms {
        QuoteTerms {
            request: [7; 32],
            catalog_version: CatalogVersion(3),
            cost: Credits::new(120).unwrap(),
            expires_at: Instant::parse("2026-03-01T00:15:00Z").unwrap(),
        }
    }

    #[test]
    fn a_quote_opens_with_any_live_key_and_with_no_other() {
        let id = quote().seal(&[1; 32]);
        assert_eq!(
            QuoteGuard::open(&id, &[[2; 32], [1; 32]]),
            QuoteGuard::Quoted(quote())
        );
        assert_eq!(QuoteGuard::open(&id, &[[2; 32]]), QuoteGuard::Unrecognised);
    }

    #[test]
    fn a_quote_changed_in_any_byte_is_not_recognised() {
        let id = quote().seal(&[1; 32]);
        let bytes = URL_SAFE_NO_PAD.decode(&id).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let id = URL_SAFE_NO_PAD.encode(&changed);
            assert_eq!(
                QuoteGuard::open(&id, &[[1; 32]]),
                QuoteGuard::Unrecognised,
                "byte {at}"
            );
        }
        assert_eq!(
            QuoteGuard::open("not a quote", &[[1; 32]]),
            QuoteGuard::Unrecognised
        );
    }
}
