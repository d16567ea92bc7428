//! Charges: credits consumed.

use std::sync::Arc;

use async_graphql::{Context, ID};
use credits_core::{
    domain::{
        command::Request,
        event::{Charged, Fact},
        ids::AccountId,
        outcome::{Operation as Recorded, Outcome},
    },
    ledger::ChargeFilter,
};

use super::{
    access,
    attempt::{self, AttemptChain},
    execute::{self, Decided, payload},
    explanation::{self, ChargeExplanation},
    generation::ChargeInput,
    hold::Hold,
    operation::{Operation, operation},
    page::{Page, connection},
    price::PriceLine,
    scalar::Credits,
    spend::Spend,
    standing,
};
use crate::{auth::Scope, error::Fault};

operation! {
    /// Credits consumed for a generation that was processed: final, however good its result.
    Charge { charged: Arc<Charged>, behind: bool } told charged.advisories, behind behind {
        /// What was consumed, in credits.
        async fn cost(&self) -> Credits {
            self.charged.cost.into()
        }

        /// The action, by its catalog id.
        async fn action(&self) -> ID {
            self.charged.spend.terms.action.as_str().into()
        }

        /// The model, by its catalog id.
        async fn model(&self) -> ID {
            self.charged.spend.terms.model.as_str().into()
        }

        /// How many results.
        async fn variations(&self) -> u32 {
            self.charged.spend.terms.variations
        }

        /// How many seconds each result has; null if it has no length.
        async fn seconds(&self) -> Option<u32> {
            self.charged.spend.terms.seconds
        }

        /// The resolution, by its id; null if the model takes none.
        async fn resolution(&self) -> Option<ID> {
            Spend::from(&self.charged.spend).resolution
        }

        /// The quality, by its id; null if the model takes none.
        async fn quality(&self) -> Option<ID> {
            Spend::from(&self.charged.spend).quality
        }

        /// The project, by the client's own id; null if none was named.
        async fn project(&self) -> Option<ID> {
            let project = self.charged.spend.project.as_ref()?;
            Some(project.as_str().into())
        }

        /// The operation id of the charge whose result was made again; null if none was named.
        async fn regenerate_of(&self) -> Option<ID> {
            let regenerate_of = self.charged.spend.regenerate_of?;
            Some(regenerate_of.to_string().into())
        }

        /// The catalog version that the price came from.
        async fn catalog_version(&self) -> i32 {
            self.charged.spend.catalog_version.0
        }

        /// How the cost came about, step by step.
        async fn lines(&self) -> Vec<PriceLine> {
            let lines = self.charged.spend.terms.lines();
            lines.into_iter().map(PriceLine::from).collect()
        }

        /// The operation id of the reserve whose hold was settled; null for a charge in one step.
        async fn hold_id(&self) -> Option<ID> {
            self.charged.hold.map(|hold| hold.to_string().into())
        }

        /// The hold that was settled, as it stands now; null for a charge in one step.
        #[graphql(complexity = "standing::COST")]
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            match self.charged.hold {
                Some(hold) => standing::find(ctx, &self.operation.account, hold).await,
                None => Ok(None),
            }
        }

        /// How it came about: price, lots, instants, and why it is final. From the ledger alone, so for
        /// charges of any age.
        #[graphql(complexity = "standing::COST")]
        async fn explanation(&self, ctx: &Context<'_>) -> Result<ChargeExplanation, Fault> {
            // In a box, as below: every field's future would be as large.
            Box::pin(explanation::explain(ctx, &self.operation, &self.charged)).await
        }

        /// The attempts that it belongs to: what it does again, and what does it again. A generation that
        /// was done once is a chain of one.
        async fn chain(&self, ctx: &Context<'_>) -> Result<AttemptChain, Fault> {
            Box::pin(attempt::chain(ctx, &self.operation)).await
        }

        /// Whether the hold had expired before it was settled, so that the cost was taken anew.
        async fn late(&self) -> bool {
            self.charged.late
        }
    }
}

connection!(Charge, ChargeConnection, ChargeEdge);

impl Charge {
    /// The operation as a charge that is shown as the basis of an advisory, if it is one.
    pub fn behind(operation: Recorded) -> Option<Charge> {
        let charge = Charge::of(operation)?;
        Some(Charge {
            behind: true,
            ..charge
        })
    }

    /// The operation as a charge, if it is one.
    pub fn of(operation: impl Into<Operation>) -> Option<Charge> {
        match operation.into() {
            Operation::Charge(charge) => Some(charge),
            Operation::AccountOpened(_)
            | Operation::PackPurchase(_)
            | Operation::PeriodGrant(_)
            | Operation::RolloverGrant(_)
            | Operation::Expiry(_)
            | Operation::SubscriptionChange(_)
            | Operation::HoldPlaced(_)
            | Operation::HoldExtended(_)
            | Operation::HoldReleased(_)
            | Operation::HoldExpired(_)
            | Operation::PaymentReport(_)
            | Operation::Revocation(_)
            | Operation::PreferencesChange(_)
            | Operation::ChargeKept(_) => None,
        }
    }
}

payload! {
    /// The answer to a charge. For an action that makes text `cost` is 0, `recorded` is false and
    /// `operation`, `charge`, `account` and `balance` are null: nothing is stored.
    ChargePayload {
        /// The charge; null if it was refused or is free.
        async fn charge(&self) -> Option<Charge> {
            charge_of(&self.decided)
        }

        /// What was consumed, in credits, 0 for text; null if it was refused.
        async fn cost(&self) -> Option<Credits> {
            cost_of(&self.decided)
        }

        /// Whether an operation was recorded: false if it was refused or is free.
        async fn recorded(&self) -> bool {
            self.decided.accepted().is_some()
        }
    }
}

/// Consumes credits for a generation that is processed; text is free for any token.
pub async fn charge(ctx: &Context<'_>, input: ChargeInput) -> Result<ChargePayload, Fault> {
    let call = input.parse(ctx)?;
    if execute::is_free(ctx, &call.generation)? {
        return Ok(Decided::free().into());
    }
    let account = access::account(ctx, Scope::CreditsSpend, call.account_id.as_ref())?;
    let request = Request::Charge {
        generation: call.generation,
        guard: call.guard,
    };
    let decided = execute::execute(ctx, account, call.operation_id, request).await?;
    Ok(decided.into())
}

/// The charge that a call was accepted as, if it was.
pub(super) fn charge_of(decided: &Decided) -> Option<Charge> {
    Charge::of(Arc::clone(&decided.accepted()?.operation))
}

/// What a call consumed: 0 if it is free, none if it was refused.
pub(super) fn cost_of(decided: &Decided) -> Option<Credits> {
    match &decided.outcome {
        None => Some(Credits::saturating(0)),
        Some(Outcome::Accepted(accepted)) => {
            let Fact::Charge(charged) = &accepted.operation.event.fact else {
                return None;
            };
            Some(charged.cost.into())
        }
        Some(Outcome::Refused(_)) => None,
    }
}

/// A page of an account's charges.
pub async fn page(
    ctx: &Context<'_>,
    account: &AccountId,
    filter: &ChargeFilter,
    page: &Page,
) -> Result<ChargeConnection, Fault> {
    let found = access::ledger(ctx)
        .charges(account, filter, &page.sequences())
        .await?;
    let keyed = |found: Recorded| Some((found.sequence.0, Charge::of(found)?));
    let charges = found.operations.into_iter().filter_map(keyed);
    let looked_until = found.looked_until.map(|position| position.0);
    Ok(page.cut_at(charges.collect(), looked_until).into())
}
