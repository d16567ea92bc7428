//! Notices in words, for people who read them as they are.

use super::{ANNOUNCED_DAYS, Announcement, Notice, NoticeFact};
use crate::domain::{
    credits::Credits,
    wording::{counted, in_credits, spoken},
};

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
                "{} available: {percent} % or less of this period's {allowance}.",
                are(*available)
            ),
            NoticeFact::Exhausted {
                available,
                held,
                cheapest,
                renews_at,
                ..
            } => {
                let mut text = format!(
                    "{} available, and the cheapest generation costs {cheapest}.",
                    are(*available)
                );
                if !held.is_zero() {
                    text += &format!(" Open holds set {held} more aside.");
                }
                match renews_at {
                    Some(at) => text + &format!(" The next allowance comes at {}.", spoken(*at)),
                    None => text + " No allowance comes by itself.",
                }
            }
            NoticeFact::RenewsSoon {
                renews_at,
                renews_with: Some(amount),
            } => format!(
                "The renewal at {} brings {}.",
                spoken(*renews_at),
                in_credits(*amount)
            ),
            NoticeFact::RenewsSoon { renews_at, .. } => {
                format!("The allowance renews at {}.", spoken(*renews_at))
            }
            NoticeFact::LapsesSoon {
                lapses_at,
                amount,
                rolls_over,
            } => {
                let text = format!(
                    "{} that {} unused will lapse at {}.",
                    in_credits(*amount),
                    verb(*amount),
                    spoken(*lapses_at)
                );
                if rolls_over.is_zero() {
                    text
                } else {
                    text + &format!(" {rolls_over} more will roll over.")
                }
            }
            NoticeFact::PackExpiring { expires_at, amount } => {
                format!(
                    "{} of packs will expire at {}.",
                    in_credits(*amount),
                    spoken(*expires_at)
                )
            }
            NoticeFact::PriceChangeAnnounced(announced) => other_prices(announced),
        }
    }
}

fn other_prices(announced: &Announcement) -> String {
    let text = format!(
        "Other prices count from {}.",
        spoken(announced.effective_at)
    );
    if announced.charges + announced.not_offered == 0 {
        return text;
    }
    let text = text
        + &format!(
            " The {ANNOUNCED_DAYS} days before had {} that used {}; by those prices it \
             would have been {}.",
            counted(announced.charges, "charge"),
            in_credits(announced.charged),
            announced.would_have_cost
        );
    match announced.not_offered {
        0 => text,
        some => text + &format!(" {some} more could not be run as they were."),
    }
}

/// "1 credit is", "2 credits are".
fn are(amount: Credits) -> String {
    format!("{} {}", in_credits(amount), verb(amount))
}

fn verb(amount: Credits) -> &'static str {
    if amount.get() == 1 { "is" } else { "are" }
}
