//! Which accounts share what: inverted lists of objects, on integer ids, with popularity counted in entities.

use crate::account_table::Facts;
use crate::features::{AccountEvidence, Evidence};
use std::collections::{BTreeMap, BTreeSet};

/// Families of evidence. A family counts once, however many objects it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    Content,
    Identity,
    Infrastructure,
    Behaviour,
}

impl Family {
    /// Layer of its objects.
    pub fn layer(self) -> Layer {
        match self {
            Family::Content => Layer::Content,
            Family::Identity => Layer::Identity,
            Family::Infrastructure => Layer::Infrastructure,
            Family::Behaviour => Layer::Behaviour,
        }
    }

    /// The word used in every file.
    pub fn name(self) -> &'static str {
        self.layer().name()
    }
}

/// A layer of the evidence, as a person leaves it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    Content,
    Identity,
    Infrastructure,
    Behaviour,
    Time,
}

impl Layer {
    /// Every layer.
    pub const ALL: [Layer; 5] = [Layer::Content, Layer::Identity, Layer::Infrastructure, Layer::Behaviour, Layer::Time];

    /// The word used in every file: that of its family of evidence.
    pub fn name(self) -> &'static str {
        match self {
            Layer::Content => "content",
            Layer::Identity => "identity",
            Layer::Infrastructure => "infrastructure",
            Layer::Behaviour => "behaviour",
            Layer::Time => "time",
        }
    }
}

impl std::str::FromStr for Layer {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let names = Layer::ALL.map(Layer::name).join(", ");
        Layer::ALL.into_iter().find(|l| l.name() == word).ok_or_else(|| format!("no such layer; there are {names}"))
    }
}

/// Something that accounts touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub family: Family,
    /// Kind within the family, such as `template` or `address`.
    pub kind: &'static str,
    /// Account ids (positions in the order of [`World::names`]), rising.
    pub accounts: Vec<u32>,
    /// Entities among them.
    pub popularity: u64,
    /// Value as in the log, or the least fingerprint of a template in hex.
    pub value: String,
}

impl Object {
    /// Least fingerprint of a template; `None` for every other kind.
    pub fn fingerprint(&self) -> Option<u64> {
        (self.kind == "template").then(|| u64::from_str_radix(&self.value, 16).ok()).flatten()
    }

    /// Holders that stand in a group.
    pub fn held_in(&self, group: &BTreeSet<u32>) -> usize {
        self.accounts.iter().filter(|a| group.contains(a)).count()
    }
}

/// Accounts as integers, and the objects that at least two entities share.
#[derive(Debug, Default)]
pub struct World {
    /// Account ids, sorted.
    pub names: Vec<String>,
    /// Entity of each account: accounts of one declared organisation are one.
    pub entity: Vec<u32>,
    /// Place of each account in an order that knows nothing of names, so that a search which depends on order (and any
    /// heuristic one does) gives the same groups whatever the accounts are called.
    pub rank: Vec<u32>,
    /// Shared objects in order of family, kind, and accounts.
    pub objects: Vec<Object>,
}

impl World {
    /// Objects of one family; they stand together.
    pub fn of(&self, family: Family) -> &[Object] {
        let start = self.objects.partition_point(|o| o.family < family);
        let end = self.objects.partition_point(|o| o.family <= family);
        &self.objects[start..end]
    }
}

/// Fingerprints of the account's recurring text.
pub fn recurring(account: &AccountEvidence) -> impl Iterator<Item = u64> + '_ {
    account.fingerprints.iter().filter(|(_, c)| account.recurs(c)).map(|(f, _)| *f)
}

