//! How large a document becomes when its fragments are expanded.
//!
//! Owns the limits on selections. Each fragment is measured once, so a document of a few lines that
//! expands to billions of fields costs what its text costs. It never looks at the schema.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, ServerError,
    parser::types::{
        Directive, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};

use crate::error::{Fault, FaultCode};

/// The deepest nesting of fields: what GraphiQL's introspection needs.
pub const DEPTH_MAX: u32 = 15;
/// The deepest nesting of fields and fragments together, the bound of the executor's own recursion.
pub const LEVELS_MAX: u32 = 32;
/// The most fields after expansion; GraphiQL's introspection has about 230.
pub const FIELDS_MAX: u32 = 2_000;
/// The most aliases after expansion: they are the way to run one expensive field many times.
pub const ALIASES_MAX: u32 = 30;
/// The most fields at the root of a mutation: each is a write of its own; `chargeMany` takes more.
pub const MUTATIONS_MAX: u32 = 10;
/// The most directives at one place.
pub const DIRECTIVES_MAX: usize = 5;

/// The size of a selection set with its fragments expanded. Counts saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Fields nested in fields.
    pub depth: u32,
    /// Fields and fragments nested in each other.
    pub levels: u32,
    /// All fields.
    pub fields: u32,
    /// Fields with an alias.
    pub aliases: u32,
    /// Fields at the top of the set.
    pub top: u32,
}

impl Shape {
    /// Adds a selection that stands beside the others.
    fn beside(&mut self, other: Shape) {
        self.depth = self.depth.max(other.depth);
        self.levels = self.levels.max(other.levels);
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.top = self.top.saturating_add(other.top);
    }

    /// The shape of a field with this selection set below it.
    fn field(below: Shape, aliased: bool) -> Shape {
        Shape {
            depth: below.depth.saturating_add(1),
            levels: below.levels.saturating_add(1),
            fields: below.fields.saturating_add(1),
            aliases: below.aliases.saturating_add(u32::from(aliased)),
            top: 1,
        }
    }

    /// The shape of a fragment with this content.
    fn fragment(content: Shape) -> Shape {
        Shape {
            levels: content.levels.saturating_add(1),
            ..content
        }
    }

    fn check(&self, operation: &OperationDefinition) -> Result<(), Fault> {
        let bounds = [
            (self.depth, DEPTH_MAX, "levels of fields"),
            (self.levels, LEVELS_MAX, "levels of fields and fragments"),
            (self.fields, FIELDS_MAX, "fields"),
            (self.aliases, ALIASES_MAX, "aliases"),
        ];
        for (count, most, what) in bounds {
            if count > most {
                return Err(too_many(most, what));
            }
        }
        match operation.ty {
            OperationType::Query => Ok(()),
            OperationType::Mutation if self.top > MUTATIONS_MAX => {
                Err(too_many(MUTATIONS_MAX, "fields at the root of a mutation"))
            }
            OperationType::Mutation => Ok(()),
            OperationType::Subscription if self.top != 1 => Err(Fault::new(
                FaultCode::GraphqlValidationFailed,
                "A subscription has exactly one field at its root.",
            )),
            OperationType::Subscription => Ok(()),
        }
    }
}

/// Measures every operation and refuses the first that is too large; gives the sum of their fields.
pub fn check(document: &ExecutableDocument) -> Result<u32, ServerError> {
    let mut measuring = Measuring {
        document,
        fragments: HashMap::new(),
    };
    // A fragment nobody spreads is measured too: the validator walks it.
    for name in document.fragments.keys() {
        measuring.fragment(name).map_err(Fault::into_server_error)?;
    }
    let mut fields = 0_u32;
    for (_, operation) in document.operations.iter() {
        let shape = measuring
            .directives(&operation.node.directives)
            .and_then(|()| measuring.set(&operation.node.selection_set))
            .and_then(|shape| shape.check(&operation.node).map(|()| shape))
            .map_err(|fault| at(fault, operation))?;
        fields = fields.saturating_add(shape.fields);
    }
    Ok(fields)
}

fn too_many(most: u32, what: &str) -> Fault {
    Fault::new(
        FaultCode::QueryTooExpensive,
        format!("A request may have {most} {what} at most, fragments included."),
    )
}

fn at(fault: Fault, operation: &Positioned<OperationDefinition>) -> ServerError {
    let mut error = fault.into_server_error();
    error.locations.push(operation.pos);
    error
}

struct Measuring<'a> {
    document: &'a ExecutableDocument,
    /// `None` while a fragment is being measured, so that a cycle is seen.
    fragments: HashMap<&'a Name, Option<Shape>>,
}

impl<'a> Measuring<'a> {
    fn set(&mut self, set: &'a Positioned<SelectionSet>) -> Result<Shape, Fault> {
        let mut shape = Shape::default();
        for selection in &set.node.items {
            self.directives(selection.node.directives())?;
            shape.beside(match &selection.node {
                Selection::Field(field) => {
                    let below = self.set(&field.node.selection_set)?;
                    Shape::field(below, field.node.alias.is_some())
                }
                Selection::InlineFragment(inline) => {
                    Shape::fragment(self.set(&inline.node.selection_set)?)
                }
                Selection::FragmentSpread(spread) => {
                    Shape::fragment(self.fragment(&spread.node.fragment_name.node)?)
                }
            });
        }
        Ok(shape)
    }

