//! Holds: credits set aside for a generation that is not yet processed. How one stands is read in
//! `standing`.

mod input;
mod told;

use async_graphql::{Context, Enum, ID, SimpleObject};
use credits_core::domain::{
    catalog::ActualRun,
    command::Request,
    event::Fact,
    hold as domain,
    ids::{AccountId, HoldId},
    outcome::{Operation, Outcome},
    time::Instant,
};

pub use self::input::{ExtendHoldInput, ReleaseInput, ReserveInput, SettleInput};
use self::told::Told;
use super::{
    access,
    charge::{Charge, charge_of, cost_of},
    execute::{self, Call, Decided, payload},
    fault::{count, optional_count},
    node::NodeId,
    page::connection,
    scalar::{Credits, DateTime},
    spend::Spend,
};
use crate::{auth::Scope, error::Fault};

/// Credits set aside for a generation that is not yet processed. `OPEN` becomes `SETTLED`,
/// `RELEASED` or `EXPIRED`; `EXPIRED` becomes `SETTLED_LATE` once, within 7 days.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Hold {
    /// The hold's opaque id.
    #[graphql(owned)]
    pub id: ID,
    /// The operation id of the reserve that placed it, by which it is settled or released.
    pub hold_id: ID,
    /// Whether it is open, or how it ended.
    pub state: HoldState,
    /// How many credits were set aside.
    pub amount: Credits,
    /// What they were set aside for, with the price it was judged at.
    pub spend: Spend,
    /// When it was placed.
    pub placed_at: DateTime,
    /// When it ends, or would have ended, by itself; extensions included.
    pub expires_at: DateTime,
    /// When it ended; null while it is open.
    pub resolved_at: Option<DateTime>,
    /// What was consumed when it was settled, in credits; null if it was not.
    pub cost: Option<Credits>,
    #[graphql(skip)]
    told: Told,
}

connection!(Hold, HoldConnection, HoldEdge);

/// Whether a hold is open, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum HoldState {
    /// Its credits are set aside.
    Open,
    /// Its generation was processed: `cost` was consumed, the rest returned.
    Settled,
    /// Its generation was not processed: all returned.
    Released,
    /// Nobody resolved it in time: all returned.
    Expired,
    /// It had expired, and its generation was processed all the same: `cost` was consumed anew.
    SettledLate,
}

payload! {
    /// The answer to a reserve. For an action that makes text `cost` is 0, `recorded` is false and
    /// `operation`, `hold`, `account` and `balance` are null: there is nothing to set aside.
    ReservePayload {
        /// The hold as it stands now; null if it was refused or is free.
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            self.decided.hold(ctx).await
        }

        /// What was set aside, in credits, 0 for text; null if it was refused.
        async fn cost(&self) -> Option<Credits> {
            amount_of(&self.decided)
        }

        /// Whether an operation was recorded: false if it was refused or is free.
        async fn recorded(&self) -> bool {
            self.decided.accepted().is_some()
        }
    }
}

payload! {
    /// The answer to an extension of a hold.
    ExtendHoldPayload {
        /// The hold as it stands now; null if the extension was refused.
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            self.decided.hold(ctx).await
        }
    }
}

payload! {
    /// The answer to a settlement.
    SettlePayload {
        /// The hold as it stands now; null if the settlement was refused.
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            self.decided.hold(ctx).await
        }

        /// The charge; null if the settlement was refused.
        async fn charge(&self) -> Option<Charge> {
            charge_of(&self.decided)
        }

        /// What was consumed, in credits; null if the settlement was refused.
        async fn cost(&self) -> Option<Credits> {
            cost_of(&self.decided)
        }
    }
}

payload! {
    /// The answer to a release.
    ReleasePayload {
        /// The hold as it stands now; null if the release was refused.
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            self.decided.hold(ctx).await
        }
    }
}

/// Sets credits aside; text is free for any token.
pub async fn reserve(ctx: &Context<'_>, input: ReserveInput) -> Result<ReservePayload, Fault> {
    let call = input.spend.parse(ctx)?;
    if execute::is_free(ctx, &call.generation)? {
        return Ok(Decided::free().into());
    }
    let account = access::account(ctx, Scope::CreditsSpend, call.account_id.as_ref())?;
    let request = Request::Reserve {
        generation: call.generation,
        guard: call.guard,
        ttl_minutes: optional_count("ttlMinutes", input.ttl_minutes)?,
    };
    let decided = execute::execute(ctx, account, call.operation_id, request).await?;
    Ok(decided.into())
}

