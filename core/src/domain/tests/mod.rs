//! What users were promised, as stories that are told and checked, and as properties.
//!
//! Each story is a list of rows: when, what is asked, what is answered. The words are those of
//! [`words`], the entries those of [`shop`].

mod scene;
mod shop;
mod words;

mod advice;
mod burn_order;
mod calendar;
mod care;
mod chain;
mod choosing;
mod expiries;
mod holds;
mod lateness;
mod packs;
mod plans;
mod policies;
mod precedence;
mod projections;
mod properties;
mod quotes;
mod random;
mod refusals;
mod regenerating;
mod renewal;
mod repeats;
mod rollover;
mod spending;
