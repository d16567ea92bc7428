//! Where decisions are kept: one trait, in the words of the domain.
//!
//! Owns what a store promises to the writer and to readers. It never decides, and it never tells a
//! database error from a business "no": those never arise here. [`sql`] keeps it in a database;
//! the tests bring a store in memory that fails on demand.

mod due;
mod standing;
mod usage;

pub mod memory;
pub mod sql;

#[cfg(test)]
pub(crate) mod tests;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;

pub use self::usage::{Usage, UsageDimension, UsageQuery, UsageRow};
use crate::domain::{
    account::Account,
    event::{Cause, OperationKind},
    hold::{Hold, ResolvedHold},
    ids::{AccountId, ActionId, CatalogVersion, HoldId, ModelId, OperationId, ProjectId, Sequence},
    outcome::Decision,
    payment::{PaymentKey, PaymentUse},
    record::{CorruptRecord, Head, OperationRecord, RefusalRecord},
    time::Instant,
    usage::UsageTally,
};

pub use self::{
    due::{DueAccount, DueClaim, DueDecision, DuePlace, DueWindow},
    standing::AccountStanding,
};

/// All that one transaction writes for one account: what was decided on top of `base`, in order.
#[derive(Clone, Debug)]
pub struct AccountWork {
    /// The account.
    pub account: AccountId,
    /// The end of the chain that it was decided on. [`Head::START`] makes the account.
    pub base: Head,
    /// The operations, contiguous from `base`. May be empty if there are refusals only.
    pub operations: Vec<OperationRecord>,
    /// The sums of the groups that the operations end, see [`usage`](crate::domain::usage).
    pub usage: UsageTally,
    /// The refusals that depended on the state.
    pub refusals: Vec<RefusalRecord>,
    /// The payments that became known by the operations.
    pub payments: Vec<PaymentUse>,
    /// The state after all of it.
    pub after: Arc<Account>,
}

impl AccountWork {
    /// The end of the chain after all of it.
    pub fn head(&self) -> Head {
        self.operations
            .last()
            .map_or(self.base, OperationRecord::head)
    }

    /// The operation ids that clients gave, of operations and refusals. What time did has derived ids,
    /// which many accounts share and no client can take: on a chain that ends where the work begins
    /// none of them is known, so that nobody looks for them.
    pub fn operation_ids(&self) -> impl Iterator<Item = OperationId> {
        let asked = self.operations.iter().filter(|one| one.content.is_some());
        let accepted = asked.map(|record| record.operation_id);
        let refused = self.refusals.iter().map(|record| record.operation_id);
        accepted.chain(refused)
    }
}

/// Which accounts of a batch are in the database now. The others have lost: another node was
/// faster, or an operation id or a payment of theirs is known already. Nothing of a loser is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The accounts of which nothing was written.
    pub lost: Vec<AccountId>,
}

/// An account as the database has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The state; unopened, if there is none.
    pub account: Account,
    /// The end of its chain.
    pub head: Head,
}

/// A hold as the ledger has it.
#[derive(Clone, Debug, PartialEq)]
pub enum KeptHold {
    /// It is open.
    Open(Hold),
    /// It has ended.
    Resolved(ResolvedHold),
}

/// What a decision must know that is not in the account's state, to be looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Ids that may have been decided on the account.
    pub ids: Vec<OperationId>,
    /// Payments that may have been used, on any account.
    pub payments: Vec<PaymentKey>,
    /// Holds of the account.
    pub holds: Vec<HoldId>,
}

/// What was found; what is not there is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// What the ids were decided to be.
    pub decisions: HashMap<OperationId, Decision>,
    /// What the payments were used for.
    pub payments: HashMap<PaymentKey, PaymentUse>,
    /// How the holds stand.
    pub holds: HashMap<HoldId, KeptHold>,
}

/// A decision that is made while the account is locked, in the transaction that writes it.
pub trait LockedDecision: Send {
    /// The account to lock.
    fn account(&self) -> &AccountId;

    /// What is to be looked up for it.
    fn lookups(&self) -> Lookups;

    /// Decides on what is there: what is to be written on top of it, if anything. Asked at most once.
    fn decide(&mut self, loaded: Loaded, found: Found) -> Option<&AccountWork>;
}

