//! What callers ask: random commands of every kind, and what each costs by a table of prices here.

use credits_core::domain::{
    catalog::{ActualRun, BillingInterval, Generation, Money},
    command::{Command, PriceGuard, Request},
    ids::{ActionId, HoldId, ModelId, OperationId, PackId, PlanId},
    payment::{Payment, PaymentKey, PaymentOutcome},
    time::Instant,
};

use crate::chance::Chance;

/// What a generation costs.
pub fn cost(generation: &Generation, actual: &ActualRun) -> i64 {
    let variations = i64::from(actual.variations.unwrap_or(generation.variations));
    let seconds = actual.seconds.or(generation.seconds).map_or(0, i64::from);
    match generation.model.as_ref().unwrap().as_str() {
        // One and a half each, rounded up once.
        "sketch" => (3 * variations + 1) / 2,
        "drift" => 4 * seconds * variations,
        "cinema" => 20 * seconds * variations,
        other => panic!("{other} is not asked for here"),
    }
}

/// What a pack or a plan's period grants.
pub fn granted(name: &str) -> i64 {
    match name {
        "starter" => 300,
        "creator" => 1_000,
        "studio" => 5_000,
        "top-up" => 100,
        "boost" => 500,
        other => panic!("{other} is not asked for here"),
    }
}

pub fn generation(action: &str, model: &str, variations: u32, seconds: Option<u32>) -> Generation {
    Generation {
        action: ActionId::parse(action).unwrap(),
        model: Some(ModelId::parse(model).unwrap()),
        variations,
        seconds,
        resolution: None,
        quality: None,
        project: None,
        regenerate_of: None,
        prompt_fingerprint: None,
        prompt_fingerprint_before: None,
    }
}

/// Asks at random.
#[derive(Clone, Debug)]
pub struct Asker {
    chance: Chance,
    account: usize,
}

impl Asker {
    pub fn new(chance: Chance, account: usize) -> Asker {
        Asker { chance, account }
    }

    /// An id that nobody used before.
    pub fn id(&self) -> OperationId {
        let bits = (u128::from(self.chance.next()) << 64) | u128::from(self.chance.next());
        OperationId(uuid::Uuid::from_u128(bits))
    }

    pub fn command(
        &self,
        holds: &[HoldId],
        payments: &[(usize, Request)],
        now: Instant,
    ) -> Command {
        Command {
            operation_id: self.id(),
            request: self.request(holds, payments, now),
        }
    }

    fn request(&self, holds: &[HoldId], payments: &[(usize, Request)], now: Instant) -> Request {
        let hold = |asker: &Asker| match holds.len() {
            0 => asker.id(),
            _ if asker.chance.happens(20) => asker.id(),
            // The latest ones are more likely to be open.
            len if asker.chance.happens(700) => holds[len - 1 - asker.chance.index(len.min(4))],
            _ => *asker.chance.pick(holds),
        };
        match self.chance.below(100) {
            0..6 => Request::OpenAccount,
            6..16 => self.start(),
            16..20 => Request::CancelSubscription,
            20..23 => Request::ResumeSubscription,
            23..29 => self.change_plan(),
            29..37 => self.purchase(payments, now),
            37..55 => Request::Charge {
                generation: self.generation(),
                guard: PriceGuard::default(),
            },
            55..71 => Request::Reserve {
                generation: self.generation(),
                guard: PriceGuard::default(),
                ttl_minutes: self
                    .chance
                    .pick(&[None, Some(1), Some(5), Some(1_440)])
                    .to_owned(),
            },
            71..75 => Request::ExtendHold {
                hold: hold(self),
                ttl_minutes: *self.chance.pick(&[60, 120, 1_000]),
            },
            75..88 => Request::Settle {
                hold: hold(self),
                actual: ActualRun {
                    variations: self.chance.happens(300).then_some(1),
                    seconds: None,
                },
            },
            88..94 => Request::Release { hold: hold(self) },
            94..97 if !payments.is_empty() => self.report(payments),
            _ => Request::Charge {
                generation: Generation {
                    model: None,
                    ..generation("chat", "sketch", 1, None)
                },
                guard: PriceGuard::default(),
            },
        }
    }

    fn generation(&self) -> Generation {
        match self.chance.below(6) {
            0 | 1 => {
                let variations = 1 + u32::try_from(self.chance.below(8)).unwrap();
                generation("text-to-image", "sketch", variations, None)
            }
            2 | 3 => {
                let seconds = 3 + u32::try_from(self.chance.below(8)).unwrap();
                generation("text-to-video", "drift", 2, Some(seconds))
            }
            _ => generation("text-to-video", "cinema", 2, Some(10)),
        }
    }

    fn start(&self) -> Request {
        Request::StartSubscription {
            plan: self.plan(),
            interval: self.interval(),
            anchor: None,
        }
    }

    fn change_plan(&self) -> Request {
        Request::ChangePlan {
            plan: self.plan(),
            interval: self.chance.happens(500).then(|| self.interval()),
        }
    }

    fn plan(&self) -> PlanId {
        let plan = self.chance.pick(&["starter", "creator", "studio"]);
        PlanId::parse(plan).unwrap()
    }

    fn interval(&self) -> BillingInterval {
        match self.chance.below(4) {
            0 => BillingInterval::Yearly,
            _ => BillingInterval::Monthly,
        }
    }

    /// A report of a payment for a pack, bought here or elsewhere, or not at all.
    fn report(&self, payments: &[(usize, Request)]) -> Request {
        let own = payments.iter().rev().find(|(of, _)| *of == self.account);
        let (_, bought) = match own {
            Some(own) if self.chance.happens(800) => own,
            Some(_) | None => self.chance.pick(payments),
        };
        Request::ReportPayment {
            payment: bought.payment().expect("a purchase").clone(),
            outcome: *self.chance.pick(&[
                PaymentOutcome::Disputed,
                PaymentOutcome::Disputed,
                PaymentOutcome::DisputeWon,
                PaymentOutcome::DisputeLost,
                PaymentOutcome::Refunded,
            ]),
        }
    }

    fn purchase(&self, payments: &[(usize, Request)], now: Instant) -> Request {
        if !payments.is_empty() && self.chance.happens(400) {
            let (_, used) = self.chance.pick(payments);
            let mut again = used.clone();
            if let Request::PurchasePack { pack, .. } = &mut again
                && self.chance.happens(200)
            {
                *pack = PackId::parse("top-up").unwrap();
            }
            return again;
        }
        Request::PurchasePack {
            pack: PackId::parse("boost").unwrap(),
            quantity: 1 + u32::try_from(self.chance.below(2)).unwrap(),
            catalog_version: None,
            payment: Payment {
                key: PaymentKey {
                    provider: "stripe".to_owned(),
                    reference: format!("{}-{}", self.account, self.id()),
                },
                amount: Money {
                    amount_minor: 1_200,
                    currency: "USD".to_owned().try_into().unwrap(),
                },
                paid_at: now,
            },
        }
    }
}
