//! The time limits of the services in the drills.
//!
//! Owns limits so long that no machine is slow enough to reach them: what a service does is then decided
//! by the drill, and not by what else the machine does. A drill of one limit sets that one.

/// An hour, which is as long as a limit may be.
const LONG_MS: &str = "3600000";
/// The writer's own must be less than that of a request.
const LESS_MS: &str = "3599000";

/// Each limit, but how long a node says that it is leaving.
const LIMITS: [(&str, &str); 12] = [
    ("--http-request-deadline-ms", LONG_MS),
    ("--http-head-timeout-ms", LONG_MS),
    ("--http-keep-alive-ms", LONG_MS),
    ("--http-init-timeout-ms", LONG_MS),
    ("--http-ping-interval-ms", LONG_MS),
    ("--http-send-timeout-ms", LONG_MS),
    ("--writer-deadline-ms", LESS_MS),
    ("--writer-shutdown-timeout-ms", LONG_MS),
    ("--database-busy-timeout-ms", LONG_MS),
    ("--database-statement-timeout-ms", LONG_MS),
    ("--database-lock-timeout-ms", LONG_MS),
    ("--database-call-timeout-ms", LONG_MS),
];

/// The arguments that make all limits long, but for these, which are set so.
pub fn long_but(set: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    let is_set = |name| set.iter().any(|(other, _)| *other == name);
    let long = LIMITS.iter().filter(|(name, _)| !is_set(*name));
    long.chain(set)
        .flat_map(|(name, value)| [*name, *value])
        .collect()
}
