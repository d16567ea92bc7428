//! Usage counted anew: the sums that are kept, against every charge.

use std::collections::BTreeMap;

use credits_core::{
    domain::day::Day,
    store::{Store, UsageDimension, UsageQuery, memory::MemoryStore},
};

use crate::{care::Care, world::account};

impl Care {
    /// The sums of usage are those of all charges.
    pub async fn check_usage(&mut self, store: &MemoryStore, at: usize) {
        let mut counted: BTreeMap<_, [i64; 4]> = BTreeMap::new();
        for run in &self.charges {
            let terms = &run.spend.terms;
            let key = (
                Day::of(run.at),
                terms.model.clone(),
                terms.action.clone(),
                run.spend.project.clone(),
            );
            let variations = i64::from(terms.variations);
            let seconds = variations * terms.seconds.map_or(0, i64::from);
            let sums = counted.entry(key).or_default();
            for (sum, more) in sums.iter_mut().zip([1, run.cost, variations, seconds]) {
                *sum += more;
            }
        }
        let by = [
            UsageDimension::Day,
            UsageDimension::Model,
            UsageDimension::Action,
            UsageDimension::Project,
        ];
        let query = UsageQuery::of_days(Day::MIN, Day::MAX, &by);
        let usage = store.usage(&account(at), &query).await.unwrap();
        let kept: BTreeMap<_, [i64; 4]> = usage
            .rows
            .into_iter()
            .map(|row| {
                let key = (
                    row.day.unwrap(),
                    row.model.unwrap(),
                    row.action.unwrap(),
                    row.project,
                );
                let sums = row.sums;
                (
                    key,
                    [sums.charges, sums.credits, sums.variations, sums.seconds],
                )
            })
            .collect();
        if kept != counted {
            self.problems
                .push(format!("usage is {kept:?}, the charges are {counted:?}"));
        }
    }
}
