//! Which accounts share what: inverted lists of objects, on integer ids, with popularity counted in entities.

use crate::document::signal::Layer;
use crate::evidence::features::{AccountEvidence, Evidence};
use crate::intake::account_table::Facts;
use crate::search::holdings::{Lists, counted, in_both};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

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
    /// Fingerprints of a template that stand in different texts, the least of those in the same ones, rising; none of every other kind.
    pub instructions: Box<[u64]>,
}

impl Object {
    /// Least fingerprint of a template; `None` for every other kind.
    pub fn fingerprint(&self) -> Option<u64> {
        (self.kind == "template").then(|| u64::from_str_radix(&self.value, 16).ok()).flatten()
    }

    /// Holders that stand in a group (rising).
    pub fn held_in(&self, group: &[u32]) -> usize {
        in_both(&self.accounts, group)
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
    /// Of each account, by family, the number of objects that no other entity shares; a family of which that is not known is
    /// absent.
    pub alone: BTreeMap<Family, Vec<u64>>,
    /// Accounts of the organisation whose log this seems to be, if they are many.
    pub house: Option<House>,
    /// Objects of each account, rising.
    of_account: Lists,
}

impl World {
    /// From accounts and objects in their orders.
    pub fn new(names: Vec<String>, entity: Vec<u32>, rank: Vec<u32>, objects: Vec<Object>) -> Self {
        let of_account = Lists::inversion(objects.iter().map(|o| o.accounts.as_slice()), names.len());
        Self { of_account, names, entity, rank, objects, alone: BTreeMap::new(), house: None }
    }

    /// Entities of some accounts, each named by its first account, rising. What a declared organisation shares with itself
    /// is no evidence, so tests count entities.
    pub fn entities(&self, accounts: &[u32]) -> Vec<u32> {
        entities(accounts, &self.entity)
    }

    /// Entities of all accounts.
    pub fn entity_count(&self) -> usize {
        self.entity.iter().collect::<BTreeSet<_>>().len()
    }

    /// Objects of one family; they stand together.
    pub fn of(&self, family: Family) -> &[Object] {
        &self.objects[self.range(family)]
    }

    /// Objects of one kind; they stand together too.
    pub fn of_kind(&self, kind: &str) -> &[Object] {
        let families = [Family::Content, Family::Identity, Family::Infrastructure, Family::Behaviour];
        let of_kind = families.map(|family| {
            let of = self.of(family);
            &of[of.partition_point(|o| o.kind < kind)..of.partition_point(|o| o.kind <= kind)]
        });
        of_kind.into_iter().find(|of| !of.is_empty()).unwrap_or_default()
    }

    fn range(&self, family: Family) -> Range<usize> {
        self.objects.partition_point(|o| o.family < family)..self.objects.partition_point(|o| o.family <= family)
    }

    /// Objects of one family that accounts of a group hold, in order, and how many of the group hold each. Takes time for
    /// what the group holds and not for what all hold: there are as many groups as objects.
    pub fn held_by(&self, group: &[u32], family: Family) -> impl Iterator<Item = (&Object, usize)> {
        let Range { start, end } = self.range(family);
        let of_family = move |account: &u32| {
            let held = self.of_account.of(*account);
            let before = |place: usize| held.partition_point(|o| (*o as usize) < place);
            &held[before(start)..before(end)]
        };
        let held = counted(group.iter().map(of_family), self.objects.len());
        held.into_iter().map(|(object, n)| (&self.objects[object as usize], n as usize))
    }
}

/// An organisation that most accounts are declared to belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct House {
    /// Accounts that are declared as its own.
    pub accounts: usize,
    /// It is the operator of the service rather than a customer: its accounts are entities of their own.
    pub is_operator: bool,
}

impl House {
    /// Accounts of a log of which nothing is said.
    const LEAST: usize = 20;
    /// Share of all accounts from which on an organisation is spoken of.
    const MANY: f64 = 0.5;
    /// Share from which on it is no customer: nobody would be left with whom to compare it.
    const NEARLY_ALL: f64 = 0.8;

    fn of<'n>(declared: &[Option<&'n str>]) -> Option<(&'n str, Self)> {
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        declared.iter().flatten().for_each(|org| *sizes.entry(org).or_default() += 1);
        let (org, accounts) = sizes.into_iter().max_by_key(|(org, n)| (*n, std::cmp::Reverse(*org)))?;
        let all = declared.len() as f64;
        let spoken_of = declared.len() >= Self::LEAST && accounts as f64 >= Self::MANY * all;
        spoken_of.then_some((org, Self { accounts, is_operator: accounts as f64 >= Self::NEARLY_ALL * all }))
    }

    /// What a person has to know of it. It is not named: a case may stand under pseudonyms.
    pub fn said(self, all: usize) -> String {
        let Self { accounts, is_operator } = self;
        match is_operator {
            true => format!(
                "{accounts} of {all} accounts are declared as of one organisation: it is taken for the operator of the service \
                 and not for a customer, and its accounts are looked at one by one. If it is a customer, name it in a list for \
                 --allow."
            ),
            false => format!(
                "{accounts} of {all} accounts are declared as of one organisation and count as one: what they do together is not \
                 looked at. If it is the operator of the service, turn the column off by a map: org_id = \"\" under [fields]."
            ),
        }
    }
}

