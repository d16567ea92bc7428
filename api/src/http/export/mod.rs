//! `/export/usage.csv` and `/export/usage.jsonl`: every charge of some days, as a file.
//!
//! Owns who may have it and how it is sent: a page of the ledger at a time, the next one read when the
//! connection has taken the one before, so that a year of charges costs no more memory than a page,
//! however slowly it is read. Its slice of the ledger is fixed before the first byte, so that what is
//! charged meanwhile changes nothing. A file that can't be sent to its end is cut off inside its
//! transfer, which every client tells from one that is complete. It asks the ledger past every actor.

mod form;
mod query;

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue,
            WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
        },
    },
    web::{self, Bytes},
};
use credits_core::{
    domain::{event::OperationKind, ids::AccountId, outcome::Operation},
    ledger::Ledger,
    store::{OperationFilter, SequenceWindow},
};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub use self::form::Form;
use self::query::{Asked, Params};
use super::{
    Worker,
    accept::Format,
    answer,
    origin::{self, Origins},
    trace::TraceId,
};
use crate::{
    auth::{self, Scope},
    error::{Fault, FaultCode},
};

/// The charges that are read and sent at a time: some hundred kilobytes.
const PAGE: u64 = 500;
/// The most exports at a time: they read in turns with everybody else, and more would only take longer.
const EXPORTS_MAX: usize = 16;
/// What a client waits that came when all places were taken.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What exports are read from, and how many there are. Cloning gives the same one.
#[derive(Clone)]
pub struct Exports {
    ledger: Ledger,
    places: Arc<Semaphore>,
}

impl Exports {
    /// Exports of that ledger.
    pub fn new(ledger: Ledger) -> Exports {
        Exports {
            ledger,
            places: Arc::new(Semaphore::new(EXPORTS_MAX)),
        }
    }
}

/// Its routes, where there is something to export.
pub fn routes(worker: &web::Data<Worker>, config: &mut web::ServiceConfig) {
    if worker.edge.exports.is_none() {
        return;
    }
    for (path, form) in [
        ("/export/usage.csv", Form::Csv),
        ("/export/usage.jsonl", Form::JsonLines),
    ] {
        let origins: Origins = worker.edge.origins.clone();
        let cors = origin::cors(origins).expose_headers([CONTENT_DISPOSITION]);
        let get = move |request, worker| get(request, worker, form);
        config.service(
            web::resource(path)
                .wrap(cors)
                .wrap(actix_web::middleware::from_fn(origin::guard))
                .route(web::get().to(get))
                .default_service(web::to(other)),
        );
    }
}

/// The file, or why there is none.
async fn get(request: HttpRequest, worker: web::Data<Worker>, form: Form) -> HttpResponse {
    let trace = TraceId::of_request(&request);
    let format = Format::negotiate(request.headers()).unwrap_or(Format::Json);
    let viewer = match worker.viewer(request.headers()) {
        Ok(viewer) => viewer,
        Err(refused) => {
            tracing::info!(trace.id = %trace, token.refusal = %refused, "refused a token");
            let told = Fault::new(FaultCode::Unauthenticated, refused.to_string());
            return answer::invalid_token(told, format, &trace);
        }
    };
    let Some(exports) = worker.edge.exports.clone() else {
        return HttpResponse::NotFound().finish();
    };
    let opened = async {
        let caller = auth::caller(&viewer)?;
        caller.require(Scope::CreditsRead)?;
        let asked = Params::parse(request.query_string())?.of(caller)?;
        let file = File::open(exports, &asked, form, worker.edge.streams.ending()).await?;
        Ok((asked, file))
    };
    match opened.await {
        Ok((asked, file)) => send(&asked, file),
        Err(fault) => refuse(fault, format, &trace),
    }
}

/// Any other method.
async fn other(request: HttpRequest) -> HttpResponse {
    let trace = TraceId::of_request(&request);
    let format = Format::negotiate(request.headers()).unwrap_or(Format::Json);
    let told = Fault::new(FaultCode::BadUserInput, "Get an export by GET.");
    let mut response = answer::fault(told, StatusCode::METHOD_NOT_ALLOWED, format, &trace);
    let allow = HeaderValue::from_static("GET, OPTIONS");
    response.headers_mut().insert(ALLOW, allow);
    response
}

