//! Whether a group is openly one customer, and from how many purses it is paid for. Who hides nothing pays with one card, has
//! addresses at one domain, or works in one place; who wants to look like many has several cards of a few accounts each.

use crate::document::signal::Layer;
use crate::intake::account_table::is_public_mail;
use crate::judgement::scope::{Inquiry, Scope};
use crate::judgement::shape::Purses;
use crate::search::links::{Family, Object};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// Share of a group that one payment instrument, one e-mail domain or one place has to hold for it to be one customer.
const ONE_CUSTOMER: f64 = 0.9;
/// The same of payment and domain together, where its own domain has most of the group.
const OPENLY: f64 = 0.8;
const MOST: f64 = 0.5;
/// Share of a log's accounts that are at the domain of one firm, at most.
const OF_A_FIRM: f64 = 0.05;
/// Share of a group that has to be tied to others of it by payment, domain or place, for those who are not to be strangers who only
/// use its words.
const TIED: f64 = 2.0 / 3.0;
/// Purses from which those who work in one place are no longer openly one customer, if most of them are paid from these: a firm has a
/// card, and one for each of a few departments.
const SEVERAL: usize = 5;
/// Addresses of one place: a line and its spare, at most of two offices. More are a pool of gateways.
const EXITS: RangeInclusive<usize> = 1..=4;
/// Share of an account's requests that come from the place where it works.
const AT_ONE_PLACE: f64 = 0.9;

/// Whether what so many accounts of a group hold is mostly theirs: part of a firm may stand in a group.
fn is_mostly(inside: usize, holders: usize) -> bool {
    inside as f64 > MOST * holders as f64
}

