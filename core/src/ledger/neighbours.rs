//! What other nodes do to the same accounts, and how this one comes to know of it.
//!
//! Owns no truth: a node that heard nothing is right all the same, because the database decides who wins.
//! But whoever reads here should see what was written there, soon, and whoever watches here must see it
//! all. Other nodes tell what they committed, once a batch; since that can be lost, the positions of all
//! accounts that are watched are looked at as well, and in turn those of the others in memory. So the work
//! grows with what is watched and in memory here, never with the number of accounts.

use std::{sync::Arc, time::Duration};

use actix::dev::SendError;
use tokio::{
    sync::{oneshot, watch},
    time::{Instant as Monotonic, timeout_at},
};
use tracing::warn;

use super::Ledger;
use crate::{
    actor::{
        message::{Overtaken, View},
        registry::{Registry, WeakRegistry},
        view::AccountView,
    },
    domain::ids::{AccountId, CatalogVersion, Sequence},
    error::LedgerError,
    store::{Neighbours, StoreError},
};

/// How often positions are looked at without having been told: as long as a lost hint may delay a
/// watcher.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many positions are asked for at once: one JSON parameter of some tens of kilobytes.
const POSITIONS_MAX: usize = 1_000;
/// How many accounts that nobody watches are looked at each time.
const UNWATCHED_MAX: usize = 1_000;
/// How long a view of an account may take before its watchers wait for the next look.
const VIEW_WITHIN: Duration = Duration::from_secs(4);

/// Where it is, in what it does over and over.
#[derive(Default)]
struct Round {
    /// The accounts in memory that are still to be looked at in this round.
    unwatched: Vec<AccountId>,
}

impl Ledger {
    /// As [`Ledger::view`], of at least that position if the account has come so far: another node may
    /// have written what this one has not heard of.
    pub async fn view_at(
        &self,
        account: &AccountId,
        at_least: Sequence,
    ) -> Result<Option<AccountView>, LedgerError> {
        let view = self.view(account).await?;
        let is_behind = |view: &AccountView| view.account.sequence < at_least;
        if !view.as_ref().is_some_and(is_behind) {
            return Ok(view);
        }
        if let Some(actor) = self.registry.resident(account) {
            // One whose mailbox is full is looked at as it is.
            let _full = actor.try_send(Overtaken { sequence: at_least });
        }
        self.view(account).await
    }
}

/// Heeds what others do, as long as somebody uses the registry.
pub(super) async fn heed(
    registry: WeakRegistry,
    mut news: Box<dyn Neighbours>,
    published: Arc<watch::Sender<CatalogVersion>>,
) {
    let mut round = Round::default();
    let mut next_look = Monotonic::now() + LOOK_EVERY;
    loop {
        let told = timeout_at(next_look, news.told()).await;
        let Some(registry) = registry.upgrade() else {
            return;
        };
        match told {
            Ok(Ok(told)) => take_note(&registry, told).await,
            Ok(Err(error)) => {
                warn!(error = %error, "what other nodes tell can't be heard");
                tokio::time::sleep_until(next_look).await;
            }
            Err(_) => {}
        }
        if Monotonic::now() >= next_look {
            if let Err(error) = look(&registry, &mut round, &published).await {
                warn!(error = %error, "what other nodes did can't be looked at");
            }
            next_look = Monotonic::now() + LOOK_EVERY;
        }
    }
}

/// Looks without having been told.
async fn look(
    registry: &Registry,
    round: &mut Round,
    published: &watch::Sender<CatalogVersion>,
) -> Result<(), StoreError> {
    let node = registry.node();
    node.learn().await?;
    // It may have been learnt before, by somebody who met what is in it.
    if let Some(latest) = node.catalogs().latest() {
        published.send_if_modified(|told| {
            let later = latest.version > *told;
            *told = latest.version.max(*told);
            later
        });
    }
    if round.unwatched.is_empty() {
        round.unwatched = registry.accounts();
    }
    let rest = round.unwatched.len().saturating_sub(UNWATCHED_MAX);
    let mut accounts = round.unwatched.split_off(rest);
    accounts.extend(node.writer.feeds().watched());
    for accounts in accounts.chunks(POSITIONS_MAX) {
        let positions = node.store.positions(accounts).await?;
        take_note(registry, positions).await;
    }
    Ok(())
}

/// Lets those who have an account in memory, and those who watch it, see that it is further.
async fn take_note(registry: &Registry, told: Vec<(AccountId, Sequence)>) {
    let feeds = registry.node().writer.feeds();
    for (account, sequence) in told {
        if let Some(actor) = registry.resident(&account) {
            // One whose mailbox is full decides, and learns it from its loss.
            let _full = actor.try_send(Overtaken { sequence });
        }
        if feeds.shown(&account).is_some_and(|shown| shown < sequence) {
            show(registry, &account).await;
        }
    }
}

/// Shows those who watch an account what it has come to.
async fn show(registry: &Registry, account: &AccountId) {
    let (reply, answer) = oneshot::channel();
    let Ok(actor) = registry.find(account) else {
        return;
    };
    if let Err(SendError::Full(_) | SendError::Closed(_)) = actor.try_send(View { reply }) {
        return;
    }
    if let Ok(Ok(Ok(Some(view)))) = timeout_at(Monotonic::now() + VIEW_WITHIN, answer).await {
        let feeds = registry.node().writer.feeds();
        feeds.publish(account, view.account);
    }
}
