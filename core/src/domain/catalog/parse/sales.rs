//! Reading what is sold: plans and packs, with their money.

use super::{Entry, Reported, read_all, refuse_duplicates};
use crate::domain::{
    catalog::{
        finding::CatalogRule,
        money::{Currency, ExternalId, Money},
        pack::{Pack, PackLife},
        plan::{BillingInterval, Plan, PlanPrice, RolloverTerms},
    },
    credits::Credits,
    ids::{PackId, PlanId},
};

/// The most credits of one allowance, rollover or pack. An account has at most 1,000 lots with
/// something left, and 1,000 of these are still far below what credits can hold.
const LOT_CREDITS_MAX: i64 = 1_000_000_000_000;
/// The largest amount of money, in the smallest unit, for the same reason of exact JSON numbers.
const MONEY_MINOR_MAX: i64 = 1_000_000_000_000;
/// The longest life of credits, in months: ten years; leave the key out for ever.
const MONTHS_MAX: u32 = 120;
/// The longest life of credits, in days: ten years.
const DAYS_MAX: u32 = 3_660;
/// The longest name that another system gives to a price, in characters.
const EXTERNAL_ID_CHARS_MAX: usize = 200;

const INTERVALS: [(&str, BillingInterval); 2] = [
    (BillingInterval::Monthly.word(), BillingInterval::Monthly),
    (BillingInterval::Yearly.word(), BillingInterval::Yearly),
];

pub(super) fn plans(root: &Entry<'_>) -> Result<Vec<Plan>, Reported> {
    let entries = root.tables("plans")?;
    refuse_duplicates(&entries, "id", CatalogRule::DuplicateId);
    read_all(&entries, plan)
}

fn plan(entry: &Entry<'_>) -> Result<Plan, Reported> {
    entry.only(&[
        "id",
        "name",
        "description",
        "allowance",
        "rollover",
        "prices",
    ]);
    let id = entry.id("id", PlanId::parse);
    let name = entry.name("name");
    let description = entry.description("description");
    let allowance = entry.credits("allowance", 1..=LOT_CREDITS_MAX);
    let rollover = entry.optional("rollover", rollover);
    let prices = entry.tables("prices").and_then(|prices| {
        if prices.is_empty() {
            let message = "has no price, so nobody could start the plan";
            return Err(entry.wrong("prices", CatalogRule::MissingField, message));
        }
        refuse_duplicates(&prices, "interval", CatalogRule::DuplicateInterval);
        read_all(&prices, plan_price)
    });
    Ok(Plan {
        id: id?,
        name: name?,
        description: description?,
        allowance: allowance?,
        rollover: rollover?,
        prices: prices?,
    })
}

fn rollover(entry: &Entry<'_>, key: &str) -> Result<RolloverTerms, Reported> {
    let terms = entry.table(key)?;
    terms.only(&["max", "months"]);
    let max = terms.credits("max", 1..=LOT_CREDITS_MAX);
    let months = terms.number("months", 1..=MONTHS_MAX);
    Ok(RolloverTerms {
        max: max?,
        months: months?,
    })
}

fn plan_price(entry: &Entry<'_>) -> Result<PlanPrice, Reported> {
    entry.only(&["interval", "money", "external_ids"]);
    let interval = entry.word("interval", &INTERVALS);
    let money = money(entry);
    let external_ids = external_ids(entry);
    Ok(PlanPrice {
        interval: interval?,
        money: money?,
        external_ids: external_ids?,
    })
}

pub(super) fn packs(root: &Entry<'_>) -> Result<Vec<Pack>, Reported> {
    let entries = root.tables("packs")?;
    refuse_duplicates(&entries, "id", CatalogRule::DuplicateId);
    read_all(&entries, pack)
}

fn pack(entry: &Entry<'_>) -> Result<Pack, Reported> {
    entry.only(&[
        "id",
        "name",
        "description",
        "credits",
        "money",
        "external_ids",
        "expires_after",
        "sold_below",
    ]);
    let id = entry.id("id", PackId::parse);
    let name = entry.name("name");
    let description = entry.description("description");
    let credits = entry.credits("credits", 1..=LOT_CREDITS_MAX);
    let money = money(entry);
    let external_ids = external_ids(entry);
    let expires_after = entry.optional("expires_after", pack_life);
    let sold_below: Result<Option<Credits>, Reported> = entry
        .optional("sold_below", |entry, key| {
            entry.credits(key, 1..=LOT_CREDITS_MAX)
        });
    Ok(Pack {
        id: id?,
        name: name?,
        description: description?,
        credits: credits?,
        money: money?,
        external_ids: external_ids?,
        expires_after: expires_after?,
        sold_below: sold_below?,
    })
}

fn pack_life(entry: &Entry<'_>, key: &str) -> Result<PackLife, Reported> {
    let life = entry.table(key)?;
    life.only(&["months", "days"]);
    match (life.has("months"), life.has("days")) {
        (true, false) => life.number("months", 1..=MONTHS_MAX).map(PackLife::Months),
        (false, true) => life.number("days", 1..=DAYS_MAX).map(PackLife::Days),
        (true, true) | (false, false) => Err(entry.wrong(
            key,
            CatalogRule::MissingField,
            "must have exactly one of months and days",
        )),
    }
}

fn money(entry: &Entry<'_>) -> Result<Money, Reported> {
    let money = entry.table("money")?;
    money.only(&["amount_minor", "currency"]);
    let amount_minor = money.integer("amount_minor", 0..=MONEY_MINOR_MAX);
    let currency = money.string("currency").and_then(|text| {
        text.parse::<Currency>().map_err(|wrong| {
            let message = format!("{wrong}, not `{text}`");
            money.wrong("currency", CatalogRule::InvalidText, message)
        })
    });
    Ok(Money {
        amount_minor: amount_minor?,
        currency: currency?,
    })
}

fn external_ids(entry: &Entry<'_>) -> Result<Vec<ExternalId>, Reported> {
    let entries = entry.tables("external_ids")?;
    read_all(&entries, |entry| {
        entry.only(&["provider", "id"]);
        let provider = entry.text("provider", EXTERNAL_ID_CHARS_MAX);
        let id = entry.text("id", EXTERNAL_ID_CHARS_MAX);
        Ok(ExternalId {
            provider: provider?.to_owned(),
            id: id?.to_owned(),
        })
    })
}
