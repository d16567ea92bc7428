//! What readers see of an account: only what is committed.
//!
//! Owns the instant of a view. It never decides what is due.

use chrono::TimeDelta;

use super::node::Node;
use crate::{
    domain::{account::Account, balance::Balance, catalog::Catalogs, time::Instant},
    writer::submission::CommittedState,
};

/// An account as it is committed, and its balance.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The state.
    pub account: Account,
    /// The balance, with the instant it was true at.
    pub balance: Balance,
}

impl AccountView {
    /// An account as it is committed, with its balance: at `now`, or, if something due is not written
    /// so far, just before that was due.
    pub fn of(account: Account, catalogs: &Catalogs, now: Instant) -> AccountView {
        let before_due = account
            .next_due_at()
            .map(|due| due.saturating_sub(TimeDelta::microseconds(1)));
        let as_of = before_due.map_or(now, |before| before.min(now));
        let balance = account.balance(catalogs, as_of.max(account.time));
        AccountView { account, balance }
    }
}

/// The committed state with its balance at `now`; none if it was never opened.
pub(super) fn view(node: &Node, committed: &CommittedState, now: Instant) -> Option<AccountView> {
    let account = committed.account.clone();
    let open = account.is_open();
    open.then(|| AccountView::of(account, &node.catalogs(), now))
}
