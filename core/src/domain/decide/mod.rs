//! The decision: one command, one account, one instant, one answer.
//!
//! **This is where a charge is decided.** Owns the staircase of guards behind each request, in the
//! documented precedence of refusals. It changes nothing, and it expects that time was applied
//! first ([`super::due`]). Text actions never come here: they are free, whatever the account.

mod billing;
mod care;
mod hold;
mod payment_report;
mod plan_change;
mod preview;
mod regenerate;
mod spend;

use super::{
    account::Account,
    catalog::Catalogs,
    command::{Command, ContentHash, Request},
    event::{Cause, Event, Fact},
    hold::ResolvedHold,
    ids::CatalogVersion,
    payment::PaymentUse,
    posting::Posting,
    refusal::Refusal,
    regeneration::Earlier,
    time::Instant,
};

/// What a decision must know that is not in the account's own state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// What is known of the command's payment, if it was used before.
    pub payment: Option<PaymentUse>,
    /// The command's hold, if it is no longer open.
    pub hold: Option<ResolvedHold>,
    /// The charge or reserve that the command names, if it is one of the account's.
    pub earlier: Option<Earlier>,
}

/// What a request comes to: a fact with its postings, by a catalog version.
struct Verdict {
    fact: Fact,
    postings: Vec<Posting>,
    catalog_version: CatalogVersion,
}

/// All that the guards look at.
struct Case<'a> {
    account: &'a Account,
    catalogs: &'a Catalogs,
    known: &'a Known,
    at: Instant,
}

impl Account {
    /// Decides a command at `now`. `Ok(None)` is a request that costs nothing and leaves no trace.
    /// `content` is the hash of the command's content, [`Request::content`].
    ///
    /// An account's time never goes back: a `now` before its last operation counts as that instant.
    pub fn decide(
        &self,
        catalogs: &Catalogs,
        command: &Command,
        content: ContentHash,
        known: &Known,
        now: Instant,
    ) -> Result<Option<Event>, Refusal> {
        let at = now.max(self.time);
        debug_assert!(self.next_due_at().is_none_or(|due| due > at), "time first");
        let case = Case {
            account: self,
            catalogs,
            known,
            at,
        };
        let verdict = case.judge(&command.request)?;
        Ok(verdict.map(|verdict| Event {
            at,
            recorded_at: at,
            caused_by: Some(Cause {
                operation_id: command.operation_id,
                content,
            }),
            catalog_version: verdict.catalog_version,
            fact: verdict.fact,
            postings: verdict.postings,
        }))
    }
}

impl Case<'_> {
    fn judge(&self, request: &Request) -> Result<Option<Verdict>, Refusal> {
        match request {
            Request::OpenAccount => self.open_account().map(Some),
            Request::StartSubscription {
                plan,
                interval,
                anchor,
            } => self.start_subscription(plan, *interval, *anchor).map(Some),
            Request::CancelSubscription => self.cancel_subscription().map(Some),
            Request::ResumeSubscription => self.resume_subscription().map(Some),
            Request::PurchasePack {
                pack,
                quantity,
                catalog_version,
                payment,
            } => self
                .purchase_pack(pack, *quantity, *catalog_version, payment)
                .map(Some),
            Request::Charge { generation, guard } => self.charge(generation, guard),
            Request::Reserve {
                generation,
                guard,
                ttl_minutes,
            } => self.reserve(generation, guard, *ttl_minutes),
            Request::ExtendHold { hold, ttl_minutes } => {
                self.extend_hold(*hold, *ttl_minutes).map(Some)
            }
            Request::Settle { hold, actual } => self.settle(*hold, actual).map(Some),
            Request::Release { hold } => self.release(*hold).map(Some),
            Request::ChangePlan { plan, interval } => self.change_plan(plan, *interval).map(Some),
            Request::ReportPayment { payment, outcome } => {
                self.report_payment(payment, *outcome).map(Some)
            }
            Request::SetPreferences { change } => self.set_preferences(change).map(Some),
            Request::MarkKept { charge, kept } => self.mark_kept(*charge, *kept).map(Some),
        }
    }

    /// A fact by the catalog in force now, without postings.
    fn plain(&self, fact: Fact) -> Verdict {
        Verdict {
            fact,
            postings: Vec::new(),
            catalog_version: self.catalogs.terms_at(self.at).version,
        }
    }
}
