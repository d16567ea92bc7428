//! When credits renew, compared with a calendar that nobody here wrote.
//!
//! Owns the comparison with `tests/oracle/schedules.txt`, in which dateutil has written the starts of
//! the periods of 219,146 anchors; how the file reads is said in `tests/oracle/schedules.py`, which
//! makes it. Where there is dateutil the file is made again, and must be the same, byte for byte.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test: an unwrap that fails is a finding"
)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use chrono::TimeDelta;
use credits_core::domain::{
    account::Account,
    catalog::{BillingInterval, Catalog, Catalogs, PublishedCatalog},
    command::{Command as Told, Request},
    decide::Known,
    event::{Event, Fact},
    ids::{AccountId, CatalogVersion, OperationId, PlanId},
    time::{Instant, period_at, period_start},
};
use credits_tests::harness::{CATALOG, require};

/// A microsecond, and a day of them, as the script has it.
const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);
const DAY: i64 = 86_400_000_000;
const TIME_STRIDE: i64 = 41_000_000_009;
/// What the fixture must hold at least.
const SCHEDULES_MIN: usize = 200_000;
/// Of how many periods each has the start at least.
const PERIODS_MIN: usize = 13;
/// Of so many schedules one is lived through by an account: a prime, so that all days, months and
/// times of day have their turn.
const ACCOUNTS_PART: usize = 61;
/// Debian's package belongs to Debian's own Python, which need not be the first that is found.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle")
}

/// What dateutil says.
struct Oracle {
    periods: Vec<u32>,
    /// How many days apart the starts are.
    days: Vec<Vec<i64>>,
    /// Which of the lines of days each schedule has.
    schedules: Vec<usize>,
}

/// An anchor, and the starts of some of its periods by their numbers.
struct Schedule {
    anchor: Instant,
    starts: Vec<(u32, Instant)>,
}

impl Oracle {
    fn read() -> Oracle {
        let text = std::fs::read_to_string(folder().join("schedules.txt")).unwrap();
        let mut oracle = Oracle {
            periods: Vec::new(),
            days: Vec::new(),
            schedules: Vec::new(),
        };
        for line in text.lines() {
            let (kind, numbers) = line.split_once(' ').unwrap();
            let numbers = numbers
                .split(' ')
                .map(|number| number.parse::<i64>().unwrap());
            let numbers: Vec<i64> = numbers.collect();
            match kind {
                "periods" => {
                    let periods = numbers.iter().map(|number| u32::try_from(*number).unwrap());
                    oracle.periods = periods.collect();
                }
                "days" => oracle.days.push(numbers),
                "schedules" => {
                    let (days, count) = (numbers[0] as usize, numbers[1] as usize);
                    oracle.schedules.extend(std::iter::repeat_n(days, count));
                }
                other => panic!("`{other}` is no record"),
            }
        }
        assert!(oracle.schedules.len() >= SCHEDULES_MIN);
        assert!(oracle.periods.len() >= PERIODS_MIN);
        // Otherwise some starts would be compared with nothing.
        for days in &oracle.days {
            assert_eq!(days.len(), oracle.periods.len());
        }
        oracle
    }

    fn schedules(&self) -> impl Iterator<Item = Schedule> {
        (0..).zip(&self.schedules).map(|(number, days)| {
            let anchor = anchor(number);
            let mut start = anchor.micros();
            let starts = self.days[*days].iter().map(|days| {
                start += days * DAY;
                Instant::from_micros(start).unwrap()
            });
            Schedule {
                anchor,
                starts: self.periods.iter().copied().zip(starts).collect(),
            }
        })
    }
}

/// The anchor of schedule `number`.
fn anchor(number: i64) -> Instant {
    let time = match number {
        midnight if midnight % 3 == 0 => 0,
        last if last % 5 == 0 => DAY - 1,
        other => other * TIME_STRIDE % DAY,
    };
    Instant::from_micros(number * DAY + time).unwrap()
}

#[test]
fn every_period_starts_when_dateutil_says() {
    for Schedule { anchor, starts } in Oracle::read().schedules() {
        for (period, start) in starts {
            let told = period_start(anchor, period);
            assert_eq!(told, start, "period {period} of {anchor}");
        }
    }
}

