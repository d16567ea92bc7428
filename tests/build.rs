//! Sets `cfg(require_all)` where `CREDITS_REQUIRE=all`: there, tests that need more than Rust run; elsewhere
//! they are reported as ignored.

fn main() {
    println!("cargo::rerun-if-env-changed=CREDITS_REQUIRE");
    println!("cargo::rustc-check-cfg=cfg(require_all)");
    if std::env::var("CREDITS_REQUIRE").is_ok_and(|value| value == "all") {
        println!("cargo::rustc-cfg=require_all");
    }
}
