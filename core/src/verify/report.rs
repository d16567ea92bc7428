//! What a verification found.

use std::fmt;

use crate::domain::ids::{AccountId, Sequence};

/// The most findings that are kept: beyond them, more tell nothing new.
pub const FINDINGS_MAX: usize = 1_000;

/// What must be so of every ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A row says what a row of its kind must say.
    Row,
    /// Positions count up from 1 without a gap.
    Sequence,
    /// Each operation names the hash of the one before.
    Chain,
    /// Each operation has the hash of what it says.
    Hash,
    /// An operation's columns say the same as its fact and its postings.
    Columns,
    /// An operation can happen to the account as it was before it.
    Possible,
    /// No lot has less than nothing, left or held, after any operation.
    BelowZero,
    /// granted - consumed - expired - revoked = left + held, in each posting and in all.
    Conservation,
    /// The postings of a lot sum to what is left and held of it.
    Lot,
    /// The balance kept with an operation is the one right after it.
    Balance,
    /// An operation id was decided once, across operations and refusals.
    OperationId,
    /// The account's row is at the end of its chain.
    Head,
    /// The account's snapshot is what its operations make of it.
    Snapshot,
    /// The sums of what was charged are those of the charges.
    Usage,
    /// Each payment that is known became so by an operation of its account, and the payment of each
    /// operation is known, for the same thing.
    Payment,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Row => "row",
            Rule::Sequence => "sequence",
            Rule::Chain => "chain",
            Rule::Hash => "hash",
            Rule::Columns => "columns",
            Rule::Possible => "possible",
            Rule::BelowZero => "below-zero",
            Rule::Conservation => "conservation",
            Rule::Lot => "lot",
            Rule::Balance => "balance",
            Rule::OperationId => "operation-id",
            Rule::Head => "head",
            Rule::Snapshot => "snapshot",
            Rule::Usage => "usage",
            Rule::Payment => "payment",
        })
    }
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The account.
    pub account: AccountId,
    /// The operation; none for what concerns the account's row.
    pub sequence: Option<Sequence>,
    /// What it breaks.
    pub rule: Rule,
    /// How.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}", self.account)?;
        if let Some(sequence) = self.sequence {
            write!(f, ", operation {sequence}")?;
        }
        write!(f, ": {}: {}", self.rule, self.message)
    }
}

/// What was read and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many accounts were read.
    pub accounts: u64,
    /// How many operations were read.
    pub operations: u64,
    /// What is wrong, at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    pub findings_left_off: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accounts, operations) = (self.accounts, self.operations);
        write!(f, "{accounts} accounts, {operations} operations: ")?;
        match self.findings.len() {
            0 => f.write_str("clean"),
            found => write!(f, "{} findings", found as u64 + self.findings_left_off),
        }
    }
}

impl Report {
    /// Whether all is as it must be.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Adds what another part of the ledger was found to be.
    pub(super) fn take(&mut self, part: Report) {
        self.accounts += part.accounts;
        self.operations += part.operations;
        let room = FINDINGS_MAX - self.findings.len();
        let left_off = part.findings.len().saturating_sub(room) as u64;
        self.findings.extend(part.findings.into_iter().take(room));
        self.findings_left_off += left_off + part.findings_left_off;
    }

    pub(super) fn add(
        &mut self,
        account: &AccountId,
        sequence: Option<Sequence>,
        rule: Rule,
        message: String,
    ) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                account: account.clone(),
                sequence,
                rule,
                message,
            });
        } else {
            self.findings_left_off += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::account;

    fn part(findings: usize) -> Report {
        let mut part = Report {
            accounts: 1,
            operations: 2,
            ..Report::default()
        };
        for number in 0..findings {
            part.add(&account("ann"), None, Rule::Head, number.to_string());
        }
        part
    }

    #[test]
    fn parts_add_up_and_what_is_left_off_is_counted() {
        let mut whole = Report::default();
        for findings in [3, FINDINGS_MAX - 1, FINDINGS_MAX + 5] {
            whole.take(part(findings));
        }
        assert_eq!((whole.accounts, whole.operations), (3, 6));
        assert_eq!(whole.findings.len(), FINDINGS_MAX);
        assert_eq!(whole.findings[2].message, "2");
        assert_eq!(whole.findings[3].message, "0");
        let all = 3 + (FINDINGS_MAX - 1) + (FINDINGS_MAX + 5);
        assert_eq!(whole.findings_left_off, (all - FINDINGS_MAX) as u64);
    }
}
