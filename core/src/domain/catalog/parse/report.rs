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
    /// The byte each line starts at, so that many findings in a large file stay cheap.
    line_starts: Vec<usize>,
    findings: RefCell<Vec<Finding>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Report<'a> {
        Report {
            file,
            text,
            line_starts: [0]
                .into_iter()
                .chain(text.match_indices('\n').map(|(newline, _)| newline + 1))
                .collect(),
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
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let line_start = self.line_starts[line - 1];
        let before = self.text.get(line_start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}
