//! What callers ask: random commands of every kind, and what each costs by a table of prices here.

use chrono::TimeDelta;
use credits_core::domain::{
    catalog::{ActualRun, BillingInterval, Generation, Money, PromptFingerprint},
    command::{Command, PriceGuard, Request},
    credits::Credits,
    ids::{ActionId, HoldId, ModelId, OperationId, PackId, PlanId, ProjectId},
    payment::{Payment, PaymentKey, PaymentOutcome},
    preferences::{Change, PreferencesChange},
    time::Instant,
};

use crate::chance::Chance;

/// What a generation costs.
pub fn cost(generation: &Generation, actual: &ActualRun) -> i64 {
    let variations = actual.variations.unwrap_or(generation.variations);
    let seconds = actual.seconds.or(generation.seconds);
    let model = generation.model.as_ref().unwrap().as_str();
    price(model, variations, seconds).expect("only what can be made is asked for")
}

/// What so many results of so many seconds cost on a model; none if it can't make them.
pub fn price(model: &str, variations: u32, seconds: Option<u32>) -> Option<i64> {
    let (results, length) = (i64::from(variations), seconds.map_or(0, i64::from));
    match model {
        // One and a half each, rounded up once.
        "sketch" => (variations <= 8).then_some((3 * results + 1) / 2),
        "drift" => (variations <= 2 && (3..=10).contains(&length)).then_some(4 * length * results),
        "cinema" => {
            (variations <= 2 && (4..=20).contains(&length)).then_some(20 * length * results)
        }
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
        variations,
        seconds,
        ..Generation::of(
            ActionId::parse(action).unwrap(),
            Some(ModelId::parse(model).unwrap()),
        )
    }
}

/// What was asked for so far, of an account; payments are those of all.
#[derive(Clone, Debug, Default)]
pub struct Before {
    pub holds: Vec<HoldId>,
    /// Charges and holds.
    pub runs: Vec<OperationId>,
    /// How often anything was asked.
    pub asked: usize,
    pub payments: Vec<(usize, Request)>,
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

    pub fn command(&self, before: &Before, now: Instant) -> Command {
        Command {
            operation_id: self.id(),
            request: self.request(before, now),
        }
    }

    fn request(&self, before: &Before, now: Instant) -> Request {
        let (holds, payments) = (&before.holds, &before.payments);
        let hold = |asker: &Asker| match holds.len() {
            0 => asker.id(),
            _ if asker.chance.happens(20) => asker.id(),
            // The latest ones are more likely to be open.
            len if asker.chance.happens(700) => holds[len - 1 - asker.chance.index(len.min(4))],
            _ => *asker.chance.pick(holds),
        };
        // Most accounts are opened early and put on a plan, so that there is something to ask for.
        if before.asked < 10 && self.chance.happens(400) {
            return match before.asked {
                0..3 => Request::OpenAccount,
                _ => self.start(),
            };
        }
        match self.chance.below(130) {
            0..6 => Request::OpenAccount,
            6..16 => self.start(),
            16..20 => Request::CancelSubscription,
            20..23 => Request::ResumeSubscription,
            23..29 => self.change_plan(),
            29..37 => self.purchase(payments, now),
            37..55 => self.charge(before),
            55..71 => self.reserve(before),
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
            94..106 if !payments.is_empty() => self.report(payments),
            106..116 => self.report_term(now),
            116..122 => self.prefer(),
            122..126 => self.mark(before),
            _ => Request::Charge {
                generation: Generation {
                    model: None,
                    ..generation("chat", "sketch", 1, None)
                },
                guard: PriceGuard::default(),
            },
        }
    }

    fn charge(&self, before: &Before) -> Request {
        let (generation, guard) = self.run(before);
        Request::Charge { generation, guard }
    }

    fn reserve(&self, before: &Before) -> Request {
        let (generation, guard) = self.run(before);
        Request::Reserve {
            generation,
            guard,
            ttl_minutes: *self.chance.pick(&[None, Some(1), Some(5), Some(1_440)]),
        }
    }

    /// A generation, of a prompt that comes often, perhaps of a project, perhaps one done again.
    fn run(&self, before: &Before) -> (Generation, PriceGuard) {
        let mut generation = self.generation();
        let prompt = u8::try_from(self.chance.below(4)).unwrap();
        generation.prompt_fingerprint = (prompt > 0).then_some(PromptFingerprint([prompt; 32]));
        generation.project = self.project();
        if self.chance.happens(150) {
            generation.regenerate_of = Some(self.earlier(before));
        }
        let guard = PriceGuard {
            repeat_guard: self.chance.happens(100),
            acknowledge_repeat: self.chance.happens(300),
            variations_confirmed: self.chance.happens(600).then_some(generation.variations),
            ..PriceGuard::default()
        };
        (generation, guard)
    }

    fn project(&self) -> Option<ProjectId> {
        let project = self.chance.pick(&[None, Some("film"), Some("poster")]);
        project.map(|project| ProjectId::parse(project).unwrap())
    }

    /// The id of a charge or a hold, or of nothing.
    fn earlier(&self, before: &Before) -> OperationId {
        match before.runs.is_empty() || self.chance.happens(100) {
            true => self.id(),
            false => *self.chance.pick(&before.runs),
        }
    }

