//! When notices are told: a walk along the ledger.
//!
//! Owns the walk. It begins at some operation with what the account had then, hears each operation
//! after it, and tells what follows from it and from the time that passes in between. Its state is
//! what notices need and nothing else, so that a ledger of years is not replayed to tell of a month.
//!
//! What time does at one instant counts as one: between the end of one period's allowance and the
//! grant of the next nobody is out of credits.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Notice, NoticeFact, NoticeKey, is_within};
use crate::domain::{
    account::Account,
    balance::{AllowanceUsage, Balance},
    catalog::{Catalog, Catalogs, PublishedCatalog},
    credits::Credits,
    ids::{CatalogVersion, LotId, PlanId, Sequence},
    lot::{LotTerms, Origin},
    outcome::{Accepted, Operation},
    time::Instant,
};

/// What an account had when a walk begins: its lots with what remains of each, and the operation
/// before which nothing is told.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    lots: BTreeMap<LotId, Remaining>,
    last: Option<Heard>,
}

#[derive(Clone, Debug)]
struct Remaining {
    terms: LotTerms,
    amount: i64,
}

/// What is known after an operation.
#[derive(Clone, Debug)]
struct Heard {
    sequence: Sequence,
    at: Instant,
    by_time: bool,
    available: Credits,
    held: Credits,
    allowance: Option<AllowanceUsage>,
}

impl Heard {
    fn new(operation: &Operation, balance: &Balance) -> Heard {
        Heard {
            sequence: operation.sequence,
            at: operation.event.at,
            by_time: operation.event.caused_by.is_none(),
            available: balance.available,
            held: balance.held,
            allowance: balance.allowance.clone(),
        }
    }
}

impl Opening {
    /// What `account` had right after the operation `last`, found by taking back what happened since:
    /// `since` are all operations after `last`, and `terms` those of lots that were made by then.
    pub fn before(
        account: &Account,
        last: Option<&Accepted>,
        since: &[Accepted],
        terms: impl IntoIterator<Item = (LotId, LotTerms)>,
    ) -> Opening {
        let from = last.map_or(Sequence::START, |last| last.operation.sequence);
        let mut amounts: BTreeMap<LotId, i64> = BTreeMap::new();
        for lot in &account.lots {
            amounts.insert(lot.id, lot.remaining.get());
        }
        let postings = since.iter().flat_map(|one| &one.operation.event.postings);
        for posting in postings {
            *amounts.entry(posting.lot).or_default() -= posting.available;
        }
        let present = account.lots.iter().map(|lot| (lot.id, lot.terms.clone()));
        let terms: BTreeMap<LotId, LotTerms> = terms.into_iter().chain(present).collect();
        let lots = amounts.into_iter().filter(|(lot, _)| *lot <= from);
        let lots = lots.filter_map(|(lot, amount)| {
            let terms = terms.get(&lot)?.clone();
            Some((lot, Remaining { terms, amount }))
        });
        Opening {
            lots: lots.collect(),
            last: last.map(|last| Heard::new(&last.operation, &last.balance)),
        }
    }
}

/// One who tells the notices of an account as its ledger goes on.
#[derive(Clone, Debug)]
pub struct Teller {
    lots: BTreeMap<LotId, Remaining>,
    /// The last operation whose notices are told.
    settled: Option<Heard>,
    /// The last operation heard, if it may be one of several that time did at its instant.
    open: Option<Heard>,
    /// Until when time is told.
    told_until: Instant,
    /// What is told of time, with the instant after which it can't be told again.
    told: BTreeMap<NoticeKey, Instant>,
    /// The least that anything costs, by the catalog last asked.
    cheapest: Option<(CatalogVersion, Option<Credits>)>,
}

impl Teller {
    /// Begins where `opening` is. What was due to be told by then counts as told.
    pub fn new(opening: Opening, catalogs: &Catalogs) -> Teller {
        let at = opening
            .last
            .as_ref()
            .map_or(Instant::default(), |one| one.at);
        let mut teller = Teller {
            lots: opening.lots,
            settled: opening.last,
            open: None,
            told_until: at,
            told: BTreeMap::new(),
            cheapest: None,
        };
        teller.passes(catalogs, at);
        teller
    }

