//! Notices: what an account is told without having asked.
//!
//! Owns the interface and the type of each notice with its numbers. What is told, and when, is the
//! domain's.

use async_graphql::{Context, Enum, ID, Interface};
use credits_core::{
    domain::{
        ids::AccountId,
        notices::{self as domain, NoticeFact, NoticeKey},
    },
    ledger::AccountView,
};

use super::{
    access,
    node::derived_id,
    page::{Page, connection},
    scalar::{Credits, DateTime, Sequence, int},
};
use crate::error::Fault;

/// What notices cost a request before its page: a walk along a quarter of the ledger.
pub const COST: usize = 50;
/// A page's key of a notice leaves room for so many kinds at one instant.
const KINDS_MAX: i64 = 16;

/// Something that an account is told without having asked. It is derived from the ledger: every node
/// tells the same, and tells it again to who asks again.
#[derive(Clone, Interface)]
#[graphql(
    field(
        name = "id",
        ty = "ID",
        desc = "The notice's opaque id, the same however often it is told: a client drops what it has seen."
    ),
    field(name = "code", ty = "NoticeCode", desc = "Which notice it is."),
    field(
        name = "message",
        ty = "String",
        desc = "The notice as sentences with its numbers, for people who read English; not for matching."
    ),
    field(name = "at", ty = "DateTime", desc = "From when it is told.")
)]
pub enum Notice {
    /// Little is left.
    Low(LowNotice),
    /// Nothing is left.
    Exhausted(ExhaustedNotice),
    /// A renewal.
    RenewsSoon(RenewsSoonNotice),
    /// A lapse.
    LapsesSoon(LapsesSoonNotice),
    /// The end of a pack.
    PackExpiring(PackExpiringNotice),
    /// Other prices.
    PriceChange(PriceChangeNotice),
}

/// The notices that are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::notices::NoticeCode")]
pub enum NoticeCode {
    /// What can be spent came down to a share of the period's allowance, told again only after it was
    /// above.
    Low,
    /// What can be spent came down to less than the cheapest generation costs.
    Exhausted,
    /// The next allowance comes in a few days.
    RenewsSoon,
    /// Unused allowance or rollover lapses in a few days.
    LapsesSoon,
    /// Packs expire in some days.
    PackExpiring,
    /// A catalog with other prices was published that counts later.
    PriceChangeAnnounced,
}

/// What all notices have in common.
#[derive(Clone)]
struct Told {
    id: ID,
    code: NoticeCode,
    message: String,
    at: DateTime,
}

/// Defines the type of one notice: what all have in common, and its numbers.
macro_rules! notice {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $part:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            told: Told,
            $($part: $kind,)*
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            /// The notice's opaque id, the same however often it is told: a client drops what it has
            /// seen.
            pub async fn id(&self) -> ID {
                self.told.id.clone()
            }

            /// Which notice it is.
            pub async fn code(&self) -> NoticeCode {
                self.told.code
            }

            /// The notice as sentences with its numbers, for people who read English; not for matching.
            pub async fn message(&self) -> String {
                self.told.message.clone()
            }

            /// From when it is told.
            pub async fn at(&self) -> DateTime {
                self.told.at
            }

            $($(#[$about])* async fn $part(&self) -> $kind {
                self.$part
            })*
        }
    };
}

notice! {
    /// What can be spent came down to a share of the period's allowance, by the catalog's
    /// `low_credits_percent`. Of several shares that one operation reaches it is the lowest; without a
    /// plan there is no allowance, and it is not told. Credits that a hold sets aside can't be spent.
    LowNotice {
        /// The operation with which it came down, by its position in the ledger.
        sequence: Sequence,
        /// The share that was reached, in percent.
        percent: i32,
        /// The allowance of the period, in credits.
        allowance: Credits,
        /// What could be spent then, in credits.
        available: Credits,
    }
}

notice! {
    /// What can be spent came down to less than any generation costs that costs something. Told again
    /// only after it was enough for one.
    ExhaustedNotice {
        /// The operation with which it came down, by its position in the ledger.
        sequence: Sequence,
        /// What could be spent then, in credits.
        available: Credits,
        /// What open holds set aside then, in credits: a release returns it.
        held: Credits,
        /// The least that a generation cost then, in credits.
        cheapest: Credits,
        /// When the next allowance comes by itself; null if none does.
        renews_at: Option<DateTime>,
    }
}

notice! {
    /// The next allowance comes soon, by the catalog's `renews_soon_days`.
    RenewsSoonNotice {
        /// When it comes.
        renews_at: DateTime,
        /// How much it is, in credits, as of when the account last changed; null if no catalog has the
        /// plan.
        renews_with: Option<Credits>,
    }
}

notice! {
    /// Unused allowance or rollover lapses soon, by the catalog's `lapses_soon_days`.
    LapsesSoonNotice {
        /// When it lapses.
        lapses_at: DateTime,
        /// How much was unused then and will lapse, in credits, without what rolls over.
        amount: Credits,
        /// How much of what was unused rolls over, in credits; 0 unless the plan states it.
        rolls_over: Credits,
    }
}

