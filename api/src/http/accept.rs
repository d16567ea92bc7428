//! Which of the two media types a client wants its answer in.
//!
//! Owns the negotiation of GraphQL over HTTP. It never looks at a body.

use actix_web::http::{
    StatusCode,
    header::{ACCEPT, HeaderMap, HeaderValue},
};

/// The media type of an answer. It decides the status of a request that failed before execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/graphql-response+json`: a status that says whether there is data.
    GraphqlResponse,
    /// `application/json`: 200 for every well-formed request, because old clients read the body only
    /// then.
    Json,
}

impl Format {
    /// What the `Accept` headers ask for; `None` if neither type is acceptable.
    pub fn negotiate(headers: &HeaderMap) -> Option<Format> {
        let mut values = headers.get_all(ACCEPT).peekable();
        if values.peek().is_none() {
            return Some(Format::Json);
        }
        let mut graphql = Wish::default();
        let mut json = Wish::default();
        let ranges = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(Range::parse);
        for range in ranges {
            graphql.consider("graphql-response+json", &range);
            json.consider("json", &range);
        }
        match (graphql.acceptable(), json.acceptable()) {
            (false, false) => None,
            (true, false) => Some(Format::GraphqlResponse),
            (false, true) => Some(Format::Json),
            (true, true) => Some(Format::better(&graphql, &json)),
        }
    }

    /// Whether the client wants a stream of events: it names the type, and would rather have that than
    /// a single answer. Clients that list everything they can read list this one too.
    pub fn wants_events(headers: &HeaderMap) -> bool {
        let mut events = 0;
        let mut others = 0;
        let values = headers
            .get_all(ACCEPT)
            .filter_map(|value| value.to_str().ok());
        for range in values
            .flat_map(|value| value.split(','))
            .filter_map(Range::parse)
        {
            let named = range.kind.eq_ignore_ascii_case("text")
                && range.subtype.eq_ignore_ascii_case("event-stream");
            let single = range
                .specificity("json")
                .max(range.specificity("graphql-response+json"));
            if named {
                events = range.quality;
            } else if single != Specificity::None {
                others = others.max(range.quality);
            }
        }
        events > others
    }

    /// Between two acceptable types the greater quality wins; the modern type wins a tie only if the
    /// client names it, so that `*/*` stays what it always was.
    fn better(graphql: &Wish, json: &Wish) -> Format {
        let named = graphql.specificity == Specificity::Exact;
        if graphql.quality > json.quality || (graphql.quality == json.quality && named) {
            Format::GraphqlResponse
        } else {
            Format::Json
        }
    }

    /// The `Content-Type` of the answer.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Format::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Format::Json => "application/json; charset=utf-8",
        })
    }

    /// The status of a well-formed request that has no data.
    pub fn status_without_data(self) -> StatusCode {
        match self {
            Format::GraphqlResponse => StatusCode::BAD_REQUEST,
            Format::Json => StatusCode::OK,
        }
    }
}

/// How closely a media range names a type; a closer one overrules a wider one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    #[default]
    None,
    Any,
    Type,
    Exact,
}

/// What the ranges seen so far say about one media type.
#[derive(Debug, Default)]
struct Wish {
    specificity: Specificity,
    quality: u16,
}

impl Wish {
    fn consider(&mut self, subtype: &str, range: &Range<'_>) {
        let specificity = range.specificity(subtype);
        if specificity > self.specificity {
            self.specificity = specificity;
            self.quality = range.quality;
        }
    }

    fn acceptable(&self) -> bool {
        self.quality > 0
    }
}

/// One element of an `Accept` header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// In thousandths, as the grammar has at most three decimals.
    quality: u16,
}

impl Range<'_> {
    /// Reads one element; a malformed one says nothing.
    fn parse(text: &str) -> Option<Range<'_>> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut quality = 1_000;
        for parameter in parts {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            if name.trim().eq_ignore_ascii_case("q") {
                let q: f32 = value.trim().parse().ok()?;
                if !(0.0..=1.0).contains(&q) {
                    return None;
                }
                // In 0 to 1,000 after the check above.
                quality = (q * 1_000.0).round() as u16;
            }
        }
        Some(Range {
            kind,
            subtype,
            quality,
        })
    }

    fn specificity(&self, subtype: &str) -> Specificity {
        if self.kind == "*" && self.subtype == "*" {
            return Specificity::Any;
        }
        if !self.kind.eq_ignore_ascii_case("application") {
            return Specificity::None;
        }
        if self.subtype == "*" {
            Specificity::Type
        } else if self.subtype.eq_ignore_ascii_case(subtype) {
            Specificity::Exact
        } else {
            Specificity::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_headers() {
        use Format::{GraphqlResponse as G, Json as J};
        let gql = "application/graphql-response+json";
        let rows: &[(&str, Option<Format>)] = &[
            ("*/*", Some(J)),
            ("application/*", Some(J)),
            ("application/json", Some(J)),
            ("application/json; charset=utf-8", Some(J)),
            (gql, Some(G)),
            ("Application/GraphQL-Response+JSON", Some(G)),
            (
                "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
                Some(G),
            ),
            (
                "application/json, application/graphql-response+json",
                Some(G),
            ),
            (
                "application/graphql-response+json;q=0.8, application/json;q=0.9",
                Some(J),
            ),
            (
                "application/graphql-response+json;q=0.9, application/json;q=0.8",
                Some(G),
            ),
            ("application/graphql-response+json;q=0.5, */*", Some(J)),
            ("application/graphql-response+json;q=0, */*", Some(J)),
            ("application/json;q=0, */*", Some(G)),
            ("text/html, */*;q=0.1", Some(J)),
            ("*/*;q=0", None),
            ("text/html", None),
            ("text/event-stream", None),
            ("application/json;q=0", None),
            ("nonsense", None),
            ("application/json;q=9", None),
        ];
        for (accept, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Format::negotiate(&headers), *expected, "{accept}");
        }
        assert_eq!(Format::negotiate(&HeaderMap::new()), Some(J));
    }

    #[test]
    fn events_are_for_those_who_want_them_most() {
        let rows = [
            ("text/event-stream", true),
            ("Text/Event-Stream, multipart/mixed", true),
            ("text/event-stream, application/json;q=0.5", true),
            ("text/event-stream, */*;q=0.1", true),
            (
                "application/graphql-response+json, application/json, text/event-stream",
                false,
            ),
            ("application/json, text/event-stream;q=0.9", false),
            ("text/event-stream;q=0", false),
            ("text/*", false),
            ("*/*", false),
            ("application/json", false),
        ];
        for (accept, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Format::wants_events(&headers), expected, "{accept}");
        }
        assert!(!Format::wants_events(&HeaderMap::new()));
    }
}
