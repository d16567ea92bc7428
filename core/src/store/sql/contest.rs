//! Who of a batch wins, and what the winners write: steps 2 to 5 of a commit.
//!
//! Owns the order in which that is found out, and in which rows are written: by account, then by payment,
//! so that no two transactions ever wait for each other. It never begins or ends a transaction.

use std::collections::{HashMap, HashSet};

use credits_entity::{account, operation, payment, refusal, usage};
use futures_util::future::join;

use super::{
    convert,
    ends::End,
    insert::{Inserts, Row},
    lookup::{self, Decided, Opened},
    session::Session,
    snapshot,
};
use crate::{
    domain::{
        ids::{AccountId, OperationId},
        record::Head,
        usage::{UsageKey, UsageSums},
    },
    store::{AccountWork, Committed, StoreError},
};

/// Stands where the key of an account will, until it is known.
const NO_KEY: i64 = 0;

/// Writes the winners of a batch.
pub(super) async fn write<C: Session>(
    transaction: &C,
    inserts: &Inserts,
    batch: &[AccountWork],
) -> Result<Committed, StoreError> {
    let mut contest = Contest::new(batch);
    // The rows are made while the database looks up who may write theirs: neither waits for the other.
    let (judged, rows) = join(contest.judge(transaction), async {
        batch.iter().map(|work| Rows::of(inserts, work)).collect()
    })
    .await;
    judged?;
    let mut rows: Vec<Rows> = rows;
    contest.open_accounts(transaction, inserts).await?;
    contest
        .write_winners(transaction, inserts, &mut rows)
        .await?;
    Ok(Committed { lost: contest.lost })
}

/// What one work writes, but for the key of its account.
struct Rows {
    /// By [`Inserts::update_due`]; none if it is not due, so far as that is known from the work.
    account: Option<Row>,
    operations: Vec<Row>,
    refusals: Vec<Row>,
    payments: Vec<Row>,
    usage: Vec<Row>,
}

impl Rows {
    fn of(inserts: &Inserts, work: &AccountWork) -> Rows {
        let operation = |record| {
            let value = |column| convert::operation::value(column, NO_KEY, record);
            inserts.operations.row(value)
        };
        let refusal = |record| {
            let value = |column| convert::refusal::value(column, NO_KEY, record);
            inserts.refusals.row(value)
        };
        let payment = |payment| {
            let value = |column| convert::payment::value(column, NO_KEY, payment);
            inserts.payments.row(value)
        };
        let usage = |(key, sums): (&UsageKey, &UsageSums)| {
            let value = |column| convert::usage::value(column, NO_KEY, key, sums);
            inserts.usage.row(value)
        };
        Rows {
            account: snapshot::is_due(work).then(|| account_row(inserts, work)),
            operations: work.operations.iter().map(operation).collect(),
            refusals: work.refusals.iter().map(refusal).collect(),
            payments: work.payments.iter().map(payment).collect(),
            usage: work.usage.iter().map(usage).collect(),
        }
    }
}

fn account_row(inserts: &Inserts, work: &AccountWork) -> Row {
    let value = |column| convert::account::value(column, NO_KEY, work);
    inserts.update_due.row(value)
}

/// Where the chains of those accounts end that are there.
async fn ends<C: Session>(
    transaction: &C,
    accounts: Vec<&str>,
) -> Result<HashMap<String, End>, StoreError> {
    let mut ends = HashMap::new();
    if accounts.is_empty() {
        return Ok(ends);
    }
    for row in lookup::present(transaction, accounts.into_iter()).await? {
        let head = convert::account::head(&row.external_id, row.sequence, row.hash)?;
        let end = End {
            key: row.id,
            next_due_at_us: row.next_due_at_us,
            head,
        };
        ends.insert(row.external_id, end);
    }
    Ok(ends)
}

/// Where the chain of an account ends once the work is written.
fn end_after(key: i64, work: &AccountWork) -> End {
    End {
        key,
        next_due_at_us: convert::account::next_due_at_us(&work.after),
        head: work.head(),
    }
}

/// By [`Inserts::open`].
pub(super) fn opening_row(inserts: &Inserts, work: &AccountWork) -> Row {
    let mut row = account_row(inserts, work);
    row.remove(inserts.update_due.place(account::Column::Id));
    row
}

