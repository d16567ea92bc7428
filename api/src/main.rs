//! The program. It does nothing but to hand its arguments on and to say why it ended.

use std::process::ExitCode;

/// Charges allocate on one thread and free on another, which the system allocator does under locks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    credits_api::cli::run()
}
