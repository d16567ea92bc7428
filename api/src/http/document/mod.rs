//! Documents: from the text a client sends to something the executor may run.
//!
//! Owns parsing, the limits that need no schema, and the expansion of fragments. It never validates
//! against the schema ([`Engine`](super::Engine) does) and never looks at variables.

mod expand;
mod root;
mod shape;
mod shelf;
mod tokens;

use async_graphql::{
    ServerError,
    parser::{
        self, parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition},
    },
};

pub use self::{
    shape::{ALIASES_MAX, DEPTH_MAX, DIRECTIVES_MAX, FIELDS_MAX, LEVELS_MAX, MUTATIONS_MAX},
    shelf::Shelf,
    tokens::{NESTING_MAX, TOKENS_MAX},
};
use crate::error::{Fault, FaultCode};

/// A text that parsed and keeps the limits; nothing is known about the schema.
pub struct Draft {
    /// As written.
    pub written: ExecutableDocument,
    fields: u32,
}

impl Draft {
    /// Parses a text and checks the limits.
    pub fn parse(text: &str) -> Result<Draft, ServerError> {
        tokens::check(text)?;
        let written = parse_query(text).map_err(unparsed)?;
        let fields = shape::check(&written)?;
        root::check(&written)?;
        Ok(Draft { written, fields })
    }

    /// The document for the executor. The caller has validated it.
    pub fn validated(self) -> Document {
        Document {
            expanded: expand::fragments(self.written),
            fields: self.fields,
        }
    }
}

/// A validated document without fragment spreads.
///
/// async-graphql computes costs of a spread on an interface by the interface's fields, so that a
/// page size hidden in a fragment would be free; inline fragments carry their type.
pub struct Document {
    /// For the executor.
    pub expanded: ExecutableDocument,
    fields: u32,
}

/// The operation of this name, or the only one.
pub fn operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, Fault> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            operations.values().next()
        }
        (DocumentOperations::Multiple(_), None) => {
            return Err(Fault::new(
                FaultCode::BadUserInput,
                "The document has several operations: name one in operationName.",
            ));
        }
    };
    found.map(|operation| &operation.node).ok_or_else(|| {
        Fault::new(
            FaultCode::BadUserInput,
            format!(
                "The document has no operation named \"{}\".",
                name.unwrap_or_default()
            ),
        )
    })
}

/// The parser also checks a few rules of validation; its variants tell which is which.
fn unparsed(error: parser::Error) -> ServerError {
    let code = match &error {
        parser::Error::MultipleRoots { .. }
        | parser::Error::MissingQueryRoot { .. }
        | parser::Error::MultipleOperations { .. }
        | parser::Error::OperationDuplicated { .. }
        | parser::Error::FragmentDuplicated { .. }
        | parser::Error::MissingOperation => FaultCode::GraphqlValidationFailed,
        parser::Error::RecursionLimitExceeded => FaultCode::QueryTooExpensive,
        // The parser's enum may grow; what it says is a failed parse either way.
        _ => FaultCode::GraphqlParseFailed,
    };
    let mut refused = ServerError::from(error);
    let fault = Fault::new(code, refused.message.clone());
    refused.source = Some(std::sync::Arc::new(fault));
    refused
}
