//! Every fact that is told, counted again from the ledger alone, over random lives.
//!
//! Credits that end soon are counted by what then happens, if nothing else does.

use std::sync::Arc;

use proptest::{prelude::*, sample::select};

use super::{
    random::{Step, catalogs, steps},
    scene::Scene,
    words::{at, generation},
};
use crate::domain::{
    account::Account,
    advice::{Advisory, AdvisoryFact, ModelUse},
    catalog::{Catalog, Generation, Priced, Produces},
    credits::Credits,
    event::{Charged, Event, Fact},
    hold::Spend,
    ids::{ModelId, Sequence},
    recent::ATTEMPTS_MAX,
    time::Instant,
};

const MINUTE: i64 = 60_000_000;

/// What a life begins with: something to spend, in a period that two plans may grant to.
const BEGINNING: [&str; 3] = [
    "start basic monthly",
    "change pro",
    "buy boost x9 with pay-99",
];

/// A spend of a project and a prompt, soon after the one before or days after it.
fn spend() -> impl Strategy<Value = Step> {
    let what = select(vec![
        "image pen",
        "image brush",
        "image sketch x4",
        "image pen x7",
        "video reel 2s",
        "video reel 9s",
    ]);
    let prompt = select(vec!["", " ~fox", " ~fox", " ~cat"]);
    let project = select(vec!["", " #film", " #film", " #ad"]);
    let wait = prop_oneof![4 => 0..4 * MINUTE, 1 => 0..9 * 24 * 60 * MINUTE];
    let verb = prop_oneof![
        4 => Just(("charge", String::new())),
        1 => (0..6_u8).prop_map(|hold| ("reserve", format!(" for 600 as h{hold}"))),
    ];
    (wait, verb, what, prompt, project).prop_map(
        |(wait_micros, (verb, end), what, prompt, project)| Step {
            wait_micros,
            asked: format!("{verb} {what}{prompt}{project}{end}"),
        },
    )
}

/// A life in which spends with projects and prompts lie between all else that can happen.
fn lives() -> impl Strategy<Value = Vec<Step>> {
    let spends = prop::collection::vec(spend(), 1..40);
    (steps(), spends).prop_map(|(steps, spends)| {
        let mut life = Vec::new();
        let mut steps = steps.into_iter();
        for (place, spend) in spends.into_iter().enumerate() {
            life.push(spend);
            if place % 2 == 1 {
                life.extend(steps.next());
            }
        }
        life
    })
}

/// An earlier charge, by its position.
struct Past<'a> {
    sequence: Sequence,
    at: Instant,
    charged: &'a Charged,
}

fn remembered(ledger: &[Event]) -> Vec<Past<'_>> {
    let charges = (1..).zip(ledger).filter_map(|(place, event)| {
        let Fact::Charge(charged) = &event.fact else {
            return None;
        };
        let (sequence, at) = (Sequence(place), event.at);
        Some(Past {
            sequence,
            at,
            charged,
        })
    });
    let charges: Vec<Past> = charges.collect();
    let forgotten = charges.len().saturating_sub(ATTEMPTS_MAX);
    charges.into_iter().skip(forgotten).collect()
}

