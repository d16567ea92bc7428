//! The id that ties a response, its errors and the log lines together.
//!
//! Owns reading the W3C `traceparent` header and making an id where there is none. It never sends
//! anything to a collector.

use std::fmt;

use actix_web::{
    HttpMessage, HttpRequest,
    http::header::{HeaderMap, HeaderName},
};
use uuid::Uuid;

/// The name of the W3C header.
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A trace id: 32 lowercase hexadecimal digits, not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(u128);

impl TraceId {
    /// The id of a request: the one the access log gave it, or that of its headers.
    pub fn of_request(request: &HttpRequest) -> TraceId {
        let logged = request.extensions().get::<TraceId>().copied();
        logged.unwrap_or_else(|| TraceId::of(request.headers()))
    }

    /// The caller's id if its `traceparent` is valid, else a new one.
    pub fn of(headers: &HeaderMap) -> TraceId {
        headers
            .get(&TRACEPARENT)
            .and_then(|value| value.to_str().ok())
            .and_then(TraceId::parse)
            .unwrap_or_else(TraceId::random)
    }

    /// A new id.
    pub fn random() -> TraceId {
        TraceId(Uuid::new_v4().as_u128())
    }

    /// The trace id of a `traceparent`, as of W3C Trace Context level 1: version, trace, parent and
    /// flags in lowercase hexadecimal; version `ff` and ids of zeros are invalid.
    fn parse(text: &str) -> Option<TraceId> {
        let lower_hex = |part: &str, digits: usize| {
            part.len() == digits && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let mut parts = text.split('-');
        let (version, trace, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let shape = lower_hex(version, 2)
            && lower_hex(trace, 32)
            && lower_hex(parent, 16)
            && lower_hex(flags, 2);
        // Only a later version may have more parts.
        let ends = version != "00" || parts.next().is_none();
        if !shape || !ends || version == "ff" || parent.bytes().all(|b| b == b'0') {
            return None;
        }
        let id = u128::from_str_radix(trace, 16).ok()?;
        (id != 0).then_some(TraceId(id))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_traceparent_is_taken() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(
            TraceId::parse(good).expect("valid").to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(TraceId::parse(bad), None, "{bad}");
        }
    }
}
