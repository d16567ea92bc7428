//! Records: decisions in the form in which they are kept, sealed into the account's chain.
//!
//! Owns what the columns of an operation and of a refusal mean, and the hash that ties each
//! operation to all before it. It never reads or writes a database.

use std::sync::Arc;

use super::{
    account::Account,
    balance::Balance,
    command::ContentHash,
    credits::Credits,
    encoding::Encoding,
    event::{Cause, Event, Fact, OperationKind},
    ids::{AccountId, ActionId, CatalogVersion, HoldId, ModelId, OperationId, ProjectId, Sequence},
    outcome::{Accepted, Operation},
    payment::PaymentKey,
    posting::Posting,
    refusal::Refusal,
    time::Instant,
};

/// The hash of an operation and, through it, of all before it on its account.
pub type ChainHash = [u8; 32];

/// The hash before an account's first operation.
pub const CHAIN_START: ChainHash = [0; 32];

/// The end of an account's chain: what a writer must find to add to it. A bare sequence could
/// coincide after a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// The position of the last operation.
    pub sequence: Sequence,
    /// Its hash.
    pub hash: ChainHash,
}

impl Head {
    /// The head of an account without operations.
    pub const START: Head = Head {
        sequence: Sequence::START,
        hash: CHAIN_START,
    };
}

/// One operation as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRecord {
    /// The account.
    pub account: AccountId,
    /// The position.
    pub sequence: Sequence,
    /// The client's id, or the id derived for what time did.
    pub operation_id: OperationId,
    /// The hash of the call's content; none for what time did.
    pub content: Option<ContentHash>,
    /// The kind.
    pub kind: OperationKind,
    /// When it counts.
    pub at: Instant,
    /// When it was decided.
    pub recorded_at: Instant,
    /// The catalog version it was decided by.
    pub catalog_version: CatalogVersion,
    /// The hold that it resolves or changes.
    pub hold: Option<HoldId>,
    /// The action that credits were spent or set aside for.
    pub action: Option<ActionId>,
    /// The model that credits were spent or set aside for.
    pub model: Option<ModelId>,
    /// The project that credits were spent or set aside for.
    pub project: Option<ProjectId>,
    /// The payment that it reports. It is under the hash through the fact.
    pub payment: Option<PaymentKey>,
    /// The root of the chain that it is found by. It is under the hash through the fact.
    pub chain: Option<OperationId>,
    /// Whether it reports a payment that was paid and had no effect. It is under the hash through the fact.
    pub without_effect: bool,
    /// What entered: the sum over its postings. It is under the hash through them.
    pub granted: Credits,
    /// What was consumed.
    pub consumed: Credits,
    /// By how much what can be spent changed.
    pub change: i64,
    /// What can be spent after it.
    pub available_after: Credits,
    /// What is held after it.
    pub held_after: Credits,
    /// The postings, as JSON.
    pub postings: String,
    /// The fact, as JSON.
    pub fact: String,
    /// The balance after it, as JSON.
    pub balance: String,
    /// The hash of the operation before it.
    pub previous: ChainHash,
    /// The hash of all of the above.
    pub hash: ChainHash,
}

/// A refusal that depended on the account's state, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusalRecord {
    /// The account.
    pub account: AccountId,
    /// The client's id.
    pub operation_id: OperationId,
    /// The hash of the call's content.
    pub content: ContentHash,
    /// When it was decided.
    pub at: Instant,
    /// The position after which it was decided.
    pub after: Sequence,
    /// Why.
    pub refusal: Refusal,
}