fn places(charges: &[&Past<'_>]) -> Vec<Sequence> {
    charges.iter().map(|one| one.sequence).collect()
}

fn used(charges: &[&Past<'_>]) -> i64 {
    charges.iter().map(|one| one.charged.cost.get()).sum()
}

fn cost(catalog: &Catalog, generation: &Generation) -> Option<i64> {
    match catalog.price(generation) {
        Ok(Priced::Cost(price)) => Some(price.cost.get()),
        Ok(Priced::Free) | Err(_) => None,
    }
}

/// A spend that is told something, and all that came before it.
struct Case<'a> {
    catalog: &'a Catalog,
    past: Vec<Past<'a>>,
    available: i64,
    at: Instant,
    asked: Generation,
    spend: &'a Spend,
    cost: i64,
}

impl Case<'_> {
    fn repeated(&self) -> Option<(AdvisoryFact, Vec<Sequence>)> {
        let same = |past: &&Past<'_>| {
            past.charged.spend.fingerprint.is_some()
                && past.charged.spend.fingerprint == self.spend.fingerprint
                && past.charged.spend.terms.model == self.spend.terms.model
                && self.at.micros() - past.at.micros() < 10 * MINUTE
        };
        let runs: Vec<&Past> = self.past.iter().filter(same).collect();
        let fact = AdvisoryFact::RepeatedPrompt {
            run: u32::try_from(runs.len()).unwrap() + 1,
            credits_so_far: Credits::new(used(&runs)).unwrap(),
            window_minutes: 10,
        };
        (runs.len() >= 2).then(|| (fact, places(&runs)))
    }

    fn variations(&self) -> Option<(AdvisoryFact, Vec<Sequence>)> {
        let variations = self.spend.terms.variations;
        let one = Generation {
            variations: 1,
            ..self.asked.clone()
        };
        let cost_of_one = Credits::new(cost(self.catalog, &one)?).unwrap();
        let fact = AdvisoryFact::ManyVariations {
            variations,
            cost_of_one,
        };
        (variations >= 4).then(|| (fact, Vec::new()))
    }

    fn video(&self) -> Option<(AdvisoryFact, Vec<Sequence>)> {
        if self.spend.terms.produces != Produces::Video {
            return None;
        }
        let is_image = |past: &&Past<'_>| past.charged.spend.terms.produces == Produces::Image;
        let images: Vec<&Past> = self.past.iter().filter(is_image).collect();
        let on = |model: &ModelId| {
            let on_it = |past: &&&Past<'_>| past.charged.spend.terms.model == *model;
            images.iter().filter(on_it).copied().collect::<Vec<&Past>>()
        };
        // Among models that are used alike, the one that was used last.
        let mut usual: Option<&ModelId> = None;
        for past in images.iter().rev() {
            let model = &past.charged.spend.terms.model;
            if usual.is_none_or(|usual| on(model).len() > on(usual).len()) {
                usual = Some(model);
            }
        }
        let usual = usual?;
        let of_usual = on(usual);
        let last = &of_usual.last()?.charged.spend.terms;
        let words = format!("{} {usual}", last.action);
        let words: Vec<&str> = words.split(' ').collect();
        let image_cost = cost(self.catalog, &generation(&words))?;
        let fact = AdvisoryFact::VideoCost {
            images: u64::try_from(self.cost / image_cost).unwrap(),
            image_model: usual.clone(),
            image_cost: Credits::new(image_cost).unwrap(),
        };
        Some((fact, places(&of_usual)))
    }

    fn switch(&self) -> Option<(AdvisoryFact, Vec<Sequence>)> {
        let project = self.spend.project.clone()?;
        let like = |past: &&Past<'_>| {
            past.charged.spend.project.as_ref() == Some(&project)
                && past.charged.spend.terms.produces == self.spend.terms.produces
        };
        let before: Vec<&Past> = self.past.iter().filter(like).collect();
        let previous = before.last()?.charged.spend.terms.model.clone();
        if previous == self.spend.terms.model {
            return None;
        }
        let mut models: Vec<&ModelId> = before
            .iter()
            .map(|one| &one.charged.spend.terms.model)
            .collect();
        models.sort();
        models.dedup();
        let on = |model: &ModelId| -> Vec<&Past> {
            let on_it = |past: &&&Past<'_>| past.charged.spend.terms.model == *model;
            before.iter().filter(on_it).copied().collect()
        };
        models.sort_by_key(|model| std::cmp::Reverse(on(model).len()));
        let used = models.into_iter().map(|model| ModelUse {
            model: model.clone(),
            charges: u32::try_from(on(model).len()).unwrap(),
            credits: Credits::new(used(&on(model))).unwrap(),
        });
        let there = Generation {
            model: Some(previous.clone()),
            ..self.asked.clone()
        };
        let fact = AdvisoryFact::ModelSwitch {
            project,
            used: used.collect(),
            previous,
            costs_more_by: cost(self.catalog, &there).map(|there| self.cost - there),
        };
        Some((fact, places(&before)))
    }

    fn share(&self) -> Option<(AdvisoryFact, Vec<Sequence>)> {
        let percent = (self.cost * 100).checked_div(self.available)?;
        let fact = AdvisoryFact::LargeShare {
            percent: u32::try_from(percent).unwrap(),
            available: Credits::new(self.available).unwrap(),
        };
        (percent >= 25).then(|| (fact, Vec::new()))
    }
}

