//! All that a price was computed from, and the computation itself.
//!
//! Terms are stored with holds and charges, so they are plain data; they never look at a catalog.

use serde::{Deserialize, Serialize};

use super::{
    action::Produces,
    generation::ActualRun,
    model::PriceUnit,
    price::Price,
    ratio::Ratio,
    refusal::{Parameter, PriceRefusal, check_number, not_taken},
};
use crate::domain::{
    credits::Credits,
    ids::{ActionId, ModelId, OptionId},
};

/// Everything a price was computed from, defaults filled in: a smaller run of the same request can
/// be priced from it years later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTerms {
    /// The model.
    pub model: ModelId,
    /// The action.
    pub action: ActionId,
    /// What the action makes.
    pub produces: Produces,
    /// What the unit price is for.
    pub unit: PriceUnit,
    /// Credits for one unit.
    pub unit_price: Ratio,
    /// How many results.
    pub variations: u32,
    /// How long each is, if it has a length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// The resolution and its factor, if the model offers any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<(OptionId, Ratio)>,
    /// The quality and its factor, if the model offers any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<(OptionId, Ratio)>,
}

/// One step of a price, as a receipt shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceLine {
    /// Which step.
    pub kind: PriceLineKind,
    /// What it is, in words.
    pub label: String,
    /// What it multiplies by; `None` for rounding up.
    pub factor: Option<Ratio>,
    /// The product so far, in credits.
    pub amount: Ratio,
}

/// The steps of a price, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PriceLineKind {
    /// The credits for one unit.
    UnitPrice,
    /// Times the results.
    Variations,
    /// Times the seconds, on a price per second.
    Seconds,
    /// Times the resolution's factor.
    Resolution,
    /// Times the quality's factor.
    Quality,
    /// Up to the next whole credit, if the product is not whole.
    RoundedUp,
}

impl PriceTerms {
    /// How many results it is for, and how long they are together, in seconds; 0 for what has no length.
    pub fn results(&self) -> (i64, i64) {
        let variations = i64::from(self.variations);
        (
            variations,
            variations * i64::from(self.seconds.unwrap_or(0)),
        )
    }

    /// The cost: the product of all factors, rounded up once.
    pub fn cost(&self) -> Result<Credits, PriceRefusal> {
        self.factors()
            .into_iter()
            .try_fold(Ratio::ONE, |product, (_, factor)| {
                product.checked_mul(factor)
            })
            .and_then(Ratio::ceil_credits)
            .ok_or(PriceRefusal::CostTooLarge)
    }

    /// The cost together with these terms.
    pub fn price(self) -> Result<Price, PriceRefusal> {
        Ok(Price {
            cost: self.cost()?,
            terms: self,
        })
    }

    /// The price of what really ran, at these terms: no more results, and none longer, than was asked
    /// for. A run may be below the model's smallest request, because part of it may have failed.
    pub fn reprice(&self, actual: &ActualRun) -> Result<Price, PriceRefusal> {
        let mut terms = self.clone();
        if let Some(variations) = actual.variations {
            check_number(Parameter::Variations, variations, 1, self.variations)?;
            terms.variations = variations;
        }
        if let Some(seconds) = actual.seconds {
            let max = self
                .seconds
                .ok_or_else(|| not_taken(Parameter::Seconds, seconds))?;
            check_number(Parameter::Seconds, seconds, 1, max)?;
            terms.seconds = Some(seconds);
        }
        terms.price()
    }

    /// The steps of the price, each with the product so far. Terms that a catalog priced never
    /// overflow; others give the lines up to where they do.
    pub fn lines(&self) -> Vec<PriceLine> {
        let mut product = Ratio::ONE;
        let mut lines = Vec::new();
        for (kind, factor) in self.factors() {
            let Some(amount) = product.checked_mul(factor) else {
                return lines;
            };
            product = amount;
            lines.push(PriceLine {
                kind,
                label: self.label(kind),
                factor: Some(factor),
                amount,
            });
        }
        if let (false, Some(cost)) = (product.is_whole(), product.ceil_credits()) {
            lines.push(PriceLine {
                kind: PriceLineKind::RoundedUp,
                label: self.label(PriceLineKind::RoundedUp),
                factor: None,
                amount: Ratio::from(cost),
            });
        }
        lines
    }

    /// What one result costs before rounding, or `None` if it cannot be kept exactly.
    pub(super) fn per_variation(&self) -> Option<Ratio> {
        self.factors()
            .into_iter()
            .filter(|(kind, _)| *kind != PriceLineKind::Variations)
            .try_fold(Ratio::ONE, |product, (_, factor)| {
                product.checked_mul(factor)
            })
    }

    fn factors(&self) -> Vec<(PriceLineKind, Ratio)> {
        let mut factors = vec![
            (PriceLineKind::UnitPrice, self.unit_price),
            (PriceLineKind::Variations, Ratio::whole(self.variations)),
        ];
        match (self.unit, self.seconds) {
            (PriceUnit::PerSecond, Some(seconds)) => {
                factors.push((PriceLineKind::Seconds, Ratio::whole(seconds)));
            }
            (PriceUnit::PerSecond, None) | (PriceUnit::PerResult, _) => {}
        }
        if let Some((_, factor)) = &self.resolution {
            factors.push((PriceLineKind::Resolution, *factor));
        }
        if let Some((_, factor)) = &self.quality {
            factors.push((PriceLineKind::Quality, *factor));
        }
        factors
    }

    fn label(&self, kind: PriceLineKind) -> String {
        let option = |option: &Option<(OptionId, Ratio)>| match option {
            Some((id, _)) => id.to_string(),
            None => String::new(),
        };
        match (kind, self.unit) {
            (PriceLineKind::UnitPrice, PriceUnit::PerResult) => {
                format!(
                    "{} on {}, per {}",
                    self.action,
                    self.model,
                    self.produces.word()
                )
            }
            (PriceLineKind::UnitPrice, PriceUnit::PerSecond) => {
                format!("{} on {}, per second", self.action, self.model)
            }
            (PriceLineKind::Variations, _) => "Variations".to_owned(),
            (PriceLineKind::Seconds, _) => "Seconds".to_owned(),
            (PriceLineKind::Resolution, _) => format!("Resolution {}", option(&self.resolution)),
            (PriceLineKind::Quality, _) => format!("Quality {}", option(&self.quality)),
            (PriceLineKind::RoundedUp, _) => "Rounded up to whole credits".to_owned(),
        }
    }
}
