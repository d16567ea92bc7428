//! Rows to the domain and back, one table a file.
//!
//! Owns the only place that knows both sides. A row that does not say what it must is a
//! [`CorruptRecord`] that names the row and the column; nothing is ever filled in for it.

pub(super) mod account;
pub(super) mod catalog;
pub(super) mod operation;
pub(super) mod payment;
pub(super) mod refusal;
pub(super) mod usage;

use std::fmt::Display;

use crate::domain::record::CorruptRecord;

/// How a row is named in an error; asked only when there is one.
struct Row<F: Fn() -> String>(F);

impl<F: Fn() -> String> Row<F> {
    fn corrupt(&self, column: &'static str, problem: impl Display) -> CorruptRecord {
        CorruptRecord::Column {
            row: (self.0)(),
            column,
            problem: problem.to_string(),
        }
    }

    fn read<T, E: Display>(
        &self,
        column: &'static str,
        read: Result<T, E>,
    ) -> Result<T, CorruptRecord> {
        read.map_err(|problem| self.corrupt(column, problem))
    }

    fn hash(&self, column: &'static str, bytes: Vec<u8>) -> Result<[u8; 32], CorruptRecord> {
        let wrong = |bytes: Vec<u8>| format!("{} bytes where a hash has 32", bytes.len());
        self.read(column, bytes.try_into().map_err(wrong))
    }

    /// Fails unless a column that is computed from others says what they do.
    fn same<T: PartialEq + Display>(
        &self,
        column: &'static str,
        found: T,
        computed: T,
    ) -> Result<(), CorruptRecord> {
        if found == computed {
            Ok(())
        } else {
            let problem = format!("{found}, where the rest of the row says {computed}");
            Err(self.corrupt(column, problem))
        }
    }
}

/// A domain value as JSON text.
fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("accounts and refusals are plain data with text keys")
}
