//! The sentence of a refusal, with its numbers.

use credits_core::domain::{
    hold::Resolution,
    ids::{ActionId, ModelId, OptionId, PlanId},
    payment::{PaymentKey, PaymentOutcome},
    refusal::{EarlierRun, EarlierRuns, Limit, Limited, Refusal},
    time::Instant,
};

use super::text::parameter_field;

/// What a refusal says to developers.
pub(super) fn message(refusal: &Refusal) -> String {
    match refusal {
        Refusal::OperationIdReused { operation_id } => format!(
            "The operation id {operation_id} was used for a call with other content; a new call needs a new id."
        ),
        Refusal::ModelUnknown {
            model: Some(model),
            known,
        } => format!(
            "The model `{model}` is not in the catalog; the action runs on {}.",
            list(known)
        ),
        Refusal::ModelUnknown { model: None, known } => {
            format!("The action needs a model; it runs on {}.", list(known))
        }
        Refusal::ActionNotOffered {
            action,
            model,
            offered_by,
        } => not_offered(action, model.as_ref(), offered_by),
        Refusal::ParameterOutOfRange {
            parameter,
            given,
            min,
            max,
            allowed,
        } => out_of_range(*parameter, given, *min, *max, allowed),
        Refusal::QuoteExpired { expired_at, cost } => {
            format!("The quote ended at {expired_at}; the request costs {cost} credits now.")
        }
        Refusal::QuoteMismatch => {
            "The quote is for another request or account, or not of this service.".to_owned()
        }
        Refusal::PriceChanged {
            cost,
            cost_max,
            catalog_version,
        } => format!(
            "The request costs {cost} credits by catalog {catalog_version}, more than the {cost_max} of `maxCost`."
        ),
        Refusal::LimitExceeded {
            limit,
            max,
            asked,
            used,
        } => limit_exceeded(*limit, *max, *asked, *used),
        Refusal::LikelyRepeat(runs) => likely_repeat(runs),
        Refusal::InsufficientCredits(shortfall) => format!(
            "Too few credits: {} needed, {} available, {} missing.",
            shortfall.needed,
            shortfall.available,
            shortfall.short_by()
        ),
        Refusal::ChargeUnknown { charge, .. } => {
            format!("The account has no charge {charge} to be made again or kept.")
        }
        Refusal::HoldUnknown { hold } => format!("No hold {hold} was placed on the account."),
        Refusal::HoldAlreadyResolved {
            hold,
            resolution,
            at,
        } => {
            format!("The hold {hold} was {} at {at}.", resolved(*resolution))
        }
        Refusal::HoldExpired {
            hold,
            expired_at,
            settle_until,
        } => format!(
            "The hold {hold} ended by itself at {expired_at}; it can be settled, once, until {settle_until}."
        ),
        Refusal::SettleExceedsHold { held, cost } => {
            format!("What ran costs {cost} credits, more than the {held} that were set aside.")
        }
        Refusal::TooManyHolds { max } => format!(
            "The account has {max} open holds, as many as it may: settle or release one first."
        ),
        Refusal::AccountAlreadyExists { opened_at } => {
            format!("The account was opened at {opened_at}.")
        }
        Refusal::PlanUnknown { plan, known } => format!(
            "The plan `{plan}` can't be started with that interval; these can: {}.",
            list(known)
        ),
        Refusal::PackUnknown { pack, known } => format!(
            "The pack `{pack}` is not in that catalog version; these are: {}.",
            list(known)
        ),
        Refusal::AlreadySubscribed { plan, cancel_at } => on_plan(plan, *cancel_at),
        Refusal::NotSubscribed => "The account is on no plan.".to_owned(),
        Refusal::CancellationAlreadyScheduled { cancel_at } => {
            format!("The subscription is cancelled already and ends at {cancel_at}.")
        }
        Refusal::NoCancellationScheduled => "The subscription is not cancelled.".to_owned(),
        Refusal::AlreadyOnPlan { plan, interval } => format!(
            "The account is on the plan `{plan}`, paid {}, and no change is scheduled.",
            interval.word()
        ),
        Refusal::PaymentAlreadyUsed { payment, .. } => format!(
            "The payment {} of {} was recorded before. A payment is recorded once.",
            payment.reference, payment.provider
        ),
        Refusal::PaymentUnknown { payment } => format!(
            "The payment {} of {} is not known yet: it bought no pack, and was not reported as paid or failed.",
            payment.reference, payment.provider
        ),
        Refusal::PaymentOutcomeOutOfOrder {
            payment,
            standing,
            outcome,
        } => out_of_order(payment, *standing, *outcome),
        Refusal::PaymentOutsideTerms {
            paid_at,
            from,
            until,
        } => format!(
            "The payment of {paid_at} is of no term of the subscription. Payments from {from} to {until} are."
        ),
    }
}

