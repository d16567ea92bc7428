//! How long a frame says it will be.
//!
//! Owns the refusal of a frame that announces more than a message may have, before it comes: the codec
//! of actix collects a frame to its end and refuses it then, so that one frame without end would take
//! all memory there is. It never changes a byte.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    error::PayloadError,
    web::{self, Bytes},
};
use futures_util::{FutureExt, Stream};

/// The longest head of a frame: two bytes, eight of length, four of mask.
const HEAD_BYTES_MAX: usize = 14;

/// The same bytes, or an overflow at the head of the first frame that is longer than `frame_bytes_max`.
pub fn bounded(
    request: &HttpRequest,
    payload: web::Payload,
    frame_bytes_max: u64,
) -> Option<web::Payload> {
    let frames = Frames {
        bytes: payload,
        head: Head::default(),
        left: 0,
        frame_bytes_max,
    };
    let frames: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(frames);
    let mut payload = Payload::Stream { payload: frames };
    // It is how a payload is made from a stream, and ready at once.
    let made = web::Payload::from_request(request, &mut payload).now_or_never();
    made?.ok()
}

/// Bytes of a connection, with a look at the heads of the frames in them.
struct Frames {
    bytes: web::Payload,
    head: Head,
    /// How much of the frame is still to come.
    left: u64,
    frame_bytes_max: u64,
}

impl Stream for Frames {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let bytes = ready!(Pin::new(&mut self.bytes).poll_next(cx));
        Poll::Ready(bytes.map(|bytes| {
            let bytes = bytes?;
            self.look_at(&bytes)?;
            Ok(bytes)
        }))
    }
}

impl Frames {
    fn look_at(&mut self, mut bytes: &[u8]) -> Result<(), PayloadError> {
        while !bytes.is_empty() {
            let inside =
                usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
            bytes = &bytes[inside..];
            self.left -= inside as u64;
            let [next, ..] = bytes else {
                return Ok(());
            };
            bytes = &bytes[1..];
            if let Some(length) = self.head.take(*next) {
                if length > self.frame_bytes_max {
                    return Err(PayloadError::Overflow);
                }
                self.left = length;
            }
        }
        Ok(())
    }
}

/// What is known of the head of a frame (RFC 6455, section 5.2).
#[derive(Default)]
struct Head {
    bytes: [u8; HEAD_BYTES_MAX],
    known: usize,
}

impl Head {
    /// Takes the next byte; the length of what follows, once the head is complete.
    fn take(&mut self, next: u8) -> Option<u64> {
        self.bytes[self.known] = next;
        self.known += 1;
        if self.known < 2 {
            return None;
        }
        let second = self.bytes[1];
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let length = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if self.known < 2 + length + mask {
            return None;
        }
        self.known = 0;
        let written = &self.bytes[2..2 + length];
        Some(match length {
            0 => u64::from(second & 0x7f),
            _ => written
                .iter()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// Whether these bytes pass, in one piece and byte by byte.
    fn passes(bytes: &[u8]) -> bool {
        let pass = |size: usize| {
            let request = TestRequest::default().to_http_request();
            let payload = web::Payload::from_request(&request, &mut Payload::None);
            let mut frames = Frames {
                bytes: payload.now_or_never().expect("at once").expect("a payload"),
                head: Head::default(),
                left: 0,
                frame_bytes_max: 65_536,
            };
            let mut pieces = bytes.chunks(size);
            pieces.all(|piece| frames.look_at(piece).is_ok())
        };
        let whole = pass(bytes.len());
        assert_eq!(whole, pass(1), "{bytes:?}");
        whole
    }

    #[test]
    fn a_frame_is_refused_by_its_head() {
        let mask = [1, 2, 3, 4];
        let short = [&[0x81, 0x83][..], &mask, b"abc"].concat();
        let empty = [&[0x00, 0x80][..], &mask].concat();
        let medium = [&[0x82, 0xfe, 0x01, 0x00][..], &mask, &[0xff; 256]].concat();
        let bare = [&[0x81, 0x02][..], b"ab"].concat();
        let long = |length: u64| [&[0x81, 0xff][..], &length.to_be_bytes(), &mask].concat();
        let filled = [long(65_536), vec![0xff; 65_536]].concat();
        let rows = [
            (short.clone(), true),
            (
                [
                    short.clone(),
                    empty.clone(),
                    medium.clone(),
                    bare,
                    short.clone(),
                ]
                .concat(),
                true,
            ),
            ([medium, filled, short.clone()].concat(), true),
            (long(65_537), false),
            ([short, empty, long(u64::MAX)].concat(), false),
        ];
        for (bytes, expected) in rows {
            assert_eq!(passes(&bytes), expected);
        }
    }
}
