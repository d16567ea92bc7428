//! The time limits of the services in the drills.
//!
//! Owns the limits that a child process of a test does not have long already (`harness::child`): what a service
//! does is then decided by the drill, and not by what else the machine does. A drill of one limit sets that one.

/// Each with an hour, which is as long as a limit may be.
const LIMITS: [(&str, &str); 2] = [
    ("--http-ping-interval-ms", "3600000"),
    ("--http-send-timeout-ms", "3600000"),
];

/// The arguments that make these limits long, except the ones in `set`.
pub fn long_but(set: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    let is_set = |name| set.iter().any(|(other, _)| *other == name);
    let long = LIMITS.iter().filter(|(name, _)| !is_set(*name));
    long.chain(set)
        .flat_map(|(name, value)| [*name, *value])
        .collect()
}
