//! What a charge would be judged by before its credits are asked for: the guards of a spend, without a
//! spend.
//!
//! Owns nothing of the rules: it asks the very guards that a charge meets, so that what is offered to
//! people is never what would then be refused.

use super::{Case, Known};
use crate::domain::{
    account::Account,
    catalog::{Catalogs, Generation, Price},
    command::PriceGuard,
    refusal::Refusal,
    time::Instant,
};

impl Account {
    /// The price of `generation` at `now` if a charge for it would be refused for nothing but credits;
    /// none for one that is free. What it does again is not looked at: that is no matter of price. Nor
    /// are the guards that the spend itself can answer: whoever chooses has not confirmed anything yet.
    pub fn admits(
        &self,
        catalogs: &Catalogs,
        generation: &Generation,
        now: Instant,
    ) -> Result<Option<Price>, Refusal> {
        let case = Case {
            account: self,
            catalogs,
            known: &Known::default(),
            at: now.max(self.time),
        };
        let guard = PriceGuard {
            acknowledge_repeat: true,
            variations_confirmed: Some(generation.variations),
            ..PriceGuard::default()
        };
        let Some((price, published)) = case.price(generation, &guard.quote)? else {
            return Ok(None);
        };
        case.check_price(&price, published, generation, &guard)?;
        Ok(Some(price))
    }
}
