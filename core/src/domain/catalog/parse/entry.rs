//! One table of a catalog file, read key by key.
//!
//! Owns the form of values: types, lengths and bounds. It never knows what a key means.

use std::{ops::Range, ops::RangeInclusive};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::report::{Report, Reported};
use crate::domain::{
    catalog::{finding::CatalogRule, ratio::Ratio},
    credits::Credits,
    ids::InvalidId,
};

/// The most entries in one list: a menu that people choose from is far shorter, and lookups read
/// along the list.
pub(super) const ENTRIES_MAX: usize = 1_000;
/// The longest name, in characters: it has to fit on a button.
pub(super) const NAME_CHARS_MAX: usize = 100;
/// The longest description, in characters: a paragraph.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 1_000;

/// A table, its place in the file and the path to it.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    report: &'a Report<'a>,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    path: String,
}

impl<'a> Entry<'a> {
    /// The table of the whole file.
    pub(super) fn root(report: &'a Report<'a>, table: &'a Spanned<DeTable<'a>>) -> Entry<'a> {
        Entry {
            report,
            table: table.get_ref(),
            span: table.span(),
            path: String::new(),
        }
    }

    /// Whether the key is there, with any value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The text of a key, if it has one; reports nothing.
    pub(super) fn peek(&self, key: &str) -> Option<&'a str> {
        self.table.get(key)?.get_ref().as_str()
    }

    /// Reports what is wrong with the value of a key, or with its absence.
    pub(super) fn wrong(
        &self,
        key: &str,
        rule: CatalogRule,
        message: impl Into<String>,
    ) -> Reported {
        self.report
            .add(self.place(key), self.field(key), rule, message)
    }

    /// Refuses keys that the format does not have: a misspelt key must not be a silent default.
    pub(super) fn only(&self, keys: &[&str]) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !keys.contains(&name) {
                self.report.add(
                    key.span(),
                    self.field(name),
                    CatalogRule::UnknownKey,
                    format!(
                        "is not a key of the format; the keys here are {}",
                        keys.join(", ")
                    ),
                );
            }
        }
    }

    /// The line of the file that the key is on, from 1.
    pub(super) fn line(&self, key: &str) -> usize {
        self.report.line(self.place(key).start)
    }

    /// The path to this entry.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The byte range of the value of a key; that of the entry if the key is not there.
    fn place(&self, key: &str) -> Range<usize> {
        self.table.get(key).map_or(self.span.clone(), Spanned::span)
    }

    /// Reads a key that may be absent.
    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Entry<'a>, &str) -> Result<T, Reported>,
    ) -> Result<Option<T>, Reported> {
        self.has(key).then(|| read(self, key)).transpose()
    }

    /// A short text for people.
    pub(super) fn name(&self, key: &str) -> Result<String, Reported> {
        self.text(key, NAME_CHARS_MAX).map(str::to_owned)
    }

    /// A longer text for people; empty if it is absent.
    pub(super) fn description(&self, key: &str) -> Result<String, Reported> {
        let text = self.optional(key, |entry, key| entry.text(key, DESCRIPTION_CHARS_MAX))?;
        Ok(text.unwrap_or_default().to_owned())
    }

    /// A text that a parser takes, such as an id.
    pub(super) fn id<T>(
        &self,
        key: &str,
        parse: fn(&str) -> Result<T, InvalidId>,
    ) -> Result<T, Reported> {
        let text = self.string(key)?;
        parse(text).map_err(|wrong| self.wrong(key, CatalogRule::InvalidText, wrong.to_string()))
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<T, Reported> {
        let text = self.string(key)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("must be one of {}, not `{text}`", words.join(", "));
            self.wrong(key, CatalogRule::InvalidText, message)
        })
    }

    /// A text of 1 to `chars_max` characters, none of them a control character.
    pub(super) fn text(&self, key: &str, chars_max: usize) -> Result<&'a str, Reported> {
        let text = self.string(key)?;
        let chars = text.chars().count();
        if (1..=chars_max).contains(&chars) && !text.chars().any(char::is_control) {
            return Ok(text);
        }
        let message = format!("must have 1 to {chars_max} visible characters");
        Err(self.wrong(key, CatalogRule::InvalidText, message))
    }

    /// A text of any kind.
    pub(super) fn string(&self, key: &str) -> Result<&'a str, Reported> {
        let value = self.required(key)?;
        value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.wrong_type(key, "a text in quotes"))
    }

    /// True or false.
    pub(super) fn switch(&self, key: &str) -> Result<bool, Reported> {
        let value = self.required(key)?;
        value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.wrong_type(key, "true or false"))
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, key: &str, bounds: RangeInclusive<u32>) -> Result<u32, Reported> {
        let bounds = i64::from(*bounds.start())..=i64::from(*bounds.end());
        let number = self.integer(key, bounds)?;
        Ok(u32::try_from(number).expect("the bounds of the number are within 32 bits"))
    }

    /// Whole credits within bounds.
    pub(super) fn credits(
        &self,
        key: &str,
        bounds: RangeInclusive<i64>,
    ) -> Result<Credits, Reported> {
        let number = self.integer(key, bounds)?;
        Credits::new(number)
            .map_err(|wrong| self.wrong(key, CatalogRule::OutOfRange, wrong.to_string()))
    }

    /// A whole number within bounds.
    pub(super) fn integer(&self, key: &str, bounds: RangeInclusive<i64>) -> Result<i64, Reported> {
        let value = self.required(key)?;
        let Some(integer) = value.get_ref().as_integer() else {
            return Err(self.wrong_type(key, "a whole number"));
        };
        match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if bounds.contains(&number) => Ok(number),
            Ok(_) | Err(_) => {
                let (least, most) = (bounds.start(), bounds.end());
                let message = format!("must be a whole number from {least} to {most}");
                Err(self.wrong(key, CatalogRule::OutOfRange, message))
            }
        }
    }

    /// A list of whole numbers, each within bounds.
    pub(super) fn integers(
        &self,
        key: &str,
        bounds: RangeInclusive<i64>,
    ) -> Result<Vec<i64>, Reported> {
        let value = self.required(key)?;
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.wrong_type(key, "a list of whole numbers"));
        };
        let read = |item: &Spanned<DeValue<'_>>| {
            let integer = item.get_ref().as_integer()?;
            let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok()?;
            bounds.contains(&number).then_some(number)
        };
        let numbers: Option<Vec<i64>> = items.iter().map(read).collect();
        numbers.ok_or_else(|| {
            let (least, most) = (bounds.start(), bounds.end());
            let message = format!("must be a list of whole numbers from {least} to {most}");
            self.wrong(key, CatalogRule::OutOfRange, message)
        })
    }

    /// An exact fraction: a whole number, or a decimal or fraction in quotes.
    pub(super) fn ratio(&self, key: &str) -> Result<Ratio, Reported> {
        let value = self.required(key)?;
        if value.get_ref().is_float() {
            let text = self.report.source(value.span());
            let message = format!(
                "must be exact, which {text} without quotes is not (it is a binary float); write \
                 \"{text}\""
            );
            return Err(self.wrong(key, CatalogRule::PriceNotExact, message));
        }
        if value.get_ref().is_integer() {
            let number = self.number(key, 0..=u32::MAX)?;
            return Ok(Ratio::whole(number));
        }
        let Some(text) = value.get_ref().as_str() else {
            return Err(self.wrong_type(key, "a whole number, or text like \"12.5\" or \"1/3\""));
        };
        text.parse().map_err(|wrong| {
            self.wrong(
                key,
                CatalogRule::PriceNotExact,
                format!("{wrong}, not \"{text}\""),
            )
        })
    }

    /// A table under a key.
    pub(super) fn table(&self, key: &str) -> Result<Entry<'a>, Reported> {
        let value = self.required(key)?;
        self.entry(value, self.field(key))
            .ok_or_else(|| self.wrong_type(key, "a table"))
    }

    /// A list of tables under a key; none if the key is absent.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<Entry<'a>>, Reported> {
        let Some(value) = self.table.get(key) else {
            return Ok(Vec::new());
        };
        let Some(list) = value.get_ref().as_array() else {
            return Err(self.wrong_type(key, "a list of tables"));
        };
        if list.len() > ENTRIES_MAX {
            let message = format!("has {} entries; at most {ENTRIES_MAX} fit", list.len());
            return Err(self.wrong(key, CatalogRule::TooMany, message));
        }
        let entries = list.iter().enumerate().map(|(index, value)| {
            let path = format!("{}[{index}]", self.field(key));
            self.entry(value, path.clone()).ok_or_else(|| {
                let found = value.get_ref().type_str();
                let message = format!("must be a table, not of type {found}");
                self.report
                    .add(value.span(), path, CatalogRule::WrongType, message)
            })
        });
        // Every entry is looked at before the first failure is returned.
        entries.collect::<Vec<_>>().into_iter().collect()
    }

    /// The tables under a key that are well-formed; reports nothing, for looking across entries.
    pub(super) fn tables_if_any(&self, key: &str) -> Vec<Entry<'a>> {
        let list = self
            .table
            .get(key)
            .and_then(|value| value.get_ref().as_array());
        let entries = list
            .into_iter()
            .flat_map(|list| list.iter())
            .take(ENTRIES_MAX);
        entries
            .enumerate()
            .filter_map(|(index, value)| self.entry(value, format!("{}[{index}]", self.field(key))))
            .collect()
    }

    fn entry(&self, value: &'a Spanned<DeValue<'a>>, path: String) -> Option<Entry<'a>> {
        Some(Entry {
            report: self.report,
            table: value.get_ref().as_table()?,
            span: value.span(),
            path,
        })
    }

    fn required(&self, key: &str) -> Result<&'a Spanned<DeValue<'a>>, Reported> {
        self.table
            .get(key)
            .ok_or_else(|| self.wrong(key, CatalogRule::MissingField, "is missing"))
    }

    fn wrong_type(&self, key: &str, wanted: &str) -> Reported {
        let found = self
            .table
            .get(key)
            .map_or("nothing", |value| value.get_ref().type_str());
        let message = format!("must be {wanted}, not of type {found}");
        self.wrong(key, CatalogRule::WrongType, message)
    }

    fn field(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}
