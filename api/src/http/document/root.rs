//! The root of a subscription: one field, and the same one whatever the variables say.
//!
//! Owns what the specification asks of it (section 5.2.3) and async-graphql does not check. That it
//! is *one* field is counted with the other limits ([`shape`](super::shape)). It never looks at the
//! schema.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned, ServerError,
    parser::types::{
        ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};

use crate::error::{Fault, FaultCode};

/// Refuses the first subscription whose root field is of the introspection, or could be left out.
pub fn check(document: &ExecutableDocument) -> Result<(), ServerError> {
    for (_, operation) in document.operations.iter() {
        if operation.node.ty == OperationType::Subscription {
            let mut seen = HashSet::new();
            check_set(document, &operation.node.selection_set.node, &mut seen).map_err(|told| {
                let fault = Fault::new(FaultCode::GraphqlValidationFailed, told);
                let mut error = fault.into_server_error();
                error.locations.push(operation.pos);
                error
            })?;
        }
    }
    Ok(())
}

fn check_set<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    seen: &mut HashSet<&'a Name>,
) -> Result<(), &'static str> {
    for selection in &set.items {
        let optional = |name: &str| name == "skip" || name == "include";
        let mut directives = selection.node.directives().iter();
        if directives.any(|directive| optional(&directive.node.name.node)) {
            return Err("The field at the root of a subscription can't have @skip or @include.");
        }
        match &selection.node {
            Selection::Field(field) if field.node.name.node.starts_with("__") => {
                return Err("A subscription can't ask for introspection at its root.");
            }
            Selection::Field(_) => {}
            Selection::InlineFragment(inline) => {
                check_set(document, &inline.node.selection_set.node, seen)?;
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                // Each fragment once, however often it is spread.
                if let Some(fragment) = document.fragments.get(name)
                    && seen.insert(name)
                {
                    check_set(document, &fragment.node.selection_set.node, seen)?;
                }
            }
        }
    }
    Ok(())
}

/// Takes the root field out of the fragments around it: async-graphql subscribes to nothing inside
/// one. The document has been validated and expanded, so that all of them are of the root's type.
pub fn hoist(operation: &mut OperationDefinition) {
    if operation.ty != OperationType::Subscription {
        return;
    }
    let mut fields = Vec::new();
    collect(
        std::mem::take(&mut operation.selection_set.node.items),
        &mut fields,
    );
    let selections = fields.into_iter().map(|field| {
        let at = field.pos;
        Positioned::new(Selection::Field(field), at)
    });
    operation.selection_set.node.items = selections.collect();
}

fn collect(items: Vec<Positioned<Selection>>, fields: &mut Vec<Positioned<Field>>) {
    for item in items {
        match item.node {
            Selection::Field(field) => fields.push(field),
            Selection::InlineFragment(inline) => {
                collect(inline.node.selection_set.node.items, fields);
            }
            // There is none after expansion.
            Selection::FragmentSpread(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;
    use crate::http::document::Draft;

    #[test]
    fn the_root_field_is_a_real_one_and_always_there() {
        let rows = [
            ("subscription { a }", true),
            ("subscription { a { __typename @skip(if: true) } }", true),
            ("query { __typename @skip(if: true) }", true),
            ("subscription { __typename }", false),
            ("subscription { a @skip(if: $no) }", false),
            ("subscription { a @include(if: true) }", false),
            ("subscription { ... @include(if: true) { a } }", false),
            (
                "subscription { ...F } fragment F on S { __typename }",
                false,
            ),
            (
                "subscription { ...F } fragment F on S { ... on S { a @skip(if: $no) } }",
                false,
            ),
        ];
        for (text, expected) in rows {
            let document = parse_query(text).expect("the test's document parses");
            assert_eq!(check(&document).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn spreads_of_spreads_cost_their_text() {
        let mut text = "subscription { a ...F0 } ".to_owned();
        for n in 0..60 {
            let next = n + 1;
            text += &format!("fragment F{n} on S {{ ...F{next} ...F{next} }} ");
        }
        let document = parse_query(&text).expect("the test's document parses");
        assert!(check(&document).is_ok());
    }

    #[test]
    fn a_root_field_is_found_inside_fragments() {
        let text = "subscription { ...F } fragment F on S { ... on S { ... { b: a { c } } } }";
        let draft = Draft::parse(text).expect("the test's document parses");
        let document = draft.validated().expanded;
        let (_, operation) = document.operations.iter().next().expect("there is one");
        let items = &operation.node.selection_set.node.items;
        let [item] = &items[..] else {
            panic!("{items:?}");
        };
        let Selection::Field(field) = &item.node else {
            panic!("{item:?}");
        };
        assert_eq!(field.node.response_key().node, "b");
    }
}
