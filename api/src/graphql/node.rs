//! Nodes: things with an id that is unique across the service.
//!
//! Owns what an id is made of, which is opaque to clients. Who may see a node is who may see the
//! account that it belongs to.

use std::borrow::Cow;

use async_graphql::{
    Context, ContextSelectionSet, ID, Interface, OutputType, Positioned, ServerResult, Value,
    parser::types::Field, registry::Registry,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credits_core::{
    domain::ids::{AccountId, HoldId, LotId, OperationId, Sequence},
    store::{OperationFilter, SequenceWindow},
};

use super::{
    access,
    account::Account,
    charge::Charge,
    hold::Hold,
    lot::Lot,
    operation::{
        AccountOpened, ChargeKept, Expiry, HoldExpired, HoldExtended, HoldPlaced, HoldReleased,
        Operation, PackPurchase, PaymentReport, PeriodGrant, Revocation, RolloverGrant,
        SubscriptionChange,
    },
    preferences::PreferencesChange,
    standing,
    subscription::PlanSubscription,
};
use crate::{
    auth::Scope,
    error::{Fault, FaultCode},
};

/// The most nodes that one request may ask for by id: each is a read of its own.
pub const NODES_MAX: usize = 50;

/// Something with an id that is unique across the service.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The opaque id, to be given to `node`."))]
pub enum Node {
    /// An account.
    Account(Account),
    /// A subscription.
    PlanSubscription(PlanSubscription),
    /// A lot.
    Lot(Lot),
    /// A hold.
    Hold(Hold),
    /// An opening.
    AccountOpened(AccountOpened),
    /// A charge.
    Charge(Charge),
    /// A purchase.
    PackPurchase(PackPurchase),
    /// A renewal.
    PeriodGrant(PeriodGrant),
    /// A rollover.
    RolloverGrant(RolloverGrant),
    /// An expiry.
    Expiry(Expiry),
    /// A change of subscription.
    SubscriptionChange(SubscriptionChange),
    /// A reserve.
    HoldPlaced(HoldPlaced),
    /// An extension.
    HoldExtended(HoldExtended),
    /// A release.
    HoldReleased(HoldReleased),
    /// The end of a hold by time.
    HoldExpired(HoldExpired),
    /// A report of a payment.
    PaymentReport(PaymentReport),
    /// The end of credits whose payment was taken back.
    Revocation(Revocation),
    /// A change of preferences.
    PreferencesChange(PreferencesChange),
    /// A mark of what is kept.
    ChargeKept(ChargeKept),
}

/// A node as the root gives it. It is [`Node`] with one more fact: what async-graphql can't derive is
/// that the interface `Operation` implements the interface `Node`.
pub struct AnyNode(Node);

impl OutputType for AnyNode {
    fn type_name() -> Cow<'static, str> {
        <Node as OutputType>::type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let operation = <Operation as OutputType>::type_name();
        registry.add_implements(&operation, &AnyNode::type_name());
        <Operation as OutputType>::create_type_info(registry);
        <Node as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        self.0.resolve(ctx, field).await
    }
}

/// What an id names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeId {
    /// An account.
    Account(AccountId),
    /// An operation, by its position.
    Operation(AccountId, Sequence),
    /// A hold.
    Hold(AccountId, HoldId),
    /// A lot, by the position of the operation that made it.
    Lot(AccountId, LotId),
    /// A subscription, by the position of the operation that started it.
    Subscription(AccountId, Sequence),
}

/// The opaque id of something of an account that is no node: `kind` tells it from ids of other things.
pub fn derived_id(kind: &str, local: impl std::fmt::Display, account: &AccountId) -> ID {
    ID(URL_SAFE_NO_PAD.encode(format!("{kind}:{local}:{account}")))
}

