//! The documents a worker has validated lately.
//!
//! Owns how many there may be and which go first. Each worker has its own, so that no request waits
//! for another's. It never holds a document that was refused.

use std::{collections::HashMap, rc::Rc};

use super::Document;

/// The most documents of one generation. A product has some tens; the rest is room for GraphiQL.
const DOCUMENTS_MAX: usize = 1_000;
/// The longest text kept.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The most fields of one generation, at about 300 bytes each: what bounds the memory, because a
/// short text may expand to many.
const FIELDS_MAX: u32 = 50_000;

/// Validated documents by their text, in two generations: when the young one is full the old one
/// goes, and what is used again is young again. A flood of new texts can't push out what is in use.
#[derive(Default)]
pub struct Shelf {
    young: HashMap<Box<str>, Rc<Document>>,
    old: HashMap<Box<str>, Rc<Document>>,
    young_fields: u32,
}

impl Shelf {
    /// The document of this very text.
    pub fn get(&mut self, text: &str) -> Option<Rc<Document>> {
        if let Some(document) = self.young.get(text) {
            return Some(Rc::clone(document));
        }
        let (text, document) = self.old.remove_entry(text)?;
        self.insert(text, Rc::clone(&document));
        Some(document)
    }

    /// Keeps a validated document, unless it is too large to be worth it.
    pub fn put(&mut self, text: &str, document: Rc<Document>) {
        if text.len() <= TEXT_BYTES_MAX {
            self.insert(text.into(), document);
        }
    }

    fn insert(&mut self, text: Box<str>, document: Rc<Document>) {
        let fields = self.young_fields.saturating_add(document.fields);
        if self.young.len() >= DOCUMENTS_MAX || fields > FIELDS_MAX {
            self.old = std::mem::take(&mut self.young);
            self.young_fields = 0;
        }
        self.young_fields = self.young_fields.saturating_add(document.fields);
        self.young.insert(text, document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::document::Draft;

    fn document(text: &str) -> Rc<Document> {
        Rc::new(
            Draft::parse(text)
                .expect("the test's document parses")
                .validated(),
        )
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let mut shelf = Shelf::default();
        shelf.put("{used}", document("{used}"));
        for n in 0..10_000 {
            let text = format!("{{a{n}}}");
            shelf.put(&text, document(&text));
            assert!(shelf.get("{used}").is_some());
            assert!(shelf.young.len() + shelf.old.len() <= 2 * DOCUMENTS_MAX);
        }
        assert!(shelf.get("{a0}").is_none());
        assert!(shelf.get("{a9999}").is_some());
    }

    #[test]
    fn wide_documents_count_by_their_fields() {
        let mut shelf = Shelf::default();
        for n in 0..200 {
            let text = format!("{{ b{n} {} }}", "a ".repeat(1_000));
            shelf.put(&text, document(&text));
        }
        assert!(shelf.young.len() + shelf.old.len() <= 100);
    }

    #[test]
    fn long_texts_are_not_kept() {
        let mut shelf = Shelf::default();
        let text = format!("{{a}} #{}", "x".repeat(TEXT_BYTES_MAX));
        shelf.put(&text, document(&text));
        assert!(shelf.get(&text).is_none());
    }
}
