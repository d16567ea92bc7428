//! Variables against the types they are declared with.
//!
//! Owns the coercion rules of the GraphQL specification (section 6.1.2) for every request, known
//! document or not: the executor of a known document validates nothing itself. It never changes a
//! value and never parses a custom scalar beyond what the scalar's own `is_valid` says.

use async_graphql::{
    Number, ServerError, Value, Variables,
    parser::types::{BaseType, OperationDefinition, Type},
    registry::{MetaType, MetaTypeName, Registry},
};

use crate::error::{Fault, FaultCode};

/// Why a value does not fit, and where in it.
struct Misfit {
    /// Innermost first: `.model`, `[3]`, `.charges`.
    path: Vec<String>,
    reason: String,
}

impl Misfit {
    fn new(reason: String) -> Misfit {
        Misfit {
            path: Vec::new(),
            reason,
        }
    }

    fn within(mut self, segment: String) -> Misfit {
        self.path.push(segment);
        self
    }
}

/// The errors of all variables of an operation; none means that all fit.
pub fn check(
    registry: &Registry,
    operation: &OperationDefinition,
    given: &Variables,
) -> Vec<ServerError> {
    let definitions = operation.variable_definitions.iter();
    definitions
        .filter_map(|definition| {
            let name = &definition.node.name.node;
            let declared = &definition.node.var_type.node;
            let problem = match given.get(name) {
                Some(value) => fits(registry, declared, value).err(),
                None if declared.nullable || definition.node.default_value.is_some() => None,
                None => Some(Misfit::new(format!(
                    "a value of type \"{declared}\" is required"
                ))),
            };
            let Misfit { path, reason } = problem?;
            let place: String = path.into_iter().rev().collect();
            let message = format!("Variable \"${name}{place}\": {reason}.");
            let mut error = Fault::new(FaultCode::BadUserInput, message).into_server_error();
            error.locations.push(definition.pos);
            Some(error)
        })
        .collect()
}

/// The variables with their defaults, and null where nothing was given: with a value for each, the
/// validator judges every literal around them.
pub fn filled(operation: &OperationDefinition, given: &Variables) -> Variables {
    let mut all = given.clone();
    for definition in &operation.variable_definitions {
        if let Some(default) = definition.node.default_value() {
            all.entry(definition.node.name.node.clone())
                .or_insert_with(|| default.clone());
        }
    }
    all
}

fn fits(registry: &Registry, declared: &Type, value: &Value) -> Result<(), Misfit> {
    if *value == Value::Null {
        return if declared.nullable {
            Ok(())
        } else {
            Err(Misfit::new(format!("null is no \"{declared}\"")))
        };
    }
    match (&declared.base, value) {
        (BaseType::Named(name), _) => fits_named(registry, name, value),
        (BaseType::List(element), Value::List(values)) => {
            each(values, |value| fits(registry, element, value))
        }
        (BaseType::List(element), _) => fits(registry, element, value),
    }
}

/// The same for a type of the schema, which the registry keeps as text.
fn fits_text(registry: &Registry, declared: &str, value: &Value) -> Result<(), Misfit> {
    match (MetaTypeName::create(declared), value) {
        (MetaTypeName::NonNull(_), Value::Null) => {
            Err(Misfit::new(format!("null is no \"{declared}\"")))
        }
        (_, Value::Null) => Ok(()),
        (MetaTypeName::NonNull(inner), _) => fits_text(registry, inner, value),
        (MetaTypeName::List(element), Value::List(values)) => {
            each(values, |value| fits_text(registry, element, value))
        }
        (MetaTypeName::List(element), _) => fits_text(registry, element, value),
        (MetaTypeName::Named(name), _) => fits_named(registry, name, value),
    }
}

fn each(values: &[Value], fits: impl Fn(&Value) -> Result<(), Misfit>) -> Result<(), Misfit> {
    for (index, value) in values.iter().enumerate() {
        fits(value).map_err(|misfit| misfit.within(format!("[{index}]")))?;
    }
    Ok(())
}

fn fits_named(registry: &Registry, name: &str, value: &Value) -> Result<(), Misfit> {
    // async-graphql lets any whole number pass here and fails when it is used.
    if name == "Int" && !matches!(value, Value::Number(n) if is_int(n)) {
        return Err(Misfit::new(format!("{value} is no \"Int\"")));
    }
    match registry.types.get(name) {
        Some(MetaType::Scalar { is_valid, .. }) => match is_valid {
            Some(is_valid) if !is_valid(value) => {
                Err(Misfit::new(format!("{value} is no \"{name}\"")))
            }
            Some(_) | None => Ok(()),
        },
        Some(MetaType::Enum { enum_values, .. }) => {
            let known = match value {
                Value::String(text) => enum_values.contains_key(text.as_str()),
                Value::Enum(text) => enum_values.contains_key(text.as_str()),
                _ => false,
            };
            let misfit = || Misfit::new(format!("{value} is no \"{name}\""));
            known.then_some(()).ok_or_else(misfit)
        }
        Some(object @ MetaType::InputObject { .. }) => fits_object(registry, object, value),
        // No input type of this schema: the validator has said so.
        Some(MetaType::Object { .. } | MetaType::Interface { .. } | MetaType::Union { .. })
        | None => Ok(()),
    }
}

/// A GraphQL `Int` has 32 bits.
fn is_int(number: &Number) -> bool {
    number
        .as_i64()
        .is_some_and(|number| i32::try_from(number).is_ok())
}

fn fits_object(registry: &Registry, object: &MetaType, value: &Value) -> Result<(), Misfit> {
    let MetaType::InputObject {
        name,
        input_fields,
        oneof,
        ..
    } = object
    else {
        return Ok(());
    };
    let Value::Object(given) = value else {
        return Err(Misfit::new(format!("{value} is no \"{name}\"")));
    };
    if let Some(unknown) = given
        .keys()
        .find(|key| !input_fields.contains_key(key.as_str()))
    {
        return Err(Misfit::new(format!(
            "\"{name}\" has no field \"{unknown}\""
        )));
    }
    if *oneof && (given.len() != 1 || given.values().any(|value| *value == Value::Null)) {
        return Err(Misfit::new(format!(
            "\"{name}\" takes exactly one field, not null"
        )));
    }
    for field in input_fields.values() {
        let fit = match given.get(field.name.as_str()) {
            Some(value) => fits_text(registry, &field.ty, value),
            None if MetaTypeName::create(&field.ty).is_non_null()
                && field.default_value.is_none() =>
            {
                Err(Misfit::new(format!(
                    "a value of type \"{}\" is required",
                    field.ty
                )))
            }
            None => Ok(()),
        };
        fit.map_err(|misfit| misfit.within(format!(".{}", field.name)))?;
    }
    Ok(())
}