impl NodeId {
    /// Reads an id back; none for any other text.
    pub fn parse(id: &str) -> Option<NodeId> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
        let (kind, rest) = text.split_once(':')?;
        // An account id may hold any visible character, so it comes last.
        let parts = || {
            let (local, account) = rest.split_once(':')?;
            Some((local, AccountId::parse(account).ok()?))
        };
        let position = |local: &str| local.parse::<i64>().ok().map(Sequence);
        match kind {
            "a" => AccountId::parse(rest).ok().map(NodeId::Account),
            "o" => parts().and_then(|(at, of)| Some(NodeId::Operation(of, position(at)?))),
            "l" => parts().and_then(|(at, of)| Some(NodeId::Lot(of, position(at)?))),
            "s" => parts().and_then(|(at, of)| Some(NodeId::Subscription(of, position(at)?))),
            "h" => {
                parts().and_then(|(id, of)| Some(NodeId::Hold(of, OperationId::parse(id).ok()?)))
            }
            _ => None,
        }
    }

    fn account(&self) -> &AccountId {
        match self {
            NodeId::Account(account)
            | NodeId::Operation(account, _)
            | NodeId::Hold(account, _)
            | NodeId::Lot(account, _)
            | NodeId::Subscription(account, _) => account,
        }
    }
}

impl From<NodeId> for ID {
    fn from(id: NodeId) -> ID {
        let text = match id {
            NodeId::Account(account) => format!("a:{account}"),
            NodeId::Operation(account, at) => format!("o:{at}:{account}"),
            NodeId::Hold(account, hold) => format!("h:{hold}:{account}"),
            NodeId::Lot(account, at) => format!("l:{at}:{account}"),
            NodeId::Subscription(account, at) => format!("s:{at}:{account}"),
        };
        ID(URL_SAFE_NO_PAD.encode(text))
    }
}

/// Finds the node of an id; none for an unknown or foreign one.
pub async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<AnyNode>, Fault> {
    let caller = access::require(ctx, Scope::CreditsRead)?;
    match NodeId::parse(id) {
        Some(node) if caller.account(Some(node.account())).is_ok() => {
            Ok(load(ctx, node).await?.map(AnyNode))
        }
        Some(_) | None => Ok(None),
    }
}

/// Finds the nodes of several ids, in their order.
pub async fn find_all(ctx: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<AnyNode>>, Fault> {
    if ids.len() > NODES_MAX {
        let message = format!(
            "At most {NODES_MAX} ids a request; {} were given.",
            ids.len()
        );
        return Err(Fault::new(FaultCode::BadUserInput, message));
    }
    futures_util::future::try_join_all(ids.iter().map(|id| find(ctx, id))).await
}

async fn load(ctx: &Context<'_>, node: NodeId) -> Result<Option<Node>, Fault> {
    match node {
        NodeId::Account(account) => {
            let found = Account::load(ctx, &account).await?;
            Ok(found.map(Node::Account))
        }
        NodeId::Hold(account, hold) => {
            let found = standing::find(ctx, &account, hold).await?;
            Ok(found.map(Node::Hold))
        }
        NodeId::Operation(account, at) => operation(ctx, &account, at).await,
        NodeId::Lot(..) | NodeId::Subscription(..) => {
            let found = Account::load(ctx, node.account()).await?;
            let id = ID::from(node);
            Ok(found.and_then(|account| account.part(&id)))
        }
    }
}

async fn operation(
    ctx: &Context<'_>,
    account: &AccountId,
    at: Sequence,
) -> Result<Option<Node>, Fault> {
    let window = SequenceWindow {
        above: Some(Sequence(at.0.saturating_sub(1))),
        below: Some(Sequence(at.0.saturating_add(1))),
        newest_first: false,
        limit: 1,
    };
    let ledger = access::ledger(ctx);
    let found = ledger
        .operations(account, &OperationFilter::default(), &window)
        .await?;
    Ok(found
        .into_iter()
        .next()
        .map(|found| Operation::from(found).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back_whatever_the_account_is_called() {
        let account = AccountId::parse("team:7/ü").unwrap();
        let hold = OperationId::parse("0197a2b4-0000-7000-8000-000000000001").unwrap();
        for node in [
            NodeId::Account(account.clone()),
            NodeId::Operation(account.clone(), Sequence(12)),
            NodeId::Hold(account.clone(), hold),
            NodeId::Lot(account.clone(), Sequence(3)),
            NodeId::Subscription(account, Sequence(2)),
        ] {
            assert_eq!(NodeId::parse(&ID::from(node.clone())), Some(node));
        }
    }

    #[test]
    fn other_texts_name_nothing() {
        for text in [
            "",
            "a:user-1",
            "eDpub3BlOjE",
            "bzp4OnVzZXI",
            "bzo5OTk5OTk5OTk5OTk5OTk5OTk5OTk6dQ",
        ] {
            assert_eq!(NodeId::parse(text), None, "{text}");
        }
    }
}
