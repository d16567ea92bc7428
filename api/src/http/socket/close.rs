//! Why a socket ends, as its client is told.
//!
//! Owns the codes. Those from 4400 on are the protocol's, the others those of RFC 6455.

use actix_ws::{CloseCode, CloseReason};

/// The ends of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The service shuts down; another node, or the next process, is there for the client.
    GoingAway,
    /// A frame breaks the rules of WebSockets.
    Protocol,
    /// A text is not UTF-8.
    NotUtf8,
    /// A message is longer than any that makes sense, or in more pieces.
    TooBig,
    /// Too many sockets are open here.
    TryAgainLater,
    /// A message is malformed.
    BadRequest,
    /// An operation began before the connection was acknowledged.
    Unauthorized,
    /// The token is no good, or has ended.
    Forbidden,
    /// The client speaks another protocol.
    SubprotocolNotAcceptable,
    /// Nothing came to begin with.
    InitTimeout,
    /// There is an operation of this id.
    SubscriberExists,
    /// The connection was initialised before.
    TooManyInits,
}

impl Close {
    /// The code on the wire.
    pub fn code(self) -> u16 {
        match self {
            Close::GoingAway => 1001,
            Close::Protocol => 1002,
            Close::NotUtf8 => 1007,
            Close::TooBig => 1009,
            Close::TryAgainLater => 1013,
            Close::BadRequest => 4400,
            Close::Unauthorized => 4401,
            Close::Forbidden => 4403,
            Close::SubprotocolNotAcceptable => 4406,
            Close::InitTimeout => 4408,
            Close::SubscriberExists => 4409,
            Close::TooManyInits => 4429,
        }
    }

    /// The code with a text for whoever debugs the client.
    pub fn because(self, reason: impl Into<String>) -> CloseReason {
        CloseReason {
            code: CloseCode::from(self.code()),
            description: Some(reason.into()),
        }
    }
}
