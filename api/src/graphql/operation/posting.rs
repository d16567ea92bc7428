//! Postings: how one operation moved one lot.

use async_graphql::{ID, SimpleObject};
use credits_core::domain::{ids::AccountId, outcome::Operation, posting};

use crate::graphql::{
    node::NodeId,
    scalar::{Credits, SignedCredits},
};

/// How one operation moved one lot. Over a lot's life `available` and `held` together are what was
/// granted less what was consumed, expired or revoked.
#[derive(Clone, SimpleObject)]
pub struct Posting {
    /// The opaque id of the lot.
    pub lot_id: ID,
    /// By how much the lot's remainder changed, in credits.
    pub available: SignedCredits,
    /// By how much what holds set aside of the lot changed, in credits.
    pub held: SignedCredits,
    /// What entered, in credits.
    pub granted: Credits,
    /// What was used, in credits.
    pub consumed: Credits,
    /// What ended unused, in credits.
    pub expired: Credits,
    /// What ended because its payment did, in credits.
    pub revoked: Credits,
}

impl Posting {
    /// The postings of an operation.
    pub fn all(operation: &Operation) -> Vec<Posting> {
        let posting = |posting| Posting::new(&operation.account, posting);
        operation.event.postings.iter().map(posting).collect()
    }

    fn new(account: &AccountId, posting: &posting::Posting) -> Posting {
        Posting {
            lot_id: NodeId::Lot(account.clone(), posting.lot).into(),
            available: posting.available.into(),
            held: posting.held.into(),
            granted: posting.granted.into(),
            consumed: posting.consumed.into(),
            expired: posting.expired.into(),
            revoked: posting.revoked.into(),
        }
    }
}
