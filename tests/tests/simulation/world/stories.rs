//! Stories: what one customer asks for in a row. Calls at random meet how they end too rarely.

use chrono::TimeDelta;
use credits_core::domain::{
    command::{Command, Request},
    payment::{Payment, PaymentOutcome},
};

use super::World;
use crate::traffic::Asker;

impl World {
    /// A payment of the plan fails, and is paid when a period may have begun without it.
    pub(super) async fn fail_a_payment(&self, at: usize) {
        let asker = Asker::new(self.chance.clone(), at);
        let payment = asker.payment(self.time.now());
        let failed = report(&payment, PaymentOutcome::Failed);
        self.ask_for(&asker, at, failed).await;
        let days = 5 + self.chance.below(24);
        self.time.pass(TimeDelta::days(days.cast_signed()));
        self.look(at).await;
        let paid = report(&payment, PaymentOutcome::Paid);
        self.ask_for(&asker, at, paid).await;
    }

    /// A payment of the plan or of a pack is disputed, and the dispute ends, perhaps after some time.
    pub(super) async fn dispute_a_payment(&self, at: usize) {
        let asker = Asker::new(self.chance.clone(), at);
        let payment = asker.payment(self.time.now());
        let paid = match self.chance.happens(500) {
            true => asker.boost(payment.clone()),
            false => report(&payment, PaymentOutcome::Paid),
        };
        self.ask_for(&asker, at, paid).await;
        let disputed = report(&payment, PaymentOutcome::Disputed);
        self.ask_for(&asker, at, disputed).await;
        if self.chance.happens(500) {
            self.jump();
        }
        use PaymentOutcome::{DisputeLost, DisputeWon, Refunded};
        let end = *self.chance.pick(&[DisputeWon, DisputeLost, Refunded]);
        self.ask_for(&asker, at, report(&payment, end)).await;
    }

    async fn ask_for(&self, asker: &Asker, at: usize, request: Request) {
        let command = Command {
            operation_id: asker.id(),
            request,
        };
        self.remember(at, &command);
        self.call(at, command).await;
    }
}

fn report(payment: &Payment, outcome: PaymentOutcome) -> Request {
    Request::ReportPayment {
        payment: payment.clone(),
        outcome,
    }
}
