//! A scene: one account, its clock and its ledger, told in the words of [`super::words`].
//!
//! `lapse` ends the subscription at once. The answer is `free`, the balance after it, or the refusal as it prints; an expected text that
//! ends in `…` compares what is before it.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    shop::shop,
    words::{at, cut, named, payment, request},
};
use crate::domain::{
    account::Account,
    catalog::Catalogs,
    command::{Command, Request},
    credits::Credits,
    decide::Known,
    due::Due,
    event::{Event, Fact, SubscriptionEvent},
    hold::ResolvedHold,
    ids::{AccountId, OperationId, PackId, Sequence},
    payment::{PaidFor, PaymentKey, PaymentUse},
    record::{CHAIN_START, OperationRecord},
    refusal::Refusal,
    regeneration::Earlier,
    subscription::EndReason,
    time::Instant,
};

#[derive(Clone)]
pub struct Scene {
    pub catalogs: Catalogs,
    pub account: Account,
    pub now: Instant,
    pub ledger: Vec<Event>,
    pub records: Vec<OperationRecord>,
    payments: HashMap<PaymentKey, PaymentUse>,
    asked: usize,
}

impl Scene {
    /// An open account without a plan.
    pub fn new(catalogs: Catalogs, opened_at: Instant) -> Scene {
        let mut scene = Scene {
            catalogs,
            account: Account::unopened(AccountId::parse("anna").unwrap()),
            now: opened_at,
            ledger: Vec::new(),
            records: Vec::new(),
            payments: HashMap::new(),
            asked: 0,
        };
        scene.does("open").unwrap();
        scene
    }

    /// An account that has done some things on the first day of 2026.
    pub fn after(asked: &[&str]) -> Scene {
        let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
        for text in asked {
            let answer = scene.does(text);
            assert!(answer.is_ok(), "{text}: {answer:?}");
        }
        scene
    }

    /// Lets time pass until `instant`, in as many steps as it takes.
    pub fn reach(&mut self, instant: Instant) -> &mut Scene {
        self.now = instant;
        loop {
            let Due { events, more } = self.account.due(&self.catalogs, instant);
            for event in events {
                self.record(event);
            }
            if !more {
                return self;
            }
        }
    }

    pub fn does(&mut self, text: &str) -> Result<Option<Event>, Refusal> {
        let (command, _) = self.command(text);
        self.asked += 1;
        self.asks(command.operation_id, command.request)
    }

    /// What `text` asks, and what the ledger knows of it.
    pub fn command(&self, text: &str) -> (Command, Known) {
        let mut words: Vec<&str> = text.split(' ').collect();
        let serial = format!("op-{}", self.asked);
        let name = cut(&mut words, "as").unwrap_or(&serial);
        let request = request(words, name);
        let known = self.known(&request);
        let operation_id = named(name);
        (
            Command {
                operation_id,
                request,
            },
            known,
        )
    }

    /// Whether an operation of that name was accepted.
    pub fn was_asked(&self, name: &str) -> bool {
        let id = named(name);
        let by = |event: &Event| event.caused_by.is_some_and(|by| by.operation_id == id);
        self.ledger.iter().any(by)
    }

    /// Applies time, decides, applies the decision and seals it.
    pub fn asks(&mut self, id: OperationId, request: Request) -> Result<Option<Event>, Refusal> {
        self.reach(self.now);
        let known = self.known(&request);
        let command = Command {
            operation_id: id,
            request,
        };
        let content = command.request.content();
        let decided = self
            .account
            .decide(&self.catalogs, &command, content, &known, self.now)?;
        if let Some(event) = &decided {
            self.record(event.clone());
        }
        Ok(decided)
    }

    /// What the ledger tells beside the account's own state.
    fn known(&self, request: &Request) -> Known {
        let payment = request.payment();
        Known {
            payment: payment.and_then(|payment| self.payments.get(&payment.key).cloned()),
            hold: request.hold().and_then(|hold| self.resolved(hold)),
            earlier: request.earlier().and_then(|id| self.earlier(id)),
        }
    }

    fn earlier(&self, id: OperationId) -> Option<Earlier> {
        let named = |event: &&Event| event.caused_by.is_some_and(|by| by.operation_id == id);
        let event = self.ledger.iter().find(named)?;
        Earlier::of(id, &event.fact)
    }

    fn resolved(&self, id: OperationId) -> Option<ResolvedHold> {
        let placed = |event: &&Event| event.caused_by.is_some_and(|by| by.operation_id == id);
        let placed = self.ledger.iter().find(placed)?;
        let Fact::HoldPlaced { amount, spend, .. } = &placed.fact else {
            return None;
        };
        let end = self
            .ledger
            .iter()
            .rev()
            .find_map(|event| event.end_of(id))?;
        Some(ResolvedHold {
            id,
            amount: *amount,
            spend: spend.clone(),
            resolution: end.resolution,
            at: end.at,
        })
    }

