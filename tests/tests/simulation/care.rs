//! Spending with care, counted anew: ceilings, repeats, chains, advice and usage, of the ledger alone.
//!
//! It walks an account's operations and keeps each charge, where the service keeps sums and the last
//! few. What got through must have been allowed, and what was refused must have been forbidden.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::TimeDelta;
use credits_core::{
    domain::{
        advice::Advisory,
        catalog::{Generation, PromptFingerprint},
        command::{Command, PriceGuard, Request},
        credits::Credits,
        day::Day,
        event::{Event, Fact},
        hold::Spend,
        ids::{ModelId, OperationId, ProjectId, Sequence},
        preferences::{Change, PreferencesChange},
        record::{OperationRecord, RefusalRecord},
        refusal::{Limit, Refusal},
        time::Instant,
    },
    store::memory::MemoryStore,
};

use crate::{
    check::{Book, amount, asked},
    log::Call,
    purse::Purse,
};

/// The catalog's ceiling of a request.
const REQUEST_MAX: i64 = 20_000;
/// Advice and the guard look at so many charges, and so far back.
const REMEMBERED: usize = 32;
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// A generation that was charged, or is held for.
#[derive(Clone, Debug)]
pub struct Run {
    pub at: Instant,
    pub sequence: Sequence,
    pub cost: i64,
    pub spend: Spend,
}

impl Run {
    pub fn is_video(&self) -> bool {
        self.spend.terms.action.as_str() == "text-to-video"
    }

    pub fn repeats(&self, model: &ModelId, prompt: Option<PromptFingerprint>, at: Instant) -> bool {
        prompt.is_some()
            && self.spend.fingerprint == prompt
            && self.spend.terms.model == *model
            && self.at.saturating_add(WINDOW) > at
    }
}

#[derive(Debug, Default)]
pub struct Care {
    guard: Option<bool>,
    one_first: Option<bool>,
    request_max: Option<i64>,
    day_max: Option<i64>,
    /// The ceiling of each project, and what was charged since it has one.
    projects: BTreeMap<ProjectId, (i64, i64)>,
    pub charges: Vec<Run>,
    holds: HashMap<OperationId, Run>,
    /// The root of the chain of each charge and each hold, and whether it is a charge.
    roots: HashMap<OperationId, (OperationId, bool)>,
    /// Its time never goes back, whatever clock a refusal was decided by.
    time: Instant,
    pub problems: Vec<String>,
}

/// Adds whatever an account's ledger says against the rules of care.
pub async fn check(
    store: &MemoryStore,
    at: usize,
    book: &Book,
    calls: &[&Call],
    problems: &mut Vec<String>,
) {
    let mut care = Care::default();
    let mut refusals: Vec<&RefusalRecord> = book.refusals.iter().collect();
    refusals.sort_by_key(|refusal| refusal.after);
    let mut refusals = refusals.into_iter().peekable();
    for (sequence, purse) in (0..).zip(&book.purses) {
        if let Some(record) = usize::checked_sub(sequence, 1).map(|at| &book.operations[at]) {
            let command = surely_asked(calls, record.operation_id, record.content);
            care.tell(record, command, &book.purses[sequence - 1]);
        }
        while let Some(refusal) =
            refusals.next_if(|one| one.after.0 == i64::try_from(sequence).unwrap())
        {
            let Some(command) = surely_asked(calls, refusal.operation_id, Some(refusal.content))
            else {
                continue;
            };
            let cost = amount(book, calls, &command.request);
            if !care.forbids(refusal, &command.request, cost, purse) {
                care.problems.push(format!(
                    "not true after {sequence}: {refusal:?}, asked {command:?}"
                ));
            }
        }
    }
    care.check_usage(store, at).await;
    problems.append(&mut care.problems);
}