fn not_offered(action: &ActionId, model: Option<&ModelId>, offered_by: &[ModelId]) -> String {
    match model {
        Some(model) => format!(
            "The model `{model}` does not run `{action}`; it runs on {}.",
            list(offered_by)
        ),
        None => format!("The action `{action}` is not in the catalog."),
    }
}

fn on_plan(plan: &PlanId, cancel_at: Option<Instant>) -> String {
    match cancel_at {
        Some(end) => format!("The account is on the plan `{plan}`, which ends at {end}."),
        None => format!("The account is on the plan `{plan}`."),
    }
}

fn out_of_order(payment: &PaymentKey, standing: PaymentOutcome, told: PaymentOutcome) -> String {
    format!(
        "The payment {} of {} stands at {}; {} can't follow.",
        payment.reference,
        payment.provider,
        standing.as_str(),
        told.as_str()
    )
}

fn out_of_range(
    parameter: Limited,
    given: &str,
    min: Option<i64>,
    max: Option<i64>,
    allowed: &[OptionId],
) -> String {
    let possible = match parameter {
        Limited::Anchor => period(min, max),
        Limited::Generation(_) | Limited::Quantity | Limited::TtlMinutes => {
            range(min, max, allowed)
        }
    };
    let name = parameter_field(parameter);
    format!("`{name}` of {given} is not possible: {possible}.")
}

fn resolved(resolution: Resolution) -> String {
    match resolution {
        Resolution::Settled { cost } => format!("settled for {cost} credits"),
        Resolution::Released => "released".to_owned(),
        Resolution::Expired => "ended by itself".to_owned(),
        Resolution::SettledLate { cost } => format!("settled late for {cost} credits"),
    }
}

fn range(min: Option<i64>, max: Option<i64>, allowed: &[impl ToString]) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("it must be between {min} and {max}"),
        (Some(min), None) => format!("it must be {min} or more"),
        (None, Some(max)) => format!("it must be {max} or less"),
        (None, None) if allowed.is_empty() => "the model takes none".to_owned(),
        (None, None) => format!("it must be one of {}", list(allowed)),
    }
}

/// The bounds of an instant, which a refusal carries in seconds since 1970.
fn period(min_s: Option<i64>, max_s: Option<i64>) -> String {
    let instant = |seconds: Option<i64>| {
        let at = Instant::from_micros(seconds?.checked_mul(1_000_000)?).ok()?;
        Some(at.to_string())
    };
    match (instant(min_s), instant(max_s)) {
        (Some(min), Some(max)) => format!("it must be between {min} and {max}"),
        (Some(min), None) => format!("it must be {min} or later"),
        (None, Some(max)) => format!("it must be {max} or earlier"),
        (None, None) => "no instant is possible".to_owned(),
    }
}

fn limit_exceeded(limit: Limit, max: i64, asked: i64, used: i64) -> String {
    match limit {
        Limit::RequestCredits => {
            format!("The request costs {asked} credits; one request may cost at most {max}.")
        }
        Limit::Lots => format!(
            "The account has {max} lots with something left, as many as it may: use some credits first."
        ),
        Limit::DayCredits => format!(
            "The request costs {asked} credits; {used} of the {max} for a UTC day are used or held."
        ),
        Limit::ProjectCredits => format!(
            "The request costs {asked} credits; {used} of the {max} for this project are used or held."
        ),
        Limit::Variations => format!(
            "{asked} results were asked for at once, and more than {max} need `confirmVariations: {asked}`."
        ),
        Limit::ProjectCeilings => {
            format!("At most {max} projects may have a ceiling; there would be {asked}.")
        }
    }
}

fn likely_repeat(runs: &EarlierRuns) -> String {
    let EarlierRuns { at, cost, .. } = runs;
    let what = match runs.last {
        EarlierRun::Charge(_) => "ran",
        EarlierRun::Hold(_) => "was reserved",
    };
    format!(
        "This prompt {what} on this model at {at} for {cost} credits, less than {} minutes before; say \
         `acknowledgeRepeat: true` to run it again.",
        runs.window_minutes
    )
}

fn list(ids: &[impl ToString]) -> String {
    if ids.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<String> = ids
        .iter()
        .map(|id| format!("`{}`", id.to_string()))
        .collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_an_anchor_are_instants() {
        let refusal = Refusal::ParameterOutOfRange {
            parameter: Limited::Anchor,
            given: "2020-01-01T00:00:00Z".to_owned(),
            min: Some(1_763_837_921),
            max: Some(1_795_373_920),
            allowed: Vec::new(),
        };
        assert_eq!(
            message(&refusal),
            "`anchor` of 2020-01-01T00:00:00Z is not possible: it must be between \
             2025-11-22T18:58:41Z and 2026-11-22T18:58:40Z."
        );
    }
}
