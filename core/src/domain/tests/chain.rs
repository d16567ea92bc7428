//! The chain: each column of an operation is under its hash, and each hash under the next.

use super::{scene::Scene, shop::credits, words::named};
use crate::domain::{
    event::OperationKind,
    ids::{AccountId, ActionId, CatalogVersion, ModelId, ProjectId, Sequence},
    record::{CHAIN_START, Head, OperationRecord},
    time::Instant,
};

type Change = fn(&mut OperationRecord);

#[test]
fn a_change_of_any_column_shows() {
    let scene = Scene::after(&[
        "start basic monthly",
        "reserve video reel #film as h1",
        "settle h1",
    ]);
    let sealed = scene.records.last().unwrap();
    let changes: [(&str, Change); 20] = [
        ("account", |row| {
            row.account = AccountId::parse("bert").unwrap()
        }),
        ("sequence", |row| row.sequence = Sequence(9)),
        ("operation id", |row| row.operation_id = named("other")),
        ("content", |row| row.content = None),
        ("kind", |row| row.kind = OperationKind::HoldReleased),
        ("at", |row| row.at = Instant::default()),
        ("recorded at", |row| row.recorded_at = Instant::default()),
        ("catalog", |row| row.catalog_version = CatalogVersion(2)),
        ("hold", |row| row.hold = None),
        ("action", |row| row.action = ActionId::parse("image").ok()),
        ("model", |row| row.model = ModelId::parse("pen").ok()),
        ("project", |row| {
            row.project = ProjectId::parse("other").ok()
        }),
        ("consumed", |row| row.consumed = credits(1)),
        ("change", |row| row.change += 1),
        ("available", |row| row.available_after = credits(1)),
        ("held", |row| row.held_after = credits(1)),
        ("postings", |row| row.postings.push(' ')),
        ("fact", |row| row.fact.push(' ')),
        ("balance", |row| row.balance.push(' ')),
        ("previous", |row| row.previous = CHAIN_START),
    ];
    assert_eq!(sealed.computed_hash(), sealed.hash);
    for (column, change) in changes {
        let mut changed = sealed.clone();
        change(&mut changed);
        assert_ne!(changed.computed_hash(), sealed.hash, "{column}");
    }
}

#[test]
fn the_head_is_where_and_what_the_chain_ends_with() {
    let scene = Scene::after(&[]);
    let opened = &scene.records[0];
    assert_eq!(opened.previous, Head::START.hash);
    assert_eq!(
        opened.head(),
        Head {
            sequence: Sequence(1),
            hash: opened.hash
        }
    );
}

#[test]
fn what_time_does_has_the_same_id_whoever_decides_it_and_each_its_own() {
    let mut one = Scene::after(&["start pro monthly", "reserve video reel as h1"]);
    let mut other = Scene::after(&["start pro monthly", "reserve video reel as h1"]);
    let end = super::words::at("2026-06-01");
    one.reach(super::words::at("2026-03-15")).reach(end);
    other.reach(end);
    let ids = |scene: &Scene| -> Vec<_> {
        let derived = scene.records.iter().filter(|row| row.content.is_none());
        derived.map(|row| row.operation_id).collect()
    };
    assert_eq!(ids(&one), ids(&other));
    let mut distinct = ids(&one);
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), ids(&one).len());
}
