//! What is wrong, or looks wrong, in a catalog file, and where.

use std::fmt;

/// The most findings of one kind that are reported: a file with more is not fixed line by line.
pub const FINDINGS_MAX: usize = 100;

/// One thing to fix or look at in a catalog file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file as it was named.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The path to the entry, such as `models[2].actions[0].price`; empty for the file itself.
    pub field: String,
    /// Which rule it breaks.
    pub rule: CatalogRule,
    /// What is wrong, with what would be right.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// The rules of a catalog file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CatalogRule {
    /// The text is not TOML.
    Syntax,
    /// A key that the format does not have.
    UnknownKey,
    /// A value of another type than the key takes.
    WrongType,
    /// A key that must be there is not.
    MissingField,
    /// A text that is empty, too long, or not of the required form.
    InvalidText,
    /// A number outside its bounds.
    OutOfRange,
    /// A smallest value above the largest, or a list that must not be empty.
    EmptyRange,
    /// A default that is not one of the values offered.
    DefaultNotOffered,
    /// More entries than one catalog may have.
    TooMany,
    /// Two entries with the same id.
    DuplicateId,
    /// A price list with one interval twice.
    DuplicateInterval,
    /// A model names an action that the catalog does not have.
    ActionUnknown,
    /// A model claims an action without saying what it costs.
    PriceMissing,
    /// An image or a video for nothing.
    PriceNotAboveZero,
    /// An action that makes an image or a video and has no price at all.
    ActionWithoutPrice,
    /// A price for text, which is unlimited.
    TextPriced,
    /// A price that is not exact.
    PriceNotExact,
    /// The largest request of a model costs more than credits can hold.
    CostTooLarge,
    /// Warning: no model runs an action that makes sound.
    ActionWithoutModel,
    /// Warning: an image costs as much as a video, or more.
    ImageDearerThanVideo,
    /// Warning: a more advanced model is cheaper than a simpler one.
    AdvancedCheaper,
}

impl CatalogRule {
    /// Whether breaking it only deserves a look: the specification says "in general".
    pub const fn is_warning(self) -> bool {
        match self {
            CatalogRule::ActionWithoutModel
            | CatalogRule::ImageDearerThanVideo
            | CatalogRule::AdvancedCheaper => true,
            CatalogRule::Syntax
            | CatalogRule::UnknownKey
            | CatalogRule::WrongType
            | CatalogRule::MissingField
            | CatalogRule::InvalidText
            | CatalogRule::OutOfRange
            | CatalogRule::EmptyRange
            | CatalogRule::DefaultNotOffered
            | CatalogRule::TooMany
            | CatalogRule::DuplicateId
            | CatalogRule::DuplicateInterval
            | CatalogRule::ActionUnknown
            | CatalogRule::PriceMissing
            | CatalogRule::PriceNotAboveZero
            | CatalogRule::ActionWithoutPrice
            | CatalogRule::TextPriced
            | CatalogRule::PriceNotExact
            | CatalogRule::CostTooLarge => false,
        }
    }
}
