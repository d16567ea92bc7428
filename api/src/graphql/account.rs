//! Accounts: who owns credits.

use async_graphql::{Context, ID, Object};
use credits_core::{
    domain::{event::OperationKind as Kind, ids::AccountId},
    ledger::{AccountView, ChargeFilter},
    store::{AccountWindow, OperationFilter},
};
use futures_util::future::try_join_all;

use super::{
    access,
    balance::Balance,
    charge::{self, ChargeConnection},
    fault::parse_id,
    forecast::Forecast,
    hold::{Hold, HoldConnection},
    insight::{self, Insights},
    lot::{Lot, LotState},
    node::{Node, NodeId},
    notice::{self, NoticeConnection},
    offer::PackOffer,
    operation::{self, OperationConnection, OperationKind},
    page::{self, Page, connection},
    plan_change::{self, PlanChangeInput, PlanChangePreview},
    preferences::Preferences,
    recommend::{self, Affordable},
    scalar::{Date, DateTime},
    standing,
    subscription::{PlanSubscription, SubscriptionStatus},
    usage::{self, UsageDimension, UsageReport},
};
use crate::error::Fault;

/// What a balance at another instant costs: ten years of renewals, or a search of the ledger.
const BALANCE_AT_COST: usize = 20;

/// An account as it was committed last.
#[derive(Clone)]
pub struct Account(AccountView);

connection!(Account, AccountConnection, AccountEdge);

