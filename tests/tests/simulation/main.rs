//! The simulation: random calls against a ledger whose database fails, judged by an independent model.
//!
//! Each seed is a small world: a few accounts, one or two nodes over one store in memory, concurrent
//! callers, clocks that jump and are wrong, and faults at every step of a commit.
//! `CREDITS_SIMULATION_SEEDS` is how many seeds run, `CREDITS_SIMULATION_FIRST` the first of them.
//!
//! **A seed repeats**: two runs of it have the same log, on any machine and under any load, because
//!
//! - a world runs on one thread, and no other thread wakes it;
//! - time is virtual: tokio's clock stands still while a task can run, then moves to the next timer, and
//!   the time of the domain is moved by the world (`time`);
//! - all chance is of the seed (`chance`). Nothing depends on the machine's clock or its randomness:
//!   neither on the order of a hash map, nor on the branch that `select!` tries first, nor on the order
//!   in which a `tokio::sync::watch` wakes those who wait.
//!
//! Whoever waits sleeps: a task that polls by `yield_now` alone would keep virtual time from moving.

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

use std::{
    collections::BTreeMap,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use self::log::{Log, first_difference};

/// So many seeds run in about half a minute and still meet every kind of fault many times.
const SEEDS: u64 = 250;
/// So many of them run twice more, to see whether they repeat.
const SEEDS_REPEATED: u64 = 24;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.parse().expect("the variable is a whole number")
    })
}

fn seeds(default: u64) -> Range<u64> {
    let first = number("CREDITS_SIMULATION_FIRST", 1);
    first..first + number("CREDITS_SIMULATION_SEEDS", default)
}

/// Runs a future to its end in an actix system of its own: on this thread, in virtual time.
fn in_system<T>(future: impl Future<Output = T>) -> T {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    actix_rt::System::with_tokio_rt(runtime).block_on(future)
}

/// Runs the world of a seed.
fn run(seed: u64) -> Log {
    // The message of the panic itself is printed where it happens.
    let log = catch_unwind(AssertUnwindSafe(|| in_system(world::run(seed))));
    log.unwrap_or_else(|_| panic!("seed {seed} panicked\n{}", again(seed)))
}

/// How to run one seed again, which does the same as before.
fn again(seed: u64) -> String {
    format!(
        "run it again: CREDITS_SIMULATION_FIRST={seed} CREDITS_SIMULATION_SEEDS=1 \
         cargo test -p credits-tests --test simulation"
    )
}

/// Prints a digest of all logs: two processes that ran the same seeds print the same one.
#[expect(clippy::print_stdout, reason = "runs are compared by what they print")]
#[test]
fn random_calls_under_faults_keep_every_promise() {
    let mut seen = log::Seen::default();
    let mut digest = blake3::Hasher::new();
    for seed in seeds(SEEDS) {
        let log = run(seed);
        assert!(
            log.problems.is_empty(),
            "seed {seed}: {:#?}\n{}",
            log.problems,
            again(seed)
        );
        seen.count(&log);
        for line in log.lines() {
            digest.update(line.as_bytes());
        }
    }
    println!("seeds {:?}: {}", seeds(SEEDS), digest.finalize());
    println!("{:?}", seen.rarest_first());
    if number("CREDITS_SIMULATION_SEEDS", SEEDS) >= SEEDS {
        seen.assert_all_happened();
    }
}

#[test]
fn a_seed_repeats() {
    // The other runs take place at the same time and in the other order: neither load nor what a run
    // leaves behind in the process may change a log.
    let others = std::thread::spawn(|| lines_of(seeds(SEEDS_REPEATED).rev()));
    let (ones, others) = (lines_of(seeds(SEEDS_REPEATED)), others.join().unwrap());
    for (seed, one) in &ones {
        if let Some((one, other)) = first_difference(one, &others[seed]) {
            panic!(
                "seed {seed} does not repeat; first it was\n{one}\nthen\n{other}\n{}",
                again(*seed)
            );
        }
    }
}

/// The log of each seed, line by line.
fn lines_of(seeds: impl Iterator<Item = u64>) -> BTreeMap<u64, Vec<String>> {
    seeds.map(|seed| (seed, run(seed).lines())).collect()
}
