//! HAProxy in front of the nodes, by the file that the README gives.

use std::{
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/haproxy.cfg");
/// How long it may take to find the nodes.
const START_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running proxy. It is killed if it is dropped.
pub struct Proxy {
    process: Child,
    address: SocketAddr,
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
        let mut command = Command::new("haproxy");
        command
            .args(["-db", "-f", CONFIGURATION])
            .env("CREDITS_PROXY_LISTEN", address.to_string());
        for (number, node) in nodes.iter().enumerate() {
            command.env(format!("CREDITS_NODE_{}", number + 1), node.to_string());
        }
        // It says on standard error which node comes and goes.
        let process = command.stderr(Stdio::null()).spawn();
        let mut proxy = Proxy {
            process: process.expect("it is installed"),
            address,
        };
        proxy.until_ready().await;
        proxy
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    async fn until_ready(&mut self) {
        let url = format!("http://{}/readyz", self.address);
        let started = Instant::now();
        loop {
            let asked = awc::Client::default().get(&url).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.process.try_wait().expect("the process is ours");
            assert_eq!(ended, None, "the proxy runs");
            assert!(started.elapsed() < START_WITHIN, "the proxy finds a node");
            actix_rt::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}
