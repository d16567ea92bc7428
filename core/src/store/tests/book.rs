//! An account's book for tests: commands in, work for a store out, by the real rules.

use std::sync::{Arc, OnceLock};

use crate::{
    domain::{
        account::Account,
        catalog::{BillingInterval, Catalog, Catalogs, Generation, Money, PublishedCatalog},
        command::{Command, PriceGuard, Request},
        credits::Credits,
        decide::Known,
        event::Event,
        ids::{AccountId, ActionId, CatalogVersion, ModelId, OperationId, PackId, PlanId},
        payment::{Payment, PaymentKey, PaymentOutcome, PaymentUse},
        record::{Head, OperationRecord, RefusalRecord},
        time::Instant,
        usage::UsageTally,
    },
    store::{AccountWork, Loaded},
};

/// The example catalog, from 2026 on.
pub(crate) fn catalogs() -> &'static Catalogs {
    static CATALOGS: OnceLock<Catalogs> = OnceLock::new();
    CATALOGS.get_or_init(|| {
        let source: Arc<str> = include_str!("../../catalog/example.toml").into();
        let parsed = Catalog::parse(&source, "example.toml").unwrap();
        let from = at("2026-01-01T00:00:00Z");
        let published = PublishedCatalog::new(CatalogVersion(1), from, source, parsed.catalog);
        Catalogs::default().with(published).unwrap()
    })
}

pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

pub(crate) fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// An operation id by a number.
pub(crate) fn id(number: u128) -> OperationId {
    OperationId(uuid::Uuid::from_u128(number))
}

pub(crate) fn subscribe(plan: &str) -> Request {
    Request::StartSubscription {
        plan: PlanId::parse(plan).unwrap(),
        interval: BillingInterval::Monthly,
        anchor: None,
    }
}

/// Video costs credits by the second.
fn video(seconds: u32) -> Generation {
    let published = catalogs().latest().unwrap();
    let action = ActionId::parse("text-to-video").unwrap();
    let offers = |id: &ModelId| {
        let model = published.catalog.model(id).unwrap();
        model.actions.iter().any(|one| one.action == action)
    };
    let mut models = published
        .catalog
        .models
        .iter()
        .map(|model| model.id.clone());
    let model = models.find(offers);
    Generation {
        seconds: Some(seconds),
        ..Generation::of(action, model)
    }
}

pub(crate) fn charge() -> Request {
    Request::Charge {
        generation: video(5),
        guard: PriceGuard::default(),
    }
}

/// A charge that nobody pays for: the price is above the most that the caller will pay.
pub(crate) fn too_dear() -> Request {
    Request::Charge {
        generation: video(5),
        guard: PriceGuard {
            cost_max: Some(Credits::ZERO),
            ..PriceGuard::default()
        },
    }
}

pub(crate) fn reserve() -> Request {
    Request::Reserve {
        generation: video(5),
        guard: PriceGuard::default(),
        ttl_minutes: None,
    }
}

fn payment(reference: &str, paid_at: &str) -> Payment {
    Payment {
        key: PaymentKey {
            provider: "stripe".to_owned(),
            reference: reference.to_owned(),
        },
        amount: Money {
            amount_minor: 1_200,
            currency: "USD".to_owned().try_into().unwrap(),
        },
        paid_at: at(paid_at),
    }
}

pub(crate) fn purchase(reference: &str) -> Request {
    Request::PurchasePack {
        pack: PackId::parse("boost").unwrap(),
        quantity: 1,
        catalog_version: None,
        payment: payment(reference, "2026-01-02T00:00:00Z"),
    }
}

/// A report of a payment that was made or due at that instant.
pub(crate) fn report(reference: &str, outcome: PaymentOutcome, paid_at: &str) -> Request {
    Request::ReportPayment {
        payment: payment(reference, paid_at),
        outcome,
    }
}

/// An account as one node has it, and what it has not written so far.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) account: Account,
    pub(crate) head: Head,
    base: Head,
    operations: Vec<OperationRecord>,
    usage: UsageTally,
    refusals: Vec<RefusalRecord>,
    payments: Vec<PaymentUse>,
}

impl Book {
    /// Of an account that nobody has opened.
    pub(crate) fn new(name: &str) -> Book {
        Book::of(Loaded {
            account: Account::unopened(account(name)),
            head: Head::START,
        })
    }

    /// Of an account as a store has it.
    pub(crate) fn of(loaded: Loaded) -> Book {
        Book {
            account: loaded.account,
            head: loaded.head,
            base: loaded.head,
            operations: Vec::new(),
            usage: UsageTally::default(),
            refusals: Vec::new(),
            payments: Vec::new(),
        }
    }

    /// Applies time until `now`, then decides.
    pub(crate) fn tell(&mut self, now: &str, operation: u128, request: Request) -> &mut Book {
        self.tell_knowing(now, operation, request, &Known::default())
    }

    /// The same, for a command that needs to know what is not in the account's state.
    pub(crate) fn tell_knowing(
        &mut self,
        now: &str,
        operation: u128,
        request: Request,
        known: &Known,
    ) -> &mut Book {
        let now = at(now);
        self.pass(now);
        let command = Command {
            operation_id: id(operation),
            request,
        };
        let content = command.request.content();
        match self
            .account
            .decide(catalogs(), &command, content, known, now)
        {
            Ok(event) => {
                let event = event.expect("the tests ask for what costs something");
                self.record(&event);
                let (id, sequence) = (&self.account.id, self.account.sequence);
                if known.payment.is_none() {
                    self.payments
                        .extend(PaymentUse::after(None, id, sequence, &event));
                }
            }
            Err(refusal) => self.refusals.push(RefusalRecord {
                account: self.account.id.clone(),
                operation_id: command.operation_id,
                content,
                at: now,
                after: self.account.sequence,
                refusal,
            }),
        }
        self
    }

    /// Applies time until `now`.
    pub(crate) fn pass(&mut self, now: Instant) -> &mut Book {
        for event in self.account.due(catalogs(), now).events {
            self.record(&event);
        }
        self
    }

    fn record(&mut self, event: &Event) {
        let before = self.account.available();
        self.account.apply(event);
        let balance = self.account.balance(catalogs(), event.at);
        let record = OperationRecord::seal(event, &self.account, &balance, before, self.head.hash);
        if let Some(ended) = self.account.ended_group() {
            self.usage.merge(ended);
        }
        self.head = record.head();
        self.operations.push(record);
    }

    /// All that was decided since the last time.
    pub(crate) fn work(&mut self) -> AccountWork {
        AccountWork {
            account: self.account.id.clone(),
            base: std::mem::replace(&mut self.base, self.head),
            operations: std::mem::take(&mut self.operations),
            usage: std::mem::take(&mut self.usage),
            refusals: std::mem::take(&mut self.refusals),
            payments: std::mem::take(&mut self.payments),
            after: Arc::new(self.account.clone()),
        }
    }
}
