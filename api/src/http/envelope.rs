//! The request as it travels: a JSON body, or the parameters of a URL.
//!
//! Owns what makes a request well-formed, as GraphQL over HTTP defines it. It never reads the
//! document in it.

use std::borrow::Cow;

use actix_web::{
    error::QueryPayloadError,
    http::header::{CONTENT_TYPE, HeaderMap},
    web,
};
use async_graphql::Variables;
use serde::{Deserialize, de::IgnoredAny};

/// A well-formed request.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The document.
    pub query: Cow<'a, str>,
    /// Which of its operations to run.
    pub operation_name: Option<Cow<'a, str>>,
    /// Values for its variables.
    pub variables: Variables,
}

/// The wire form of a body. `extensions` must be an object; nothing in it is known.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    query: Cow<'a, str>,
    #[serde(borrow)]
    operation_name: Option<Cow<'a, str>>,
    #[serde(default)]
    variables: Variables,
    #[serde(default, rename = "extensions")]
    _extensions: Option<std::collections::BTreeMap<String, IgnoredAny>>,
}

/// The wire form of a URL's parameters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Envelope<'_> {
    /// The same, independent of what it was read from.
    pub fn into_owned(self) -> Envelope<'static> {
        Envelope {
            query: Cow::Owned(self.query.into_owned()),
            operation_name: self
                .operation_name
                .map(|name| Cow::Owned(name.into_owned())),
            variables: self.variables,
        }
    }

    /// Reads a JSON body. The error says what is wrong, for the client.
    pub fn from_body(body: &[u8]) -> Result<Envelope<'_>, String> {
        // An array would be read as the fields in order, and is how other servers take batches.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err("The body must be a JSON object in UTF-8.".to_owned());
        }
        let body: Body<'_> = serde_json::from_slice(body)
            .map_err(|error| format!("The body is no GraphQL request: {error}."))?;
        Ok(Envelope {
            query: body.query,
            operation_name: body.operation_name,
            variables: body.variables,
        })
    }

    /// Reads the parameters of a URL. The error says what is wrong, for the client.
    pub fn from_url(parameters: &str) -> Result<Envelope<'static>, String> {
        let parameters = web::Query::<Parameters>::from_query(parameters)
            .map_err(|error| {
                let reason = match &error {
                    QueryPayloadError::Deserialize(reason) => reason.to_string(),
                    other => other.to_string(),
                };
                format!("The URL is no GraphQL request: {reason}.")
            })?
            .into_inner();
        let not_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        let variables = match not_empty(parameters.variables) {
            Some(text) => object(&text, "variables")?,
            None => Variables::default(),
        };
        if let Some(text) = not_empty(parameters.extensions) {
            object(&text, "extensions")?;
        }
        Ok(Envelope {
            query: Cow::Owned(parameters.query),
            operation_name: not_empty(parameters.operation_name).map(Cow::Owned),
            variables,
        })
    }
}

fn object(text: &str, parameter: &str) -> Result<Variables, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("The parameter {parameter} must be a JSON object: {error}."))
}

/// Whether the body is declared to be JSON in UTF-8. Browsers send any other type across origins
/// without asking, so no other type is ever executed.
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE);
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    if value == "application/json" {
        return true;
    }
    let Ok(text) = value.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    json && parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) | None => true,
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn content_types() {
        let rows = [
            ("application/json", true),
            ("application/json; charset=utf-8", true),
            ("application/json;charset=\"UTF-8\"", true),
            ("Application/JSON; profile=x", true),
            ("application/json; charset=latin1", false),
            ("application/jsonx", false),
            ("application/graphql", false),
            ("text/plain", false),
            ("text/plain; application/json", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
            ("", false),
        ];
        for (text, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(text));
            assert_eq!(is_json(&headers), expected, "{text}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn bodies() {
        let rows: &[(&[u8], bool)] = &[
            (br#"{"query":"{a}"}"#, true),
            (br#" {"query":"{a}","variables":null,"operationName":null,"extensions":null}"#, true),
            (br#"{"query":"{a}","variables":{"a":[1,{"b":null}]},"extensions":{"x":1},"more":1}"#, true),
            (br#"{"query":"{\na}"}"#, true),
            (b"", false),
            (b"null", false),
            (b"[]", false),
            (br#"["{a}"]"#, false),
            (br#"[{"query":"{a}"}]"#, false),
            (br#"{"query":"{a}"} {}"#, false),
            (br#"{"query":1}"#, false),
            (br#"{"query":null}"#, false),
            (br#"{"query":"{a}","query":"{b}"}"#, false),
            (br#"{"query":"{a}","variables":"{}"}"#, false),
            (br#"{"query":"{a}","variables":[]}"#, false),
            (br#"{"query":"{a}","operationName":7}"#, false),
            (br#"{"query":"{a}","extensions":7}"#, false),
            (br#"{"query":"{a}","extensions":[]}"#, false),
            (br#"{}"#, false),
            (b"{\"query\":\"\xff\"}", false),
        ];
        for (body, expected) in rows {
            let read = Envelope::from_body(body);
            assert_eq!(read.is_ok(), *expected, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn parameters() {
        let rows = [
            ("query=%7Ba%7D", true),
            ("query=%7Ba%7D&variables=&operationName=&extensions=", true),
            ("query=%7Ba%7D&variables=%7B%22a%22%3A1%7D", true),
            ("query=%7Ba%7D&variables=1", false),
            ("query=%7Ba%7D&variables=%7B", false),
            ("query=%7Ba%7D&extensions=7", false),
            ("query=%7Ba%7D&query=%7Bb%7D", false),
            ("operationName=a", false),
            ("", false),
        ];
        for (text, expected) in rows {
            assert_eq!(Envelope::from_url(text).is_ok(), expected, "{text}");
        }
        assert_eq!(
            Envelope::from_url("").expect_err("no query"),
            "The URL is no GraphQL request: missing field `query`."
        );
    }
}
