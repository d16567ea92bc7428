//! How long requests and clients may take.
//!
//! Owns the names. The values are settings, so that an operator can change them and a test on a slow
//! machine is not decided by them.

use std::time::Duration;

/// The time limits of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The longest execution of a request.
    pub request: Duration,
    /// The longest that a new connection may take to send the head of its first request.
    pub head: Duration,
    /// How long a connection stays open between two requests.
    pub keep_alive: Duration,
    /// The longest that a new socket may take to send its first message.
    pub init: Duration,
    /// The time between two pings of a socket, and between two comments of an event stream.
    pub ping_interval: Duration,
    /// The longest that a client may take to make room for what it is sent.
    pub send: Duration,
    /// How long a connection that ends stays open for what its client still sends.
    pub linger: Duration,
    /// How long a node that is leaving still listens.
    pub shutdown_notice: Duration,
}

impl Timeouts {
    /// The longest that a client may take to make room for the last message of a socket: a tenth of
    /// what it has for any other, because nothing depends on it.
    pub fn close(&self) -> Duration {
        self.send / 10
    }

    /// The longest that accepted requests may take after the server has stopped listening, in whole
    /// seconds: a second more than their deadline, so that they are answered.
    pub fn finish_s(&self) -> u64 {
        self.request.as_secs() + 1
    }
}
