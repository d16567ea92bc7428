//! The words in which stories are told.
//!
//! | asked | is |
//! |---|---|
//! | `wait` | nothing; time alone acts |
//! | `start basic yearly [since 2026-01-31]`, `cancel`, `resume` | the subscription |
//! | `change pro [yearly]` | another plan, another interval, or a change taken back |
//! | `buy boost [x2] [with pay-1] [of 1]` | a pack, its payment, the catalog version of the offer |
//! | `charge image pen [x3] [10s] [max 50]`, `reserve … [for 60]` | a spend; minutes of the hold |
//! | `paid pay-1 [at 2026-02-01]`, `failed …`, `disputed …`, `won …`, `lost …`, `refunded …` | a report of a payment, which was made or due at that instant |
//! | `charge image pen [x3] [10s] [#film] [~fox] [max 50]`, `reserve … [for 60]` | a spend with its project and prompt; minutes of the hold |
//! | `charge … [guarded] [again] [confirm 3]` | the repeat guard, an acknowledged repeat, so many results confirmed |
//! | `set guard on`, `set one off`, `set request 50`, `set day catalog`, `set #film 60` | preferences |
//! | `charge … redo c1` | of a spend: it does the one of that name again |
//! | `keep c1`, `unkeep c1` | the charge whose result is kept |
//! | `settle h1 [x2] [3s]`, `release h1`, `extend h1 90` | a hold, by its name |
//!
//! Any of them may end in ` as h1`, which names it.

use uuid::Uuid;

use super::shop::credits;
use crate::domain::{
    catalog::{ActualRun, BillingInterval, Generation, Money, PromptFingerprint},
    command::{PriceGuard, Request},
    ids::{ActionId, CatalogVersion, ModelId, OperationId, PackId, PlanId, ProjectId},
    payment::{Payment, PaymentKey, PaymentOutcome},
    preferences::{Change, PreferencesChange},
    time::Instant,
};

/// `2026-01-31`, `2026-01-31 12:00` or RFC 3339 in full.
pub fn at(text: &str) -> Instant {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{}:00Z", text.replace(' ', "T")),
        _ => text.to_owned(),
    };
    Instant::parse(&whole).unwrap_or_else(|| panic!("`{text}` is no instant"))
}

/// The operation id of a name of up to 16 letters.
pub fn named(name: &str) -> OperationId {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    OperationId(Uuid::from_bytes(bytes))
}

pub fn generation(words: &[&str]) -> Generation {
    let mut wanted = Generation::of(ActionId::parse(words[0]).unwrap(), None);
    for word in &words[1..] {
        if let Some(count) = count(word) {
            wanted.variations = count;
        } else if let Some(length) = length(word) {
            wanted.seconds = Some(length);
        } else if let Some(prompt) = word.strip_prefix('~') {
            let fingerprint = blake3::hash(prompt.as_bytes());
            wanted.prompt_fingerprint = Some(PromptFingerprint(fingerprint.into()));
        } else if let Some(project) = word.strip_prefix('#') {
            wanted.project = Some(ProjectId::parse(project).unwrap());
        } else {
            wanted.model = Some(ModelId::parse(word).unwrap());
        }
    }
    wanted
}

fn count(word: &str) -> Option<u32> {
    word.strip_prefix('x')?.parse().ok()
}

fn length(word: &str) -> Option<u32> {
    word.strip_suffix('s')?.parse().ok()
}

fn interval(word: &str) -> BillingInterval {
    match word {
        "monthly" => BillingInterval::Monthly,
        "yearly" => BillingInterval::Yearly,
        other => panic!("`{other}` is no interval"),
    }
}

/// Cuts `key value` out of the words.
pub fn cut<'t>(words: &mut Vec<&'t str>, key: &str) -> Option<&'t str> {
    let place = words.iter().position(|word| *word == key)?;
    words.remove(place);
    Some(words.remove(place))
}

pub fn payment(reference: &str) -> Payment {
    Payment {
        key: PaymentKey {
            provider: "bank".to_owned(),
            reference: reference.to_owned(),
        },
        amount: Money {
            amount_minor: 500,
            currency: "USD".parse().unwrap(),
        },
        paid_at: at("2026-01-01"),
    }
}

