//! The refusal of a likely repeat, with the attempt before it.

use async_graphql::{ComplexObject, Context, SimpleObject};
use credits_core::domain::refusal::{EarlierRun, EarlierRuns, Refusal};

use super::{Said, UserError, UserErrorCode};
use crate::{
    error::Fault,
    graphql::{
        advisory,
        charge::Charge,
        hold::Hold,
        scalar::{Credits, DateTime},
        standing,
    },
};

/// The same prompt ran, or is about to, on the same model just before, and the repeat guard is on. A new
/// call that says `acknowledgeRepeat: true` goes on.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct LikelyRepeat {
    /// Which rule refused it.
    #[graphql(owned)]
    pub code: UserErrorCode,
    /// A sentence for developers, with the numbers; not for matching.
    pub message: String,
    /// The path to the input field that it is about; null if it is about none.
    #[graphql(owned)]
    pub field: Option<Vec<String>>,
    /// What the earlier attempt consumed, or set aside if it is not processed so far, in credits.
    pub cost: Credits,
    /// When the earlier attempt was charged, or placed if it is not processed so far.
    pub at: DateTime,
    /// How many attempts there were within the window, the one shown included. At most the account's
    /// last 32 charges and its open holds are looked at.
    pub attempts: u32,
    /// What all of them consumed or set aside, in credits.
    pub credits: Credits,
    /// The length of the window, in minutes, by the catalog.
    pub window_minutes: u32,
    #[graphql(skip)]
    runs: EarlierRuns,
}

#[ComplexObject]
impl LikelyRepeat {
    /// The earlier attempt; null if it is not processed so far: then it is `hold`.
    #[graphql(complexity = "standing::COST + child_complexity")]
    async fn charge(&self, ctx: &Context<'_>) -> Result<Option<Charge>, Fault> {
        match self.runs.last {
            EarlierRun::Charge(at) => {
                let found = advisory::charges(ctx, &self.runs.account, &[at]).await?;
                Ok(found.into_iter().next().and_then(Charge::of))
            }
            EarlierRun::Hold(_) => Ok(None),
        }
    }

    /// The hold of the earlier attempt as it stands now; null if that was processed.
    #[graphql(complexity = "standing::COST")]
    async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
        match self.runs.last {
            EarlierRun::Charge(_) => Ok(None),
            EarlierRun::Hold(id) => standing::find(ctx, &self.runs.account, id).await,
        }
    }
}

/// The refusal with its numbers, or what was said if it is of another group.
pub(super) fn user_error(refusal: &Refusal, said: Said) -> Result<UserError, Said> {
    let Refusal::LikelyRepeat(runs) = refusal else {
        return Err(said);
    };
    Ok(LikelyRepeat {
        code: said.code,
        message: said.message,
        field: said.field,
        cost: runs.cost.into(),
        at: runs.at.into(),
        attempts: runs.runs,
        credits: runs.credits.into(),
        window_minutes: runs.window_minutes,
        runs: runs.clone(),
    }
    .into())
}