/// What a table of accounts tells of an account.
type Told = fn(&Facts) -> Option<&str>;

/// Inverts the evidence. Objects of one account, or of one entity, are dropped: they link nobody.
pub fn invert(evidence: &Evidence, facts: &BTreeMap<String, Facts>) -> World {
    let names: Vec<String> = evidence.accounts.keys().cloned().collect();
    let declared: Vec<Option<&str>> = evidence
        .accounts
        .iter()
        .map(|(name, account)| account.org_id.as_deref().or_else(|| facts.get(name)?.org_id.as_deref()))
        .collect();
    let house = House::of(&declared);
    let operator = house.filter(|(_, house)| house.is_operator).map(|(org, _)| org);
    let mut organisations: BTreeMap<&str, u32> = BTreeMap::new();
    let entity: Vec<u32> = (0u32..)
        .zip(declared)
        .map(|(id, org)| {
            org.filter(|org| operator != Some(org)).map_or(id, |org| *organisations.entry(org).or_insert(id))
        })
        .collect();
    let accounts: Vec<(u32, &AccountEvidence)> = (0u32..).zip(evidence.accounts.values().map(|a| &**a)).collect();
    let told: Vec<(u32, &Facts)> = (0u32..).zip(&names).filter_map(|(id, n)| Some((id, facts.get(n)?))).collect();
    let mut objects = templates(evidence, &entity);
    let instruments: [(&str, Told); 4] = [
        ("payment", |f| f.payment.as_deref()),
        ("device", |f| f.device.as_deref()),
        ("phone", |f| f.phone.as_deref()),
        ("email", |f| f.email.as_deref()),
    ];
    for (kind, of) in instruments {
        let held = told.iter().filter_map(|(id, facts)| Some((of(facts)?, *id)));
        objects.extend(values(Family::Identity, kind, held.collect(), &entity));
    }
    let addresses = accounts.iter().flat_map(|(id, a)| a.addresses.keys().map(|value| (value.as_str(), *id)));
    objects.extend(values(Family::Infrastructure, "address", addresses.collect(), &entity));
    let clients = accounts.iter().flat_map(|(id, a)| a.clients.keys().map(|value| (&**value, *id)));
    objects.extend(values(Family::Behaviour, "client", clients.collect(), &entity));
    objects.par_sort_unstable_by(|a, b| {
        (a.family, a.kind, &a.accounts, &a.value).cmp(&(b.family, b.kind, &b.accounts, &b.value))
    });
    let world = World::new(names, entity, nameless_ranks(evidence), objects);
    let alone = alone(&world, &accounts, &told, &instruments);
    World { alone, house: house.map(|(_, house)| house), ..world }
}

/// How many objects of each account no other entity shares, by family: instruments, addresses and clients by their number, and
/// of texts, which are one object where the same accounts have them, one.
fn alone(
    world: &World,
    accounts: &[(u32, &AccountEvidence)],
    told: &[(u32, &Facts)],
    instruments: &[(&str, Told)],
) -> BTreeMap<Family, Vec<u64>> {
    let mut held: BTreeMap<Family, Vec<u64>> = BTreeMap::new();
    let mut count = |family, (id, n): (u32, usize)| {
        held.entry(family).or_insert_with(|| vec![0; accounts.len()])[id as usize] += n as u64;
    };
    for (id, account) in accounts {
        count(Family::Infrastructure, (*id, account.addresses.len()));
        count(Family::Behaviour, (*id, account.clients.len()));
    }
    for (id, facts) in told {
        count(Family::Identity, (*id, instruments.iter().filter(|(_, of)| of(facts).is_some()).count()));
    }
    for (family, held) in &mut held {
        let shared = world.of(*family).iter().flat_map(|object| &object.accounts);
        shared.for_each(|account| held[*account as usize] = held[*account as usize].saturating_sub(1));
    }
    let own_text = |account: &AccountEvidence| u64::from(account.with_text > 0);
    held.insert(Family::Content, accounts.iter().map(|(_, account)| own_text(account)).collect());
    held
}

fn entities(accounts: &[u32], entity: &[u32]) -> Vec<u32> {
    let mut entities: Vec<u32> = accounts.iter().map(|a| entity[*a as usize]).collect();
    entities.sort_unstable();
    entities.dedup();
    entities
}

