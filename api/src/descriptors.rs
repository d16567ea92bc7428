//! How many files and connections the process may have open.
//!
//! Owns the raising of the limit that a shell or a supervisor gives by default: 1,024 on most systems,
//! from times when programs kept descriptors in a bit set. It never goes beyond what the operator
//! allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard one. Where that can't be done the service takes fewer
/// connections, and says so.
pub fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(
            error.text = %error,
            limit = current,
            "the limit of open files could not be raised"
        );
    }
}
