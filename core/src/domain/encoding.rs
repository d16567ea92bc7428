//! One canonical byte encoding, under every hash that is kept.
//!
//! Owns how values become bytes that mean the same for ever: each field is a tag of its kind and,
//! where its length varies, that length first. It never decodes: hashes are compared, not read.

/// Room for a few fields without growing.
const BYTES: usize = 256;

/// Fields in an order that the caller fixes, for a BLAKE3 hash. They are hashed at once: a hasher that is fed
/// one by one is asked some eighty times for an operation.
pub struct Encoding(Vec<u8>);

impl Encoding {
    /// Begins an encoding with the name and version of its layout.
    pub fn new(layout: &str) -> Encoding {
        Encoding::with_room(layout, BYTES)
    }

    /// As [`Encoding::new`], of so many bytes in most cases: past them they are copied.
    pub fn with_room(layout: &str, bytes: usize) -> Encoding {
        let mut encoding = Encoding(Vec::with_capacity(bytes));
        encoding.text(layout);
        encoding
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) -> &mut Encoding {
        self.bytes(text.as_bytes())
    }

    /// Adds bytes of any length.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Encoding {
        self.0.push(b'b');
        self.0.extend((bytes.len() as u64).to_le_bytes());
        self.0.extend(bytes);
        self
    }

    /// Adds a whole number.
    pub fn number(&mut self, number: i64) -> &mut Encoding {
        self.0.push(b'i');
        self.0.extend(number.to_le_bytes());
        self
    }

    /// Adds the absence of a value, which differs from every value.
    pub fn absent(&mut self) -> &mut Encoding {
        self.0.push(b'-');
        self
    }

    /// Adds a text or its absence.
    pub fn optional_text(&mut self, text: Option<&str>) -> &mut Encoding {
        match text {
            Some(text) => self.text(text),
            None => self.absent(),
        }
    }

    /// Adds a number or its absence.
    pub fn optional_number(&mut self, number: Option<i64>) -> &mut Encoding {
        match number {
            Some(number) => self.number(number),
            None => self.absent(),
        }
    }

    /// The hash of all that was added.
    pub fn finish(&self) -> [u8; 32] {
        *blake3::hash(&self.0).as_bytes()
    }
}
