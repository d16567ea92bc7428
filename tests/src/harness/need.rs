//! What a suite needs beyond Rust.
//!
//! A test that needs more is ignored unless `CREDITS_REQUIRE=all` (see `build.rs`); where it runs, what it
//! needs must be there.

/// Panics if what the test needs is not installed.
pub fn require(needs: &str, present: bool) {
    assert!(present, "this test needs {needs}: see tests/README.md");
}

/// Set to `all` where everything must be there, as in continuous integration.
const REQUIRE: &str = "CREDITS_REQUIRE";

/// Whether a suite can run. If what it needs is not there, one line says so and the suite is to
/// return; where everything is required, that is a failure.
pub fn present_or_skip(needs: &str, present: bool) -> bool {
    if present {
        return true;
    }
    let required = std::env::var(REQUIRE).is_ok_and(|value| value == "all");
    assert!(!required, "not run: needs {needs}, and {REQUIRE}=all");
    report(&format!("not run: needs {needs}"));
    false
}

#[expect(
    clippy::print_stderr,
    reason = "a test has no other way to say that it did not run"
)]
fn report(line: &str) {
    eprintln!("{line}");
}
