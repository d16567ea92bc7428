//! The schema as a whole: its text, its descriptions.

use async_graphql::Request;

use super::*;

#[test]
fn the_committed_schema_is_this_one() {
    let committed = include_str!("../../schema.graphql");
    assert!(
        committed == sdl(),
        "api/schema.graphql is not this schema: write it again with `credits schema`"
    );
}

const INTROSPECTION: &str = "{ __schema { types {
    name kind description specifiedByURL
    fields(includeDeprecated: true) { name description args { name description } }
    inputFields { name description }
    enumValues(includeDeprecated: true) { name description }
} } }";

/// The visible types: with fewer, introspection hides some.
const TYPES_MIN: usize = 200;

#[test]
fn everything_has_a_description() {
    let schema = bare().finish();
    let response =
        futures_util::FutureExt::now_or_never(schema.execute(Request::new(INTROSPECTION)));
    let response = response.expect("introspection waits for nothing");
    assert_eq!(response.errors, []);
    let data = response.data.into_json().unwrap();
    let types = data["__schema"]["types"].as_array().unwrap();
    assert!(types.len() > TYPES_MIN, "{} types are told", types.len());
    let mut missing = Vec::new();
    for ty in types {
        let name = ty["name"].as_str().unwrap();
        // The specification describes its own.
        let built_in = ["Int", "Float", "String", "Boolean", "ID"].contains(&name);
        if name.starts_with("__") || built_in {
            continue;
        }
        described(ty, name, &mut missing);
        for list in ["fields", "inputFields", "enumValues"] {
            for member in ty[list].as_array().into_iter().flatten() {
                let path = format!("{name}.{}", member["name"].as_str().unwrap());
                described(member, &path, &mut missing);
                for argument in member["args"].as_array().into_iter().flatten() {
                    let path = format!("{path}({})", argument["name"].as_str().unwrap());
                    described(argument, &path, &mut missing);
                }
            }
        }
        if ty["kind"] == "SCALAR" && ty["specifiedByURL"].is_null() {
            missing.push(format!("{name} @specifiedBy"));
        }
    }
    assert!(
        missing.is_empty(),
        "{} without description: {missing:#?}",
        missing.len()
    );
}

fn described(item: &serde_json::Value, path: &str, missing: &mut Vec<String>) {
    if item["description"]
        .as_str()
        .is_none_or(|text| text.trim().is_empty())
    {
        missing.push(path.to_owned());
    }
}