    /// Hears the next operation, and tells what is certain by it: what it itself gives is told with
    /// the next one, or by [`Teller::settle`].
    pub fn hear(&mut self, catalogs: &Catalogs, accepted: &Accepted) -> Vec<Notice> {
        let operation = &accepted.operation;
        let heard = Heard::new(operation, &accepted.balance);
        let same_instant = |open: &Heard| open.by_time && heard.by_time && open.at == heard.at;
        let mut notices = Vec::new();
        if !self.open.as_ref().is_some_and(same_instant) {
            notices = self.settle(catalogs);
            notices.extend(self.passes(catalogs, heard.at));
        }
        if let Some(terms) = operation.event.fact.new_lot() {
            let terms = terms.clone();
            let made = Remaining { terms, amount: 0 };
            self.lots.insert(operation.sequence, made);
        }
        for posting in &operation.event.postings {
            if let Some(lot) = self.lots.get_mut(&posting.lot) {
                lot.amount += posting.available;
            }
        }
        self.open = Some(heard);
        notices
    }

    /// Tells what the operations heard give: the ledger has no more for now.
    pub fn settle(&mut self, catalogs: &Catalogs) -> Vec<Notice> {
        let Some(now) = self.open.take() else {
            return Vec::new();
        };
        let before = self.settled.replace(now.clone());
        let before = before.map_or(Credits::ZERO, |before| before.available);
        let mut notices = Vec::new();
        notices.extend(self.crossed(catalogs, before, &now));
        // What the operation made may be due to be told already.
        notices.extend(self.passes(catalogs, now.at));
        notices
    }

    /// Lets time pass until `until`, included, and tells what is due to be told by then, in order.
    pub fn passes(&mut self, catalogs: &Catalogs, until: Instant) -> Vec<Notice> {
        let mut notices = self.due(catalogs);
        notices.retain(|notice| notice.at <= until);
        notices.sort_by_key(|notice| (notice.at, notice.code()));
        for notice in &notices {
            let gone = notice.happens_at().unwrap_or(until);
            self.told.insert(notice.key(), gone);
        }
        self.told_until = self.told_until.max(until);
        let now = self.told_until;
        self.told.retain(|_, gone| *gone > now);
        notices
    }

    /// What is told of an operation with which `before` became what `now` has: that nothing is left for
    /// anything, or else that it is low.
    fn crossed(&mut self, catalogs: &Catalogs, before: Credits, now: &Heard) -> Option<Notice> {
        let available = now.available;
        if available >= before {
            return None;
        }
        let published = catalogs.terms_at(now.at);
        let fact = match self.cheapest(published) {
            Some(cheapest) if available < cheapest => {
                (before >= cheapest).then(|| NoticeFact::Exhausted {
                    sequence: now.sequence,
                    available,
                    held: now.held,
                    cheapest,
                    renews_at: now.allowance.as_ref().and_then(|one| one.renews_at),
                })
            }
            Some(_) | None => low(&published.catalog, before, now),
        };
        fact.map(|fact| Notice { at: now.at, fact })
    }

    fn cheapest(&mut self, published: &PublishedCatalog) -> Option<Credits> {
        match self.cheapest {
            Some((version, cheapest)) if version == published.version => cheapest,
            Some(_) | None => {
                let cheapest = published.catalog.cheapest();
                self.cheapest = Some((published.version, cheapest));
                cheapest
            }
        }
    }

    /// When time alone gives the next notice; none if it gives none.
    pub fn next_at(&self, catalogs: &Catalogs) -> Option<Instant> {
        self.due(catalogs).iter().map(|notice| notice.at).min()
    }

