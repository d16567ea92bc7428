//! Filling a store with accounts on a plan, past the service: by the rules, and in large transactions.
//!
//! Owns when each of them was opened, and so when it renews: one after the other over an hour.

use std::sync::Arc;

use chrono::TimeDelta;
use credits_core::{
    domain::{
        account::Account,
        catalog::{BillingInterval, Catalogs},
        command::{Command, Request},
        decide::Known,
        ids::{AccountId, OperationId, PlanId},
        record::{Head, OperationRecord},
        time::Instant,
        usage::UsageTally,
    },
    store::{AccountWork, Store},
};
use uuid::Uuid;

/// Accounts in one transaction.
const FILLED_AT_ONCE: usize = 512;
/// Prime to any likely number of accounts: scattered accounts renew in an order of its own.
const SCATTERING_STEP: usize = 611_953;
const HOUR_US: i64 = 3_600_000_000;

/// How many accounts there are to be, and which of them renew one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// How many.
    pub accounts: usize,
    /// Whether those who renew one after the other are anywhere in the file, and not side by side as
    /// those who came one after the other.
    pub scattered: bool,
    /// When the first of them came; the last one came an hour later.
    pub from: Instant,
}

impl Crowd {
    /// Makes them.
    pub async fn fill(self, store: &dyn Store, catalogs: &Catalogs) {
        let mut batch = Vec::with_capacity(FILLED_AT_ONCE);
        for number in 0..self.accounts {
            batch.push(opened(number, self.came_at(number), catalogs));
            if batch.len() == FILLED_AT_ONCE || number + 1 == self.accounts {
                let committed = store.commit(&batch).await.expect("the file can be written");
                assert!(committed.lost.is_empty(), "nobody else writes");
                batch.clear();
            }
        }
    }

    fn came_at(&self, number: usize) -> Instant {
        let place = if self.scattered {
            number * SCATTERING_STEP % self.accounts
        } else {
            number
        };
        let part = place as i64 * HOUR_US / self.accounts as i64;
        self.from.saturating_add(TimeDelta::microseconds(part))
    }
}

/// An account that was opened and put on a plan then, as a node would have written it.
fn opened(number: usize, at: Instant, catalogs: &Catalogs) -> AccountWork {
    let id = AccountId::parse(&format!("due-{number:07}")).expect("the name is plain");
    let mut account = Account::unopened(id);
    let mut head = Head::START;
    let mut operations = Vec::with_capacity(2);
    let start = Request::StartSubscription {
        plan: PlanId::parse("maker").expect("the name is plain"),
        interval: BillingInterval::Monthly,
        anchor: None,
    };
    for request in [Request::OpenAccount, start] {
        let command = Command {
            operation_id: OperationId(Uuid::now_v7()),
            request,
        };
        let content = command.request.content();
        let decided = account.decide(catalogs, &command, content, &Known::default(), at);
        let event = decided.expect("nothing is in its way").expect("it is kept");
        let before = account.available();
        account.apply(&event);
        let balance = account.balance(catalogs, at);
        let record = OperationRecord::seal(&event, &account, &balance, before, head.hash);
        head = record.head();
        operations.push(record);
    }
    AccountWork {
        account: account.id.clone(),
        base: Head::START,
        operations,
        // Two operations end no group.
        usage: UsageTally::default(),
        refusals: Vec::new(),
        payments: Vec::new(),
        after: Arc::new(account),
    }
}
