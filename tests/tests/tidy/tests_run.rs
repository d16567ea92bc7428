//! Rules of the tests themselves: no wall time, no silent skip, and a last line that says what did not run.

use std::fs;

use crate::source::{check, is_in, top};

/// What a test would measure or wait for time with.
const TIME: [&str; 5] = [
    "elapsed(",
    "Instant::now(",
    "timeout(",
    "timeout_at(",
    "sleep(",
];
/// Where tests pause, and why. Nothing is asserted on how long anything takes.
const PAUSES: [(&str, &str); 8] = [
    ("tests/src/harness/wait.rs", "the pause between two looks"),
    ("tests/src/proxy.rs", "a slow network"),
    ("tests/tests/drill/crowd.rs", "the pace of a client"),
    (
        "tests/tests/drill/follower.rs",
        "the pause before a client reconnects",
    ),
    (
        "tests/tests/drill/main.rs",
        "how long a round of load lasts",
    ),
    (
        "tests/tests/drill/nodes.rs",
        "how long a round of load lasts",
    ),
    ("tests/tests/drill/streams.rs", "the pace of a client"),
    ("tests/tests/drill/troubles.rs", "how long a fault lasts"),
];

#[test]
fn no_test_depends_on_wall_time() {
    check(
        "wait for a condition with `harness::until`; what is about time is a row of the benchmark",
        |source| {
            let benchmark = ["tests/src/load/", "tests/src/bin/", "tests/tests/tidy/"];
            // Where Tokio's time is paused, none of it is wall time.
            let paused =
                source.text.contains("start_paused") || is_in(source, "tests/tests/simulation/");
            if paused || benchmark.iter().any(|part| is_in(source, part)) {
                return Vec::new();
            }
            let pauses = PAUSES.iter().any(|(path, _)| source.path == *path);
            // An hour is as good as none.
            let allowed = |line: &str, word: &str| {
                pauses && word == "sleep(" || line.contains("timeout(HOUR)")
            };
            let lines = source.test_code().into_iter();
            let found = lines.filter_map(|(number, line)| {
                let word = TIME
                    .iter()
                    .find(|word| calls(&line, word) && !allowed(&line, word))?;
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
fn a_call_is_found_by_its_whole_name() {
    let table = [
        ("time::sleep(now)", true),
        ("sleep(now)", true),
        ("pg_sleep(4)", false),
    ];
    for (line, found) in table {
        assert_eq!(calls(line, "sleep("), found, "{line}");
    }
}
