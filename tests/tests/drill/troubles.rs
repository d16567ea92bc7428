//! During and after faults of the database and the network, the nodes stay up, answer each call, say later what
//! became of it, and serve again. How fast they do is not judged here.

use std::{future::Future, sync::Arc, time::Duration};

use credits_tests::{
    audit::Audit,
    cluster::{self, Cluster},
    harness::require,
    proxy::{Proxy, Trouble},
};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    ask_again, compare_rows,
    crowd::{Crowd, say},
    nodes::{Nodes, control},
};

const NODES: usize = 2;
/// Short limits, so that each of them is reached while trouble lasts.
const BOUNDS: [&str; 10] = [
    "--database-statement-timeout-ms",
    "1500",
    "--database-lock-timeout-ms",
    "1000",
    "--database-call-timeout-ms",
    "2000",
    "--writer-deadline-ms",
    "2500",
    "--http-request-deadline-ms",
    "3000",
];
/// Longer than each of these bounds.
const LASTS: Duration = Duration::from_secs(4);
/// Long enough for every connection of a node to have been tried, and found to be half-open.
const SILENCE_LASTS: Duration = Duration::from_secs(12);
/// How often connections are killed.
const KILL_EVERY: Duration = Duration::from_millis(100);
/// How long a packet is held.
const HELD: Duration = Duration::from_millis(100);

/// Makes statements on operations wait while there is a row in `trouble`.
const SLOWNESS: &str = "CREATE TABLE trouble (seconds INT); \
    CREATE FUNCTION slowness() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN PERFORM pg_sleep(seconds) FROM trouble; RETURN NEW; END $$; \
    CREATE TRIGGER slowness BEFORE INSERT ON operation FOR EACH ROW EXECUTE FUNCTION slowness();";
/// Has the row of the account that half of all calls ask for, for as long as trouble lasts.
const ROW_HELD: &str = "BEGIN; SELECT 1 FROM account WHERE external_id = 'hot' FOR UPDATE; \
    SELECT pg_sleep(4); ROLLBACK";
/// Ends all connections of the service.
const KILLED: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
    WHERE application_name = 'chatnow-credits'";

/// A server, a proxy before it, and nodes that know the proxy only.
struct Scene {
    cluster: Arc<Cluster>,
    database: String,
    proxy: Arc<Proxy>,
    nodes: Nodes,
    crowd: Crowd,
}

impl Scene {
    async fn start() -> Scene {
        require("PostgreSQL", cluster::binaries().is_some());
        // Its own: it is stopped.
        let cluster = Cluster::new().expect("PostgreSQL is there");
        let database = cluster.database(None);
        let proxy = Proxy::before(cluster.port(), Trouble::None);
        let url = cluster.url(&database);
        let url = url.replace(&cluster.port().to_string(), &proxy.port().to_string());
        let nodes = Nodes::start(NODES, url, &BOUNDS).await;
        let seed = Uuid::new_v4().as_u64_pair().0;
        let mut crowd = Crowd::new(seed);
        crowd.open_accounts(&nodes.next().studio()).await;
        Scene {
            cluster: Arc::new(cluster),
            database,
            proxy: Arc::new(proxy),
            nodes,
            crowd,
        }
    }

    /// Lets a crowd work through trouble, and returns once all is known.
    async fn through<T>(&mut self, named: &str, trouble: impl Future<Output = T>) -> T {
        let working = self.crowd.go_on(|| self.nodes.next().studio());
        working.is_on().await;
        let made = trouble.await;
        for node in &self.nodes.running {
            self.crowd.first_success(&node.studio()).await;
        }
        working.stop();
        say(&format!("{named}: {}", working.tells()));
        self.crowd.gather(working).await;
        self.crowd.resolve(&self.nodes.next().studio()).await;
        for node in &mut self.nodes.running {
            assert_eq!(node.ended(), None, "it stayed up");
        }
        made
    }

    /// What the server is asked for, without keeping this thread from the crowd.
    fn ask(&self, sql: &'static str) -> impl Future<Output = String> + use<> {
        let (cluster, database) = (Arc::clone(&self.cluster), self.database.clone());
        blocking(move || cluster.sql(&database, sql))
    }

    /// Everything that was said is in the database, and nothing else.
    async fn judge(self) {
        ask_again(&self.nodes.next().studio(), &self.crowd.known).await;
        self.nodes.verify();
        let audit = Audit::on_server(&self.cluster.url(&self.database)).await;
        compare_rows(&audit, &self.crowd.known, 0).await;
        control(&audit, &self.crowd.known, 0).await;
        audit.close().await;
    }
}

async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let called = actix_rt::task::spawn_blocking(call).await;
    called.expect("it does not panic")
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn statements_that_take_too_long_and_rows_that_are_held() {
    let mut scene = Scene::start().await;
    scene.ask(SLOWNESS).await;
    let begin = scene.ask("INSERT INTO trouble VALUES (60)");
    let end = scene.ask("DELETE FROM trouble");
    let slow = async {
        begin.await;
        sleep(LASTS).await;
        end.await;
    };
    scene.through("statement timeouts", slow).await;
    let held = scene.ask(ROW_HELD);
    scene.through("a row held by somebody", held).await;
    scene.judge().await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn connections_that_are_killed_again_and_again_and_a_server_that_is_away() {
    let mut scene = Scene::start().await;
    let kills = (0..20).map(|_| scene.ask(KILLED)).collect::<Vec<_>>();
    let killing = async {
        for kill in kills {
            kill.await;
            sleep(KILL_EVERY).await;
        }
    };
    scene.through("killed backends", killing).await;
    let (stopped, started) = (Arc::clone(&scene.cluster), Arc::clone(&scene.cluster));
    let away = async {
        blocking(move || stopped.crash()).await;
        sleep(LASTS).await;
        blocking(move || started.start_again()).await;
    };
    scene.through("no server", away).await;
    scene.judge().await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn a_network_that_is_slow_silent_or_cut_at_commit() {
    let mut scene = Scene::start().await;
    for (trouble, lasts) in [
        (Trouble::Slow(HELD), LASTS),
        (Trouble::Silent, SILENCE_LASTS),
        (Trouble::CutBeforeCommit, LASTS),
        (Trouble::CutAfterCommit, LASTS),
    ] {
        let proxy = Arc::clone(&scene.proxy);
        let making = async {
            proxy.make(trouble);
            sleep(lasts).await;
            proxy.make(Trouble::None);
        };
        scene.through(&format!("{trouble:?}"), making).await;
    }
    scene.judge().await;
}
