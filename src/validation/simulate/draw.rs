//! Random draws from a seeded stream: the same on every machine and in every version of the generator.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of draws.
#[derive(Clone)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream number `stream` of a seed; streams do not depend on each other.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// The same stream from a place on that [`Draw::place`] told.
    pub fn at(seed: u64, stream: u64, place: u64) -> Self {
        let mut draw = Self::new(seed, stream);
        draw.0.set_word_pos(place.into());
        draw
    }

    /// How much of the stream was drawn.
    pub fn place(&self) -> u64 {
        self.0.get_word_pos() as u64
    }

    /// Uniform on [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform on 0..n; 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Uniform on low..=high.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// One of some words.
    pub fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// True with this chance.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Log-normal with this median and spread of the logarithm.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Sixteen hex digits.
    pub fn hex(&mut self, digits: usize) -> String {
        let full = format!("{:016x}", self.0.next_u64());
        full[..digits.min(16)].to_owned()
    }

    /// A name for a conversation: twelve hex digits.
    pub fn session(&mut self) -> u64 {
        self.0.next_u64() >> 16
    }

    /// An address inside a /16 that belongs to nobody.
    pub fn address(&mut self) -> String {
        format!("10.{}.{}.{}", self.below(256), self.below(256), 1 + self.below(254))
    }
}
