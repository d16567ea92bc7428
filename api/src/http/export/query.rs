//! What an export is asked for, in the parameters of its URL.

use actix_web::web;
use credits_core::{
    domain::{day::Day, ids::AccountId},
    ledger::check_period,
};
use serde::Deserialize;

use crate::{
    auth::Caller,
    error::{Fault, FaultCode},
};

/// The parameters as sent. One that is not known is refused, or a misspelt one would be left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    account_id: Option<String>,
    from: String,
    to: String,
}

/// What is to be exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whose charges.
    pub account: AccountId,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

fn bad_input(message: impl std::fmt::Display) -> Fault {
    Fault::new(FaultCode::BadUserInput, message.to_string())
}

impl Params {
    /// Reads the part of a URL after `?`.
    pub fn parse(query: &str) -> Result<Params, Fault> {
        let read = web::Query::<Params>::from_query(query);
        read.map(web::Query::into_inner).map_err(|_| {
            bad_input(
                "Give the days `from` and `to`, and `accountId` unless it is the token's own; each once, and nothing else.",
            )
        })
    }

    /// What `caller` asks for with them.
    pub fn of(self, caller: &Caller) -> Result<Asked, Fault> {
        let day = |name: &str, text: &str| {
            let told = || bad_input(format!("`{name}` must be a day such as 2026-03-01."));
            Day::parse(text).ok_or_else(told)
        };
        let (from, to) = (day("from", &self.from)?, day("to", &self.to)?);
        check_period(from, to)?;
        let named = self.account_id.as_deref().map(AccountId::parse);
        let account = caller.account(named.transpose()?.as_ref())?;
        Ok(Asked { account, from, to })
    }
}
