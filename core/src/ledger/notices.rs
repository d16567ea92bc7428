//! Notices of an account: those of the last months, and those to come as they come.
//!
//! Owns what of the ledger is read for them: the operations of a bounded window, walked from their
//! oldest on. A live reader gets first what is so at present, then each notice when what gives it is
//! committed or when the clock reaches it.

use std::collections::{BTreeSet, VecDeque};

use chrono::TimeDelta;

use super::{Ledger, Watch};
use crate::{
    actor::view::AccountView,
    domain::{
        account::Account,
        catalog::{Catalogs, PublishedCatalog},
        event::{Charged, Fact},
        ids::{CatalogVersion, LotId, Sequence},
        lot::LotTerms,
        notices::{
            Announcement, CHARGES_COMPARED_MAX, Notice, NoticeFact, Opening, Teller, current,
        },
        outcome::{Accepted, Operation},
        time::Instant,
    },
    error::LedgerError,
    store::{OperationFilter, SequenceWindow},
};

/// How far back notices are told, in days: a quarter.
pub const NOTICE_DAYS: i64 = 90;
/// The most operations that are walked for them, the latest: about a tenth of a second.
pub const NOTICE_OPERATIONS_MAX: usize = 5_000;
/// How many of them are read at a time: most accounts have fewer in a quarter.
const READ_AT_ONCE: u64 = 250;

/// What a walk along the ledger found.
struct Walked {
    /// Where it stands.
    teller: Teller,
    /// What it told, oldest first.
    notices: Vec<Notice>,
    /// Before what nothing is told.
    from: Instant,
}

impl Ledger {
    /// The notices of the last [`NOTICE_DAYS`], oldest first, until the instant of the view's balance:
    /// those that follow from the last [`NOTICE_OPERATIONS_MAX`] operations.
    pub async fn notices(&self, view: &AccountView) -> Result<Vec<Notice>, LedgerError> {
        let until = view.balance.as_of;
        let (_, notices) = self.told(view, &self.catalogs(), until).await?;
        Ok(notices)
    }

    /// What was told until the instant of the view's balance, oldest first, with the catalogs that were
    /// announced until `announced_until`; and where that leaves its teller.
    async fn told(
        &self,
        view: &AccountView,
        catalogs: &Catalogs,
        announced_until: Instant,
    ) -> Result<(Teller, Vec<Notice>), LedgerError> {
        let until = view.balance.as_of;
        let Walked {
            mut teller,
            mut notices,
            from,
        } = self.walk(&view.account, catalogs, until).await?;
        notices.extend(teller.passes(catalogs, until));
        let all = CatalogVersion(0);
        let announced = self.announced(&view.account, catalogs, all, from, announced_until);
        notices.extend(announced.await?);
        notices.sort_by_key(|notice| (notice.at, notice.code()));
        Ok((teller, notices))
    }

    /// Walks the ledger to the account's state, as far as `until` is not before it.
    async fn walk(
        &self,
        account: &Account,
        catalogs: &Catalogs,
        until: Instant,
    ) -> Result<Walked, LedgerError> {
        let from = until.saturating_sub(TimeDelta::days(NOTICE_DAYS));
        let (last, since) = self.since(account, from).await?;
        let position = last
            .as_ref()
            .map_or(Sequence::START, |last| last.operation.sequence);
        let terms = self.vanished(account, position, &since).await?;
        let opening = Opening::before(account, last.as_ref(), &since, terms);
        let mut teller = Teller::new(opening, catalogs);
        let mut notices = Vec::new();
        for accepted in &since {
            notices.extend(teller.hear(catalogs, accepted));
        }
        notices.extend(teller.settle(catalogs));
        let from = last.map_or(from, |last| from.max(last.operation.event.at));
        notices.retain(|notice| notice.at > from);
        Ok(Walked {
            teller,
            notices,
            from,
        })
    }

    /// The operations after `from`, or the latest of them, oldest first; and the one before them.
    async fn since(
        &self,
        account: &Account,
        from: Instant,
    ) -> Result<(Option<Accepted>, Vec<Accepted>), LedgerError> {
        let all = OperationFilter::default();
        let mut read: Vec<Accepted> = Vec::new();
        let mut below = account.sequence.next();
        let mut from = from;
        loop {
            let window = SequenceWindow {
                above: None,
                below: Some(below),
                newest_first: true,
                limit: READ_AT_ONCE,
            };
            read.extend(self.accepted(&account.id, &all, &window).await?);
            let Some(oldest) = read.last().map(|oldest| &oldest.operation) else {
                break;
            };
            if oldest.event.at <= from || oldest.sequence == Sequence::START.next() {
                break;
            }
            if read.len() >= NOTICE_OPERATIONS_MAX {
                // What time did at one instant is not told apart.
                from = oldest.event.at;
                break;
            }
            below = oldest.sequence;
        }
        read.reverse();
        let place = read.partition_point(|one| one.operation.event.at <= from);
        let since = read.split_off(place);
        Ok((read.pop(), since))
    }

    /// The terms of lots that the operations `since` moved, and that neither they made nor the account
    /// still has.
    async fn vanished(
        &self,
        account: &Account,
        position: Sequence,
        since: &[Accepted],
    ) -> Result<Vec<(LotId, LotTerms)>, LedgerError> {
        let moved = since.iter().flat_map(|one| &one.operation.event.postings);
        let mut wanted: BTreeSet<LotId> = moved.map(|posting| posting.lot).collect();
        wanted.retain(|lot| *lot <= position && account.lot(*lot).is_none());
        self.lot_terms(&account.id, wanted).await
    }

