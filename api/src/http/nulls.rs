//! Puts nulls where fields failed.
//!
//! Owns "handling field errors" of the GraphQL specification (section 6.4.4): a field that failed is
//! null, and if it can't be, the nearest enclosing place that can is. async-graphql leaves the field
//! out instead, which no typed client can read. It never changes an error.

use async_graphql::{
    Name, PathSegment, ServerError, Value,
    indexmap::{IndexMap, map::Entry},
    parser::types::{OperationDefinition, OperationType, Selection, SelectionSet},
    registry::{MetaType, MetaTypeName, Registry},
};

/// Completes the data of a response for its errors. `operation` has no fragment spreads.
pub fn complete(
    registry: &Registry,
    operation: &OperationDefinition,
    data: &mut Value,
    errors: &[ServerError],
) {
    let failed: Vec<&[PathSegment]> = errors
        .iter()
        .filter_map(|error| fill(data, &error.path))
        .collect();
    // Only after all are filled: a null that is set here must not be taken for a lost object.
    for path in failed {
        let place = nullable_place(registry, operation, path);
        set_null(data, &path[..place]);
    }
}

/// Puts a null at the first place on a path that has no value, and gives the path to it; `None` if
/// every place has one. An object all of whose fields failed was lost altogether and comes back.
fn fill<'a>(data: &mut Value, path: &'a [PathSegment]) -> Option<&'a [PathSegment]> {
    let mut value = data;
    for (index, segment) in path.iter().enumerate() {
        if *value == Value::Null && matches!(segment, PathSegment::Field(_)) {
            *value = Value::Object(IndexMap::new());
        }
        value = match (value, segment) {
            (Value::Object(fields), PathSegment::Field(key)) => {
                match fields.entry(Name::new(key)) {
                    Entry::Occupied(field) => field.into_mut(),
                    Entry::Vacant(field) => {
                        field.insert(Value::Null);
                        return Some(&path[..=index]);
                    }
                }
            }
            (Value::List(values), PathSegment::Index(at)) => values.get_mut(*at)?,
            _ => return None,
        };
    }
    None
}

/// The length of the longest prefix of a path whose place may be null; 0 is the whole data.
fn nullable_place(
    registry: &Registry,
    operation: &OperationDefinition,
    path: &[PathSegment],
) -> usize {
    let root = match operation.ty {
        OperationType::Query => Some(registry.query_type.as_str()),
        OperationType::Mutation => registry.mutation_type.as_deref(),
        OperationType::Subscription => registry.subscription_type.as_deref(),
    };
    let mut place = 0;
    let mut sets = vec![(root.unwrap_or_default(), &operation.selection_set.node)];
    let mut declared = "";
    for (index, segment) in path.iter().enumerate() {
        match segment {
            PathSegment::Field(key) => {
                let mut found = Vec::new();
                for (parent, set) in &sets {
                    selected(parent, set, key, &mut found);
                }
                let ty = found.first().and_then(|(parent, field, _)| {
                    let fields = registry.types.get(*parent).and_then(MetaType::fields)?;
                    Some(fields.get(field.as_str())?.ty.as_str())
                });
                // A field nobody declared, such as `__schema`, can't be reasoned about.
                let Some(ty) = ty else { return place };
                declared = ty;
                let below = MetaTypeName::concrete_typename(ty);
                sets = found.into_iter().map(|(_, _, set)| (below, set)).collect();
            }
            PathSegment::Index(_) => {
                declared = match MetaTypeName::create(declared).unwrap_non_null() {
                    MetaTypeName::List(element) => element,
                    MetaTypeName::NonNull(_) | MetaTypeName::Named(_) => return place,
                };
            }
        }
        if !MetaTypeName::create(declared).is_non_null() {
            place = index + 1;
        }
    }
    place
}

/// The fields with this response key, each with the type it stands on and its own selection set.
fn selected<'a>(
    parent: &'a str,
    set: &'a SelectionSet,
    key: &str,
    found: &mut Vec<(&'a str, &'a Name, &'a SelectionSet)>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) if field.node.response_key().node == key => {
                found.push((
                    parent,
                    &field.node.name.node,
                    &field.node.selection_set.node,
                ));
            }
            Selection::Field(_) | Selection::FragmentSpread(_) => {}
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let parent = condition.map_or(parent, |condition| condition.node.on.node.as_str());
                selected(parent, &inline.node.selection_set.node, key, found);
            }
        }
    }
}

fn set_null(data: &mut Value, path: &[PathSegment]) {
    let mut value = data;
    for segment in path {
        value = match (value, segment) {
            (Value::Object(fields), PathSegment::Field(key)) => {
                fields.entry(Name::new(key)).or_insert(Value::Null)
            }
            (Value::List(values), PathSegment::Index(at)) if *at < values.len() => &mut values[*at],
            _ => return,
        };
    }
    *value = Value::Null;
}
