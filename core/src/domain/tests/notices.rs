//! Notices: what an account is told without having asked, once each, and that it is what the ledger
//! says from wherever one begins to read it.

use proptest::prelude::*;

use super::{
    random,
    scene::{Scene, brief},
    shop::{catalog, credits, published, shop},
    words::at,
};
use crate::domain::{
    catalog::{Catalogs, RolloverTerms},
    event::Fact,
    ids::LotId,
    lot::LotTerms,
    notices::{Announcement, Notice, NoticeFact, NoticeKey, Opening, Teller},
    outcome::Accepted,
    time::Instant,
};

fn ledger(scene: &Scene) -> Vec<Accepted> {
    let records = scene.records.iter();
    records.map(|record| record.accepted().unwrap()).collect()
}

/// All that is told from an opening on.
fn walk(catalogs: &Catalogs, opening: Opening, ledger: &[Accepted], until: Instant) -> Vec<Notice> {
    let mut teller = Teller::new(opening, catalogs);
    let mut notices = Vec::new();
    for accepted in ledger {
        notices.extend(teller.hear(catalogs, accepted));
    }
    notices.extend(teller.settle(catalogs));
    notices.extend(teller.passes(catalogs, until));
    notices
}

fn all(scene: &Scene) -> Vec<Notice> {
    walk(
        &scene.catalogs,
        Opening::default(),
        &ledger(scene),
        scene.now,
    )
}

/// Does what the rows ask, and tells what is told until the last of them.
fn told_in(catalogs: Catalogs, rows: &[(&str, &str)], expected: &[&str]) {
    let mut scene = Scene::new(catalogs, at(rows[0].0));
    for (when, asked) in rows {
        if !when.is_empty() {
            scene.now = at(when);
        }
        let answer = scene.answer(asked);
        assert!(!answer.contains('{'), "{when} {asked}: {answer}");
    }
    let told: Vec<String> = all(&scene)
        .iter()
        .map(|notice| format!("{}: {}", brief(notice.at), notice.message()))
        .collect();
    assert_eq!(told, expected);
}

fn told(rows: &[(&str, &str)], expected: &[&str]) {
    told_in(shop(|_| {}), rows, expected);
}

#[test]
fn credits_are_low_when_they_come_down_to_a_share_of_the_allowance() {
    told(
        &[
            ("2026-01-01", "start basic monthly"),
            ("2026-01-02", "charge video reel x5"), // 375, 125 are left
            ("2026-01-03", "charge image pen x2"),  // 105 are more than 20 % of 500
            ("2026-01-04", "charge image sketch"),  // 101
            ("2026-01-05", "charge sound sketch"),
            ("2026-01-06", "charge image sketch x3"), // 91
            ("2026-01-07", "charge image pen"),       // low it is, and stays
            ("2026-01-08", "charge image pen x5"),
            ("2026-01-09", "charge image sketch x2"), // 24: the next step
        ],
        &[
            "2026-01-06: 91 credits are available: 20 % or less of this period's 500.",
            "2026-01-09: 24 credits are available: 5 % or less of this period's 500.",
        ],
    );
}

#[test]
fn low_is_told_again_only_after_it_was_not() {
    told(
        &[
            ("2026-01-01", "start basic monthly"),
            ("2026-01-02", "charge image brush x8"), // 100: 20 % exactly
            ("2026-01-03", "charge image pen"),
            ("2026-01-04", "buy boost"), // 390
            ("2026-01-05", "charge image brush x6"),
            ("2026-01-06", "charge image sketch"), // 86
        ],
        &[
            "2026-01-02: 100 credits are available: 20 % or less of this period's 500.",
            "2026-01-05: 90 credits are available: 20 % or less of this period's 500.",
        ],
    );
}

#[test]
fn of_several_steps_the_lowest_is_told_and_nothing_left_says_it_all() {
    told(
        &[
            ("2026-01-01", "start solo monthly"),
            ("2026-01-02", "charge image sketch x8"), // 73
            ("2026-01-03", "charge image pen x7"),    // 3: below 4, the cheapest
            ("2026-01-04", "buy boost"),
            ("2026-01-05", "charge image brush x6"),
        ],
        &[
            "2026-01-03: 3 credits are available, and the cheapest generation costs 4. The next \
             allowance comes at 2026-02-01 00:00 UTC.",
            "2026-01-05: 3 credits are available, and the cheapest generation costs 4. The next \
             allowance comes at 2026-02-01 00:00 UTC.",
        ],
    );
    told(
        &[
            ("2026-01-01", "start pro monthly"),
            ("2026-01-02", "charge video reel x8 8s"), // 960 of 1,000
        ],
        &["2026-01-02: 40 credits are available: 5 % or less of this period's 1000."],
    );
}

#[test]
fn what_is_out_and_then_ends_is_not_out_again() {
    told(
        &[
            ("2026-01-01", "start solo monthly"),
            ("2026-01-02", "charge image sketch x8"), // 73
            ("2026-01-03", "charge image pen x7"),    // 3
            ("2026-01-04", "cancel"),
            ("2026-02-01", "wait"), // the 3 lapse
        ],
        &[
            "2026-01-03: 3 credits are available, and the cheapest generation costs 4. The next \
             allowance comes at 2026-02-01 00:00 UTC.",
            "2026-01-25: 3 credits that are unused will lapse at 2026-02-01 00:00 UTC.",
        ],
    );
}

