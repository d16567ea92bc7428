//! What an account's actor is told.
//!
//! Owns the messages. They are sent with `try_send` and answered through what they carry: a caller
//! that goes away cancels nothing.

use std::sync::Arc;

use actix::Message;
use tokio::{sync::oneshot, time::Instant as Monotonic};

use super::{pending::Ticket, view::AccountView};
use crate::{
    domain::{
        command::{Command, ContentHash},
        ids::Sequence,
    },
    error::LedgerError,
    writer::submission::{Look, Waiter},
};

/// Where a view goes; none for an account that was never opened.
pub type Viewer = oneshot::Sender<Result<Option<AccountView>, LedgerError>>;

/// Decide a command.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Execute {
    /// What is asked; shared with its caller, who may have to ask another actor.
    pub command: Arc<Command>,
    /// The hash of its content.
    pub content: ContentHash,
    /// Until when it may be decided.
    pub deadline: Monotonic,
    /// Whether the caller still waits for it to be taken up.
    pub ticket: Ticket,
    /// Who waits.
    pub waiter: Waiter,
}

/// Show the account as it is committed; what is due is committed first.
#[derive(Message)]
#[rtype(result = "()")]
pub struct View {
    /// Where the answer goes; none for an account that was never opened.
    pub reply: Viewer,
}

/// Tell when all that was decided so far is in the database; dropped if some of it was lost.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Barrier {
    /// Told when it is.
    pub done: Look,
}

/// Look again at what the database has, unless it is known up to there or something is under way: another
/// node has written to the account.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Overtaken {
    /// The position that the account has reached.
    pub sequence: Sequence,
}

/// Stop, unless something is under way.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct Passivate;
