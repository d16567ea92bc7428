//! The program. It does nothing but to hand its arguments on and to say why it ended.

use std::process::ExitCode;

fn main() -> ExitCode {
    credits_api::cli::run()
}
