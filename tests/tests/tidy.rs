//! The style, where a program can check it: reads all sources of the workspace.
//!
//! Each rule says what to do. What it can't see, a reader must.

use std::{
    fs,
    path::{Path, PathBuf},
};

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
/// Folders of what others wrote, as npm and pip install it.
const FOREIGN: [&str; 2] = ["node_modules", ".venv"];
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

/// A source file.
struct Source {
    /// Its path from the top, with `/`.
    path: String,
    text: String,
    /// Whether it is compiled for tests only.
    is_test: bool,
}

impl Source {
    /// Its lines that are compiled for tests only, without comments and the insides of strings.
    fn test_code(&self) -> Vec<(usize, String)> {
        let inline = self.text.find("\n#[cfg(test)]\nmod tests {");
        let begin = match self.is_test {
            true => 0,
            false => inline.unwrap_or(self.text.len()),
        };
        let before = self.text[..begin].lines().count();
        let lines = self.text.lines().enumerate().skip(before);
        lines
            .map(|(index, line)| (index + 1, plain(line)))
            .collect()
    }

    /// Its lines before its own tests, without comments and the insides of strings, numbered from 1.
    fn code(&self) -> Vec<(usize, String)> {
        let code = self.text.split("\n#[cfg(test)]\nmod ").next();
        let code = code.expect("there is always a first part");
        let plain = |(index, line)| (index + 1, plain(line));
        code.lines().enumerate().map(plain).collect()
    }
}

/// A line without its comment and without what is inside its strings.
fn plain(line: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if inside => {
                characters.next();
            }
            '"' => inside = !inside,
            '/' if !inside && characters.peek() == Some(&'/') => break,
            _ if inside => {}
            _ => kept.push(character),
        }
    }
    kept
}

fn top() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = package.parent();
    top.expect("a package stands in the workspace").to_owned()
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for package in ["api", "core", "entity", "migration", "tests"] {
        collect(&top().join(package), &mut sources);
    }
    assert!(sources.len() > 100, "the sources are found");
    let for_tests: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let module = source.path.trim_end_matches("/mod.rs");
        let module = module.trim_end_matches(".rs");
        let inside = |test: &String| module == test || module.starts_with(&format!("{test}/"));
        source.is_test |= for_tests.iter().any(inside);
    }
    sources
}

/// The modules in files of their own that a source has for tests only, by path without `.rs`.
fn test_modules(source: &Source) -> Vec<String> {
    let (folder, file) = source
        .path
        .rsplit_once('/')
        .expect("sources are in folders");
    let folder = match file {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", file.trim_end_matches(".rs")),
    };
    let after = source.text.split("#[cfg(test)]\n").skip(1);
    let lines = after.filter_map(|text| text.lines().next()?.strip_suffix(';'));
    let names = lines.filter_map(|line| Some(line.split_once("mod ")?.1));
    names.map(|name| format!("{folder}/{name}")).collect()
}

fn collect(directory: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("a directory is read") {
        let path = entry.expect("an entry is read").path();
        if path.is_dir() {
            if FOREIGN.iter().any(|foreign| path.ends_with(foreign)) {
                continue;
            }
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let inside = path.strip_prefix(top()).expect("it is in the workspace");
            let path = inside.to_string_lossy().replace('\\', "/");
            sources.push(Source {
                is_test: path.starts_with("tests/"),
                path,
                text,
            });
        }
    }
}

/// Fails with every place that breaks the rule.
fn check(rule: &str, breaks: impl Fn(&Source) -> Vec<String>) {
    let sources = sources();
    let places = sources.iter().flat_map(|source| {
        let breaks = breaks(source).into_iter();
        breaks.map(|place| format!("\n  {}: {place}", source.path))
    });
    let places: String = places.collect();
    assert!(places.is_empty(), "{rule}:{places}");
}

/// Lines of the code of a source in which one of these words stands.
fn lines_with(source: &Source, words: &[&str]) -> Vec<String> {
    let code = source.code();
    let found = code.iter().filter_map(|(number, line)| {
        let word = words.iter().find(|word| line.contains(**word))?;
        Some(format!("line {number} has `{word}`"))
    });
    found.collect()
}

