//! A client of `graphql-transport-ws`, frame by frame: what a library would forbid can be sent.
//!
//! Owns the handshake and the frames. It keeps no rule of the protocol for the test; it answers pings
//! while it waits for a message, as every client does.

use std::{io, net::SocketAddr};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// The protocol's name.
const SUBPROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

/// The first byte of a frame.
pub mod kind {
    /// The bit of the last frame of a message.
    pub const FIN: u8 = 0x80;
    /// More of a message that was begun.
    pub const CONTINUATION: u8 = 0x0;
    /// A message in text.
    pub const TEXT: u8 = 0x1;
    /// A message in bytes.
    pub const BINARY: u8 = 0x2;
    /// The end.
    pub const CLOSE: u8 = 0x8;
    /// Is the other side there?
    pub const PING: u8 = 0x9;
    /// It is.
    pub const PONG: u8 = 0xa;
}
use kind::{CLOSE, FIN, PING, PONG, TEXT};

/// What the service sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Value),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// The end, with its code; 1005 if there was none, 1006 if the connection just ended.
    Closed(u16),
}

/// One open socket.
pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Socket {
    /// Opens a socket with the right protocol.
    pub async fn open(address: SocketAddr) -> Socket {
        let opened = Socket::open_with(address, &[SUBPROTOCOL], None).await;
        opened.unwrap_or_else(|status| panic!("the socket is opened, not {status}"))
    }

    /// Opens a socket and has it acknowledged with this token.
    pub async fn ready(address: SocketAddr, token: &str) -> Socket {
        let mut socket = Socket::open(address).await;
        socket.init(token).await;
        socket
    }

    /// Opens a socket with these headers and this much room for what is not read, in bytes. The HTTP
    /// status, if it is refused.
    pub async fn open_with(
        address: SocketAddr,
        headers: &[(&str, &str)],
        room: Option<u32>,
    ) -> Result<Socket, u16> {
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        if let Some(room) = room {
            socket.set_recv_buffer_size(room).expect("it can be set");
        }
        let mut stream = socket.connect(address).await.expect("it listens");
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!(
            "GET /graphql HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream
            .write_all(head.as_bytes())
            .await
            .expect("it is written");
        let (status, buffer) = answer(&mut stream).await;
        match status {
            101 => Ok(Socket { stream, buffer }),
            refused => Err(refused),
        }
    }

    /// Introduces itself with a token, and waits for the acknowledgement.
    pub async fn init(&mut self, token: &str) {
        let payload = json!({ "authorization": format!("Bearer {token}") });
        self.send(&json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(self.message().await, json!({ "type": "connection_ack" }));
    }

    /// Begins an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(&json!({ "type": "subscribe", "id": id, "payload": payload }))
            .await;
    }

    /// Sends a message. The service may be gone: then the next answer says so.
    pub async fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let _gone = self.frame(FIN | TEXT, text.as_bytes()).await;
    }

    /// Sends one frame.
    pub async fn frame(&mut self, first: u8, payload: &[u8]) -> io::Result<()> {
        self.raw(&frame(first, payload)).await
    }

    /// Sends bytes.
    pub async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// What the service sends next, whatever it is.
    pub async fn heard(&mut self) -> Heard {
        self.next_frame().await
    }

    /// The next message. Pings do not count as one, however many come.
    pub async fn message(&mut self) -> Value {
        loop {
            match self.next_frame().await {
                Heard::Message(message) => return message,
                Heard::Ping(payload) => {
                    let _gone = self.frame(FIN | PONG, &payload).await;
                }
                Heard::Pong(_) => {}
                Heard::Closed(code) => panic!("a message, not {code}"),
            }
        }
    }

    /// The payload of the next message, which must be a result of this operation.
    pub async fn next(&mut self, id: &str) -> Value {
        let mut message = self.message().await;
        assert_eq!(
            (&message["type"], &message["id"]),
            (&json!("next"), &json!(id)),
            "{message}"
        );
        message["payload"].take()
    }

    /// The data of the next message, which must be a result of this operation without errors.
    pub async fn data(&mut self, id: &str) -> Value {
        let mut payload = self.next(id).await;
        assert_eq!(payload.get("errors"), None, "{payload}");
        payload["data"].take()
    }

    /// The code with which the socket is closed; messages before that are skipped.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Heard::Closed(code) = self.heard().await {
                return code;
            }
        }
    }

    async fn next_frame(&mut self) -> Heard {
        loop {
            if let Some((heard, used)) = parse(&self.buffer) {
                self.buffer.drain(..used);
                return heard;
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Heard::Closed(1006),
                Ok(_) => {}
            }
        }
    }
}

/// One frame of a client: masked, with a mask that changes nothing.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// The first frame in what was read, and its length; none if more has to be read.
fn parse(bytes: &[u8]) -> Option<(Heard, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (length, start) = match second {
        126 => (
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
            4,
        ),
        127 => {
            let long = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (usize::try_from(long).ok()?, 10)
        }
        short => (usize::from(short), 2),
    };
    let payload = bytes.get(start..start + length)?;
    let heard = match first & !FIN {
        TEXT => Heard::Message(serde_json::from_slice(payload).expect("messages are JSON")),
        PING => Heard::Ping(payload.to_vec()),
        PONG => Heard::Pong(payload.to_vec()),
        CLOSE => Heard::Closed(match payload {
            [high, low, ..] => u16::from_be_bytes([*high, *low]),
            _ => 1005,
        }),
        other => panic!("the service sends no frame of kind {other}"),
    };
    Some((heard, start + length))
}

/// The status of an HTTP answer, and what was read behind its head.
async fn answer(stream: &mut TcpStream) -> (u16, Vec<u8>) {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let behind = read.split_off(end + 4);
            let head = String::from_utf8_lossy(&read).into_owned();
            let status = head
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok());
            return (status.expect("an answer has a status"), behind);
        }
        let more = stream.read_buf(&mut read).await.expect("it answers");
        assert!(more > 0, "it answers");
    }
}
