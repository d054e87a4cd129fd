//! What is known of every account of a log in the respects in which groups are tested: values on lines, and objects with
//! their holders. Made once.

use crate::evidence::features::AccountEvidence;
use crate::intake::account_table::Facts;
use crate::intake::event::Origin;
use crate::population::couples::Couples;
use crate::search::holdings::Holdings;
use crate::search::links::World;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A value of each account, where it has one.
pub(crate) type Column = Vec<Option<f64>>;

/// Columns and objects of all accounts. Entities are named by their first account.
pub(crate) struct Census {
    /// Day of sign-up since the Unix epoch.
    pub created: Column,
    /// Natural log of the number of requests of an entity.
    pub volume: Column,
    /// See [`rhythm`].
    pub rhythm: Column,
    /// Of each account; none where the log does not tell hours.
    pub hour_pairs: Vec<HourPairs>,
    /// Whether any entity has several accounts.
    pub organisations: bool,
    /// Objects by kind.
    pub holdings: BTreeMap<&'static str, Holdings>,
    /// Networks that are the objects of kind `prefix`, in their order.
    prefixes: Vec<Network>,
    /// Distinct addresses of each entity.
    pub reach: Vec<u64>,
    /// Entities of which two are mostly one person.
    pub couples: Couples,
    /// Whether each account sends hardly any two requests from one address; see [`rotates`].
    pub rotates: Vec<Option<bool>>,
}

pub(crate) const DAY_US: f64 = 86_400e6;
/// Hours of work below which they say nothing of an account's rhythm.
const LEAST_FOR_RHYTHM: usize = 12;
/// Hours from an account's first to its last below which they say nothing either: two nights of an event are no habit.
const LEAST_LIFE: i64 = 3 * 24;
/// What an account does often: in this share of its requests, and so many of them.
const OFTEN: f64 = 0.2;
const LEAST_OFTEN: u64 = 3;
/// Share of requests from new addresses, and fewest requests, from which an account rotates...
const ROTATING: f64 = 0.8;
const LEAST_FOR_ROTATION: u64 = 3;
/// ...as it does where two of its requests are from one address no more often than this: a pool is worked through again and
/// again, and a long history has few new addresses. A person has a home, an office and a telephone, of which one counts most.
const ONE_ADDRESS: f64 = 0.05;
/// Share of those addresses that stand in networks of their own (/16 or /32). A telephone also changes its address all
/// the time, but among the few networks of its carrier: fewer than these say nothing, unless there are no more addresses.
const SCATTERED: f64 = 0.5;
const LEAST_NETWORKS: f64 = 4.0;
/// So many networks are more than a carrier's, however many addresses stand in them.
const MANY_NETWORKS: f64 = 64.0;

/// Pairs of hours in which an account worked, of different days.
#[derive(Debug, Clone, Copy, Default)]
pub struct HourPairs {
    /// Those that stand at the same hour of the day.
    pub alike: f64,
    /// As many as would if work fell on all hours of its life alike.
    pub expected: f64,
}

impl HourPairs {
    /// How much the hours of the day repeat: 1 where work falls on all 24 alike, 1.5 where eight of them are slept through, 24
    /// where it falls on one. An index of dispersion that is unbiased for any number of pairs (Morisita 1959), over hours of the day
    /// of which a life has not equally many.
    pub fn rhythm(self) -> f64 {
        self.alike / self.expected
    }
}

/// From the hours since the Unix epoch in which an account worked at all (rising, each once), so that ten requests of one sitting are one sign. None for less than
/// [`LEAST_LIFE`]. With the number of those hours.
fn hour_pairs(worked: &[i64]) -> (HourPairs, usize) {
    let (Some(first), Some(last)) = (worked.first(), worked.last()) else { return Default::default() };
    let life = last - first + 1;
    if life < LEAST_LIFE {
        return Default::default();
    }
    let mut of_day = [0.0; 24];
    worked.iter().for_each(|hour| of_day[hour.rem_euclid(24) as usize] += 1.0);
    let n = worked.len() as f64;
    let alike: f64 = of_day.iter().map(|c| c * (c - 1.0)).sum();
    // Of a life that begins in the evening and ends in the morning there are more nights than days.
    let once_more = |hour: i64| (hour - first).rem_euclid(24) < life % 24;
    let there_are = (0..24).map(|hour| (life / 24 + i64::from(once_more(hour))) as f64);
    let slots = life as f64;
    let expected = n * (n - 1.0) * there_are.map(|c| c * (c - 1.0)).sum::<f64>() / (slots * (slots - 1.0));
    (HourPairs { alike: alike / 2.0, expected: expected / 2.0 }, worked.len())
}

