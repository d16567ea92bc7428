//! A client of server-sent events, line by line.
//!
//! Owns the reading of the stream. It never reconnects.

use std::pin::Pin;

use actix_web::web::Bytes;
use awc::{ClientRequest, error::PayloadError, http::header::HeaderMap};
use futures_util::{Stream, StreamExt};
use serde_json::Value;

use super::client::http_client;

/// What comes on a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// A comment, which says that the service is there.
    Comment,
    /// A result.
    Next(Value),
    /// There is no more.
    Complete,
    /// The connection ended.
    End,
}

/// One open stream of events.
pub struct EventStream {
    /// The HTTP status.
    pub status: u16,
    /// The headers of the answer.
    pub headers: HeaderMap,
    body: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>,
    buffer: Vec<u8>,
}

impl EventStream {
    /// Asks for a stream: with a GET without a body, with a POST of this one otherwise.
    pub async fn open(url: &str, token: Option<&str>, body: Option<&Value>) -> EventStream {
        let client = http_client();
        let request = match body {
            Some(_) => client.post(url),
            None => client.get(url),
        };
        let request = request
            .insert_header(("accept", "text/event-stream"))
            .insert_header(("accept-encoding", "gzip, br"));
        let authorized = |request: ClientRequest| match token {
            Some(token) => request.insert_header(("authorization", format!("Bearer {token}"))),
            None => request,
        };
        let sent = match body {
            Some(body) => authorized(request).send_json(body),
            None => authorized(request).send(),
        };
        let response = sent.await.expect("it answers");
        EventStream {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: Box::pin(response),
            buffer: Vec::new(),
        }
    }

    /// What comes next, whatever it is.
    pub async fn heard(&mut self) -> StreamEvent {
        loop {
            let end = self.buffer.windows(2).position(|two| two == b"\n\n");
            if let Some(end) = end {
                let rest = self.buffer.split_off(end + 2);
                let block = std::mem::replace(&mut self.buffer, rest);
                return read(&String::from_utf8_lossy(&block));
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                Some(Err(_)) | None => return StreamEvent::End,
            }
        }
    }

    /// What comes next but comments.
    pub async fn event(&mut self) -> StreamEvent {
        loop {
            match self.heard().await {
                StreamEvent::Comment => {}
                event => return event,
            }
        }
    }

    /// The next result.
    pub async fn next(&mut self) -> Value {
        match self.event().await {
            StreamEvent::Next(result) => result,
            other => panic!("a result, not {other:?}"),
        }
    }
}

/// What one block of lines says.
fn read(block: &str) -> StreamEvent {
    let lines: Vec<&str> = block.trim_end().lines().collect();
    match lines[..] {
        [":"] => StreamEvent::Comment,
        ["event: complete", "data:"] => StreamEvent::Complete,
        ["event: next", data] => {
            let data = data.strip_prefix("data: ").expect("a result is data");
            StreamEvent::Next(serde_json::from_str(data).expect("a result is JSON"))
        }
        _ => panic!("no event: {block}"),
    }
}
