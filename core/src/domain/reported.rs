//! How reports of payments change an account: what freezes, what thaws, what ends.
//!
//! Owns the part of `apply` that follows a payment to the lots that it brought. Like all of it, it
//! never refuses; what may be reported is judged in `decide`.

use super::{
    account::Account,
    ids::{LotId, Sequence},
    lot::{Freeze, Freezes, Lot, LotTerms, Origin},
    payment::{PaidFor, PaymentOutcome, Told},
    posting::Posting,
    term::{PastDue, ReportedTerm, Term, of_period},
    time::Instant,
};

impl PaidFor {
    /// Whether the payment brought the lot.
    pub(super) fn brought(&self, lot: &Lot) -> bool {
        match self {
            PaidFor::Pack { lot: bought, .. } => lot.id == *bought,
            PaidFor::Term(term) => term.brought(&lot.terms.origin),
        }
    }
}

impl PastDue {
    /// Whether credits of that origin, of that subscription, are not paid for.
    fn covers(&self, id: Sequence, origin: &Origin) -> bool {
        of_period(origin)
            .is_some_and(|(subscription, period)| subscription == id && period >= self.from)
    }
}

impl Account {
    pub(super) fn apply_report(
        &mut self,
        at: Instant,
        told: Told<'_>,
        past_due: Option<PastDue>,
        lot: Option<&LotTerms>,
    ) {
        match (told.outcome, told.paid_for) {
            (PaymentOutcome::Disputed, PaidFor::Pack { lot, .. }) => {
                self.freeze(Freeze::Disputed, |one| one.id == *lot);
            }
            (PaymentOutcome::DisputeWon, PaidFor::Pack { lot, .. }) => {
                self.thaw(Freeze::Disputed, |one| one.id == *lot);
            }
            (PaymentOutcome::Disputed, PaidFor::Term(term)) => self.restand(*term, -1, 1),
            (PaymentOutcome::DisputeWon, PaidFor::Term(term)) => self.restand(*term, 1, -1),
            (PaymentOutcome::Failed, PaidFor::Term(_)) => self.set_past_due(past_due),
            (PaymentOutcome::Paid, PaidFor::Term(term)) => {
                self.apply_paid(at.min(told.payment.paid_at), *term, past_due, lot);
            }
            // A pack is there only because it was paid for, and what takes back is a revocation.
            (PaymentOutcome::Paid | PaymentOutcome::Failed, PaidFor::Pack { .. })
            | (PaymentOutcome::DisputeLost | PaymentOutcome::Refunded, _) => {}
        }
    }

    fn apply_paid(
        &mut self,
        paid_at: Instant,
        term: Term,
        past_due: Option<PastDue>,
        lot: Option<&LotTerms>,
    ) {
        self.restand(term, 1, 0);
        let current = self.subscription.as_mut();
        let Some(subscription) = current.filter(|one| one.id == term.subscription) else {
            // The plan has ended meanwhile; what is left of the term is paid for all the same.
            return self.thaw(Freeze::PastDue, |lot| term.brought(&lot.terms.origin));
        };
        let payments = &mut subscription.payments;
        payments.paid_at = payments.paid_at.max(Some(paid_at));
        payments
            .taken_back
            .take_if(|taken_back| taken_back.first <= term.first);
        if let Some(lot) = lot {
            payments.withheld = false;
            subscription.granted = [subscription.granted, lot.granted].into_iter().sum();
        }
        self.set_past_due(past_due);
    }

    /// Freezes what is not paid for of the subscription's allowance, and thaws what is.
    fn set_past_due(&mut self, past_due: Option<PastDue>) {
        let Some(subscription) = &mut self.subscription else {
            return;
        };
        subscription.payments.past_due = past_due;
        let id = subscription.id;
        let of_it = |lot: &Lot| of_period(&lot.terms.origin).is_some_and(|(of, _)| of == id);
        let unpaid = |lot: &Lot| past_due.is_some_and(|one| one.covers(id, &lot.terms.origin));
        self.freeze(Freeze::PastDue, unpaid);
        self.thaw(Freeze::PastDue, |lot| of_it(lot) && !unpaid(lot));
    }

    /// A payment of a term stands otherwise: so many more of them are paid, so many more in dispute.
    fn restand(&mut self, term: Term, paid: i32, disputes: i32) {
        self.reported_terms = self.reported_terms_with(term, paid, disputes);
        let terms = &self.reported_terms;
        for lot in &mut self.lots {
            lot.freezes = match of_period(&lot.terms.origin) {
                Some(_) if in_dispute(terms, &lot.terms.origin) => {
                    lot.freezes.with(Freeze::Disputed)
                }
                Some(_) => lot.freezes.without(Freeze::Disputed),
                None => lot.freezes,
            };
        }
    }

