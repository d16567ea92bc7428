//! Advice: facts that help people waste less, each with its numbers and what they come from.
//!
//! Owns what can be told of one request (`judge`) and how it is worded (`wording`). An advisory is
//! never an estimate: it counts what the account's ledger says, and prices by the catalog in force. It
//! never refuses: that is the guards' in `decide`.

mod adjust;
mod judge;
mod wording;

pub(super) use judge::repeat_window;
use serde::{Deserialize, Serialize};

use super::{
    catalog::Alternative,
    credits::Credits,
    ids::{ModelId, ProjectId, Sequence},
    time::Instant,
};

/// A fact about a request, with what it was computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    /// The fact.
    pub fact: AdvisoryFact,
    /// The time it looks at; none if it looks at the request alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// The charges that it counts, oldest first, by their positions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<Sequence>,
    /// A small change of the request that would cost less, priced; none if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<Alternative>,
}

/// From when until when, the end included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its start.
    pub from: Instant,
    /// Its end: the instant of the request.
    pub to: Instant,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvisoryFact {
    /// The same prompt ran on the same model before, in the window.
    RepeatedPrompt {
        /// Which run this is: 2 is the second.
        run: u32,
        /// What the runs before it used.
        credits_so_far: Credits,
        /// The length of the window.
        window_minutes: u32,
    },
    /// Several results are made at once, and each is charged.
    ManyVariations {
        /// How many.
        variations: u32,
        /// What one of them costs.
        cost_of_one: Credits,
    },
    /// A video costs as much as several images of the account's usual model.
    VideoCost {
        /// How many images, rounded down.
        images: u64,
        /// The image model that the account used most of late.
        image_model: ModelId,
        /// What an image costs on it, at today's prices.
        image_cost: Credits,
    },
    /// The project used another model before.
    ModelSwitch {
        /// The project.
        project: ProjectId,
        /// The models it used of late, most charges first.
        used: Vec<ModelUse>,
        /// The model it used last.
        previous: ModelId,
        /// By how much the request costs more than on that one; none if it can't run there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        costs_more_by: Option<i64>,
    },
    /// The request takes much of what is left.
    LargeShare {
        /// Its share of what is available, in percent, rounded down.
        percent: u32,
        /// What is available before it.
        available: Credits,
    },
    /// Credits that remain after the request end soon.
    ExpiringSoon {
        /// How many would be lost, without what the plan states to roll over.
        amount: Credits,
        /// When the first of them end.
        at: Instant,
    },
}

/// How a project used a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelUse {
    /// The model.
    pub model: ModelId,
    /// How many charges.
    pub charges: u32,
    /// What they used.
    pub credits: Credits,
}

/// The kinds of advice, as clients switch on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AdvisoryCode {
    /// [`AdvisoryFact::RepeatedPrompt`].
    RepeatedPrompt,
    /// [`AdvisoryFact::ManyVariations`].
    ManyVariations,
    /// [`AdvisoryFact::VideoCost`].
    VideoCost,
    /// [`AdvisoryFact::ModelSwitch`].
    ModelSwitch,
    /// [`AdvisoryFact::LargeShare`].
    LargeShare,
    /// [`AdvisoryFact::ExpiringSoon`].
    ExpiringSoon,
}

impl Advisory {
    /// The kind of it.
    pub fn code(&self) -> AdvisoryCode {
        match self.fact {
            AdvisoryFact::RepeatedPrompt { .. } => AdvisoryCode::RepeatedPrompt,
            AdvisoryFact::ManyVariations { .. } => AdvisoryCode::ManyVariations,
            AdvisoryFact::VideoCost { .. } => AdvisoryCode::VideoCost,
            AdvisoryFact::ModelSwitch { .. } => AdvisoryCode::ModelSwitch,
            AdvisoryFact::LargeShare { .. } => AdvisoryCode::LargeShare,
            AdvisoryFact::ExpiringSoon { .. } => AdvisoryCode::ExpiringSoon,
        }
    }
}