    /// What was announced in `(after, until]` by catalogs after `above`, compared with what the account
    /// ran before each.
    async fn announced(
        &self,
        account: &Account,
        catalogs: &Catalogs,
        above: CatalogVersion,
        after: Instant,
        until: Instant,
    ) -> Result<Vec<Notice>, LedgerError> {
        let mut notices = Vec::new();
        let announced = catalogs.announced(after.max(account.opened_at), until);
        for catalog in announced.filter(|one| one.version > above) {
            let announcement = self.compared(account, catalog).await?;
            notices.push(Notice {
                at: catalog.published_at,
                fact: NoticeFact::PriceChangeAnnounced(announcement),
            });
        }
        Ok(notices)
    }

    async fn compared(
        &self,
        account: &Account,
        catalog: &PublishedCatalog,
    ) -> Result<Announcement, LedgerError> {
        let since = Announcement::compared_from(catalog);
        let above = self.position_at(&account.id, since).await?;
        let last = self.position_at(&account.id, catalog.published_at).await?;
        let (charges, more) = self
            .charges_between(&account.id, above, last.next(), CHARGES_COMPARED_MAX)
            .await?;
        let oldest = charges.first().filter(|_| more);
        let since = oldest.map_or(since, |oldest| oldest.event.at);
        let charged = charges.iter().filter_map(charged);
        Ok(Announcement::of(catalog, since, charged))
    }
}

fn charged(operation: &Operation) -> Option<&Charged> {
    let Fact::Charge(charged) = &operation.event.fact else {
        return None;
    };
    Some(charged)
}

/// The notices of an account as they come: first those that are so at present.
pub struct Notices {
    watch: Watch,
    teller: Teller,
    /// Up to where the ledger was heard.
    position: Sequence,
    /// Up to which catalog announcements were told.
    announced: CatalogVersion,
    published: tokio::sync::watch::Receiver<CatalogVersion>,
    ready: VecDeque<Notice>,
}

impl Watch {
    /// What the account is told, from what is so at present on.
    pub async fn notices(self) -> Result<Notices, LedgerError> {
        // In this order: what is published after the catalogs were taken is heard.
        let published = self.ledger().published.subscribe();
        let catalogs = self.ledger().catalogs();
        let view = self.view();
        // Whatever the clock of the node that published it says: the versions tell what was told.
        let told = self.ledger().told(&view, &catalogs, Instant::MAX);
        let (teller, notices) = told.await?;
        let latest = catalogs.latest();
        let latest = latest.map_or(CatalogVersion(0), |latest| latest.version);
        Ok(Notices {
            teller,
            position: self.sequence(),
            announced: latest,
            published,
            ready: current(&notices, &view.balance).into(),
            watch: self,
        })
    }
}

impl Notices {
    /// The next notice; waits until there is one. Fails if the ledger can't be read for long.
    pub async fn next(&mut self) -> Result<Notice, LedgerError> {
        loop {
            if let Some(next) = self.ready.pop_front() {
                return Ok(next);
            }
            if self.watch.sequence() > self.position {
                self.hear().await?;
                continue;
            }
            let ledger = self.watch.ledger().clone();
            let (now, due) = (ledger.now(), self.watch.state().next_due_at());
            if due.is_some_and(|due| due <= now) {
                // What time did is heard before what it is told of.
                self.watch.changed().await;
                continue;
            }
            let catalogs = ledger.catalogs();
            let next_at = self.teller.next_at(&catalogs);
            if next_at.is_some_and(|at| at <= now) {
                // What was committed a moment ago, and is on its way here, comes before what time tells.
                let notices = if self.read_on(&catalogs).await? {
                    self.teller.settle(&catalogs)
                } else {
                    self.teller.passes(&catalogs, now)
                };
                self.ready.extend(notices);
                continue;
            }
            let reached = async {
                match next_at {
                    Some(at) => ledger.node.clock.reaches(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.watch.changed() => {}
                () = reached => {}
                published = self.published.changed() => {
                    // The ledger that publishes is held by the watch.
                    if published.is_ok() {
                        self.hear_announced(&ledger).await?;
                    }
                }
            }
        }
    }

    /// Hears the ledger as far as it is committed.
    async fn hear(&mut self) -> Result<(), LedgerError> {
        let catalogs = self.watch.ledger().catalogs();
        while self.watch.sequence() > self.position {
            self.read_on(&catalogs).await?;
        }
        self.ready.extend(self.teller.settle(&catalogs));
        Ok(())
    }

    /// Hears more of the ledger; tells whether there was more.
    async fn read_on(&mut self, catalogs: &Catalogs) -> Result<bool, LedgerError> {
        let more = self.watch.read_on(self.position).await?;
        for accepted in &more {
            self.position = accepted.operation.sequence;
            self.ready.extend(self.teller.hear(catalogs, accepted));
        }
        Ok(!more.is_empty())
    }

    async fn hear_announced(&mut self, ledger: &Ledger) -> Result<(), LedgerError> {
        let catalogs = ledger.catalogs();
        let account = self.watch.state();
        let (above, opened) = (self.announced, account.opened_at);
        let announced = ledger.announced(account, &catalogs, above, opened, Instant::MAX);
        self.ready.extend(announced.await?);
        let latest = catalogs.latest().map(|latest| latest.version);
        self.announced = latest.unwrap_or(self.announced);
        Ok(())
    }
}
