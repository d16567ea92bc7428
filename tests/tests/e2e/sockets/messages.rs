//! What a message is, and how long.

use credits_tests::harness::{Heard, Service, frame};
use serde_json::json;

use super::*;

/// The longest message, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// A message of exactly so many bytes that asks for the catalog.
fn hello_of(bytes: usize) -> String {
    let message = |filling: &str| {
        let query = format!("{HELLO} #{filling}");
        json!({ "type": "subscribe", "id": "1", "payload": { "query": query } }).to_string()
    };
    message(&"x".repeat(bytes - message("").len()))
}

/// A message in pieces of so many bytes.
fn pieces(text: &str, bytes: usize) -> Vec<u8> {
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(bytes).collect();
    let last = pieces.len() - 1;
    let frames = pieces.iter().enumerate().flat_map(|(index, piece)| {
        let kind = if index == 0 { TEXT } else { CONTINUATION };
        frame(if index == last { FIN | kind } else { kind }, piece)
    });
    frames.collect()
}

#[actix_web::test]
async fn a_malformed_message_ends_the_socket() {
    let service = Service::start().await;
    let table = vec![
        ("no JSON", vec![Text("hello"), Closed(4400)]),
        ("nothing", vec![Text(""), Closed(4400)]),
        ("a list", vec![Text("[\"ping\"]"), Closed(4400)]),
        ("no type", vec![Text("{}"), Closed(4400)]),
        (
            "an unknown type",
            vec![Text("{\"type\":\"start\"}"), Closed(4400)],
        ),
        (
            "a message of the server's",
            vec![Init, Text("{\"type\":\"connection_ack\"}"), Closed(4400)],
        ),
        (
            "an operation without an id",
            vec![
                Init,
                Text("{\"type\":\"subscribe\",\"payload\":{\"query\":\"{a}\"}}"),
                Closed(4400),
            ],
        ),
        (
            "an operation without a document",
            vec![
                Init,
                Text("{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{}}"),
                Closed(4400),
            ],
        ),
        (
            "an operation with an empty id",
            vec![Init, subscribe("", HELLO), Closed(4400)],
        ),
        (
            "bytes",
            vec![
                Raw(frame(FIN | BINARY, b"{\"type\":\"ping\"}")),
                Closed(4400),
            ],
        ),
        (
            "bytes in pieces",
            vec![Raw(frame(BINARY, b"{")), Closed(4400)],
        ),
        (
            "a text that is not UTF-8",
            vec![Raw(frame(FIN | TEXT, b"\"\xff\"")), Closed(1007)],
        ),
        (
            "pieces that are not UTF-8",
            vec![
                Raw([frame(TEXT, b"\"\xc3"), frame(FIN, b"\"")].concat()),
                Closed(1007),
            ],
        ),
        (
            "more of nothing",
            vec![Raw(frame(FIN | CONTINUATION, b"x")), Closed(1002)],
        ),
        (
            "a frame without a mask",
            vec![Raw(vec![FIN | TEXT, 2, b'{', b'}']), Closed(1002)],
        ),
        (
            "a reserved bit",
            vec![Raw(frame(FIN | 0x40 | TEXT, b"{}")), Closed(1002)],
        ),
    ];
    play_all(&service, table).await;
}

#[actix_web::test]
async fn a_message_has_its_bound_however_it_is_cut() {
    let service = Service::start().await;
    let long = hello_of(MESSAGE_BYTES_MAX);
    let endless = frame(CONTINUATION, b"").repeat(2_000);
    let table = vec![
        (
            "the longest",
            vec![
                Init,
                Raw(frame(FIN | TEXT, long.as_bytes())),
                version("1"),
                complete("1"),
            ],
        ),
        (
            "the longest in pieces",
            vec![Init, Raw(pieces(&long, 1_000)), version("1")],
        ),
        (
            "with a ping in between",
            vec![
                Init,
                Raw(frame(TEXT, b"{\"type\":")),
                Raw(frame(FIN | PING, b"there?")),
                Frame(Heard::Pong(b"there?".to_vec())),
                Raw(frame(FIN, b"\"ping\"}")),
                pong(),
            ],
        ),
        (
            "longer",
            vec![
                Init,
                Raw(frame(
                    FIN | TEXT,
                    hello_of(MESSAGE_BYTES_MAX + 1).as_bytes(),
                )),
                Closed(1009),
            ],
        ),
        (
            "longer in pieces",
            vec![
                Init,
                Raw(pieces(&hello_of(MESSAGE_BYTES_MAX + 1), 8_192)),
                Closed(1009),
            ],
        ),
        (
            "announced as endless",
            vec![
                Raw(vec![
                    FIN | TEXT,
                    0xff,
                    0x7f,
                    0xff,
                    0xff,
                    0xff,
                    0xff,
                    0xff,
                    0xff,
                    0xff,
                    0,
                    0,
                    0,
                    0,
                ]),
                Closed(1009),
            ],
        ),
        (
            "pieces of nothing",
            vec![Raw(frame(TEXT, b"")), Raw(endless), Closed(1009)],
        ),
        (
            "pieces of a byte",
            vec![Raw(pieces(&long, 1)), Closed(1009)],
        ),
    ];
    play_all(&service, table).await;
}
