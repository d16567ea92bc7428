//! Payments that were taken and had no effect, for operators.
//!
//! Owns the list over all accounts and its cursors, which are places in it and not keys of one account.

use async_graphql::{Context, ID, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credits_core::{domain::outcome as domain, store::WithoutEffectPlace};

use super::{
    access,
    fault::bad_input,
    operation::{Operation, PaymentReport},
    page::{Page, PageInfo},
};
use crate::error::Fault;

/// What a cursor begins with, so that one of another list is not read as one of this.
const CURSOR_TAG: &[u8] = b"p1";

/// A payment that was taken for a subscription which had ended, and changed nothing.
#[derive(Clone, SimpleObject)]
pub struct PaymentWithoutEffect {
    /// The client's own id of the account.
    pub account_id: ID,
    /// The report of the payment.
    pub report: PaymentReport,
}

/// A page of payments without effect.
#[derive(SimpleObject)]
pub struct PaymentWithoutEffectConnection {
    /// The entries of this page, each with its cursor.
    pub edges: Vec<PaymentWithoutEffectEdge>,
    /// Where this page is in the list.
    pub page_info: PageInfo,
    /// The entries of this page without their cursors.
    pub nodes: Vec<PaymentWithoutEffect>,
}

/// A payment without effect at its place in a list.
#[derive(SimpleObject)]
pub struct PaymentWithoutEffectEdge {
    /// The opaque name of this place, for `after`.
    pub cursor: String,
    /// The entry.
    pub node: PaymentWithoutEffect,
}

/// A page of the list, oldest first.
pub async fn page(
    ctx: &Context<'_>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<PaymentWithoutEffectConnection, Fault> {
    let page = Page::parse(first, None, None, None)?;
    let after = after.map(read_cursor).transpose()?;
    let ledger = access::ledger(ctx);
    let mut found = ledger.payments_without_effect(after, page.limit()).await?;
    let has_next_page = found.len() > page.size;
    found.truncate(page.size);
    let edges: Vec<PaymentWithoutEffectEdge> = found.into_iter().filter_map(edge).collect();
    let place = |edge: Option<&PaymentWithoutEffectEdge>| edge.map(|edge| edge.cursor.clone());
    Ok(PaymentWithoutEffectConnection {
        page_info: PageInfo {
            has_next_page,
            has_previous_page: after.is_some(),
            start_cursor: place(edges.first()),
            end_cursor: place(edges.last()),
        },
        nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
        edges,
    })
}

fn edge(
    (place, operation): (WithoutEffectPlace, domain::Operation),
) -> Option<PaymentWithoutEffectEdge> {
    let account_id = operation.account.as_str().into();
    let Operation::PaymentReport(report) = operation.into() else {
        return None;
    };
    Some(PaymentWithoutEffectEdge {
        cursor: cursor(place),
        node: PaymentWithoutEffect { account_id, report },
    })
}

fn cursor(place: WithoutEffectPlace) -> String {
    let numbers = [place.at_us, place.key, place.sequence].map(i64::to_be_bytes);
    URL_SAFE_NO_PAD.encode([CURSOR_TAG, &numbers.concat()].concat())
}

fn read_cursor(text: &str) -> Result<WithoutEffectPlace, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let numbers = bytes.strip_prefix(CURSOR_TAG);
    let numbers = numbers.and_then(|bytes| <[u8; 24]>::try_from(bytes).ok());
    let numbers = numbers
        .ok_or_else(|| bad_input("A cursor must be one that this service gave for this list."))?;
    let number = |place: usize| {
        let bytes = numbers[place * 8..place * 8 + 8].try_into();
        i64::from_be_bytes(bytes.expect("24 bytes are three numbers"))
    };
    Ok(WithoutEffectPlace {
        at_us: number(0),
        key: number(1),
        sequence: number(2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_back_and_those_of_other_lists_are_not() {
        let place = WithoutEffectPlace {
            at_us: i64::MAX,
            key: 1,
            sequence: -1,
        };
        assert_eq!(read_cursor(&cursor(place)), Ok(place));
        for text in ["", "x", &crate::graphql::page::cursor(7)] {
            assert!(read_cursor(text).is_err(), "{text}");
        }
    }
}