#[test]
fn what_holds_set_aside_is_named_and_returns() {
    told(
        &[
            ("2026-01-01", "start solo monthly"),
            ("2026-01-02", "reserve image brush x2 as h"),
            ("2026-01-03", "wait"),
            ("2026-01-03", "charge image brush"),
            ("2026-01-04", "charge image brush"),
        ],
        &[
            "2026-01-02: 0 credits are available, and the cheapest generation costs 4. Open holds set \
             100 more aside. The next allowance comes at 2026-02-01 00:00 UTC.",
            "2026-01-04: 0 credits are available, and the cheapest generation costs 4. The next \
             allowance comes at 2026-02-01 00:00 UTC.",
        ],
    );
}

#[test]
fn a_renewal_is_told_before_it_comes_with_what_lapses_and_what_rolls_over() {
    told(
        &[
            ("2026-01-01", "start pro monthly"),
            ("2026-01-02", "charge image brush x4"),
            // 800 are left; nobody is out of credits between two periods.
            ("2026-02-20", "wait"),
            ("2026-02-22", "charge image brush x2"),
            ("2026-03-01", "wait"),
        ],
        &[
            "2026-01-25: 600 credits that are unused will lapse at 2026-02-01 00:00 UTC. 200 more will roll over.",
            "2026-01-29: The renewal at 2026-02-01 00:00 UTC brings 1000 credits.",
            "2026-02-22: 1000 credits that are unused will lapse at 2026-03-01 00:00 UTC. 200 more will roll over.",
            "2026-02-26: The renewal at 2026-03-01 00:00 UTC brings 1000 credits.",
        ],
    );
}

#[test]
fn a_plan_that_is_cancelled_is_not_told_to_renew_until_it_is_resumed() {
    let rows = [
        ("2026-01-01", "start basic monthly"),
        ("2026-01-02", "charge image brush x8"),
        ("2026-01-03", "cancel"),
        ("2026-01-31", "resume"),
        ("2026-01-31 12:00", "wait"),
    ];
    let low = "2026-01-02: 100 credits are available: 20 % or less of this period's 500.";
    let lapses = "2026-01-25: 100 credits that are unused will lapse at 2026-02-01 00:00 UTC.";
    let resumed = "2026-01-31: The renewal at 2026-02-01 00:00 UTC brings 500 credits.";
    told(&rows, &[low, lapses, resumed]);
    // Left as it is, its end is told as what it is.
    let ended = [&rows[..3], &[("2026-02-02", "wait")]].concat();
    let out = "2026-02-01: 0 credits are available, and the cheapest generation costs 4. No \
               allowance comes by itself.";
    told(&ended, &[low, lapses, out]);
}

#[test]
fn a_pack_that_expires_is_told_with_what_is_left_of_it() {
    told(
        &[
            ("2026-01-01", "buy spark x2"), // ends on the 31st
            ("2026-01-01", "buy boost"),
            ("2026-01-02", "start solo monthly since 2026-01-02"),
            ("2026-01-03", "charge image brush x2"), // the pack goes first: it ends first
            ("2026-01-20", "wait"),
        ],
        &["2026-01-17: 100 credits of packs will expire at 2026-01-31 00:00 UTC."],
    );
}

#[test]
fn days_and_shares_are_the_catalogs() {
    let catalogs = shop(|shop| {
        shop.advice.low_credits_percent = vec![50];
        shop.advice.renews_soon_days = 1;
        shop.advice.lapses_soon_days = 2;
        shop.plans[0].rollover = Some(RolloverTerms {
            max: credits(1_000),
            months: 1,
        });
    });
    told_in(
        catalogs,
        &[
            ("2026-01-01", "start basic monthly"),
            ("2026-01-02", "charge image brush x5"),
            ("2026-02-01", "wait"),
        ],
        // All that is unused rolls over: nothing lapses.
        &[
            "2026-01-02: 250 credits are available: 50 % or less of this period's 500.",
            "2026-01-31: The renewal at 2026-02-01 00:00 UTC brings 500 credits.",
        ],
    );
}

