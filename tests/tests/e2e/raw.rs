//! Requests as no client of ours would send them.
//!
//! Owns nothing but their bytes on the way: what is sent is what the test says, header by header.

use std::net::SocketAddr;

use awc::http::header::HeaderMap;
use serde_json::Value;

/// More than any answer of a test has.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A request, to the endpoint unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Raw {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
    headers: HeaderMap,
}

/// A text as it stands in a URL or a form.
pub fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

impl Raw {
    pub fn new(method: &'static str) -> Raw {
        Raw {
            method,
            path: "/graphql".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// To another path.
    pub fn path(mut self, path: &str) -> Raw {
        path.clone_into(&mut self.path);
        self
    }

    /// A POST of JSON, as it should be.
    pub fn json(body: &Value) -> Raw {
        let post = Raw::new("POST").header("content-type", "application/json");
        post.body(body.to_string())
    }

    /// With these parameters in the URL.
    pub fn parameters(mut self, parameters: &[(&str, &str)]) -> Raw {
        let pairs = parameters.iter();
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        self.path += &format!("?{}", pairs.join("&"));
        self
    }

    /// With one header more, also if it has one of that name.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Raw {
        self.headers.push((name, value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Raw {
        self.body = body.into();
        self
    }

    /// Sends it with this token.
    pub async fn send(&self, to: SocketAddr, token: &str) -> Answer {
        let client = awc::Client::builder().disable_timeout();
        let client = client.no_default_headers().finish();
        let method = self.method.parse().expect("a method");
        let url = format!("http://{to}{}", self.path);
        let mut request = client.request(method, url);
        request = request.insert_header(("authorization", format!("Bearer {token}")));
        for header in &self.headers {
            request = request.append_header((header.0, header.1.as_str()));
        }
        let mut response = request
            .send_body(self.body.clone())
            .await
            .unwrap_or_else(|error| panic!("the service answers {self:?}: {error}"));
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response
            .body()
            .limit(ANSWER_BYTES_MAX)
            .await
            .expect("the answer has an end");
        Answer {
            status,
            text: String::from_utf8_lossy(&body).into_owned(),
            headers,
        }
    }
}

impl Answer {
    /// What a header says; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("a header is a text"))
    }

    /// The codes of its errors.
    pub fn codes(&self) -> Vec<String> {
        let body: Value = serde_json::from_str(&self.text).unwrap_or(Value::Null);
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let code = |error: &Value| error["extensions"]["code"].as_str().map(str::to_owned);
        errors.iter().filter_map(code).collect()
    }
}
