//! The settings of the server as flags and environment variables.
//!
//! Owns the texts of `--help` about them. It states no defaults.

use std::net::SocketAddr;

use clap::Args;
use config::Value;

use super::list;

/// The flags of the server.
#[derive(Args, Clone, Debug, Default)]
pub struct HttpArgs {
    /// Address to listen on; port 0 takes a free one [file: http.listen] [default: 127.0.0.1:8080]
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "CREDITS__HTTP__LISTEN",
        help_heading = "Server"
    )]
    pub http_listen: Option<SocketAddr>,
    /// Port to listen on, in place of that of http.listen
    #[arg(
        long,
        value_name = "PORT",
        env = "CREDITS__HTTP__PORT",
        help_heading = "Server"
    )]
    pub http_port: Option<u16>,
    /// Origins whose pages may call, with commas between [file: http.allowed_origins] [default: none]
    #[arg(
        long,
        value_name = "ORIGINS",
        env = "CREDITS__HTTP__ALLOWED_ORIGINS",
        value_delimiter = ',',
        help_heading = "Server"
    )]
    pub http_allowed_origins: Option<Vec<String>>,
    /// Longest request body, in bytes [file: http.body_bytes_max] [default: 262144]
    #[arg(
        long,
        value_name = "BYTES",
        env = "CREDITS__HTTP__BODY_BYTES_MAX",
        help_heading = "Server"
    )]
    pub http_body_bytes_max: Option<u32>,
    /// Longest execution of a request, in milliseconds [file: http.request_deadline_ms] [default: 5000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__HTTP__REQUEST_DEADLINE_MS",
        help_heading = "Server"
    )]
    pub http_request_deadline_ms: Option<u32>,
    /// Longest wait for the head of the first request of a connection, in milliseconds [file:
    /// http.head_timeout_ms] [default: 5000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__HTTP__HEAD_TIMEOUT_MS",
        help_heading = "Server"
    )]
    pub http_head_timeout_ms: Option<u32>,
    /// How long a connection stays open between two requests, in milliseconds [file: http.keep_alive_ms] [default: 5000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__HTTP__KEEP_ALIVE_MS",
        help_heading = "Server"
    )]
    pub http_keep_alive_ms: Option<u32>,
    /// Longest wait for the first message of a socket, in milliseconds [file: http.init_timeout_ms] [default: 3000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__HTTP__INIT_TIMEOUT_MS",
        help_heading = "Server"
    )]
    pub http_init_timeout_ms: Option<u32>,
    /// Time between two pings of a socket or comments of an event stream, in milliseconds [file:
    /// http.ping_interval_ms] [default: 12000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__HTTP__PING_INTERVAL_MS",
        help_heading = "Server"
    )]
    pub http_ping_interval_ms: Option<u32>,
    /// Longest wait for a client that does not read, in milliseconds [file: http.send_timeout_ms] [default: 10000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__HTTP__SEND_TIMEOUT_MS",
        help_heading = "Server"
    )]
    pub http_send_timeout_ms: Option<u32>,
    /// How long a connection that ends stays open for what its client still sends, in milliseconds [file:
    /// http.linger_timeout_ms] [default: 1000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__HTTP__LINGER_TIMEOUT_MS",
        help_heading = "Server"
    )]
    pub http_linger_timeout_ms: Option<u32>,
    /// How long a node that is leaving still listens, in milliseconds [file: http.shutdown_notice_ms] [default: 500]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__HTTP__SHUTDOWN_NOTICE_MS",
        help_heading = "Server"
    )]
    pub http_shutdown_notice_ms: Option<u32>,
    /// Most sockets and event streams open at a time [file: http.streams_max] [default: 20000]
    #[arg(
        long,
        value_name = "COUNT",
        env = "CREDITS__HTTP__STREAMS_MAX",
        help_heading = "Server"
    )]
    pub http_streams_max: Option<u32>,
    /// Worker threads; 0 means one for each core [file: http.workers] [default: 0]
    #[arg(
        long,
        value_name = "COUNT",
        env = "CREDITS__HTTP__WORKERS",
        help_heading = "Server"
    )]
    pub http_workers: Option<u32>,
}

impl HttpArgs {
    /// What was given, by key.
    pub(super) fn overrides(&self) -> Vec<(&'static str, Option<Value>)> {
        let numbers = [
            ("http.body_bytes_max", self.http_body_bytes_max),
            ("http.request_deadline_ms", self.http_request_deadline_ms),
            ("http.head_timeout_ms", self.http_head_timeout_ms),
            ("http.keep_alive_ms", self.http_keep_alive_ms),
            ("http.init_timeout_ms", self.http_init_timeout_ms),
            ("http.ping_interval_ms", self.http_ping_interval_ms),
            ("http.send_timeout_ms", self.http_send_timeout_ms),
            ("http.linger_timeout_ms", self.http_linger_timeout_ms),
            ("http.shutdown_notice_ms", self.http_shutdown_notice_ms),
            ("http.streams_max", self.http_streams_max),
            ("http.workers", self.http_workers),
        ];
        let numbers = numbers.map(|(key, number)| (key, number.map(Value::from)));
        let others = [
            (
                "http.listen",
                self.http_listen.map(|listen| listen.to_string().into()),
            ),
            ("http.port", self.http_port.map(Value::from)),
            ("http.allowed_origins", list(&self.http_allowed_origins)),
        ];
        others.into_iter().chain(numbers).collect()
    }
}
