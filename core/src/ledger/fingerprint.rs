//! Fingerprints of prompts: by them a repeat is seen, and no prompt is had back from them.
//!
//! Owns how a prompt is hashed. A prompt is never kept or logged, and neither is what a client sends in
//! its place: a hash without a key could be found out by guessing prompts.

use super::Ledger;
use crate::domain::catalog::{Generation, PromptFingerprint};

/// A key under which prompts are hashed.
pub type PromptKey = [u8; 32];

/// What a client sends of its prompt.
#[derive(Clone, Copy)]
pub enum Prompt<'a> {
    /// The prompt.
    Text(&'a str),
    /// A hash that the client made of it.
    Hashed(PromptFingerprint),
}

impl Prompt<'_> {
    fn under(self, key: &PromptKey) -> PromptFingerprint {
        let mut hasher = blake3::Hasher::new_keyed(key);
        match self {
            Prompt::Text(prompt) => hasher.update(b"text").update(prompt.as_bytes()),
            Prompt::Hashed(hash) => hasher.update(b"hash").update(&hash.0),
        };
        PromptFingerprint(hasher.finalize().into())
    }
}

impl Ledger {
    /// Notes the fingerprint of a request's prompt: under the key in use, which is kept, and under the
    /// one before it, so that a repeat is seen while the key changes.
    pub fn fingerprint(&self, generation: &mut Generation, prompt: Prompt<'_>) {
        let mut keys = self.keys.prompts.iter();
        let mut next = || keys.next().map(|key| prompt.under(key));
        generation.prompt_fingerprint = next();
        generation.prompt_fingerprint_before = next();
    }
}
