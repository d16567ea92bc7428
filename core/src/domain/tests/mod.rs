//! What users were promised, as stories that are told and checked, and as properties.
//!
//! Each story is a list of rows: when, what is asked, what is answered. The words are those of
//! [`words`], the entries those of [`shop`].

mod scene;
mod shop;
mod words;

mod advice;
mod advice_recount;
mod burn_order;
mod calendar;
mod care;
mod chain;
mod choosing;
mod disputes;
mod expiries;
mod forecast;
mod holds;
mod insights;
mod lateness;
mod notices;
mod packs;
mod payment_corners;
mod payments;
mod plan_changes;
mod plan_intervals;
mod plan_properties;
mod plan_restarts;
mod plan_terms;
mod plans;
mod policies;
mod precedence;
mod previews;
mod projections;
mod properties;
mod quotes;
mod random;
mod refusals;
mod regenerating;
mod renewal;
mod repeats;
mod report_orders;
mod reported;
mod rollover;
mod spending;