    fn record(&mut self, event: Event) {
        let (before, previous) = match self.records.last() {
            Some(last) => (last.available_after, last.hash),
            None => (Credits::ZERO, CHAIN_START),
        };
        self.account.apply(&event);
        let balance = self.account.balance(&self.catalogs, event.at);
        let sealed = OperationRecord::seal(&event, &self.account, &balance, before, previous);
        let before = self.payments.values().find(|used| {
            let told = event.fact.report();
            told.is_some_and(|told| told.payment.key == used.key)
        });
        let (account, sequence) = (&self.account.id, self.account.sequence);
        if let Some(used) = PaymentUse::after(before, account, sequence, &event) {
            self.payments.insert(used.key.clone(), used);
        }
        self.records.push(sealed);
        self.ledger.push(event);
    }

    /// The subscription ends now, in the middle of its period, as it does when its payment stays out.
    pub fn lapse(&mut self) {
        self.reach(self.now);
        let change = SubscriptionEvent::Ended {
            packs_frozen: true,
            reason: EndReason::PastDue,
        };
        let lapsed = Event {
            at: self.now,
            recorded_at: self.now,
            caused_by: None,
            catalog_version: self.catalogs.terms_at(self.now).version,
            fact: Fact::SubscriptionChange { change, lot: None },
            postings: Vec::new(),
        };
        self.record(lapsed);
    }

    /// Reports a payment as used on another account.
    pub fn used_elsewhere(&mut self, reference: &str) {
        let key = payment(reference).key;
        let used = PaymentUse {
            key: key.clone(),
            account: AccountId::parse("bert").unwrap(),
            operation_id: named("berts"),
            paid_for: PaidFor::Pack {
                pack: PackId::parse("boost").unwrap(),
                quantity: 1,
                lot: Sequence(9),
            },
            last: None,
        };
        self.payments.insert(key, used);
    }

    /// The operations from `from` on, one a line: when, what, by how much the balance changed.
    pub fn told_from(&self, from: usize) -> Vec<String> {
        self.records[from..]
            .iter()
            .map(|record| {
                let name = record.kind.as_str();
                format!("{} {name} {:+}", brief(record.at), record.change)
            })
            .collect()
    }

    fn balance(&self) -> String {
        let balance = self.account.balance(&self.catalogs, self.now);
        let mut text = balance.available.to_string();
        for (amount, what) in [(balance.held, "held"), (balance.frozen, "frozen")] {
            if !amount.is_zero() {
                text += &format!(", {amount} {what}");
            }
        }
        text
    }

    /// Does what `text` asks and tells the answer.
    pub fn answer(&mut self, text: &str) -> String {
        if text == "wait" {
            self.reach(self.now);
            return self.balance();
        }
        if text == "lapse" {
            self.lapse();
            return self.balance();
        }
        match self.does(text) {
            Ok(None) => "free".to_owned(),
            Ok(Some(_)) => self.balance(),
            Err(refusal) => names(&format!("{refusal:?}")),
        }
    }

    pub fn check(&mut self, rows: &[(&str, &str, &str)]) {
        for (when, asked, expected) in rows {
            if !when.is_empty() {
                self.now = at(when);
            }
            let answer = self.answer(asked);
            let same = match expected.strip_suffix('…') {
                Some(start) => answer.starts_with(start),
                None => answer == *expected,
            };
            assert!(
                same,
                "{when} {asked}\n  expected: {expected}\n    answer: {answer}"
            );
        }
    }
}

/// Checks a story of an account that is opened with its first row, in the shop as it is.
pub fn check(rows: &[(&str, &str, &str)]) {
    check_in(shop(|_| {}), rows);
}

/// Checks a story in another shop.
pub fn check_in(catalogs: Catalogs, rows: &[(&str, &str, &str)]) {
    Scene::new(catalogs, at(rows[0].0)).check(rows);
}

/// An instant without what is zero of it.
pub fn brief(instant: Instant) -> String {
    let text = instant.to_string();
    text.strip_suffix("T00:00:00Z").unwrap_or(&text).to_owned()
}

/// Puts the names of operations in place of their ids.
fn names(text: &str) -> String {
    let mut told = String::new();
    for word in text.split_inclusive([' ', ',', '(', ')']) {
        let body = word.trim_end_matches([' ', ',', '(', ')']);
        match Uuid::parse_str(body) {
            Ok(id) => {
                let name = String::from_utf8_lossy(id.as_bytes());
                told += name.trim_end_matches('\0');
                told += &word[body.len()..];
            }
            Err(_) => told += word,
        }
    }
    told
}