#[test]
fn an_announced_price_list_is_told_with_what_lately_would_have_cost() {
    let mut dearer = catalog();
    dearer.models[0].actions[0].price = "12".parse().unwrap();
    dearer.models.retain(|model| model.id.as_str() != "brush");
    let mut same_prices = dearer.clone();
    same_prices.advice.repeat_count = 4;
    let catalogs = published([
        (at("1970-01-01"), catalog()),
        (at("2026-03-01"), dearer),
        (at("2026-04-01"), same_prices),
    ]);
    let announced: Vec<_> = catalogs
        .iter()
        .map(|one| {
            let at = at("2026-02-01");
            one.as_ref().clone().announced_at(one.effective_at.min(at))
        })
        .collect();
    let mut known = Catalogs::default();
    for one in announced {
        known = known.with(one).unwrap();
    }
    let until = at("2026-02-01");
    let found: Vec<i32> = known
        .announced(at("2026-01-01"), until)
        .map(|one| one.version.0)
        .collect();
    assert_eq!(
        found,
        [2],
        "the first counted at once, the third changes no price"
    );
    assert_eq!(known.announced(until, at("2027-01-01")).count(), 0);

    let scene = Scene::after(&[
        "start pro monthly",
        "charge image pen x4",
        "charge image pen x4",
        "charge image brush",
        "charge video reel",
    ]);
    let charges = scene.ledger.iter().filter_map(|event| match &event.fact {
        Fact::Charge(charged) => Some(charged.as_ref()),
        _ => None,
    });
    let next = known
        .version(crate::domain::ids::CatalogVersion(2))
        .unwrap();
    let announcement = Announcement::of(next, Announcement::compared_from(next), charges);
    let notice = Notice {
        at: next.published_at,
        fact: NoticeFact::PriceChangeAnnounced(announcement),
    };
    assert_eq!(
        notice.message(),
        "Other prices count from 2026-03-01 00:00 UTC. The 30 days before had 3 charges that used 155 \
         credits; by those prices it would have been 171. 1 more could not be run as they were."
    );
}

/// What is low or exhausted, by one who only keeps whether each step is armed.
fn recounted(scene: &Scene) -> Vec<NoticeKey> {
    let mut keys = Vec::new();
    let mut before = 0;
    let records = ledger(scene);
    for (place, accepted) in records.iter().enumerate() {
        let operation = &accepted.operation;
        let goes_on = records.get(place + 1).is_some_and(|next| {
            let by_time = |one: &Accepted| one.operation.event.caused_by.is_none();
            by_time(accepted) && by_time(next) && next.operation.event.at == operation.event.at
        });
        if goes_on {
            continue;
        }
        let after = operation.available_after.get();
        let granted = accepted
            .balance
            .allowance
            .as_ref()
            .map_or(0, |one| one.granted.get());
        let below = |amount: i64| {
            let low = [20, 5]
                .iter()
                .filter(|percent| amount * 100 <= granted * **percent);
            low.count()
        };
        if after < 4 && before >= 4 {
            keys.push(NoticeKey::Exhausted(operation.sequence));
        } else if after >= 4
            && after < before
            && accepted.balance.allowance.is_some()
            && below(after) > below(before)
        {
            keys.push(NoticeKey::Low(operation.sequence));
        }
        before = after;
    }
    keys
}

/// The terms of all lots that were ever made.
fn terms(ledger: &[Accepted]) -> Vec<(LotId, LotTerms)> {
    let made = |one: &Accepted| {
        let terms = one.operation.event.fact.new_lot()?;
        Some((one.operation.sequence, terms.clone()))
    };
    ledger.iter().filter_map(made).collect()
}

proptest! {
    #[test]
    fn low_and_exhausted_are_told_once_a_crossing(
        catalogs in random::catalogs(),
        steps in random::steps(),
    ) {
        let mut scene = random::begin(catalogs);
        steps.iter().for_each(|step| step.run(&mut scene));
        let notices = all(&scene);
        let keys: Vec<NoticeKey> = notices.iter().map(Notice::key).collect();
        let crossings: Vec<NoticeKey> = keys
            .iter()
            .copied()
            .filter(|key| matches!(key, NoticeKey::Low(_) | NoticeKey::Exhausted(_)))
            .collect();
        prop_assert_eq!(crossings, recounted(&scene));
        let mut once = keys.clone();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), keys.len(), "each is told once: {:?}", keys);
        prop_assert!(notices.is_sorted_by_key(|notice| notice.at), "{:?}", notices);
        prop_assert_eq!(all(&scene), notices, "the same history gives the same notices");
    }

    #[test]
    fn the_same_is_told_from_wherever_the_ledger_is_read(
        catalogs in random::catalogs(),
        steps in random::steps(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut scene = random::begin(catalogs);
        steps.iter().for_each(|step| step.run(&mut scene));
        let whole = all(&scene);
        let ledger = ledger(&scene);
        // As the store finds it: the last operation that counts by some instant.
        let instant = ledger[cut.index(ledger.len())].operation.event.at;
        let from = ledger.partition_point(|one| one.operation.event.at <= instant);
        let opening = Opening::before(
            &scene.account,
            ledger[..from].last(),
            &ledger[from..],
            terms(&ledger[..from]),
        );
        let part = walk(&scene.catalogs, opening, &ledger[from..], scene.now);
        prop_assert!(part.iter().all(|notice| notice.at > instant), "{:?}", part);
        let later = |notice: &&Notice| notice.at > instant;
        let expected: Vec<&Notice> = whole.iter().filter(later).collect();
        // One that was told before may be told again, by its name: what ended and came back meanwhile.
        let known = |notice: &&Notice| {
            let before = whole.iter().filter(|one| one.at <= instant);
            !before.clone().any(|one| one.key() == notice.key())
        };
        let found: Vec<&Notice> = part.iter().filter(known).collect();
        prop_assert_eq!(found, expected);
    }
}
