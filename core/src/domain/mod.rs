//! The rules of the credits service, pure: no I/O, no clock, no randomness, no logs.
//!
//! The same account, catalogs, command and instant always give the same outcome. Read in this order:
//! amounts, names and time; the catalog; what an account is made of; what is asked of it; what
//! happens to it; how that is decided; how a decision is kept.

pub mod credits;
pub mod day;
pub mod ids;
pub mod time;

pub mod catalog;

pub mod hold;
pub mod lot;
pub mod payment;
pub mod recent;
pub mod subscription;
pub mod term;

pub mod account;
pub mod advice;
pub mod affordable;
pub mod balance;
pub mod command;
pub mod decide;
pub mod due;
pub mod event;
pub mod explain;
pub mod forecast;
pub mod insights;
pub mod notices;
pub mod offer;
pub mod policies;
pub mod posting;
pub mod preferences;
pub mod preview;
pub mod projection;
pub mod quote;
pub mod recommend;
pub mod refusal;
pub mod regeneration;
mod reported;
pub mod usage;
mod wording;

pub mod encoding;
pub mod outcome;
pub mod record;

#[cfg(test)]
mod tests;
