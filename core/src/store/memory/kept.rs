//! What the store in memory keeps, and the rules of the database on it.
//!
//! Owns who wins a commit: the same as in the database, by plain comparisons.

mod history;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use crate::{
    domain::{
        account::Account,
        event::Fact,
        hold::ResolvedHold,
        ids::{AccountId, CatalogVersion, HoldId, OperationId, Sequence},
        outcome::{Decision, Outcome},
        payment::{PaymentKey, PaymentUse},
        record::{Head, OperationRecord, RefusalRecord},
        time::Instant,
        usage::UsageTally,
    },
    store::{
        AccountWork, Committed, DueAccount, DueClaim, DueDecision, DuePlace, DueWindow, Found,
        KeptCatalog, KeptHold, Loaded, LockedDecision, Lookups, StoreError,
    },
};

/// All rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// In the order of their keys, which count from 1.
    accounts: Vec<Rows>,
    by_id: HashMap<AccountId, usize>,
    payments: HashMap<PaymentKey, PaymentUse>,
    catalogs: BTreeMap<CatalogVersion, KeptCatalog>,
}

/// The rows of one account.
#[derive(Clone, Debug)]
struct Rows {
    state: Account,
    head: Head,
    /// Those of position 1, 2 and so on.
    operations: Vec<OperationRecord>,
    /// The sums of the whole groups of operations.
    usage: UsageTally,
    refusals: Vec<RefusalRecord>,
    /// The ids of both.
    decided: HashSet<OperationId>,
}

impl Kept {
    fn rows(&self, account: &AccountId) -> Option<&Rows> {
        self.by_id.get(account).map(|at| &self.accounts[*at])
    }

    fn all_operations(&self, account: &AccountId) -> &[OperationRecord] {
        self.rows(account).map_or(&[], |rows| &rows.operations)
    }

    pub(super) fn write(&mut self, batch: &[AccountWork]) -> Committed {
        let mut lost = Vec::new();
        for work in batch {
            if self.wins(work) {
                self.add(work);
            } else {
                lost.push(work.account.clone());
            }
        }
        Committed { lost }
    }

    pub(super) fn decide(
        &mut self,
        decision: &mut dyn LockedDecision,
    ) -> Result<Committed, StoreError> {
        let account = decision.account().clone();
        let found = self.look_up(&account, &decision.lookups())?;
        let decided = decision.decide(self.load(&account), found);
        Ok(decided.map_or_else(Committed::default, |work| {
            self.write(std::slice::from_ref(work))
        }))
    }

    pub(super) fn decide_due(
        &mut self,
        window: &DueWindow,
        decision: &mut dyn DueDecision,
    ) -> Committed {
        let claim = DueClaim {
            accounts: self.due_accounts(window),
            elsewhere: 0,
        };
        self.write(decision.decide(claim))
    }

    fn wins(&self, work: &AccountWork) -> bool {
        let rows = self.rows(&work.account);
        let head = rows.map_or(Head::START, |rows| rows.head);
        let knows = |id| rows.is_some_and(|rows| rows.decided.contains(&id));
        let paid = |payment: &PaymentUse| self.payments.contains_key(&payment.key);
        head == work.base && !work.operation_ids().any(knows) && !work.payments.iter().any(paid)
    }

    fn add(&mut self, work: &AccountWork) {
        let at = *self.by_id.entry(work.account.clone()).or_insert_with(|| {
            self.accounts.push(Rows {
                state: Account::unopened(work.account.clone()),
                head: Head::START,
                operations: Vec::new(),
                usage: UsageTally::default(),
                refusals: Vec::new(),
                decided: HashSet::new(),
            });
            self.accounts.len() - 1
        });
        let rows = &mut self.accounts[at];
        rows.state = work.after.as_ref().clone();
        rows.head = work.head();
        rows.decided.extend(work.operation_ids());
        rows.operations.extend(work.operations.iter().cloned());
        rows.usage.merge(&work.usage);
        rows.refusals.extend(work.refusals.iter().cloned());
        let paid = work.payments.iter().cloned();
        self.payments
            .extend(paid.map(|payment| (payment.key.clone(), payment)));
        for record in &work.operations {
            let known = record.payment.as_ref();
            let Some(used) = known.and_then(|key| self.payments.get_mut(key)) else {
                continue;
            };
            let event = record.event().expect("it was sealed just now");
            if let Some(report) = event.fact.report() {
                used.last = Some(report.outcome);
            }
        }
    }

    pub(super) fn resolve(&self, batch: &[AccountWork]) -> Committed {
        let absent = batch.iter().filter(|work| !self.has(work));
        Committed {
            lost: absent.map(|work| work.account.clone()).collect(),
        }
    }

    /// Whether the work is in there, whatever came after it.
    fn has(&self, work: &AccountWork) -> bool {
        let Some(rows) = self.rows(&work.account) else {
            return false;
        };
        work.operations
            .iter()
            .all(|record| rows.operations.contains(record))
            && work
                .refusals
                .iter()
                .all(|record| rows.refusals.contains(record))
    }

    pub(super) fn load(&self, account: &AccountId) -> Loaded {
        match self.rows(account) {
            Some(rows) => Loaded {
                account: rows.state.clone(),
                head: rows.head,
            },
            None => Loaded {
                account: Account::unopened(account.clone()),
                head: Head::START,
            },
        }
    }

