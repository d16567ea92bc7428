//! The findings of one reading, each with its line and column.

use std::{cell::RefCell, ops::Range};

use crate::domain::catalog::finding::{CatalogRule, FINDINGS_MAX, Finding};

/// Says that something was wrong and is in the report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported;

/// Collects findings while a file is read, so that all of them are told at once.
pub(super) struct Report<'a> {
    file: &'a str,
    text: &'a str,
    findings: RefCell<Vec<Finding>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Report<'a> {
        Report {
            file,
            text,
            findings: RefCell::default(),
        }
    }

    /// Adds what is wrong at a byte range of the file.
    pub(super) fn add(
        &self,
        span: Range<usize>,
        field: String,
        rule: CatalogRule,
        message: impl Into<String>,
    ) -> Reported {
        let (line, column) = self.position(span.start);
        self.findings.borrow_mut().push(Finding {
            file: self.file.to_owned(),
            line,
            column,
            field,
            rule,
            message: message.into(),
        });
        Reported
    }

    /// The part of the file at a byte range.
    pub(super) fn source(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    /// The line, from 1, of a byte of the file.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.position(offset).0
    }

    /// Whether nothing was found so far.
    pub(super) fn is_empty(&self) -> bool {
        self.findings.borrow().is_empty()
    }

    /// The findings so far, by their place in the file, at most [`FINDINGS_MAX`].
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings.into_inner();
        findings.sort_by_key(|finding| (finding.line, finding.column));
        findings.truncate(FINDINGS_MAX);
        findings
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}