    /// What time will tell if nothing else happens, each at its instant.
    fn due(&self, catalogs: &Catalogs) -> Vec<Notice> {
        let Some(heard) = &self.settled else {
            return Vec::new();
        };
        let advice = &catalogs.terms_at(heard.at).catalog.advice;
        let mut due: Vec<(u32, Instant, NoticeFact)> = Vec::new();
        let allowance = heard.allowance.as_ref();
        if let Some((allowance, renews_at)) = allowance.and_then(|one| Some((one, one.renews_at?)))
        {
            let renews_with = allowance.renews_with;
            let fact = NoticeFact::RenewsSoon {
                renews_at,
                renews_with,
            };
            due.push((advice.renews_soon_days, renews_at, fact));
        }
        for (ends_at, unused) in self.ending() {
            let lapsing = unused.lapsing(catalogs, ends_at);
            if let Some(fact) = lapsing {
                due.push((advice.lapses_soon_days, ends_at, fact));
            }
            if let Some(fact) = unused.expiring(ends_at) {
                due.push((advice.pack_expiring_days, ends_at, fact));
            }
        }
        let open = due.into_iter().filter(|(_, end, _)| *end > self.told_until);
        let notices = open.map(|(days, end, fact)| Notice {
            at: end
                .saturating_sub(TimeDelta::days(i64::from(days)))
                .max(self.told_from(heard)),
            fact,
        });
        let fresh = notices.filter(|notice| !self.told.contains_key(&notice.key()));
        fresh.collect()
    }

    /// Nothing is told before what it is told of was there.
    fn told_from(&self, heard: &Heard) -> Instant {
        heard.at.max(self.told_until)
    }

    /// What ends, by when it does.
    fn ending(&self) -> BTreeMap<Instant, Unused> {
        let mut ending: BTreeMap<Instant, Unused> = BTreeMap::new();
        for lot in self.lots.values().filter(|lot| lot.amount > 0) {
            if let Some(ends_at) = lot.terms.expires_at {
                ending.entry(ends_at).or_default().add(lot);
            }
        }
        ending
    }
}

/// What is unused of lots that end together.
#[derive(Debug, Default)]
struct Unused {
    /// By subscription and period, with the plan of the latest lot: its terms are those by which the
    /// period hands on.
    allowance: BTreeMap<(Sequence, u32), (PlanId, i64)>,
    rollover: i64,
    packs: i64,
}

impl Unused {
    fn add(&mut self, lot: &Remaining) {
        match &lot.terms.origin {
            Origin::Plan {
                plan,
                subscription,
                period,
            } => {
                let period = self.allowance.entry((*subscription, *period));
                let (latest, amount) = period.or_insert_with(|| (plan.clone(), 0));
                latest.clone_from(plan);
                *amount += lot.amount;
            }
            Origin::Rollover { .. } => self.rollover += lot.amount,
            Origin::Pack { .. } => self.packs += lot.amount,
        }
    }

    fn lapsing(&self, catalogs: &Catalogs, at: Instant) -> Option<NoticeFact> {
        let mut amount = self.rollover;
        let mut rolls_over = 0;
        for (plan, unused) in self.allowance.values() {
            let kept = catalogs.rollover_max(plan, at).get().min(*unused);
            rolls_over += kept;
            amount += unused - kept;
        }
        (amount > 0).then(|| NoticeFact::LapsesSoon {
            lapses_at: at,
            amount: whole(amount),
            rolls_over: whole(rolls_over),
        })
    }

    fn expiring(&self, at: Instant) -> Option<NoticeFact> {
        (self.packs > 0).then(|| NoticeFact::PackExpiring {
            expires_at: at,
            amount: whole(self.packs),
        })
    }
}

fn whole(amount: i64) -> Credits {
    Credits::new(amount).expect("what remains of lots is bounded where credits enter")
}

/// The lowest share of the allowance that was come down to, if one was.
fn low(catalog: &Catalog, before: Credits, now: &Heard) -> Option<NoticeFact> {
    let allowance = now.allowance.as_ref()?.granted;
    let reached = |amount: Credits, percent: u32| is_within(amount, percent, allowance);
    let percents = catalog.advice.low_credits_percent.iter().copied();
    let percent = percents
        .filter(|percent| reached(now.available, *percent) && !reached(before, *percent))
        .min()?;
    Some(NoticeFact::Low {
        sequence: now.sequence,
        percent,
        allowance,
        available: now.available,
    })
}
