//! What work costs: the CPU time of a process and of those it started.
//!
//! Owns the reading of `/proc`. A sample is what was used between two readings.

use std::{collections::HashMap, fs, time::Duration};

/// In how many parts of a second Linux tells CPU times, on every machine that it tells them on.
const TICKS_A_SECOND: u64 = 100;
/// Where the fields stand in `/proc/PID/stat`, counted from the one behind the program's name.
const PARENT: usize = 1;
const TIMES: std::ops::Range<usize> = 11..15;

/// The CPU time that a process, all that it started and all that these started have used so far: their
/// own, and that of those which have ended. Zero where the system does not tell.
pub fn cpu_time(root: u32) -> Duration {
    let processes = processes();
    let is_of = |mut process: u32| {
        // A process is younger than its parent: there are no circles.
        loop {
            if process == root {
                return true;
            }
            match processes.get(&process) {
                Some(one) if one.parent != 0 => process = one.parent,
                Some(_) | None => return false,
            }
        }
    };
    let of_root = processes.iter().filter(|(process, _)| is_of(**process));
    let ticks: u64 = of_root.map(|(_, one)| one.ticks).sum();
    Duration::from_millis(ticks * 1_000 / TICKS_A_SECOND)
}

struct Process {
    parent: u32,
    ticks: u64,
}

fn processes() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let process = |entry: fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        // One that has ended since has no file any more.
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        Some((id, read(&stat)?))
    };
    entries.filter_map(process).collect()
}

fn read(stat: &str) -> Option<Process> {
    // The name may hold spaces and brackets.
    let (_, behind) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let times = fields.get(TIMES)?.iter();
    let times: Option<Vec<u64>> = times.map(|time| time.parse().ok()).collect();
    Some(Process {
        parent: fields.get(PARENT)?.parse().ok()?,
        ticks: times?.into_iter().sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_program_is_called() {
        let line = "7 (a ) b) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7";
        let process = read(line).expect("it is a line");
        assert_eq!((process.parent, process.ticks), (3, 100));
        assert!(read("7 (short) S 3").is_none());
    }

    #[test]
    fn what_this_process_uses_is_told() {
        let me = std::process::id();
        let before = cpu_time(me);
        let mut sum = 0_u64;
        while cpu_time(me) == before {
            sum = (0..1_000_000).fold(sum, |sum, number| std::hint::black_box(sum ^ number));
        }
        assert!(cpu_time(me) > before);
    }
}
