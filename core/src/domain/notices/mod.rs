//! Notices: what an account is told without having asked.
//!
//! Owns what is told, its name and its words (`wording`), when it is told (`tell`) and what an
//! announced price list comes to (`announced`). A notice is derived from what the ledger says: no
//! table keeps it, and every node derives the same one. It never asks what time it is.

mod announced;
mod tell;
mod wording;

use super::{
    balance::Balance,
    credits::Credits,
    ids::{CatalogVersion, Sequence},
    time::Instant,
};

pub(super) use announced::same_request;
pub use announced::{ANNOUNCED_DAYS, Announcement, CHARGES_COMPARED_MAX};
pub use tell::{Opening, Teller};

/// Something that an account is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// From when it is told.
    pub at: Instant,
    /// What is told.
    pub fact: NoticeFact,
}

/// What is told, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeFact {
    /// What can be spent came down to a share of the period's allowance.
    Low {
        /// The operation with which it did.
        sequence: Sequence,
        /// The share, in percent: the lowest that was reached.
        percent: u32,
        /// The allowance of the period.
        allowance: Credits,
        /// What can be spent.
        available: Credits,
    },
    /// What can be spent came down to less than any generation costs.
    Exhausted {
        /// The operation with which it did.
        sequence: Sequence,
        /// What can be spent.
        available: Credits,
        /// What open holds set aside: it may return.
        held: Credits,
        /// The least that a generation costs.
        cheapest: Credits,
        /// When the next allowance comes; none if none will.
        renews_at: Option<Instant>,
    },
    /// The next allowance comes soon.
    RenewsSoon {
        /// When.
        renews_at: Instant,
        /// How much it is, by the prices in force when the account last changed; none if no catalog
        /// has the plan.
        renews_with: Option<Credits>,
    },
    /// Unused allowance and rollover lapse soon.
    LapsesSoon {
        /// When.
        lapses_at: Instant,
        /// How much of what is unused lapses, without what rolls over.
        amount: Credits,
        /// How much of what is unused rolls over, as the plan states.
        rolls_over: Credits,
    },
    /// Packs expire soon.
    PackExpiring {
        /// When.
        expires_at: Instant,
        /// How much is left in them.
        amount: Credits,
    },
    /// Another price list was announced.
    PriceChangeAnnounced(Announcement),
}

/// The kinds of notice, as clients switch on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoticeCode {
    /// [`NoticeFact::Low`].
    Low,
    /// [`NoticeFact::Exhausted`].
    Exhausted,
    /// [`NoticeFact::RenewsSoon`].
    RenewsSoon,
    /// [`NoticeFact::LapsesSoon`].
    LapsesSoon,
    /// [`NoticeFact::PackExpiring`].
    PackExpiring,
    /// [`NoticeFact::PriceChangeAnnounced`].
    PriceChangeAnnounced,
}

/// What tells a notice from every other of its account, however often it is derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoticeKey {
    /// [`NoticeFact::Low`], by its operation.
    Low(Sequence),
    /// [`NoticeFact::Exhausted`], by its operation.
    Exhausted(Sequence),
    /// [`NoticeFact::RenewsSoon`], by the instant it tells of.
    RenewsSoon(Instant),
    /// [`NoticeFact::LapsesSoon`], by the instant it tells of.
    LapsesSoon(Instant),
    /// [`NoticeFact::PackExpiring`], by the instant it tells of.
    PackExpiring(Instant),
    /// [`NoticeFact::PriceChangeAnnounced`], by the catalog.
    PriceChangeAnnounced(CatalogVersion),
}

impl Notice {
    /// The kind of it.
    pub fn code(&self) -> NoticeCode {
        match self.key() {
            NoticeKey::Low(_) => NoticeCode::Low,
            NoticeKey::Exhausted(_) => NoticeCode::Exhausted,
            NoticeKey::RenewsSoon(_) => NoticeCode::RenewsSoon,
            NoticeKey::LapsesSoon(_) => NoticeCode::LapsesSoon,
            NoticeKey::PackExpiring(_) => NoticeCode::PackExpiring,
            NoticeKey::PriceChangeAnnounced(_) => NoticeCode::PriceChangeAnnounced,
        }
    }

    /// What tells it from every other of its account.
    pub fn key(&self) -> NoticeKey {
        match &self.fact {
            NoticeFact::Low { sequence, .. } => NoticeKey::Low(*sequence),
            NoticeFact::Exhausted { sequence, .. } => NoticeKey::Exhausted(*sequence),
            NoticeFact::RenewsSoon { renews_at, .. } => NoticeKey::RenewsSoon(*renews_at),
            NoticeFact::LapsesSoon { lapses_at, .. } => NoticeKey::LapsesSoon(*lapses_at),
            NoticeFact::PackExpiring { expires_at, .. } => NoticeKey::PackExpiring(*expires_at),
            NoticeFact::PriceChangeAnnounced(announced) => {
                NoticeKey::PriceChangeAnnounced(announced.version)
            }
        }
    }

    /// When what a notice of time tells of has happened; none for one that an operation gave.
    pub fn happens_at(&self) -> Option<Instant> {
        match &self.fact {
            NoticeFact::Low { .. } | NoticeFact::Exhausted { .. } => None,
            NoticeFact::RenewsSoon { renews_at: at, .. }
            | NoticeFact::LapsesSoon { lapses_at: at, .. }
            | NoticeFact::PackExpiring { expires_at: at, .. } => Some(*at),
            NoticeFact::PriceChangeAnnounced(announced) => Some(announced.effective_at),
        }
    }

    /// Whether what it tells is so, or is yet to come, at `balance.as_of`.
    pub fn is_current(&self, balance: &Balance) -> bool {
        match &self.fact {
            NoticeFact::Low { percent, .. } => balance
                .allowance
                .as_ref()
                .is_some_and(|allowance| is_within(balance.available, *percent, allowance.granted)),
            NoticeFact::Exhausted { cheapest, .. } => balance.available < *cheapest,
            NoticeFact::RenewsSoon { .. }
            | NoticeFact::LapsesSoon { .. }
            | NoticeFact::PackExpiring { .. }
            | NoticeFact::PriceChangeAnnounced(_) => {
                self.happens_at().is_some_and(|at| at > balance.as_of)
            }
        }
    }
}

/// Those of `notices`, oldest first, that are so or are yet to come; of those that tell how little is
/// left the last.
pub fn current(notices: &[Notice], balance: &Balance) -> Vec<Notice> {
    let of_little = |notice: &Notice| notice.happens_at().is_none();
    let last = notices.iter().rposition(of_little);
    let wanted = |(place, notice): &(usize, &Notice)| {
        (!of_little(notice) || last == Some(*place)) && notice.is_current(balance)
    };
    let current = notices.iter().enumerate().filter(wanted);
    current.map(|(_, notice)| notice.clone()).collect()
}

/// Whether `amount` is at most so many percent of `allowance`.
fn is_within(amount: Credits, percent: u32, allowance: Credits) -> bool {
    i128::from(amount.get()) * 100 <= i128::from(allowance.get()) * i128::from(percent)
}
