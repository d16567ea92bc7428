//! The charges behind advisories, read in one statement for all that ask at the same time.
//!
//! A page of charges with the basis of each advisory would else be hundreds of reads. Fields of one
//! list are resolved side by side: each notes what it wants, and the first to go on reads it for all.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::Context;
use credits_core::{
    domain::{
        event::OperationKind,
        ids::{AccountId, Sequence},
        outcome::Operation,
    },
    error::LedgerError,
    ledger::Ledger,
    store::{OperationFilter, SequenceWindow},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};

use crate::{error::Fault, graphql::access};

type Found = Result<Arc<HashMap<Sequence, Operation>>, LedgerError>;
type Read = BoxFuture<'static, Found>;

/// What is wanted of each account and not read so far. Cloning gives the same one.
#[derive(Clone, Default)]
pub struct BasisReads(Arc<Mutex<HashMap<AccountId, Gathering>>>);

struct Gathering {
    wanted: BTreeSet<Sequence>,
    /// Dead once nobody waits any more.
    read: WeakShared<Read>,
}

/// The charges at these positions, in their order.
pub async fn charges(
    ctx: &Context<'_>,
    account: &AccountId,
    positions: &[Sequence],
) -> Result<Vec<Operation>, Fault> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let reads = ctx.data_unchecked::<BasisReads>();
    let found = reads.ask(access::ledger(ctx), account, positions).await?;
    let charge = |position| found.get(position).cloned();
    Ok(positions.iter().filter_map(charge).collect())
}

impl BasisReads {
    fn ask(&self, ledger: &Ledger, account: &AccountId, positions: &[Sequence]) -> Shared<Read> {
        let mut gatherings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What nobody waits for any more is not read.
        gatherings.retain(|_, gathering| gathering.read.upgrade().is_some());
        if let Some(gathering) = gatherings.get_mut(account)
            && let Some(read) = gathering.read.upgrade()
        {
            gathering.wanted.extend(positions);
            return read;
        }
        let read = self.clone().read(ledger.clone(), account.clone());
        let read = read.boxed().shared();
        let weak = read.downgrade().expect("it was not polled so far");
        let gathering = Gathering {
            wanted: positions.iter().copied().collect(),
            read: weak,
        };
        gatherings.insert(account.clone(), gathering);
        read
    }

    async fn read(self, ledger: Ledger, account: AccountId) -> Found {
        // Until it comes back here, all fields beside this one have asked.
        tokio::task::yield_now().await;
        let gathering = {
            let mut gatherings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            gatherings.remove(&account)
        };
        let wanted = gathering.into_iter().flat_map(|gathering| gathering.wanted);
        let sequences: Vec<Sequence> = wanted.collect();
        let limit = sequences.len() as u64;
        let filter = OperationFilter {
            kinds: vec![OperationKind::Charge],
            sequences,
            ..OperationFilter::default()
        };
        let window = SequenceWindow {
            above: None,
            below: None,
            newest_first: false,
            limit,
        };
        let found = ledger.operations(&account, &filter, &window).await?;
        let keyed = found.into_iter().map(|charge| (charge.sequence, charge));
        Ok(Arc::new(keyed.collect()))
    }
}
