//! A request to generate something, as a price judges it.
//!
//! It never carries a prompt: a fingerprint is enough to see that one is repeated.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ActionId, ModelId, OperationId, OptionId, ProjectId};

/// A request to run an action.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Generation {
    /// What to do.
    pub action: ActionId,
    /// What to do it with; needed unless the action produces text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelId>,
    /// How many results.
    pub variations: u32,
    /// How long each result is; `None` takes the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// `None` takes the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<OptionId>,
    /// `None` takes the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<OptionId>,
    /// The project it belongs to; does not change the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The charge whose result is made again; does not change the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regenerate_of: Option<OperationId>,
    /// The prompt, beyond recognition; does not change the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_fingerprint: Option<PromptFingerprint>,
    /// The prompt under the key before the one in use, if there is one: so that a repeat is seen while
    /// the key changes. It is compared and never kept.
    #[serde(skip)]
    pub prompt_fingerprint_before: Option<PromptFingerprint>,
}

impl Generation {
    /// One result with the model's defaults, of which nothing else is known.
    pub fn of(action: ActionId, model: Option<ModelId>) -> Generation {
        Generation {
            action,
            model,
            variations: 1,
            seconds: None,
            resolution: None,
            quality: None,
            project: None,
            regenerate_of: None,
            prompt_fingerprint: None,
            prompt_fingerprint_before: None,
        }
    }

    /// Whether its prompt is known, under any key that is live.
    pub fn has_prompt(&self) -> bool {
        self.prompt_fingerprint.is_some() || self.prompt_fingerprint_before.is_some()
    }

    /// Whether `kept` is the fingerprint of its prompt, under any key that is live.
    pub fn is_of_prompt(&self, kept: Option<PromptFingerprint>) -> bool {
        kept.is_some() && [self.prompt_fingerprint, self.prompt_fingerprint_before].contains(&kept)
    }
}

/// What really ran of a request, where that is less than was asked for. `None` is as asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ActualRun {
    /// Results that were made: 1 or more (a run that made nothing is released, not settled).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variations: Option<u32>,
    /// The length of each: 1 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

/// A keyed hash of a prompt: equal for equal prompts, and the prompt cannot be had back from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PromptFingerprint(pub [u8; 32]);

/// A text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a prompt fingerprint must be 64 hexadecimal digits")]
pub struct InvalidPromptFingerprint;

impl TryFrom<String> for PromptFingerprint {
    type Error = InvalidPromptFingerprint;

    fn try_from(text: String) -> Result<PromptFingerprint, InvalidPromptFingerprint> {
        blake3::Hash::from_hex(text)
            .map(|hash| PromptFingerprint(hash.into()))
            .map_err(|_| InvalidPromptFingerprint)
    }
}

impl From<PromptFingerprint> for String {
    fn from(fingerprint: PromptFingerprint) -> String {
        fingerprint.to_string()
    }
}

impl fmt::Display for PromptFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for PromptFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
