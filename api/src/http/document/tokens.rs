//! A pass over the text of a document before it is parsed.
//!
//! Owns what must be known before the parser recurses into the text, or is lost after it: how many
//! tokens there are, how deep they nest, and whether an input object names a field twice (the
//! parser keeps the last one silently). It never judges grammar; that is the parser's.

use async_graphql::{Pos, ServerError};

use crate::error::{Fault, FaultCode};

/// The most tokens of a document. The longest document of a known client, GraphiQL's introspection,
/// has about 400; what is beyond 5,000 only costs.
pub const TOKENS_MAX: usize = 5_000;
/// The deepest nesting of brackets of any kind. The parser recurses once or more for each, and a
/// worker's stack is 2 MiB.
pub const NESTING_MAX: usize = 64;

/// What is open at a point of the text.
enum Open<'a> {
    /// A selection set, a list, or the parentheses of arguments.
    Other(u8),
    /// An input object, with the names of the fields so far.
    Object(Vec<&'a str>),
}

/// Refuses a text with too many tokens, too deep a nesting, or an input object with the same field
/// twice.
pub fn check(text: &str) -> Result<(), ServerError> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut parentheses = 0_usize;
    let mut count = 0_usize;
    let mut last_name: Option<(usize, &str)> = None;
    for (at, token) in (Tokens { text, at: 0 }) {
        count += 1;
        if count > TOKENS_MAX {
            return Err(too_expensive(format!(
                "A document may have {TOKENS_MAX} tokens at most."
            )));
        }
        let name = last_name.take();
        match token.as_bytes()[0] {
            b'(' => {
                parentheses += 1;
                open.push(Open::Other(b'('));
            }
            // A brace inside parentheses is a value: selection sets never stand there.
            b'{' if parentheses > 0 => open.push(Open::Object(Vec::new())),
            bracket @ (b'{' | b'[') => open.push(Open::Other(bracket)),
            b')' | b']' | b'}' => {
                if let Some(Open::Other(b'(')) = open.pop() {
                    parentheses -= 1;
                }
            }
            b':' => {
                if let (Some(Open::Object(fields)), Some((at, name))) = (open.last_mut(), name) {
                    if fields.contains(&name) {
                        return Err(duplicate(text, at, name));
                    }
                    fields.push(name);
                }
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => last_name = Some((at, token)),
            _ => {}
        }
        if open.len() > NESTING_MAX {
            return Err(too_expensive(format!(
                "A document may nest {NESTING_MAX} levels at most."
            )));
        }
    }
    Ok(())
}

fn too_expensive(message: String) -> ServerError {
    Fault::new(FaultCode::QueryTooExpensive, message).into_server_error()
}

fn duplicate(text: &str, at: usize, name: &str) -> ServerError {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let message = format!("There can be only one input field named \"{name}\".");
    let mut error = Fault::new(FaultCode::GraphqlValidationFailed, message).into_server_error();
    error.locations.push(Pos {
        line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
        column: text[line_start..at].chars().count() + 1,
    });
    error
}

/// The tokens of a text, as far as they matter here: names, numbers, strings and single characters.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => self.at += 1,
                b'#' => self.at = end_of_line(bytes, self.at),
                _ => break,
            }
        }
        let start = self.at;
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        self.at = match bytes[start] {
            b'"' if bytes[start..].starts_with(b"\"\"\"") => end_of_block(bytes, start + 3),
            b'"' => end_of_string(bytes, start + 1),
            b'.' if bytes[start..].starts_with(b"...") => start + 3,
            byte if word(&byte) => {
                start + bytes[start..].iter().take_while(|byte| word(byte)).count()
            }
            // The rest of a character of several bytes belongs to it.
            _ => {
                let more = bytes[start + 1..]
                    .iter()
                    .take_while(|byte| **byte & 0xC0 == 0x80);
                start + 1 + more.count()
            }
        };
        Some((start, &self.text[start..self.at]))
    }
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
    bytes[from..]
        .iter()
        .position(ends)
        .map_or(bytes.len(), |at| from + at)
}

fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match byte {
            // An escaped character is ASCII in a valid string; in an invalid one the parser says so.
            b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii) => at += 2,
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_block(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"\\\"\"\"") {
            at += 4;
        } else if bytes[at..].starts_with(b"\"\"\"") {
            return at + 3;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<FaultCode> {
        let error = check(text).err()?;
        Some(error.source::<Fault>().expect("a fault").code)
    }

    #[test]
    fn duplicate_input_fields_are_found_wherever_they_stand() {
        let invalid = Some(FaultCode::GraphqlValidationFailed);
        let rows = [
            ("{ f(a: {x: 1, y: 2}) }", None),
            ("{ f(a: {x: 1, x: 2}) }", invalid),
            ("{ f(a: {x: 1 # , x: 2\n}) }", None),
            ("{ f(a: {x: \"x: 1, x: 2\"}) }", None),
            ("{ f(a: {x: \"\"\"x: 1 \\\"\"\" x: 2\"\"\"}) }", None),
            ("{ f(a: {x: \"\\\"\", x: 2}) }", invalid),
            ("{ f(a: [{x: 1}, {x: 2}]) }", None),
            ("{ f(a: [{x: 1}, {x: 2, x: 3}]) }", invalid),
            ("{ f(a: {x: {x: 1}, y: {x: 1}}) }", None),
            ("{ f(a: {x: {y: 1, y: 2}}) }", invalid),
            ("{ f(a: {x: E y: $v x: 3}) }", invalid),
            ("query($v: I = {x: 1, x: 2}) { f }", invalid),
            ("{ f @d(a: {x: 1, x: 2}) }", invalid),
            ("{ x: f(a: 1) { x: g } x: f(a: 1) { x: g } }", None),
        ];
        for (text, expected) in rows {
            assert_eq!(code(text), expected, "{text}");
        }
        let error = check("{\n  f(a: {x: 1, x: 2}) }").expect_err("a duplicate");
        assert_eq!(
            error.locations,
            [Pos {
                line: 2,
                column: 15
            }]
        );
    }

    #[test]
    fn tokens_and_nesting_are_bounded() {
        let expensive = Some(FaultCode::QueryTooExpensive);
        let many = |count: usize| format!("{{ {} }}", "a ".repeat(count));
        let deep = |count: usize| format!("{{ f(a: {}{}) }}", "[".repeat(count), "]".repeat(count));
        assert_eq!(code(&many(TOKENS_MAX - 2)), None);
        assert_eq!(code(&many(TOKENS_MAX - 1)), expensive);
        assert_eq!(code(&deep(NESTING_MAX - 2)), None);
        assert_eq!(code(&deep(NESTING_MAX - 1)), expensive);
        assert_eq!(code(&"{a".repeat(2_000)), expensive);
    }

    #[test]
    fn no_text_breaks_the_pass() {
        for text in [
            "",
            "\"",
            "\"\"\"",
            "\"\\",
            "\"\\é\"",
            "é",
            "}",
            ")))",
            "..",
            "{f(a:{\"é\":1})}",
            "\u{feff}{a}",
        ] {
            assert_eq!(code(text), None, "{text}");
        }
    }
}