#[test]
fn every_period_holds_from_its_start_to_the_microsecond_before_the_next() {
    for Schedule { anchor, starts } in Oracle::read().schedules() {
        // The first year of each; and the last of a century, which is the furthest away.
        for (period, start) in starts.iter().take(13).chain(starts.last()) {
            let before = start.saturating_sub(MICROSECOND);
            assert_eq!(period_at(anchor, *start), *period, "{start} of {anchor}");
            assert_eq!(
                period_at(anchor, before),
                period - 1,
                "{before} of {anchor}"
            );
        }
    }
}

#[test]
fn an_account_that_nobody_touches_renews_when_dateutil_says() {
    let catalogs = catalogs();
    let oracle = Oracle::read();
    let lived = oracle.schedules().step_by(ACCOUNTS_PART);
    for (number, Schedule { anchor, starts }) in lived.enumerate() {
        let interval = match number % 2 {
            0 => BillingInterval::Monthly,
            _ => BillingInterval::Yearly,
        };
        let mut account = opened(&catalogs, anchor, interval);
        // The periods that are given one after the other, found at the last one's very start.
        let in_a_row = (1..)
            .zip(&starts)
            .take_while(|(one, (period, _))| one == period);
        let starts: Vec<Instant> = in_a_row.map(|(_, (_, start))| *start).collect();
        let last = *starts.last().unwrap();
        let just_before = account
            .due(&catalogs, last.saturating_sub(MICROSECOND))
            .events;
        let due = account.due(&catalogs, last);
        assert!(!due.more);
        assert_eq!(renewals(&due.events), starts, "{interval:?} from {anchor}");
        assert_eq!(
            renewals(&just_before),
            starts[..starts.len() - 1],
            "{anchor}"
        );
        due.events.iter().for_each(|event| account.apply(event));
        assert_eq!(account.available().get(), 500, "{anchor}");
    }
}

#[test]
#[cfg_attr(not(require_all), ignore = "needs Python 3 with dateutil")]
fn dateutil_writes_the_same_again() {
    let python = PYTHONS.into_iter().find(|python| has_dateutil(python));
    require("Python 3 with dateutil", python.is_some());
    let mut script = Command::new(python.unwrap());
    let script = script.arg("schedules.py").current_dir(folder());
    let output = script.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let kept = std::fs::read(folder().join("schedules.txt")).unwrap();
    assert!(
        output.stdout == kept,
        "tests/oracle/schedules.txt is what the script writes"
    );
}

fn has_dateutil(python: &str) -> bool {
    let mut look = Command::new(python);
    look.args(["-c", "import dateutil.relativedelta"]);
    let found = look.stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// The instants of the grants that time made.
fn renewals(events: &[Event]) -> Vec<Instant> {
    let grants = events
        .iter()
        .filter(|event| matches!(event.fact, Fact::PeriodGrant { .. }));
    grants.map(|event| event.at).collect()
}

/// The catalog of the tests, from the beginning of time.
fn catalogs() -> Catalogs {
    let parsed = Catalog::parse(CATALOG, "story.toml").unwrap();
    let version = CatalogVersion(1);
    let published =
        PublishedCatalog::new(version, Instant::default(), CATALOG.into(), parsed.catalog);
    Catalogs::default().with(published).unwrap()
}

/// An account that began a plan when it was opened.
fn opened(catalogs: &Catalogs, at: Instant, interval: BillingInterval) -> Account {
    let mut account = Account::unopened(AccountId::parse("ada").unwrap());
    let plan = Request::StartSubscription {
        plan: PlanId::parse("maker").unwrap(),
        interval,
        anchor: None,
    };
    for (number, request) in (1..).zip([Request::OpenAccount, plan]) {
        let content = request.content();
        let command = Told {
            operation_id: OperationId(uuid::Uuid::from_u128(number)),
            request,
        };
        let decided = account.decide(catalogs, &command, content, &Known::default(), at);
        account.apply(&decided.unwrap().unwrap());
    }
    account
}
