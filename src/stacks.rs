//! What a client says it is, and what its TLS handshake says: a browser's name on a script's handshake is a disguise.

use crate::event::Origin;
use crate::features::Evidence;
use crate::links::World;
use std::collections::{BTreeMap, BTreeSet};

/// Entities outside a group that use a client, from which it is known what its handshakes look like.
const LEAST_KNOWN: usize = 20;
/// Share of those entities below which a handshake is foreign to the client.
const FOREIGN: f64 = 0.02;

/// Accounts of a group whose handshake is foreign to the client they name.
#[derive(Debug)]
pub(crate) struct Contradictions {
    pub members: usize,
    /// Share of all other accounts of which the same is true.
    pub share_outside: f64,
    /// The lines that show it, one an account.
    pub lines: Vec<Origin>,
}

/// Looks for contradictions in a group (accounts, rising), by what the client's handshakes look like outside the group, so
/// that a large group cannot make its own disguise usual. `None` (not evaluable) where no member names a client that is known
/// outside.
pub(crate) fn contradictions(world: &World, evidence: &Evidence, group: &[u32]) -> Option<Contradictions> {
    let inside = |id: &u32| group.binary_search(id).is_ok();
    let mut of_client: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let mut of_stack: BTreeMap<(&str, &str), BTreeSet<u32>> = BTreeMap::new();
    for (id, account) in (0u32..).zip(evidence.accounts.values()).filter(|(id, _)| !inside(id)) {
        let entity = world.entity[id as usize];
        for (client, tls, _) in account.stacks() {
            of_client.entry(client).or_default().insert(entity);
            of_stack.entry((client, tls)).or_default().insert(entity);
        }
    }
    let known = |client: &str| of_client.get(client).map_or(0, BTreeSet::len) >= LEAST_KNOWN;
    let foreign = |client: &str, tls: &str| {
        let with = of_stack.get(&(client, tls)).map_or(0, BTreeSet::len);
        known(client) && (with as f64) < FOREIGN * of_client[client].len() as f64
    };
    let (mut evaluable, mut members, mut outside, mut others, mut lines) = (false, 0, 0usize, 0usize, Vec::new());
    for (id, account) in (0u32..).zip(evidence.accounts.values()) {
        let shown = account.stacks().filter(|(client, tls, _)| foreign(client, tls)).map(|(_, _, at)| at).min();
        if inside(&id) {
            evaluable |= account.stacks().any(|(client, ..)| known(client));
            members += usize::from(shown.is_some());
            lines.extend(shown);
        } else {
            others += 1;
            outside += usize::from(shown.is_some());
        }
    }
    evaluable.then(|| Contradictions { members, share_outside: outside as f64 / others.max(1) as f64, lines })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Fold};
    use crate::links::invert;

    fn world(accounts: &[(&'static str, &'static str)]) -> (World, Evidence) {
        let mut evidence = Evidence::default();
        for (id, (client, tls)) in accounts.iter().enumerate() {
            let event = Event::new(Origin { file_id: 0, line_no: id as u64 }, 0, format!("a{id:03}").into());
            evidence.push(&Event { user_agent: Some((*client).into()), tls_fingerprint: Some((*tls).into()), ..event });
        }
        evidence.finish().unwrap();
        (invert(&evidence, &BTreeMap::new()), evidence)
    }

    #[test]
    fn a_scripts_handshake_under_a_browsers_name_is_a_contradiction_and_an_own_client_is_not() {
        let mut accounts = vec![("browser", "tls-browser"); 60];
        accounts.extend([("script", "tls-script"); 60]);
        accounts.extend([("browser", "tls-script"); 30]);
        accounts.extend([("own app", "tls-script"); 30]);
        let (world, evidence) = world(&accounts);
        let disguised: Vec<u32> = (120..150).collect();
        let found = contradictions(&world, &evidence, &disguised).expect("browsers are known");
        assert_eq!((found.members, found.lines.len()), (30, 30));
        assert_eq!(found.share_outside, 0.0);
        let own: Vec<u32> = (150..180).collect();
        assert!(contradictions(&world, &evidence, &own).is_none());
        let honest: Vec<u32> = (0..30).collect();
        assert_eq!(contradictions(&world, &evidence, &honest).expect("known").members, 0);
    }
}
