//! What is known to be good: organisations, accounts and templates that a person vouches for, in a TOML file. It sets
//! networks aside, it never hides them: the list stands in the document, and each network says why it was set aside.

use crate::document::{Allowed, Document, Network};
use serde::Deserialize;
use std::collections::BTreeSet;

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
        let good: BTreeSet<String> = d
            .accounts
            .iter()
            .filter(|a| {
                self.account.iter().any(|n| n.id == a.account_id) || self.organisation.iter().any(|n| n.id == a.org_id)
            })
            .map(|a| a.account_id.clone())
            .collect();
        for n in &mut d.networks {
            n.set_aside = self.covered(n, &good).unwrap_or_default();
        }
        let inside = |fits: &dyn Fn(&crate::document::Account) -> bool| {
            d.accounts.iter().filter(|a| !a.network_id.is_empty() && fits(a)).count() as u64
        };
        let entry = |kind: &str, value: &str, reason: &str, covers: u64| Allowed {
            kind: kind.to_owned(),
            value: value.to_owned(),
            reason: reason.to_owned(),
            covers,
        };
        let organisations =
            self.organisation.iter().map(|n| entry("organisation", &n.id, &n.reason, inside(&|a| a.org_id == n.id)));
        let accounts =
            self.account.iter().map(|n| entry("account", &n.id, &n.reason, inside(&|a| a.account_id == n.id)));
        let streams = |t: &Passage| {
            let all = d.networks.iter().flat_map(|n| &n.streams);
            all.filter(|s| s.excerpt.contains(&t.contains)).count() as u64
        };
        let templates = self.template.iter().map(|t| entry("template", &t.contains, &t.reason, streams(t)));
        let allowed = organisations.chain(accounts).chain(templates).collect();
        let vain = self.vain(d);
        d.allowed = allowed;
        d.notices.retain(|notice| !notice.starts_with(IN_VAIN));
        d.notices.extend(vain);
    }

    /// A sentence on entries that name nothing in the document, by their numbers: what they name may be meant for no eyes.
    fn vain(&self, d: &Document) -> Option<String> {
        let account = |id: &str| d.accounts.iter().any(|a| a.account_id == id);
        let organisation = |id: &str| d.accounts.iter().any(|a| a.org_id == id);
        let template =
            |t: &Passage| d.networks.iter().flat_map(|n| &n.streams).any(|s| s.excerpt.contains(&t.contains));
        let organisations = (1..).zip(&self.organisation).filter(|(_, n)| !organisation(&n.id));
        let accounts = (1..).zip(&self.account).filter(|(_, n)| !account(&n.id));
        let templates = (1..).zip(&self.template).filter(|(_, t)| !template(t));
        let vain: Vec<String> = (organisations.map(|(i, _): (u64, _)| format!("organisation {i}")))
            .chain(accounts.map(|(i, _): (u64, _)| format!("account {i}")))
            .chain(templates.map(|(i, _): (u64, _)| format!("template {i}")))
            .collect();
        (!vain.is_empty()).then(|| format!("{IN_VAIN} {}.", vain.join(", ")))
    }

    fn covered(&self, n: &Network, good: &BTreeSet<String>) -> Option<String> {
        let known = n.members.iter().filter(|m| good.contains(*m)).count();
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
