//! Whether evidence is what a log can come to. A part that somebody sent may say anything, and its hash can be reckoned by
//! anybody; what is reckoned from it later takes for granted that a part of a count is no more than the whole.

use crate::evidence::features::{AccountEvidence, HOUR_US, MAX_EXEMPLARS, MOST_TOKENS, Partial, Tally};
use crate::intake::normalise::{LONGEST_ACCOUNT, in_range};

/// No sum over all parts reaches it: a case with such a count is refused too.
const BEYOND: u64 = 1 << 53;
/// Bytes of a redacted excerpt: fewer than there are in the longest that is kept, were each letter spelt out.
const LONGEST_EXCERPT: usize = 4_096;
/// Millionths of ln(1 + tokens) of one call at most.
const MOST_LN: u64 = 1 << 26;

/// Counts over all accounts of all parts.
#[derive(Debug, Default)]
pub(super) struct Sums([u64; 5]);

impl Sums {
    /// Adds an account's.
    pub fn add(&mut self, e: &AccountEvidence) -> Result<(), String> {
        let own = [e.requests, e.input_tokens, e.output_tokens, e.ln_input, e.ln_output];
        for (sum, own) in self.0.iter_mut().zip(own) {
            *sum = sum.checked_add(own).filter(|sum| *sum < BEYOND).ok_or("all parts count more than any log")?;
        }
        Ok(())
    }
}

fn at_most<K, V: Copy>(tally: &Tally<K, V>, whole: u64, count: fn(V) -> u32) -> bool {
    tally.values().map(|v| u64::from(count(*v))).sum::<u64>() <= whole
}

/// What an account's evidence says that no log comes to.
pub(super) fn check(Partial { account_id, evidence: e, texts }: &Partial) -> Result<(), String> {
    let part = |count: u64, whole: u64| count <= whole;
    let all = e.requests;
    let most = |of_one: u64| all.saturating_mul(of_one);
    let timed = |us: i64| in_range(us).is_some();
    let models = e.models.values().map(|(first, _)| *first);
    let sound = [
        ("the account", !account_id.is_empty() && account_id.len() <= LONGEST_ACCOUNT),
        ("requests", all > 0),
        ("with_text", part(e.with_text, all) && texts.len() as u64 == e.with_text),
        ("hashed", part(e.hashed, e.with_text)),
        ("ruled", e.ruled == texts.iter().filter(|text| text.ruled).count() as u64),
        ("single_turn", part(e.single_turn, all)),
        ("cut_short", part(e.cut_short, all)),
        ("refused", part(e.refused, all)),
        ("input_tokens", part(e.input_tokens, most(MOST_TOKENS))),
        ("output_tokens", part(e.output_tokens, most(MOST_TOKENS))),
        ("ln_input", part(e.ln_input, most(MOST_LN))),
        ("ln_output", part(e.ln_output, most(MOST_LN))),
        ("first_us", timed(e.first_us) && e.first_us <= e.last_us),
        ("last_us", timed(e.last_us)),
        ("times", e.times.earliest().iter().copied().chain(models).all(timed)),
        ("times", part(e.times.earliest().len() as u64, all)),
        ("later", e.times.later().iter().all(|(hour, _)| timed(i64::from(*hour) * HOUR_US))),
        ("later", part(e.times.later().iter().map(|(_, n)| u64::from(*n)).sum(), all)),
        ("hours", part(e.hours.iter().map(|n| u64::from(*n)).sum(), all)),
        ("addresses", at_most(&e.addresses, all, |(n, _)| n)),
        ("clients", at_most(&e.clients, all, |(n, _)| n)),
        ("stacks", at_most(&e.stacks, all, |(n, _)| n)),
        ("parameters", at_most(&e.parameters, all, |s| s.count)),
        ("parameters", e.parameters.values().all(|s| s.single_turn <= s.count && s.ln_output <= most(MOST_LN))),
        ("sessions", at_most(&e.sessions, all.saturating_sub(e.single_turn), |n| n)),
        ("items", at_most(&e.items, e.with_text, |n| n)),
        ("rule_hits", e.rule_hits.values().all(|(n, _)| part((*n).into(), e.with_text))),
        ("excerpts", e.excerpts.len() <= MAX_EXEMPLARS && e.excerpts.iter().all(|x| x.text().len() <= LONGEST_EXCERPT)),
    ];
    let unsound = sound.iter().find(|(_, holds)| !holds);
    unsound.map_or(Ok(()), |(name, _)| Err(format!("{name} is nothing that a log comes to")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_all_parts_end_before_a_number_does() {
        let mut sums = Sums::default();
        let most = AccountEvidence { output_tokens: (1 << 48) - 1, requests: 1, ..AccountEvidence::default() };
        let added = (0..1_000).take_while(|_| sums.add(&most).is_ok()).count();
        assert_eq!(added, 32);
    }
}
