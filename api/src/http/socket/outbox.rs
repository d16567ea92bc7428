//! What goes to a client: messages, as far as it reads them.
//!
//! Owns how much may wait for a client, and for how long. It never drops a message to go on: a client
//! that does not read in time has lost its socket.

use std::{sync::Arc, time::Duration};

use actix_web::web::Bytes;
use actix_ws::{CloseReason, Session};
use bytestring::ByteString;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::http::Timeouts;

/// How many bytes of messages may wait for a client. About as much again is on its way through the
/// connection's own buffers, so that a client that does not read costs less than half a megabyte. A
/// longer message waits until it is alone.
const WAITING_BYTES_MAX: u32 = 128 * 1024;

/// The client does not read, or is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent;

/// The way to one client.
pub struct Outbox {
    session: Session,
    room: Arc<Semaphore>,
    timeouts: Timeouts,
}

impl Outbox {
    /// The way to the client of this session.
    pub fn new(session: Session, timeouts: Timeouts) -> Outbox {
        Outbox {
            session,
            room: Arc::new(Semaphore::new(WAITING_BYTES_MAX as usize)),
            timeouts,
        }
    }

    /// Sends a message, which must be UTF-8. Waits for room.
    pub async fn text(&mut self, text: Vec<u8>) -> Result<(), Unsent> {
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room);
        in_time(self.timeouts.send, async {
            let room = room.acquire_many_owned(bytes.min(WAITING_BYTES_MAX));
            let waiting = Waiting {
                text,
                _room: room.await.map_err(|_| Unsent)?,
            };
            let text = ByteString::try_from(Bytes::from_owner(waiting));
            let sent = self.session.text(text.map_err(|_| Unsent)?);
            sent.await.map_err(|_| Unsent)
        })
        .await
    }

    /// Asks whether the client is there.
    pub async fn ping(&mut self) -> Result<(), Unsent> {
        let sent = self.session.ping(b"");
        in_time(self.timeouts.send, async { sent.await.map_err(|_| Unsent) }).await
    }

    /// Answers that.
    pub async fn pong(&mut self, payload: &[u8]) -> Result<(), Unsent> {
        let sent = self.session.pong(payload);
        in_time(self.timeouts.send, async { sent.await.map_err(|_| Unsent) }).await
    }

    /// Tells the client why this ends. It is the last that is sent.
    pub async fn close(self, reason: Option<CloseReason>) {
        let sent = self.session.close(reason);
        // A client that is gone, or does not read, learns nothing.
        let _told = in_time(self.timeouts.close(), async {
            sent.await.map_err(|_| Unsent)
        })
        .await;
    }
}

async fn in_time(
    deadline: Duration,
    sent: impl Future<Output = Result<(), Unsent>>,
) -> Result<(), Unsent> {
    timeout(deadline, sent).await.unwrap_or(Err(Unsent))
}

/// A message that waits. It gives its room back when the connection has taken it.
struct Waiting {
    text: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Waiting {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}
