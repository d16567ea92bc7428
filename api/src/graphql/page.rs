//! Pages of lists that grow.
//!
//! Owns the arguments of a connection, its cursors, and what a page costs. Cursors are opaque to
//! clients: a position below, in a form that is told from any other text. It never reads a list.

use async_graphql::SimpleObject;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credits_core::{domain::ids::Sequence, store::SequenceWindow};

use super::fault::bad_input;
use crate::error::Fault;

/// The entries of a page if the client names no number.
pub const PAGE_DEFAULT: i32 = 20;
/// The most entries of a page: what a screen may need at once, and a bound on one statement.
pub const PAGE_MAX: i32 = 100;
/// The cost at which one list ends: far above any limit, and small enough that a sum of many can't
/// overflow.
const COST_MAX: usize = 1 << 32;
/// What a cursor begins with, so that other texts are not read as one.
const CURSOR_TAG: &[u8] = b"c1";

/// A part of a list, as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only entries after this key in the list's order.
    pub after: Option<i64>,
    /// Only entries before this key in the list's order.
    pub before: Option<i64>,
    /// Whether the page is taken from the start of that part, not from its end.
    pub from_start: bool,
    /// How many entries.
    pub size: usize,
}

impl Page {
    /// Reads the four arguments of a connection.
    pub fn parse(
        first: Option<i32>,
        after: Option<&str>,
        last: Option<i32>,
        before: Option<&str>,
    ) -> Result<Page, Fault> {
        let (from_start, size) = match (first, last) {
            (Some(_), Some(_)) => return Err(bad_input("Give `first` or `last`, not both.")),
            (None, Some(last)) => (false, last),
            (first, None) => (true, first.unwrap_or(PAGE_DEFAULT)),
        };
        if !(1..=PAGE_MAX).contains(&size) {
            return Err(bad_input(format!(
                "A page has 1 to {PAGE_MAX} entries; {size} were asked for."
            )));
        }
        Ok(Page {
            after: after.map(read_cursor).transpose()?,
            before: before.map(read_cursor).transpose()?,
            from_start,
            size: size.unsigned_abs() as usize,
        })
    }

    /// How many entries to read: one more than the page, to know whether it is the last.
    pub fn limit(&self) -> u64 {
        self.size as u64 + 1
    }

    /// The same part of an account's ledger, newest first, by position.
    pub fn sequences(&self) -> SequenceWindow {
        SequenceWindow {
            above: self.before.map(Sequence),
            below: self.after.map(Sequence),
            newest_first: self.from_start,
            limit: self.limit(),
        }
    }

    /// Cuts what was read, in the direction it was read in, to the page in the list's order.
    pub fn cut<T>(&self, mut read: Vec<(i64, T)>) -> Cut<T> {
        let more = read.len() > self.size;
        read.truncate(self.size);
        if !self.from_start {
            read.reverse();
        }
        let cursor = |entry: Option<&(i64, T)>| entry.map(|(key, _)| cursor(*key));
        let info = PageInfo {
            has_next_page: if self.from_start {
                more
            } else {
                self.before.is_some()
            },
            has_previous_page: if self.from_start {
                self.after.is_some()
            } else {
                more
            },
            start_cursor: cursor(read.first()),
            end_cursor: cursor(read.last()),
        };
        Cut {
            entries: read,
            info,
        }
    }

    /// As [`Page::cut`], of a list that was read no further than to the key `read_to`, if there is one:
    /// the page ends there, and more may follow.
    pub fn cut_at<T>(&self, read: Vec<(i64, T)>, read_to: Option<i64>) -> Cut<T> {
        let full = read.len() > self.size;
        let mut cut = self.cut(read);
        if let Some(key) = read_to.filter(|_| !full) {
            if self.from_start {
                cut.info.has_next_page = true;
                cut.info.end_cursor = Some(cursor(key));
            } else {
                cut.info.has_previous_page = true;
                cut.info.start_cursor = Some(cursor(key));
            }
        }
        cut
    }
}

/// A page in the list's order.
pub struct Cut<T> {
    /// The entries with their keys.
    pub entries: Vec<(i64, T)>,
    /// Where the page stands.
    pub info: PageInfo,
}

/// Where a page stands in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether there are entries after this page. With `last` it tells only whether `before` was
    /// given.
    pub has_next_page: bool,
    /// Whether there are entries before this page. With `first` it tells only whether `after` was
    /// given.
    pub has_previous_page: bool,
    /// Where the page begins, for `before`: the cursor of the first entry, or of the place from which the
    /// list was looked at; null on an empty page of a list that was read to its end.
    pub start_cursor: Option<String>,
    /// Where the page ends, for `after`: the cursor of the last entry, or of the place up to which the
    /// list was looked at; null on an empty page of a list that was read to its end.
    pub end_cursor: Option<String>,
}

/// What a page costs, from its arguments as sent: they are judged only afterwards.
pub fn cost(first: Option<i32>, last: Option<i32>, child: usize) -> usize {
    let size = first.or(last).unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    list_cost(size.unsigned_abs() as usize, child)
}