    pub(super) fn look_up(
        &self,
        account: &AccountId,
        lookups: &Lookups,
    ) -> Result<Found, StoreError> {
        let mut found = Found::default();
        let used = lookups.payments.iter().filter_map(|key| self.payment(key));
        found
            .payments
            .extend(used.map(|used| (used.key.clone(), used)));
        for id in &lookups.holds {
            found
                .holds
                .extend(self.hold(account, *id)?.map(|kept| (*id, kept)));
        }
        found.decisions = self.decisions(account, &lookups.ids)?;
        Ok(found)
    }

    pub(super) fn decisions(
        &self,
        account: &AccountId,
        ids: &[OperationId],
    ) -> Result<HashMap<OperationId, Decision>, StoreError> {
        let mut decisions = HashMap::new();
        let Some(rows) = self.rows(account) else {
            return Ok(decisions);
        };
        let wanted = |id: &OperationId| ids.contains(id);
        for record in rows
            .operations
            .iter()
            .filter(|one| wanted(&one.operation_id))
        {
            let decision = Decision {
                content: record.content.unwrap_or_default(),
                outcome: Outcome::Accepted(Arc::new(record.accepted()?)),
            };
            decisions.insert(record.operation_id, decision);
        }
        for record in rows.refusals.iter().filter(|one| wanted(&one.operation_id)) {
            let decision = Decision {
                content: record.content,
                outcome: Outcome::Refused(Arc::new(record.refusal.clone())),
            };
            decisions.insert(record.operation_id, decision);
        }
        Ok(decisions)
    }

    pub(super) fn payment(&self, key: &PaymentKey) -> Option<PaymentUse> {
        self.payments.get(key).cloned()
    }

    pub(super) fn hold(
        &self,
        account: &AccountId,
        hold: HoldId,
    ) -> Result<Option<KeptHold>, StoreError> {
        let Some(rows) = self.rows(account) else {
            return Ok(None);
        };
        if let Some(open) = rows.state.hold(hold) {
            return Ok(Some(KeptHold::Open(open.clone())));
        }
        let mut placed = None;
        let mut end = None;
        for record in &rows.operations {
            let event = record.event()?;
            if let Some(ended) = event.end_of(hold) {
                end = Some((ended.resolution, ended.at));
            }
            if let Fact::HoldPlaced { amount, spend, .. } = event.fact
                && record.operation_id == hold
            {
                placed = Some((amount, spend));
            }
        }
        let resolved = placed
            .zip(end)
            .map(|((amount, spend), (resolution, at))| ResolvedHold {
                id: hold,
                amount,
                spend,
                resolution,
                at,
            });
        Ok(resolved.map(KeptHold::Resolved))
    }

    pub(super) fn positions(&self, accounts: &[AccountId]) -> Vec<(AccountId, Sequence)> {
        let there = accounts.iter().filter_map(|id| self.rows(id));
        there
            .map(|rows| (rows.state.id.clone(), rows.head.sequence))
            .collect()
    }

    pub(super) fn catalogs(&self) -> Vec<KeptCatalog> {
        self.catalogs.values().cloned().collect()
    }

    pub(super) fn publish(&mut self, catalog: &KeptCatalog) -> bool {
        let by = |one: &KeptCatalog| one.cause.map(|cause| cause.operation_id);
        let known = |one: &KeptCatalog| by(one).is_some() && by(one) == by(catalog);
        let taken =
            self.catalogs.contains_key(&catalog.version) || self.catalogs.values().any(known);
        if !taken {
            self.catalogs.insert(catalog.version, catalog.clone());
        }
        !taken
    }

    /// Where each account with something due stands, in no order.
    fn due(&self) -> impl Iterator<Item = (DuePlace, &Rows)> {
        (1..).zip(&self.accounts).filter_map(|(key, rows)| {
            let at_us = rows.state.next_due_at()?.micros();
            Some((DuePlace { at_us, key }, rows))
        })
    }

    pub(super) fn due_accounts(&self, window: &DueWindow) -> Vec<DueAccount> {
        let wanted =
            |place: DuePlace| place.at_us <= window.before.micros() && Some(place) > window.after;
        let mut due: Vec<_> = self.due().filter(|(place, _)| wanted(*place)).collect();
        due.sort_unstable_by_key(|(place, _)| *place);
        due.truncate(usize::try_from(window.limit).unwrap_or(usize::MAX));
        due.into_iter()
            .map(|(place, rows)| DueAccount {
                place,
                loaded: Ok(self.load(&rows.state.id)),
            })
            .collect()
    }

    pub(super) fn next_due_after(&self, after: Instant) -> Option<Instant> {
        let all = self
            .accounts
            .iter()
            .filter_map(|rows| rows.state.next_due_at());
        all.filter(|due| *due > after).min()
    }

    pub(super) fn refusals(&self, account: &AccountId, limit: u64) -> Vec<RefusalRecord> {
        let rows = self.rows(account);
        let mut refusals = rows.map_or_else(Vec::new, |rows| rows.refusals.clone());
        refusals.sort_by_key(|record| std::cmp::Reverse(record.at));
        refusals.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        refusals
    }

    pub(super) fn forget_refusals(&mut self, before: Instant, limit: u64) -> u64 {
        let mut forgotten = 0;
        for Rows {
            refusals, decided, ..
        } in &mut self.accounts
        {
            refusals.retain(|record| {
                let forget = record.at < before && forgotten < limit;
                if forget {
                    forgotten += 1;
                    decided.remove(&record.operation_id);
                }
                !forget
            });
        }
        forgotten
    }
}
