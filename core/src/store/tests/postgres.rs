//! A PostgreSQL database of each test's own, and what only a store on a server has.

#[path = "../../../../tests/src/cluster.rs"]
#[expect(dead_code, reason = "the tests of the service use the rest of it")]
mod cluster;

use std::{sync::OnceLock, time::Duration};

use credits_migration::{Migrator, MigratorTrait};
use tokio::sync::OnceCell;

use self::cluster::Cluster;
use crate::store::sql::{OpenMode, ServerOptions, SqlStore};

/// A new database with its tables, and no rows; none where PostgreSQL is missing, which is said.
pub(crate) async fn database() -> Option<String> {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let Some(cluster) = Cluster::shared() else {
        missing();
        return None;
    };
    let template = TEMPLATE.get_or_init(|| async {
        let name = cluster.database(None);
        let store = connect(&cluster.url(&name)).await;
        let connection = store.migrating().unwrap();
        Migrator::up(&connection, None).await.unwrap();
        store.close().await;
        name
    });
    let name = cluster.database(Some(template.await));
    Some(cluster.url(&name))
}

fn missing() {
    static SAID: OnceLock<()> = OnceLock::new();
    let required = std::env::var("CREDITS_REQUIRE").is_ok_and(|value| value == "all");
    assert!(
        !required,
        "not run: needs PostgreSQL, and CREDITS_REQUIRE=all"
    );
    SAID.get_or_init(say);
}

#[expect(
    clippy::print_stderr,
    reason = "a test has no other way to say that it did not run"
)]
fn say() {
    eprintln!("not run: needs PostgreSQL");
}

pub(crate) async fn connect(url: &str) -> SqlStore {
    SqlStore::connect(&options(url), OpenMode::ReadWrite)
        .await
        .unwrap()
}

fn options(url: &str) -> ServerOptions {
    ServerOptions {
        url: url.to_owned(),
        writers: 1,
        readers: 2,
        statement_timeout: Duration::from_secs(10),
        lock_timeout: Duration::from_secs(2),
        deadline: Duration::from_secs(15),
    }
}
