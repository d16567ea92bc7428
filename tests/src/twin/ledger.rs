//! The twin's ledger: one transaction for each charge.
//!
//! Owns its three tables and its three statements: take from the account if there is enough, add the
//! entry, add the key. The file has the same settings as the product's, and one connection writes.

use std::path::Path;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use uuid::Uuid;

/// So long a charge may wait for the one connection: under load it waits for all before it.
const WAIT_S: u64 = 20;
/// Statements of one bulk insert.
const ACCOUNTS_A_STATEMENT: usize = 500;

const TABLES: &str = "\
    CREATE TABLE account (id TEXT NOT NULL PRIMARY KEY, available INTEGER NOT NULL, \
        sequence INTEGER NOT NULL, CHECK (available >= 0)) WITHOUT ROWID; \
    CREATE TABLE entry (account TEXT NOT NULL, sequence INTEGER NOT NULL, operation_id BLOB NOT NULL, \
        cost INTEGER NOT NULL, available_after INTEGER NOT NULL, at TEXT NOT NULL, \
        PRIMARY KEY (account, sequence)) WITHOUT ROWID; \
    CREATE TABLE key (operation_id BLOB NOT NULL, account TEXT NOT NULL, sequence INTEGER NOT NULL, \
        available_after INTEGER NOT NULL, PRIMARY KEY (operation_id, account)) WITHOUT ROWID;";
const TAKE: &str = "UPDATE account SET available = available - ?, sequence = sequence + 1 \
    WHERE id = ? AND available >= ? RETURNING sequence, available";
const ADD_ENTRY: &str = "INSERT INTO entry (account, sequence, operation_id, cost, available_after, at) \
    VALUES (?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";
const ADD_KEY: &str = "INSERT INTO key (operation_id, account, sequence, available_after) \
    VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING sequence, available_after AS available";
const FIND_KEY: &str = "SELECT sequence, available_after AS available FROM key \
    WHERE operation_id = ? AND account = ?";

/// A file of the twin's. Cloning gives the same one.
#[derive(Clone, Debug)]
pub struct Ledger(DatabaseConnection);

/// What a charge was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position.
    pub sequence: i64,
    /// What can be spent after it.
    pub available: i64,
}

/// What became of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was written.
    Charged(Entry),
    /// It had been written before.
    Before(Entry),
    /// There was too little.
    TooFew,
}

impl Ledger {
    /// Makes the file.
    pub async fn create(path: &Path) -> Result<Ledger, DbErr> {
        let ledger = Ledger::open(path).await?;
        ledger.0.execute_unprepared(TABLES).await?;
        Ok(ledger)
    }

    /// Opens the file.
    pub async fn open(path: &Path) -> Result<Ledger, DbErr> {
        let file = path.to_owned();
        let mut options = ConnectOptions::new("sqlite:");
        options
            .max_connections(1)
            .acquire_timeout(std::time::Duration::from_secs(WAIT_S))
            .sqlx_logging(false)
            .record_stmt_in_spans(false)
            .map_sqlx_sqlite_opts(move |options| {
                options
                    .filename(&file)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
            });
        Database::connect(options).await.map(Ledger)
    }

    /// Opens accounts with as much each.
    pub async fn open_accounts(&self, ids: &[String], available: i64) -> Result<(), DbErr> {
        for ids in ids.chunks(ACCOUNTS_A_STATEMENT) {
            let rows = vec!["(?, ?, 0)"; ids.len()].join(", ");
            let values = ids
                .iter()
                .flat_map(|id| [Value::from(id.clone()), available.into()]);
            let insert = format!("INSERT INTO account (id, available, sequence) VALUES {rows}");
            self.0.execute_raw(statement(&insert, values)).await?;
        }
        Ok(())
    }

    /// Charges once.
    pub async fn charge(&self, account: &str, id: Uuid, cost: i64) -> Result<Taken, DbErr> {
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.0.begin_with_options(immediate).await?;
        let take = [Value::from(cost), account.into(), cost.into()];
        let Some(entry) = entry(&transaction, TAKE, take).await? else {
            let before = entry(&transaction, FIND_KEY, [id.into(), account.into()]).await?;
            transaction.rollback().await?;
            return Ok(before.map_or(Taken::TooFew, Taken::Before));
        };
        let Entry {
            sequence,
            available,
        } = entry;
        let key = [id.into(), account.into(), sequence.into(), available.into()];
        if self::entry(&transaction, ADD_KEY, key).await?.is_none() {
            let before = self::entry(&transaction, FIND_KEY, [id.into(), account.into()]).await?;
            transaction.rollback().await?;
            return Ok(before.map_or(Taken::TooFew, Taken::Before));
        }
        let values = [
            Value::from(account),
            sequence.into(),
            id.into(),
            cost.into(),
            available.into(),
        ];
        transaction
            .execute_raw(statement(ADD_ENTRY, values))
            .await?;
        transaction.commit().await?;
        Ok(Taken::Charged(entry))
    }

    /// The ids of all charges.
    pub async fn ids(&self) -> Result<Vec<Uuid>, DbErr> {
        let rows = self
            .0
            .query_all_raw(statement("SELECT operation_id FROM entry", []))
            .await?;
        rows.iter()
            .map(|row| row.try_get("", "operation_id"))
            .collect()
    }

    /// Ends its connection.
    pub async fn close(self) -> Result<(), DbErr> {
        self.0.close().await
    }
}

async fn entry<const N: usize>(
    transaction: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<Option<Entry>, DbErr> {
    let row = transaction.query_one_raw(statement(sql, values)).await?;
    let read = |row: sea_orm::QueryResult| {
        Ok(Entry {
            sequence: row.try_get("", "sequence")?,
            available: row.try_get("", "available")?,
        })
    };
    row.map(read).transpose()
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}
