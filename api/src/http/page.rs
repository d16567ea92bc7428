//! GraphiQL at `/graphiql`, from this program alone.
//!
//! Owns the embedded files of the page, how long a browser keeps each, what the page may do in a
//! browser, and the tokens that it is given in development. `api/graphiql` is its source and says how
//! it is built; it never knows more of the service than any client.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, guard,
    http::{
        StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HOST, HeaderName,
            IF_NONE_MATCH, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    web,
};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;

use super::{Worker, origin::is_this_machine};
use crate::auth::{DevelopmentTokens, TokenMint};

/// What the page may load and call: itself and this service. Monaco, the editor, makes styles as it
/// runs and has its font in its stylesheet. No other page may frame it, because it holds tokens.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
     worker-src 'self' blob:; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The page itself names its files, so a browser asks for it each time.
const PAGE_AGE: &str = "no-cache";
/// A file has a hash of its content in its name, so what it is never changes.
const FILE_AGE: &str = "public, max-age=31536000, immutable";
/// The suffix of files that are kept compressed. They are sent so to everyone: every browser takes
/// gzip, and a second copy of two megabytes for none would be dead weight.
const COMPRESSED: &str = ".gz";

/// The built page.
#[derive(RustEmbed)]
#[folder = "graphiql/dist/"]
struct Files;

/// What the page is told about the service it belongs to.
pub struct Page {
    /// The account of its examples.
    pub account: &'static str,
    /// In development, what makes the tokens that its tabs carry.
    pub mint: Option<Arc<TokenMint>>,
}

/// The routes of the page.
pub fn routes(config: &mut web::ServiceConfig) {
    let read = || guard::Any(guard::Get()).or(guard::Head());
    config
        .route("/", web::route().guard(read()).to(home))
        .route("/graphiql", web::route().guard(read()).to(page))
        .route("/graphiql/", web::route().guard(read()).to(home_from_below))
        .route("/graphiql/settings.json", web::get().to(settings))
        .route("/graphiql/{file:.+}", web::route().guard(read()).to(file));
}

async fn home() -> HttpResponse {
    redirect("graphiql")
}

async fn home_from_below() -> HttpResponse {
    redirect("../graphiql")
}

/// Relative, so that it also holds behind a proxy that adds a prefix.
fn redirect(to: &'static str) -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, to)).finish()
}

async fn page(request: HttpRequest) -> HttpResponse {
    send(&request, "index.html", PAGE_AGE)
}

async fn file(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    send(&request, &path, FILE_AGE)
}

/// One file of the page, or nothing if the browser has it already.
fn send(request: &HttpRequest, path: &str, age: &'static str) -> HttpResponse {
    let compressed = || Files::get(&format!("{path}{COMPRESSED}")).map(|file| (file, true));
    let found = Files::get(path)
        .map(|file| (file, false))
        .or_else(compressed);
    let Some((file, is_compressed)) = found else {
        return answer(StatusCode::NOT_FOUND).finish();
    };
    let tag = tag(&file);
    let known = request.headers().get(IF_NONE_MATCH);
    let known = known.and_then(|tags| tags.to_str().ok());
    let is_known = known.is_some_and(|tags| tags == "*" || tags.contains(&tag));
    let mut response = answer(if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    });
    response.insert_header((ETAG, tag));
    response.insert_header((CACHE_CONTROL, age));
    if is_known {
        return response.finish();
    }
    if is_compressed {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    response.content_type(media_type(path)).body(file.data)
}

/// A response of the page, with what a browser is to know about it.
fn answer(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ));
    response
}

/// The first half of the content's SHA-256, in quotes: enough to tell any two builds apart.
fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("ttf") => "font/ttf",
        Some(_) | None => "application/octet-stream",
    }
}

#[derive(Serialize)]
struct Settings<'a> {
    development: bool,
    account: &'a str,
    #[serde(flatten)]
    tokens: Option<Tokens>,
}

#[derive(Serialize)]
struct Tokens {
    user: String,
    studio: String,
}

/// What differs between a service in development and any other. Tokens are given only to a page that
/// was asked for by a name of this machine: a stranger's page can make its own name resolve to
/// 127.0.0.1 and read what it finds there.
async fn settings(request: HttpRequest, worker: web::Data<Worker>) -> HttpResponse {
    let Page { account, mint } = &worker.edge.page;
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let tokens = mint.as_ref().filter(|_| host.is_some_and(is_this_machine));
    let now = worker.edge.token_time.now_s();
    let tokens = tokens.map(|mint| DevelopmentTokens::mint(mint, account, now));
    let tokens = match tokens.transpose() {
        Ok(tokens) => tokens,
        Err(problem) => {
            tracing::error!(error.text = %problem, "the page gets no tokens");
            None
        }
    };
    let tokens = tokens.map(|DevelopmentTokens { user, studio }| Tokens { user, studio });
    answer(StatusCode::OK)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Settings {
            development: tokens.is_some(),
            account,
            tokens,
        })
}
