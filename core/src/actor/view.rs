//! What readers see of an account: only what is committed.
//!
//! Owns the instant of a view. It never decides what is due.

use std::sync::Arc;

use chrono::TimeDelta;

use super::node::Node;
use crate::{
    domain::{account::Account, balance::Balance, time::Instant},
    writer::submission::CommittedState,
};

/// An account as it is committed, and its balance.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The state.
    pub account: Arc<Account>,
    /// The balance, with the instant it was true at.
    pub balance: Balance,
}

/// The committed state with its balance: at `now`, or, if something due could not be written, just
/// before that was due.
pub(super) fn view(node: &Node, committed: &CommittedState, now: Instant) -> Option<AccountView> {
    let account = Arc::clone(&committed.account);
    if !account.is_open() {
        return None;
    }
    let before_due = account
        .next_due_at()
        .map(|due| due.saturating_sub(TimeDelta::microseconds(1)));
    let as_of = before_due.map_or(now, |before| before.min(now));
    let balance = account.balance(&node.catalogs(), as_of.max(account.time));
    Some(AccountView { account, balance })
}
