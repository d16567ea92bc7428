//! A charge as a line of a file.
//!
//! Owns the columns, which have the names of the fields of `Charge`, and how a value is written so that
//! nothing in it is read as anything else: neither by a parser nor by a spreadsheet.

use chrono::SecondsFormat;
use credits_core::domain::{event::Fact, ids::OperationId, outcome::Operation};
use serde::Serialize;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values as RFC 4180 has them, with a header.
    Csv,
    /// A JSON object a line.
    JsonLines,
}

/// A charge, with its columns in their order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'c> {
    sequence: i64,
    operation_id: Option<String>,
    at: String,
    action: &'c str,
    model: &'c str,
    project: Option<&'c str>,
    variations: u32,
    seconds: Option<u32>,
    resolution: Option<&'c str>,
    quality: Option<&'c str>,
    cost: i64,
    hold_id: Option<String>,
    late: bool,
    regenerate_of: Option<String>,
    catalog_version: i32,
}

/// The names of the columns.
const HEADER: &[u8] =
    b"sequence,operationId,at,action,model,project,variations,seconds,resolution,\
quality,cost,holdId,late,regenerateOf,catalogVersion\r\n";

impl Form {
    /// What the name of such a file ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::JsonLines => "jsonl",
        }
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8; header=present",
            Form::JsonLines => "application/jsonl; charset=utf-8",
        }
    }

    /// Writes what stands before the first charge.
    pub fn begin(self, lines: &mut Vec<u8>) {
        match self {
            Form::Csv => lines.extend_from_slice(HEADER),
            Form::JsonLines => {}
        }
    }

    /// Writes an operation, if it is a charge.
    pub fn write(self, operation: &Operation, lines: &mut Vec<u8>) {
        let Some(line) = Line::of(operation) else {
            return;
        };
        match self {
            Form::Csv => line.write_csv(lines),
            Form::JsonLines => {
                super::answer::write(&line, lines);
                lines.push(b'\n');
            }
        }
    }
}

impl Line<'_> {
    fn of(operation: &Operation) -> Option<Line<'_>> {
        let Fact::Charge(charge) = &operation.event.fact else {
            return None;
        };
        let (spend, terms) = (&charge.spend, &charge.spend.terms);
        let text = |id: OperationId| id.to_string();
        let at = operation.event.at.to_utc();
        Some(Line {
            sequence: operation.sequence.0,
            operation_id: operation.event.caused_by.map(|by| text(by.operation_id)),
            at: at.to_rfc3339_opts(SecondsFormat::Micros, true),
            action: terms.action.as_str(),
            model: terms.model.as_str(),
            project: spend.project.as_ref().map(|id| id.as_str()),
            variations: terms.variations,
            seconds: terms.seconds,
            resolution: terms.resolution.as_ref().map(|(id, _)| id.as_str()),
            quality: terms.quality.as_ref().map(|(id, _)| id.as_str()),
            cost: charge.cost.get(),
            hold_id: charge.hold.map(text),
            late: charge.late,
            regenerate_of: spend.regenerate_of.map(text),
            catalog_version: spend.catalog_version.0,
        })
    }

    fn write_csv(&self, lines: &mut Vec<u8>) {
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        let values = [
            self.sequence.to_string(),
            self.operation_id.clone().unwrap_or_default(),
            self.at.clone(),
            self.action.to_owned(),
            self.model.to_owned(),
            self.project.unwrap_or_default().to_owned(),
            self.variations.to_string(),
            number(self.seconds).unwrap_or_default(),
            self.resolution.unwrap_or_default().to_owned(),
            self.quality.unwrap_or_default().to_owned(),
            self.cost.to_string(),
            self.hold_id.clone().unwrap_or_default(),
            self.late.to_string(),
            self.regenerate_of.clone().unwrap_or_default(),
            self.catalog_version.to_string(),
        ];
        lines.extend_from_slice(values.map(|value| field(&value)).join(",").as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
}

/// A value as a field. One that a spreadsheet would run as a formula gets a quote mark in front, by
/// which it knows a text; quotes are doubled, and what has any, a comma or a line break is quoted.
fn field(value: &str) -> String {
    let runs = value.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let guarded = if runs {
        format!("'{value}")
    } else {
        value.to_owned()
    };
    if runs || guarded.contains(['"', ',', '\r', '\n', ';']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_back_as_what_it_is_and_never_run() {
        for (value, written) in [
            ("", ""),
            ("film-1", "film-1"),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("say\"so\"", "\"say\"\"so\"\"\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@sum", "\"'@sum\""),
            ("＝1", "\"'＝1\""),
            ("=\"x\"", "\"'=\"\"x\"\"\""),
            ("it's", "it's"),
        ] {
            assert_eq!(field(value), written, "{value}");
        }
    }

    #[test]
    fn the_header_has_the_names_of_the_values() {
        let line = Line {
            sequence: 1,
            operation_id: None,
            at: String::new(),
            action: "a",
            model: "m",
            project: None,
            variations: 1,
            seconds: None,
            resolution: None,
            quality: None,
            cost: 1,
            hold_id: None,
            late: false,
            regenerate_of: None,
            catalog_version: 1,
        };
        let json = serde_json::to_string(&line).unwrap();
        let header = std::str::from_utf8(HEADER).unwrap();
        let mut places = header.trim_end().split(',').map(|name| {
            let name = format!("\"{name}\":");
            json.find(&name)
                .unwrap_or_else(|| panic!("{name} in {json}"))
        });
        assert!(places.by_ref().is_sorted());
        let mut csv = Vec::new();
        line.write_csv(&mut csv);
        let commas = |text: &[u8]| text.iter().filter(|byte| **byte == b',').count();
        assert_eq!(commas(&csv), commas(HEADER));
    }
}
