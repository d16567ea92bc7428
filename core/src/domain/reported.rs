//! How reports of payments change an account: what freezes, what thaws, what ends.
//!
//! Owns the part of `apply` that follows a payment to the lots that it brought. Like all of it, it
//! never refuses; what may be reported is judged in `decide`.

use super::{
    account::Account,
    ids::Sequence,
    lot::{Freeze, Freezes, Lot, LotTerms, Origin},
    payment::{PaidFor, PaymentOutcome, Told},
    posting::Posting,
    term::{DisputedTerm, PastDue, Term, of_period},
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
            (PaymentOutcome::Disputed, PaidFor::Term(term)) => self.dispute(*term),
            (PaymentOutcome::DisputeWon, PaidFor::Term(term)) => self.end_dispute(*term),
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

    fn dispute(&mut self, term: Term) {
        match self.disputed_terms.iter_mut().find(|one| one.term == term) {
            Some(one) => one.disputes = one.disputes.saturating_add(1),
            None => self.disputed_terms.push(DisputedTerm { term, disputes: 1 }),
        }
        self.freeze(Freeze::Disputed, |lot| term.brought(&lot.terms.origin));
    }

    fn end_dispute(&mut self, term: Term) {
        for one in &mut self.disputed_terms {
            if one.term == term {
                one.disputes = one.disputes.saturating_sub(1);
            }
        }
        self.disputed_terms.retain(|one| one.disputes > 0);
        let others = self.disputed_terms.clone();
        let still = |lot: &Lot| others.iter().any(|one| one.term.brought(&lot.terms.origin));
        let free = |lot: &Lot| term.brought(&lot.terms.origin) && !still(lot);
        self.thaw(Freeze::Disputed, free);
    }

    pub(super) fn apply_revocation(&mut self, paid_for: &PaidFor, disputed: bool) {
        for lot in self.lots.iter_mut().filter(|lot| paid_for.brought(lot)) {
            lot.revoked = true;
        }
        let PaidFor::Term(term) = paid_for else {
            return;
        };
        if disputed {
            self.end_dispute(*term);
        }
        let current = self.subscription.as_mut();
        let of_it = current.filter(|one| one.id == term.subscription && one.period < term.end());
        if let Some(subscription) = of_it {
            subscription.payments.taken_back = Some(*term);
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
        let mut disputed = self.disputed_terms.iter();
        if disputed.any(|one| one.term.brought(origin)) {
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

    /// Forgets disputes of terms that have no credits left and bring none any more.
    pub(super) fn forget_old_disputes(&mut self) {
        let (lots, subscription) = (&self.lots, &self.subscription);
        self.disputed_terms.retain(|DisputedTerm { term, .. }| {
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
