//! The style, where a program can check it: reads all sources of the workspace.
//!
//! Each rule says what to do. What it can't see, a reader must.

mod source;
mod tests_run;

use std::fs;

use crate::source::{check, is_in, is_qualifier, lines_with, plain, top};

/// What may stand at the top of the tree, apart from files that begin with a dot.
const TOP: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "api",
    "core",
    "entity",
    "migration",
    "tests",
];
/// What a run of the program or of Cargo leaves there, which is not committed.
const LEFT: [&str; 2] = ["data", "target"];
/// A file beyond this is to be split.
const FILE_LINES_MAX: usize = 400;
/// Tests are tables and stories, which are longer than code.
const TEST_FILE_LINES_MAX: usize = 500;
/// A function beyond this is to be split.
const FUNCTION_LINES_MAX: usize = 70;
/// Files and functions that are longer, with what they have: this list only ever gets shorter.
const LONGER: [(&str, usize); 2] = [
    // One arm for each refusal, and each arm its sentence.
    ("api/src/graphql/refusal/message.rs fn message", 123),
    ("api/src/http/document/shape.rs fn table", 78),
];

/// How long that file or function may be.
fn longest(name: &str, otherwise: usize) -> usize {
    let known = LONGER.iter().find(|(known, _)| *known == name);
    known.map_or(otherwise, |(_, lines)| *lines)
}

#[test]
fn every_file_begins_with_its_module_doc() {
    check(
        "begin with `//!`: what it owns, what it never does",
        |source| {
            let begins = source.text.starts_with("//! ");
            (!begins)
                .then(|| "no module doc".to_owned())
                .into_iter()
                .collect()
        },
    );
}

#[test]
fn files_are_short_enough_to_read() {
    check("split the file by its nouns", |source| {
        let otherwise = if source.is_test {
            TEST_FILE_LINES_MAX
        } else {
            FILE_LINES_MAX
        };
        let max = longest(&source.path, otherwise);
        let lines = source.text.lines().count();
        let long = (lines > max).then(|| format!("{lines} lines, at most {max}"));
        long.into_iter().collect()
    });
}

#[test]
fn functions_are_short_enough_to_read() {
    check("split the function by its steps", |source| {
        if source.is_test {
            return Vec::new();
        }
        let mut breaks = Vec::new();
        let mut begun: Vec<(usize, usize, String)> = Vec::new();
        for (number, line) in source.code() {
            let indent = line.len() - line.trim_start().len();
            if let Some((_, rest)) = line
                .split_once("fn ")
                .filter(|(before, _)| is_qualifier(before))
            {
                let name = rest.split(['(', '<']).next().unwrap_or(rest);
                begun.push((number, indent, name.to_owned()));
            }
            let ends = |begun: &mut (usize, usize, String)| begun.1 == indent && line.trim() == "}";
            if let Some((start, _, name)) = begun.pop_if(ends) {
                let lines = number - start + 1;
                let max = longest(&format!("{} fn {name}", source.path), FUNCTION_LINES_MAX);
                if lines > max {
                    breaks.push(format!("fn {name} has {lines} lines, at most {max}"));
                }
            }
        }
        breaks
    });
}

#[test]
fn nothing_is_left_to_do() {
    let marks = ["TODO", "FIXME", "XXX"];
    let stubs = ["todo!", "unimplemented!", "#[ignore"];
    check("finish it, or leave it out", |source| {
        if is_in(source, "tests/tests/tidy/") {
            return Vec::new();
        }
        let marked = marks.iter().chain(&stubs);
        let found = marked.filter(|mark| source.text.contains(**mark));
        found.map(|mark| format!("has `{mark}`")).collect()
    });
}

#[test]
fn only_tests_unwrap() {
    check(
        "say with `expect` why it can't happen, or return an error",
        |source| {
            if source.is_test && !is_in(source, "tests/src") {
                return Vec::new();
            }
            lines_with(source, &[".unwrap()"])
        },
    );
}

#[test]
fn the_domain_is_pure() {
    let impure = [
        "async ",
        ".await",
        "tokio",
        "actix",
        "tracing",
        "sea_orm",
        "credits_entity",
        "std::fs",
        "std::net",
        "std::thread",
        "Utc::now",
        "SystemTime",
        "Instant::now",
        "now_v7",
        "new_v4",
        "crate::store",
        "crate::feed",
        "crate::writer",
        "crate::actor",
        "crate::ledger",
        "crate::clock",
    ];
    check(
        "the domain does no I/O and asks nobody for time or chance",
        |source| {
            if !is_in(source, "core/src/domain") || source.is_test {
                return Vec::new();
            }
            lines_with(source, &impure)
        },
    );
}

#[test]
fn only_the_clock_asks_for_the_time() {
    check("take the time as an argument", |source| {
        if source.path == "core/src/clock.rs" {
            return Vec::new();
        }
        lines_with(source, &["Utc::now(", "SystemTime::now("])
    });
}

#[test]
fn only_the_store_knows_the_database() {
    check("ask the store", |source| {
        let elsewhere = is_in(source, "core/") || is_in(source, "api/");
        if !elsewhere || is_in(source, "core/src/store") || source.is_test {
            return Vec::new();
        }
        lines_with(source, &["sea_orm", "credits_entity", "sqlx"])
    });
}

#[test]
fn what_is_below_does_not_know_what_is_above() {
    let order = [
        (
            "core/src/domain",
            &["store", "feed", "writer", "actor", "ledger"][..],
        ),
        ("core/src/store", &["feed", "writer", "actor", "ledger"][..]),
        ("core/src/feed.rs", &["writer", "actor", "ledger"][..]),
        ("core/src/writer", &["actor", "ledger"][..]),
        ("core/src/actor", &["ledger"][..]),
    ];
    check(
        "keep the direction domain <- store <- feed <- writer <- actor <- ledger",
        |source| {
            if source.is_test {
                return Vec::new();
            }
            let part = order.iter().find(|(part, _)| is_in(source, part));
            let above = part.map_or(&[][..], |(_, above)| above).iter();
            let words: Vec<String> = above.map(|name| format!("crate::{name}")).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            lines_with(source, &words)
        },
    );
}

#[test]
fn only_the_api_speaks_graphql() {
    check("convert in `api`", |source| {
        if is_in(source, "api/") || is_in(source, "tests/") {
            return Vec::new();
        }
        lines_with(source, &["async_graphql", "actix_web"])
    });
}

#[test]
fn history_and_tables_know_nobody() {
    check(
        "a migration is frozen, an entity is a table: neither imports ours",
        |source| {
            if !is_in(source, "migration/") && !is_in(source, "entity/") {
                return Vec::new();
            }
            let ours = ["credits_entity", "credits_core", "credits_api"];
            lines_with(source, &ours)
        },
    );
}

#[test]
fn the_top_level_holds_the_fixed_names() {
    for entry in fs::read_dir(top()).expect("the top is read") {
        let name = entry.expect("an entry is read").file_name();
        let name = name.to_string_lossy();
        let known = name.starts_with('.') || TOP.contains(&&*name) || LEFT.contains(&&*name);
        assert!(known, "{name}: the names at the top are fixed");
    }
    for name in TOP {
        assert!(top().join(name).exists(), "{name} is missing");
    }
}

#[test]
fn a_line_is_read_without_comments_and_strings() {
    let table = [
        ("let a = 1; // .unwrap()", "let a = 1; "),
        ("say(\"tokio // \\\" actix\"); go()", "say(); go()"),
        ("//! actix", ""),
    ];
    for (line, code) in table {
        assert_eq!(plain(line), code, "{line}");
    }
}
