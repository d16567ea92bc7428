//! Which period hands on what is unused of an allowance, and by which plan's terms.
//!
//! Owns that rule alone: what time does by it is in [`due`](crate::domain::due), and what is told of it
//! before it happens must say the same.

use super::Account;
use crate::domain::{
    ids::{PlanId, Sequence},
    lot::Origin,
};

/// A period that hands on what is unused of it when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HandsOn<'a> {
    /// The plan by whose terms it does.
    pub plan: &'a PlanId,
    /// The subscription that the period is of.
    pub subscription: Sequence,
    /// Its number.
    pub period: u32,
}

impl Account {
    /// Which period hands on what is unused of a lot of that origin; none if it is no allowance. One
    /// period hands on once, by one plan's terms, whatever plans it was granted by: by those of the plan
    /// in force, or, where its subscription has ended, each by those of its own.
    pub fn hands_on<'a>(&'a self, origin: &'a Origin) -> Option<HandsOn<'a>> {
        let Origin::Plan {
            plan,
            subscription,
            period,
        } = origin
        else {
            return None;
        };
        let in_force = self.subscription.as_ref();
        let in_force = in_force.filter(|one| one.id == *subscription);
        Some(HandsOn {
            plan: in_force.map_or(plan, |one| &one.plan),
            subscription: *subscription,
            period: *period,
        })
    }
}
