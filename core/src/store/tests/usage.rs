//! Usage is what the ledger says, on each of the stores: whatever happens, however it is split into
//! transactions, and whichever of them are lost.

use proptest::prelude::*;

use super::{
    book::{Book, account, at, charge, id, reserve, subscribe},
    postgres,
    sqlite::File,
};
use crate::{
    domain::{
        command::Request,
        day::Day,
        ids::{ModelId, ProjectId, Sequence},
        usage::UsageTally,
    },
    store::{
        AccountWork, LockedDecision, Lookups, OperationFilter, SequenceWindow, Store, Usage,
        UsageDimension, UsageQuery, memory::MemoryStore, usage,
    },
};

const OPENED: &str = "2026-01-31T23:30:00Z";

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many charges, for one project of a few, or none.
    Charge { times: u8, project: u8, seconds: u8 },
    /// A hold is placed, and settled or released a little later.
    Hold { settled: bool },
    /// Time passes.
    Wait { minutes: u32 },
    /// What was decided since the last time is written.
    Commit,
    /// The same, but another node is faster.
    Lose,
    /// What was decided is forgotten, as by a restart.
    Forget,
    /// It is decided while the account is locked.
    Locked { charges: u8 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1..24_u8, 0..4_u8, 4..9_u8)
            .prop_map(|(times, project, seconds)| Step::Charge { times, project, seconds }),
        2 => any::<bool>().prop_map(|settled| Step::Hold { settled }),
        2 => (1..3_000_u32).prop_map(|minutes| Step::Wait { minutes }),
        4 => Just(Step::Commit),
        1 => Just(Step::Lose),
        1 => Just(Step::Forget),
        1 => (1..20_u8).prop_map(|charges| Step::Locked { charges }),
    ];
    proptest::collection::vec(step, 1..30)
}

/// One life of an account, on one store.
struct Life<'s> {
    store: &'s dyn Store,
    book: Book,
    now: crate::domain::time::Instant,
    asked: u128,
}

impl Life<'_> {
    fn id(&mut self) -> u128 {
        self.asked += 1;
        self.asked
    }

    fn tell(&mut self, request: Request) -> u128 {
        let id = self.id();
        self.book.tell(&self.now.to_string(), id, request);
        id
    }

    async fn commit(&mut self) -> usize {
        let work = self.book.work();
        self.store.commit(&[work]).await.unwrap().lost.len()
    }

    async fn reload(&mut self) {
        let loaded = self.store.load(&account("ann")).await.unwrap();
        self.book = Book::of(loaded);
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Charge {
                times,
                project,
                seconds,
            } => {
                for _ in 0..times {
                    self.tell(charge_of(project, seconds));
                }
            }
            Step::Hold { settled } => {
                let hold = id(self.tell(reserve()));
                let actual = Default::default();
                self.tell(if settled {
                    Request::Settle { hold, actual }
                } else {
                    Request::Release { hold }
                });
            }
            Step::Wait { minutes } => {
                let wait = chrono::TimeDelta::minutes(i64::from(minutes));
                self.now = self.now.saturating_add(wait);
            }
            Step::Commit => assert_eq!(self.commit().await, 0),
            Step::Lose => {
                self.tell(charge());
                let mine = self.book.work();
                self.reload().await;
                self.tell(charge());
                assert_eq!(self.commit().await, 0);
                let lost = self.store.commit(&[mine]).await.unwrap().lost;
                assert_eq!(lost, [account("ann")]);
            }
            Step::Forget => self.reload().await,
            Step::Locked { charges } => {
                let first = self.asked + 1;
                self.asked += u128::from(charges);
                let mut locked = Locked {
                    now: self.now.to_string(),
                    ids: first..=self.asked,
                    account: account("ann"),
                    work: None,
                };
                let committed = self.store.commit_locked(&mut locked).await.unwrap();
                assert_eq!(committed.lost, []);
                self.reload().await;
            }
        }
    }

    /// Compares every way of asking with the ledger counted anew.
    async fn check(&self) {
        let ann = account("ann");
        let recount = recount(self.store).await;
        let days: Vec<Day> = recount.iter().map(|(key, _)| key.day).collect();
        let middle = days.get(days.len() / 2).copied().unwrap_or(Day::MIN);
        let sequence = self.store.load(&ann).await.unwrap().head.sequence;
        for by in ALL_BY {
            let all = UsageQuery::of_days(Day::MIN, Day::MAX, by);
            let model = ModelId::parse("no-such-model").unwrap();
            for query in [
                UsageQuery {
                    from: middle,
                    ..all.clone()
                },
                UsageQuery {
                    to: middle,
                    ..all.clone()
                },
                UsageQuery {
                    limit: Some(2),
                    ..all.clone()
                },
                UsageQuery {
                    project: project(1),
                    ..all.clone()
                },
                UsageQuery {
                    model: Some(model),
                    ..all.clone()
                },
                all,
            ] {
                let expected = Usage {
                    rows: usage::rows(&recount, &query),
                    sequence,
                };
                let found = self.store.usage(&ann, &query).await.unwrap();
                assert_eq!(found, expected, "{query:?}");
            }
        }
    }
}

