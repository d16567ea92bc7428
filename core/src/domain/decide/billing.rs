//! Opening, subscribing, cancelling, buying: what billing tells the service.
//!
//! Owns the guards of the only ways in which credits enter by a command: the start of a plan's period
//! and a pack with its payment.

use super::{Case, Verdict};
use crate::domain::{
    catalog::{BillingInterval, Pack, PacksWithoutPlan, Plan, PublishedCatalog},
    credits::Credits,
    due::period_lot,
    event::{Fact, SubscriptionEvent},
    ids::{CatalogVersion, PackId, PlanId},
    lot::{LOTS_MAX, LotTerms, Origin},
    payment::Payment,
    posting::Posting,
    refusal::{Limit, Limited, Refusal},
    subscription::{BrokenPeriod, Subscription},
    term::TermPayments,
    time::{Instant, period_at, period_start},
};

/// How far back an adopter with users may set an anchor.
pub const ANCHOR_MONTHS_BACK_MAX: u32 = 12;
/// The most packs in one purchase.
pub const QUANTITY_MAX: u32 = 1_000;
/// The most credits in one purchase, so that [`LOTS_MAX`] of them stay far below what an account can
/// hold.
pub const PURCHASE_CREDITS_MAX: i64 = 1_000_000_000_000;

impl Case<'_> {
    pub(super) fn open_account(&self) -> Result<Verdict, Refusal> {
        if self.account.is_open() {
            return Err(Refusal::AccountAlreadyExists {
                opened_at: self.account.opened_at,
            });
        }
        Ok(self.plain(Fact::AccountOpened))
    }

    pub(super) fn start_subscription(
        &self,
        plan: &PlanId,
        interval: BillingInterval,
        anchor: Option<Instant>,
    ) -> Result<Verdict, Refusal> {
        let broken = self.broken_period();
        let (anchor, period) = match broken {
            Some(broken) => self.same_anchor(broken, anchor)?,
            None => self.new_anchor(anchor)?,
        };
        let (published, terms) = self.on_sale(plan, Some(interval))?;
        if let Some(current) = &self.account.subscription {
            return Err(Refusal::AlreadySubscribed {
                plan: current.plan.clone(),
                cancel_at: current.cancel_at,
            });
        }
        self.check_overlap(anchor, period)?;
        let made = self.account.sequence.next();
        let subscription = Subscription {
            id: broken.map_or(made, |broken| broken.subscription),
            plan: plan.clone(),
            interval,
            anchor,
            period,
            granted: broken.map_or(Credits::ZERO, |broken| broken.granted),
            cancel_at: None,
            term_from: 0,
            started_in: period,
            scheduled: None,
            payments: TermPayments::default(),
        };
        let added = terms.allowance.saturating_sub(subscription.granted);
        let lot = period_lot(&subscription, period, self.at, added);
        let change = SubscriptionEvent::Started {
            plan: subscription.plan,
            interval,
            anchor,
            period,
            continues: broken.map(|broken| broken.subscription),
        };
        let lot = Some(lot).filter(|lot| broken.is_none() || !lot.granted.is_zero());
        Ok(Verdict {
            postings: lot
                .iter()
                .map(|lot| Posting::granted(made, lot.granted))
                .collect(),
            fact: Fact::SubscriptionChange { change, lot },
            catalog_version: published.version,
        })
    }

    /// The plan in the catalog in force, if it has a price on that interval; on any, if none is named.
    pub(super) fn on_sale(
        &self,
        plan: &PlanId,
        interval: Option<BillingInterval>,
    ) -> Result<(&PublishedCatalog, &Plan), Refusal> {
        let published = self.catalogs.terms_at(self.at);
        let sold = |one: &&Plan| match interval {
            Some(interval) => one.price(interval).is_some(),
            None => !one.prices.is_empty(),
        };
        let plans = || published.catalog.plans.iter().filter(sold);
        let found = plans().find(|one| one.id == *plan);
        found
            .map(|found| (published.as_ref(), found))
            .ok_or_else(|| Refusal::PlanUnknown {
                plan: plan.clone(),
                known: plans().map(|one| one.id.clone()).collect(),
            })
    }

    /// The period that goes on with a start now.
    fn broken_period(&self) -> Option<&BrokenPeriod> {
        let broken = self.account.broken_period.as_ref();
        broken.filter(|broken| self.at < broken.end())
    }

    /// The anchor and period of a start that goes on with a period: no other anchor is possible.
    fn same_anchor(
        &self,
        broken: &BrokenPeriod,
        asked: Option<Instant>,
    ) -> Result<(Instant, u32), Refusal> {
        match asked {
            Some(asked) if asked != broken.anchor => {
                Err(self.anchor_out_of_range(asked, broken.anchor, broken.anchor))
            }
            Some(_) | None => Ok((broken.anchor, broken.period)),
        }
    }

    fn new_anchor(&self, asked: Option<Instant>) -> Result<(Instant, u32), Refusal> {
        let anchor = asked.unwrap_or(self.at);
        let earliest = self.at.minus_months(ANCHOR_MONTHS_BACK_MAX);
        if (earliest..=self.at).contains(&anchor) {
            return Ok((anchor, period_at(anchor, self.at)));
        }
        Err(self.anchor_out_of_range(anchor, earliest, self.at))
    }

    /// Credit periods of one account never overlap: a new subscription whose current period began
    /// before the last one's granted period ended would grant the same days twice.
    fn check_overlap(&self, anchor: Instant, period: u32) -> Result<(), Refusal> {
        let broken = self.account.broken_period.as_ref();
        let granted_until = broken.map(BrokenPeriod::end).or(self.account.plan_ended_at);
        match granted_until {
            Some(end) if self.broken_period().is_none() && period_start(anchor, period) < end => {
                Err(self.anchor_out_of_range(anchor, end, self.at))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn anchor_out_of_range(&self, anchor: Instant, earliest: Instant, latest: Instant) -> Refusal {
        const SECOND: i64 = 1_000_000;
        let max = latest.micros() / SECOND;
        Refusal::ParameterOutOfRange {
            parameter: Limited::Anchor,
            given: anchor.to_string(),
            min: Some(((earliest.micros() + SECOND - 1) / SECOND).min(max)),
            max: Some(max),
            allowed: Vec::new(),
        }
    }

    pub(super) fn cancel_subscription(&self) -> Result<Verdict, Refusal> {
        let subscription = self.subscription()?;
        if let Some(cancel_at) = subscription.cancel_at {
            return Err(Refusal::CancellationAlreadyScheduled { cancel_at });
        }
        let change = SubscriptionEvent::CancellationScheduled {
            cancel_at: subscription.paid_through(),
        };
        Ok(self.plain(Fact::SubscriptionChange { change, lot: None }))
    }

    pub(super) fn resume_subscription(&self) -> Result<Verdict, Refusal> {
        if self.subscription()?.cancel_at.is_none() {
            return Err(Refusal::NoCancellationScheduled);
        }
        let change = SubscriptionEvent::Resumed;
        Ok(self.plain(Fact::SubscriptionChange { change, lot: None }))
    }

    pub(super) fn subscription(&self) -> Result<&Subscription, Refusal> {
        let subscription = self.account.subscription.as_ref();
        subscription.ok_or(Refusal::NotSubscribed)
    }

    pub(super) fn purchase_pack(
        &self,
        id: &PackId,
        quantity: u32,
        version: Option<CatalogVersion>,
        payment: &Payment,
    ) -> Result<Verdict, Refusal> {
        let (published, pack) = self.pack(id, version)?;
        let granted = amount(pack, quantity)?;
        if let Some(used) = &self.known.payment {
            return Err(Refusal::PaymentAlreadyUsed {
                payment: payment.key.clone(),
                operation_id: (used.account == self.account.id).then_some(used.operation_id),
            });
        }
        if self.account.lots.len() >= LOTS_MAX {
            let lots = i64::try_from(LOTS_MAX).expect("a small constant");
            return Err(Refusal::LimitExceeded {
                limit: Limit::Lots,
                max: lots,
                asked: lots + 1,
                used: 0,
            });
        }
        let rule = self
            .catalogs
            .terms_at(self.at)
            .catalog
            .policy
            .packs_without_plan;
        let fact = Fact::PackPurchase {
            pack: id.clone(),
            quantity,
            payment: payment.clone(),
            lot: LotTerms {
                origin: Origin::Pack {
                    pack: id.clone(),
                    quantity,
                },
                granted,
                effective_at: self.at,
                expires_at: pack.expires_after.map(|life| life.expiry(self.at)),
            },
            frozen: self.account.subscription.is_none() && rule == PacksWithoutPlan::Frozen,
        };
        Ok(Verdict {
            fact,
            postings: vec![Posting::granted(self.account.sequence.next(), granted)],
            catalog_version: published.version,
        })
    }

    /// The pack as it was offered: a retired one is honoured at the version that had it.
    fn pack(
        &self,
        id: &PackId,
        version: Option<CatalogVersion>,
    ) -> Result<(&PublishedCatalog, &Pack), Refusal> {
        let in_force = self.catalogs.terms_at(self.at);
        let published = match version {
            Some(version) => self.catalogs.version(version),
            None => Some(in_force),
        };
        let found = published.and_then(|one| Some((one.as_ref(), one.catalog.pack(id)?)));
        found.ok_or_else(|| {
            // A version that does not exist has no packs: those in force would be a wrong answer.
            let packs = published.map_or(&[][..], |one| one.catalog.packs.as_slice());
            Refusal::PackUnknown {
                pack: id.clone(),
                known: packs.iter().map(|pack| pack.id.clone()).collect(),
            }
        })
    }
}

fn amount(pack: &Pack, quantity: u32) -> Result<Credits, Refusal> {
    let fits = i64::from(QUANTITY_MAX).min(PURCHASE_CREDITS_MAX / pack.credits.get().max(1));
    let amount = pack
        .credits
        .checked_mul(quantity)
        .filter(|_| (1..=fits).contains(&i64::from(quantity)));
    amount.ok_or_else(|| Refusal::ParameterOutOfRange {
        parameter: Limited::Quantity,
        given: quantity.to_string(),
        min: Some(1),
        max: Some(fits),
        allowed: Vec::new(),
    })
}
