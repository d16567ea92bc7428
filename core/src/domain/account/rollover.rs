//! Which period hands on what is unused of an allowance, and by which plan's terms.
//!
//! Owns that rule alone: what time does by it is in [`due`](crate::domain::due), and what is told of it
//! before it happens must say the same.

use super::Account;
use crate::domain::{
    ids::{PlanId, Sequence},
    lot::Origin,
    time::Instant,
};

/// A period that hands on what is unused of it when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HandsOn<'a> {
    /// The plan by whose terms it does.
    pub plan: &'a PlanId,
    /// The instant from which its periods are counted.
    pub anchor: Instant,
    /// The subscription that the period is of.
    pub subscription: Sequence,
    /// Its number.
    pub period: u32,
}

impl Account {
    /// Which period hands on what is unused of a lot of that origin; none if it is no allowance, or if its
    /// subscription has ended. A period hands on once, by the terms of the plan in force, whatever plans
    /// it was granted by.
    pub fn hands_on(&self, origin: &Origin) -> Option<HandsOn<'_>> {
        let Origin::Plan {
            subscription,
            period,
            ..
        } = origin
        else {
            return None;
        };
        let in_force = self.subscription.as_ref();
        let in_force = in_force.filter(|one| one.id == *subscription)?;
        Some(HandsOn {
            plan: &in_force.plan,
            anchor: in_force.anchor,
            subscription: *subscription,
            period: *period,
        })
    }
}
