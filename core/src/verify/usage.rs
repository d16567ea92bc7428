//! The sums of an account's usage, compared with its ledger counted anew.
//!
//! Days never go back along a ledger, so that they are compared some at a time: what is remembered
//! of an account is bounded, however long its ledger. Owns that comparison. It never reads a ledger.

use std::collections::BTreeMap;

use super::{Report, Rule};
use crate::{
    domain::{
        day::Day,
        event::Event,
        ids::AccountId,
        usage::{UsageKey, UsageSums, UsageTally},
    },
    store::{Store, StoreError, Usage, UsageDimension, UsageQuery, UsageRow},
};

/// Days are compared once they have so many keys: a few megabytes.
const KEYS_MAX: usize = 10_000;

/// What was counted and not compared so far.
pub(super) struct Recount {
    account: AccountId,
    tally: UsageTally,
    /// The first day that is not compared so far; none when all are.
    from: Option<Day>,
    /// The day of the last operation.
    last: Day,
}

impl Recount {
    pub(super) fn new(account: AccountId) -> Recount {
        Recount {
            account,
            tally: UsageTally::default(),
            from: Some(Day::MIN),
            last: Day::MIN,
        }
    }

    /// Counts what happened. When it begins a day, those before are complete.
    pub(super) async fn count(
        &mut self,
        event: &Event,
        store: &dyn Store,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let day = Day::of(event.at);
        if day > self.last && self.tally.len() >= KEYS_MAX {
            let kept = self.kept(store, self.last).await?;
            self.compare(&kept, report);
            self.tally = UsageTally::default();
            self.from = self.last.next();
        }
        self.last = self.last.max(day);
        self.tally.count(event);
        Ok(())
    }

    /// Counts what happened after what is kept was asked for.
    pub(super) fn count_more(&mut self, event: &Event) {
        self.tally.count(event);
    }

    /// What is kept of the days that are not compared so far, until `to`.
    pub(super) async fn kept(&self, store: &dyn Store, to: Day) -> Result<Usage, StoreError> {
        let from = self.from.unwrap_or(Day::MAX);
        let by = [
            UsageDimension::Day,
            UsageDimension::Model,
            UsageDimension::Action,
            UsageDimension::Project,
        ];
        let query = UsageQuery::of_days(from, to, &by);
        store.usage(&self.account, &query).await
    }

    /// Compares what is kept with what was counted, which must go as far.
    pub(super) fn compare(&self, kept: &Usage, report: &mut Report) {
        let mut counted: BTreeMap<&UsageKey, &UsageSums> = self.tally.iter().collect();
        let mut wrong = |key: &UsageKey, kept: &UsageSums, counted: &UsageSums| {
            let UsageKey {
                day, model, action, ..
            } = key;
            let message = format!(
                "{action} on {model} on {day}: {kept:?} are kept, {counted:?} are in the ledger"
            );
            report.add(&self.account, None, Rule::Usage, message);
        };
        let nothing = UsageSums::default();
        for row in &kept.rows {
            let Some(key) = key(row) else { continue };
            let counted = counted.remove(&key).unwrap_or(&nothing);
            if row.sums != *counted {
                wrong(&key, &row.sums, counted);
            }
        }
        for (key, counted) in counted {
            wrong(key, &nothing, counted);
        }
    }
}

/// The key of a row that was told apart by all there is.
fn key(row: &UsageRow) -> Option<UsageKey> {
    Some(UsageKey {
        day: row.day?,
        model: row.model.clone()?,
        action: row.action.clone()?,
        project: row.project.clone(),
    })
}