/// Inverts the evidence. Objects of one account, or of one entity, are dropped: they link nobody.
pub fn invert(evidence: &Evidence, facts: &BTreeMap<String, Facts>) -> World {
    let names: Vec<String> = evidence.accounts.keys().cloned().collect();
    let mut organisations: BTreeMap<&str, u32> = BTreeMap::new();
    let mut entity = Vec::with_capacity(names.len());
    for (id, (name, account)) in evidence.accounts.iter().enumerate() {
        let id = id as u32;
        let declared = facts.get(name).and_then(|f| f.org_id.as_ref());
        entity.push(match account.org_id.as_ref().or(declared) {
            Some(org) => *organisations.entry(org).or_insert(id),
            None => id,
        });
    }
    let mut lists: BTreeMap<(Family, &'static str, String), Vec<u32>> = BTreeMap::new();
    let mut templates: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for (id, (name, account)) in evidence.accounts.iter().enumerate() {
        let id = id as u32;
        if let Some(facts) = facts.get(name) {
            let held = [
                ("payment", &facts.payment),
                ("device", &facts.device),
                ("phone", &facts.phone),
                ("email", &facts.email),
            ];
            for (kind, value) in held {
                if let Some(value) = value {
                    lists.entry((Family::Identity, kind, value.clone())).or_default().push(id);
                }
            }
        }
        for fingerprint in recurring(account) {
            templates.entry(fingerprint).or_default().push(id);
        }
        for address in account.addresses.keys() {
            lists.entry((Family::Infrastructure, "address", address.clone())).or_default().push(id);
        }
        for client in account.clients.keys() {
            lists.entry((Family::Behaviour, "client", client.clone())).or_default().push(id);
        }
    }
    // Fingerprints that the very same accounts carry are one template.
    let mut by_accounts: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
    for (fingerprint, accounts) in templates {
        by_accounts.entry(accounts).or_insert(fingerprint);
    }
    let content = by_accounts
        .into_iter()
        .map(|(accounts, least)| ((Family::Content, "template", format!("{least:016x}")), accounts));
    let mut objects: Vec<Object> = content
        .chain(lists)
        .filter_map(|((family, kind, value), accounts)| {
            let mut entities: Vec<u32> = accounts.iter().map(|a| entity[*a as usize]).collect();
            entities.sort_unstable();
            entities.dedup();
            let popularity = entities.len() as u64;
            (popularity >= 2).then_some(Object { family, kind, accounts, popularity, value })
        })
        .collect();
    objects.sort_by(|a, b| (a.family, a.kind, &a.accounts, &a.value).cmp(&(b.family, b.kind, &b.accounts, &b.value)));
    World { rank: nameless_ranks(evidence), names, entity, objects }
}

/// Rank of each account by when and how much it worked; names decide only between accounts alike in all of it.
fn nameless_ranks(evidence: &Evidence) -> Vec<u32> {
    let key = |a: &AccountEvidence| (a.first_us, a.last_us, a.requests, a.output_tokens, a.input_tokens);
    let mut order: Vec<_> = (0u32..).zip(evidence.accounts.values().map(key)).collect();
    order.sort_by_key(|(id, key)| (*key, *id));
    let mut rank = vec![0; order.len()];
    for (place, (id, _)) in (0u32..).zip(order) {
        rank[id as usize] = place;
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Fold, Origin};

    fn event<'a>(account: &'a str, org: Option<&'a str>, ip: &'a str, text: &'a str, line_no: u64) -> Event<'a> {
        Event {
            org_id: org.map(Into::into),
            user_text: Some(text.into()),
            client_ip: Some(ip.into()),
            ..Event::new(Origin { file_id: 0, line_no }, 0, account.into())
        }
    }

    #[test]
    fn a_declared_organisation_shares_nothing_with_itself() {
        let mut evidence = Evidence::default();
        evidence.push(&event("a", Some("o"), "10.0.0.1", "one", 1));
        evidence.push(&event("b", Some("o"), "10.0.0.1", "two", 2));
        evidence.finish().unwrap();
        assert!(invert(&evidence, &BTreeMap::new()).objects.is_empty());
    }

    #[test]
    fn a_recurring_template_and_an_address_become_objects_of_their_accounts() {
        let template = "Derive the answer slowly and keep all scratch work visible for the reader:";
        let payloads = ["pears in baskets", "trains to the coast", "stars over the hill", "bread for the fair"];
        let texts: Vec<String> = payloads.iter().map(|p| format!("{template} {p}")).collect();
        let mut evidence = Evidence::default();
        evidence.push(&event("a", None, "10.0.0.1", &texts[0], 1));
        evidence.push(&event("a", None, "10.0.0.1", &texts[1], 2));
        evidence.push(&event("b", None, "10.0.0.1", &texts[2], 3));
        evidence.push(&event("b", None, "10.0.0.1", &texts[3], 4));
        evidence.finish().unwrap();
        let world = invert(&evidence, &BTreeMap::new());
        let families: Vec<Family> = world.objects.iter().map(|o| o.family).collect();
        assert_eq!(families, [Family::Content, Family::Infrastructure]);
        assert!(world.objects.iter().all(|o| o.accounts == [0, 1] && o.popularity == 2));
    }

    #[test]
    fn evidence_merges_to_the_same_whatever_the_split_and_the_order() {
        let events: Vec<(String, String, String)> = (0..60)
            .map(|i| {
                (
                    format!("a{}", i % 5),
                    format!("10.0.0.{}", i % 7),
                    format!("please sort list {i} by the colour of the {} bricks", i * i),
                )
            })
            .collect();
        let whole = {
            let mut e = Evidence::default();
            for (i, (a, ip, t)) in events.iter().enumerate() {
                e.push(&event(a, None, ip, t, i as u64));
            }
            e.finish().unwrap();
            format!("{:?}", e.accounts)
        };
        let (mut left, mut right) = (Evidence::default(), Evidence::default());
        for (i, (a, ip, t)) in events.iter().enumerate().rev() {
            if i % 3 == 0 { &mut left } else { &mut right }.push(&event(a, None, ip, t, i as u64));
        }
        right.merge(left);
        right.finish().unwrap();
        assert_eq!(whole, format!("{:?}", right.accounts));
    }
}
