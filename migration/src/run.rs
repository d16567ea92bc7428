//! Running the steps, on a database that several nodes may start on at once.
//!
//! Owns that tables fit this version of the service before anything is served: they are brought up to date
//! by one node at a time, and those of a newer version are refused.

use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    prelude::Query,
    sea_orm::{
        ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
        TransactionTrait,
    },
};

use crate::Migrator;

/// Nodes that start at once bring the tables up to date one after the other. It is politeness: without
/// the lock all but one would fail at a table that is there, change nothing and start again.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7305800)";
/// A step may take longer than any other statement.
const WITHOUT_DEADLINE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                                SET LOCAL idle_in_transaction_session_timeout = 0";

/// The tables do not fit, or could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum SchemaProblem {
    /// A later version of the service has changed them.
    #[error("they have the step {0}, which this version of the service does not know")]
    Newer(String),
    /// They lack steps, and may not be changed by this process.
    #[error("they lack steps of this version of the service: run `credits migrate` as their owner")]
    Older,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Makes the steps that are missing, if it `may`.
///
/// # Errors
///
/// If the tables are of a newer version, or of an older one and may not be changed, or the database fails.
pub async fn bring_up_to_date(
    connection: &DatabaseConnection,
    may: bool,
) -> Result<(), SchemaProblem> {
    if is_up_to_date(connection).await? {
        return Ok(());
    }
    if !may {
        return Err(SchemaProblem::Older);
    }
    if connection.get_database_backend() == DbBackend::Sqlite {
        return Ok(Migrator::up(connection, None).await?);
    }
    let transaction = alone(connection).await?;
    Migrator::up(&transaction, None).await?;
    Ok(transaction.commit().await?)
}

/// Takes back the last steps.
///
/// # Errors
///
/// If the database fails.
pub async fn take_back(connection: &DatabaseConnection, steps: u32) -> Result<(), SchemaProblem> {
    if connection.get_database_backend() == DbBackend::Sqlite {
        return Ok(Migrator::down(connection, Some(steps)).await?);
    }
    let transaction = alone(connection).await?;
    Migrator::down(&transaction, Some(steps)).await?;
    Ok(transaction.commit().await?)
}

/// A transaction on a server in which steps are made or taken back, by one node at a time.
async fn alone(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let transaction = connection.begin().await?;
    for statement in [WITHOUT_DEADLINE, ONE_AT_A_TIME] {
        transaction.execute_unprepared(statement).await?;
    }
    Ok(transaction)
}

/// Whether all steps that this version knows, and no others, were made.
async fn is_up_to_date(connection: &DatabaseConnection) -> Result<bool, SchemaProblem> {
    let known = Migrator::migrations();
    let applied = applied(connection).await?;
    let unknown = |name: &&String| !known.iter().any(|step| step.name() == name.as_str());
    match applied.iter().find(unknown) {
        Some(newer) => Err(SchemaProblem::Newer(newer.clone())),
        None => Ok(applied.len() == known.len()),
    }
}

/// The names of the steps that were made; none where nothing was.
async fn applied(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let schema = SchemaManager::new(connection);
    if !schema.has_table("seaql_migrations").await? {
        return Ok(Vec::new());
    }
    let names = Query::select()
        .column("version")
        .from("seaql_migrations")
        .take();
    let rows = connection.query_all(&names).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
