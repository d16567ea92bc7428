//! The messages of `graphql-transport-ws`.
//!
//! Owns what a well-formed message is and how one is written. It never knows which may come when.
//! The protocol: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use std::borrow::Cow;

use async_graphql::{Response, ServerError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::{
    answer::{self, Executed},
    envelope::Envelope,
};

/// The name of the protocol, as clients ask for it.
pub const SUBPROTOCOL: &str = "graphql-transport-ws";
/// The longest id of an operation, in bytes; clients use a UUID or a number. A socket keeps fifty.
const ID_BYTES_MAX: usize = 128;

/// What a client sends.
#[derive(Debug)]
pub enum FromClient<'a> {
    /// The first message, with what the client says about itself.
    Init(Option<&'a RawValue>),
    /// Is the server there? Answered with the same payload.
    Ping(Option<&'a RawValue>),
    /// An answer to a ping.
    Pong,
    /// Begin an operation.
    Subscribe(Cow<'a, str>, Envelope<'a>),
    /// Give an operation up.
    Complete(Cow<'a, str>),
}

/// The wire form. What else a message has means nothing.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl FromClient<'_> {
    /// Reads a message. The error says what is wrong, for the client.
    pub fn parse(text: &str) -> Result<FromClient<'_>, String> {
        // An array would be read as the fields in order.
        if !text.trim_start().starts_with('{') {
            return Err("A message must be a JSON object".to_owned());
        }
        let raw: Raw<'_> =
            serde_json::from_str(text).map_err(|error| format!("Invalid message: {error}"))?;
        match raw.kind.as_ref() {
            "connection_init" => Ok(FromClient::Init(raw.object()?)),
            "ping" => Ok(FromClient::Ping(raw.object()?)),
            "pong" => {
                raw.object()?;
                Ok(FromClient::Pong)
            }
            "subscribe" => {
                let payload = raw.payload.ok_or("A subscribe needs a payload")?;
                let envelope = Envelope::from_body(payload.get().as_bytes())?;
                Ok(FromClient::Subscribe(raw.id()?, envelope))
            }
            "complete" => Ok(FromClient::Complete(raw.id()?)),
            other => Err(format!("\"{other}\" is no type of message")),
        }
    }
}

impl<'a> Raw<'a> {
    fn id(self) -> Result<Cow<'a, str>, String> {
        let id = self.id.filter(|id| (1..=ID_BYTES_MAX).contains(&id.len()));
        id.ok_or_else(|| format!("An id is a text of 1 to {ID_BYTES_MAX} bytes"))
    }

    /// The payload, if there is one; it must be an object.
    fn object(&self) -> Result<Option<&'a RawValue>, String> {
        match self.payload {
            Some(payload) if !payload.get().starts_with('{') => {
                Err("A payload must be a JSON object".to_owned())
            }
            payload => Ok(payload),
        }
    }
}

/// What the server sends.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToClient<'a> {
    /// The client may begin operations.
    ConnectionAck,
    /// An answer to a ping, with its payload.
    Pong {
        /// As it came.
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<&'a RawValue>,
    },
    /// A result of an operation.
    Next {
        /// The operation.
        id: &'a str,
        /// The result.
        payload: Executed<'a>,
    },
    /// An operation ended before it was executed, or broke.
    Error {
        /// The operation.
        id: &'a str,
        /// At least one.
        payload: &'a [ServerError],
    },
    /// An operation has no more results.
    Complete {
        /// The operation.
        id: &'a str,
    },
}

impl<'a> ToClient<'a> {
    /// A result of this operation.
    pub fn next(id: &'a str, response: &'a Response) -> ToClient<'a> {
        let payload = Executed::from(response);
        ToClient::Next { id, payload }
    }

    /// The message as text.
    pub fn write(&self) -> Vec<u8> {
        let mut text = Vec::new();
        answer::write(self, &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let long = format!("{{\"type\":\"complete\",\"id\":\"{}\"}}", "x".repeat(129));
        let rows = [
            (r#"{"type":"connection_init"}"#, true),
            (r#"{"type":"connection_init","payload":null}"#, true),
            (r#"{"type":"connection_init","payload":{"a":[1]}}"#, true),
            (r#"{"type":"connection_init","payload":"a"}"#, false),
            (r#"{"type":"connection_init","payload":[]}"#, false),
            (r#" {"payload":{},"type":"ping","more":1}"#, true),
            (r#"{"type":"ping","payload":7}"#, false),
            (r#"{"type":"pong"}"#, true),
            (r#"{"type":"pong","payload":""}"#, false),
            (r#"{"type":"complete","id":"1"}"#, true),
            (r#"{"type":"complete","id":""}"#, false),
            (r#"{"type":"complete","id":1}"#, false),
            (r#"{"type":"complete"}"#, false),
            (&long, false),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{a}"}}"#,
                true,
            ),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":null,"variables":null,"extensions":null}}"#,
                true,
            ),
            (r#"{"type":"subscribe","payload":{"query":"{a}"}}"#, false),
            (r#"{"type":"subscribe","id":"1","payload":{}}"#, false),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
                false,
            ),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}"#,
                false,
            ),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":1}}"#,
                false,
            ),
            (r#"{"type":"subscribe","id":"1","payload":"{a}"}"#, false),
            (r#"{"type":"subscribe","id":"1"}"#, false),
            (
                r#"{"type":"start","id":"1","payload":{"query":"{a}"}}"#,
                false,
            ),
            (r#"{"type":"next","id":"1","payload":{}}"#, false),
            (r#"{"type":1}"#, false),
            (r#"{"type":"ping","type":"pong"}"#, false),
            (r#"{}"#, false),
            (r#"["ping"]"#, false),
            ("ping", false),
            ("", false),
        ];
        for (text, expected) in rows {
            assert_eq!(FromClient::parse(text).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_the_server_says() {
        let payload = RawValue::from_string(r#"{"a": 1}"#.to_owned()).expect("it is JSON");
        let pong = ToClient::Pong {
            payload: Some(&payload),
        };
        let response = Response::default();
        let rows = [
            (ToClient::ConnectionAck, r#"{"type":"connection_ack"}"#),
            (pong, r#"{"type":"pong","payload":{"a": 1}}"#),
            (ToClient::Pong { payload: None }, r#"{"type":"pong"}"#),
            (
                ToClient::next("1", &response),
                r#"{"type":"next","id":"1","payload":{"data":null}}"#,
            ),
            (
                ToClient::Error {
                    id: "1",
                    payload: &[],
                },
                r#"{"type":"error","id":"1","payload":[]}"#,
            ),
            (
                ToClient::Complete { id: "1" },
                r#"{"type":"complete","id":"1"}"#,
            ),
        ];
        for (message, expected) in rows {
            assert_eq!(String::from_utf8_lossy(&message.write()), expected);
        }
    }
}