/// Whether what stands before `fn` is what may: nothing, or how visible it is and whether it waits.
fn is_qualifier(before: &str) -> bool {
    let known =
        |word: &str| word.starts_with("pub") || ["async", "const", "in", ""].contains(&word);
    before
        .trim()
        .split([' ', '('])
        .all(|word| known(word) || word.ends_with(')'))
}

/// Whether the source stands in that part of the tree.
fn is_in(source: &Source, part: &str) -> bool {
    source.path.starts_with(part)
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
        if source.path == "tests/tests/tidy.rs" {
            return Vec::new();
        }
        let marked = marks.iter().chain(&stubs);
        let found = marked.filter(|mark| source.text.contains(**mark));
        found.map(|mark| format!("has `{mark}`")).collect()
    });
}

/// What a test would measure or wait for time with.
const TIME: [&str; 5] = [
    "elapsed(",
    "Instant::now(",
    "timeout(",
    "timeout_at(",
    "sleep(",
];
/// Where a test needs time, and for what. Nothing is asserted on it.
const TIMED: [(&str, &str); 0] = [];

#[test]
fn no_test_depends_on_wall_time() {
    check(
        "wait for a condition with `harness::until`; what is about time is a row of the benchmark",
        |source| {
            let benchmark = ["tests/src/load/", "tests/src/bin/", "tests/tests/tidy.rs"];
            if benchmark.iter().any(|part| is_in(source, part)) {
                return Vec::new();
            }
            let allowed = |word: &str| TIMED.contains(&(source.path.as_str(), word));
            let words = TIME.into_iter().filter(|word| !allowed(word));
            let words: Vec<&str> = words.collect();
            let lines = source.test_code().into_iter();
            let found = lines.filter_map(|(number, line)| {
                let word = words.iter().find(|word| calls(&line, word))?;
                Some(format!("line {number} has `{word}`"))
            });
            found.collect()
        },
    );
}

/// Whether a line of code calls this function, and not one whose name only ends so.
fn calls(line: &str, function: &str) -> bool {
    let part_of_a_name = |before: &str| {
        let last = before.chars().next_back();
        last.is_some_and(|last| last.is_alphanumeric() || last == '_')
    };
    let mut places = line.match_indices(function);
    places.any(|(place, _)| !part_of_a_name(&line[..place]))
}

#[test]
fn an_ignored_test_says_what_it_needs() {
    check(
        "write `#[cfg_attr(not(require_all), ignore = \"needs …\")]`, or `\"takes minutes\"`",
        |source| {
            let ignored = source.text.lines().filter(|line| {
                let attribute = line.trim_start();
                attribute.starts_with("#[") && attribute.contains("ignore")
            });
            let wrong = ignored.filter(|line| {
                let rest = line
                    .trim()
                    .strip_prefix("#[cfg_attr(not(require_all), ignore = \"");
                !rest.is_some_and(|rest| rest.starts_with("needs ") || rest == "takes minutes\")]")
            });
            wrong.map(str::to_owned).collect()
        },
    );
}

#[test]
fn the_run_ends_with_what_did_not_run() {
    let entries = fs::read_dir(top().join("tests/tests")).expect("the suites are read");
    let suites = entries.map(|entry| entry.expect("an entry is read").path());
    let last = suites.max_by_key(|path| path.file_stem().map(ToOwned::to_owned));
    let last = last.expect("there are suites");
    assert!(last.ends_with("unrun.rs"), "{last:?} runs after it");
    for package in ["api", "core", "entity", "migration", "tests"] {
        let manifest = fs::read_to_string(top().join(package).join("Cargo.toml"));
        let manifest = manifest.expect("each package has a manifest");
        let name = format!("name = \"credits-{package}\"");
        assert!(
            manifest.contains(&name),
            "{package} comes before credits-tests"
        );
        assert!(
            manifest.contains("doctest = false"),
            "{package} has doc tests, which run last"
        );
    }
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
    for (line, found) in [
        ("time::sleep(now)", true),
        ("sleep(now)", true),
        ("pg_sleep(4)", false),
    ] {
        assert_eq!(calls(line, "sleep("), found, "{line}");
    }
}
