//! Advisories: facts about a request that help people waste less.
//!
//! Owns the interface and the type of each fact with its numbers. What is worth telling, and what it
//! comes from, is the domain's.

mod basis;

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Interface, SimpleObject};
use credits_core::domain::{
    advice::{self as domain, AdvisoryFact},
    ids::AccountId,
};

pub use basis::BasisReads;
pub(super) use basis::charges;

use super::{
    charge::Charge,
    page,
    price::Alternative,
    scalar::{Credits, DateTime, SignedCredits},
};
use crate::error::{Fault, FaultCode};

/// The most advisories of one spend: one of each kind. A request is judged by it where they are asked for,
/// since async-graphql judges no field of an interface.
const ADVISORIES_MAX: usize = 6;

/// What the advisories of one spend cost a request.
pub fn cost(child_complexity: usize) -> usize {
    page::list_cost(ADVISORIES_MAX, child_complexity)
}

/// A fact about a request, computed from the account's recorded charges and the catalog's prices. It
/// is never an estimate of savings, and it refuses nothing. When each is told is the catalog's choice.
#[derive(Clone, Interface)]
#[graphql(
    field(name = "code", ty = "AdvisoryCode", desc = "Which fact it is."),
    field(
        name = "message",
        ty = "String",
        desc = "The fact as a sentence with its numbers, for people who read English; not for matching."
    ),
    field(
        name = "window",
        ty = "Option<AdvisoryWindow>",
        desc = "The time it looks at; null if it looks at the request and the balance alone."
    ),
    field(
        name = "basis",
        ty = "Vec<Charge>",
        desc = "The charges that it counts, oldest first; at most the account's last 32. Empty if it counts none. The basis of an advisory within a basis is `QUERY_TOO_EXPENSIVE`: ask for that charge by its id."
    ),
    field(
        name = "adjustment",
        ty = "Option<Alternative>",
        desc = "A small change of the request that costs less, with its price; null if there is none."
    )
)]
pub enum Advisory {
    /// The same prompt again.
    RepeatedPrompt(RepeatedPrompt),
    /// Several results at once.
    ManyVariations(ManyVariations),
    /// A video, in images.
    VideoCost(VideoCost),
    /// Another model than the project's.
    ModelSwitch(ModelSwitch),
    /// Much of what is left.
    LargeShare(LargeShare),
    /// Credits that end soon.
    ExpiringSoon(ExpiringSoon),
}

/// The facts that are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::advice::AdvisoryCode")]
pub enum AdvisoryCode {
    /// The same prompt ran on the same model before, within minutes.
    RepeatedPrompt,
    /// Several results are made at once, and each is charged.
    ManyVariations,
    /// The video costs as much as several images of the account's usual model.
    VideoCost,
    /// The project used another model before.
    ModelSwitch,
    /// The request takes much of what is available.
    LargeShare,
    /// Credits that are left after the request end soon.
    ExpiringSoon,
}

/// From when until when an advisory looks.
#[derive(Clone, Copy, SimpleObject)]
pub struct AdvisoryWindow {
    /// Its start.
    pub from: DateTime,
    /// Its end, included.
    pub to: DateTime,
}

/// An advisory with the account whose charges it counts.
#[derive(Clone)]
struct Told {
    account: AccountId,
    advisory: Arc<domain::Advisory>,
    /// Whether it was told of a charge that is itself shown as the basis of an advisory.
    behind: bool,
}

/// Defines the type of one fact: what all have in common, and its numbers.
macro_rules! fact {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$about:meta])* $part:ident: $kind:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            told: Told,
            $($part: $kind,)*
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            /// Which fact it is.
            pub async fn code(&self) -> AdvisoryCode {
                self.told.advisory.code().into()
            }

            /// The fact as a sentence with its numbers, for people who read English; not for matching.
            pub async fn message(&self) -> String {
                self.told.advisory.message()
            }

            /// The time it looks at; null if it looks at the request and the balance alone.
            pub async fn window(&self) -> Option<AdvisoryWindow> {
                self.told.advisory.window.map(|window| window.into())
            }

            /// The charges that it counts, oldest first; at most the account's last 32. Empty if it
            /// counts none. The basis of an advisory within a basis is `QUERY_TOO_EXPENSIVE`: ask for
            /// that charge by its id.
            pub async fn basis(&self, ctx: &Context<'_>) -> Result<Vec<Charge>, Fault> {
                self.told.basis(ctx).await
            }

            /// A small change of the request that costs less, with its price; null if there is none.
            pub async fn adjustment(&self) -> Option<Alternative> {
                self.told.advisory.adjustment.as_ref().map(Alternative::from)
            }

            $($(#[$about])* async fn $part(&self) -> $kind {
                self.$part.clone()
            })*
        }
    };
}

fact! {
    /// The same prompt ran on the same model before, within minutes: what was processed then was
    /// charged, and this is charged too.
    RepeatedPrompt {
        /// Which run of the prompt this is, within the window: 2 is the second.
        run: u32,
        /// What the runs before it used, in credits.
        credits_so_far: Credits,
        /// The length of the window, in minutes, by the catalog.
        window_minutes: u32,
    }
}

