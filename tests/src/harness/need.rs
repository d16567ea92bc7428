//! What a suite needs beyond Rust.
//!
//! A test that needs more is ignored unless `CREDITS_REQUIRE=all` (see `build.rs`); where it runs, what it
//! needs must be there.

/// Panics if what the test needs is not installed.
pub fn require(needs: &str, present: bool) {
    assert!(present, "this test needs {needs}: see tests/README.md");
}

#[allow(dead_code, reason = "removed with the drills")]
/// Whether a suite can run; says so where it can't.
#[expect(
    clippy::print_stderr,
    reason = "a test has no other way to say that it did not run"
)]
pub fn present_or_skip(needs: &str, present: bool) -> bool {
    if !present {
        eprintln!("not run: needs {needs}");
    }
    present
}
