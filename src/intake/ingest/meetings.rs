//! What logs of several formats have in common: identities that stand in more than one, and calls that two of them tell of.

use super::twins::Twins;
use crate::intake::event::Event;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

/// Kinds of identity that can stand in several formats.
const IDENTITIES: [&str; 3] = ["account", "key", "end user"];

/// Where an identity was met: bit per format, and the hash of an account that it stood with.
#[derive(Debug, PartialEq, Eq)]
struct Met {
    formats: u64,
    account: u64,
    /// Index into [`IDENTITIES`].
    kind: u8,
    several_accounts: bool,
}

/// Identities and samples of calls.
#[derive(Debug, Default)]
pub(super) struct Meetings {
    /// By hashes: an end user is whatever a client calls one, and there may be as many as rows. Who makes two of them
    /// collide spoils a count in a note.
    met: BTreeMap<u128, Met>,
    pub twins: Twins,
}

impl Meetings {
    pub fn take(&mut self, event: &Event<'_>, format: usize) {
        self.twins.push(event, format);
        let account = event.account_id.as_ref();
        let of_account = xxh3_64(account.as_bytes());
        let identities = [Some(account), event.key_id.as_deref(), event.end_user_id.as_deref()];
        for (kind, identity) in (0u8..).zip(identities) {
            let Some(identity) = identity else { continue };
            let new = || Met { formats: 0, account: of_account, kind, several_accounts: false };
            let hash = xxh3_128_with_seed(identity.as_bytes(), kind.into());
            let met = self.met.entry(hash).or_insert_with(new);
            met.formats |= 1 << format.min(63);
            met.several_accounts |= met.account != of_account;
        }
    }

    /// What two have met.
    pub fn merged(mut a: Self, b: Self) -> Self {
        for (identity, theirs) in b.met {
            match a.met.entry(identity) {
                Entry::Vacant(place) => {
                    place.insert(theirs);
                }
                Entry::Occupied(mut own) => {
                    let own = own.get_mut();
                    own.formats |= theirs.formats;
                    own.several_accounts |= theirs.several_accounts || theirs.account != own.account;
                }
            }
        }
        a.twins.merge(b.twins);
        a
    }

    /// Who stands in several formats, and how that is known; `name` says what a format is called.
    pub fn notes(&self, name: impl Fn(usize) -> &'static str) -> Vec<String> {
        let mut groups: BTreeMap<(u8, u64, bool), u64> = BTreeMap::new();
        for met in self.met.values().filter(|met| met.formats.count_ones() > 1) {
            *groups.entry((met.kind, met.formats, met.several_accounts)).or_default() += 1;
        }
        let note = |((kind, formats, several), n): ((u8, u64, bool), u64)| {
            let names: Vec<&str> = (0..64).filter(|i| formats & (1 << i) != 0).map(&name).collect();
            let (what, names) = (IDENTITIES[usize::from(kind)], names.join(", "));
            let taken = match (kind, several) {
                (0, _) => "taken as the same because the logs spell it alike; nothing else says so",
                (_, true) => "spelt alike, with different accounts: those are kept apart",
                (_, false) => "spelt alike, with the same account",
            };
            format!("{n} of kind {what} stand in each of {names}: {taken}.")
        };
        groups.into_iter().map(note).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::event::Origin;
    use proptest::prelude::*;

    /// Two names were kept of each end user, as long as a client makes them.
    #[test]
    fn an_end_user_of_any_length_takes_as_much_as_a_short_one() {
        let mut meetings = Meetings::default();
        for (format, end_user) in [(0, "e".repeat(1 << 20)), (1, "e".repeat(1 << 20)), (0, "f".to_owned())] {
            let event = Event::new(Origin { file_id: 0, line_no: 1 }, 0, "a".into());
            meetings.take(&Event { end_user_id: Some(end_user.into()), ..event }, format);
        }
        assert!(size_of_val(meetings.met.first_key_value().unwrap().1) <= 24 && meetings.met.len() == 3);
        let notes = meetings.notes(|format| ["x", "y"][format]);
        assert!(notes.iter().any(|note| note.starts_with("1 of kind end user stand in each of x, y")), "{notes:?}");
    }

    proptest! {
        #[test]
        fn parts_by_account_have_met_what_one_has(calls in proptest::collection::vec((0u8..4, 0u8..3, 0usize..3, 1u64..9), 0..60)) {
            let (mut one, mut parts) = (Meetings::default(), [Meetings::default(), Meetings::default()]);
            for (account, key, format, tokens) in calls {
                let event = Event::new(Origin { file_id: 0, line_no: 1 }, 0, format!("a{account}").into());
                let event = Event {
                    key_id: Some(format!("k{key}").into()),
                    input_tokens: Some(tokens),
                    output_tokens: Some(1),
                    ..event
                };
                one.take(&event, format);
                parts[usize::from(account % 2)].take(&event, format);
            }
            let [a, b] = parts;
            let merged = Meetings::merged(a, b);
            let name = |format| ["x", "y", "z"][format];
            prop_assert_eq!(merged.notes(name), one.notes(name));
            prop_assert_eq!(merged.twins, one.twins);
        }
    }
}
