//! The built program, serving a ground, with what it costs: a process of its own, so that its time and
//! memory are not the load generator's.

use std::{
    fs, io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{cost, place::Ground};
use crate::harness::{Child, Program};

/// The file in which the program logs.
const LOG: &str = "service.log";

/// A service on a ground.
pub struct Served {
    child: Child,
    /// How long it took until it was ready.
    pub ready_after: Duration,
}

impl Served {
    /// Starts it with these arguments more.
    pub async fn start(ground: &Ground, more: &[&str]) -> Served {
        // It may have to be built first.
        let program = Program::find();
        let began = Instant::now();
        let mut arguments = ground.arguments();
        arguments.extend(more.iter().map(|one| (*one).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let child = program.serve_with(ground.directory(), &arguments).await;
        Served {
            child,
            ready_after: began.elapsed(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.child.address()
    }

    /// A studio's token.
    pub fn token(&self) -> &str {
        self.child.token()
    }

    /// The CPU time that it has used so far.
    pub fn cpu_time(&self) -> Duration {
        cost::cpu_time(self.child.process())
    }

    /// The memory that it has, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.child.memory_bytes().unwrap_or_default()
    }

    /// Stops it in order.
    pub async fn stop(mut self) -> io::Result<()> {
        match self.child.leave().await {
            status if status.success() => Ok(()),
            status => Err(io::Error::other(format!("the service ended: {status}"))),
        }
    }
}

/// How often a text is in what a service on the ground has logged so far.
pub fn logged(ground: &Ground, text: &str) -> io::Result<usize> {
    let log = fs::read_to_string(ground.directory().join(LOG))?;
    Ok(log.matches(text).count())
}
