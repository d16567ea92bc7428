//! HAProxy in front of the nodes, by the file that the README gives.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use credits_tests::harness::until;
use tempfile::TempDir;

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/haproxy.cfg");
/// What it counts of each node, and of all, where it sent something elsewhere than its account says: because
/// a node did not answer a check, or did not answer a request.
const STRAYED: [&str; 3] = ["chkdown", "wretr", "wredis"];

/// A running proxy. It is killed if it is dropped.
pub struct Proxy {
    process: Child,
    address: SocketAddr,
    /// Where it is asked what it counted.
    statistics: PathBuf,
    _directory: TempDir,
}

impl Proxy {
    /// Whether it is installed.
    pub fn is_installed() -> bool {
        let mut asked = Command::new("haproxy");
        let asked = asked.arg("-v").stdout(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    }

    /// One in front of these nodes, of which it has found one.
    pub async fn start(nodes: &[SocketAddr]) -> Proxy {
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let address = free.local_addr().expect("it has an address");
        drop(free);
        let directory = tempfile::tempdir().expect("a directory can be made");
        let statistics = directory.path().join("statistics");
        let more = directory.path().join("more.cfg");
        let text = format!("global\n    stats socket {}\n", statistics.display());
        std::fs::write(&more, text).expect("the directory can be written to");
        let mut command = Command::new("haproxy");
        command
            .args(["-db", "-f", CONFIGURATION, "-f"])
            .arg(more)
            .env("CREDITS_PROXY_LISTEN", address.to_string());
        for (number, node) in nodes.iter().enumerate() {
            command.env(format!("CREDITS_NODE_{}", number + 1), node.to_string());
        }
        // It says on standard error which node comes and goes.
        let process = command.stderr(Stdio::null()).spawn();
        let mut proxy = Proxy {
            process: process.expect("it is installed"),
            address,
            statistics,
            _directory: directory,
        };
        proxy.until_ready().await;
        proxy
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it has sent each request to the node of its account: it found every node up whenever it
    /// looked, and sent nothing twice.
    pub fn has_sent_nothing_astray(&self) -> bool {
        let rows = self.statistics();
        assert!(rows.len() > 1, "it counts each node and all of them");
        let strayed = rows.iter().flat_map(|row| STRAYED.map(|name| &row[name]));
        strayed
            .into_iter()
            .all(|count| count == "0" || count.is_empty())
    }

    /// What it has counted of each node and of all of them, by name.
    fn statistics(&self) -> Vec<HashMap<String, String>> {
        let mut socket = UnixStream::connect(&self.statistics).expect("it listens there");
        let asked = socket.write_all(b"show stat\n");
        asked.expect("it can be asked");
        let mut told = String::new();
        socket.read_to_string(&mut told).expect("it answers");
        let mut lines = told.trim_start_matches("# ").lines();
        let names: Vec<&str> = lines.next().expect("names come first").split(',').collect();
        let row = |line: &str| {
            let named = names.iter().zip(line.split(','));
            named
                .map(|(name, value)| ((*name).to_owned(), value.to_owned()))
                .collect()
        };
        let of_nodes = lines.filter(|line| line.starts_with("nodes,"));
        of_nodes.map(row).collect()
    }

    async fn until_ready(&mut self) {
        let url = format!("http://{}/readyz", self.address);
        until("the proxy finds a node", async || {
            let ended = self.process.try_wait().expect("the process is ours");
            assert_eq!(ended, None, "the proxy runs");
            let asked = awc::Client::default().get(&url).send().await;
            asked
                .is_ok_and(|answer| answer.status().is_success())
                .then_some(())
        })
        .await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}