/// A catalog as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCatalog {
    /// The version.
    pub version: CatalogVersion,
    /// From when it counts.
    pub effective_at: Instant,
    /// When it was published.
    pub published_at: Instant,
    /// BLAKE3 of the source.
    pub hash: [u8; 32],
    /// The file as published.
    pub source: String,
    /// The client's call that published it; none at start and from the command line.
    pub cause: Option<Cause>,
}

/// A payment as it is kept: whose it is, and by which operation it became known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPayment {
    /// The payment.
    pub key: PaymentKey,
    /// The account that it was used on.
    pub account: AccountId,
    /// The operation that used it.
    pub operation_id: OperationId,
}

/// The place of a payment without effect among all of them: when its report was decided, on which account
/// and at which position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WithoutEffectPlace {
    /// When it was decided, in microseconds since 1970.
    pub at_us: i64,
    /// The account's key.
    pub key: i64,
    /// The position.
    pub sequence: i64,
}

/// Which operations of an account are wanted. Empty lists and `None` want all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationFilter {
    /// Of these kinds.
    pub kinds: Vec<OperationKind>,
    /// Of this project.
    pub project: Option<ProjectId>,
    /// With this model.
    pub model: Option<ModelId>,
    /// Of this action.
    pub action: Option<ActionId>,
    /// Resolving or changing one of these holds.
    pub holds: Vec<HoldId>,
    /// At one of these positions.
    pub sequences: Vec<Sequence>,
    /// Found by the root of this chain: the charges that go on with it, and its marks.
    pub chain: Option<OperationId>,
}

/// A window on an account's operations, bounded by positions that are not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceWindow {
    /// Only positions above it.
    pub above: Option<Sequence>,
    /// Only positions below it.
    pub below: Option<Sequence>,
    /// From the newest down, or from the oldest up.
    pub newest_first: bool,
    /// At most so many.
    pub limit: u64,
}

/// A window on all accounts, newest first, by the store's own key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountWindow {
    /// Only accounts that stand like one of these; any, if empty.
    pub standings: Vec<AccountStanding>,
    /// Only keys above it.
    pub above: Option<i64>,
    /// Only keys below it.
    pub below: Option<i64>,
    /// From the newest down, or from the oldest up.
    pub newest_first: bool,
    /// At most so many.
    pub limit: u64,
}

/// The database could not be asked, or did not answer in a way that makes sense.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached, is busy beyond its deadline, or is full. Nothing was changed.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row does not say what it must.
    #[error(transparent)]
    Corrupt(#[from] CorruptRecord),
    /// What became of a COMMIT can only be seen after a restart.
    #[error("the outcome of a COMMIT is known only after a restart")]
    RestartNeeded,
}

