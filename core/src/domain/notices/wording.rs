//! Notices in words, for people who read them as they are.

use super::{ANNOUNCED_DAYS, Notice, NoticeFact};

impl Notice {
    /// The notice as a sentence, with its numbers.
    pub fn message(&self) -> String {
        match &self.fact {
            NoticeFact::Low {
                percent,
                allowance,
                available,
                ..
            } => format!(
                "{available} credits are available: {percent} % or less of this period's {allowance}."
            ),
            NoticeFact::Exhausted {
                available,
                held,
                cheapest,
                renews_at,
                ..
            } => {
                let mut text = format!(
                    "{available} credits are available, and the cheapest generation costs {cheapest}."
                );
                if !held.is_zero() {
                    text += &format!(" {held} more are set aside by open holds.");
                }
                match renews_at {
                    Some(at) => text + &format!(" The next allowance comes at {at}."),
                    None => text + " No allowance comes by itself.",
                }
            }
            NoticeFact::RenewsSoon {
                renews_at,
                renews_with: Some(amount),
            } => format!("{amount} credits come with the renewal at {renews_at}."),
            NoticeFact::RenewsSoon { renews_at, .. } => {
                format!("The allowance renews at {renews_at}.")
            }
            NoticeFact::LapsesSoon {
                lapses_at,
                amount,
                rolls_over,
            } => {
                let text = format!("{amount} unused credits lapse at {lapses_at}.");
                if rolls_over.is_zero() {
                    text
                } else {
                    text + &format!(" {rolls_over} more roll over.")
                }
            }
            NoticeFact::PackExpiring { expires_at, amount } => {
                format!("{amount} credits of packs expire at {expires_at}.")
            }
            NoticeFact::PriceChangeAnnounced(announced) => {
                let text = format!("Other prices count from {}.", announced.effective_at);
                if announced.charges + announced.not_offered == 0 {
                    return text;
                }
                let text = text
                    + &format!(
                        " The {} charges of the {ANNOUNCED_DAYS} days before used {} credits; by \
                         those prices they would have used {}.",
                        announced.charges, announced.charged, announced.would_have_cost
                    );
                match announced.not_offered {
                    0 => text,
                    some => text + &format!(" {some} more can't be run like that any more."),
                }
            }
        }
    }
}