/// The works that have not lost so far, in key order.
struct Contest<'b> {
    /// On accounts that are there.
    present: Vec<Present<'b>>,
    /// On accounts to be opened.
    new: Vec<Entrant<'b>>,
    /// On accounts that this transaction has opened, with where their chains then end.
    opened: Vec<(End, Entrant<'b>)>,
    lost: Vec<AccountId>,
}

/// A work and its place in the batch.
#[derive(Clone, Copy)]
struct Entrant<'b> {
    place: usize,
    work: &'b AccountWork,
}

/// A work on an account that is there, as the work expects it.
struct Present<'b> {
    /// Where its chain ends once the work is written.
    after: End,
    /// Whether something is then due at another instant than before.
    due_moves: bool,
    entrant: Entrant<'b>,
}

impl<'b> Contest<'b> {
    fn new(batch: &'b [AccountWork]) -> Contest<'b> {
        let entrant = |(place, work)| Entrant { place, work };
        let mut new: Vec<Entrant> = batch.iter().enumerate().map(entrant).collect();
        new.sort_by(|one, other| one.work.account.cmp(&other.work.account));
        Contest {
            present: Vec::new(),
            new,
            opened: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// Steps 2 and 3.
    async fn judge<C: Session>(&mut self, transaction: &C) -> Result<(), StoreError> {
        self.fence(transaction).await?;
        self.drop_known_ids(transaction).await?;
        self.drop_known_payments(transaction).await
    }

    async fn fence<C: Session>(&mut self, transaction: &C) -> Result<(), StoreError> {
        let ids = || self.new.iter().map(|one| one.work.account.as_str());
        let locked = lookup::lock(transaction, ids()).await?;
        let is_ours = |key: i64| locked.as_ref().is_none_or(|locked| locked.contains(&key));
        // Each is taken once: a second work on the same account has lost.
        let known = self.new.iter().map(|one| &one.work.account);
        let known = known.filter_map(|id| Some((id.as_str(), transaction.end(id)?)));
        let mut known: HashMap<&str, End> = known.collect();
        let unknown = ids().filter(|id| !known.contains_key(id)).collect();
        let mut found = ends(transaction, unknown).await?;
        for entrant in std::mem::take(&mut self.new) {
            let work = entrant.work;
            let id = work.account.as_str();
            match known.remove(id).or_else(|| found.remove(id)) {
                Some(end) if end.head == work.base && is_ours(end.key) => {
                    let after = end_after(end.key, work);
                    self.present.push(Present {
                        after,
                        due_moves: after.next_due_at_us != end.next_due_at_us,
                        entrant,
                    })
                }
                None if work.base == Head::START => self.new.push(entrant),
                Some(_) | None => self.lost.push(work.account.clone()),
            }
        }
        self.present.sort_by_key(|present| present.after.key);
        Ok(())
    }

    async fn drop_known_ids<C: Session>(&mut self, transaction: &C) -> Result<(), StoreError> {
        let works = self.present.iter().map(|present| present.entrant.work);
        let ids: Vec<OperationId> = works.flat_map(AccountWork::operation_ids).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let decided: HashSet<Decided> = lookup::decided(transaction, &ids)
            .await?
            .into_iter()
            .collect();
        if decided.is_empty() {
            return Ok(());
        }
        self.drop_present(|present| {
            present.entrant.work.operation_ids().any(|id| {
                decided.contains(&Decided {
                    operation_id: id.0,
                    account_id: present.after.key,
                })
            })
        });
        Ok(())
    }

    async fn drop_known_payments<C: Session>(&mut self, transaction: &C) -> Result<(), StoreError> {
        let present = self.present.iter().map(|present| present.entrant);
        let keys: Vec<(&str, &str)> = present
            .chain(self.new.iter().copied())
            .flat_map(|entrant| &entrant.work.payments)
            .map(|payment| {
                (
                    payment.key.provider.as_str(),
                    payment.key.reference.as_str(),
                )
            })
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let used: HashSet<(String, String)> = lookup::used(transaction, keys.into_iter())
            .await?
            .into_iter()
            .map(|row| (row.provider, row.reference))
            .collect();
        let pays_again = |work: &AccountWork| {
            work.payments.iter().any(|payment| {
                used.contains(&(payment.key.provider.clone(), payment.key.reference.clone()))
            })
        };
        self.drop_present(|present| pays_again(present.entrant.work));
        self.drop_new(pays_again);
        Ok(())
    }

    async fn open_accounts<C: Session>(
        &mut self,
        transaction: &C,
        inserts: &Inserts,
    ) -> Result<(), StoreError> {
        if self.new.is_empty() {
            return Ok(());
        }
        let new = self.new.iter();
        let new = new
            .map(|entrant| opening_row(inserts, entrant.work))
            .collect();
        let mut keys = HashMap::new();
        for row in inserts.open.query::<_, Opened>(transaction, new).await? {
            keys.insert(row.external_id, row.id);
        }
        self.drop_new(|work| !keys.contains_key(work.account.as_str()));
        self.opened = std::mem::take(&mut self.new)
            .into_iter()
            .map(|entrant| {
                let key = keys[entrant.work.account.as_str()];
                (end_after(key, entrant.work), entrant)
            })
            .collect();
        Ok(())
    }

    async fn write_winners<C: Session>(
        &self,
        transaction: &C,
        inserts: &Inserts,
        rows: &mut [Rows],
    ) -> Result<(), StoreError> {
        let key_at = inserts.update_due.place(account::Column::Id);
        let due_at = inserts.update_due.place(account::Column::NextDueAtUs);
        let (mut moved, mut stayed) = (Vec::new(), Vec::new());
        for present in &self.present {
            let Entrant { place, work } = present.entrant;
            let row = rows[place].account.take();
            if present.due_moves {
                let mut row = row.unwrap_or_else(|| account_row(inserts, work));
                row[key_at] = present.after.key.into();
                moved.push(row);
            } else if let Some(mut row) = row {
                row[key_at] = present.after.key.into();
                row.remove(due_at);
                stayed.push(row);
            }
        }
        inserts.update.run(transaction, stayed).await?;
        inserts.update_due.run(transaction, moved).await?;
        let operation_at = inserts.operations.place(operation::Column::AccountId);
        let refusal_at = inserts.refusals.place(refusal::Column::AccountId);
        let payment_at = inserts.payments.place(payment::Column::AccountId);
        let usage_at = inserts.usage.place(usage::Column::AccountId);
        let present = self.present.iter();
        let present = present.map(|present| (present.after, present.entrant));
        let (mut operations, mut refusals) = (Vec::new(), Vec::new());
        let (mut payments, mut usage) = (Vec::new(), Vec::new());
        for (after, entrant) in present.chain(self.opened.iter().copied()) {
            let rows = &mut rows[entrant.place];
            let of_account = |all: &mut Vec<Row>, rows: &mut Vec<Row>, place: usize| {
                rows.iter_mut()
                    .for_each(|row| row[place] = after.key.into());
                all.append(rows);
            };
            of_account(&mut operations, &mut rows.operations, operation_at);
            of_account(&mut refusals, &mut rows.refusals, refusal_at);
            of_account(&mut payments, &mut rows.payments, payment_at);
            of_account(&mut usage, &mut rows.usage, usage_at);
            transaction.leave(&entrant.work.account, after);
        }
        inserts.operations.run(transaction, operations).await?;
        inserts.refusals.run(transaction, refusals).await?;
        // In the order of their keys: another transaction may add the same ones, and is waited for.
        let key = [payment::Column::Provider, payment::Column::Reference];
        let key = key.map(|column| inserts.payments.place(column));
        payments.sort_by(|one, other| {
            let texts = |row: &Row| key.map(|place| row[place].clone().unwrap::<String>());
            texts(one).cmp(&texts(other))
        });
        inserts.payments.run(transaction, payments).await?;
        inserts.usage.run(transaction, usage).await?;
        Ok(())
    }

    fn drop_present(&mut self, lost: impl Fn(&Present) -> bool) {
        let losers = self.present.extract_if(.., |present| lost(present));
        self.lost
            .extend(losers.map(|present| present.entrant.work.account.clone()));
    }

    fn drop_new(&mut self, lost: impl Fn(&AccountWork) -> bool) {
        let losers = self.new.extract_if(.., |entrant| lost(entrant.work));
        self.lost
            .extend(losers.map(|entrant| entrant.work.account.clone()));
    }
}
