//! An audit of a database by statements of its own.
//!
//! Owns what the columns mean, read from the table and not from the store's code: it must find what
//! that code would overlook. It reads beside a running service, and writes nothing;
//! at most it stands in the way.

use std::{collections::HashMap, path::Path};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;

/// One row of the ledger, as far as clients are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The account, by the client's name.
    pub account: String,
    /// Its position.
    pub sequence: i64,
    /// Its kind, as the table has it.
    pub kind: String,
    /// What was consumed.
    pub consumed: i64,
    /// What could be spent after it.
    pub available_after: i64,
    /// What was held after it.
    pub held_after: i64,
}

/// Ids are looked for so many at a time: a statement of some tens of kilobytes.
const IDS_AT_ONCE: usize = 1_000;

/// A database, open to read.
pub struct Audit(DatabaseConnection);

/// Accounts whose standing is not what their postings sum to: what entered less what left, and what
/// moved, must both be what is available, held and frozen. Postings leave out what is 0.
const BALANCES: &str = "\
    SELECT a.external_id AS account, \
           (SELECT l.balance ->> 'available' + l.balance ->> 'held' + l.balance ->> 'frozen' \
            FROM operation l WHERE l.account_id = a.id \
            ORDER BY l.sequence DESC LIMIT 1) AS stands, \
           TOTAL(p.value ->> 'granted') - TOTAL(p.value ->> 'consumed') \
           - TOTAL(p.value ->> 'expired') - TOTAL(p.value ->> 'revoked') AS summed, \
           TOTAL(p.value ->> 'available') + TOTAL(p.value ->> 'held') AS moved \
    FROM account a \
    LEFT JOIN operation o ON o.account_id = a.id \
    LEFT JOIN json_each(o.postings) p \
    GROUP BY a.id \
    HAVING stands IS NOT summed OR stands IS NOT moved";

/// Accounts whose row does not say what the operation says that it is the summary of.
const ROWS: &str = "\
    SELECT a.external_id AS account, a.available AS stands, l.available_after AS summed, \
           l.held_after AS moved \
    FROM account a JOIN operation l ON l.account_id = a.id AND l.sequence = a.sequence \
    WHERE a.available <> l.available_after OR a.held <> l.held_after OR a.head_hash <> l.hash \
       OR l.balance ->> 'available' <> l.available_after OR l.balance ->> 'held' <> l.held_after";

/// Accounts whose positions have a gap or a double, or whose row is beyond them, or 16 behind.
const GAPS: &str = "\
    SELECT a.external_id AS account, a.sequence AS stands, COUNT(o.sequence) AS summed, \
           COALESCE(MAX(o.sequence), 0) AS moved \
    FROM account a LEFT JOIN operation o ON o.account_id = a.id \
    GROUP BY a.id \
    HAVING summed <> moved OR COUNT(DISTINCT o.sequence) <> summed \
        OR stands > moved OR stands + 16 <= moved";

/// Ids decided more than once for one account: twice accepted, or accepted and refused.
const DOUBLES: &str = "\
    SELECT hex(operation_id) AS account, COUNT(*) AS stands, 0 AS summed, 0 AS moved FROM \
        (SELECT operation_id, account_id FROM operation \
         UNION ALL SELECT operation_id, account_id FROM refusal) \
    GROUP BY operation_id, account_id HAVING COUNT(*) > 1";

/// Operations that went below nothing, or whose predecessor's hash is not the one they name.
const BROKEN: &str = "\
    SELECT a.external_id AS account, o.sequence AS stands, o.available_after AS summed, \
           o.held_after AS moved \
    FROM operation o JOIN account a ON a.id = o.account_id \
    LEFT JOIN operation b ON b.account_id = o.account_id AND b.sequence = o.sequence - 1 \
    WHERE o.available_after < 0 OR o.held_after < 0 \
       OR o.previous <> COALESCE(b.hash, zeroblob(32))";

