//! The last line of `cargo test --workspace`: which tests did not run, and how to run them.
//!
//! Cargo runs this package last and its suites in the order of their names, so this program ends the run.
//! It has no test of its own; `tidy` checks that it stays last.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What stands before the reason of a test that is ignored.
const IGNORED: &str = "#[cfg_attr(not(require_all), ignore = \"";

#[expect(
    clippy::print_stdout,
    reason = "the line is all that this program is for"
)]
fn main() {
    // A caller that lists or selects tests knows what it left out.
    if cfg!(require_all) || std::env::args().len() > 1 {
        return;
    }
    let mut needs = BTreeSet::new();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let workspace = workspace.expect("this package is in the workspace");
    for package in ["api", "core", "tests"] {
        collect(&workspace.join(package).join("src"), &mut needs);
    }
    collect(&workspace.join("tests/tests"), &mut needs);
    let needs: Vec<String> = needs.into_iter().collect();
    let (last, others) = needs.split_last().expect("some tests need more than Rust");
    println!(
        "\nNot run: the tests that need {} or {last}. \
         To run them: CREDITS_REQUIRE=all cargo test --workspace (tests/README.md)",
        others.join(", ")
    );
}

/// Adds what the ignored tests in the sources below this folder need.
fn collect(folder: &Path, needs: &mut BTreeSet<String>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).collect::<Vec<PathBuf>>() {
        if path.is_dir() {
            collect(&path, needs);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap_or_default();
            let reasons = source
                .lines()
                .filter_map(|line| line.trim().strip_prefix(IGNORED));
            let reasons = reasons.filter_map(|rest| rest.split_once('"'));
            needs.extend(reasons.flat_map(|(reason, _)| parts(reason)));
        }
    }
}

/// The parts of a reason such as `needs PostgreSQL and HAProxy` or `takes minutes`.
fn parts(reason: &str) -> Vec<String> {
    let reason = reason
        .trim_start_matches("needs ")
        .trim_start_matches("takes ");
    reason.split(" and ").map(str::to_owned).collect()
}