    /// A fragment that does not exist has no size; the validator names it.
    fn fragment(&mut self, name: &Name) -> Result<Shape, Fault> {
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Ok(Shape::default());
        };
        match self.fragments.get(name) {
            Some(Some(shape)) => return Ok(*shape),
            Some(None) => {
                return Err(Fault::new(
                    FaultCode::GraphqlValidationFailed,
                    format!("Fragment \"{name}\" contains itself."),
                ));
            }
            None => {}
        }
        self.fragments.insert(name, None);
        self.directives(&fragment.node.directives)?;
        let shape = self.set(&fragment.node.selection_set)?;
        self.fragments.insert(name, Some(shape));
        Ok(shape)
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<(), Fault> {
        if directives.len() > DIRECTIVES_MAX {
            return Err(Fault::new(
                FaultCode::QueryTooExpensive,
                format!("One place may have {DIRECTIVES_MAX} directives at most."),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn code(text: &str) -> Option<FaultCode> {
        let document = parse_query(text).expect("the test's document parses");
        let error = check(&document).err()?;
        Some(error.source::<Fault>().expect("a fault").code)
    }

    fn nested(levels: u32) -> String {
        (1..levels).fold("a".to_owned(), |inner, _| format!("a {{ {inner} }}"))
    }

    #[test]
    fn each_limit_holds_plainly_and_in_fragments() {
        let too_expensive = Some(FaultCode::QueryTooExpensive);
        let aliases = |count: u32| -> String { (0..count).map(|n| format!("b{n}: a ")).collect() };
        let plain = |count: u32| -> String { "a ".repeat(count as usize) };
        let directives = |count: usize| "@d ".repeat(count);
        let rows: Vec<(String, Option<FaultCode>)> = vec![
            (format!("{{ {} }}", nested(DEPTH_MAX)), None),
            (format!("{{ {} }}", nested(DEPTH_MAX + 1)), too_expensive),
            (
                format!(
                    "{{ a {{ ...F }} }} fragment F on T {{ {} }}",
                    nested(DEPTH_MAX - 1)
                ),
                None,
            ),
            (
                format!(
                    "{{ a {{ ...F }} }} fragment F on T {{ {} }}",
                    nested(DEPTH_MAX)
                ),
                too_expensive,
            ),
            (format!("{{ {} }}", aliases(ALIASES_MAX)), None),
            (format!("{{ {} }}", aliases(ALIASES_MAX + 1)), too_expensive),
            (
                format!(
                    "{{ a {{ ...F }} c {{ ...F }} }} fragment F on T {{ {} }}",
                    aliases(15)
                ),
                None,
            ),
            (
                format!(
                    "{{ a {{ ...F }} c {{ ...F }} }} fragment F on T {{ {} }}",
                    aliases(16)
                ),
                too_expensive,
            ),
            (format!("mutation {{ {} }}", plain(MUTATIONS_MAX)), None),
            (
                format!("mutation {{ {} }}", plain(MUTATIONS_MAX + 1)),
                too_expensive,
            ),
            (
                format!(
                    "mutation {{ ...F ...F }} fragment F on M {{ {} }}",
                    plain(6)
                ),
                too_expensive,
            ),
            (
                format!("mutation {{ ... on M {{ {} }} }}", plain(MUTATIONS_MAX + 1)),
                too_expensive,
            ),
            (format!("{{ {} }}", plain(FIELDS_MAX)), None),
            (format!("{{ {} }}", plain(FIELDS_MAX + 1)), too_expensive),
            (format!("{{ a {} }}", directives(DIRECTIVES_MAX)), None),
            (
                format!("{{ a {} }}", directives(DIRECTIVES_MAX + 1)),
                too_expensive,
            ),
            (
                format!(
                    "{{ ...F }} fragment F on T {{ a {} }}",
                    directives(DIRECTIVES_MAX + 1)
                ),
                too_expensive,
            ),
            (
                format!("{{ ...F }} fragment F on T {} {{ a }}", directives(6)),
                too_expensive,
            ),
            (format!("query {} {{ a }}", directives(6)), too_expensive),
        ];
        for (text, expected) in rows {
            assert_eq!(code(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_subscription_has_one_root_field() {
        let invalid = Some(FaultCode::GraphqlValidationFailed);
        let rows = [
            ("subscription { a }", None),
            ("subscription { a b }", invalid),
            ("subscription { ...F } fragment F on S { a }", None),
            ("subscription { ...F } fragment F on S { a b }", invalid),
            ("subscription { a ... on S { b } }", invalid),
        ];
        for (text, expected) in rows {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn a_cycle_is_refused() {
        let invalid = Some(FaultCode::GraphqlValidationFailed);
        assert_eq!(code("{ ...A } fragment A on T { ...A }"), invalid);
        assert_eq!(
            code("{ a } fragment A on T { b { ...B } } fragment B on T { ...A ...A }"),
            invalid
        );
    }

    #[test]
    fn a_fragment_bomb_costs_its_text() {
        let mut text = "{ ...F0 } ".to_owned();
        for n in 0..29 {
            let next = n + 1;
            text +=
                &format!("fragment F{n} on T {{ ...F{next} ...F{next} ...F{next} ...F{next} }} ");
        }
        text += "fragment F29 on T { a }";
        assert_eq!(code(&text), Some(FaultCode::QueryTooExpensive));
    }
}
