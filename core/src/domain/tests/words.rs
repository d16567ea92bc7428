//! The words in which stories are told.
//!
//! | asked | is |
//! |---|---|
//! | `wait` | nothing; time alone acts |
//! | `start basic yearly [since 2026-01-31]`, `cancel`, `resume` | the subscription |
//! | `change pro [yearly]` | another plan, another interval, or a change taken back |
//! | `buy boost [x2] [with pay-1] [of 1]` | a pack, its payment, the catalog version of the offer |
//! | `charge image pen [x3] [10s] [#film] [~fox] [max 50]`, `reserve … [for 60]` | a spend with its project and prompt; minutes of the hold |
//! | `settle h1 [x2] [3s]`, `release h1`, `extend h1 90` | a hold, by its name |
//!
//! Any of them may end in ` as h1`, which names it.

use uuid::Uuid;

use super::shop::credits;
use crate::domain::{
    catalog::{ActualRun, BillingInterval, Generation, Money, PromptFingerprint},
    command::{PriceGuard, Request},
    ids::{ActionId, CatalogVersion, ModelId, OperationId, PackId, PlanId, ProjectId},
    payment::{Payment, PaymentKey},
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
    let mut wanted = Generation {
        action: ActionId::parse(words[0]).unwrap(),
        model: None,
        variations: 1,
        seconds: None,
        resolution: None,
        quality: None,
        project: None,
        regenerate_of: None,
        prompt_fingerprint: None,
    };
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

/// The request that the words ask for, by an operation of that name.
pub fn request(mut words: Vec<&str>, name: &str) -> Request {
    let verb = words.remove(0);
    let number = |word: Option<&str>| word.map(|word| word.parse::<u32>().unwrap());
    let guard = PriceGuard {
        cost_max: number(cut(&mut words, "max")).map(|max| credits(i64::from(max))),
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
            generation: generation(&words),
            guard,
        },
        "reserve" => Request::Reserve {
            generation: generation(&words),
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
        "release" => Request::Release { hold: hold() },
        other => panic!("`{other}` is no request"),
    }
}