/// A row that does not say what a row of its kind must say.
#[derive(Debug, thiserror::Error)]
pub enum CorruptRecord {
    /// A JSON column does not parse.
    #[error("operation {sequence} of account {account}: {column}: {source}")]
    Json {
        /// The account.
        account: AccountId,
        /// The position.
        sequence: Sequence,
        /// The column.
        column: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A column holds a value outside its range.
    #[error("{row}: {column}: {problem}")]
    Column {
        /// Which row.
        row: String,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// Longer than most postings are as JSON, most facts and most balances: a text that grows is copied each time.
const POSTINGS_BYTES: usize = 128;
const FACT_BYTES: usize = 1_024;
const BALANCE_BYTES: usize = 384;
/// More than the other columns of most operations take under the hash.
const OTHERS_BYTES: usize = 512;

fn json<T: serde::Serialize>(value: &T, bytes: usize) -> String {
    let mut text = Vec::with_capacity(bytes);
    serde_json::to_writer(&mut text, value).expect("facts, postings and balances are plain data");
    String::from_utf8(text).expect("JSON is text")
}

impl OperationRecord {
    /// Seals `event`, which made `after`, onto the chain that ended in `previous`.
    /// `available_before` is what could be spent before it.
    pub fn seal(
        event: &Event,
        after: &Account,
        balance: &Balance,
        available_before: Credits,
        previous: ChainHash,
    ) -> OperationRecord {
        let spend = event.fact.spend();
        let operation_id = match event.caused_by {
            Some(cause) => cause.operation_id,
            None => derived_id(after.sequence, &event.fact),
        };
        let mut record = OperationRecord {
            account: after.id.clone(),
            sequence: after.sequence,
            operation_id,
            content: event.caused_by.map(|cause| cause.content),
            kind: event.fact.kind(),
            at: event.at,
            recorded_at: event.recorded_at,
            catalog_version: event.catalog_version,
            hold: event.fact.hold(),
            action: spend.map(|spend| spend.terms.action.clone()),
            model: spend.map(|spend| spend.terms.model.clone()),
            project: spend.and_then(|spend| spend.project.clone()),
            payment: event.fact.report().map(|report| report.payment.key.clone()),
            chain: event.fact.chain(),
            without_effect: event.fact.is_without_effect(),
            granted: event.postings.iter().map(|posting| posting.granted).sum(),
            consumed: event.postings.iter().map(|posting| posting.consumed).sum(),
            change: balance.available.get() - available_before.get(),
            available_after: balance.available,
            held_after: balance.held,
            postings: json(&event.postings, POSTINGS_BYTES),
            fact: json(&event.fact, FACT_BYTES),
            balance: json(balance, BALANCE_BYTES),
            previous,
            hash: CHAIN_START,
        };
        record.hash = record.computed_hash();
        record
    }

    /// The hash of all its columns and of the chain before it.
    pub fn computed_hash(&self) -> ChainHash {
        let texts = self.postings.len() + self.fact.len() + self.balance.len();
        let mut encoding = Encoding::with_room("credits/operation/1", OTHERS_BYTES + texts);
        encoding
            .bytes(&self.previous)
            .text(self.account.as_str())
            .number(self.sequence.0)
            .bytes(self.operation_id.0.as_bytes());
        match &self.content {
            Some(content) => encoding.bytes(content),
            None => encoding.absent(),
        };
        encoding
            .text(self.kind.as_str())
            .number(self.at.micros())
            .number(self.recorded_at.micros())
            .number(i64::from(self.catalog_version.0));
        match &self.hold {
            Some(hold) => encoding.bytes(hold.0.as_bytes()),
            None => encoding.absent(),
        };
        encoding
            .optional_text(self.action.as_ref().map(ActionId::as_str))
            .optional_text(self.model.as_ref().map(ModelId::as_str))
            .optional_text(self.project.as_ref().map(ProjectId::as_str))
            .number(self.consumed.get())
            .number(self.change)
            .number(self.available_after.get())
            .number(self.held_after.get())
            .text(&self.postings)
            .text(&self.fact)
            .text(&self.balance)
            .finish()
    }

    /// The end of the chain with this operation.
    pub fn head(&self) -> Head {
        Head {
            sequence: self.sequence,
            hash: self.hash,
        }
    }

    /// Reads the event back.
    pub fn event(&self) -> Result<Event, CorruptRecord> {
        let postings: Vec<Posting> = self.read("postings", &self.postings)?;
        let fact: Fact = self.read("fact", &self.fact)?;
        Ok(Event {
            at: self.at,
            recorded_at: self.recorded_at,
            caused_by: self.content.map(|content| Cause {
                operation_id: self.operation_id,
                content,
            }),
            catalog_version: self.catalog_version,
            fact,
            postings,
        })
    }

    /// Reads the answer to its command back: the operation and the balance right after it.
    pub fn accepted(&self) -> Result<Accepted, CorruptRecord> {
        Ok(Accepted {
            operation: Arc::new(Operation {
                account: self.account.clone(),
                sequence: self.sequence,
                event: self.event()?,
                change: self.change,
                available_after: self.available_after,
                held_after: self.held_after,
            }),
            balance: self.read("balance", &self.balance)?,
        })
    }

    fn read<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
        text: &str,
    ) -> Result<T, CorruptRecord> {
        serde_json::from_str(text).map_err(|source| CorruptRecord::Json {
            account: self.account.clone(),
            sequence: self.sequence,
            column,
            source,
        })
    }
}

/// The id of what time did, derived from what it did, so that the index of operation ids lets it
/// happen only once.
fn derived_id(sequence: Sequence, fact: &Fact) -> OperationId {
    let mut encoding = Encoding::new("credits/derived-id/1");
    match fact {
        Fact::PeriodGrant {
            subscription,
            period,
            ..
        } => encoding
            .text("renewal")
            .number(subscription.0)
            .number(i64::from(*period)),
        Fact::Expiry { lot } => encoding.text("expiry").number(lot.0),
        // A hold expires once, and so it is the first of those that expire together at most once.
        Fact::HoldExpired { hold, .. } => encoding.text("hold-expiry").bytes(hold.0.as_bytes()),
        Fact::AccountOpened
        | Fact::SubscriptionChange { .. }
        | Fact::RolloverGrant { .. }
        | Fact::PackPurchase { .. }
        | Fact::Charge(_)
        | Fact::HoldPlaced { .. }
        | Fact::HoldExtended { .. }
        | Fact::HoldReleased { .. }
        | Fact::PaymentReport { .. }
        | Fact::Revocation(_)
        | Fact::PreferencesChange { .. }
        | Fact::ChargeKept { .. } => encoding.text(fact.kind().as_str()).number(sequence.0),
    };
    let hash = encoding.finish();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    OperationId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
