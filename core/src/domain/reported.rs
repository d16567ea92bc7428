//! How reports of payments change an account: which lots freeze, thaw and end.
//!
//! Owns the part of `apply` that follows a payment to the lots that it paid for. Like all of it, it
//! never refuses; what may be reported is judged in `decide`.

use super::{
    account::Account,
    ids::LotId,
    lot::{Freeze, Freezes, Lot, Origin},
    payment::{PaidFor, PaymentOutcome, PaymentReport},
    posting::Posting,
    term::{ReportedTerms, of_period},
};

impl PaymentReport {
    /// The reported payments of terms after it, of which `terms` were before it.
    fn terms_after(&self, terms: &ReportedTerms) -> ReportedTerms {
        match &self.paid_for {
            PaidFor::Term(term) => terms.with(*term, self.outcome, self.before),
            PaidFor::Pack { .. } => terms.clone(),
        }
    }

    /// Whether its payment is for the lot.
    pub(super) fn concerns(&self, lot: &Lot) -> bool {
        match &self.paid_for {
            PaidFor::Pack { lot: bought, .. } => lot.id == *bought,
            PaidFor::Term(term) => term.granted(&lot.terms.origin),
        }
    }
}

impl Account {
    /// Counts the report, ends what it takes back, and freezes and thaws what its payment is for. What
    /// it grants is posted already.
    pub(super) fn apply_report(&mut self, report: &PaymentReport) {
        let lost: Vec<LotId> = self.lots_lost(report).iter().map(|lot| lot.id).collect();
        for lot in self.lots.iter_mut().filter(|lot| lost.contains(&lot.id)) {
            lot.revoked = true;
        }
        match (&report.paid_for, report.outcome) {
            (PaidFor::Term(_), _) => {
                self.reported_terms = report.terms_after(&self.reported_terms);
                if let Some(subscription) = &mut self.subscription {
                    subscription.payments.past_due = report.past_due;
                }
                self.freeze_unpaid();
            }
            (PaidFor::Pack { .. }, PaymentOutcome::Disputed) => {
                self.freeze(Freeze::Disputed, |lot| report.concerns(lot));
            }
            (PaidFor::Pack { .. }, PaymentOutcome::DisputeWon) => {
                self.thaw(Freeze::Disputed, |lot| report.concerns(lot));
            }
            // A pack is there only because it was paid for.
            (
                PaidFor::Pack { .. },
                PaymentOutcome::Paid
                | PaymentOutcome::Failed
                | PaymentOutcome::DisputeLost
                | PaymentOutcome::Refunded,
            ) => {}
        }
    }

    /// The lots that end with the report: of a pack, or of the periods of which no payment is paid or in
    /// dispute any more. None, unless the report takes a payment back.
    pub(super) fn lots_lost(&self, report: &PaymentReport) -> Vec<&Lot> {
        if !report.outcome.takes_back() {
            return Vec::new();
        }
        let after = report.terms_after(&self.reported_terms);
        let backed = |lot: &Lot| {
            let period = of_period(&lot.terms.origin);
            period.is_some_and(|period| after.payments(period).is_backed())
        };
        let lots = self.lots.iter();
        lots.filter(|lot| report.concerns(lot) && !lot.revoked && !backed(lot))
            .collect()
    }

    /// Freezes the lots of a plan as the payments of their periods say, and thaws the others.
    pub(super) fn freeze_unpaid(&mut self) {
        for lot in &mut self.lots {
            if !matches!(lot.terms.origin, Origin::Pack { .. }) {
                lot.freezes = self.reported_terms.freezes(&lot.terms.origin);
            }
        }
    }

    /// Why a lot of that origin enters frozen.
    pub(super) fn freezes_of_new(&self, origin: &Origin) -> Freezes {
        self.reported_terms.freezes(origin)
    }

    /// Remembers what was revoked of the current period's allowance, which is neither used nor left.
    pub(super) fn note_revoked(&mut self, posting: &Posting) {
        if posting.revoked.is_zero() {
            return;
        }
        let lot = self.lots.iter().find(|lot| lot.id == posting.lot);
        let Some((lot, subscription)) = lot.zip(self.subscription.as_mut()) else {
            return;
        };
        let current = (subscription.id, subscription.period);
        let is_allowance = matches!(lot.terms.origin, Origin::Plan { .. });
        if is_allowance && of_period(&lot.terms.origin) == Some(current) {
            let revoked = &mut subscription.payments.revoked;
            *revoked = [*revoked, posting.revoked].into_iter().sum();
        }
    }

    /// Forgets terms that have neither lots nor a period to come, but for the latest reported one of the
    /// subscription. A subscription that ended within a period can go on with it.
    pub(super) fn forget_old_terms(&mut self) {
        if self.reported_terms.is_empty() {
            return;
        }
        let current = self.subscription.as_ref().map(|one| (one.id, one.period));
        let broken = self.broken_period.as_ref();
        let broken = broken.map(|one| (one.subscription, one.period));
        let subscription = self.subscription.as_ref();
        let latest = subscription.and_then(|one| self.reported_terms.latest(one).copied());
        let lots = &self.lots;
        self.reported_terms.retain(|one| {
            let runs = |(id, period)| one.term.subscription == id && one.to > period;
            let granted = |lot: &Lot| {
                let period = of_period(&lot.terms.origin);
                period.is_some_and(|(id, period)| one.covers(id, period))
            };
            current.or(broken).is_some_and(runs) || latest == Some(*one) || lots.iter().any(granted)
        });
    }

    fn thaw(&mut self, freeze: Freeze, wanted: impl Fn(&Lot) -> bool) {
        for lot in self.lots.iter_mut().filter(|lot| wanted(lot)) {
            lot.freezes = lot.freezes.without(freeze);
        }
    }
}