impl Inquiry<'_> {
    /// From how many purses a group is paid: who pays for most of a group from one card makes no secret of it, as a laboratory, an
    /// agency or a family does; several cards of a few accounts each are the habit of who wants to look like many. A card whose
    /// accounts work in one place is that of a customer by itself.
    pub fn purses(&self, accounts: &[u32]) -> Purses {
        if !self.looks_at(Layer::Identity) {
            return Purses::default();
        }
        let mut of_kinds: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        let held = self.scope.world.held_by(accounts, Family::Identity);
        held.filter(|(object, n)| *n >= 2 && object.kind != "email")
            .for_each(|(object, _)| of_kinds.entry(object.kind).or_default().push(object));
        let inside = |object: &Object| -> Vec<u32> {
            object.accounts.iter().copied().filter(|a| accounts.binary_search(a).is_ok()).collect()
        };
        let of_most = |purse: &&Object| 2 * purse.held_in(accounts) > accounts.len();
        let counted = |purses: Vec<&Object>| {
            let purses = purses.into_iter().map(|purse| (purse, inside(purse)));
            let purses: Vec<_> = purses.filter(|(_, inside)| !self.works_in_one_place(inside)).collect();
            let own = purses.iter().filter(|(purse, inside)| is_mostly(inside.len(), purse.accounts.len()));
            let paid: BTreeSet<u32> = own.clone().flat_map(|(_, inside)| inside).copied().collect();
            Purses { all: purses.len(), own: own.count(), paid: paid.len() as f64 / accounts.len() as f64 }
        };
        let kinds = of_kinds.into_values().filter(|purses| !purses.iter().any(of_most)).map(counted);
        kinds
            .max_by(|a, b| a.all.cmp(&b.all).then(a.own.cmp(&b.own)).then(a.paid.total_cmp(&b.paid)))
            .unwrap_or_default()
    }

    /// Whether a group is openly one customer's: one payment pays for nearly all of it, nearly all have addresses at one e-mail
    /// domain that hardly anybody else uses, or most have and most of the others are paid for with the card of the rest, for in
    /// a firm some sign up with an address or a card of their own; or nearly all work in one place, and most are not paid from several
    /// purses. Strangers who share nothing with anybody in the group make no two customers of one.
    pub fn are_one_customer(&self, accounts: &[u32]) -> bool {
        let openly = |accounts: &[u32]| {
            let purses = self.purses(accounts);
            purses.own < SEVERAL || purses.paid <= MOST
        };
        let one =
            |accounts: &[u32]| self.have_one_purse(accounts) || self.works_in_one_place(accounts) && openly(accounts);
        let tied = self.tied(accounts);
        one(accounts) || tied.len() as f64 >= TIED * accounts.len() as f64 && one(&tied)
    }

    /// Those of a group who share an instrument, an address or an e-mail domain with others of it that is mostly theirs.
    fn tied(&self, accounts: &[u32]) -> Vec<u32> {
        let Scope { world, baseline, .. } = self.scope;
        let mut tied: BTreeSet<u32> = BTreeSet::new();
        for family in self.control_families() {
            let own = world.held_by(accounts, family).filter(|(o, n)| *n >= 2 && is_mostly(*n, o.accounts.len()));
            tied.extend(own.flat_map(|(object, _)| &object.accounts));
        }
        if self.looks_at(Layer::Identity) {
            let domains = &baseline.census.holdings["email_domain"];
            let own: Vec<u32> = self.own_domains(accounts).filter(|(_, n)| *n >= 2).map(|(domain, _)| domain).collect();
            tied.extend(accounts.iter().filter(|a| domains.holds(world.entity[**a as usize], &own)));
        }
        accounts.iter().copied().filter(|a| tied.contains(a)).collect()
    }

    /// E-mail domains at which any of a group are, rising, with the number of its entities at each.
    fn email_domains(&self, accounts: &[u32]) -> Vec<(u32, u64)> {
        let Scope { world, baseline, .. } = self.scope;
        baseline.census.holdings["email_domain"].inside(&world.entities(accounts))
    }

    /// Those that are mostly the group's.
    fn own_domains(&self, accounts: &[u32]) -> impl Iterator<Item = (u32, u64)> {
        let holders = &self.scope.baseline.census.holdings["email_domain"].holders;
        let inside = self.email_domains(accounts).into_iter();
        inside.filter(|(domain, n)| is_mostly(*n as usize, holders.of(*domain).len()))
    }

    /// The e-mail domain at which nearly all of a group are, where more accounts are at it than these but few of the log: part of a firm
    /// is one customer too. That of a public provider is nobody's.
    fn domain_of_a_firm(&self, accounts: &[u32]) -> Option<u32> {
        let Scope { world, baseline, facts, .. } = self.scope;
        let domains = &baseline.census.holdings["email_domain"];
        let (domain, n) = self.email_domains(accounts).into_iter().max_by_key(|(_, n)| *n)?;
        let holder = accounts.iter().find(|a| domains.holds(world.entity[**a as usize], &[domain]))?;
        let name = facts.get(&world.names[*holder as usize])?.email_domain.as_deref()?;
        let few = domains.holders.of(domain).len() as f64 <= OF_A_FIRM * baseline.accounts.len() as f64;
        (few && n as f64 >= ONE_CUSTOMER * world.entities(accounts).len() as f64 && !is_public_mail(name))
            .then_some(domain)
    }

    fn have_one_purse(&self, accounts: &[u32]) -> bool {
        if !self.looks_at(Layer::Identity) {
            return false;
        }
        let Scope { world, baseline, .. } = self.scope;
        let payments = world.held_by(accounts, Family::Identity).filter(|(object, _)| object.kind == "payment");
        let card = payments.max_by_key(|(_, n)| *n).map(|(object, _)| object);
        let domains = &baseline.census.holdings["email_domain"];
        let own = self.own_domains(accounts).max_by_key(|(_, n)| *n).map(|(domain, _)| domain);
        let domain = own.or_else(|| self.domain_of_a_firm(accounts));
        let pays = |a: &u32| card.is_some_and(|card| card.accounts.binary_search(a).is_ok());
        let at_domain = |a: &u32| domain.is_some_and(|domain| domains.holds(world.entity[*a as usize], &[domain]));
        // A declared organisation counts once, as everywhere.
        let entities = world.entities(accounts).len() as f64;
        let share = |of: &dyn Fn(&u32) -> bool| {
            let so: Vec<u32> = accounts.iter().copied().filter(|a| of(a)).collect();
            world.entities(&so).len() as f64 / entities
        };
        share(&pays) >= ONE_CUSTOMER
            || share(&at_domain) >= ONE_CUSTOMER
            || share(&at_domain) > MOST && share(&|a| pays(a) || at_domain(a)) >= OPENLY
    }

    /// Whether nearly all of some accounts send nearly all that they send from the same few addresses, which nearly all of them use and
    /// hardly anybody else: an office.
    fn works_in_one_place(&self, accounts: &[u32]) -> bool {
        if !self.looks_at(Layer::Infrastructure) {
            return false;
        }
        let Scope { world, baseline, .. } = self.scope;
        let least = ONE_CUSTOMER * accounts.len() as f64;
        let common = world
            .held_by(accounts, Family::Infrastructure)
            .filter(|(object, n)| object.kind == "address" && *n as f64 >= least)
            .filter(|(object, n)| is_mostly(*n, object.accounts.len()));
        let office: Vec<&str> = common.map(|(object, _)| object.value.as_str()).collect();
        if !EXITS.contains(&office.len()) {
            return false;
        }
        let works_there = |account: &&u32| {
            let addresses = &baseline.accounts[**account as usize].addresses;
            let all: u64 = addresses.values().map(|(n, _)| u64::from(*n)).sum();
            let there: u64 = office.iter().filter_map(|a| addresses.get(*a)).map(|(n, _)| u64::from(*n)).sum();
            all > 0 && there as f64 >= AT_ONE_PLACE * all as f64
        };
        accounts.iter().filter(works_there).count() as f64 >= least
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::features::Evidence;
    use crate::intake::account_table::Facts;
    use crate::intake::event::{Event, Fold, Origin};
    use crate::intake::ingest::IngestReport;
    use crate::judgement::scope::{Settings, Shared};

    /// Whether accounts whose request so many is sent from `address` are one customer, and how many purses they have: ten pay with
    /// one card, ten with another.
    fn judged(address: impl Fn(u64, u64) -> String, accounts: u64, leave_out: &[Layer]) -> (bool, usize) {
        let (evidence, facts) = world(address, accounts);
        judge(&evidence, &facts, leave_out)
    }

    fn world(address: impl Fn(u64, u64) -> String, accounts: u64) -> (Evidence, BTreeMap<String, Facts>) {
        let mut evidence = Evidence::default();
        let mut facts = BTreeMap::new();
        for account in 0..accounts {
            let name = format!("a{account:04}");
            for line_no in 0..20 {
                let event = Event::new(Origin { file_id: 0, line_no }, 0, name.as_str().into());
                evidence.push(&Event { client_ip: Some(address(account, line_no).into()), ..event });
            }
            let payment = Some(format!("card {}", account / 10));
            facts.insert(name, Facts { payment, ..Facts::default() });
        }
        evidence.finish().expect("nothing is on disk");
        (evidence, facts)
    }

    fn judge(evidence: &Evidence, facts: &BTreeMap<String, Facts>, leave_out: &[Layer]) -> (bool, usize) {
        let read = IngestReport::default();
        let settings = Settings { leave_out: leave_out.iter().copied().collect(), ..Settings::default() };
        let scope = Scope::new(evidence, facts, &read);
        let inquiry = Inquiry { scope: &scope, settings: &settings, shared: &Shared::default() };
        let group: Vec<u32> = (0..20).collect();
        (inquiry.are_one_customer(&group), inquiry.purses(&group).all)
    }

    /// Two users of its words made a firm of six keys a network of eight.
    #[test]
    fn strangers_among_the_keys_of_a_firm_make_no_two_customers() {
        let strangers = |of: u64| {
            let address = move |account, _| match account < 20 - of {
                true => "203.0.113.1".to_owned(),
                false => format!("198.51.100.{account}"),
            };
            let (evidence, mut facts) = world(address, 20);
            facts.iter_mut().for_each(|(name, facts)| facts.payment = Some(name.clone()));
            judge(&evidence, &facts, &[]).0
        };
        assert!(strangers(1) && strangers(6));
        assert!(!strangers(8), "four in ten");
        // Two offices.
        assert!(!judged(|account, _| format!("203.0.113.{}", account / 10), 20, &[]).0);
    }

    #[test]
    fn accounts_behind_the_two_lines_of_one_office_are_one_customer() {
        let two_lines = |_, request| format!("203.0.113.{}", request % 2);
        assert!(judged(two_lines, 20, &[]).0);
        assert_eq!(judged(two_lines, 20, &[Layer::Infrastructure]), (false, 2));
        assert!(!judged(two_lines, 45, &[]).0, "a gateway of everybody");
        assert!(!judged(|_, request| format!("203.0.113.{}", request % 6), 20, &[]).0, "a pool of gateways");
        assert!(!judged(|account, _| format!("203.0.113.{account}"), 20, &[]).0, "an address each");
        let now_and_then =
            |account, request| if request < 5 { "203.0.113.1".into() } else { format!("198.51.100.{account}") };
        assert!(!judged(now_and_then, 20, &[]).0);
    }

    /// Fifty accounts, five to a card, all behind four gateways, were openly one customer.
    #[test]
    fn accounts_of_many_cards_behind_one_gateway_are_not_openly_one_customer() {
        let of_cards = |accounts_a_card: usize| {
            let (evidence, mut facts) = world(|_, request| format!("203.0.113.{}", request % 4), 20);
            let pays =
                |(place, facts): (usize, &mut Facts)| facts.payment = Some(format!("card {}", place / accounts_a_card));
            facts.values_mut().enumerate().for_each(pays);
            judge(&evidence, &facts, &[])
        };
        assert_eq!(of_cards(4), (false, 5));
        assert_eq!(of_cards(5), (true, 4), "departments");
        assert_eq!(of_cards(1), (true, 0), "colleagues who pay for themselves");
    }

    /// Half of a firm's keys, of which all sign up at its domain, were accounts that merely have a domain in common.
    #[test]
    fn part_of_a_firm_is_one_customer_and_part_of_a_provider_is_none() {
        let at = |domain: &str, holders: usize| {
            let (evidence, mut facts) = world(|account, _| format!("10.{}.{}.1", account / 250, account % 250), 1_000);
            facts.iter_mut().for_each(|(name, facts)| facts.payment = Some(name.clone()));
            facts.values_mut().take(holders).for_each(|facts| facts.email_domain = Some(domain.to_owned()));
            judge(&evidence, &facts, &[]).0
        };
        assert!(at("firm.example", 50));
        assert!(!at("firm.example", 400), "so many are at no firm");
        assert!(!at("gmail.com", 50));
    }

    /// Two agencies with a card and an office each were many who look like few.
    #[test]
    fn a_card_whose_accounts_work_in_one_office_is_no_purse() {
        let offices = |account, request| format!("203.0.{}.{}", account / 10, request % 2);
        assert_eq!(judged(offices, 20, &[]), (false, 0));
        assert_eq!(judged(|account, _| format!("203.0.113.{account}"), 20, &[]), (false, 2));
        assert_eq!(judged(|account, _| format!("203.0.113.{account}"), 20, &[Layer::Identity]), (false, 0));
    }
}