/// A fault with the status that a client without GraphQL goes by.
fn refuse(fault: Fault, format: Format, trace: &TraceId) -> HttpResponse {
    let status = match fault.code {
        FaultCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        FaultCode::Forbidden => StatusCode::FORBIDDEN,
        FaultCode::NotFound => StatusCode::NOT_FOUND,
        FaultCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        FaultCode::Overloaded | FaultCode::Unavailable | FaultCode::UnknownOutcome => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        FaultCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        FaultCode::BadUserInput
        | FaultCode::GraphqlParseFailed
        | FaultCode::GraphqlValidationFailed
        | FaultCode::PersistedQueryNotFound
        | FaultCode::QueryTooExpensive => StatusCode::BAD_REQUEST,
    };
    let mut response = answer::fault(fault, status, format, trace);
    if status == StatusCode::UNAUTHORIZED {
        let bearer = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
    }
    response
}

fn send(asked: &Asked, file: File) -> HttpResponse {
    let form = file.form;
    let (from, to, extension) = (asked.from, asked.to, form.extension());
    let name = format!("attachment; filename=\"usage-{from}-to-{to}.{extension}\"");
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, form.content_type()))
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((CACHE_CONTROL, "no-store, no-transform"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // What nginx needs to hear, or it collects the file before it sends it.
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(stream::unfold(Some(file), File::step))
}

/// Why a file ends before its end. Whoever receives it sees a broken transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Broken {
    #[error("the service stops")]
    Stopping,
    #[error("the ledger can't be read")]
    Unreadable,
}

/// A file in the making.
struct File {
    exports: Exports,
    account: AccountId,
    form: Form,
    /// What is left of the ledger's slice.
    window: SequenceWindow,
    /// Whether its first line was sent, if it has one.
    begun: bool,
    ending: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl File {
    async fn open(
        exports: Exports,
        asked: &Asked,
        form: Form,
        ending: CancellationToken,
    ) -> Result<File, Fault> {
        if ending.is_cancelled() {
            let told = "The service is stopping: ask again elsewhere.";
            return Err(Fault::new(FaultCode::Unavailable, told));
        }
        let Ok(place) = Arc::clone(&exports.places).try_acquire_owned() else {
            let told = "Too many exports are under way here.";
            return Err(Fault::new(FaultCode::Overloaded, told).retry_after(RETRY_AFTER));
        };
        let (account, ledger) = (&asked.account, &exports.ledger);
        let (from, to) = (asked.from.start(), asked.to.end());
        if !is_open(ledger, account).await? {
            return Err(auth::Denied::Foreign.into());
        }
        let (above, below) = ledger.positions(account, from, to).await?;
        Ok(File {
            account: account.clone(),
            form,
            window: SequenceWindow {
                above: Some(above),
                below: Some(below),
                newest_first: false,
                limit: PAGE,
            },
            begun: false,
            ending,
            _place: place,
            exports,
        })
    }

    /// The next piece of the body; none ends it.
    async fn step(file: Option<File>) -> Option<(Result<Bytes, Broken>, Option<File>)> {
        let mut file = file?;
        let ending = file.ending.clone();
        let read = tokio::select! {
            biased;
            () = ending.cancelled() => Err(Broken::Stopping),
            read = file.read() => read,
        };
        match read {
            Ok(Some(piece)) => Some((Ok(piece), Some(file))),
            Ok(None) => None,
            Err(broken) => {
                tracing::warn!(account.id = %file.account, export.end = %broken, "an export was cut off");
                Some((Err(broken), None))
            }
        }
    }

    /// The next lines; none if there are no more.
    async fn read(&mut self) -> Result<Option<Bytes>, Broken> {
        let charges = OperationFilter {
            kinds: vec![OperationKind::Charge],
            ..OperationFilter::default()
        };
        let ledger = &self.exports.ledger;
        let page = ledger.operations(&self.account, &charges, &self.window);
        // What went wrong was logged by the ledger.
        let page: Vec<Operation> = page.await.map_err(|_| Broken::Unreadable)?;
        let mut lines = Vec::new();
        if !self.begun {
            self.form.begin(&mut lines);
            self.begun = true;
        }
        if let Some(last) = page.last() {
            self.window.above = Some(last.sequence);
        }
        for operation in &page {
            self.form.write(operation, &mut lines);
        }
        Ok((!lines.is_empty()).then(|| lines.into()))
    }
}

/// Whether anybody opened the account.
async fn is_open(ledger: &Ledger, account: &AccountId) -> Result<bool, Fault> {
    let first = SequenceWindow {
        above: None,
        below: None,
        newest_first: false,
        limit: 1,
    };
    let all = OperationFilter::default();
    let found = ledger.operations(account, &all, &first).await?;
    Ok(!found.is_empty())
}
