//! The ledger as its callers see it, over a store in memory and under a clock that stands until it is
//! turned.

mod balance_at;
mod catalogs;
mod charges;
mod choosing;
mod clock;
mod notices;
mod payments;

use std::sync::Arc;

use super::{Answer, Keys, Ledger, Limits};
use crate::{
    clock::Clock,
    domain::{
        catalog::EXAMPLE,
        command::{Command, Request},
        ids::{AccountId, Sequence},
        outcome::{Operation, Outcome},
    },
    error::LedgerError,
    ledger::AccountView,
    store::{OperationFilter, SequenceWindow, memory::MemoryStore, tests as told},
};

/// When every account here begins: on a 31st.
const OPENED: &str = "2026-01-31T10:00:00Z";

fn ann() -> AccountId {
    told::account("ann")
}

/// A ledger with the example's catalog, and Ann on its `creator` plan.
struct Stage {
    ledger: Ledger,
}

impl Stage {
    async fn set(clock: Clock) -> Stage {
        Stage::furnished(Arc::new(MemoryStore::new()), clock).await
    }

    /// The same over this store.
    async fn furnished(store: Arc<MemoryStore>, clock: Clock) -> Stage {
        let stage = Stage::over(store, clock).await;
        let published = stage.ledger.publish_catalog(EXAMPLE.to_owned(), None).await;
        published.unwrap();
        stage.does(1, Request::OpenAccount).await;
        stage.does(2, told::subscribe("creator")).await;
        stage
    }

    /// A ledger over what the store has.
    async fn over(store: Arc<MemoryStore>, clock: Clock) -> Stage {
        let limits = Limits {
            arbiters: 0,
            ..Limits::patient()
        };
        let keys = Keys {
            quotes: vec![[7; 32]],
            prompts: vec![[8; 32]],
        };
        let ledger = Ledger::start(store, clock, limits, keys).await.unwrap();
        Stage { ledger }
    }

    async fn asks(&self, number: u128, request: Request) -> Result<Answer, LedgerError> {
        let command = Command {
            operation_id: told::id(number),
            request,
        };
        self.ledger.execute(&ann(), command).await
    }

    /// The operation, which must be accepted.
    async fn does(&self, number: u128, request: Request) -> Operation {
        match self.asks(number, request).await.unwrap() {
            Answer::Decided {
                outcome: Outcome::Accepted(accepted),
                ..
            } => accepted.operation.as_ref().clone(),
            other => panic!("it is accepted: {other:?}"),
        }
    }

    async fn view(&self) -> AccountView {
        self.ledger.view(&ann()).await.unwrap().unwrap()
    }

    /// All operations, oldest first.
    async fn operations(&self) -> Vec<Operation> {
        let window = SequenceWindow {
            above: Some(Sequence::START),
            below: None,
            newest_first: false,
            limit: 1_000,
        };
        let all = OperationFilter::default();
        let operations = self.ledger.operations(&ann(), &all, &window).await;
        operations.unwrap()
    }
}
