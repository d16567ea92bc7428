//! What comes from a client: frames, put together into messages.
//!
//! Owns the bounds of a message, continuations included, whatever the number of its pieces. It never
//! reads one.

use std::{io::ErrorKind, str::Utf8Error};

use actix_web::{error::PayloadError, web::Bytes};
use actix_ws::{CloseReason, Item, Message, MessageStream, ProtocolError};

use super::close::Close;

/// The longest message, in bytes: a document and its variables, with room. It is also the longest
/// frame.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// The most pieces of one message. Pieces without content would never fill a message; no client
/// splits 64 KiB into more than a few.
const FRAGMENTS_MAX: usize = 1_024;

/// What a client does.
#[derive(Debug, PartialEq)]
pub enum Received {
    /// It says something.
    Text(String),
    /// It asks whether the server is there.
    Ping(Bytes),
    /// It answers that.
    Pong,
    /// It leaves.
    Closed(Option<CloseReason>),
    /// It breaks a rule.
    Broken(CloseReason),
    /// Its connection is gone.
    Gone,
}

/// The messages of one client.
pub struct Incoming {
    frames: MessageStream,
    partial: Option<Partial>,
}

/// A message of which more is to come.
#[derive(Default)]
struct Partial {
    bytes: Vec<u8>,
    fragments: usize,
}

impl Incoming {
    /// The messages that these frames make.
    pub fn new(frames: MessageStream) -> Incoming {
        Incoming {
            frames: frames.max_frame_size(MESSAGE_BYTES_MAX),
            partial: None,
        }
    }

    /// What the client does next. It may be dropped and asked anew: nothing is lost.
    pub async fn next(&mut self) -> Received {
        loop {
            let received = match self.frames.recv().await {
                None => Some(Received::Gone),
                Some(Ok(message)) => self.take(message),
                Some(Err(error)) => Some(broken(&error)),
            };
            if let Some(received) = received {
                return received;
            }
        }
    }

    /// Whether that frame completes something.
    fn take(&mut self, frame: Message) -> Option<Received> {
        Some(match frame {
            Message::Text(text) => Received::Text(text.to_string()),
            Message::Ping(payload) => Received::Ping(payload),
            Message::Pong(_) => Received::Pong,
            Message::Close(reason) => Received::Closed(reason),
            Message::Binary(_) | Message::Continuation(Item::FirstBinary(_)) => {
                Received::Broken(Close::BadRequest.because("Messages are text"))
            }
            Message::Continuation(Item::FirstText(piece)) => {
                self.partial = Some(Partial::default());
                return self.add(&piece, false);
            }
            Message::Continuation(Item::Continue(piece)) => return self.add(&piece, false),
            Message::Continuation(Item::Last(piece)) => return self.add(&piece, true),
            Message::Nop => return None,
        })
    }

    fn add(&mut self, piece: &[u8], last: bool) -> Option<Received> {
        // The codec has refused a piece of nothing.
        let partial = self.partial.get_or_insert_default();
        partial.fragments += 1;
        if partial.bytes.len() + piece.len() > MESSAGE_BYTES_MAX
            || partial.fragments > FRAGMENTS_MAX
        {
            self.partial = None;
            return Some(Received::Broken(too_big()));
        }
        partial.bytes.extend_from_slice(piece);
        if !last {
            return None;
        }
        let whole = self.partial.take().unwrap_or_default();
        Some(match String::from_utf8(whole.bytes) {
            Ok(text) => Received::Text(text),
            Err(_) => Received::Broken(Close::NotUtf8.because("Text must be UTF-8")),
        })
    }
}

fn too_big() -> CloseReason {
    Close::TooBig.because(format!("A message may have {MESSAGE_BYTES_MAX} bytes"))
}

fn broken(error: &ProtocolError) -> Received {
    match error {
        ProtocolError::Overflow => Received::Broken(too_big()),
        ProtocolError::Io(error) => match error.get_ref() {
            Some(inner) if is_overflow(inner) => Received::Broken(too_big()),
            Some(inner) if inner.is::<Utf8Error>() => {
                Received::Broken(Close::NotUtf8.because("Text must be UTF-8"))
            }
            Some(_) if error.kind() == ErrorKind::InvalidData => {
                Received::Broken(Close::Protocol.because(error.to_string()))
            }
            Some(_) | None => Received::Gone,
        },
        // Whatever else the codec finds, now or later, is the client's mistake.
        other => Received::Broken(Close::Protocol.because(other.to_string())),
    }
}

/// Whether a frame announced too much. The connection wraps what is wrong with its bytes.
fn is_overflow(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(
        error.downcast_ref::<PayloadError>(),
        Some(PayloadError::Overflow)
    )
}