fn outcome(verb: &str) -> PaymentOutcome {
    match verb {
        "paid" => PaymentOutcome::Paid,
        "failed" => PaymentOutcome::Failed,
        "disputed" => PaymentOutcome::Disputed,
        "won" => PaymentOutcome::DisputeWon,
        "lost" => PaymentOutcome::DisputeLost,
        "refunded" => PaymentOutcome::Refunded,
        other => panic!("`{other}` is no outcome"),
    }
}

fn flag(words: &mut Vec<&str>, flag: &str) -> bool {
    let place = words.iter().position(|word| *word == flag);
    place.map(|place| words.remove(place)).is_some()
}

fn change<T>(word: &str, read: impl FnOnce(&str) -> T) -> Change<T> {
    match word {
        "catalog" => Change::Reset,
        word => Change::Set(read(word)),
    }
}

fn preferences(key: &str, word: &str) -> PreferencesChange {
    let mut wanted = PreferencesChange::default();
    let amount = |word: &str| credits(word.parse().unwrap());
    let switch = |word: &str| word == "on";
    match key {
        "guard" => wanted.repeat_guard = change(word, switch),
        "one" => wanted.one_first = change(word, switch),
        "request" => wanted.request_credits_max = change(word, amount),
        "day" => wanted.day_credits_max = change(word, amount),
        "projects" => wanted.project_credits_max = Change::Reset,
        project => {
            let project = ProjectId::parse(project.strip_prefix('#').unwrap()).unwrap();
            let max = (word != "catalog").then(|| amount(word));
            wanted.project_credits_max = Change::Set(vec![(project, max)]);
        }
    }
    wanted
}

/// The request that the words ask for, by an operation of that name.
pub fn request(mut words: Vec<&str>, name: &str) -> Request {
    let verb = words.remove(0);
    let again = cut(&mut words, "redo").map(named);
    let spend = |words: &[&str]| Generation {
        regenerate_of: again,
        ..generation(words)
    };
    let number = |word: Option<&str>| word.map(|word| word.parse::<u32>().unwrap());
    let guard = PriceGuard {
        cost_max: number(cut(&mut words, "max")).map(|max| credits(i64::from(max))),
        variations_confirmed: number(cut(&mut words, "confirm")),
        repeat_guard: flag(&mut words, "guarded"),
        acknowledge_repeat: flag(&mut words, "again"),
        ..PriceGuard::default()
    };
    let ttl_minutes = number(cut(&mut words, "for"));
    let hold = || named(words[0]);
    match verb {
        "open" => Request::OpenAccount,
        "start" => Request::StartSubscription {
            anchor: cut(&mut words, "since").map(at),
            plan: PlanId::parse(words[0]).unwrap(),
            interval: interval(words[1]),
        },
        "change" => Request::ChangePlan {
            plan: PlanId::parse(words[0]).unwrap(),
            interval: words.get(1).map(|word| interval(word)),
        },
        "cancel" => Request::CancelSubscription,
        "resume" => Request::ResumeSubscription,
        "buy" => Request::PurchasePack {
            payment: payment(cut(&mut words, "with").unwrap_or(name)),
            catalog_version: cut(&mut words, "of").map(|of| CatalogVersion(of.parse().unwrap())),
            pack: PackId::parse(words[0]).unwrap(),
            quantity: words.get(1).map_or(1, |word| count(word).unwrap()),
        },
        "charge" => Request::Charge {
            generation: spend(&words),
            guard,
        },
        "reserve" => Request::Reserve {
            generation: spend(&words),
            guard,
            ttl_minutes,
        },
        "extend" => Request::ExtendHold {
            hold: hold(),
            ttl_minutes: words[1].parse().unwrap(),
        },
        "settle" => Request::Settle {
            hold: hold(),
            actual: ActualRun {
                variations: words.iter().find_map(|word| count(word)),
                seconds: words[1..].iter().find_map(|word| length(word)),
            },
        },
        "keep" | "unkeep" => Request::MarkKept {
            charge: hold(),
            kept: verb == "keep",
        },
        "set" => Request::SetPreferences {
            change: preferences(words[0], words[1]),
        },
        "release" => Request::Release { hold: hold() },
        "paid" | "failed" | "disputed" | "won" | "lost" | "refunded" => Request::ReportPayment {
            payment: Payment {
                paid_at: at(cut(&mut words, "at").unwrap_or("2026-01-01")),
                ..payment(words[0])
            },
            outcome: outcome(verb),
        },
        other => panic!("`{other}` is no request"),
    }
}