/// The rhythm of one account; `None` for a life of less than three days, or less than twelve hours of work.
fn rhythm(pairs: HourPairs, hours: usize) -> Option<f64> {
    (hours >= LEAST_FOR_RHYTHM && pairs.expected > 0.0).then(|| pairs.rhythm())
}

/// A network by its address, the rest of which is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Network {
    /// /24 of IPv4, or wide /16.
    V4(u32),
    /// First half of a /48 of IPv6, or wide /32.
    V6(u64),
}

impl Network {
    fn around(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Network::V4(v4.to_bits() & (!0 << 8)),
            IpAddr::V6(v6) => Network::V6((v6.to_bits() >> 64) as u64 & (!0 << 16)),
        }
    }

    /// The wider one around it.
    fn wide(self) -> Self {
        match self {
            Network::V4(bits) => Network::V4(bits & (!0 << 16)),
            Network::V6(bits) => Network::V6(bits & (!0 << 32)),
        }
    }
}

impl std::fmt::Display for Network {
    /// A narrow one in its usual notation.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Network::V4(bits) => write!(f, "{}/24", std::net::Ipv4Addr::from_bits(*bits)),
            Network::V6(bits) => {
                write!(f, "{:x}:{:x}:{:x}::/48", bits >> 48, bits >> 32 & 0xffff, bits >> 16 & 0xffff)
            }
        }
    }
}

/// What an account's addresses tell.
struct Whereabouts {
    /// Networks of its addresses, each once.
    networks: Vec<Network>,
    rotates: Option<bool>,
}

fn whereabouts(account: &AccountEvidence) -> Whereabouts {
    let mut networks: Vec<Network> =
        account.addresses.keys().filter_map(|a| a.parse().ok()).map(Network::around).collect();
    // Addresses that are hashed or masked stand in no known network: each counts for itself.
    let unknown = account.addresses.len() - networks.len();
    networks.sort_unstable();
    networks.dedup();
    // What is wide keeps the order of what is narrow.
    let wide = networks.chunk_by(|a, b| a.wide() == b.wide()).count();
    Whereabouts { rotates: rotates(account, wide + unknown), networks }
}

/// Whether hardly any two requests come from one address (the repeat index of Simpson 1949, unbiased), and the addresses are
/// scattered over `networks` that have nothing in common. `None` where fewer than three requests look like it, or there are no
/// addresses; that somebody stays at home two requests tell.
fn rotates(account: &AccountEvidence, networks: usize) -> Option<bool> {
    // A part that somebody sent may count more from each address than half of what a number of 32 bits holds.
    let seen: u64 = account.addresses.values().map(|(n, _)| u64::from(*n)).sum();
    let (n, addresses) = (seen as f64, account.addresses.len() as f64);
    let pairs: f64 = account.addresses.values().map(|(c, _)| f64::from(*c) * (f64::from(*c) - 1.0)).sum();
    if addresses < ROTATING * n && pairs > ONE_ADDRESS * n * (n - 1.0) {
        return Some(false);
    }
    let scattered = networks as f64 >= (SCATTERED * addresses).clamp(LEAST_NETWORKS.min(addresses), MANY_NETWORKS);
    (seen >= LEAST_FOR_ROTATION).then_some(scattered)
}

/// Holders of each value of a kind.
type Values<'a> = BTreeMap<&'a str, BTreeSet<u32>>;

/// Values of which an entity has one. An organisation of several accounts may have several: it would be counted with each, and
/// a group might hold more of them than it has members.
fn of_one_value(mut known: Vec<bool>, mut values: Values<'_>) -> Holdings {
    let mut has = vec![0u32; known.len()];
    values.values().flatten().for_each(|entity| has[*entity as usize] += 1);
    values.values_mut().for_each(|holders| holders.retain(|entity| has[*entity as usize] == 1));
    known.iter_mut().zip(has).for_each(|(known, values)| *known &= values <= 1);
    Holdings::new(known, shared(values))
}

