//! Notices as the ledger reads them: from a window of it, as if from all of it.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{OPENED, Stage, ann};
use crate::{
    clock::Clock,
    domain::{
        catalog::EXAMPLE,
        ids::Sequence,
        notices::{Notice, NoticeCode, NoticeFact, Opening, Teller},
        time::Instant,
    },
    ledger::NOTICE_DAYS,
    store::{
        OperationFilter, SequenceWindow,
        memory::MemoryStore,
        tests::{at, charge, purchase},
    },
};

/// All that was ever told, walked from the first operation on.
async fn all(stage: &Stage, until: Instant) -> Vec<Notice> {
    let everything = SequenceWindow {
        above: Some(Sequence::START),
        below: None,
        newest_first: false,
        limit: 10_000,
    };
    let any = OperationFilter::default();
    let ledger = stage.ledger.accepted(&ann(), &any, &everything).await;
    let catalogs = stage.ledger.catalogs();
    let mut teller = Teller::new(Opening::default(), &catalogs);
    let mut notices = Vec::new();
    for accepted in &ledger.unwrap() {
        notices.extend(teller.hear(&catalogs, accepted));
    }
    notices.extend(teller.settle(&catalogs));
    notices.extend(teller.passes(&catalogs, until));
    notices
}

#[actix::test]
async fn a_quarter_is_told_as_if_all_were_read() {
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::set(clock.clone()).await;
    // The pack is bought before the window begins, and gone before it ends.
    let story = [
        ("2026-02-10T00:00:00Z", purchase("pay-1")),
        ("2026-02-11T00:00:00Z", charge()),
        ("2026-06-01T00:00:00Z", purchase("pay-2")),
        ("2026-07-15T00:00:00Z", charge()),
    ];
    for (number, (now, request)) in (3..).zip(story) {
        clock.set(at(now));
        stage.does(number, request).await;
    }
    let mut kinds = Vec::new();
    for now in [
        "2026-02-12T00:00:00Z",
        "2026-05-12T00:00:00Z",
        "2026-09-20T00:00:00Z",
        "2027-03-03T12:00:00Z",
    ] {
        if at(now) > clock.read().now {
            clock.set(at(now));
        }
        let view = stage.view().await;
        let until = view.balance.as_of;
        let told = stage.ledger.notices(&view).await.unwrap();
        let from = until.saturating_sub(TimeDelta::days(NOTICE_DAYS));
        let mut expected = all(&stage, until).await;
        expected.retain(|notice| notice.at > from);
        expected.sort_by_key(|notice| (notice.at, notice.code()));
        assert_eq!(told, expected, "{now}");
        kinds.extend(told.iter().map(Notice::code));
    }
    for kind in [
        NoticeCode::RenewsSoon,
        NoticeCode::LapsesSoon,
        NoticeCode::PackExpiring,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}

/// A watcher who has not been shown what was committed a moment ago, here by another node that tells nobody.
#[actix::test]
async fn what_time_tells_is_told_of_all_that_is_committed() {
    let clock = Clock::manual(at(OPENED), 0.0);
    let store = Arc::new(MemoryStore::new());
    let there = Stage::furnished(Arc::clone(&store), clock.clone()).await;
    let here = Stage::over(store, clock.clone()).await;
    let watch = here.ledger.watch(&ann(), Sequence::START).await.unwrap();
    let mut notices = watch.unwrap().notices().await.unwrap();
    there.does(3, charge()).await;
    let lapses_at = all(&there, at("2026-12-31T00:00:00Z")).await;
    let is_lapse = |notice: &&Notice| notice.code() == NoticeCode::LapsesSoon;
    let expected = lapses_at.iter().find(is_lapse).expect("some lapse");
    clock.set(expected.at);
    let told = loop {
        let notice = notices.next().await.unwrap();
        if is_lapse(&&notice) {
            break notice;
        }
    };
    assert_eq!(told, *expected);
}

/// The node that hears of a catalog may have a clock that is behind the one of the node that published it.
#[actix::test]
async fn an_announcement_is_told_whatever_the_clock_says_meanwhile() {
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::set(clock.clone()).await;
    stage.does(3, charge()).await;
    let watch = stage.ledger.watch(&ann(), Sequence::START).await.unwrap();
    let mut notices = watch.unwrap().notices().await.unwrap();
    clock.set(at("2026-01-31T10:01:00Z"));
    let dearer = EXAMPLE.replace("price = \"1.5\"", "price = \"3\"");
    let published = stage
        .ledger
        .publish_catalog(dearer, Some(at("2026-02-28T00:00:00Z")))
        .await
        .unwrap();
    clock.set(at("2026-01-31T10:00:30Z"));
    let notice = notices.next().await.unwrap();
    let NoticeFact::PriceChangeAnnounced(announced) = notice.fact else {
        panic!("{notice:?}");
    };
    assert_eq!(announced.version, published.catalog.version);
}
