//! Which web pages may call this service.
//!
//! Owns the judgement of the `Origin` header, the same for every transport, and CORS. It never looks
//! at tokens: a page without a right to call is refused before anything else.

use actix_cors::Cors;
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{
            ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN, RETRY_AFTER,
        },
    },
    middleware::Next,
    web,
};

use super::{Worker, accept::Format, answer, trace::TraceId};
use crate::error::{Fault, FaultCode};

/// The setting that governs this, as an operator finds it.
const SETTING: &str = "http.allowed_origins";
/// How long a browser may remember a preflight. Chromium's own bound.
const PREFLIGHT_AGE_S: usize = 7_200;

/// The origins that may call.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// As in the setting, such as `https://studio.example`.
    pub allowed: Vec<String>,
    /// Whether any page served from this machine may call, for development.
    pub loopback: bool,
}

impl Origins {
    /// Whether a request with these headers may come in. Requests without an origin come from
    /// servers or from the address bar, not from another page.
    pub fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN);
        match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => origin
                .to_str()
                .is_ok_and(|origin| self.names(origin) || is_same(origin, headers)),
            (Some(_), Some(_)) => false,
        }
    }

    fn names(&self, origin: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == origin)
            || (self.loopback && is_loopback(origin))
    }
}

/// Whether a page of this very service sent the request. The scheme is not compared: behind a proxy
/// that ends TLS the page's is `https` and ours is `http`.
fn is_same(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    authority(origin).is_some_and(|authority| host == Some(authority))
}

/// Whether an origin is a page on this machine, on any port.
fn is_loopback(origin: &str) -> bool {
    authority(origin).is_some_and(is_this_machine)
}

/// Whether a host, with or without a port, is this machine by a name that nobody else can own: a
/// page of a stranger's domain that resolves to 127.0.0.1 still sends its own name.
pub fn is_this_machine(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

fn authority(origin: &str) -> Option<&str> {
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"))?;
    (!authority.contains(['/', '@', '?', '#'])).then_some(authority)
}

/// Refuses requests of foreign pages, preflights included, before anything is executed.
pub async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let worker = request.app_data::<web::Data<Worker>>();
    let allowed = worker.is_some_and(|worker| worker.edge.origins.allow(request.headers()));
    if allowed {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let origin = request.headers().get(ORIGIN);
    tracing::warn!(
        http.origin = ?origin,
        setting = SETTING,
        "refused a request of a page whose origin is not in http.allowed_origins"
    );
    let trace = TraceId::of_request(request.request());
    let told = Fault::new(
        FaultCode::Forbidden,
        "This origin may not call the service.",
    );
    let format = Format::negotiate(request.headers()).unwrap_or(Format::Json);
    let response = answer::fault(told, StatusCode::FORBIDDEN, format, &trace);
    Ok(request.into_response(response).map_into_right_body())
}

/// What browsers are told about allowed origins.
pub fn cors(origins: Origins) -> Cors {
    Cors::default()
        .allowed_origin_fn(move |origin, head| {
            origin
                .to_str()
                .is_ok_and(|origin| origins.names(origin) || is_same(origin, head.headers()))
        })
        .allowed_methods([Method::GET, Method::POST])
        .allowed_headers([
            CONTENT_TYPE,
            AUTHORIZATION,
            ACCEPT,
            HeaderName::from_static("traceparent"),
        ])
        .expose_headers([RETRY_AFTER])
        .max_age(PREFLIGHT_AGE_S)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn origins() {
        let origins = |loopback| Origins {
            allowed: vec!["https://studio.example".to_owned()],
            loopback,
        };
        // origin, allowed in production, allowed in development
        let rows = [
            ("https://studio.example", true, true),
            ("http://studio.example", false, false),
            ("https://studio.example:444", false, false),
            ("https://studio.example.evil", false, false),
            ("https://evil", false, false),
            ("null", false, false),
            ("http://credits.example:8080", true, true),
            ("https://credits.example:8080", true, true),
            ("http://credits.example", false, false),
            ("http://localhost:3000", false, true),
            ("http://127.0.0.1:3000", false, true),
            ("http://[::1]:3000", false, true),
            ("http://localhost", false, true),
            ("http://localhost.evil", false, false),
            ("http://localhost@evil", false, false),
            ("http://127.0.0.1.evil:80", false, false),
        ];
        for (origin, production, development) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("credits.example:8080"));
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            assert_eq!(origins(false).allow(&headers), production, "{origin}");
            assert_eq!(origins(true).allow(&headers), development, "{origin}");
        }
        assert!(origins(false).allow(&HeaderMap::new()));
    }
}
