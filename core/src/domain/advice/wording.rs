//! Advice in words, for people who read it as it is.

use super::{Advisory, AdvisoryFact};
use crate::domain::wording::{counted, in_credits, spoken};

impl Advisory {
    /// The fact as a sentence, with its numbers.
    pub fn message(&self) -> String {
        match &self.fact {
            AdvisoryFact::RepeatedPrompt {
                run,
                credits_so_far,
                window_minutes,
            } => format!(
                "This is run {run} of this prompt on this model within {}; the runs before it used {}.",
                counted(*window_minutes, "minute"),
                in_credits(*credits_so_far)
            ),
            AdvisoryFact::ManyVariations {
                variations,
                cost_of_one,
            } => format!(
                "{variations} results are made at once and each is charged; one costs {}.",
                in_credits(*cost_of_one)
            ),
            AdvisoryFact::VideoCost {
                images,
                image_model,
                image_cost,
            } => format!(
                "This video costs as much as {} with {image_model} at {} each.",
                counted(i64::try_from(*images).unwrap_or(i64::MAX), "image"),
                in_credits(*image_cost)
            ),
            AdvisoryFact::ModelSwitch {
                previous,
                costs_more_by,
                ..
            } => match costs_more_by {
                Some(more) if *more > 0 => format!(
                    "This project used {previous} before; this request costs {} more than there.",
                    counted(*more, "credit")
                ),
                Some(less) if *less < 0 => format!(
                    "This project used {previous} before; this request costs {} less than there.",
                    counted(-less, "credit")
                ),
                Some(_) => {
                    format!(
                        "This project used {previous} before; this request costs the same there."
                    )
                }
                None => {
                    format!("This project used {previous} before, which can't run this request.")
                }
            },
            AdvisoryFact::LargeShare { percent, available } => {
                format!(
                    "This uses {percent} % of what is available, {}.",
                    in_credits(*available)
                )
            }
            AdvisoryFact::ExpiringSoon { amount, at } => {
                format!(
                    "Of what is left after this, {} will end soon, the first at {}.",
                    in_credits(*amount),
                    spoken(*at)
                )
            }
        }
    }
}
