//! Chance by a seed: the same seed takes the same chances.

use std::sync::{Arc, Mutex};

/// A seeded source of chance. Cloning gives the same source.
#[derive(Clone, Debug)]
pub struct Chance(Arc<Mutex<u64>>);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(Arc::new(Mutex::new(seed)))
    }

    /// The next number (SplitMix64).
    pub fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn index(&self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap()
    }

    pub fn pick<'t, T>(&self, of: &'t [T]) -> &'t T {
        &of[self.index(of.len())]
    }

    /// Whether something of this many in a thousand happens.
    pub fn happens(&self, in_a_thousand: u64) -> bool {
        self.below(1_000) < in_a_thousand
    }
}