/// What was asked under an id, where all who asked the same asked for the very same: a guard and a
/// prompt are no part of what makes a call the same.
fn surely_asked<'c>(
    calls: &[&'c Call],
    id: OperationId,
    content: Option<[u8; 32]>,
) -> Option<&'c Command> {
    let command = asked(calls, id, content)?;
    let mut of_id = calls.iter().filter(|call| call.command.operation_id == id);
    let same = of_id
        .all(|call| call.command == *command || Some(call.command.request.content()) != content);
    same.then_some(command)
}

fn spends(request: &Request) -> Option<(&Generation, &PriceGuard)> {
    match request {
        Request::Charge { generation, guard }
        | Request::Reserve {
            generation, guard, ..
        } => Some((generation, guard)),
        _ => None,
    }
}

impl Care {
    fn tell(&mut self, record: &OperationRecord, command: Option<&Command>, before: &Purse) {
        let event = record.event().unwrap();
        let request = command.map(|command| &command.request);
        self.time = self.time.max(record.recorded_at);
        for end in event.hold_ends() {
            self.holds.remove(&end.hold);
        }
        let run = |spend: &Spend, cost: Credits| Run {
            at: event.at,
            sequence: record.sequence,
            cost: cost.get(),
            spend: spend.clone(),
        };
        match &event.fact {
            Fact::Charge(charge) => {
                let run = run(&charge.spend, charge.cost);
                match charge.hold {
                    None => self.check_spend(&run, &charge.advisories, request, before),
                    Some(_) if charge.late => self.check_used(&run),
                    Some(_) => {}
                }
                self.join(record.operation_id, charge.hold, &run.spend);
                let project = run.spend.project.as_ref();
                if let Some((_, used)) = project.and_then(|one| self.projects.get_mut(one)) {
                    *used += run.cost;
                }
                self.charges.push(run);
            }
            Fact::HoldPlaced {
                amount,
                spend,
                advisories,
                ..
            } => {
                let run = run(spend, *amount);
                self.check_spend(&run, advisories, request, before);
                self.join(record.operation_id, None, spend);
                self.roots
                    .entry(record.operation_id)
                    .and_modify(|(_, charged)| *charged = false);
                self.holds.insert(record.operation_id, run);
            }
            Fact::ChargeKept {
                charge,
                chain,
                kept,
            } => {
                let wanted = Request::MarkKept {
                    charge: *charge,
                    kept: *kept,
                };
                if self.roots.get(charge) != Some(&(*chain, true))
                    || request.is_some_and(|one| *one != wanted)
                {
                    self.problems.push(format!(
                        "{:?} of {request:?} is of another chain",
                        event.fact
                    ));
                }
            }
            Fact::PreferencesChange { .. } => self.prefer(&event, request),
            _ => {}
        }
    }

    /// A charge or a hold goes on with the chain of what it does again.
    fn join(&mut self, id: OperationId, hold: Option<OperationId>, spend: &Spend) {
        let again = spend.regenerate_of;
        let root = match (hold, again) {
            (Some(hold), _) => self.roots.get(&hold).map(|(root, _)| *root),
            (None, Some(again)) => self.roots.get(&again).map(|(root, _)| *root),
            (None, None) => Some(id),
        };
        let Some(root) = root else {
            return self
                .problems
                .push(format!("{id} does again what never was: {spend:?}"));
        };
        if spend.chain != again.map(|_| root) {
            self.problems.push(format!(
                "{id} goes on with {:?}, not with {root}",
                spend.chain
            ));
        }
        self.roots.insert(id, (root, true));
    }

