//! The README's policy table: it has every line of the users' policy in its order, and each test that
//! it names is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What users were promised, word for word.
const POLICY: &str = include_str!("../../core/src/domain/tests/credits-and-usage.txt");
/// What stands between two lines in a cell.
const BETWEEN: &str = " · ";

fn top() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = package.parent();
    top.expect("a package stands in the workspace").to_owned()
}

/// The rows of the tables under the heading, without the tables' own headings.
fn rows() -> Vec<Vec<String>> {
    let readme = fs::read_to_string(top().join("README.md")).expect("there is a README");
    let section = readme.split("\n## The policies, as behaviour\n").nth(1);
    let section = section.expect("it has a policy table");
    let section = section.split("\n## ").next().expect("a first part");
    let cells = |line: &str| -> Vec<String> {
        let inside = line.trim_matches('|').split(" | ");
        inside.map(|cell| cell.trim().to_owned()).collect()
    };
    let lines: Vec<&str> = section.lines().collect();
    let rows = lines.iter().enumerate().filter(|(place, line)| {
        let heads = lines
            .get(place + 1)
            .is_some_and(|next| next.starts_with("|---"));
        line.starts_with("| ") && !heads
    });
    rows.map(|(_, line)| cells(line)).collect()
}

/// The file in which a test that is named so stands, and the name of its function.
fn place(named: &str) -> (PathBuf, &str) {
    let (file, function) = named
        .rsplit_once("::")
        .unwrap_or_else(|| panic!("`{named}` names no file"));
    let path = if file.ends_with(".rs") {
        file.to_owned()
    } else if file.starts_with("e2e/") {
        format!("tests/tests/{file}.rs")
    } else {
        format!("core/src/domain/tests/{file}.rs")
    };
    (top().join(path), function)
}

#[test]
fn every_line_of_the_policy_is_in_the_table_in_its_order() {
    let rows = rows();
    let cells = rows.iter().flat_map(|row| row[0].split(BETWEEN));
    let policy: Vec<&str> = POLICY.lines().collect();
    let told: Vec<&str> = cells.take(policy.len()).collect();
    assert_eq!(told, policy);
}

#[test]
fn every_row_names_tests_and_each_is_there() {
    for row in rows() {
        let [case, does, tests] = row.as_slice() else {
            panic!("three cells in {row:?}");
        };
        assert!(!does.is_empty(), "{case}: what does the service do?");
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{case}: which test names it?");
        for named in names {
            let (path, function) = place(named);
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{case}: {}: {error}", path.display()));
            let signature = format!("fn {function}(");
            let mut before = text.split(&signature);
            let above = before.next().expect("there is always a first part");
            assert!(
                before.next().is_some(),
                "{case}: {named} is not in {}",
                path.display()
            );
            let marked = above
                .rsplit('\n')
                .take(3)
                .any(|line| line.contains("test]"));
            assert!(marked, "{case}: {named} is no test");
        }
    }
}
