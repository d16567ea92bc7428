//! The rules of a product that are its own choice, with what it chooses by saying nothing.

use serde::{Deserialize, Serialize};

use crate::domain::credits::Credits;

/// The longest that a hold may last, extensions included, in hours. Fixed rather than a setting: a
/// forgotten hold keeps a user's credits from them, and no generation runs longer than a day.
pub const HOLD_TTL_HOURS_MAX: u32 = 24;

/// What the product decides about plans, quotes and holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySettings {
    /// What packs do while there is no plan.
    pub packs_without_plan: PacksWithoutPlan,
    /// Days that a payment may be past due before the subscription lapses.
    pub past_due_days_max: u32,
    /// Minutes for which a quote binds.
    pub quote_ttl_minutes: u32,
    /// Minutes that a hold lasts if the reserve names no other time.
    pub hold_ttl_minutes: u32,
    /// The most credits that one request may cost; `None` is no ceiling.
    pub request_credits_max: Option<Credits>,
    /// The most credits that one account may use on a UTC day; `None` is no ceiling. An account's owner
    /// can set a lower one.
    pub day_credits_max: Option<Credits>,
    /// Whether a likely repeat is refused unless it is acknowledged, where the account's owner does not
    /// say.
    pub repeat_guard: bool,
    /// Whether more than one result needs a confirmation, where the account's owner does not say.
    pub one_first: bool,
}

impl Default for PolicySettings {
    fn default() -> PolicySettings {
        PolicySettings {
            packs_without_plan: PacksWithoutPlan::Frozen,
            past_due_days_max: 30,
            quote_ttl_minutes: 15,
            hold_ttl_minutes: 60,
            request_credits_max: None,
            day_credits_max: None,
            repeat_guard: false,
            one_first: false,
        }
    }
}

/// What pack credits do while an account has no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PacksWithoutPlan {
    /// They wait, untouched, until a plan starts.
    Frozen,
    /// They can be used.
    Usable,
}

/// From where on a fact is worth telling the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdviceThresholds {
    /// Minutes within which runs of one prompt count as repeating it.
    pub repeat_window_minutes: u32,
    /// The run of one prompt, within the window, from which it is told: 2 is the second run.
    pub repeat_count: u32,
    /// The share of what is available that makes one request large, in percent.
    pub large_share_percent: u32,
    /// Days before an expiry from which it is told.
    pub expiring_soon_days: u32,
    /// The number of variations in one request from which it is told.
    pub many_variations: u32,
    /// Shares of the period's allowance, in percent, falling: what is available is low when it comes
    /// down to one of them.
    pub low_credits_percent: Vec<u32>,
    /// Days before a renewal from which it is told.
    pub renews_soon_days: u32,
    /// Days before unused allowance and rollover lapse from which it is told.
    pub lapses_soon_days: u32,
    /// Days before a pack expires from which it is told.
    pub pack_expiring_days: u32,
}

impl Default for AdviceThresholds {
    fn default() -> AdviceThresholds {
        AdviceThresholds {
            repeat_window_minutes: 10,
            repeat_count: 3,
            large_share_percent: 25,
            expiring_soon_days: 7,
            many_variations: 4,
            low_credits_percent: vec![20, 5],
            renews_soon_days: 3,
            lapses_soon_days: 7,
            pack_expiring_days: 14,
        }
    }
}