    fn mark(&self, before: &Before) -> Request {
        Request::MarkKept {
            charge: self.earlier(before),
            kept: self.chance.happens(800),
        }
    }

    fn prefer(&self) -> Request {
        let switch = || {
            *self.chance.pick(&[
                Change::Keep,
                Change::Reset,
                Change::Set(true),
                Change::Set(false),
            ])
        };
        let ceiling = |some: [i64; 2]| match self.chance.below(5) {
            0 | 1 => Change::Keep,
            2 | 3 => Change::Reset,
            _ => Change::Set(Credits::new(*self.chance.pick(&some)).unwrap()),
        };
        let project_credits_max = match self.chance.below(4) {
            0 | 1 => Change::Keep,
            2 => Change::Reset,
            _ => {
                let max = *self.chance.pick(&[None, Some(50), Some(600)]);
                let max = max.map(|max| Credits::new(max).unwrap());
                Change::Set(
                    self.project()
                        .map(|project| (project, max))
                        .into_iter()
                        .collect(),
                )
            }
        };
        Request::SetPreferences {
            change: PreferencesChange {
                repeat_guard: switch(),
                one_first: switch(),
                request_credits_max: ceiling([20, 200]),
                day_credits_max: ceiling([100, 900]),
                project_credits_max,
            },
        }
    }

    /// A payment of the plan that is told for the first time: of now, of some time ago, or of later.
    fn report_term(&self, now: Instant) -> Request {
        let ago = TimeDelta::hours(self.chance.below(40 * 24).cast_signed());
        let paid_at = match self.chance.below(6) {
            0..3 => now,
            3 | 4 => now.saturating_sub(ago),
            _ => now.saturating_add(TimeDelta::days(self.chance.below(20).cast_signed())),
        };
        let outcome = match self.chance.below(5) {
            0 | 1 => PaymentOutcome::Failed,
            _ => PaymentOutcome::Paid,
        };
        Request::ReportPayment {
            payment: self.payment(paid_at),
            outcome,
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

    /// A report of a payment that was told of before, here or elsewhere, or of one that came to nothing.
    fn report(&self, payments: &[(usize, Request)]) -> Request {
        let own = payments.iter().rev().filter(|(of, _)| *of == self.account);
        let mut own: Vec<_> = own.take(30).collect();
        let term_in_dispute = |(_, one): &&(usize, Request)| {
            let key = |one: &Request| one.payment().map(|payment| payment.key.clone());
            let bought = |(_, other): &(usize, Request)| {
                matches!(other, Request::PurchasePack { .. }) && key(other) == key(one)
            };
            matches!(
                one,
                Request::ReportPayment {
                    outcome: PaymentOutcome::Disputed,
                    ..
                }
            ) && !payments.iter().any(bought)
        };
        // Terms are disputed rarely enough; what becomes of it is worth to be seen.
        if self.chance.happens(500) && own.iter().any(&term_in_dispute) {
            own.retain(term_in_dispute);
        }
        own.truncate(4);
        let (_, bought) = match own.is_empty() || self.chance.happens(100) {
            true => self.chance.pick(payments),
            false => *self.chance.pick(&own),
        };
        // What could come next comes most often: a term that failed is paid later, a dispute ends.
        use PaymentOutcome::{DisputeLost, DisputeWon, Disputed, Failed, Paid, Refunded};
        let next: &[PaymentOutcome] = match bought {
            Request::ReportPayment {
                outcome: Failed, ..
            } => &[Paid],
            Request::ReportPayment {
                outcome: Disputed, ..
            } => &[DisputeWon, DisputeLost, Refunded],
            Request::ReportPayment {
                outcome: DisputeWon,
                ..
            } => &[Refunded, DisputeWon],
            _ => &[Disputed, Disputed, Refunded],
        };
        let any = [Paid, Failed, Disputed, DisputeWon, DisputeLost, Refunded];
        let outcome = match self.chance.happens(250) {
            true => *self.chance.pick(&any),
            false => *self.chance.pick(next),
        };
        Request::ReportPayment {
            payment: bought.payment().expect("it is of one").clone(),
            outcome,
        }
    }

    pub fn payment(&self, paid_at: Instant) -> Payment {
        Payment {
            key: PaymentKey {
                provider: "stripe".to_owned(),
                reference: format!("{}-{}", self.account, self.id()),
            },
            amount: Money {
                amount_minor: 1_200,
                currency: "USD".to_owned().try_into().unwrap(),
            },
            paid_at,
        }
    }

    fn purchase(&self, payments: &[(usize, Request)], now: Instant) -> Request {
        if !payments.is_empty() && self.chance.happens(400) {
            let (_, used) = self.chance.pick(payments);
            let mut again = used.clone();
            match &mut again {
                Request::PurchasePack { pack, .. } if self.chance.happens(200) => {
                    *pack = PackId::parse("top-up").unwrap();
                }
                Request::PurchasePack { .. } => {}
                other => again = self.boost(other.payment().expect("it is of one").clone()),
            }
            return again;
        }
        self.boost(self.payment(now))
    }

    pub fn boost(&self, payment: Payment) -> Request {
        Request::PurchasePack {
            pack: PackId::parse("boost").unwrap(),
            quantity: 1 + u32::try_from(self.chance.below(2)).unwrap(),
            catalog_version: None,
            payment,
        }
    }
}