    fn prefer(&mut self, event: &Event, request: Option<&Request>) {
        let Fact::PreferencesChange { preferences } = &event.fact else {
            return;
        };
        if let Some(Request::SetPreferences { change }) = request {
            self.change(change);
        }
        let own = |value: Option<Credits>| value.map(Credits::get);
        let told: Vec<_> = preferences.project_credits_max.iter().collect();
        let kept = self
            .projects
            .iter()
            .map(|(project, (max, _))| (project, *max));
        let same = (self.guard, self.one_first)
            == (preferences.repeat_guard, preferences.one_first)
            && self.request_max == own(preferences.request_credits_max)
            && self.day_max == own(preferences.day_credits_max)
            && told
                .iter()
                .map(|(project, max)| (*project, max.get()))
                .eq(kept);
        if request.is_some() && !same {
            self.problems
                .push(format!("{preferences:?} are set, asked {request:?}"));
        }
        // Where it is not sure what was asked, it is what it became.
        self.guard = preferences.repeat_guard;
        self.one_first = preferences.one_first;
        self.request_max = own(preferences.request_credits_max);
        self.day_max = own(preferences.day_credits_max);
        let before = std::mem::take(&mut self.projects);
        for (project, max) in told {
            let used = before.get(project).map_or(0, |(_, used)| *used);
            self.projects.insert(project.clone(), (max.get(), used));
        }
    }

    fn change(&mut self, change: &PreferencesChange) {
        fn set<T: Copy>(own: &mut Option<T>, change: Change<T>) {
            match change {
                Change::Keep => {}
                Change::Reset => *own = None,
                Change::Set(value) => *own = Some(value),
            }
        }
        set(&mut self.guard, change.repeat_guard);
        set(&mut self.one_first, change.one_first);
        let credits = |change: Change<Credits>| match change {
            Change::Keep => Change::Keep,
            Change::Reset => Change::Reset,
            Change::Set(max) => Change::Set(max.get()),
        };
        set(&mut self.request_max, credits(change.request_credits_max));
        set(&mut self.day_max, credits(change.day_credits_max));
        match &change.project_credits_max {
            Change::Keep => {}
            Change::Reset => self.projects.clear(),
            Change::Set(changes) => {
                for (project, max) in changes {
                    let used = self.projects.remove(project).map_or(0, |(_, used)| used);
                    let given = max.map(|max| (project.clone(), (max.get(), used)));
                    self.projects.extend(given);
                }
            }
        }
    }

    fn used_on_day(&self, at: Instant) -> i64 {
        let same_day = self
            .charges
            .iter()
            .filter(|run| Day::of(run.at) == Day::of(at));
        same_day
            .chain(self.holds.values())
            .map(|run| run.cost)
            .sum()
    }

    fn used_by(&self, project: &ProjectId) -> Option<(i64, i64)> {
        let (max, charged) = self.projects.get(project)?;
        let of_it = |run: &&Run| run.spend.project.as_ref() == Some(project);
        let held: i64 = self.holds.values().filter(of_it).map(|run| run.cost).sum();
        Some((*max, charged + held))
    }

    fn request_max(&self) -> i64 {
        self.request_max
            .map_or(REQUEST_MAX, |own| own.min(REQUEST_MAX))
    }

    pub fn remembered(&self) -> impl DoubleEndedIterator<Item = &Run> {
        let from = self.charges.len().saturating_sub(REMEMBERED);
        self.charges[from..].iter()
    }

    /// What a spend would repeat: charges, and what is held for.
    fn repeated(
        &self,
        model: &ModelId,
        prompt: Option<PromptFingerprint>,
        at: Instant,
    ) -> Vec<&Run> {
        let all = self.remembered().chain(self.holds.values());
        all.filter(|run| run.repeats(model, prompt, at)).collect()
    }

    /// At no moment a ceiling is lower than what a new spend makes used.
    fn check_used(&mut self, run: &Run) {
        let used = self.used_on_day(run.at) + run.cost;
        if self.day_max.is_some_and(|max| used > max) {
            self.problems
                .push(format!("{used} on a day of {:?}: {run:?}", self.day_max));
        }
        let project = run
            .spend
            .project
            .as_ref()
            .and_then(|project| self.used_by(project));
        if project.is_some_and(|(max, used)| used + run.cost > max) {
            self.problems.push(format!("{project:?} and {run:?}"));
        }
    }

