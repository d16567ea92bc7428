//! Advice in words, for people who read it as it is.

use super::{Advisory, AdvisoryFact};

impl Advisory {
    /// The fact as a sentence, with its numbers.
    pub fn message(&self) -> String {
        match &self.fact {
            AdvisoryFact::RepeatedPrompt {
                run,
                credits_so_far,
                window_minutes,
            } => format!(
                "This is run {run} of this prompt on this model within {window_minutes} minutes; \
                 the runs before it used {credits_so_far} credits."
            ),
            AdvisoryFact::ManyVariations {
                variations,
                cost_of_one,
            } => format!(
                "{variations} results are made at once and each is charged; one costs {cost_of_one} credits."
            ),
            AdvisoryFact::VideoCost {
                images,
                image_model,
                image_cost,
            } => format!(
                "This video costs as much as {images} images with {image_model} at {image_cost} credits each."
            ),
            AdvisoryFact::ModelSwitch {
                previous,
                costs_more_by,
                ..
            } => match costs_more_by {
                Some(more) if *more > 0 => format!(
                    "This project used {previous} before; this request costs {more} credits more than there."
                ),
                Some(less) if *less < 0 => format!(
                    "This project used {previous} before; this request costs {} credits less than there.",
                    -less
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
                format!("This uses {percent} % of the {available} credits that are available.")
            }
            AdvisoryFact::ExpiringSoon { amount, at } => {
                format!("After this, {amount} credits are left that end soon, the first at {at}.")
            }
        }
    }
}