/// Lets a hold end later.
pub async fn extend(ctx: &Context<'_>, input: ExtendHoldInput) -> Result<ExtendHoldPayload, Fault> {
    let request = Request::ExtendHold {
        hold: HoldId::parse(&input.hold_id)?,
        ttl_minutes: count("ttlMinutes", input.ttl_minutes)?,
    };
    let call = Call::new(input.operation_id, input.account_id, Scope::CreditsSpend);
    Ok(call.execute(ctx, request).await?.into())
}

/// Consumes what a hold set aside.
pub async fn settle(ctx: &Context<'_>, input: SettleInput) -> Result<SettlePayload, Fault> {
    let request = Request::Settle {
        hold: HoldId::parse(&input.hold_id)?,
        actual: ActualRun {
            variations: optional_count("variations", input.variations)?,
            seconds: optional_count("seconds", input.seconds)?,
        },
    };
    let call = Call::new(input.operation_id, input.account_id, Scope::CreditsSpend);
    Ok(call.execute(ctx, request).await?.into())
}

/// Returns what a hold set aside.
pub async fn release(ctx: &Context<'_>, input: ReleaseInput) -> Result<ReleasePayload, Fault> {
    let request = Request::Release {
        hold: HoldId::parse(&input.hold_id)?,
    };
    let call = Call::new(input.operation_id, input.account_id, Scope::CreditsSpend);
    Ok(call.execute(ctx, request).await?.into())
}

fn amount_of(decided: &Decided) -> Option<Credits> {
    match &decided.outcome {
        None => Some(Credits::saturating(0)),
        Some(Outcome::Accepted(accepted)) => {
            let held = accepted.operation.event.postings.iter();
            Some(Credits::saturating(held.map(|posting| posting.held).sum()))
        }
        Some(Outcome::Refused(_)) => None,
    }
}

impl Hold {
    /// A hold that is open, from the account's state.
    pub fn open(account: &AccountId, hold: &domain::Hold) -> Hold {
        Hold::new(
            account,
            hold.id,
            hold.amount,
            &hold.spend,
            hold.placed_at,
            hold.expires_at,
        )
    }

    fn new(
        account: &AccountId,
        id: HoldId,
        amount: credits_core::domain::credits::Credits,
        spend: &domain::Spend,
        placed_at: Instant,
        expires_at: Instant,
    ) -> Hold {
        Hold {
            id: NodeId::Hold(account.clone(), id).into(),
            hold_id: id.to_string().into(),
            state: HoldState::Open,
            amount: amount.into(),
            spend: Spend::from(spend),
            placed_at: placed_at.into(),
            expires_at: expires_at.into(),
            resolved_at: None,
            cost: None,
            told: Told::unread(account.clone(), id),
        }
    }

    /// The hold that an operation placed, as it stood then; none for any other operation.
    pub fn placed(operation: &Operation) -> Option<Hold> {
        let Fact::HoldPlaced {
            amount,
            spend,
            expires_at,
            advisories,
        } = &operation.event.fact
        else {
            return None;
        };
        let id = operation.event.caused_by?.operation_id;
        let account = &operation.account;
        let mut hold = Hold::new(account, id, *amount, spend, operation.event.at, *expires_at);
        hold.told.read(advisories);
        Some(hold)
    }

    /// The hold after an operation that changed it. Operations are taken in the ledger's order.
    pub(super) fn after(mut self, operation: &Operation) -> Hold {
        if let Fact::HoldExtended { expires_at, .. } = &operation.event.fact {
            self.expires_at = (*expires_at).into();
        }
        let end = HoldId::parse(&self.hold_id).ok();
        let end = end.and_then(|hold| operation.event.end_of(hold));
        if let Some(end) = end {
            (self.state, self.cost) = state_of(end.resolution);
            self.resolved_at = Some(end.at.into());
        }
        self
    }

    /// The hold, known to have ended: one that nothing has ended by name ended by itself, together
    /// with others.
    pub(super) fn ended(mut self) -> Hold {
        if self.state == HoldState::Open {
            self.state = HoldState::Expired;
            self.resolved_at = Some(self.expires_at);
        }
        self
    }
}

/// The state that a resolution makes, with what it consumed.
pub(super) fn state_of(resolution: domain::Resolution) -> (HoldState, Option<Credits>) {
    match resolution {
        domain::Resolution::Settled { cost } => (HoldState::Settled, Some(cost.into())),
        domain::Resolution::Released => (HoldState::Released, None),
        domain::Resolution::Expired => (HoldState::Expired, None),
        domain::Resolution::SettledLate { cost } => (HoldState::SettledLate, Some(cost.into())),
    }
}