/// Who owns credits. All its fields but the lists that grow are of one position in its ledger.
#[Object]
impl Account {
    /// The account's opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Account(self.0.account.id.clone()).into()
    }

    /// The client's own id of the account: 1 to 128 visible characters.
    async fn account_id(&self) -> ID {
        ID::from(self.0.account.id.as_str())
    }

    /// When the account was opened.
    async fn created_at(&self) -> DateTime {
        self.0.account.opened_at.into()
    }

    /// What the account has now.
    async fn balance(&self) -> Balance {
        Balance::from(&self.0.balance)
    }

    /// What the account had, or will have, at an instant; that instant is the balance's `asOf`.
    ///
    /// The past is read from the ledger: the balance right after the last operation that counts at or
    /// before the instant. `sequence` is that operation's position, and `renewsWith` what was told
    /// then. The future is what comes if nothing but time happens to the account, by the catalogs
    /// published now: renewals, rollover, what ends. `sequence` is then the position that the
    /// projection starts from, and not one that it leads to. An instant before the account was opened,
    /// or more than ten years ahead, is `BAD_USER_INPUT`.
    #[graphql(complexity = "BALANCE_AT_COST + child_complexity")]
    async fn balance_at(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instant, from the account's `createdAt` to ten years from now.")]
        time: DateTime,
    ) -> Result<Balance, Fault> {
        let balance = access::ledger(ctx).balance_at(&self.0, time.0).await?;
        Ok(Balance::from(&balance))
    }

    /// How the account's owner wants to spend with care, with what was used under each ceiling.
    async fn preferences(&self, ctx: &Context<'_>) -> Preferences {
        Preferences::new(ctx, &self.0)
    }

    /// The plan that the account is on; null without one.
    async fn subscription(&self) -> Option<PlanSubscription> {
        let account = &self.0.account;
        let subscription = account.subscription.as_ref()?;
        Some(PlanSubscription::new(
            &account.id,
            subscription,
            self.0.balance.as_of,
        ))
    }

    /// The lots with something left or held, in the order in which they are used: what expires first,
    /// then allowance before rollover before packs, then the oldest. At most 1,000.
    #[graphql(complexity = "page::list_cost(20, child_complexity)")]
    async fn lots(
        &self,
        #[graphql(desc = "Only lots in one of these states; all, if left out.")] states: Option<
            Vec<LotState>,
        >,
    ) -> Vec<Lot> {
        let mut lots = self.all_lots();
        if let Some(states) = states {
            lots.retain(|lot| states.contains(&lot.state));
        }
        lots
    }

    /// The holds that were placed on the account, newest first, open or resolved.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn holds(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "So many from the start, 1 to 100; 20 if neither `first` nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<HoldConnection, Fault> {
        let page = Page::parse(first, after.as_deref(), last, before.as_deref())?;
        standing::page(ctx, &self.0.account, &page).await
    }

    /// The holds that are open now, oldest first. At most 256.
    #[graphql(complexity = "page::list_cost(20, child_complexity)")]
    async fn open_holds(&self) -> Vec<Hold> {
        let account = &self.0.account;
        let hold = |hold| Hold::open(&account.id, hold);
        account.holds.iter().map(hold).collect()
    }

    /// What the account can make with what it can spend now: for each action of each model, in the
    /// catalog's order and at most 100, how many of its usual request. What would be refused for
    /// anything but credits is left out. So are actions that make text: they are unlimited.
    #[graphql(
        name = "whatCanIMake",
        complexity = "recommend::COST + page::list_cost(20, child_complexity)"
    )]
    async fn what_can_i_make(&self, ctx: &Context<'_>) -> Result<Vec<Affordable>, Fault> {
        recommend::what_can_be_made(ctx, &self.0, self.all_lots()).await
    }

    /// Every pack of the catalog in force, and whether it may be sold to this account now.
    #[graphql(complexity = "page::list_cost(20, child_complexity)")]
    async fn pack_offers(&self, ctx: &Context<'_>) -> Vec<PackOffer> {
        let catalogs = access::ledger(ctx).catalogs();
        let offers = self.0.account.pack_offers(&catalogs, self.0.balance.as_of);
        offers.iter().map(PackOffer::from).collect()
    }

    /// What a change of plan, or leaving it, would do to this account if it were asked for now and
    /// nothing else before it acts. Nothing changes.
    async fn preview_plan_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The plan to change to.")] input: PlanChangeInput,
    ) -> Result<PlanChangePreview, Fault> {
        plan_change::preview(ctx, &self.0, input)
    }

    /// The account's ledger, newest first: every operation that a client or time made.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn operations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only operations of these kinds; all, if left out.")] kinds: Option<
            Vec<OperationKind>,
        >,
        #[graphql(
            desc = "So many from the start, 1 to 100; 20 if neither `first` nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<OperationConnection, Fault> {
        let page = Page::parse(first, after.as_deref(), last, before.as_deref())?;
        let filter = OperationFilter {
            kinds: kinds
                .unwrap_or_default()
                .into_iter()
                .map(Kind::from)
                .collect(),
            ..OperationFilter::default()
        };
        operation::page(ctx, &self.0.account.id, &filter, &page).await
    }

    /// What the account consumed, newest first.
    ///
    /// With `project`, `model` or `action` a page looks at 10,000 operations at most, beginning on a day
    /// that has such charges. It may then have fewer entries than asked for, or none, though more
    /// follow: `hasNextPage` is true as long as not all was looked at, and `endCursor` is where the
    /// look ended, so that a client that goes on while `hasNextPage` misses nothing.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    #[expect(
        clippy::too_many_arguments,
        reason = "a connection has four, a resolver two"
    )]
    async fn charges(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only charges of this project, by the client's own id.")] project: Option<
            ID,
        >,
        #[graphql(desc = "Only charges on this model, by its catalog id.")] model: Option<ID>,
        #[graphql(desc = "Only charges for this action, by its catalog id.")] action: Option<ID>,
        #[graphql(desc = "Only charges that count at this instant or after it.")] from: Option<
            DateTime,
        >,
        #[graphql(desc = "Only charges that count before this instant.")] to: Option<DateTime>,
        #[graphql(
            desc = "So many from the start, 1 to 100; 20 if neither `first` nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<ChargeConnection, Fault> {
        let page = Page::parse(first, after.as_deref(), last, before.as_deref())?;
        let filter = ChargeFilter {
            project: parse_id(project)?,
            model: parse_id(model)?,
            action: parse_id(action)?,
            from: from.map(|from| from.0),
            to: to.map(|to| to.0),
        };
        charge::page(ctx, &self.0.account.id, &filter, &page).await
    }

    /// What the account was charged from one day to another, summed by day, model, action or project.
    /// It reads sums that are kept with the charges, and is exact up to its `sequence`.
    #[graphql(complexity = "usage::cost(child_complexity)")]
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day, in UTC.")] from: Date,
        #[graphql(
            desc = "The last day, in UTC, which is in the report too: at most 400 days with the first."
        )]
        to: Date,
        #[graphql(
            desc = "What the rows are told apart by, in this order: two dimensions at most. With none there is one row."
        )]
        by: Vec<UsageDimension>,
    ) -> Result<UsageReport, Fault> {
        usage::report(ctx, &self.0.account.id, (from, to), &by).await
    }

    /// What the account was told of the last 90 days without having asked, newest first: that credits
    /// were low or out, that a renewal, a lapse or the end of a pack was near, that other prices were
    /// announced. It is derived from the ledger each time, so that it is the same wherever it is asked;
    /// of an account with more than 5,000 operations in that time it reaches as far back as those. The
    /// live ones come by the subscription `notices`.
    #[graphql(complexity = "notice::COST + page::cost(first, last, child_complexity)")]
    async fn notices(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "So many from the start, 1 to 100; 20 if neither `first` nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<NoticeConnection, Fault> {
        let page = Page::parse(first, after.as_deref(), last, before.as_deref())?;
        notice::page(ctx, &self.0, &page).await
    }

    /// The charges of a period by what to be careful with: several variations at once, videos, another
    /// model in the middle of a project, the same prompt again, regenerates. Each with its charges, and
    /// with what the very same would cost on a cheaper model today. Facts only: another model makes
    /// another picture. At most 400 days, and of those the latest 5,000 charges; more days, or a period
    /// that ends before it begins, are `BAD_USER_INPUT`.
    #[graphql(complexity = "insight::COST + child_complexity")]
    async fn insights(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day, in UTC.")] from: Date,
        #[graphql(desc = "The last day, in UTC, included.")] to: Date,
    ) -> Result<Insights, Fault> {
        let found = access::ledger(ctx).insights(&self.0, from.0, to.0).await?;
        Ok(Insights::from(found))
    }

    /// How long what there is lasts, if it is used as on the last 28 whole days, and what lapses unused
    /// at the renewal; or that there is too little to tell it from.
    #[graphql(complexity = "insight::COST + child_complexity")]
    async fn forecast(&self, ctx: &Context<'_>) -> Result<Forecast, Fault> {
        let forecast = access::ledger(ctx).forecast(&self.0).await?;
        Ok(Forecast::from(forecast))
    }
}

