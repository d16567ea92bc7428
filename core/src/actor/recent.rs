//! The ids that were decided lately on this node.
//!
//! Owns one bounded table for all accounts, so that a quick retry is answered without the database.
//! It is never the last word: an id that is not here is decided as new, and the batch checks.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard},
};

use crate::domain::{
    ids::{AccountId, OperationId},
    outcome::Decision,
};

/// Decisions that are in the database, the latest ones.
#[derive(Debug)]
pub struct RecentDecisions {
    decisions_max: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    decisions: HashMap<OperationId, (AccountId, Decision)>,
    oldest_first: VecDeque<OperationId>,
}

impl RecentDecisions {
    /// A table of at most `decisions_max`.
    pub fn new(decisions_max: usize) -> RecentDecisions {
        RecentDecisions {
            decisions_max,
            table: Mutex::default(),
        }
    }

    /// What the id was decided to be on the account, if that is still remembered.
    pub fn get(&self, account: &AccountId, id: OperationId) -> Option<Decision> {
        let table = self.lock();
        let (of, decision) = table.decisions.get(&id)?;
        (of == account).then(|| decision.clone())
    }

    /// Remembers a decision that is in the database. The same id on another account replaces it,
    /// which costs a look into the database and nothing else.
    pub fn insert(&self, account: &AccountId, id: OperationId, decision: Decision) {
        let mut table = self.lock();
        let known = table.decisions.insert(id, (account.clone(), decision));
        if known.is_none() {
            table.oldest_first.push_back(id);
        }
        while table.oldest_first.len() > self.decisions_max {
            if let Some(oldest) = table.oldest_first.pop_front() {
                table.decisions.remove(&oldest);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table
            .lock()
            .expect("nothing panics while it holds the table")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        domain::{outcome::Outcome, refusal::Refusal},
        store::tests::{account, id},
    };

    fn decision(content: u8) -> Decision {
        Decision {
            content: [content; 32],
            outcome: Outcome::Refused(Arc::new(Refusal::NotSubscribed)),
        }
    }

    #[test]
    fn the_oldest_id_is_forgotten_first() {
        let recent = RecentDecisions::new(2);
        let one = account("one");
        for number in 1..=3_u8 {
            recent.insert(&one, id(u128::from(number)), decision(number));
        }
        assert_eq!(recent.get(&one, id(1)), None);
        assert_eq!(recent.get(&one, id(2)), Some(decision(2)));
        assert_eq!(recent.get(&one, id(3)), Some(decision(3)));
    }

    #[test]
    fn an_id_is_remembered_for_its_account_only() {
        let recent = RecentDecisions::new(2);
        recent.insert(&account("one"), id(1), decision(1));
        assert_eq!(recent.get(&account("two"), id(1)), None);
        recent.insert(&account("two"), id(1), decision(2));
        assert_eq!(recent.get(&account("one"), id(1)), None);
        assert_eq!(recent.get(&account("two"), id(1)), Some(decision(2)));
    }

    #[test]
    fn a_table_of_none_remembers_none() {
        let recent = RecentDecisions::new(0);
        recent.insert(&account("one"), id(1), decision(1));
        assert_eq!(recent.get(&account("one"), id(1)), None);
    }
}
