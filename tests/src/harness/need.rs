//! What a suite needs beyond Rust.
//!
//! Owns how its absence is told: never as a pass.

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