impl Account {
    /// The account as it was committed last; none if nobody opened it.
    pub async fn load(ctx: &Context<'_>, account: &AccountId) -> Result<Option<Account>, Fault> {
        let view = access::ledger(ctx).view(account).await?;
        Ok(view.map(Account))
    }

    /// The account's state and balance.
    pub fn view(&self) -> &AccountView {
        &self.0
    }

    /// A lot or the subscription of the account, by its opaque id.
    pub fn part(self, id: &ID) -> Option<Node> {
        let account = &self.0.account;
        let subscription = account.subscription.as_ref().map(|subscription| {
            PlanSubscription::new(&account.id, subscription, self.0.balance.as_of)
        });
        match subscription.filter(|subscription| subscription.id == *id) {
            Some(subscription) => Some(Node::PlanSubscription(subscription)),
            None => self
                .all_lots()
                .into_iter()
                .find(|lot| lot.id == *id)
                .map(Node::Lot),
        }
    }

    fn all_lots(&self) -> Vec<Lot> {
        let account = &self.0.account;
        Lot::all(&account.id, &account.lots)
    }
}

impl From<AccountView> for Account {
    fn from(view: AccountView) -> Account {
        Account(view)
    }
}

/// A page of all accounts, newest first.
pub async fn page(
    ctx: &Context<'_>,
    statuses: Vec<SubscriptionStatus>,
    page: &Page,
) -> Result<AccountConnection, Fault> {
    let window = AccountWindow {
        standings: statuses.into_iter().map(Into::into).collect(),
        above: page.before,
        below: page.after,
        newest_first: page.from_start,
        limit: page.limit(),
    };
    let keys = access::ledger(ctx).accounts(&window).await?;
    let cut = page.cut(keys);
    let loaded = cut
        .entries
        .iter()
        .map(|(_, account)| Account::load(ctx, account));
    let accounts = try_join_all(loaded).await?;
    let keys = cut.entries.iter().map(|(key, _)| *key);
    let entries = keys.zip(accounts);
    let entries = entries
        .filter_map(|(key, account)| Some((key, account?)))
        .collect();
    Ok(page::Cut {
        entries,
        info: cut.info,
    }
    .into())
}