fn shared(values: Values<'_>) -> Vec<Vec<u32>> {
    values.into_values().filter(|s| s.len() > 1).map(|s| s.into_iter().collect()).collect()
}

/// Networks in which several entities stand, in order of their notation, with the entities.
fn prefixes(world: &World, whereabouts: &[Whereabouts]) -> Vec<(Network, Vec<u32>)> {
    let mut all: Vec<(Network, u32)> = Vec::new();
    for (found, entity) in whereabouts.iter().zip(&world.entity) {
        all.extend(found.networks.iter().map(|network| (*network, *entity)));
    }
    all.par_sort_unstable();
    all.dedup();
    let shared = all.chunk_by(|a, b| a.0 == b.0).filter(|holders| holders.len() > 1);
    let mut found: Vec<(Network, Vec<u32>)> =
        shared.map(|holders| (holders[0].0, holders.iter().map(|(_, e)| *e).collect())).collect();
    found.sort_by_cached_key(|(network, _)| network.to_string());
    found
}

impl Census {
    /// From everything known of all `accounts`, in the order of `world.names`.
    pub fn new(world: &World, accounts: &[&AccountEvidence], facts: &BTreeMap<String, Facts>) -> Self {
        let whereabouts: Vec<Whereabouts> = accounts.par_iter().map(|a| whereabouts(a)).collect();
        let rotates: Vec<Option<bool>> = whereabouts.iter().map(|w| w.rotates).collect();
        let told: Vec<Option<&Facts>> = world.names.iter().map(|name| facts.get(name)).collect();
        let n = accounts.len();
        let known = |of: &dyn Fn(usize) -> bool| {
            let mut known = vec![false; n];
            (0..n).filter(|id| of(*id)).for_each(|id| known[world.entity[id] as usize] = true);
            known
        };
        let fact = |has: fn(&Facts) -> bool| known(&|id| told[id].is_some_and(has));
        let seen = |has: fn(&AccountEvidence) -> bool| known(&|id| has(accounts[id]));

        let mut objects: BTreeMap<&'static str, Vec<Vec<u32>>> = BTreeMap::new();
        for object in &world.objects {
            objects.entry(object.kind).or_default().push(world.entities(&object.accounts));
        }
        let mut holdings = BTreeMap::new();
        for (kind, known) in [
            ("payment", fact(|f| f.payment.is_some())),
            ("device", fact(|f| f.device.is_some())),
            ("phone", fact(|f| f.phone.is_some())),
            ("email", fact(|f| f.email.is_some())),
            ("address", seen(|a| !a.addresses.is_empty())),
            ("client", seen(|a| !a.clients.is_empty())),
            ("template", seen(|a| a.with_text > 0)),
        ] {
            holdings.insert(kind, Holdings::new(known, objects.remove(kind).unwrap_or_default()));
        }
        // What an account does or does not do is an object that all who do it hold.
        let doing = |does: &dyn Fn(usize) -> bool| {
            let ids: Vec<u32> = (0..n).filter(|id| does(*id)).map(|id| id as u32).collect();
            vec![world.entities(&ids)]
        };
        let often = |part: fn(&AccountEvidence) -> u64| {
            doing(&|id| {
                let (part, all) = (part(accounts[id]), accounts[id].requests);
                part >= LEAST_OFTEN && part as f64 >= OFTEN * all as f64
            })
        };
        let rotating = doing(&|id| rotates[id] == Some(true));
        holdings.insert("rotation", Holdings::new(known(&|id| rotates[id].is_some()), rotating));
        holdings.insert("cut_short", Holdings::new(seen(|_| true), often(|a| a.cut_short)));
        holdings.insert("refused", Holdings::new(seen(|_| true), often(|a| a.refused)));

        let (mut domains, mut shapes) = (Values::new(), Values::new());
        let mut reach = vec![0; n];
        for ((account, facts), entity) in accounts.iter().zip(&told).zip(&world.entity) {
            for (of, value) in [
                (&mut domains, facts.and_then(|f| f.email_domain.as_deref())),
                (&mut shapes, facts.and_then(|f| f.email_shape.as_deref())),
            ] {
                if let Some(value) = value {
                    of.entry(value).or_default().insert(*entity);
                }
            }
            reach[*entity as usize] += account.addresses.len() as u64;
        }
        let of_hours =
            |a: &&AccountEvidence| if a.tells_hours() { hour_pairs(&a.times.hours()) } else { Default::default() };
        let worked: Vec<(HourPairs, usize)> = accounts.par_iter().map(of_hours).collect();
        // An organisation is one entity: opened with its first account, and at work with all of them.
        let (mut created, mut requests, mut pooled) =
            (vec![None; n], vec![0; n], vec![<(HourPairs, usize)>::default(); n]);
        for (((account, facts), entity), (pairs, hours)) in accounts.iter().zip(&told).zip(&world.entity).zip(&worked) {
            let entity = *entity as usize;
            let opened = facts.and_then(|f| f.created_us);
            created[entity] = created[entity].into_iter().chain(opened).min();
            requests[entity] += account.requests;
            let (all, of_all) = &mut pooled[entity];
            *all = HourPairs { alike: all.alike + pairs.alike, expected: all.expected + pairs.expected };
            *of_all += hours;
        }
        holdings.insert("email_domain", of_one_value(fact(|f| f.email_domain.is_some()), domains));
        holdings.insert("email_shape", of_one_value(fact(|f| f.email_shape.is_some()), shapes));
        let (prefixes, standing): (Vec<Network>, Vec<Vec<u32>>) = prefixes(world, &whereabouts).into_iter().unzip();
        holdings.insert("prefix", Holdings::new(seen(|a| !a.addresses.is_empty()), standing));
        let of = |kind: &'static str| holdings.get(kind).into_iter().flat_map(|h: &Holdings| h.holders.iter());
        let instruments = ["payment", "device", "phone", "email"].into_iter().map(of);
        let couples = Couples::new(n, instruments, of("address"));
        Self {
            couples,
            prefixes,
            created: created.into_iter().map(|us| us.map(|us| us as f64 / DAY_US)).collect(),
            volume: requests.into_iter().map(|n| (n > 0).then(|| libm::log(n as f64))).collect(),
            rhythm: pooled.into_iter().map(|(pairs, hours)| rhythm(pairs, hours)).collect(),
            hour_pairs: worked.into_iter().map(|(pairs, _)| pairs).collect(),
            organisations: world.entity_count() < n,
            holdings,
            reach,
            rotates,
        }
    }

