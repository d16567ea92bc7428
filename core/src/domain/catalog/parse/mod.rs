//! Reading a catalog file: all that is wrong with it is told at once, each with its line.
//!
//! The built-in example, `example.toml`, documents the format. Reading is pure: it takes the text
//! and the file's name, and never opens a file.

mod entry;
mod models;
mod report;
mod sales;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use toml::de::DeTable;

use super::{
    Catalog,
    finding::{CatalogRule, FINDINGS_MAX, Finding},
    warn::{self, About},
};
use entry::Entry;
use report::{Report, Reported};

/// The largest catalog file, in bytes: a thousand models fit, and a wrong file is not read.
pub const CATALOG_BYTES_MAX: usize = 1 << 20;

/// The built-in example. Its numbers are examples; its comments document the format.
pub const EXAMPLE: &str = include_str!("../../../catalog/example.toml");

/// A catalog and what is worth a look in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What the file says.
    pub catalog: Catalog,
    /// Where its prices break what users are told to expect "in general".
    pub warnings: Vec<Finding>,
}

impl Catalog {
    /// Reads a catalog file. `file_name` is only for the findings; on an error it gives all of them,
    /// in the order of the file, up to [`super::FINDINGS_MAX`].
    pub fn parse(text: &str, file_name: &str) -> Result<Parsed, Vec<Finding>> {
        let report = Report::new(file_name, text);
        if text.len() > CATALOG_BYTES_MAX {
            let message = format!("the file is larger than {CATALOG_BYTES_MAX} bytes");
            report.add(0..0, String::new(), CatalogRule::TooMany, message);
            return Err(report.into_findings());
        }
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let place = error.span().unwrap_or(0..0);
            report.add(place, String::new(), CatalogRule::Syntax, error.message());
        }
        if !errors.is_empty() {
            return Err(report.into_findings());
        }
        let root = Entry::root(&report, &document);
        match catalog(&root) {
            Ok(catalog) if report.is_empty() => {
                report_warnings(&root, &catalog);
                let warnings = report.into_findings();
                Ok(Parsed { catalog, warnings })
            }
            Ok(_) | Err(Reported) => Err(report.into_findings()),
        }
    }
}

fn catalog(root: &Entry<'_>) -> Result<Catalog, Reported> {
    root.only(&["actions", "models", "plans", "packs", "policy", "advice"]);
    let actions = models::actions(root);
    let models = models::models(root);
    let plans = sales::plans(root);
    let packs = sales::packs(root);
    let policy = settings::policy(root);
    let advice = settings::advice(root);
    Ok(Catalog {
        actions: actions?,
        models: models?,
        plans: plans?,
        packs: packs?,
        policy: policy?,
        advice: advice?,
    })
}

/// Reads every entry of a list, so that all that is wrong is reported, and gives them if nothing was.
fn read_all<'a, T>(
    entries: &[Entry<'a>],
    read: impl Fn(&Entry<'a>) -> Result<T, Reported>,
) -> Result<Vec<T>, Reported> {
    let read: Vec<Result<T, Reported>> = entries.iter().map(read).collect();
    read.into_iter().collect()
}

/// Refuses a key whose text an earlier entry has already.
fn refuse_duplicates(entries: &[Entry<'_>], key: &str, rule: CatalogRule) {
    let mut seen: HashMap<&str, &Entry<'_>> = HashMap::new();
    for entry in entries {
        let Some(text) = entry.peek(key) else {
            continue;
        };
        if let Some(first) = seen.get(text) {
            let (path, line) = (first.path(), first.line(key));
            let message = format!("`{text}` is already the {key} of {path}, line {line}");
            entry.wrong(key, rule, message);
        } else {
            seen.insert(text, entry);
        }
    }
}

/// Warnings point at the price they are about, which is found again by its place in the lists.
fn report_warnings(root: &Entry<'_>, catalog: &Catalog) {
    for warning in warn::warnings(catalog).into_iter().take(FINDINGS_MAX) {
        let (place, key) = match warning.about {
            About::Action(action) => (nth(root, "actions", action), "id"),
            About::Price { model, action } => {
                let model = nth(root, "models", model);
                (
                    model.and_then(|model| nth(&model, "actions", action)),
                    "price",
                )
            }
        };
        let place = place.expect("a catalog that was read has every entry in the file");
        place.wrong(key, warning.rule, warning.message);
    }
}

fn nth<'a>(entry: &Entry<'a>, key: &str, index: usize) -> Option<Entry<'a>> {
    entry.tables_if_any(key).into_iter().nth(index)
}
