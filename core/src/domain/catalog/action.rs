//! What a request can do, such as turn text into an image.

use serde::{Deserialize, Serialize};

use crate::domain::ids::ActionId;

/// Something a client can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its name in requests.
    pub id: ActionId,
    /// Its name for people.
    pub name: String,
    /// What it does, for people; may be empty.
    pub description: String,
    /// What it makes, which decides whether it uses credits.
    pub produces: Produces,
}

/// What an action makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Produces {
    /// Images: always a price above 0.
    Image,
    /// Videos: always a price above 0.
    Video,
    /// Sound: a price of 0 or more.
    Audio,
    /// Text: unlimited, uses no credits and has no price.
    Text,
}

impl Produces {
    /// Whether it may be made without credits by rule, whatever the models say.
    pub const fn is_free(self) -> bool {
        match self {
            Produces::Text => true,
            Produces::Image | Produces::Video | Produces::Audio => false,
        }
    }

    /// Whether a price of 0 is refused: "any action that produces an image or video uses credits".
    pub const fn needs_price_above_zero(self) -> bool {
        match self {
            Produces::Image | Produces::Video => true,
            Produces::Audio | Produces::Text => false,
        }
    }

    /// The word for it in a catalog file.
    pub const fn word(self) -> &'static str {
        match self {
            Produces::Image => "image",
            Produces::Video => "video",
            Produces::Audio => "audio",
            Produces::Text => "text",
        }
    }
}