/// Rows of accounts that are not there.
const ORPHANS: &str = "\
    SELECT account_id AS account, COUNT(*) AS stands, 0 AS summed, 0 AS moved FROM \
        (SELECT account_id FROM operation UNION ALL SELECT account_id FROM refusal \
         UNION ALL SELECT account_id FROM payment UNION ALL SELECT account_id FROM usage) \
    WHERE account_id NOT IN (SELECT id FROM account) GROUP BY account_id";

impl Audit {
    /// Opens a database on a server, for what its rows say; whether they add up is `credits verify`'s.
    pub async fn on_server(url: &str) -> Audit {
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).max_connections(1);
        let connection = Database::connect(options).await;
        Audit(connection.expect("the server is there"))
    }

    /// Opens the database of a service's directory.
    pub async fn open(directory: &Path) -> Audit {
        let file = directory.join("credits.db");
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", file.display()));
        options.sqlx_logging(false);
        let opened = Database::connect(options).await;
        Audit(opened.expect("the database is there"))
    }

    /// All operations that clients asked for and that were accepted, by account and id.
    pub async fn entries(&self) -> HashMap<(String, Uuid), Entry> {
        let rows = self
            .rows(
                "SELECT a.external_id AS account, o.sequence, o.operation_id, o.kind, o.consumed, \
                        o.available_after, o.held_after \
                 FROM operation o JOIN account a ON a.id = o.account_id \
                 WHERE o.content IS NOT NULL",
            )
            .await;
        let count = rows.len();
        let entries: HashMap<_, _> = rows.iter().map(entry).collect();
        assert_eq!(entries.len(), count, "each id stands once in the ledger");
        entries
    }

    /// The ids of all charges in one step.
    pub async fn charges(&self) -> Vec<Uuid> {
        let rows = self
            .rows("SELECT operation_id FROM operation WHERE kind = 'charge'")
            .await;
        rows.iter().map(|row| column(row, "operation_id")).collect()
    }

    /// How many charges in one step there are.
    pub async fn charge_count(&self) -> usize {
        self.count("operation WHERE kind = 'charge'").await
    }

    /// How many charges in one step have one of these ids.
    pub async fn charges_among(&self, ids: &[Uuid]) -> usize {
        let on_server = self.0.get_database_backend() == DbBackend::Postgres;
        let text = |id: &Uuid| match on_server {
            true => format!("'{}'", id.hyphenated()),
            false => format!("X'{}'", id.simple()),
        };
        let mut found = 0;
        for ids in ids.chunks(IDS_AT_ONCE) {
            let ids: Vec<String> = ids.iter().map(text).collect();
            let of = format!(
                "operation WHERE kind = 'charge' AND operation_id IN ({})",
                ids.join(", ")
            );
            found += self.count(&of).await;
        }
        found
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> usize {
        let statement = format!("SELECT COUNT(*) AS count FROM {table}");
        let rows = self.rows(&statement).await;
        let count = rows.first().map(|row| column::<i64>(row, "count"));
        usize::try_from(count.unwrap_or_default()).expect("a count is not negative")
    }

    /// How many bytes each table and each index takes, the largest first. What is written beside a table
    /// because it is too long for a row counts as its own.
    pub async fn bytes_taken(&self) -> Vec<(String, u64)> {
        let statement = match self.0.get_database_backend() {
            DbBackend::Postgres => {
                "SELECT relname::text AS name, pg_table_size(c.oid)::bigint AS bytes \
                 FROM pg_class c WHERE relkind IN ('r', 'i') \
                 AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC, 1"
            }
            _ => "SELECT name, SUM(pgsize) AS bytes FROM dbstat GROUP BY name ORDER BY 2 DESC, 1",
        };
        let rows = self.rows(statement).await;
        let taken = rows.iter().map(|row| {
            let bytes: i64 = column(row, "bytes");
            (column(row, "name"), bytes.unsigned_abs())
        });
        taken.collect()
    }

    /// All refusals that were stored, by account and id.
    pub async fn refusals(&self) -> HashMap<(String, Uuid), String> {
        let rows = self
            .rows(
                "SELECT a.external_id AS account, r.operation_id, r.refusal \
                 FROM refusal r JOIN account a ON a.id = r.account_id",
            )
            .await;
        let refusal = |row: &QueryResult| {
            let key = (column(row, "account"), column(row, "operation_id"));
            (key, column(row, "refusal"))
        };
        rows.iter().map(refusal).collect()
    }

    /// How many periods were granted to each account after its first.
    pub async fn renewals(&self) -> HashMap<String, i64> {
        let rows = self
            .rows(
                "SELECT a.external_id AS account, COUNT(o.sequence) AS renewals \
                 FROM account a LEFT JOIN operation o \
                 ON o.account_id = a.id AND o.kind = 'period_grant' GROUP BY a.id",
            )
            .await;
        let renewals = |row| (column(row, "account"), column(row, "renewals"));
        rows.iter().map(renewals).collect()
    }

    /// How many accounts have something due at that instant or before, in microseconds since 1970.
    pub async fn due(&self, at_us: i64) -> i64 {
        let due = format!("SELECT COUNT(*) AS due FROM account WHERE next_due_at_us <= {at_us}");
        column(&self.rows(&due).await[0], "due")
    }

    /// Whether any has. It takes no time, however many they are.
    pub async fn is_due(&self, at_us: i64) -> bool {
        let due = format!("SELECT 1 FROM account WHERE next_due_at_us <= {at_us} LIMIT 1");
        !self.rows(&due).await.is_empty()
    }

    /// What does not add up, in words; empty for a ledger that does.
    pub async fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for (rule, statement) in [
            ("balance", BALANCES),
            ("row", ROWS),
            ("gap", GAPS),
            ("decided twice", DOUBLES),
            ("below zero or chain", BROKEN),
            ("of no account", ORPHANS),
        ] {
            let told = format!(
                "SELECT account || ' has ' || stands || ', summed ' || summed || ', moved ' || \
                 moved AS told FROM ({statement})"
            );
            let rows = self.rows(&told).await;
            let told = |row| format!("{rule}: {}", column::<String>(row, "told"));
            findings.extend(rows.iter().map(told));
        }
        findings
    }

    /// A transaction on a server that has run that statement, and holds what it locked until it ends.
    pub async fn holding(url: &str, statement: &str) -> DatabaseTransaction {
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).max_connections(1);
        let opened = Database::connect(options).await;
        let begun = opened.expect("the server is there").begin().await;
        let begun = begun.expect("a transaction begins");
        let ran = begun.execute_unprepared(statement).await;
        ran.expect("the statement is right");
        begun
    }

    /// A second writer on the database, in the middle of a transaction until it is dropped: nobody
    /// else can write meanwhile.
    pub async fn in_the_way(directory: &Path) -> DatabaseTransaction {
        let file = directory.join("credits.db");
        let mut options = ConnectOptions::new(format!("sqlite://{}", file.display()));
        options.sqlx_logging(false).max_connections(1);
        let opened = Database::connect(options).await;
        let opened = opened.expect("the database is there");
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = opened.begin_with_options(immediate).await;
        begun.expect("nobody else is writing")
    }

    /// Gives the connection back.
    pub async fn close(self) {
        self.0.close().await.expect("nothing was under way");
    }

    async fn rows(&self, statement: &str) -> Vec<QueryResult> {
        let statement = Statement::from_string(self.0.get_database_backend(), statement);
        let rows = self.0.query_all_raw(statement).await;
        rows.expect("the table is as it was released")
    }
}

fn entry(row: &QueryResult) -> ((String, Uuid), Entry) {
    let account: String = column(row, "account");
    let entry = Entry {
        account: account.clone(),
        sequence: column(row, "sequence"),
        kind: column(row, "kind"),
        consumed: column(row, "consumed"),
        available_after: column(row, "available_after"),
        held_after: column(row, "held_after"),
    };
    ((account, column(row, "operation_id")), entry)
}

fn column<T: sea_orm::TryGetable>(row: &QueryResult, name: &str) -> T {
    row.try_get("", name).expect("the column is of this type")
}
