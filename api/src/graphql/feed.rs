//! The root of subscriptions: what happens to an account, as it is committed.
//!
//! Owns how a feed begins: with a snapshot, or where a client that was there before left off. What is
//! committed, and in which order, the ledger says. It never knows by which transport a feed travels.

use async_graphql::{Context, ID, SimpleObject};
use credits_core::{
    domain::ids::{self, AccountId},
    ledger::{AccountView, Notices, Operations, Watch},
};
use futures_util::{Stream, stream};

use super::{
    access, account::Account, balance::Balance, fault::bad_input, notice::Notice,
    operation::Operation, scalar::Sequence,
};
use crate::{auth::Scope, error::Fault};

/// A client that is at most so many operations behind resumes; one that is further behind gets a
/// snapshot, so that what it shows is not taken for a change of the last seconds.
const RESUME_BEHIND_MAX: i64 = 1_000;

/// The root of subscriptions.
#[derive(Clone, Copy)]
pub struct Subscription;

/// A balance at one position of the account's ledger. Balances are absolute: the latest one says all.
/// Take a snapshot always; ignore another event whose `sequence` is not above the last one seen.
#[derive(SimpleObject)]
pub struct BalanceUpdate {
    /// Whether it is where the feed begins, in place of what the client had; it is false for every
    /// change after that.
    pub snapshot: bool,
    /// The position, the same as `balance.sequence`. It only rises, and may skip positions.
    pub sequence: Sequence,
    /// What the account has.
    pub balance: Balance,
    /// The account as it is at this position, for clients that keep objects by their id.
    pub account: Account,
}

/// What can be watched. Each needs `credits:read`, and shows only what is committed, in order.
#[async_graphql::Subscription]
impl Subscription {
    /// The balance of an account: a snapshot first, then each change. A reader that is slower than
    /// the account misses what lies between, and never the latest.
    async fn balance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account; the token's own, if left out.")] account_id: Option<ID>,
        #[graphql(
            desc = "The last position that the client saw, to resume: nothing comes until there is a later one. If that is more than 1,000 positions back, or not of this ledger, a snapshot comes first, as without it."
        )]
        after_sequence: Option<Sequence>,
    ) -> Result<impl Stream<Item = Result<BalanceUpdate, Fault>>, Fault> {
        // In a box of its own, so that an idle subscription does not keep the room.
        let watch = Box::pin(watch(ctx, account_id.as_ref(), after_sequence)).await?;
        let begin = begin(watch.sequence(), after_sequence.map(|after| after.0));
        Ok(stream::unfold(
            (watch, begin),
            |(mut watch, begin)| async move {
                if begin == Begin::Later {
                    watch.changed().await;
                }
                let update = BalanceUpdate::new(watch.view(), begin == Begin::Snapshot);
                Some((Ok(update), (watch, Begin::Later)))
            },
        ))
    }

    /// The ledger of an account: each operation once, in order and without gaps, from a position on
    /// or from now on.
    async fn operations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account; the token's own, if left out.")] account_id: Option<ID>,
        #[graphql(
            desc = "The last position that the client has; 0 gives all there is. If left out, only what comes after now."
        )]
        after_sequence: Option<Sequence>,
    ) -> Result<impl Stream<Item = Result<Operation, Fault>>, Fault> {
        // In a box of its own, so that an idle subscription does not keep the room.
        let watch = Box::pin(watch(ctx, account_id.as_ref(), after_sequence)).await?;
        let last = watch.sequence();
        let after = after_sequence.map_or(last, |after| after.0);
        if after > last {
            return Err(bad_input(format!(
                "`afterSequence` is {after}, but the account's last position is {last}."
            )));
        }
        let operations = watch.operations_after(after);
        Ok(stream::unfold(Some(operations), follow))
    }

    /// What the account is told without having asked: first what is so at present, oldest first, then
    /// each notice as it comes, by what is committed or at its instant. A client drops what it has seen
    /// by `id`: it may come again after a break.
    async fn notices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account; the token's own, if left out.")] account_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Notice, Fault>>, Fault> {
        let account = access::account(ctx, Scope::CreditsRead, account_id.as_ref())?;
        // In boxes of their own, so that an idle subscription does not keep the room.
        let watch = Box::pin(watch(ctx, account_id.as_ref(), None)).await?;
        let notices = Box::pin(watch.notices()).await?;
        let notices = Box::new(notices);
        Ok(stream::unfold(Some((account, notices)), hear))
    }
}

/// The account to watch, if the caller may. Nobody learns whether a foreign one exists.
async fn watch(
    ctx: &Context<'_>,
    named: Option<&ID>,
    after: Option<Sequence>,
) -> Result<Watch, Fault> {
    let account = access::account(ctx, Scope::CreditsRead, named)?;
    // What the client saw by another node is looked for before it is doubted.
    let seen = after.map_or(ids::Sequence::START, |after| after.0);
    let watch = access::ledger(ctx).watch(&account, seen).await?;
    watch.ok_or_else(access::not_found)
}

/// How a feed of balances begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    /// With the balance there is, in place of what the client has.
    Snapshot,
    /// With the balance there is, as the next change.
    Now,
    /// With the next change.
    Later,
}

/// How a feed of an account at `position` begins for a client that saw `after` last.
fn begin(position: ids::Sequence, after: Option<ids::Sequence>) -> Begin {
    match after.map(|after| position.0 - after.0) {
        Some(0) => Begin::Later,
        Some(1..=RESUME_BEHIND_MAX) => Begin::Now,
        // A client that is ahead saw another ledger, such as one that was lost with its disk.
        Some(_) | None => Begin::Snapshot,
    }
}

impl BalanceUpdate {
    fn new(view: AccountView, snapshot: bool) -> BalanceUpdate {
        BalanceUpdate {
            snapshot,
            sequence: view.balance.sequence.into(),
            balance: Balance::from(&view.balance),
            account: Account::from(view),
        }
    }
}

/// The next operation; a fault ends the feed.
async fn follow(
    following: Option<Operations>,
) -> Option<(Result<Operation, Fault>, Option<Operations>)> {
    let mut following = following?;
    Some(match following.next().await {
        Ok(operation) => (Ok(Operation::from(operation)), Some(following)),
        Err(error) => (Err(Fault::from(error)), None),
    })
}

/// The next notice; a fault ends the feed.
async fn hear(
    hearing: Option<(AccountId, Box<Notices>)>,
) -> Option<(Result<Notice, Fault>, Option<(AccountId, Box<Notices>)>)> {
    let (account, mut notices) = hearing?;
    Some(match Box::pin(notices.next()).await {
        Ok(notice) => (Ok(Notice::new(&account, notice)), Some((account, notices))),
        Err(error) => (Err(Fault::from(error)), None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_begins_where_the_client_left_off_if_that_is_near() {
        let rows = [
            (None, Begin::Snapshot),
            (Some(5_000), Begin::Later),
            (Some(4_999), Begin::Now),
            (Some(4_000), Begin::Now),
            (Some(3_999), Begin::Snapshot),
            (Some(0), Begin::Snapshot),
            (Some(5_001), Begin::Snapshot),
        ];
        for (after, expected) in rows {
            let after = after.map(ids::Sequence);
            assert_eq!(begin(ids::Sequence(5_000), after), expected, "{after:?}");
        }
    }
}
