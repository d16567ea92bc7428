//! Names of things: accounts, operations, lots, holds and catalog entries.
//!
//! Owns what makes a name valid. It never makes one up: ids come from clients, from the catalog, or
//! from the position in the ledger.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest account id, in characters.
pub const ACCOUNT_ID_CHARS_MAX: usize = 128;
/// The longest id of a catalog entry, in characters.
pub const CATALOG_ID_CHARS_MAX: usize = 64;

/// A text that is not a valid id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: {rule}")]
pub struct InvalidId {
    /// The text as given, cut to 64 characters.
    pub text: String,
    /// What it should have been.
    pub what: &'static str,
    /// The rule it breaks.
    pub rule: &'static str,
}

impl InvalidId {
    fn new(text: &str, what: &'static str, rule: &'static str) -> InvalidId {
        InvalidId {
            text: text.chars().take(64).collect(),
            what,
            rule,
        }
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a text that keeps the rule of this kind of id.
            pub fn parse(text: &str) -> Result<$name, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok($name(text.into()))
                } else {
                    Err(InvalidId::new(text, $what, $rule))
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<$name, InvalidId> {
                $name::parse(&text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn is_catalog_id(text: &str) -> bool {
    let body =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    (1..=CATALOG_ID_CHARS_MAX).contains(&text.len())
        && text.chars().all(body)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

text_id!(
    /// The client's own name for an account: 1 to 128 visible characters.
    AccountId,
    "an account id",
    "it must have 1 to 128 visible characters and no spaces",
    |text| (1..=ACCOUNT_ID_CHARS_MAX).contains(&text.chars().count())
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
);
text_id!(
    /// An action of the catalog, such as `text-to-image`.
    ActionId,
    "an action id",
    "it must have 1 to 64 characters of a-z 0-9 - _ . and begin with a letter or digit",
    is_catalog_id
);
text_id!(
    /// A model of the catalog.
    ModelId,
    "a model id",
    "it must have 1 to 64 characters of a-z 0-9 - _ . and begin with a letter or digit",
    is_catalog_id
);
text_id!(
    /// A plan of the catalog.
    PlanId,
    "a plan id",
    "it must have 1 to 64 characters of a-z 0-9 - _ . and begin with a letter or digit",
    is_catalog_id
);
text_id!(
    /// A pack of the catalog.
    PackId,
    "a pack id",
    "it must have 1 to 64 characters of a-z 0-9 - _ . and begin with a letter or digit",
    is_catalog_id
);
text_id!(
    /// A resolution or quality of a model, such as `1080p`.
    OptionId,
    "an option id",
    "it must have 1 to 64 characters of a-z 0-9 - _ . and begin with a letter or digit",
    is_catalog_id
);
text_id!(
    /// A studio project that a charge belongs to, as the client names it.
    ProjectId,
    "a project id",
    "it must have 1 to 128 visible characters and no spaces",
    |text| (1..=ACCOUNT_ID_CHARS_MAX).contains(&text.chars().count())
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
);

/// The client's name for one operation: a UUID made and stored before the call. Version 7 is what
/// clients should use, because it appends in the index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub Uuid);

impl OperationId {
    /// Takes a UUID of version 1 to 7 in any of its usual spellings. Version 8 is what time's own
    /// operations are named by: a client that took one of those names could block a renewal.
    pub fn parse(text: &str) -> Result<OperationId, InvalidId> {
        let id = Uuid::parse_str(text).ok();
        let made = id.filter(|id| (1..=7).contains(&id.get_version_num()));
        let rule = "it must be a UUID of version 1 to 7; make one of version 7 for each attempt";
        made.map(OperationId)
            .ok_or_else(|| InvalidId::new(text, "an operation id", rule))
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hold is named by the operation id of the reserve that placed it, so that a client knows the
/// name before it has the answer.
pub type HoldId = OperationId;

/// A position in one account's ledger: 1 for the first operation, 0 before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub i64);

impl Sequence {
    /// The position before the first operation.
    pub const START: Sequence = Sequence(0);

    /// The next position.
    pub fn next(self) -> Sequence {
        Sequence(self.0 + 1)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A lot is named by the position of the operation that made it: one operation makes at most one.
pub type LotId = Sequence;

/// A published catalog: 1 for the first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CatalogVersion(pub i32);

impl fmt::Display for CatalogVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_id_is_a_uuid_that_a_client_may_have_made() {
        let table = [
            ("0191d4e0-7c1b-7f3a-9a53-5f0f5f3b1c11", true),
            ("9b2f0c1e-5b0a-4c43-8f0e-6f5b1f1d2e3a", true),
            ("9B2F0C1E5B0A4C438F0E6F5B1F1D2E3A", true),
            ("9b2f0c1e-5b0a-8c43-8f0e-6f5b1f1d2e3a", false),
            ("00000000-0000-0000-0000-000000000000", false),
            ("order-1", false),
        ];
        for (text, valid) in table {
            assert_eq!(OperationId::parse(text).is_ok(), valid, "{text}");
        }
    }
}
