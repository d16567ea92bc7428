//! What a client says to place, extend and resolve a hold.

use async_graphql::{ID, InputObject};

use crate::graphql::generation::ChargeInput;

/// Credits to set aside.
#[derive(InputObject)]
pub struct ReserveInput {
    /// The generation that will be processed, and what the caller expects of its price.
    #[graphql(flatten)]
    pub spend: ChargeInput,
    /// How many minutes the hold lasts, at most 1,440; what the catalog says, if left out.
    pub ttl_minutes: Option<i32>,
}

/// A hold that is to end later.
#[derive(InputObject)]
pub struct ExtendHoldInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The operation id of the reserve that placed the hold.
    pub hold_id: ID,
    /// How many minutes the hold lasts from now, ending at most 24 hours after the reserve.
    pub ttl_minutes: i32,
}

/// A hold whose generation is processed.
#[derive(InputObject)]
pub struct SettleInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The operation id of the reserve that placed the hold.
    pub hold_id: ID,
    /// How many results were made, if not as many as were reserved: 1 or more, and at most as many as were
    /// reserved.
    pub variations: Option<i32>,
    /// How many seconds each result has, if not as many as were reserved: 1 or more, and at most as many as
    /// were reserved.
    pub seconds: Option<i32>,
}

/// A hold whose generation was not processed.
#[derive(InputObject)]
pub struct ReleaseInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The operation id of the reserve that placed the hold.
    pub hold_id: ID,
}
