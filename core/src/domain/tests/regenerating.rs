//! "You retry, or regenerate": each attempt costs as any other, and they are told as one chain.

use proptest::prelude::*;

use super::{
    scene::Scene,
    shop::shop,
    words::{at, named},
};
use crate::domain::{
    event::Fact,
    ids::OperationId,
    record::OperationRecord,
    regeneration::{Earlier, keeper},
};

/// The name of an operation.
fn name(id: OperationId) -> String {
    let text = String::from_utf8_lossy(id.0.as_bytes()).into_owned();
    text.trim_end_matches('\0').to_owned()
}

/// The chain that each charge belongs to, in order, as the look-up for it finds it.
fn chains(scene: &Scene) -> Vec<String> {
    let told = |record: &OperationRecord| {
        let fact = record.event().unwrap().fact;
        let Fact::Charge(_) = fact else {
            return None;
        };
        let found = Earlier::of(record.operation_id, &fact).unwrap();
        // What is not found by a column is found by its own id, or by its hold's.
        let own = fact.hold().unwrap_or(record.operation_id);
        assert_eq!(record.chain.unwrap_or(own), found.chain);
        Some(format!(
            "{} of {}",
            name(record.operation_id),
            name(found.chain)
        ))
    };
    scene.records.iter().filter_map(told).collect()
}

#[test]
fn an_attempt_costs_as_any_other_and_belongs_to_the_chain_of_what_it_does_again() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
    scene.check(&[
        ("", "start basic monthly", "500"),
        ("", "charge image pen as c1", "490"),
        ("", "charge image pen redo c1 as c2", "480"),
        // On another model too, and of whichever attempt.
        ("", "charge image brush redo c2 as c3", "430"),
        ("", "charge image pen redo c1 as c4", "420"),
        ("", "charge image pen as d1", "410"),
        ("", "charge image pen redo d1 as d2", "400"),
    ]);
    assert_eq!(
        chains(&scene),
        [
            "c1 of c1", "c2 of c1", "c3 of c1", "c4 of c1", "d1 of d1", "d2 of d1"
        ]
    );
}

#[test]
fn a_chain_that_begins_with_a_reserve_is_one_whichever_of_its_ids_is_named() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
    scene.check(&[
        ("", "start basic monthly", "500"),
        ("", "reserve image pen as h1", "490, 10 held"),
        // It is not yet processed, and done again all the same.
        ("", "reserve image pen redo h1 as h2", "480, 20 held"),
        ("", "settle h1 as s1", "480, 10 held"),
        ("", "settle h2 as s2", "480"),
        ("", "charge image pen redo s1 as c3", "470"),
        ("", "charge image pen redo h2 as c4", "460"),
        ("", "charge image pen redo s2 as c5", "450"),
    ]);
    assert_eq!(
        chains(&scene),
        ["s1 of h1", "s2 of h1", "c3 of h1", "c4 of h1", "c5 of h1"]
    );
}

#[test]
fn what_is_done_again_or_kept_must_be_a_charge_of_the_account() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
    scene.check(&[
        ("", "start basic monthly as plan", "500"),
        (
            "",
            "charge image pen redo c9",
            "ChargeUnknown { charge: c9, again: true }",
        ),
        (
            "",
            "reserve image pen redo plan",
            "ChargeUnknown { charge: plan, again: true }",
        ),
        ("", "keep c9", "ChargeUnknown { charge: c9, again: false }"),
        (
            "",
            "keep plan",
            "ChargeUnknown { charge: plan, again: false }",
        ),
        ("", "reserve image pen as h1", "490, 10 held"),
        // A reserve has no result to keep.
        ("", "keep h1", "ChargeUnknown { charge: h1, again: false }"),
        ("", "settle h1 as s1", "490"),
        ("", "keep s1", "490"),
        ("", "unkeep s1", "490"),
    ]);
}

#[test]
fn to_keep_an_attempt_moves_no_credits_and_is_told_with_its_chain() {
    let mut scene = Scene::after(&["start basic monthly", "charge image pen as c1"]);
    scene.does("charge image pen redo c1 as c2").unwrap();
    for (asked, charge, kept) in [("keep c2", "c2", true), ("unkeep c1", "c1", false)] {
        let event = scene.does(asked).unwrap().unwrap();
        assert!(event.postings.is_empty());
        assert_eq!(
            event.fact,
            Fact::ChargeKept {
                charge: named(charge),
                chain: named("c1"),
                kept
            }
        );
        assert_eq!(scene.records.last().unwrap().chain, Some(named("c1")));
    }
}

/// The marks, oldest first: `c1`, or `-c1` where it was taken back.
fn kept(marks: &[&str]) -> Option<String> {
    let mark = |mark: &&str| match mark.strip_prefix('-') {
        Some(charge) => (named(charge), false),
        None => (named(mark), true),
    };
    keeper(marks.iter().rev().map(mark)).map(name)
}

#[test]
fn the_last_mark_counts_unless_it_was_taken_back() {
    for (marks, expected) in [
        (&[][..], None),
        (&["a"], Some("a")),
        (&["a", "b"], Some("b")),
        (&["a", "-a"], None),
        // `b` took the place of `a`, which does not come back.
        (&["a", "b", "-b"], None),
        (&["a", "b", "-a"], Some("b")),
        (&["a", "-a", "a"], Some("a")),
        (&["-a"], None),
    ] {
        assert_eq!(kept(marks).as_deref(), expected, "{marks:?}");
    }
}

proptest! {
    #[test]
    fn the_keeper_is_what_a_person_who_marks_one_after_the_other_ends_with(
        marks in proptest::collection::vec((0..4_u8, any::<bool>()), 0..12),
    ) {
        let id = |charge: u8| named(&format!("c{charge}"));
        let mut expected = None;
        for (charge, kept) in &marks {
            if *kept {
                expected = Some(id(*charge));
            } else if expected == Some(id(*charge)) {
                expected = None;
            }
        }
        let newest_first = marks.iter().rev().map(|(charge, kept)| (id(*charge), *kept));
        prop_assert_eq!(keeper(newest_first), expected);
    }
}
