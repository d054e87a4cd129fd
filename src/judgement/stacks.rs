//! What a client says it is, and what its TLS handshake says: a browser's name on a script's handshake is a disguise.

use crate::evidence::features::AccountEvidence;
use crate::intake::event::Origin;
use crate::search::links::World;
use std::collections::BTreeMap;

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

/// What every client says it is and what its handshakes say, in numbers, made once for any number of groups.
pub(crate) struct Stacks {
    /// Of each account the clients with their handshakes, and where each stood first.
    of_account: Vec<Vec<(u32, Origin)>>,
    /// Client of each pair of client and handshake.
    client: Vec<u32>,
    /// Who uses each client, and each pair: entities with their accounts, rising.
    of_client: Vec<Vec<(u32, u32)>>,
    of_stack: Vec<Vec<(u32, u32)>>,
}

impl Stacks {
    /// From all accounts in the order of `world.names`.
    pub fn new(world: &World, accounts: &[&AccountEvidence]) -> Self {
        let mut clients: BTreeMap<&str, u32> = BTreeMap::new();
        let mut stacks: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        let mut all = Self { of_account: Vec::new(), client: Vec::new(), of_client: Vec::new(), of_stack: Vec::new() };
        for ((id, account), entity) in (0u32..).zip(accounts).zip(&world.entity) {
            let mut own = Vec::new();
            for (client, tls, at) in account.stacks() {
                let next = clients.len() as u32;
                let client_id = *clients.entry(client).or_insert(next);
                let next = stacks.len() as u32;
                let stack = *stacks.entry((client, tls)).or_insert(next);
                if client_id as usize == all.of_client.len() {
                    all.of_client.push(Vec::new());
                }
                if stack as usize == all.of_stack.len() {
                    all.of_stack.push(Vec::new());
                    all.client.push(client_id);
                }
                all.of_client[client_id as usize].push((*entity, id));
                all.of_stack[stack as usize].push((*entity, id));
                own.push((stack, at));
            }
            all.of_account.push(own);
        }
        for users in all.of_client.iter_mut().chain(&mut all.of_stack) {
            users.sort_unstable();
            users.dedup();
        }
        all
    }

    /// Looks for contradictions in a group (accounts, rising), by what the client's handshakes look like outside the group, so
    /// that a large group cannot make its own disguise usual. `None` (not evaluable) where no member names a client that is
    /// known outside.
    pub fn contradictions(&self, group: &[u32]) -> Option<Contradictions> {
        let mut inside = vec![false; self.of_account.len()];
        group.iter().for_each(|id| inside[*id as usize] = true);
        // Entities of which an account stands outside.
        let outside = |users: &[(u32, u32)]| {
            let users = users.chunk_by(|a, b| a.0 == b.0);
            users.filter(|accounts| accounts.iter().any(|(_, id)| !inside[*id as usize])).count()
        };
        let of_client: Vec<usize> = self.of_client.iter().map(|users| outside(users)).collect();
        let known: Vec<bool> = self.client.iter().map(|client| of_client[*client as usize] >= LEAST_KNOWN).collect();
        let foreign: Vec<bool> = (0..self.client.len())
            .map(|stack| {
                let with = outside(&self.of_stack[stack]) as f64;
                known[stack] && with < FOREIGN * of_client[self.client[stack] as usize] as f64
            })
            .collect();
        let (mut evaluable, mut members, mut outside, mut others, mut lines) = (false, 0, 0usize, 0usize, Vec::new());
        for (stacks, inside) in self.of_account.iter().zip(&inside) {
            let shown = stacks.iter().filter(|(stack, _)| foreign[*stack as usize]).map(|(_, at)| *at).min();
            if *inside {
                evaluable |= stacks.iter().any(|(stack, _)| known[*stack as usize]);
                members += usize::from(shown.is_some());
                lines.extend(shown);
            } else {
                others += 1;
                outside += usize::from(shown.is_some());
            }
        }
        evaluable.then(|| Contradictions { members, share_outside: outside as f64 / others.max(1) as f64, lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::features::Evidence;
    use crate::intake::event::{Event, Fold};
    use crate::search::links::invert;

    fn stacks(accounts: &[(&'static str, &'static str)]) -> Stacks {
        let mut evidence = Evidence::default();
        for (id, (client, tls)) in accounts.iter().enumerate() {
            let event = Event::new(Origin { file_id: 0, line_no: id as u64 }, 0, format!("a{id:03}").into());
            evidence.push(&Event { user_agent: Some((*client).into()), tls_fingerprint: Some((*tls).into()), ..event });
        }
        evidence.finish().unwrap();
        let world = invert(&evidence, &BTreeMap::new());
        Stacks::new(&world, &evidence.accounts.values().map(|a| &**a).collect::<Vec<_>>())
    }

    #[test]
    fn a_scripts_handshake_under_a_browsers_name_is_a_contradiction_and_an_own_client_is_not() {
        let mut accounts = vec![("browser", "tls-browser"); 60];
        accounts.extend([("script", "tls-script"); 60]);
        accounts.extend([("browser", "tls-script"); 30]);
        accounts.extend([("own app", "tls-script"); 30]);
        let stacks = stacks(&accounts);
        let disguised: Vec<u32> = (120..150).collect();
        let found = stacks.contradictions(&disguised).expect("browsers are known");
        assert_eq!((found.members, found.lines.len()), (30, 30));
        assert_eq!(found.share_outside, 0.0);
        let own: Vec<u32> = (150..180).collect();
        assert!(stacks.contradictions(&own).is_none());
        let honest: Vec<u32> = (0..30).collect();
        assert_eq!(stacks.contradictions(&honest).expect("known").members, 0);
    }
}
