//! Charges by what they were for: every page together has each of them once, in whatever direction and
//! however little a page looks at.

use super::{OPENED, Stage, ann};
use crate::{
    clock::Clock,
    domain::{
        command::Request,
        day::Day,
        ids::{ProjectId, Sequence},
        time::Instant,
        usage::UsageSums,
    },
    ledger::{ChargeFilter, PeriodError, UsageError},
    store::{
        SequenceWindow, UsageDimension,
        tests::{at, charge},
    },
};

fn project(name: &str) -> ProjectId {
    ProjectId::parse(name).unwrap()
}

fn charge_of(name: &str) -> Request {
    let Request::Charge {
        mut generation,
        guard,
    } = charge()
    else {
        unreachable!("a charge is one");
    };
    generation.project = Some(project(name));
    Request::Charge { generation, guard }
}

/// Ninety days with a few charges each: one in thirty is of the project `rare`.
async fn long_history() -> Stage {
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::set(clock.clone()).await;
    for day in 0..90_u32 {
        let now = at(OPENED).saturating_add(chrono::TimeDelta::hours(24 * i64::from(day)));
        clock.set(now);
        let name = if day % 30 == 7 { "rare" } else { "often" };
        stage.does(100 + u128::from(day), charge_of(name)).await;
    }
    stage
}

/// Every position that the pages have together, and how many pages there were.
async fn pages(
    stage: &Stage,
    filter: &ChargeFilter,
    newest_first: bool,
    examined_max: i64,
) -> (Vec<Sequence>, usize) {
    let mut found = Vec::new();
    let mut edge = None;
    for page in 1..1_000 {
        let window = SequenceWindow {
            above: edge.filter(|_| !newest_first),
            below: edge.filter(|_| newest_first),
            newest_first,
            limit: 2,
        };
        let ledger = &stage.ledger;
        let read = ledger
            .charges_within(&ann(), filter, &window, examined_max)
            .await;
        let read = read.unwrap();
        found.extend(read.operations.iter().map(|one| one.sequence));
        edge = match read.looked_until {
            Some(edge) => Some(edge),
            None if read.operations.len() < 2 => return (found, page),
            None => found.last().copied(),
        };
    }
    panic!("it ends");
}

#[actix::test]
async fn pages_have_every_charge_once_however_little_they_look_at() {
    let stage = long_history().await;
    let all = stage.operations().await;
    let from = at("2026-02-10T00:00:00Z");
    let to = at("2026-04-07T10:00:00Z");
    let of = |filter: &ChargeFilter| -> Vec<Sequence> {
        let wanted = all.iter().filter(|one| {
            let spend = one.event.fact.spend();
            spend.is_some_and(|spend| filter.project.is_none() || spend.project == filter.project)
                && filter.from.is_none_or(|from| one.event.at >= from)
                && filter.to.is_none_or(|to| one.event.at < to)
        });
        wanted.map(|one| one.sequence).collect()
    };
    for name in [None, Some("rare"), Some("often"), Some("none")] {
        for (from, to) in [
            (None, None),
            (Some(from), None),
            (None, Some(to)),
            (Some(from), Some(to)),
            (Some(to), Some(from)),
            (None, Some(Instant::default())),
        ] {
            let filter = ChargeFilter {
                project: name.map(project),
                from,
                to,
                ..ChargeFilter::default()
            };
            let mut expected = of(&filter);
            for examined_max in [1, 3, 10_000] {
                let (found, _) = pages(&stage, &filter, false, examined_max).await;
                assert_eq!(found, expected, "{filter:?}, {examined_max}");
            }
            expected.reverse();
            for examined_max in [1, 3, 10_000] {
                let (found, _) = pages(&stage, &filter, true, examined_max).await;
                assert_eq!(found, expected, "{filter:?}, {examined_max}");
            }
        }
    }
}

#[actix::test]
async fn days_without_such_charges_are_not_looked_at() {
    let stage = long_history().await;
    let filter = |name| ChargeFilter {
        project: Some(project(name)),
        ..ChargeFilter::default()
    };
    // Three charges in ninety days: a page or two for each, though one looks at four operations.
    let (found, pages_read) = pages(&stage, &filter("rare"), true, 4).await;
    assert_eq!(found.len(), 3);
    assert!(pages_read <= 7, "{pages_read} pages");
    let (found, pages_read) = pages(&stage, &filter("none"), true, 4).await;
    assert_eq!((found.len(), pages_read), (0, 1));
}

#[actix::test]
async fn any_number_may_come_as_a_cursor() {
    let stage = long_history().await;
    for edge in [i64::MIN, -1, 0, 1, 1 << 53, i64::MAX] {
        for newest_first in [true, false] {
            let window = SequenceWindow {
                above: Some(Sequence(edge)),
                below: Some(Sequence(edge)),
                newest_first,
                limit: 2,
            };
            let filter = ChargeFilter {
                project: Some(project("often")),
                ..ChargeFilter::default()
            };
            let read = stage.ledger.charges(&ann(), &filter, &window).await;
            assert_eq!(read.unwrap().operations, [], "{edge}");
        }
    }
}

#[actix::test]
async fn a_report_sums_to_its_totals_and_is_bounded() {
    let stage = long_history().await;
    let day = |text: &str| Day::parse(text).unwrap();
    let (from, to) = (day("2026-02-01"), day("2026-02-10"));
    let by = [UsageDimension::Project];
    let report = stage.ledger.usage(&ann(), from, to, &by).await.unwrap();
    let mut sum = UsageSums::default();
    report.rows.iter().for_each(|row| sum.add(&row.sums));
    assert_eq!((report.rows.len(), report.totals), (2, sum));
    assert_eq!(report.totals.charges, 10);
    let view = stage.view().await;
    assert_eq!(report.sequence, view.account.sequence);

    let long = stage
        .ledger
        .usage(&ann(), from, day("2027-03-07"), &by)
        .await;
    assert!(long.is_ok(), "400 days");
    let longer = stage
        .ledger
        .usage(&ann(), from, day("2027-03-08"), &by)
        .await;
    assert!(matches!(
        longer,
        Err(UsageError::Period(PeriodError::TooLong { days: 401 }))
    ));
    let backwards = stage.ledger.usage(&ann(), to, from, &by).await;
    assert!(matches!(
        backwards,
        Err(UsageError::Period(PeriodError::Backwards { .. }))
    ));
}