notice! {
    /// Packs expire soon, by the catalog's `pack_expiring_days`; also those that are frozen.
    PackExpiringNotice {
        /// When they expire.
        expires_at: DateTime,
        /// What was left in them then, in credits.
        amount: Credits,
    }
}

notice! {
    /// A catalog with other prices was published, and counts later. The charges of the 30 days before it
    /// was published are priced again by it, each as it ran; never what will be.
    PriceChangeNotice {
        /// From when the prices count.
        effective_at: DateTime,
        /// The catalog's version.
        catalog_version: i32,
        /// From when charges are compared, until the notice: 30 days, or of more than 1,000 charges the
        /// latest.
        since: DateTime,
        /// How many charges are compared.
        charges: i32,
        /// What they used, in credits.
        charged: Credits,
        /// What they would have used by those prices, in credits.
        would_have_cost: Credits,
        /// How many more charges are not compared: that catalog can't run them as they were.
        not_offered: i32,
    }
}

connection!(Notice, NoticeConnection, NoticeEdge);

impl Notice {
    /// A notice of an account.
    pub fn new(account: &AccountId, notice: domain::Notice) -> Notice {
        let told = Told {
            id: id(account, notice.key()),
            code: notice.code().into(),
            message: notice.message(),
            at: notice.at.into(),
        };
        match notice.fact {
            NoticeFact::Low {
                sequence,
                percent,
                allowance,
                available,
            } => Notice::Low(LowNotice {
                told,
                sequence: sequence.into(),
                percent: int(percent),
                allowance: allowance.into(),
                available: available.into(),
            }),
            NoticeFact::Exhausted {
                sequence,
                available,
                held,
                cheapest,
                renews_at,
            } => Notice::Exhausted(ExhaustedNotice {
                told,
                sequence: sequence.into(),
                available: available.into(),
                held: held.into(),
                cheapest: cheapest.into(),
                renews_at: renews_at.map(DateTime::from),
            }),
            NoticeFact::RenewsSoon {
                renews_at,
                renews_with,
            } => Notice::RenewsSoon(RenewsSoonNotice {
                told,
                renews_at: renews_at.into(),
                renews_with: renews_with.map(Credits::from),
            }),
            NoticeFact::LapsesSoon {
                lapses_at,
                amount,
                rolls_over,
            } => Notice::LapsesSoon(LapsesSoonNotice {
                told,
                lapses_at: lapses_at.into(),
                amount: amount.into(),
                rolls_over: rolls_over.into(),
            }),
            NoticeFact::PackExpiring { expires_at, amount } => {
                Notice::PackExpiring(PackExpiringNotice {
                    told,
                    expires_at: expires_at.into(),
                    amount: amount.into(),
                })
            }
            NoticeFact::PriceChangeAnnounced(announced) => {
                Notice::PriceChange(PriceChangeNotice::new(told, &announced))
            }
        }
    }
}

impl PriceChangeNotice {
    fn new(told: Told, announced: &domain::Announcement) -> PriceChangeNotice {
        PriceChangeNotice {
            told,
            effective_at: announced.effective_at.into(),
            catalog_version: announced.version.0,
            since: announced.since.into(),
            charges: int(announced.charges),
            charged: announced.charged.into(),
            would_have_cost: announced.would_have_cost.into(),
            not_offered: int(announced.not_offered),
        }
    }
}

fn id(account: &AccountId, key: NoticeKey) -> ID {
    match key {
        NoticeKey::Low(sequence) => derived_id("nl", sequence, account),
        NoticeKey::Exhausted(sequence) => derived_id("ne", sequence, account),
        NoticeKey::RenewsSoon(at) => derived_id("nr", at.micros(), account),
        NoticeKey::LapsesSoon(at) => derived_id("nx", at.micros(), account),
        NoticeKey::PackExpiring(at) => derived_id("np", at.micros(), account),
        NoticeKey::PriceChangeAnnounced(version) => derived_id("nc", version.0, account),
    }
}

/// A page of an account's notices, newest first.
pub async fn page(
    ctx: &Context<'_>,
    view: &AccountView,
    page: &Page,
) -> Result<NoticeConnection, Fault> {
    let notices = access::ledger(ctx).notices(view).await?;
    let account = &view.account.id;
    // Two of a kind may be told at one instant: each has a key of its own.
    let mut above = i64::MAX;
    let keyed = notices.into_iter().rev().map(|notice| {
        above = (notice.at.micros() * KINDS_MAX + notice.code() as i64).min(above - 1);
        (above, Notice::new(account, notice))
    });
    let inside = |key: i64| {
        page.after.is_none_or(|after| key < after) && page.before.is_none_or(|before| key > before)
    };
    let mut wanted: Vec<(i64, Notice)> = keyed.filter(|(key, _)| inside(*key)).collect();
    if !page.from_start {
        wanted.reverse();
    }
    wanted.truncate(page.size + 1);
    Ok(page.cut(wanted).into())
}
