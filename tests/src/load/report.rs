//! What is printed: rates and times, medians and ratios, and on what machine.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    num::NonZero,
    thread,
    time::Instant,
};

use super::measure::Sample;

/// The samples of one case, in the order they were taken.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// What was measured, and how.
    pub name: String,
    /// The rate of each sample.
    pub rates: Vec<f64>,
    /// The 50th, 99th and 99.9th percentile of each sample, in milliseconds.
    pub percentiles_ms: [Vec<f64>; 3],
}

impl Case {
    /// A case without samples.
    pub fn new(name: &str) -> Case {
        Case {
            name: name.to_owned(),
            ..Case::default()
        }
    }

    /// Adds a sample.
    pub fn add(&mut self, sample: &Sample) {
        self.rates.push(sample.rate);
        for (part, of) in [0.5, 0.99, 0.999].into_iter().zip(&mut self.percentiles_ms) {
            of.push(sample.percentile_ms(part));
        }
    }

    /// The median rate, in charges a second.
    pub fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// The median of the 99th percentiles, in milliseconds.
    pub fn p99_ms(&self) -> f64 {
        median(&self.percentiles_ms[1])
    }
}

/// The cases as a table of medians.
pub fn table(cases: &[&Case]) -> String {
    let mut text = format!(
        "{:<24} {:>10} {:>9} {:>9} {:>9}   of samples\n",
        "", "charges/s", "p50 ms", "p99 ms", "p99.9 ms"
    );
    for case in cases {
        let [p50, p99, p999] = case.percentiles_ms.each_ref().map(|times| median(times));
        let rates: Vec<String> = case.rates.iter().map(|rate| format!("{rate:.0}")).collect();
        // Writing to a String can't fail.
        let _ok = writeln!(
            text,
            "{:<24} {:>10.0} {p50:>9.2} {p99:>9.2} {p999:>9.2}   {}",
            case.name,
            case.rate(),
            rates.join(" ")
        );
    }
    text
}

/// How often the disk is tried.
const SYNCS: usize = 50;
/// About what a group of 64 charges writes.
const SYNCED_BYTES: usize = 128 * 1024;

/// What ran beside it, and on what: a commit takes no less time than a sync of the disk.
pub fn machine() -> io::Result<String> {
    let sync_ms = sync_ms()?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".to_owned());
    let build = if cfg!(debug_assertions) {
        "a DEBUG build, whose numbers mean nothing"
    } else {
        "a release build"
    };
    Ok(format!(
        "{cores} cores, load average {}, a sync takes {sync_ms:.1} ms, {build}",
        load.trim()
    ))
}

/// The median time of a sync, in milliseconds.
fn sync_ms() -> io::Result<f64> {
    let mut file = tempfile::tempfile()?;
    let mut took_ms = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[0; SYNCED_BYTES])?;
        let began = Instant::now();
        file.sync_data()?;
        took_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(median(&took_ms))
}

/// The middle of the values; of an even number, the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}