/// Objects of one kind from their values, each with an account that has it.
fn values(family: Family, kind: &'static str, mut held: Vec<(&str, u32)>, entity: &[u32]) -> Vec<Object> {
    held.par_sort_unstable();
    // Most values are of one account and are told without copying anything.
    held.par_chunk_by(|a, b| a.0 == b.0)
        .filter(|holders| holders.len() > 1)
        .filter_map(|holders| {
            let accounts: Vec<u32> = holders.iter().map(|(_, id)| *id).collect();
            let popularity = entities(&accounts, entity).len() as u64;
            (popularity >= 2).then(|| Object {
                family,
                kind,
                accounts,
                popularity,
                value: holders[0].0.to_owned(),
                instructions: Box::default(),
            })
        })
        .collect()
}

/// Most instructions of one template that are told apart: who uses more than these together is of one kind by a few of them.
const MOST_INSTRUCTIONS: usize = 16;

/// Templates: fingerprints that recur in the very same accounts are one, named by the least. What is shared is one thing, however
/// many instructions it is; what is asked with them is told by each.
fn templates(evidence: &Evidence, entity: &[u32]) -> Vec<Object> {
    let mut found: Vec<(Vec<u32>, u64)> =
        evidence.recurring().map(|(fingerprint, accounts)| (accounts, fingerprint)).collect();
    found.par_sort_unstable();
    let object = |same: &[(Vec<u32>, u64)]| {
        let (accounts, least) = &same[0];
        let popularity = entities(accounts, entity).len() as u64;
        (popularity >= 2).then(|| Object {
            family: Family::Content,
            kind: "template",
            popularity,
            accounts: accounts.clone(),
            value: format!("{least:016x}"),
            instructions: instructions(evidence, accounts, same.iter().map(|(_, fingerprint)| *fingerprint)),
        })
    };
    found.par_chunk_by(|a, b| a.0 == b.0).filter_map(object).collect()
}

/// Of fingerprints (rising) that recur in the same accounts those that stand in different texts, as far as numbers and the first and
/// last text of each account tell; those of most requests where there are too many.
fn instructions(evidence: &Evidence, accounts: &[u32], fingerprints: impl Iterator<Item = u64>) -> Box<[u64]> {
    /// Of each account the number of texts, and the hashes of the first and the last.
    type Texts = Vec<(u32, (u32, u32))>;
    let texts = |fingerprint: u64| -> Texts {
        let carriers = evidence.carriers(fingerprint).into_iter().flat_map(|carriers| carriers.inside(accounts));
        carriers.map(|(_, c)| (c.count, c.items)).collect()
    };
    let mut apart: BTreeMap<Texts, u64> = BTreeMap::new();
    for fingerprint in fingerprints {
        apart.entry(texts(fingerprint)).or_insert(fingerprint);
    }
    let requests = |texts: &[(u32, (u32, u32))]| texts.iter().map(|(n, _)| u64::from(*n)).sum::<u64>();
    let mut found: Vec<(u64, u64)> = apart.into_iter().map(|(texts, least)| (requests(&texts), least)).collect();
    found.sort_unstable_by_key(|(requests, least)| (std::cmp::Reverse(*requests), *least));
    found.truncate(MOST_INSTRUCTIONS);
    let mut found: Vec<u64> = found.into_iter().map(|(_, least)| least).collect();
    found.sort_unstable();
    found.into()
}

/// Rank of each account by when and how much it worked; names decide only between accounts alike in all of it.
fn nameless_ranks(evidence: &Evidence) -> Vec<u32> {
    let key = |a: &AccountEvidence| (a.first_us, a.last_us, a.requests, a.output_tokens, a.input_tokens);
    let mut order: Vec<_> = (0u32..).zip(evidence.accounts.values().map(|a| key(a))).collect();
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
    use crate::intake::event::{Event, Fold, Origin};

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
    fn the_operators_own_organisation_made_one_entity_of_the_whole_log() {
        let of = |own: usize, customers: usize| {
            let mut evidence = Evidence::default();
            for i in 0..own + customers {
                let org = if i < own { "house".to_owned() } else { format!("customer {}", i / 2) };
                evidence.push(&event(&format!("a{i:02}"), Some(&org), "10.0.0.1", "text", 1));
            }
            evidence.finish().unwrap();
            let world = invert(&evidence, &BTreeMap::new());
            (world.house.map(|house| house.is_operator), world.entity_count())
        };
        assert_eq!(of(18, 4), (Some(true), 20), "of 22 accounts 18 by themselves, and two customers");
        assert_eq!(of(12, 12), (Some(false), 7));
        assert_eq!(of(6, 30), (None, 16));
        assert_eq!(of(10, 0), (None, 1), "too few to say");
    }

    #[test]
    fn what_nobody_shares_is_counted_too() {
        let mut evidence = Evidence::default();
        for (account, address) in [("a", "10.0.0.1"), ("b", "10.0.0.1"), ("b", "10.0.0.2"), ("b", "10.0.0.3")] {
            evidence.push(&event(account, None, address, "text", 1));
        }
        evidence.finish().unwrap();
        let world = invert(&evidence, &BTreeMap::new());
        assert_eq!(world.alone[&Family::Infrastructure], [0, 2]);
        assert_eq!(world.alone[&Family::Content], [1, 1], "all texts of one account are one object");
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
