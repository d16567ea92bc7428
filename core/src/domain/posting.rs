//! Postings: how an event moved the lots.
//!
//! Owns the ways in which a lot can be moved: each constructor keeps what entered and what left in
//! balance. It never looks at a lot.

use serde::{Deserialize, Serialize};

use super::{credits::Credits, ids::LotId};

/// How one event moved one lot. `available + held = granted - consumed - expired - revoked`, always.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The lot.
    pub lot: LotId,
    /// By how much its remainder changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub available: i64,
    /// By how much what holds set aside of it changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held: i64,
    /// What entered.
    #[serde(default, skip_serializing_if = "Credits::is_nothing")]
    pub granted: Credits,
    /// What was used.
    #[serde(default, skip_serializing_if = "Credits::is_nothing")]
    pub consumed: Credits,
    /// What ended unused.
    #[serde(default, skip_serializing_if = "Credits::is_nothing")]
    pub expired: Credits,
    /// What ended because its payment did.
    #[serde(default, skip_serializing_if = "Credits::is_nothing")]
    pub revoked: Credits,
}

fn is_zero(amount: &i64) -> bool {
    *amount == 0
}

impl Posting {
    fn still(lot: LotId) -> Posting {
        Posting {
            lot,
            available: 0,
            held: 0,
            granted: Credits::ZERO,
            consumed: Credits::ZERO,
            expired: Credits::ZERO,
            revoked: Credits::ZERO,
        }
    }

    /// Adds `posting` to those of the same event, of which each lot has one.
    pub fn add(postings: &mut Vec<Posting>, posting: Posting) {
        let Some(same) = postings.iter_mut().find(|one| one.lot == posting.lot) else {
            postings.push(posting);
            return;
        };
        let sum = |one: Credits, other: Credits| [one, other].into_iter().sum();
        *same = Posting {
            lot: same.lot,
            available: same.available + posting.available,
            held: same.held + posting.held,
            granted: sum(same.granted, posting.granted),
            consumed: sum(same.consumed, posting.consumed),
            expired: sum(same.expired, posting.expired),
            revoked: sum(same.revoked, posting.revoked),
        };
    }

    /// `amount` enters a new lot.
    pub fn granted(lot: LotId, amount: Credits) -> Posting {
        Posting {
            available: amount.get(),
            granted: amount,
            ..Posting::still(lot)
        }
    }

    /// `amount` of what remains is used.
    pub fn consumed(lot: LotId, amount: Credits) -> Posting {
        Posting {
            available: -amount.get(),
            consumed: amount,
            ..Posting::still(lot)
        }
    }

    /// `amount` of what remains ends unused.
    pub fn expired(lot: LotId, amount: Credits) -> Posting {
        Posting {
            available: -amount.get(),
            expired: amount,
            ..Posting::still(lot)
        }
    }

    /// `amount` of what remains is set aside.
    pub fn held(lot: LotId, amount: Credits) -> Posting {
        Posting {
            available: -amount.get(),
            held: amount.get(),
            ..Posting::still(lot)
        }
    }

    /// `amount` of what remains ends with its payment.
    pub fn revoked(lot: LotId, amount: Credits) -> Posting {
        Posting {
            available: -amount.get(),
            revoked: amount,
            ..Posting::still(lot)
        }
    }

    /// Of what was set aside, `consumed` is used and `rest` returns, if the lot still takes it.
    pub fn resolved(lot: LotId, consumed: Credits, rest: Credits, returns: Returns) -> Posting {
        let none = Credits::ZERO;
        let (returned, expired, revoked) = match returns {
            Returns::ToLot => (rest, none, none),
            Returns::Expired => (none, rest, none),
            Returns::Revoked => (none, none, rest),
        };
        Posting {
            available: returned.get(),
            held: -(consumed.get() + rest.get()),
            consumed,
            expired,
            revoked,
            ..Posting::still(lot)
        }
    }
}

/// What becomes of credits that were set aside and not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// They can be used again.
    ToLot,
    /// Their lot has ended meanwhile.
    Expired,
    /// The payment of their lot was taken back meanwhile.
    Revoked,
}
