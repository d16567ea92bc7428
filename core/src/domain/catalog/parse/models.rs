//! Reading actions and the models that run them, with every rule about prices.

use std::collections::{HashMap, HashSet};

use super::{Entry, Reported, read_all, refuse_duplicates};
use crate::domain::{
    catalog::{
        action::{Action, Produces},
        finding::CatalogRule,
        model::{IntRange, Model, ModelAction, PriceOption, PriceUnit, SecondsRange, Tier},
        price::largest_cost,
        ratio::Ratio,
    },
    ids::{ActionId, ModelId, OptionId},
};

/// The most results of one request: more is a batch of requests, each with its own answer.
const VARIATIONS_MAX: u32 = 100;
/// The longest result, in seconds: an hour, beyond any model.
const SECONDS_MAX: u32 = 3_600;

const PRODUCES: [(&str, Produces); 4] = [
    (Produces::Image.word(), Produces::Image),
    (Produces::Video.word(), Produces::Video),
    (Produces::Audio.word(), Produces::Audio),
    (Produces::Text.word(), Produces::Text),
];
const TIERS: [(&str, Tier); 3] = [
    (Tier::Basic.word(), Tier::Basic),
    (Tier::Standard.word(), Tier::Standard),
    (Tier::Advanced.word(), Tier::Advanced),
];
const UNITS: [(&str, PriceUnit); 2] = [
    ("result", PriceUnit::PerResult),
    ("second", PriceUnit::PerSecond),
];

pub(super) fn actions(root: &Entry<'_>) -> Result<Vec<Action>, Reported> {
    let entries = root.tables("actions")?;
    refuse_duplicates(&entries, "id", CatalogRule::DuplicateId);
    let actions = read_all(&entries, action);
    refuse_unpriced(root, &entries);
    actions
}

fn action(entry: &Entry<'_>) -> Result<Action, Reported> {
    entry.only(&["id", "name", "description", "produces"]);
    let id = entry.id("id", ActionId::parse);
    let name = entry.name("name");
    let description = entry.description("description");
    let produces = entry.word("produces", &PRODUCES);
    Ok(Action {
        id: id?,
        name: name?,
        description: description?,
        produces: produces?,
    })
}

/// "Any action that produces an image or video uses credits", so each has a price somewhere.
fn refuse_unpriced(root: &Entry<'_>, actions: &[Entry<'_>]) {
    let models = root.tables_if_any("models");
    let offers = models
        .iter()
        .flat_map(|model| model.tables_if_any("actions"));
    let priced: HashSet<&str> = offers.filter_map(|offer| offer.peek("action")).collect();
    for action in actions {
        let Some(id) = action.peek("id") else {
            continue;
        };
        if let (false, Some(produces)) = (priced.contains(id), produces_of(action))
            && produces.needs_price_above_zero()
        {
            let message = format!(
                "produces {} and no model has a price for it: add it to a model's actions",
                produces.word()
            );
            action.wrong("id", CatalogRule::ActionWithoutPrice, message);
        }
    }
}

/// What each action of the file produces, even where the rest of the action is wrong; `None` if
/// that is wrong too.
type Known<'a> = HashMap<&'a str, Option<Produces>>;

fn known_actions<'a>(root: &Entry<'a>) -> Known<'a> {
    let actions = root.tables_if_any("actions");
    actions
        .iter()
        .filter_map(|action| Some((action.peek("id")?, produces_of(action))))
        .collect()
}

pub(super) fn models(root: &Entry<'_>) -> Result<Vec<Model>, Reported> {
    let entries = root.tables("models")?;
    refuse_duplicates(&entries, "id", CatalogRule::DuplicateId);
    let actions = known_actions(root);
    read_all(&entries, |entry| model(entry, &actions))
}

fn model(entry: &Entry<'_>, actions: &Known<'_>) -> Result<Model, Reported> {
    entry.only(&["id", "name", "description", "tier", "actions"]);
    let id = entry.id("id", ModelId::parse);
    let name = entry.name("name");
    let description = entry.description("description");
    let tier = entry.word("tier", &TIERS);
    let offers = entry.tables("actions").and_then(|offers| {
        if offers.is_empty() {
            return Err(entry.wrong(
                "actions",
                CatalogRule::MissingField,
                "has no action it can run",
            ));
        }
        refuse_duplicates(&offers, "action", CatalogRule::DuplicateId);
        read_all(&offers, |offer| model_action(offer, actions))
    });
    Ok(Model {
        id: id?,
        name: name?,
        description: description?,
        tier: tier?,
        actions: offers?,
    })
}

fn model_action(entry: &Entry<'_>, actions: &Known<'_>) -> Result<ModelAction, Reported> {
    entry.only(&[
        "action",
        "price",
        "per",
        "variations",
        "seconds",
        "resolutions",
        "default_resolution",
        "qualities",
        "default_quality",
    ]);
    let action = entry.id("action", ActionId::parse);
    let price = price(entry, actions);
    let unit = entry.word("per", &UNITS);
    let variations = entry.optional("variations", variations);
    let seconds = seconds(entry, &unit);
    let resolutions = options(entry, "resolutions", "default_resolution");
    let qualities = options(entry, "qualities", "default_quality");
    let (resolutions, default_resolution) = resolutions?;
    let (qualities, default_quality) = qualities?;
    let offer = ModelAction {
        action: action?,
        unit: unit?,
        price: price?,
        variations: variations?.unwrap_or(IntRange { min: 1, max: 1 }),
        seconds: seconds?,
        resolutions,
        qualities,
        default_resolution,
        default_quality,
    };
    match largest_cost(&offer) {
        Some(_) => Ok(offer),
        None => Err(entry.wrong(
            "price",
            CatalogRule::CostTooLarge,
            "times the most variations and seconds and the largest factors is more than an \
             account can hold, or has too many digits to be exact",
        )),
    }
}

