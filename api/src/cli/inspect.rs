//! `credits migrate`, `verify`, `token` and `account show`: the operator's commands.

use std::fmt::Write as _;

use credits_core::{
    clock::Clock,
    domain::{account::Account, ids::AccountId, lot::Lot, record::OperationRecord},
    ledger::published_catalogs,
    store::{OperationFilter, SequenceWindow, Store},
    verify,
};
use credits_migration::take_back;

use super::{Failure, print};
use crate::{
    app::{Problem, token_time_s},
    auth::{self, Scope, Scopes},
    config::{self, ServeArgs},
    database::{open_to_read, open_to_write},
};

pub(super) async fn migrate(settings: &ServeArgs, down: Option<u32>) -> Result<(), Failure> {
    let mut settings = config::load_offline(settings)?;
    // The setting is for `serve`, which may lack the right; this command is asked to.
    settings.database.migrate = true;
    let store = open_to_write(&settings).await?;
    if let (Some(steps), Some(connection)) = (down, store.migrating()) {
        let taken = take_back(&connection, steps).await;
        taken.map_err(Problem::from)?;
    }
    store.close().await;
    print(&match down {
        Some(steps) => format!("took back {steps} steps"),
        None => "the tables are up to date".to_owned(),
    })
}

pub(super) async fn verify(settings: &ServeArgs) -> Result<(), Failure> {
    let settings = config::load_offline(settings)?;
    let store = open_to_read(&settings).await?;
    let report = verify::verify(store.as_ref()).await?;
    for finding in &report.findings {
        print(&finding.to_string())?;
    }
    print(&report.to_string())?;
    if report.is_clean() {
        Ok(())
    } else {
        Err(Failure::Found("the ledger is not clean".to_owned()))
    }
}

pub(super) fn token(
    settings: &ServeArgs,
    subject: &str,
    scopes: &[Scope],
    ttl_s: u32,
) -> Result<(), Failure> {
    let settings = config::load_offline(settings)?;
    let mint = auth::open(&settings)?.mint;
    let mint = mint.ok_or_else(|| {
        Failure::Wrong("no key to sign with: configure an HS256 key, or add --dev".to_owned())
    })?;
    let scopes: Scopes = scopes.iter().copied().collect();
    print(&mint.mint(subject, scopes, token_time_s(), ttl_s)?)
}

pub(super) async fn account(
    settings: &ServeArgs,
    id: &AccountId,
    operations: u64,
) -> Result<(), Failure> {
    let settings = config::load_offline(settings)?;
    let store = open_to_read(&settings).await?;
    let account = store.load(id).await?.account;
    if !account.is_open() {
        return Err(Failure::Found(format!("there is no account {id}")));
    }
    let catalogs = published_catalogs(store.as_ref()).await?;
    let window = SequenceWindow {
        above: None,
        below: None,
        newest_first: true,
        limit: operations,
    };
    let filter = OperationFilter::default();
    let records = store.operations(id, &filter, &window).await?;
    let as_of = account.time;
    let balance = account.balance(&catalogs, as_of);
    let mut text = format!(
        "{id}, opened {}, as of its last operation {} at {as_of}\n\
         available {}, held {}, frozen {}\n",
        account.opened_at, account.sequence, balance.available, balance.held, balance.frozen
    );
    if account
        .next_due_at()
        .is_some_and(|due| due <= Clock::real().read().now)
    {
        text.push_str("something is due: it is recorded with the next command or look\n");
    }
    describe(&mut text, &account, &records).map_err(|error| Failure::Wrong(error.to_string()))?;
    print(&text)
}

fn describe(text: &mut String, account: &Account, records: &[OperationRecord]) -> std::fmt::Result {
    if let Some(subscription) = &account.subscription {
        writeln!(
            text,
            "plan {}, paid {}, period {} until {}",
            subscription.plan,
            subscription.interval.word(),
            subscription.period,
            subscription.period_end()
        )?;
    }
    text.push_str("\nlots, in the order they are used\n");
    for lot in &account.lots {
        writeln!(text, "{}", lot_line(lot))?;
    }
    text.push_str("\nopen holds, oldest first\n");
    for hold in &account.holds {
        writeln!(
            text,
            "{}  {} for {} on {}, ends {}",
            hold.id, hold.amount, hold.spend.terms.action, hold.spend.terms.model, hold.expires_at
        )?;
    }
    text.push_str("\noperations, newest first\n");
    for record in records {
        writeln!(
            text,
            "{:>6}  {}  {:<20} {:>+8} -> {:>8}  {}",
            record.sequence.0,
            record.at,
            record.kind.as_str(),
            record.change,
            record.available_after,
            record.model.as_ref().map_or("", |model| model.as_str())
        )?;
    }
    Ok(())
}

fn lot_line(lot: &Lot) -> String {
    let expires = lot.terms.expires_at;
    let expires = expires.map_or("never ends".to_owned(), |at| format!("ends {at}"));
    let frozen = if lot.is_live() { "" } else { ", frozen" };
    format!(
        "{:>6}  {} of {} left, {} held, {expires}{frozen}",
        lot.id.0, lot.remaining, lot.terms.granted, lot.held
    )
}
