//! The simulation: random calls against a ledger whose database fails, judged by an independent model.
//!
//! Each seed is a small world: a few accounts, one or two nodes over one store in memory, concurrent
//! callers, clocks that jump and are wrong, and faults at every step of a commit. All of it runs on one thread, so
//! that a seed sees the same order each time. `CREDITS_SIMULATION_SEEDS` is how many seeds run,
//! `CREDITS_SIMULATION_FIRST` the first of them.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test: an unwrap that fails is a finding"
)]

mod advice;
mod care;
mod chance;
mod check;
mod disk;
mod log;
mod purse;
mod races;
mod terms;
mod time;
mod traffic;
mod usage;
mod world;

/// So many seeds run in about a minute and still meet every kind of fault many times.
const SEEDS: u64 = 250;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.parse().expect("the variable is a whole number")
    })
}

/// Runs a future to its end in an actix system of its own.
fn in_system<T>(future: impl Future<Output = T>) -> T {
    actix_rt::System::new().block_on(future)
}

#[test]
fn random_calls_under_faults_keep_every_promise() {
    let first = number("CREDITS_SIMULATION_FIRST", 1);
    let seeds = first..first + number("CREDITS_SIMULATION_SEEDS", SEEDS);
    let mut seen = log::Seen::default();
    for seed in seeds {
        let log = in_system(world::run(seed));
        assert!(
            log.problems.is_empty(),
            "seed {seed}: {:#?}\nrun it again: CREDITS_SIMULATION_FIRST={seed} \
             CREDITS_SIMULATION_SEEDS=1 cargo test -p credits-tests --test simulation",
            log.problems
        );
        seen.count(&log);
    }
    if number("CREDITS_SIMULATION_SEEDS", SEEDS) >= SEEDS {
        seen.assert_all_happened();
    }
}
