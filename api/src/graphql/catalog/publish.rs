//! Publishing a catalog.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use credits_core::{
    domain::{catalog::Finding, ids::OperationId},
    ledger::{PublishError, Published},
};

use super::Catalog;
use crate::{
    auth::Scope,
    error::Fault,
    graphql::{
        access,
        query::Query,
        refusal::{CatalogInvalid, GenericUserError, UserError, UserErrorCode},
        scalar::{DateTime, int},
    },
};

/// A catalog to publish.
#[derive(InputObject)]
pub struct PublishCatalogInput {
    /// The client's id of this call, a UUID: the same call again is answered with what it published,
    /// however many catalogs came after it. Another source or instant needs a new id.
    pub operation_id: ID,
    /// The catalog file: TOML.
    pub source: String,
    /// From when it counts, neither before now nor before the catalogs published so far;
    /// now, if left out.
    pub effective_at: Option<DateTime>,
}

/// The answer to the publishing of a catalog.
#[derive(SimpleObject)]
pub struct PublishCatalogPayload {
    /// The catalog as published; null if it was refused.
    pub catalog: Option<Catalog>,
    /// Where its prices break what the policy says "in general"; empty if it was refused.
    pub warnings: Vec<CatalogWarning>,
    /// Whether this very call had published it before: nothing changed.
    pub replayed: bool,
    /// Why it was refused, one entry for each mistake; empty if it was published.
    pub user_errors: Vec<UserError>,
    /// The root, for what else is to be read after the mutation.
    pub query: Query,
}

/// A place where a catalog breaks what the policy says "in general". It was published all the same.
#[derive(SimpleObject)]
pub struct CatalogWarning {
    /// What is to be looked at, with the file's line.
    pub message: String,
    /// The line, counted from 1.
    pub line: i32,
    /// The path to the entry, such as `models[2].actions[0].price`; empty for the file itself.
    pub entry: String,
}

impl From<Finding> for CatalogWarning {
    fn from(finding: Finding) -> CatalogWarning {
        CatalogWarning {
            message: finding.to_string(),
            line: int(finding.line),
            entry: finding.field,
        }
    }
}

impl From<Published> for PublishCatalogPayload {
    fn from(published: Published) -> PublishCatalogPayload {
        let warnings = published.warnings.into_iter();
        PublishCatalogPayload {
            catalog: Some(Catalog::from(published.catalog.as_ref())),
            warnings: warnings.map(CatalogWarning::from).collect(),
            replayed: published.replayed,
            user_errors: Vec::new(),
            query: Query,
        }
    }
}

/// Publishes a catalog.
pub async fn publish(
    ctx: &Context<'_>,
    input: PublishCatalogInput,
) -> Result<PublishCatalogPayload, Fault> {
    access::require(ctx, Scope::CatalogWrite)?;
    let id = OperationId::parse(&input.operation_id)?;
    let effective_at = input.effective_at.map(|at| at.0);
    let ledger = access::ledger(ctx);
    let published = ledger.publish_catalog_once(id, input.source, effective_at);
    match published.await {
        Ok(published) => Ok(published.into()),
        Err(error) => Ok(PublishCatalogPayload {
            catalog: None,
            warnings: Vec::new(),
            replayed: false,
            user_errors: user_errors(error)?,
            query: Query,
        }),
    }
}

fn user_errors(error: PublishError) -> Result<Vec<UserError>, Fault> {
    match error {
        PublishError::Invalid(findings) => {
            let errors = findings.into_iter().map(CatalogInvalid::from);
            Ok(errors.map(UserError::from).collect())
        }
        PublishError::EffectiveInThePast { .. } | PublishError::OutOfOrder(_) => {
            Ok(vec![out_of_order(&error).into()])
        }
        PublishError::OperationIdReused(_) => Ok(vec![id_reused(&error).into()]),
        PublishError::Ledger(error) => Err(error.into()),
    }
}

fn id_reused(error: &PublishError) -> GenericUserError {
    GenericUserError {
        code: UserErrorCode::OperationIdReused,
        message: format!("{error}."),
        field: Some(vec!["input".to_owned(), "operationId".to_owned()]),
    }
}

fn out_of_order(error: &PublishError) -> GenericUserError {
    GenericUserError {
        code: UserErrorCode::CatalogOutOfOrder,
        message: format!("{error}."),
        field: Some(vec!["input".to_owned(), "effectiveAt".to_owned()]),
    }
}