    /// Where an account first stood in one of the networks at these places among the objects of kind `prefix`.
    pub fn within(&self, places: &[u32], account: &AccountEvidence) -> Option<Origin> {
        let wanted: BTreeSet<Network> = places.iter().filter_map(|p| self.prefixes.get(*p as usize)).copied().collect();
        let within = |address: &str| address.parse().is_ok_and(|ip| wanted.contains(&Network::around(ip)));
        let addresses = account.addresses.iter().filter(|(address, _)| within(address));
        addresses.map(|(_, (_, at))| *at).min().map(Origin::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::features::{Evidence, HOUR_US, Tally, hours_of};
    use crate::intake::event::{Event, Fold, Origin, Place};

    fn account(addresses: impl Iterator<Item = String>) -> AccountEvidence {
        let mut evidence = Evidence::default();
        for (line_no, address) in (0u64..).zip(addresses) {
            let event = Event::new(Origin { file_id: 0, line_no }, 0, "a".into());
            evidence.push(&Event { client_ip: Some(address.into()), ..event });
        }
        evidence.finish().expect("nothing is on disk");
        *evidence.accounts.remove("a").expect("pushed")
    }

    #[test]
    fn a_telephone_among_its_carriers_addresses_does_not_rotate_and_a_proxy_pool_does() {
        let rotates = |account: AccountEvidence| whereabouts(&account).rotates;
        assert_eq!(rotates(account((0..30).map(|i| format!("100.64.{i}.{}", 3 * i)))), Some(false));
        assert_eq!(rotates(account((0..30).map(|i| format!("{}.{}.3.4", 20 + i, 7 * i)))), Some(true));
        assert_eq!(rotates(account((0..30).map(|_| "10.1.2.3".to_owned()))), Some(false));
        assert_eq!(rotates(account((0..2).map(|i| format!("{i}.1.2.3")))), None);
        assert_eq!(rotates(account((0..2).map(|_| "10.1.2.3".to_owned()))), Some(false));
        for requests in [3, 4] {
            let few = |networks: u32| account((0..requests).map(|i| format!("100.{}.{i}.9", 64 + i % networks)));
            assert_eq!((rotates(few(2)), rotates(few(4))), (Some(false), Some(true)), "two networks are a carrier's");
        }
        let pool = |addresses: u32| account((0..300).map(|i| format!("{}.9.9.9", i * 7 % addresses)));
        assert_eq!((rotates(pool(60)), rotates(pool(10))), (Some(true), Some(false)), "a pool is worked through again");
    }

    /// The sum of what was sent from two addresses was more than its number held, which ended a build with checks and gave any
    /// other figure elsewhere.
    #[test]
    fn requests_from_two_addresses_were_more_than_a_number_of_32_bits_holds() {
        let place = Place::from(Origin { file_id: 0, line_no: 1 });
        let addresses = ["10.1.2.3", "10.9.2.3"].map(|address| (address.into(), (u32::MAX, place)));
        let account = AccountEvidence { addresses: Tally::of(addresses.into(), 10), ..AccountEvidence::default() };
        assert_eq!(whereabouts(&account).rotates, Some(false));
    }

    #[test]
    fn an_organisation_of_several_domains_is_not_counted_with_each() {
        // Five entities, of which one has two domains: they cannot hold six addresses.
        let known = vec![true; 5];
        let values: Values =
            BTreeMap::from([("a.example", BTreeSet::from([0, 1])), ("b.example", BTreeSet::from([1, 2, 3]))]);
        let holdings = of_one_value(known, values);
        assert_eq!(holdings.known, [true, false, true, true, true]);
        assert!(holdings.holders.iter().eq([[2, 3]]));
        assert_eq!(holdings.known_of(&[0, 1, 2, 3, 4]), [0, 2, 3, 4]);
    }

    #[test]
    fn pairs_of_hours_tell_a_machine_from_a_sleeper_without_bias() {
        // 400 accounts of eight hours each in twelve days: of one nothing can be said, of all together much.
        let pooled = |hours_awake: i64| {
            let mut all = HourPairs::default();
            for account in 0..400i64 {
                let mut starts: Vec<i64> = (0..8)
                    .map(|i| {
                        let draw = xxhash_rust::xxh3::xxh3_64(&(account * 8 + i).to_le_bytes()) as i64 & 0xffff_ffff;
                        (draw % 12 * 24 + draw / 12 % hours_awake) * HOUR_US
                    })
                    .collect();
                starts.sort_unstable();
                let (pairs, hours) = hour_pairs(&hours_of(&starts, &[]));
                assert_eq!(rhythm(pairs, hours), None);
                (all.alike, all.expected) = (all.alike + pairs.alike, all.expected + pairs.expected);
            }
            all.rhythm()
        };
        assert!((pooled(24) - 1.0).abs() < 0.1, "{}", pooled(24));
        assert!((pooled(16) - 1.5).abs() < 0.15, "{}", pooled(16));
    }

    #[test]
    fn the_rhythm_of_a_short_life_hung_on_where_midnight_fell() {
        for start in 0..24 {
            let of = |awake: i64| {
                let worked: Vec<i64> = (0..24 * 3 + awake).filter(|h| h % 24 < awake).map(|h| start + h).collect();
                let (pairs, hours) = hour_pairs(&worked);
                rhythm(pairs, hours).unwrap()
            };
            assert!((of(16) - 1.5).abs() < 0.1, "who sleeps, from {start}: {}", of(16));
            assert!((of(24) - 1.0).abs() < 0.02, "a machine, from {start}: {}", of(24));
        }
    }

    #[test]
    fn who_lacks_a_field_is_not_known_of_it() {
        let mut evidence = Evidence::default();
        for id in ["a", "b", "c"] {
            evidence.push(&Event::new(Origin { file_id: 0, line_no: 1 }, 0, id.into()));
        }
        evidence.finish().expect("nothing is on disk");
        let paid = Facts { payment: Some("p".into()), ..Facts::default() };
        let facts = BTreeMap::from([("a".to_owned(), paid.clone()), ("b".to_owned(), paid)]);
        let world = crate::search::links::invert(&evidence, &facts);
        let census = Census::new(&world, &evidence.accounts.values().map(|a| &**a).collect::<Vec<_>>(), &facts);
        assert_eq!(census.holdings["payment"].known, [true, true, false]);
        assert!(census.holdings["payment"].holders.iter().eq([[0, 1]]));
        assert_eq!(census.holdings["phone"].known, [false; 3]);
    }
}
