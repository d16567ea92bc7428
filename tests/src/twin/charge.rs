//! The part of the product's schema that the load asks for, with the same names.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use credits_api::{
    auth::{self, Scope, Viewer},
    error::{Fault, FaultCode},
};
use credits_core::domain::ids::{AccountId, OperationId};

use super::ledger::{Ledger, Taken};

/// What a picture costs: the price list of one who writes by hand.
const PICTURE_CREDITS: i64 = 5;

/// The root of queries, which GraphQL wants.
#[derive(Clone, Copy)]
pub struct Query;

/// Nothing to read.
#[Object]
impl Query {
    /// Whether it runs.
    async fn runs(&self) -> bool {
        true
    }
}

/// Charges in one transaction each.
#[derive(Clone, Copy)]
pub struct Single;

/// Answers a constant.
#[derive(Clone, Copy)]
pub struct Constant;

/// What to charge for.
#[derive(InputObject)]
struct ChargeInput {
    operation_id: ID,
    account_id: Option<ID>,
    action: ID,
    model: Option<ID>,
    #[graphql(default = 1)]
    variations: u32,
}

/// The answer to a charge.
#[derive(SimpleObject)]
struct ChargePayload {
    replayed: bool,
    cost: Option<i64>,
    operation: Option<Operation>,
    balance: Option<Balance>,
    user_errors: Vec<UserError>,
}

#[derive(SimpleObject)]
struct Operation {
    sequence: i64,
}

#[derive(SimpleObject)]
#[graphql(serial)]
struct Balance {
    available: i64,
}

#[derive(SimpleObject)]
struct UserError {
    code: String,
    message: String,
}

/// The twin's mutations.
#[Object(name = "Mutation")]
impl Single {
    /// Charges.
    async fn charge(&self, ctx: &Context<'_>, input: ChargeInput) -> Result<ChargePayload, Fault> {
        let account = account(ctx, input.account_id.as_ref())?;
        let id = OperationId::parse(&input.operation_id)?;
        let cost = price(&input)?;
        let ledger = ctx.data_unchecked::<Ledger>();
        let taken = ledger.charge(account.as_str(), id.0, cost).await;
        let taken = taken.map_err(|_| Fault::new(FaultCode::Unavailable, "Try again."))?;
        Ok(match taken {
            Taken::Charged(entry) => {
                ChargePayload::of(cost, entry.sequence, entry.available, false)
            }
            Taken::Before(entry) => ChargePayload::of(cost, entry.sequence, entry.available, true),
            Taken::TooFew => ChargePayload {
                replayed: false,
                cost: None,
                operation: None,
                balance: None,
                user_errors: vec![UserError {
                    code: "INSUFFICIENT_CREDITS".to_owned(),
                    message: format!("It costs {cost} credits."),
                }],
            },
        })
    }
}

/// The floor's mutations.
#[Object(name = "Mutation")]
impl Constant {
    /// Charges nothing.
    async fn charge(&self, ctx: &Context<'_>, input: ChargeInput) -> Result<ChargePayload, Fault> {
        account(ctx, input.account_id.as_ref())?;
        OperationId::parse(&input.operation_id)?;
        Ok(ChargePayload::of(price(&input)?, 1, 1_000_000, false))
    }
}

impl ChargePayload {
    fn of(cost: i64, sequence: i64, available: i64, replayed: bool) -> ChargePayload {
        ChargePayload {
            replayed,
            cost: Some(cost),
            operation: Some(Operation { sequence }),
            balance: Some(Balance { available }),
            user_errors: Vec::new(),
        }
    }
}

fn account(ctx: &Context<'_>, named: Option<&ID>) -> Result<AccountId, Fault> {
    let caller = auth::caller(ctx.data_unchecked::<Viewer>())?;
    caller.require(Scope::CreditsSpend)?;
    let named = named.map(|id| AccountId::parse(id)).transpose()?;
    Ok(caller.account(named.as_ref())?)
}

fn price(input: &ChargeInput) -> Result<i64, Fault> {
    let model = input.model.as_ref().map(|model| model.as_str());
    match (input.action.as_str(), model) {
        ("text-to-image", Some("pencil")) => Ok(PICTURE_CREDITS * i64::from(input.variations)),
        _ => Err(Fault::new(
            FaultCode::BadUserInput,
            "There is no such model.",
        )),
    }
}