    fn check_spend(
        &mut self,
        run: &Run,
        told: &[Arc<Advisory>],
        request: Option<&Request>,
        before: &Purse,
    ) {
        self.check_used(run);
        if run.cost > self.request_max() {
            self.problems
                .push(format!("{:?} is exceeded by {run:?}", self.request_max));
        }
        self.check_advice(run, told, before);
        let Some((generation, guard)) = request.and_then(spends) else {
            return;
        };
        let (model, prompt) = (&run.spend.terms.model, generation.prompt_fingerprint);
        let same = (
            &run.spend.project,
            run.spend.regenerate_of,
            run.spend.fingerprint,
        ) == (&generation.project, generation.regenerate_of, prompt);
        if !same || generation.model.as_ref() != Some(model) {
            self.problems.push(format!("{run:?} is not {generation:?}"));
        }
        if self.wants_confirmation(generation, guard) {
            self.problems
                .push(format!("{run:?} came first, and was not confirmed"));
        }
        let guarded = guard.repeat_guard || self.guard.unwrap_or(false);
        let repeats = !self.repeated(model, prompt, run.at).is_empty();
        if guarded && repeats && !guard.acknowledge_repeat {
            self.problems.push(format!(
                "{run:?} is a repeat, and nobody said that it may be"
            ));
        }
    }

    fn wants_confirmation(&self, generation: &Generation, guard: &PriceGuard) -> bool {
        self.one_first.unwrap_or(false)
            && generation.variations > 1
            && guard.variations_confirmed != Some(generation.variations)
    }

    /// Whether what is refused was forbidden; other refusals are not judged here.
    fn forbids(
        &self,
        record: &RefusalRecord,
        request: &Request,
        cost: Option<i64>,
        purse: &Purse,
    ) -> bool {
        let at = record.at.max(self.time);
        match (&record.refusal, spends(request)) {
            (
                Refusal::LimitExceeded {
                    limit,
                    max,
                    asked,
                    used,
                },
                spent,
            ) => {
                let project = match (spent, request) {
                    (Some((generation, _)), _) => generation.project.clone(),
                    (None, _) => None,
                };
                let (is, of) = match limit {
                    Limit::RequestCredits => (0, Some(self.request_max())),
                    Limit::DayCredits => (self.used_on_day(at), self.day_max),
                    Limit::ProjectCredits => match project.and_then(|one| self.used_by(&one)) {
                        Some((max, used)) => (used, Some(max)),
                        // The project of a late settlement is its hold's.
                        None => return spent.is_none(),
                    },
                    Limit::Variations => {
                        return spent.is_some_and(|(generation, guard)| {
                            self.wants_confirmation(generation, guard)
                        });
                    }
                    Limit::Lots | Limit::ProjectCeilings => return false,
                };
                (is, of, cost) == (*used, Some(*max), Some(*asked)) && asked + used > *max
            }
            (Refusal::LikelyRepeat(told), Some((generation, guard))) => {
                let model = generation.model.as_ref().unwrap();
                let runs = self.repeated(model, generation.prompt_fingerprint, at);
                let credits: i64 = runs.iter().map(|run| run.cost).sum();
                !guard.acknowledge_repeat
                    && (guard.repeat_guard || self.guard == Some(true))
                    && (told.runs as usize, told.credits.get()) == (runs.len(), credits)
                    && runs.iter().map(|run| run.at).max() == Some(told.at)
            }
            (Refusal::ChargeUnknown { charge, again }, _) => match self.roots.get(charge) {
                Some((_, charged)) => !again && !charged,
                None => true,
            },
            (Refusal::InsufficientCredits(_), Some((generation, guard))) => {
                // Ceilings and repeats come before credits.
                let cost = cost.unwrap_or_default();
                let day = self
                    .day_max
                    .is_none_or(|max| self.used_on_day(at) + cost <= max);
                day && cost <= self.request_max()
                    && !self.wants_confirmation(generation, guard)
                    && cost > purse.available()
            }
            _ => true,
        }
    }
}
