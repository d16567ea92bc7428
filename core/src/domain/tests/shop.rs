//! The catalog of the stories: few entries with numbers that are easy to add up.

use std::sync::Arc;

use crate::domain::{
    catalog::{
        Action, AdviceThresholds, BillingInterval, Catalog, Catalogs, IntRange, Model, ModelAction,
        Money, Pack, PackLife, Plan, PlanPrice, PolicySettings, PriceUnit, Produces,
        PublishedCatalog, Ratio, RolloverTerms, SecondsRange, Tier,
    },
    credits::Credits,
    ids::{ActionId, CatalogVersion, ModelId, PackId, PlanId},
    time::Instant,
};

pub fn credits(amount: i64) -> Credits {
    Credits::new(amount).unwrap()
}

fn dollars(amount: i64) -> Money {
    Money {
        amount_minor: amount * 100,
        currency: "USD".parse().unwrap(),
    }
}

fn action(id: &str, produces: Produces) -> Action {
    Action {
        id: ActionId::parse(id).unwrap(),
        name: id.to_owned(),
        description: String::new(),
        produces,
    }
}

fn offer(action: &str, price: &str, seconds: Option<SecondsRange>) -> ModelAction {
    ModelAction {
        action: ActionId::parse(action).unwrap(),
        unit: seconds.map_or(PriceUnit::PerResult, |_| PriceUnit::PerSecond),
        price: price.parse::<Ratio>().unwrap(),
        variations: IntRange { min: 1, max: 8 },
        seconds,
        resolutions: Vec::new(),
        qualities: Vec::new(),
        default_resolution: None,
        default_quality: None,
    }
}

fn model(id: &str, tier: Tier, actions: Vec<ModelAction>) -> Model {
    Model {
        id: ModelId::parse(id).unwrap(),
        name: id.to_owned(),
        description: String::new(),
        tier,
        actions,
    }
}

pub fn plan(id: &str, allowance: i64, intervals: &[BillingInterval]) -> Plan {
    let price = |interval: &BillingInterval| PlanPrice {
        interval: *interval,
        money: dollars(10),
        external_ids: Vec::new(),
    };
    Plan {
        id: PlanId::parse(id).unwrap(),
        name: id.to_owned(),
        description: String::new(),
        allowance: credits(allowance),
        rollover: None,
        prices: intervals.iter().map(price).collect(),
    }
}

pub fn pack(id: &str, amount: i64, life: Option<PackLife>) -> Pack {
    Pack {
        id: PackId::parse(id).unwrap(),
        name: id.to_owned(),
        description: String::new(),
        credits: credits(amount),
        money: dollars(5),
        external_ids: Vec::new(),
        expires_after: life,
        sold_below: None,
    }
}

/// Images cost 10 on `pen`, 50 on `brush` and 10/3 on `sketch`; a second of video 15 on `reel`, 5
/// seconds unless told. `basic` has 500 a month and `pro` 1,000, of which 200 roll over for a month;
/// `solo` is paid monthly only. `boost` is 300 for ever, `spark` 100 for 30 days, `topup` 50 if less
/// than 20 are left of the allowance.
pub fn catalog() -> Catalog {
    let both = [BillingInterval::Monthly, BillingInterval::Yearly];
    let seconds = SecondsRange {
        min: 1,
        max: 20,
        default: 5,
    };
    Catalog {
        actions: vec![
            action("image", Produces::Image),
            action("edit", Produces::Image),
            action("video", Produces::Video),
            action("animate", Produces::Video),
            action("sound", Produces::Audio),
            action("chat", Produces::Text),
        ],
        models: vec![
            model(
                "pen",
                Tier::Basic,
                vec![offer("image", "10", None), offer("edit", "20", None)],
            ),
            model("brush", Tier::Advanced, vec![offer("image", "50", None)]),
            model(
                "sketch",
                Tier::Basic,
                vec![offer("image", "10/3", None), offer("sound", "0", None)],
            ),
            model(
                "reel",
                Tier::Standard,
                vec![
                    offer("video", "15", Some(seconds)),
                    offer("animate", "15", Some(seconds)),
                ],
            ),
        ],
        plans: vec![
            plan("basic", 500, &both),
            Plan {
                rollover: Some(RolloverTerms {
                    max: credits(200),
                    months: 1,
                }),
                ..plan("pro", 1_000, &both)
            },
            plan("solo", 100, &both[..1]),
        ],
        packs: vec![
            pack("boost", 300, None),
            pack("spark", 100, Some(PackLife::Days(30))),
            Pack {
                sold_below: Some(credits(20)),
                ..pack("topup", 50, None)
            },
        ],
        policy: PolicySettings::default(),
        advice: AdviceThresholds::default(),
    }
}

/// Catalogs with the instants from which they count; versions are 1, 2, ….
pub fn published(catalogs: impl IntoIterator<Item = (Instant, Catalog)>) -> Catalogs {
    let mut all = Catalogs::default();
    for (version, (effective_at, catalog)) in (1..).zip(catalogs) {
        let source: Arc<str> = format!("{version}").into();
        let next = PublishedCatalog::new(CatalogVersion(version), effective_at, source, catalog);
        all = all.with(next).unwrap();
    }
    all
}

/// The catalog of the stories, from the beginning of time, changed.
pub fn shop(change: impl FnOnce(&mut Catalog)) -> Catalogs {
    let mut changed = catalog();
    change(&mut changed);
    published([(Instant::default(), changed)])
}
