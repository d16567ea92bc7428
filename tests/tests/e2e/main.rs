//! Black box: each test starts the service on a database of its own and speaks GraphQL to it.
//!
//! Read it as the product's story: an account spends; chooses; holds; is advised, and spends with care;
//! renews; is billed; prices bind; what can be read, summed, exported and watched, of now and of other
//! times; what happens while nobody looks; who may; what a restart keeps; how a mistake is told; how
//! sockets and streams of events behave; what attackers and a broken database get.

mod advisories;
mod billing;
mod care;
mod choosing;
mod endurance;
mod events;
mod expiries;
mod exports;
mod feeds;
mod foresight;
mod forgery;
mod holds;
mod limits;
mod nodes;
mod on_postgres;
mod payments;
mod plans;
mod poison;
mod policies;
mod prices;
mod quotes;
mod raw;
mod reading;
mod renewal;
mod rights;
mod sockets;
mod spending;
mod sweeping;
mod time;
mod usability;
mod usage;