/// What is lost in the seven days after an account stood so, if nothing but time happens; none where
/// what is held or frozen comes into it.
fn lost(scene: &Scene, account: &Account, at: Instant) -> Option<i64> {
    if !account.holds.is_empty() || account.lots.iter().any(|lot| !lot.is_live()) {
        return None;
    }
    let until = Instant::from_micros(at.micros() + 7 * 24 * 60 * MINUTE).unwrap();
    let due = account.due(&scene.catalogs, until);
    assert!(!due.more);
    let lost = due.events.iter().map(|event| match &event.fact {
        Fact::Expiry { .. } => event.postings.iter().map(|one| one.expired.get()).sum(),
        Fact::RolloverGrant { lot, .. } => -lot.granted.get(),
        _ => 0,
    });
    Some(lost.sum())
}

fn told(event: &Event) -> Option<(&[Arc<Advisory>], &Spend, i64)> {
    match &event.fact {
        Fact::Charge(charged) if charged.hold.is_none() => {
            Some((&charged.advisories, &charged.spend, charged.cost.get()))
        }
        Fact::HoldPlaced {
            advisories,
            spend,
            amount,
            ..
        } => Some((advisories, spend, amount.get())),
        _ => None,
    }
}

/// Counts again what the last event was told, if it was told anything.
fn check(scene: &Scene, asked: &str) {
    let Some((event, before)) = scene.ledger.split_last() else {
        return;
    };
    let Some((advisories, spend, cost)) = told(event) else {
        return;
    };
    let words: Vec<&str> = asked.split(' ').skip(1).collect();
    let end = words.iter().position(|word| ["for", "as"].contains(word));
    let case = Case {
        catalog: &scene.catalogs.terms_at(event.at).catalog,
        past: remembered(before),
        available: scene.records[before.len() - 1].available_after.get(),
        at: event.at,
        asked: generation(&words[..end.unwrap_or(words.len())]),
        spend,
        cost,
    };
    let expected = [
        case.repeated(),
        case.variations(),
        case.video(),
        case.switch(),
        case.share(),
    ];
    let is_ending = |one: &&Arc<Advisory>| matches!(one.fact, AdvisoryFact::ExpiringSoon { .. });
    let counted = advisories.iter().filter(|one| !is_ending(one));
    let counted: Vec<(AdvisoryFact, Vec<Sequence>)> = counted
        .map(|one| (one.fact.clone(), one.basis.clone()))
        .collect();
    let expected: Vec<_> = expected.into_iter().flatten().collect();
    assert_eq!(counted, expected, "{asked}");
    for adjustment in advisories.iter().filter_map(|one| one.adjustment.as_ref()) {
        assert!(adjustment.cost.get() < cost, "{asked}");
    }
    let amount = match advisories.iter().find(is_ending).map(|one| &one.fact) {
        Some(AdvisoryFact::ExpiringSoon { amount, .. }) => amount.get(),
        _ => 0,
    };
    if let Some(lost) = lost(scene, &scene.account, event.at) {
        assert_eq!(amount, lost, "what ends soon after {asked}");
    }
    // The same history and request give the same advice, also where the ledger was replayed.
    let again = Account::replay(scene.account.id.clone(), before);
    let Ok(Priced::Cost(price)) = case.catalog.price(&case.asked) else {
        panic!("{asked} has a price")
    };
    let again = again.advise(&scene.catalogs, &case.asked, &price, event.at);
    assert_eq!(again, advisories, "{asked}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_told_is_what_the_ledger_says(catalogs in catalogs(), life in lives()) {
        let mut scene = Scene::new(catalogs, at("2026-01-30 12:00"));
        for asked in BEGINNING {
            // A plan may have a smaller allowance than the one before.
            drop(scene.does(asked));
        }
        for step in &life {
            let told_so_far = scene.ledger.len();
            step.run(&mut scene);
            if scene.ledger.len() > told_so_far {
                check(&scene, &step.asked);
            }
        }
    }
}
