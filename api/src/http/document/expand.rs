//! Replaces fragment spreads by inline fragments of the same type.
//!
//! Owns nothing but the rewriting. Its caller has checked that no fragment contains itself and that
//! the result is small ([`shape`](super::shape)).

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, FragmentDefinition, InlineFragment,
        OperationDefinition, Selection, SelectionSet,
    },
};

use super::root;

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The same document without named fragments, and without any around the root field of a
/// subscription.
pub fn fragments(mut document: ExecutableDocument) -> ExecutableDocument {
    let fragments = std::mem::take(&mut document.fragments);
    let expand_operation = |operation: &mut OperationDefinition| {
        if !fragments.is_empty() {
            expand(&mut operation.selection_set.node, &fragments);
        }
        root::hoist(operation);
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => expand_operation(&mut operation.node),
        DocumentOperations::Multiple(operations) => {
            for operation in operations.values_mut() {
                expand_operation(&mut operation.node);
            }
        }
    }
    document
}

fn expand(set: &mut SelectionSet, fragments: &Fragments) {
    for selection in &mut set.items {
        if let Selection::FragmentSpread(spread) = &selection.node
            && let Some(fragment) = fragments.get(&spread.node.fragment_name.node)
        {
            let inline = InlineFragment {
                type_condition: Some(fragment.node.type_condition.clone()),
                directives: spread.node.directives.clone(),
                selection_set: fragment.node.selection_set.clone(),
            };
            selection.node = Selection::InlineFragment(Positioned::new(inline, spread.pos));
        }
        match &mut selection.node {
            Selection::Field(field) => expand(&mut field.node.selection_set.node, fragments),
            Selection::InlineFragment(inline) => {
                expand(&mut inline.node.selection_set.node, fragments);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}
