//! Feeds: the committed state of an account, to those who watch it.
//!
//! Owns who watches which account. An account costs something only while somebody watches it, and a
//! slow watcher costs what a fast one does: it sees the latest state, never a queue of them. Whoever
//! must miss nothing reads the ledger and takes a feed as the sign that there is more of it. A feed
//! never reads the store, and the writer tells it only what is committed, in the order of the
//! account's sequence.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::watch;

use crate::domain::{
    account::Account,
    ids::{AccountId, Sequence},
};

/// The most watchers of a node: ten times what one is measured with, and at about 2 KiB each what a
/// node of a few gigabytes can hold. One more is answered `Overloaded`.
pub const WATCHERS_MAX: usize = 100_000;

/// The accounts that are watched on this node. Cloning gives the same ones.
#[derive(Clone, Debug, Default)]
pub struct Feeds(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    accounts: HashMap<AccountId, WatchedAccount>,
    watchers: usize,
}

#[derive(Debug)]
struct WatchedAccount {
    /// Nothing until something is committed while it is watched.
    states: watch::Sender<Option<Arc<Account>>>,
    watchers: usize,
}

impl WatchedAccount {
    /// The position of the state that was shown last.
    fn shown(&self) -> Sequence {
        let state = self.states.borrow();
        state
            .as_ref()
            .map_or(Sequence::START, |state| state.sequence)
    }
}

impl Feeds {
    /// Watches an account from now on; none if too many watch already. What was committed before is
    /// not shown: look at the account *after* this, so that nothing falls in between.
    pub fn watch(&self, account: &AccountId) -> Option<Feed> {
        let mut watched = self.lock();
        if watched.watchers >= WATCHERS_MAX {
            return None;
        }
        watched.watchers += 1;
        let entry = watched.accounts.entry(account.clone());
        let watched_account = entry.or_insert_with(|| WatchedAccount {
            states: watch::Sender::new(None),
            watchers: 0,
        });
        watched_account.watchers += 1;
        Some(Feed {
            states: watched_account.states.subscribe(),
            account: account.clone(),
            feeds: self.clone(),
        })
    }

    /// Shows a committed state to those who watch the account, unless they saw a later one.
    pub fn publish(&self, account: &AccountId, state: Arc<Account>) {
        let watched = self.lock();
        let Some(watched_account) = watched.accounts.get(account) else {
            return;
        };
        watched_account.states.send_if_modified(|shown| {
            let newer = shown
                .as_ref()
                .is_none_or(|shown| shown.sequence < state.sequence);
            if newer {
                *shown = Some(state);
            }
            newer
        });
    }

    /// The accounts that are watched.
    pub fn watched(&self) -> Vec<AccountId> {
        let watched = self.lock();
        watched.accounts.keys().cloned().collect()
    }

    /// The position of the state of an account that was shown last; none if nobody watches it.
    pub fn shown(&self, account: &AccountId) -> Option<Sequence> {
        let watched = self.lock();
        let account = watched.accounts.get(account)?;
        Some(account.shown())
    }

    /// How many watch, over all accounts.
    pub fn watchers(&self) -> usize {
        self.lock().watchers
    }

    fn forget(&self, account: &AccountId) {
        let mut watched = self.lock();
        watched.watchers -= 1;
        if let Entry::Occupied(mut entry) = watched.accounts.entry(account.clone()) {
            entry.get_mut().watchers -= 1;
            if entry.get().watchers == 0 {
                entry.remove();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        let watched = self.0.lock();
        watched.expect("nothing panics while it holds the feeds")
    }
}

/// One watcher of one account, until it is dropped.
#[derive(Debug)]
pub struct Feed {
    states: watch::Receiver<Option<Arc<Account>>>,
    account: AccountId,
    feeds: Feeds,
}

impl Feed {
    /// The latest committed state that was shown; none if there was none so far. It counts as seen.
    pub fn latest(&mut self) -> Option<Arc<Account>> {
        self.states.borrow_and_update().clone()
    }

    /// Shows a state that this watcher found committed, unless a later one was shown, and gives the
    /// latest: those who watch one account share it. It counts as seen.
    pub fn share(&mut self, state: Arc<Account>) -> Arc<Account> {
        self.feeds.publish(&self.account, Arc::clone(&state));
        self.latest().unwrap_or(state)
    }

    /// Waits for a state that was not seen.
    pub async fn changed(&mut self) {
        if self.states.changed().await.is_err() {
            // The feeds keep the sender as long as this watcher is there.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.feeds.forget(&self.account);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn state(sequence: i64) -> Arc<Account> {
        let mut account = Account::unopened(id("ada"));
        account.sequence = Sequence(sequence);
        Arc::new(account)
    }

    fn id(text: &str) -> AccountId {
        AccountId::parse(text).unwrap()
    }

    fn is_kept(feeds: &Feeds) -> bool {
        feeds.lock().accounts.contains_key(&id("ada"))
    }

    fn seen(feed: &mut Feed) -> Option<i64> {
        let latest = feed.latest();
        latest.map(|account| account.sequence.0)
    }

    #[test]
    fn a_slow_watcher_sees_the_latest_state_and_never_an_earlier_one() {
        let feeds = Feeds::default();
        let (mut ada, mut bob) = (
            feeds.watch(&id("ada")).unwrap(),
            feeds.watch(&id("bob")).unwrap(),
        );
        assert_eq!(seen(&mut ada), None);
        for sequence in [1, 2, 5, 4] {
            feeds.publish(&id("ada"), state(sequence));
        }
        assert!(ada.changed().now_or_never().is_some());
        assert_eq!(seen(&mut ada), Some(5));
        assert!(ada.changed().now_or_never().is_none());
        assert!(bob.changed().now_or_never().is_none());
    }

    #[test]
    fn an_account_is_kept_only_while_it_is_watched() {
        let feeds = Feeds::default();
        feeds.publish(&id("ada"), state(1));
        assert!(!is_kept(&feeds));
        let first = feeds.watch(&id("ada")).unwrap();
        let second = feeds.watch(&id("ada")).unwrap();
        drop(first);
        assert!(is_kept(&feeds));
        assert_eq!(feeds.watchers(), 1);
        drop(second);
        assert!(!is_kept(&feeds));
        assert_eq!(feeds.watchers(), 0);
    }

    #[test]
    fn watchers_of_one_account_share_what_they_found() {
        let feeds = Feeds::default();
        let mut first = feeds.watch(&id("ada")).unwrap();
        let mut second = feeds.watch(&id("ada")).unwrap();
        let found = first.share(state(3));
        assert!(Arc::ptr_eq(&found, &second.share(state(3))));
        assert!(Arc::ptr_eq(&found, &second.share(state(2))));
        assert_eq!(second.share(state(4)).sequence, Sequence(4));
        assert!(first.changed().now_or_never().is_some());
    }

    #[test]
    fn watchers_are_bounded() {
        let feeds = Feeds::default();
        let all: Vec<Feed> = std::iter::from_fn(|| feeds.watch(&id("ada"))).collect();
        assert_eq!(all.len(), WATCHERS_MAX);
        drop(all);
        assert!(feeds.watch(&id("ada")).is_some());
    }
}
