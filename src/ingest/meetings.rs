//! What logs of several formats have in common: identities that stand in more than one, and calls that two of them tell of.

use super::twins::Twins;
use crate::event::Event;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Kinds of identity that can stand in several formats.
const IDENTITIES: [&str; 3] = ["account", "key", "end user"];

/// Where an identity was met: bit per format, and an account that it stood with.
#[derive(Debug, PartialEq, Eq)]
struct Met {
    formats: u64,
    account: String,
    several_accounts: bool,
}

/// Identities and samples of calls.
#[derive(Debug, Default)]
pub(super) struct Meetings {
    met: BTreeMap<(usize, String), Met>,
    pub twins: Twins,
}

impl Meetings {
    pub fn take(&mut self, event: &Event<'_>, format: usize) {
        self.twins.push(event, format);
        let account = event.account_id.as_ref();
        let identities = [Some(account), event.key_id.as_deref(), event.end_user_id.as_deref()];
        for (kind, identity) in identities.into_iter().enumerate() {
            let Some(identity) = identity else { continue };
            let new = || Met { formats: 0, account: account.to_owned(), several_accounts: false };
            let met = self.met.entry((kind, identity.to_owned())).or_insert_with(new);
            met.formats |= 1 << format.min(63);
            met.several_accounts |= met.account != account;
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
        let mut groups: BTreeMap<(usize, u64, bool), u64> = BTreeMap::new();
        for ((kind, _), met) in self.met.iter().filter(|(_, met)| met.formats.count_ones() > 1) {
            *groups.entry((*kind, met.formats, met.several_accounts)).or_default() += 1;
        }
        let note = |((kind, formats, several), n): ((usize, u64, bool), u64)| {
            let names: Vec<&str> = (0..64).filter(|i| formats & (1 << i) != 0).map(&name).collect();
            let (what, names) = (IDENTITIES[kind], names.join(", "));
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
    use crate::event::Origin;
    use proptest::prelude::*;

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
