//! What is asked at the end of a world: every open outcome, and every call once more.

use std::time::Duration;

use chrono::TimeDelta;
use credits_core::error::LedgerError;
use tokio::time::sleep;

use super::{World, account};
use crate::log::Call;

impl World {
    /// Every outcome that is open has a definite answer now, and keeps it.
    pub(super) async fn settle_all(&self) {
        let open: Vec<Call> = {
            let log = self.log.borrow();
            log.calls
                .iter()
                .filter(|call| call.leaves_open())
                .cloned()
                .collect()
        };
        for call in open {
            let (_, node) = self.node();
            let (name, id) = (account(call.account), call.command.operation_id);
            let first = insist(|| node.ledger.outcome(&name, id)).await;
            let again = insist(|| node.ledger.outcome(&name, id)).await;
            if first != again {
                self.log
                    .borrow_mut()
                    .problem(format!("{id} was {first:?}, then {again:?}"));
            }
            if let Ok(Some(outcome)) = first {
                self.log
                    .borrow_mut()
                    .outcomes
                    .push((call.account, id, outcome));
            }
        }
    }

    /// Every call that was made is made again.
    pub(super) async fn repeat_all(&self) {
        let calls = self.log.borrow().calls.clone();
        self.log.borrow_mut().calls_first = calls.len();
        for (number, call) in calls.into_iter().enumerate() {
            if number % 20 == 19 {
                // Refusals are counted by the minute.
                self.time.pass(TimeDelta::minutes(2));
            }
            self.call(call.account, call.command).await;
        }
    }
}

/// Asks until there is an answer: deadlines of a few milliseconds pass here and there.
async fn insist<T, F: Future<Output = Result<T, LedgerError>>>(
    ask: impl Fn() -> F,
) -> Result<T, LedgerError> {
    for _ in 0..50 {
        let answer = ask().await;
        if !matches!(
            answer,
            Err(LedgerError::Unavailable | LedgerError::Overloaded { .. })
        ) {
            return answer;
        }
        sleep(Duration::from_millis(1)).await;
    }
    ask().await
}
