//! Insights: a period's charges by what to be careful with.

use async_graphql::{Enum, ID, Object, SimpleObject};
use credits_core::{
    domain::{insights as domain, outcome::Operation},
    ledger::{InsightsError, PeriodInsights},
};

use super::{
    charge::Charge,
    fault::bad_input,
    page::{self, PAGE_DEFAULT, PAGE_MAX},
    scalar::{Credits, int},
};
use crate::error::Fault;

/// What a look at a period's charges costs a request.
pub const COST: usize = 50;

/// The charges of a period, by what to be careful with.
#[derive(SimpleObject)]
pub struct Insights {
    /// How many charges were looked at.
    pub charges: i32,
    /// What they used, in credits.
    pub credits: Credits,
    /// Whether these are all charges of the period. False if there are more than 5,000: then the latest
    /// were looked at.
    pub complete: bool,
    /// One entry of each point, in the order of `CarefulPoint`, also where nothing was found. A charge
    /// can be in several.
    pub points: Vec<Insight>,
}

/// What to be careful with, as the policy `BE_CAREFUL` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::insights::CarefulPoint")]
pub enum CarefulPoint {
    /// Charges of two or more results at once.
    ManyVariations,
    /// Charges of videos.
    Video,
    /// Charges on another model than the charge before them in the same project that made the same kind
    /// of thing, in this period.
    ModelSwitch,
    /// Charges whose prompt ran on the same model in this period within the catalog's
    /// `repeat_window_minutes` before them. Runs before and after a change of the key of prompts are not
    /// compared.
    RepeatedPrompt,
    /// Charges that made an earlier result again: those with a `regenerateOf`.
    Regenerate,
}

/// The charges of one point.
pub struct Insight {
    found: domain::Insight,
    charges: Vec<Operation>,
}

/// The charges of one point: a count, what they used and which they are.
#[Object]
impl Insight {
    /// Which point it is.
    async fn point(&self) -> CarefulPoint {
        self.found.point.into()
    }

    /// How many charges there are.
    async fn count(&self) -> i32 {
        int(self.found.places.len())
    }

    /// What they used, in credits.
    async fn credits(&self) -> Credits {
        self.found.credits.into()
    }

    /// The latest of these charges, newest first.
    #[graphql(complexity = "page::cost(first, None, child_complexity)")]
    async fn charges(
        &self,
        #[graphql(desc = "At most so many, 1 to 100; 20 if left out.")] first: Option<i32>,
    ) -> Result<Vec<Charge>, Fault> {
        let first = first.unwrap_or(PAGE_DEFAULT);
        if !(1..=PAGE_MAX).contains(&first) {
            let message = format!("`first` is 1 to {PAGE_MAX}; {first} was asked for.");
            return Err(bad_input(message));
        }
        let newest = self.charges.iter().rev();
        let wanted = newest.take(first.unsigned_abs() as usize).cloned();
        Ok(wanted.filter_map(Charge::of).collect())
    }

    /// Those of them that another model can run just as they ran, for less at the prices in force now:
    /// by pairs of models, the largest difference first. Empty where there is no such model.
    #[graphql(complexity = "page::list_cost(5, child_complexity)")]
    async fn on_cheaper_model(&self) -> Vec<OnCheaperModel> {
        self.found
            .cheaper
            .iter()
            .map(OnCheaperModel::from)
            .collect()
    }
}

/// Charges on one model, and the very same on the cheapest other model that runs them, both at the
/// prices in force now. What a user makes of the difference is theirs: another model makes another
/// picture.
#[derive(SimpleObject)]
pub struct OnCheaperModel {
    /// The model that ran them, by its catalog id.
    pub model: ID,
    /// The cheapest other model that runs them, by its catalog id. An option that was the model's
    /// default, and that this one does not offer, is left to it.
    pub cheaper_model: ID,
    /// How many charges.
    pub count: i32,
    /// What they would cost on their own model today, in credits.
    pub credits_today: Credits,
    /// What they would cost on the cheaper model today, in credits.
    pub credits_on_cheaper_model: Credits,
}

impl From<&domain::Cheaper> for OnCheaperModel {
    fn from(cheaper: &domain::Cheaper) -> OnCheaperModel {
        OnCheaperModel {
            model: cheaper.model.as_str().into(),
            cheaper_model: cheaper.other.as_str().into(),
            count: int(cheaper.charges),
            credits_today: cheaper.on_model.into(),
            credits_on_cheaper_model: cheaper.on_other.into(),
        }
    }
}

impl From<PeriodInsights> for Insights {
    fn from(found: PeriodInsights) -> Insights {
        let PeriodInsights {
            insights,
            charges,
            complete,
        } = found;
        let insight = |found: domain::Insight| {
            // No more than can be asked for.
            let latest = found
                .places
                .len()
                .saturating_sub(PAGE_MAX.unsigned_abs() as usize);
            let places = found.places[latest..].iter();
            Insight {
                charges: places
                    .filter_map(|place| charges.get(*place).cloned())
                    .collect(),
                found,
            }
        };
        Insights {
            charges: int(insights.charges),
            credits: insights.credits.into(),
            complete,
            points: insights.points.into_iter().map(insight).collect(),
        }
    }
}

impl From<InsightsError> for Fault {
    fn from(error: InsightsError) -> Fault {
        match error {
            InsightsError::Ledger(error) => error.into(),
            InsightsError::Period(error) => error.into(),
        }
    }
}