    fn reported_terms_with(&self, term: Term, paid: i32, disputes: i32) -> Vec<ReportedTerm> {
        let mut terms = self.reported_terms.clone();
        if !terms.iter().any(|one| one.term == term) {
            terms.push(ReportedTerm {
                term,
                paid: 0,
                disputes: 0,
            });
        }
        for one in terms.iter_mut().filter(|one| one.term == term) {
            one.paid = one.paid.saturating_add_signed(paid);
            one.disputes = one.disputes.saturating_add_signed(disputes);
        }
        terms.retain(|one| one.paid > 0 || one.disputes > 0);
        terms
    }

    /// The lots that a payment brought which is taken back, and which no other payment pays for.
    pub(super) fn lots_lost(&self, paid_for: &PaidFor, disputed: bool) -> Vec<&Lot> {
        let (paid, disputes) = leaves(disputed);
        let others = match paid_for {
            PaidFor::Term(term) => self.reported_terms_with(*term, paid, disputes),
            PaidFor::Pack { .. } => Vec::new(),
        };
        let lots = self.lots.iter();
        lots.filter(|lot| paid_for.brought(lot) && !backed(&others, &lot.terms.origin))
            .collect()
    }

    pub(super) fn apply_revocation(&mut self, paid_for: &PaidFor, disputed: bool) {
        let lost = self.lots_lost(paid_for, disputed);
        let lost: Vec<LotId> = lost.iter().map(|lot| lot.id).collect();
        for lot in self.lots.iter_mut().filter(|lot| lost.contains(&lot.id)) {
            lot.revoked = true;
        }
        let PaidFor::Term(term) = paid_for else {
            return;
        };
        let (paid, disputes) = leaves(disputed);
        self.restand(*term, paid, disputes);
        let terms = &self.reported_terms;
        let current = self.subscription.as_mut();
        let of_it = current.filter(|one| one.id == term.subscription && one.period < term.end());
        if let Some(subscription) = of_it {
            let mut to_come = subscription.period.max(term.first)..term.end();
            let paid = |period| {
                let covers = |one: &ReportedTerm| one.term.covers(term.subscription, period);
                terms.iter().any(covers)
            };
            if !to_come.all(paid) {
                // A month that is given back after the year around it leaves the year unpaid.
                let taken_back = &mut subscription.payments.taken_back;
                let longer = taken_back.filter(|before| before.end() > term.end());
                *taken_back = longer.or(Some(*term));
            }
        }
    }

    /// Why a lot of that origin enters frozen.
    pub(super) fn freezes_of_new(&self, origin: &Origin) -> Freezes {
        let mut freezes = Freezes::NONE;
        if let Some(subscription) = &self.subscription
            && let Some(past_due) = subscription.payments.past_due
            && past_due.covers(subscription.id, origin)
        {
            freezes = freezes.with(Freeze::PastDue);
        }
        if in_dispute(&self.reported_terms, origin) {
            freezes = freezes.with(Freeze::Disputed);
        }
        freezes
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

    /// Forgets terms that have no credits left and bring none any more.
    pub(super) fn forget_old_terms(&mut self) {
        let (lots, subscription) = (&self.lots, &self.subscription);
        self.reported_terms.retain(|ReportedTerm { term, .. }| {
            let goes_on = subscription
                .as_ref()
                .is_some_and(|one| one.id == term.subscription && one.period < term.end());
            goes_on || lots.iter().any(|lot| term.brought(&lot.terms.origin))
        });
    }

    fn thaw(&mut self, freeze: Freeze, wanted: impl Fn(&Lot) -> bool) {
        for lot in self.lots.iter_mut().filter(|lot| wanted(lot)) {
            lot.freezes = lot.freezes.without(freeze);
        }
    }
}

/// Whether a payment that stands, or is in dispute, is for credits of that origin.
fn backed(terms: &[ReportedTerm], origin: &Origin) -> bool {
    terms.iter().any(|one| one.term.brought(origin))
}

/// Whether what is paid of credits of that origin is all in dispute.
fn in_dispute(terms: &[ReportedTerm], origin: &Origin) -> bool {
    let stands = |one: &ReportedTerm| one.paid > 0 && one.term.brought(origin);
    backed(terms, origin) && !terms.iter().any(stands)
}

/// By how much one payment less is paid, or in dispute, when it is taken back.
fn leaves(disputed: bool) -> (i32, i32) {
    if disputed { (0, -1) } else { (-1, 0) }
}