/// What a list of `size` entries costs.
pub fn list_cost(size: usize, child: usize) -> usize {
    size.saturating_mul(child).saturating_add(1).min(COST_MAX)
}

/// The cursor of the entry with this key.
pub fn cursor(key: i64) -> String {
    URL_SAFE_NO_PAD.encode([CURSOR_TAG, &key.to_be_bytes()].concat())
}

fn read_cursor(text: &str) -> Result<i64, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    bytes
        .strip_prefix(CURSOR_TAG)
        .and_then(|key| key.try_into().ok())
        .map(i64::from_be_bytes)
        .ok_or_else(|| bad_input("A cursor must be one that this service gave for this list."))
}

/// Defines the connection and the edge of a node: `connection!(Charge, ChargeConnection, ChargeEdge)`.
macro_rules! connection {
    ($node:ident, $connection:ident, $edge:ident) => {
        #[doc = concat!("A page of a list of `", stringify!($node), "`.")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $connection {
            /// The entries of this page, each with its cursor.
            pub edges: Vec<$edge>,
            /// Where this page stands in the list.
            pub page_info: $crate::graphql::page::PageInfo,
            /// The entries of this page without their cursors.
            pub nodes: Vec<$node>,
        }

        #[doc = concat!("A `", stringify!($node), "` at its place in a list.")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $edge {
            /// The opaque name of this place, for `after` and `before`.
            pub cursor: String,
            /// The entry.
            pub node: $node,
        }

        impl From<$crate::graphql::page::Cut<$node>> for $connection {
            fn from(cut: $crate::graphql::page::Cut<$node>) -> $connection {
                let edge = |(key, node): &(i64, $node)| $edge {
                    cursor: $crate::graphql::page::cursor(*key),
                    node: node.clone(),
                };
                $connection {
                    edges: cut.entries.iter().map(edge).collect(),
                    page_info: cut.info,
                    nodes: cut.entries.into_iter().map(|(_, node)| node).collect(),
                }
            }
        }
    };
}
pub(super) use connection;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_back_and_other_texts_are_not() {
        for key in [0, 1, -1, i64::MAX, i64::MIN] {
            assert_eq!(read_cursor(&cursor(key)), Ok(key));
        }
        for text in ["", "1", "AAAAAAAAAAA", "no cursor", &cursor(7)[1..]] {
            assert!(read_cursor(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_outside_a_page_are_refused() {
        for size in [i32::MIN, -1, 0, PAGE_MAX + 1, i32::MAX] {
            assert!(Page::parse(Some(size), None, None, None).is_err(), "{size}");
            assert!(Page::parse(None, None, Some(size), None).is_err(), "{size}");
        }
        assert!(Page::parse(Some(1), None, Some(1), None).is_err());
        assert!(Page::parse(Some(1), Some("x"), None, None).is_err());
        let page = Page::parse(None, None, None, None).unwrap();
        assert_eq!((page.size, page.from_start), (20, true));
    }

    #[test]
    fn a_cost_is_judged_whatever_the_arguments() {
        assert_eq!(cost(Some(-5), None, 10), 11);
        assert_eq!(cost(Some(i32::MAX), None, 10), 1_001);
        assert_eq!(cost(None, None, usize::MAX), COST_MAX);
    }

    #[test]
    fn a_page_that_was_not_read_to_its_end_says_where_it_was_read_to() {
        let page = |first, last| Page::parse(first, None, last, None).unwrap();
        let forward = page(Some(2), None).cut_at(vec![(9, ())], Some(5));
        assert!(forward.info.has_next_page && !forward.info.has_previous_page);
        assert_eq!(forward.info.end_cursor, Some(cursor(5)));
        assert_eq!(forward.info.start_cursor, Some(cursor(9)));
        let backward = page(None, Some(2)).cut_at::<()>(Vec::new(), Some(5));
        assert!(backward.info.has_previous_page && !backward.info.has_next_page);
        assert_eq!(backward.info.start_cursor, Some(cursor(5)));
        let read = page(Some(2), None).cut_at(vec![(9, ())], None);
        assert!(!read.info.has_next_page);
    }

    #[test]
    fn a_page_knows_whether_more_follows_in_either_direction() {
        let keyed = |keys: &[i64]| keys.iter().map(|key| (*key, ())).collect::<Vec<_>>();
        let forward = Page::parse(Some(2), None, None, None).unwrap();
        let cut = forward.cut(keyed(&[9, 8, 7]));
        assert_eq!(cut.entries, keyed(&[9, 8]));
        assert!(cut.info.has_next_page && !cut.info.has_previous_page);
        let backward = Page::parse(None, None, Some(2), None).unwrap();
        let cut = backward.cut(keyed(&[1, 2, 3]));
        assert_eq!(cut.entries, keyed(&[2, 1]));
        assert!(cut.info.has_previous_page && !cut.info.has_next_page);
    }
}