/// The price of an action on a model, judged by what the action makes.
fn price(entry: &Entry<'_>, actions: &Known<'_>) -> Result<Ratio, Reported> {
    let id = entry.peek("action").unwrap_or_default();
    let action = actions.get(id);
    if entry.peek("action").is_some() && action.is_none() {
        let message = format!("`{id}` is not an action of this catalog");
        entry.wrong("action", CatalogRule::ActionUnknown, message);
    }
    let produces = action.copied().flatten();
    if produces.is_some_and(Produces::is_free) {
        let message = format!("`{id}` produces text, which is unlimited: no model prices it");
        return Err(entry.wrong("action", CatalogRule::TextPriced, message));
    }
    if !entry.has("price") {
        let message = format!("has no price, so `{id}` cannot run here: add `price` or remove it");
        return Err(entry.wrong("price", CatalogRule::PriceMissing, message));
    }
    let price = entry.ratio("price")?;
    if let (true, Some(produces)) = (price.is_zero(), produces)
        && produces.needs_price_above_zero()
    {
        let message = format!("must be above 0: `{id}` produces {}", produces.word());
        return Err(entry.wrong("price", CatalogRule::PriceNotAboveZero, message));
    }
    Ok(price)
}

fn variations(entry: &Entry<'_>, key: &str) -> Result<IntRange, Reported> {
    let range = entry.table(key)?;
    range.only(&["min", "max"]);
    let min = range.optional("min", |range, key| range.number(key, 1..=VARIATIONS_MAX));
    let max = range.number("max", 1..=VARIATIONS_MAX);
    let (min, max) = (min?.unwrap_or(1), max?);
    refuse_empty_range(&range, min, max)?;
    Ok(IntRange { min, max })
}

fn seconds(
    entry: &Entry<'_>,
    unit: &Result<PriceUnit, Reported>,
) -> Result<Option<SecondsRange>, Reported> {
    if !entry.has("seconds") {
        return match unit {
            Ok(PriceUnit::PerSecond) => {
                let message = "is missing, and the price is per second";
                Err(entry.wrong("seconds", CatalogRule::MissingField, message))
            }
            Ok(PriceUnit::PerResult) | Err(Reported) => Ok(None),
        };
    }
    let range = entry.table("seconds")?;
    range.only(&["min", "max", "default"]);
    let min = range.number("min", 1..=SECONDS_MAX);
    let max = range.number("max", 1..=SECONDS_MAX);
    let default = range.number("default", 1..=SECONDS_MAX);
    let (min, max, default) = (min?, max?, default?);
    refuse_empty_range(&range, min, max)?;
    if !(min..=max).contains(&default) {
        let message = format!("must be from {min} to {max}, the range it is the default of");
        return Err(range.wrong("default", CatalogRule::DefaultNotOffered, message));
    }
    Ok(Some(SecondsRange { min, max, default }))
}

fn refuse_empty_range(range: &Entry<'_>, min: u32, max: u32) -> Result<(), Reported> {
    if min <= max {
        return Ok(());
    }
    let message = format!("must be at most max, but {min} is above {max}");
    Err(range.wrong("min", CatalogRule::EmptyRange, message))
}

/// A list of options with its default, which there is exactly if there are options.
fn options(
    entry: &Entry<'_>,
    key: &str,
    default_key: &str,
) -> Result<(Vec<PriceOption>, Option<OptionId>), Reported> {
    let entries = entry.tables(key)?;
    refuse_duplicates(&entries, "id", CatalogRule::DuplicateId);
    let options = read_all(&entries, option);
    if entry.has(key) && entries.is_empty() {
        let message = "must not be an empty list: leave the key out instead";
        return Err(entry.wrong(key, CatalogRule::EmptyRange, message));
    }
    if entries.is_empty() && !entry.has(default_key) {
        return Ok((Vec::new(), None));
    }
    let default = entry.id(default_key, OptionId::parse)?;
    if !entries
        .iter()
        .any(|option| option.peek("id") == Some(default.as_str()))
    {
        let message = format!("`{default}` is not the id of any of the {key}");
        return Err(entry.wrong(default_key, CatalogRule::DefaultNotOffered, message));
    }
    Ok((options?, Some(default)))
}

fn option(entry: &Entry<'_>) -> Result<PriceOption, Reported> {
    entry.only(&["id", "name", "factor"]);
    let id = entry.id("id", OptionId::parse);
    let name = entry.optional("name", Entry::name);
    let factor = entry.ratio("factor").and_then(|factor| {
        if factor.is_zero() {
            let rule = CatalogRule::PriceNotAboveZero;
            return Err(entry.wrong(
                "factor",
                rule,
                "must be above 0: 1 leaves the price as it is",
            ));
        }
        Ok(factor)
    });
    let id = id?;
    Ok(PriceOption {
        name: name?.unwrap_or_else(|| id.to_string()),
        id,
        factor: factor?,
    })
}

fn produces_of(action: &Entry<'_>) -> Option<Produces> {
    let word = action.peek("produces")?;
    PRODUCES
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, produces)| *produces)
}
