//! What is known to be good: organisations, accounts and templates that a person vouches for, in a TOML file. It sets
//! networks aside, it never hides them: the list stands in the document, and each network says why it was set aside.

use crate::document::{Account, Allowed, Document, Network};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Fewest accounts, not known to be good, that are still a group.
const LEAST_UNKNOWN: usize = 3;
/// Families besides content that still make a network of known templates a matter.
const LEAST_FAMILIES: usize = 2;
/// Shortest passage that names a template, characters.
const LEAST_PASSAGE: usize = 12;

/// How the sentence on entries that name nothing begins.
const IN_VAIN: &str = "Entries of the allow list that match nothing here, by kind and number:";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
    reason: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Passage {
    contains: String,
    reason: String,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AllowError {
    #[error(
        "not a valid allow list: {0}\nhint: it is a TOML file of [[organisation]], [[account]] and [[template]] tables"
    )]
    Toml(#[from] toml::de::Error),
    #[error(
        "not a valid allow list: an entry has an empty value or an empty reason\nhint: every entry says who or what, and why"
    )]
    Empty,
    #[error(
        "not a valid allow list: `contains` needs at least {LEAST_PASSAGE} characters, so that it does not match by accident: {0}"
    )]
    ShortPassage(String),
}

/// The list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowList {
    #[serde(default)]
    organisation: Vec<Named>,
    #[serde(default)]
    account: Vec<Named>,
    #[serde(default)]
    template: Vec<Passage>,
}

/// Of each name in the document how many accounts of that name stand in a network.
struct Inside<'d>(BTreeMap<&'d str, u64>);

impl<'d> Inside<'d> {
    fn of(accounts: &'d [Account], name: impl Fn(&'d Account) -> &'d String) -> Self {
        let mut inside = BTreeMap::new();
        for account in accounts {
            *inside.entry(name(account).as_str()).or_default() += u64::from(!account.network_id.is_empty());
        }
        Self(inside)
    }

    fn accounts(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    fn names(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl AllowList {
    /// Reads `[[organisation]]` and `[[account]]` with `id` and `reason`, `[[template]]` with `contains` and `reason`.
    ///
    /// # Errors
    /// When it is no such TOML, an entry is empty, or a passage is too short to name anything.
    pub fn from_toml(text: &str) -> Result<Self, AllowError> {
        let list: Self = toml::from_str(text)?;
        let named = list.organisation.iter().chain(&list.account).map(|n| (&n.id, &n.reason));
        let all = named.chain(list.template.iter().map(|t| (&t.contains, &t.reason)));
        if all.into_iter().any(|(value, reason)| value.trim().is_empty() || reason.trim().is_empty()) {
            return Err(AllowError::Empty);
        }
        match list.template.iter().find(|t| t.contains.chars().count() < LEAST_PASSAGE) {
            Some(short) => Err(AllowError::ShortPassage(short.contains.clone())),
            None => Ok(list),
        }
    }

    /// Sets aside the networks that the list covers, and records the list; an earlier one is replaced. A network is covered
    /// when fewer than three of its accounts are not known to be good, or when every stream of it is of a known template and
    /// fewer than two families besides content count.
    pub fn apply(&self, d: &mut Document) {
        let ids = |named: &[Named]| named.iter().map(|n| n.id.clone()).collect::<BTreeSet<String>>();
        let (accounts, organisations) = (ids(&self.account), ids(&self.organisation));
        let is_good = |a: &&Account| accounts.contains(&a.account_id) || organisations.contains(&a.org_id);
        let good: BTreeSet<&str> = d.accounts.iter().filter(is_good).map(|a| a.account_id.as_str()).collect();
        for n in &mut d.networks {
            n.set_aside = self.covered(n, &good).unwrap_or_default();
        }
        let of_account = Inside::of(&d.accounts, |a| &a.account_id);
        let of_organisation = Inside::of(&d.accounts, |a| &a.org_id);
        let entry = |kind: &str, value: &str, reason: &str, covers: u64| Allowed {
            kind: kind.to_owned(),
            value: value.to_owned(),
            reason: reason.to_owned(),
            covers,
        };
        let organisations = self.organisation.iter();
        let organisations =
            organisations.map(|n| entry("organisation", &n.id, &n.reason, of_organisation.accounts(&n.id)));
        let accounts = self.account.iter().map(|n| entry("account", &n.id, &n.reason, of_account.accounts(&n.id)));
        let streams = |t: &Passage| {
            let all = d.networks.iter().flat_map(|n| &n.streams);
            all.filter(|s| s.excerpt.contains(&t.contains)).count() as u64
        };
        let templates = self.template.iter().map(|t| entry("template", &t.contains, &t.reason, streams(t)));
        let allowed = organisations.chain(accounts).chain(templates).collect();
        let vain = self.vain(&d.networks, &of_account, &of_organisation);
        d.allowed = allowed;
        d.notices.retain(|notice| !notice.starts_with(IN_VAIN));
        d.notices.extend(vain);
    }

    /// A sentence on entries that name nothing in the document, by their numbers: what they name may be meant for no eyes.
    fn vain(&self, networks: &[Network], of_account: &Inside<'_>, of_organisation: &Inside<'_>) -> Option<String> {
        let template = |t: &Passage| networks.iter().flat_map(|n| &n.streams).any(|s| s.excerpt.contains(&t.contains));
        let organisations = (1..).zip(&self.organisation).filter(|(_, n)| !of_organisation.names(&n.id));
        let accounts = (1..).zip(&self.account).filter(|(_, n)| !of_account.names(&n.id));
        let templates = (1..).zip(&self.template).filter(|(_, t)| !template(t));
        let vain: Vec<String> = (organisations.map(|(i, _): (u64, _)| format!("organisation {i}")))
            .chain(accounts.map(|(i, _): (u64, _)| format!("account {i}")))
            .chain(templates.map(|(i, _): (u64, _)| format!("template {i}")))
            .collect();
        (!vain.is_empty()).then(|| format!("{IN_VAIN} {}.", vain.join(", ")))
    }

    fn covered(&self, n: &Network, good: &BTreeSet<&str>) -> Option<String> {
        let known = n.members.iter().filter(|m| good.contains(m.as_str())).count();
        if known > 0 && n.members.len() - known < LEAST_UNKNOWN {
            return Some(format!("{known} of its {} accounts are known to be good.", n.members.len()));
        }
        let of_known = |excerpt: &str| self.template.iter().any(|t| excerpt.contains(&t.contains));
        let families: BTreeSet<&str> = n
            .coordinated
            .claims
            .iter()
            .filter(|c| c.counts && c.family != "content")
            .map(|c| c.family.as_str())
            .collect();
        let templates = !n.streams.is_empty() && n.streams.iter().all(|s| of_known(&s.excerpt));
        (templates && families.len() < LEAST_FAMILIES).then(|| {
            "All its instructions are known to be good, and little other evidence suggests one operator.".to_owned()
        })
    }
}
