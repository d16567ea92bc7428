//! How an account stands, as accounts are listed by.

use crate::domain::{account::Account, subscription::Subscription};

/// How an account's subscription stands, as accounts are filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountStanding {
    /// On no plan.
    Unsubscribed,
    /// On a plan that renews.
    Active,
    /// On a plan that ends with the paid term.
    Cancelling,
    /// On a plan whose payment is past due, cancelled or not.
    PastDue,
}

impl AccountStanding {
    /// Every standing, with the text it is stored as.
    pub const ALL: [(AccountStanding, &'static str); 4] = [
        (AccountStanding::Unsubscribed, "unsubscribed"),
        (AccountStanding::Active, "active"),
        (AccountStanding::Cancelling, "cancelling"),
        (AccountStanding::PastDue, "past_due"),
    ];

    /// How `account` stands.
    pub fn of(account: &Account) -> AccountStanding {
        match &account.subscription {
            None => AccountStanding::Unsubscribed,
            Some(subscription) => AccountStanding::on(subscription),
        }
    }

    /// How `subscription` stands.
    pub fn on(subscription: &Subscription) -> AccountStanding {
        if subscription.payments.past_due.is_some() {
            AccountStanding::PastDue
        } else if subscription.cancel_at.is_some() {
            AccountStanding::Cancelling
        } else {
            AccountStanding::Active
        }
    }

    /// The text it is stored as.
    pub fn as_str(self) -> &'static str {
        let (_, text) = AccountStanding::ALL[self as usize];
        text
    }
}