fact! {
    /// Several results are made at once, and each is charged.
    ManyVariations {
        /// How many.
        variations: u32,
        /// What one of them costs, in credits.
        cost_of_one: Credits,
    }
}

fact! {
    /// The video costs as much as several images of the account's usual image model.
    VideoCost {
        /// How many images, rounded down.
        images: Credits,
        /// The image model that the account used most of late, by its catalog id.
        image_model: ID,
        /// What an image costs on it at today's prices, in credits.
        image_cost: Credits,
    }
}

fact! {
    /// The project used another model before.
    ModelSwitch {
        /// The project, by the client's own id.
        project: ID,
        /// The models it used of late, most charges first.
        used: Vec<ModelUse>,
        /// The model it used last, by its catalog id.
        previous: ID,
        /// By how many credits the request costs more than on that one, below 0 if it costs less; null
        /// if it can't run there.
        costs_more_by: Option<SignedCredits>,
    }
}

fact! {
    /// The request takes much of what is available.
    LargeShare {
        /// Its share of what is available before it, in percent, rounded down.
        percent: u32,
        /// What is available before it, in credits.
        available: Credits,
    }
}

fact! {
    /// Credits that are left after the request end soon.
    ExpiringSoon {
        /// How many would be lost, without what the plan states to roll over, in credits.
        amount: Credits,
        /// When the first of them end.
        at: DateTime,
    }
}

/// How a project used a model.
#[derive(Clone, SimpleObject)]
pub struct ModelUse {
    /// The model, by its catalog id.
    pub model: ID,
    /// How many charges.
    pub charges: u32,
    /// What they used, in credits.
    pub credits: Credits,
}

impl From<domain::Window> for AdvisoryWindow {
    fn from(window: domain::Window) -> AdvisoryWindow {
        AdvisoryWindow {
            from: window.from.into(),
            to: window.to.into(),
        }
    }
}

impl From<&domain::ModelUse> for ModelUse {
    fn from(used: &domain::ModelUse) -> ModelUse {
        ModelUse {
            model: used.model.as_str().into(),
            charges: used.charges,
            credits: used.credits.into(),
        }
    }
}

impl Told {
    /// Each advisory counts up to 32 charges: without an end to it, a short document would ask for
    /// millions.
    async fn basis(&self, ctx: &Context<'_>) -> Result<Vec<Charge>, Fault> {
        if self.behind {
            return Err(Fault::new(
                FaultCode::QueryTooExpensive,
                "The basis of an advisory within a basis is not shown: ask for that charge by its id.",
            ));
        }
        let basis = charges(ctx, &self.account, &self.advisory.basis).await?;
        Ok(basis.into_iter().filter_map(Charge::behind).collect())
    }
}

impl Advisory {
    /// What was told of a request of `account`.
    pub fn all(account: &AccountId, advisories: &[Arc<domain::Advisory>]) -> Vec<Advisory> {
        Advisory::shown(account, advisories, false)
    }

    /// As [`Advisory::all`]; `behind` says whether the charge that was told so is shown as a basis itself.
    pub fn shown(
        account: &AccountId,
        advisories: &[Arc<domain::Advisory>],
        behind: bool,
    ) -> Vec<Advisory> {
        let one = |advisory: &Arc<domain::Advisory>| {
            Advisory::from(Told {
                account: account.clone(),
                advisory: Arc::clone(advisory),
                behind,
            })
        };
        advisories.iter().map(one).collect()
    }
}

impl From<Told> for Advisory {
    fn from(told: Told) -> Advisory {
        let advisory = Arc::clone(&told.advisory);
        match &advisory.fact {
            AdvisoryFact::RepeatedPrompt {
                run,
                credits_so_far,
                window_minutes,
            } => Advisory::RepeatedPrompt(RepeatedPrompt {
                told,
                run: *run,
                credits_so_far: (*credits_so_far).into(),
                window_minutes: *window_minutes,
            }),
            AdvisoryFact::ManyVariations {
                variations,
                cost_of_one,
            } => Advisory::ManyVariations(ManyVariations {
                told,
                variations: *variations,
                cost_of_one: (*cost_of_one).into(),
            }),
            AdvisoryFact::VideoCost {
                images,
                image_model,
                image_cost,
            } => Advisory::VideoCost(VideoCost {
                told,
                images: Credits::saturating(i64::try_from(*images).unwrap_or(i64::MAX)),
                image_model: image_model.as_str().into(),
                image_cost: (*image_cost).into(),
            }),
            AdvisoryFact::ModelSwitch {
                project,
                used,
                previous,
                costs_more_by,
            } => Advisory::ModelSwitch(ModelSwitch {
                told,
                project: project.as_str().into(),
                used: used.iter().map(ModelUse::from).collect(),
                previous: previous.as_str().into(),
                costs_more_by: costs_more_by.map(SignedCredits::from),
            }),
            AdvisoryFact::LargeShare { percent, available } => Advisory::LargeShare(LargeShare {
                told,
                percent: *percent,
                available: (*available).into(),
            }),
            AdvisoryFact::ExpiringSoon { amount, at } => Advisory::ExpiringSoon(ExpiringSoon {
                told,
                amount: (*amount).into(),
                at: (*at).into(),
            }),
        }
    }
}
