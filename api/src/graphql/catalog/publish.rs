//! Publishing a catalog.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use credits_core::{domain::ids::OperationId, ledger::PublishError};

use super::Catalog;
use crate::{
    auth::Scope,
    error::Fault,
    graphql::{
        access,
        query::Query,
        refusal::{GenericUserError, UserError, UserErrorCode},
        scalar::DateTime,
    },
};

/// A catalog to publish.
#[derive(InputObject)]
pub struct PublishCatalogInput {
    /// The client's id of this call: a UUID. What makes two calls the same call is the source: a
    /// source that is the latest catalog's already is not published again.
    pub operation_id: ID,
    /// The catalog file: TOML.
    pub source: String,
    /// From when it counts, not before the catalogs published so far; now, if left out.
    pub effective_at: Option<DateTime>,
}

/// The answer to the publishing of a catalog.
#[derive(SimpleObject)]
pub struct PublishCatalogPayload {
    /// The catalog as published; null if it was refused.
    pub catalog: Option<Catalog>,
    /// Whether the same source was the latest catalog already: this call changed nothing.
    pub replayed: bool,
    /// Why it was refused, one entry for each mistake; empty if it was published.
    pub user_errors: Vec<UserError>,
    /// The root, for what else is to be read after the mutation.
    pub query: Query,
}

/// Publishes a catalog.
pub async fn publish(
    ctx: &Context<'_>,
    input: PublishCatalogInput,
) -> Result<PublishCatalogPayload, Fault> {
    access::require(ctx, Scope::CatalogWrite)?;
    OperationId::parse(&input.operation_id)?;
    let ledger = access::ledger(ctx);
    let effective_at = input.effective_at.map(|at| at.0);
    if let Some(latest) = ledger.catalogs().latest()
        && *latest.source == *input.source
        && effective_at.is_none_or(|at| at == latest.effective_at)
    {
        return Ok(PublishCatalogPayload::published(
            latest.as_ref().into(),
            true,
        ));
    }
    match ledger.publish_catalog(input.source, effective_at).await {
        Ok(published) => Ok(PublishCatalogPayload::published(
            published.as_ref().into(),
            false,
        )),
        Err(PublishError::Invalid(findings)) => {
            let invalid = |finding| UserError::CatalogInvalid(finding);
            let errors = findings.into_iter().map(|finding| invalid(finding.into()));
            Ok(PublishCatalogPayload::refused(errors.collect()))
        }
        Err(PublishError::OutOfOrder) => {
            Ok(PublishCatalogPayload::refused(vec![out_of_order().into()]))
        }
        Err(PublishError::Ledger(error)) => Err(error.into()),
    }
}

impl PublishCatalogPayload {
    fn published(catalog: Catalog, replayed: bool) -> PublishCatalogPayload {
        PublishCatalogPayload {
            catalog: Some(catalog),
            replayed,
            user_errors: Vec::new(),
            query: Query,
        }
    }

    fn refused(user_errors: Vec<UserError>) -> PublishCatalogPayload {
        PublishCatalogPayload {
            catalog: None,
            replayed: false,
            user_errors,
            query: Query,
        }
    }
}

fn out_of_order() -> GenericUserError {
    GenericUserError {
        code: UserErrorCode::CatalogOutOfOrder,
        message: "A catalog can't count from before one that was published already.".to_owned(),
        field: Some(vec!["input".to_owned(), "effectiveAt".to_owned()]),
    }
}