const ALL_BY: [&[UsageDimension]; 8] = {
    use UsageDimension::{Action, Day, Model, Project};
    [
        &[],
        &[Day],
        &[Project],
        &[Day, Model],
        &[Project, Day],
        &[Model, Action],
        &[Project, Model],
        &[Day, Model, Action, Project],
    ]
};

/// Decides charges when it is asked.
struct Locked {
    now: String,
    ids: std::ops::RangeInclusive<u128>,
    account: crate::domain::ids::AccountId,
    work: Option<AccountWork>,
}

impl LockedDecision for Locked {
    fn account(&self) -> &crate::domain::ids::AccountId {
        &self.account
    }

    fn lookups(&self) -> Lookups {
        Lookups::default()
    }

    fn decide(
        &mut self,
        loaded: crate::store::Loaded,
        _: crate::store::Found,
    ) -> Option<&AccountWork> {
        let mut book = Book::of(loaded);
        for id in self.ids.clone() {
            book.tell(&self.now, id, charge_of(2, 5));
        }
        self.work = Some(book.work());
        self.work.as_ref()
    }
}

fn project(number: u8) -> Option<ProjectId> {
    (number > 0).then(|| ProjectId::parse(&format!("project-{number}")).unwrap())
}

fn charge_of(number: u8, seconds: u8) -> Request {
    let Request::Charge {
        mut generation,
        guard,
    } = charge()
    else {
        unreachable!("a charge is one");
    };
    generation.project = project(number);
    generation.seconds = Some(seconds.into());
    Request::Charge { generation, guard }
}

/// The ledger, counted operation by operation.
async fn recount(store: &dyn Store) -> UsageTally {
    let window = SequenceWindow {
        above: None,
        below: None,
        newest_first: false,
        limit: 100_000,
    };
    let all = OperationFilter::default();
    let records = store.operations(&account("ann"), &all, &window).await;
    let mut tally = UsageTally::default();
    for record in records.unwrap() {
        tally.count(&record.event().unwrap());
    }
    tally
}

async fn lives(store: &dyn Store, steps: &[Step]) {
    let mut life = Life {
        store,
        book: Book::new("ann"),
        now: at(OPENED),
        asked: 0,
    };
    let all = UsageQuery::of_days(Day::MIN, Day::MAX, &[]);
    let nobody = store.usage(&account("ann"), &all).await;
    assert_eq!(nobody.unwrap(), Usage::default());
    life.tell(Request::OpenAccount);
    life.tell(subscribe("studio"));
    life.commit().await;
    for step in steps {
        life.step(*step).await;
    }
    life.commit().await;
    life.check().await;
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_memory(steps in steps()) {
        run(async { lives(&MemoryStore::new(), &steps).await });
    }
}

proptest! {
    // A file each.
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_sqlite(steps in steps()) {
        run(async {
            let file = File::new().await;
            lives(&file.open().await, &steps).await;
        });
    }
}

proptest! {
    // A database each.
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
    fn in_postgres(steps in steps()) {
        run(async {
            let url = postgres::database().await;
            lives(&postgres::connect(&url).await, &steps).await;
        });
    }
}

#[tokio::test]
async fn a_transaction_that_ends_groups_writes_their_sums_and_no_other_does() {
    let file = File::new().await;
    let store = file.open().await;
    let mut life = Life {
        store: &store,
        book: Book::new("ann"),
        now: at(OPENED),
        asked: 0,
    };
    life.tell(Request::OpenAccount);
    life.tell(subscribe("studio"));
    let kept = "SELECT coalesce(sum(charges), 0) FROM usage";
    for expected in [(3, 0), (15, 0), (16, 14), (17, 14), (50, 46)] {
        while life.book.head.sequence < Sequence(expected.0) {
            life.tell(charge_of(1, 5));
        }
        life.commit().await;
        assert_eq!(file.number(kept).await, expected.1, "after {}", expected.0);
    }
}
