//! Long system prompts, which an application or an agent sends word for word with every request. Each is fingerprinted once, and
//! what an account carries of it is added up by account and not by request: else nearly all that is kept of such a log were
//! the fingerprints of a few texts.

use crate::evidence::fingerprint::Winnower;
use crate::evidence::rules;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a prompt that is kept; of a shorter one there are few fingerprints.
const LONG: usize = 256;
/// Bytes of prompts and fingerprints that one thread keeps; what finds no room is treated as any other text.
const MOST_HELD: usize = 8 << 20;
/// Prompts that were met once are known by a hash in so many places: one that never comes again takes no room.
const MET: usize = 1 << 14;

#[derive(Debug)]
struct Preamble {
    text: Box<str>,
    /// Distinct, by part and value.
    fingerprints: Box<[u64]>,
    /// Rule packs that it matches.
    packs: Vec<&'static str>,
}

/// Those that one thread met.
#[derive(Debug, Default)]
pub(super) struct Preambles {
    kept: Vec<Preamble>,
    /// By hash of their text. Who makes two texts with one hash gains that the second is not kept.
    numbers: HashMap<u64, u32>,
    met: Vec<u64>,
    held: usize,
}

/// By the lowest byte first, which tells the part that a fingerprint is in.
fn order(fingerprint: u64) -> u64 {
    fingerprint.rotate_right(8)
}

impl Preambles {
    /// The number of a system prompt, where it is kept: from when it is met for the second time.
    pub fn number(&mut self, text: &str, winnower: &mut Winnower) -> Option<u32> {
        if text.len() < LONG {
            return None;
        }
        let hash = xxh3_64(text.as_bytes());
        if let Some(number) = self.numbers.get(&hash) {
            return (*self.kept[*number as usize].text == *text).then_some(*number);
        }
        self.met.resize(MET, 0);
        let before = std::mem::replace(&mut self.met[hash as usize % MET], hash);
        if before != hash || self.held + text.len() > MOST_HELD {
            return None;
        }
        let mut fingerprints = Vec::new();
        winnower.winnow(text, &mut fingerprints);
        fingerprints.sort_unstable_by_key(|f| order(*f));
        fingerprints.dedup();
        self.held += text.len() + size_of_val(fingerprints.as_slice());
        let number = u32::try_from(self.kept.len()).ok()?;
        let mut packs = Vec::new();
        rules::matching(text, &mut packs);
        self.kept.push(Preamble { text: text.into(), fingerprints: fingerprints.into(), packs });
        self.numbers.insert(hash, number);
        Some(number)
    }

    /// The distinct fingerprints of one.
    pub fn fingerprints(&self, number: u32) -> &[u64] {
        &self.kept[number as usize].fingerprints
    }

    /// The rule packs that one matches.
    pub fn packs(&self, number: u32) -> &[&'static str] {
        &self.kept[number as usize].packs
    }

    /// Those of them that end in a byte.
    pub fn in_part(&self, number: u32, lowest: u8) -> &[u64] {
        let all = self.fingerprints(number);
        let below = |most: u64| all.partition_point(|f| order(*f) >> 56 < most);
        &all[below(lowest.into())..below(u64::from(lowest) + 1)]
    }

    /// Leaves what does not stand in one of them.
    pub fn take_from(&self, number: u32, fingerprints: &mut Vec<u64>) {
        let own = self.fingerprints(number);
        fingerprints.retain(|f| own.binary_search_by_key(&order(*f), |own| order(*own)).is_err());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(n: usize) -> String {
        (0..200).map(|i| format!("{:x} ", i * 7919 + n * 104_729)).collect()
    }

    #[test]
    fn a_prompt_is_kept_from_the_second_time_and_has_the_fingerprints_of_its_text() {
        let (mut preambles, mut winnower) = (Preambles::default(), Winnower::default());
        assert_eq!(preambles.number("You are helpful.", &mut winnower), None);
        assert_eq!(preambles.number("You are helpful.", &mut winnower), None, "too short");
        assert_eq!(preambles.number(&prompt(0), &mut winnower), None);
        assert_eq!(preambles.number(&prompt(1), &mut winnower), None);
        assert_eq!(preambles.number(&prompt(1), &mut winnower), Some(0));
        assert_eq!(preambles.number(&prompt(0), &mut winnower), Some(1));
        let mut expected = Vec::new();
        winnower.winnow(&prompt(0), &mut expected);
        expected.sort_unstable();
        expected.dedup();
        let parts = (0..=u8::MAX).flat_map(|part| {
            let own = preambles.in_part(1, part);
            assert!(own.iter().all(|f| *f as u8 == part));
            own
        });
        let mut found: Vec<u64> = parts.copied().collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        let mut left = expected.clone();
        left.push(1);
        preambles.take_from(1, &mut left);
        assert_eq!(left, [1]);
    }

    #[test]
    fn prompts_that_never_come_again_take_no_room_and_the_rest_no_more_than_there_is() {
        let (mut preambles, mut winnower) = (Preambles::default(), Winnower::default());
        for n in 0..3_000 {
            assert_eq!(preambles.number(&prompt(n), &mut winnower), None);
        }
        assert_eq!(preambles.held, 0);
        let long = |n| prompt(n).repeat(20);
        let kept = (0..600).filter(|n| {
            preambles.number(&long(*n), &mut winnower);
            preambles.number(&long(*n), &mut winnower).is_some()
        });
        let kept = kept.count();
        assert!(kept > 100 && kept < 600, "{kept}");
        assert!(preambles.held < MOST_HELD + (1 << 16));
        assert!(preambles.number(&long(0), &mut winnower).is_some(), "one that is kept stays");
    }
}
