//! An account is loaded once at a time, whoever asks for it meanwhile.

use std::sync::{
    RwLock,
    atomic::{AtomicU32, Ordering},
};

use actix::Message;
use tokio::{sync::Semaphore, time::Instant as Monotonic};

use super::*;
use crate::{
    actor::{node::Limits, pending::Ticket, recent::RecentDecisions},
    clock::Clock,
    domain::{
        command::{Command, Request},
        outcome::Outcome,
    },
    store::{
        memory::{Fault, FaultPoint, Faults, MemoryStore},
        tests::{Book, account, at, catalogs, charge, id, subscribe},
    },
    writer::{
        Writer,
        submission::{Settled, Waiter},
    },
};

const OPENED: &str = "2026-01-31T10:00:00Z";

/// Counts loads.
#[derive(Debug, Default)]
struct Loads(AtomicU32);

impl Faults for Loads {
    fn next(&self, point: FaultPoint) -> Fault {
        if point == FaultPoint::Load {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        Fault::None
    }
}

/// A call that begins a load, and somebody who looked before and was overtaken: actix polls futures
/// that were spawned after a message, before what that message made the actor wait for.
#[derive(Message)]
#[rtype(result = "()")]
struct CallThenLook(Execute, Viewer);

impl Handler<CallThenLook> for AccountActor {
    type Result = ();

    fn handle(&mut self, CallThenLook(call, viewer): CallThenLook, ctx: &mut Context<Self>) {
        Handler::<Execute>::handle(self, call, ctx);
        self.look(viewer, ctx);
    }
}

fn node(faults: &Arc<Loads>) -> Arc<Node> {
    let store = MemoryStore::with_faults(Arc::clone(faults) as Arc<dyn Faults>);
    let mut book = Book::new("ann");
    book.tell(OPENED, 1, Request::OpenAccount)
        .tell(OPENED, 2, subscribe("creator"));
    assert_eq!(store.write(&[book.work()]).lost, []);
    let store: Arc<dyn crate::store::Store> = Arc::new(store);
    let limits = Limits::patient();
    let (writer, task) = Writer::new(Arc::clone(&store), limits.batch_operations_max);
    actix::spawn(task);
    Arc::new(Node {
        store,
        writer,
        clock: Clock::manual(at(OPENED), 0.0),
        catalogs: RwLock::new(catalogs().clone()),
        recent: RecentDecisions::new(0),
        limits,
    })
}

#[actix::test]
async fn who_looks_while_an_account_is_loaded_begins_no_second_load() {
    let faults = Arc::new(Loads::default());
    let actor = AccountActor::new(account("ann"), node(&faults)).start();
    let command = Command {
        operation_id: id(3),
        request: charge(),
    };
    let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let (waiter, answer) = Waiter::new(command.operation_id, place);
    let call = Execute {
        content: command.request.content(),
        command: Arc::new(command),
        deadline: Monotonic::now() + std::time::Duration::from_secs(3_600),
        ticket: Ticket::default(),
        waiter,
    };
    let (viewer, shown) = tokio::sync::oneshot::channel();
    actor.send(CallThenLook(call, viewer)).await.unwrap();

    let Settled { outcome, replayed } = answer.await.unwrap().unwrap();
    assert!(matches!(outcome, Outcome::Accepted(_)) && !replayed);
    assert!(shown.await.unwrap().unwrap().is_some());
    assert_eq!(faults.0.load(Ordering::SeqCst), 1);
}
