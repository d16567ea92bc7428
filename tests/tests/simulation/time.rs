//! The time of a world, and the clocks by which its nodes know it: each a little wrong, corrected here
//! and there, and at times set far forward or back.
//!
//! Owns which node's clock is surely not to be believed, and from when until when none was.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use chrono::TimeDelta;
use credits_core::{
    clock::{Clock, Hands},
    domain::time::Instant,
};

use crate::chance::Chance;

/// A node starts with a clock that is wrong by this much and goes on so: nobody can see it.
const WRONG_BY: [TimeDelta; 5] = [
    TimeDelta::zero(),
    TimeDelta::zero(),
    TimeDelta::seconds(-20),
    TimeDelta::milliseconds(-400),
    TimeDelta::seconds(2),
];
/// No clock that is believed is ahead by more, or behind by more.
const AHEAD_MAX: TimeDelta = TimeDelta::milliseconds(2_500);
const BEHIND_MAX: TimeDelta = TimeDelta::milliseconds(20_500);
/// Two corrections of at most so much are no step, one after the other.
const CORRECTION_MAX_MS: u64 = 450;
/// How far a clock steps, in seconds: just too far, and by as much as makes many periods.
const STEPS: [i64; 6] = [4, 90, 86_400, 40 * 86_400, 365 * 86_400, 3 * 365 * 86_400];

/// The clock of one node.
#[derive(Debug)]
pub struct Hand {
    pub clock: Clock,
    hands: Hands,
    correction: Cell<TimeDelta>,
    step: Cell<TimeDelta>,
    /// When it stepped, and how often it has.
    stepped_at: Cell<Instant>,
    steps: Cell<u64>,
}

impl Hand {
    /// Which step it is that keeps it from being believed, if one does.
    pub fn disbelieved(&self) -> Option<u64> {
        (!self.step.get().is_zero()).then(|| self.steps.get())
    }

    fn agree(&self) {
        self.hands.step(-self.step.take());
    }
}

/// What really passes.
#[derive(Debug)]
pub struct Time {
    chance: Chance,
    now: Cell<Instant>,
    hands: RefCell<Vec<Rc<Hand>>>,
    none_believed_since: Cell<Option<Instant>>,
    /// From when until when no clock was believed.
    pub standstills: RefCell<Vec<(Instant, Instant)>>,
    pub steps_forward: Cell<u64>,
    pub steps_back: Cell<u64>,
}

impl Time {
    pub fn new(chance: Chance, now: Instant) -> Time {
        Time {
            chance,
            now: Cell::new(now),
            hands: RefCell::default(),
            none_believed_since: Cell::default(),
            standstills: RefCell::default(),
            steps_forward: Cell::default(),
            steps_back: Cell::default(),
        }
    }

    pub fn now(&self) -> Instant {
        self.now.get()
    }

    /// The latest instant that a clock which is believed may show.
    pub fn latest(&self) -> Instant {
        self.now().saturating_add(AHEAD_MAX)
    }

    /// The clock of a node that starts in `place`, instead of the one before it.
    pub fn begin(&self, place: usize) -> Rc<Hand> {
        let wrong_by = match self.hands.borrow().len() {
            // The first ones of all are right, so that nothing is published before the world begins.
            len if len == place => TimeDelta::zero(),
            _ => *self.chance.pick(&WRONG_BY),
        };
        let hands = Hands::at(self.now().saturating_add(wrong_by));
        let hand = Rc::new(Hand {
            clock: hands.clock(),
            hands,
            correction: Cell::default(),
            step: Cell::default(),
            stepped_at: Cell::new(self.now()),
            steps: Cell::default(),
        });
        {
            let mut hands = self.hands.borrow_mut();
            if place < hands.len() {
                hands[place] = Rc::clone(&hand);
            } else {
                hands.push(Rc::clone(&hand));
            }
        }
        self.note();
        hand
    }

    /// Time passes. Who steps a little and is left so for long drifts as an honest clock may: before
    /// that, such a clock is set right.
    pub fn pass(&self, by: TimeDelta) {
        let now = self.now().saturating_add(by.max(TimeDelta::zero()));
        for hand in self.hands.borrow().iter() {
            let honest = now.since(hand.stepped_at.get()) / 1_000 + TimeDelta::seconds(3);
            if hand.step.get().abs() <= honest {
                hand.agree();
            }
        }
        self.note();
        self.now.set(now);
        for hand in self.hands.borrow().iter() {
            hand.hands.pass(by);
        }
    }

    /// A clock is corrected a little, to and fro.
    pub fn correct(&self) {
        let hand = Rc::clone(self.chance.pick(&self.hands.borrow()));
        let by = self.chance.below(2 * CORRECTION_MAX_MS).cast_signed()
            - CORRECTION_MAX_MS.cast_signed();
        let to = TimeDelta::milliseconds(by);
        hand.hands.step(to - hand.correction.replace(to));
    }

    /// One clock steps, or all of them do.
    pub fn step(&self) {
        let one = self.chance.index(self.hands.borrow().len());
        let all = self.chance.happens(500);
        for (place, hand) in self.hands.borrow().iter().enumerate() {
            if hand.disbelieved().is_some() || (place != one && !all) {
                continue;
            }
            // What it was when it was looked at last is what it is compared with.
            let before = hand.clock.read();
            assert!(before.trusted, "a new look at a clock believes it");
            let step = TimeDelta::seconds(*self.chance.pick(&STEPS));
            let forward = self.chance.happens(500);
            let counted = if forward {
                &self.steps_forward
            } else {
                &self.steps_back
            };
            counted.set(counted.get() + 1);
            let step = if forward { step } else { -step };
            hand.hands.step(step);
            hand.step.set(step);
            hand.stepped_at.set(self.now());
            hand.steps.set(hand.steps.get() + 1);
        }
        self.note();
    }

    /// All clocks are set right.
    pub fn agree(&self) {
        for hand in self.hands.borrow().iter() {
            hand.agree();
        }
        self.note();
    }

    /// Whether an operation recorded then was decided while no clock was believed.
    pub fn stood_still_at(&self, recorded: Instant) -> bool {
        self.standstills.borrow().iter().any(|(from, until)| {
            recorded > from.saturating_add(AHEAD_MAX) && recorded < until.saturating_sub(BEHIND_MAX)
        })
    }

    /// Notes whether any clock is believed from now on.
    fn note(&self) {
        let hands = self.hands.borrow();
        let none = hands.iter().all(|hand| hand.disbelieved().is_some());
        match self.none_believed_since.get() {
            None if none => self.none_believed_since.set(Some(self.now())),
            Some(since) if !none => {
                self.none_believed_since.set(None);
                self.standstills.borrow_mut().push((since, self.now()));
            }
            Some(_) | None => {}
        }
    }
}
