//! The demo account: 75 days of history, made by the ledger itself under a manual clock.
//!
//! Owns the story that the account tells, which shows everything that an account can be told at least
//! once. Nothing is written past the ledger: each line of it is a command that was decided at its
//! instant, or something that time did.

mod ask;
mod teller;

use std::sync::Arc;

use chrono::TimeDelta;
use credits_core::{
    clock::Clock,
    domain::{catalog::EXAMPLE, ids::AccountId, time::Instant},
    store::{Store, sql::SqlStore},
};

use self::teller::{Teller, invalid};
use crate::{
    app::{Problem, start_ledger},
    config::Settings,
};

/// The account of the demo.
pub const ACCOUNT: &str = "demo";
/// How far back its history goes.
const HISTORY_DAYS: i64 = 75;
/// How long after the history the announced prices count.
const ANNOUNCED_DAYS: i64 = 14;

/// Makes the demo account as of `now`, unless it is there or other catalogs are.
pub async fn prepare(
    settings: &Settings,
    store: &Arc<SqlStore>,
    now: Instant,
) -> Result<(), Problem> {
    if is_there(store).await? || !store.catalogs().await?.is_empty() {
        return Ok(());
    }
    let account = AccountId::parse(ACCOUNT).map_err(invalid)?;
    let began = now.saturating_sub(TimeDelta::days(HISTORY_DAYS));
    let clock = Clock::manual(began, 0.0);
    let ledger = start_ledger(settings, store, clock.clone()).await?;
    ledger.publish_catalog(EXAMPLE.to_owned(), None).await?;
    let teller = Teller {
        ledger,
        clock,
        account,
        began,
    };
    tell(&teller).await
}

/// Whether the demo account was made before.
pub async fn is_there(store: &Arc<SqlStore>) -> Result<bool, Problem> {
    let account = AccountId::parse(ACCOUNT).map_err(invalid)?;
    Ok(store.load(&account).await?.account.is_open())
}

/// Days and hours are counted from the beginning; renewals happen by themselves in between. Each month
/// of it ends on the same day in any year: the second from day 31 to 59 at least, the third from day 62
/// at most.
async fn tell(teller: &Teller) -> Result<(), Problem> {
    first_month(teller).await?;
    second_month(teller).await?;
    third_month(teller).await
}

/// A plan that was too small, a campaign, a pack, and the same prompt again and again.
async fn first_month(teller: &Teller) -> Result<(), Problem> {
    teller.opens("starter").await?;
    // The small plan was too small: the first month is granted the difference.
    teller.does(0, 20, ask::larger_plan("creator")?).await?;
    for (day, hour) in [(1, 9), (1, 10), (2, 9), (5, 15), (9, 11), (12, 20)] {
        teller
            .pictures(day, hour, "canvas", 4, "spring-campaign")
            .await?;
    }
    teller.video(14, 10, "reel", "spring-campaign").await?;
    teller.buys_a_pack(20, 8, "demo-payment-1").await?;
    // Days before what is left of the allowance ends.
    teller.retries(27, 10, "canvas", "spring-campaign").await
}

/// A film: three attempts of which the last, on another model, is kept; a generation that failed; and
/// two long takes, after which little is left.
async fn second_month(teller: &Teller) -> Result<(), Problem> {
    for (day, hour) in [(33, 9), (33, 10), (34, 9), (38, 16), (44, 12)] {
        teller
            .pictures(day, hour, "sketch", 6, "product-photos")
            .await?;
    }
    let first = teller.attempt(46, 9, "reel", "product-film", None).await?;
    let again = teller
        .attempt(46, 10, "reel", "product-film", Some(first))
        .await?;
    let kept = teller
        .attempt(46, 11, "cinema", "product-film", Some(again))
        .await?;
    teller.does(46, 12, ask::kept(kept)).await?;
    teller.video(47, 9, "cinema", "product-film").await?;
    teller.abandoned(48, 9, "cinema", "product-film").await?;
    teller.long_film(57, 9, "cinema", "product-film").await?;
    teller.long_film(58, 9, "cinema", "product-film").await
}

/// A ceiling, a campaign within it, another film, a request that was too much, and prices to come.
async fn third_month(teller: &Teller) -> Result<(), Problem> {
    let ceiling = ask::project_ceiling("autumn-campaign", 500)?;
    teller.does(62, 18, ceiling).await?;
    for (day, hour) in [(63, 9), (66, 10), (70, 18)] {
        teller
            .pictures(day, hour, "atelier", 4, "autumn-campaign")
            .await?;
    }
    teller.video(71, 9, "reel", "autumn-film").await?;
    teller.video(71, 11, "reel", "autumn-film").await?;
    teller.too_much(72, 9).await?;
    let days = HISTORY_DAYS + ANNOUNCED_DAYS;
    teller.announces(73, 9, days).await?;
    teller.video(74, 9, "cinema", "autumn-film").await
}
