//! What a suite needs beyond Rust.
//!
//! A test that needs more is ignored unless `CREDITS_REQUIRE=all` (see `build.rs`); where it runs, what it
//! needs must be there.

/// Panics if what the test needs is not installed.
pub fn require(needs: &str, present: bool) {
    assert!(present, "this test needs {needs}: see tests/README.md");
}