/// A batch was not committed, or nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// It was rolled back: nothing of it is in the database, for certain.
    #[error("the batch was rolled back: {0}")]
    RolledBack(#[source] StoreError),
    /// COMMIT itself failed: it may or may not be in the database.
    #[error("the outcome of COMMIT is unknown: {0}")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What other nodes tell. It is a hint: one can be lost, and what it says may be known.
#[async_trait]
pub trait Neighbours: std::fmt::Debug + Send {
    /// Waits for the accounts that another node has written to, each with the position it has reached.
    async fn told(&mut self) -> Result<Vec<(AccountId, Sequence)>, StoreError>;
}

/// Where decisions are kept.
#[async_trait]
pub trait Store: std::fmt::Debug + Send + Sync + 'static {
    /// An account's state and the end of its chain.
    async fn load(&self, account: &AccountId) -> Result<Loaded, StoreError>;

    /// What must be known of an account's commands.
    async fn look_up(&self, account: &AccountId, lookups: &Lookups) -> Result<Found, StoreError>;

    /// What the account's commands of these ids were decided to be; ids never decided are absent.
    async fn decisions(
        &self,
        account: &AccountId,
        ids: &[OperationId],
    ) -> Result<HashMap<OperationId, Decision>, StoreError>;

    /// What a payment was used for, on any account.
    async fn payment(&self, key: &PaymentKey) -> Result<Option<PaymentUse>, StoreError>;

    /// The payments after `after`, in the order of their keys, at most `limit`.
    async fn payments(
        &self,
        after: Option<&PaymentKey>,
        limit: u64,
    ) -> Result<Vec<KeptPayment>, StoreError>;

    /// A hold of the account, from its ledger.
    async fn hold(&self, account: &AccountId, hold: HoldId)
    -> Result<Option<KeptHold>, StoreError>;

    /// Writes all of it in one transaction, but nothing for accounts that have lost.
    /// Accounts are distinct, payments are distinct.
    async fn commit(&self, batch: &[AccountWork]) -> Result<Committed, CommitError>;

    /// Locks an account, so that nobody else can add to it, lets it be decided on and writes that, in
    /// one transaction. It is lost only where a payment was used on another account meanwhile.
    async fn commit_locked(
        &self,
        decision: &mut dyn LockedDecision,
    ) -> Result<Committed, CommitError>;

    /// Whether others write to the same database, so that accounts with something due have to be
    /// shared with them.
    fn is_shared(&self) -> bool {
        false
    }

    /// Claims accounts with something due, those that another transaction has left out, lets them be
    /// decided on and writes that, in one transaction. Whatever becomes of that, it ends the claim.
    /// What another node found meanwhile is not among it, so that none is lost.
    async fn commit_due(
        &self,
        window: &DueWindow,
        decision: &mut dyn DueDecision,
    ) -> Result<Committed, CommitError>;

    /// After an unknown COMMIT: waits for the old transaction to be over, then tells which accounts
    /// of the batch are in the database. One that is not there has lost.
    async fn resolve(&self, batch: &[AccountWork]) -> Result<Committed, StoreError>;

    /// The position of the last operation of each account that is there, in no order.
    async fn positions(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, Sequence)>, StoreError>;

    /// What others that write to the same database tell; none if nobody else can.
    fn neighbours(&self) -> Option<Box<dyn Neighbours>> {
        None
    }

    /// The version of the catalog that was published last.
    async fn latest_catalog(&self) -> Result<Option<CatalogVersion>, StoreError>;

    /// Every published catalog, oldest first.
    async fn catalogs(&self) -> Result<Vec<KeptCatalog>, StoreError>;

    /// Keeps a catalog; `false` if its version or the id of its call is taken.
    async fn publish(&self, catalog: &KeptCatalog) -> Result<bool, StoreError>;

    /// Operations of an account, in the window's order.
    async fn operations(
        &self,
        account: &AccountId,
        filter: &OperationFilter,
        window: &SequenceWindow,
    ) -> Result<Vec<OperationRecord>, StoreError>;

    /// The last operation of an account that counts at or before `at`.
    async fn operation_at(
        &self,
        account: &AccountId,
        at: Instant,
    ) -> Result<Option<OperationRecord>, StoreError>;

    /// Sums of an account's charges: of all of them up to one position, whatever is committed meanwhile.
    async fn usage(&self, account: &AccountId, query: &UsageQuery) -> Result<Usage, StoreError>;

    /// Accounts with their keys, in the window's order.
    async fn accounts(&self, window: &AccountWindow) -> Result<Vec<(i64, AccountId)>, StoreError>;

    /// Payments that were paid and had no effect, of all accounts, oldest first, after `after`, at most
    /// `limit`: those of which nothing was reported later.
    async fn payments_without_effect(
        &self,
        after: Option<WithoutEffectPlace>,
        limit: u64,
    ) -> Result<Vec<(WithoutEffectPlace, OperationRecord)>, StoreError>;

    /// Accounts with something due, in the order of their places. Each is loaded as by [`Store::load`].
    async fn due_accounts(&self, window: &DueWindow) -> Result<Vec<DueAccount>, StoreError>;

    /// When something is due first after `after`, on any account; none if nothing ever is.
    async fn next_due_after(&self, after: Instant) -> Result<Option<Instant>, StoreError>;

    /// Refusals kept for `account`, newest first, at most `limit`.
    async fn refusals(
        &self,
        account: &AccountId,
        limit: u64,
    ) -> Result<Vec<RefusalRecord>, StoreError>;

    /// Forgets refusals decided before `before`, at most `limit`; tells how many. Their ids may then
    /// be decided anew.
    async fn forget_refusals(&self, before: Instant, limit: u64) -> Result<u64, StoreError>;
}
