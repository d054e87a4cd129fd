//! Keyed pseudonyms, so that a case can be shared without its accounts, addresses, instruments and paths. The same key
//! gives the same pseudonym (HMAC-SHA-256, RFC 2104), so that two cases still meet; without the key nobody can try names.

use crate::document::Document;
use crate::document::network_id;
use crate::intake::ingest::NOT_READ;
use aho_corasick::{AhoCorasick, Match};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Fewest bytes of a key.
pub const LEAST_KEY: usize = 16;
/// Shortest identifier that is looked for in running text; shorter ones would be found in every second word.
const LEAST_FOUND: usize = 3;

/// Why pseudonyms cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PseudonymError {
    #[error("key too short: {0} bytes, need at least {LEAST_KEY}\nhint: head -c 32 /dev/urandom > key")]
    ShortKey(usize),
    #[error("the case is already pseudonymised; pseudonyms cannot be replaced by others")]
    Twice,
    #[error("the document cannot be rewritten: {0}")]
    Document(#[from] serde_json::Error),
    #[error("cannot search for the names: {0}")]
    Search(#[from] aho_corasick::BuildError),
}

/// Makes pseudonyms of one key.
#[derive(Clone)]
pub struct Pseudonyms {
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Pseudonyms {
    /// From the bytes of a key file; one line break at its end does not count.
    ///
    /// # Errors
    /// When it has fewer than [`LEAST_KEY`] bytes.
    pub fn new(key: &[u8]) -> Result<Self, PseudonymError> {
        let key = key.strip_suffix(b"\n").unwrap_or(key);
        let key = key.strip_suffix(b"\r").unwrap_or(key);
        if key.len() < LEAST_KEY {
            return Err(PseudonymError::ShortKey(key.len()));
        }
        let keyed = Hmac::new_from_slice(key).map_err(|_| PseudonymError::ShortKey(key.len()))?;
        Ok(Self { keyed })
    }

    /// Pseudonym of a value of a kind: the kind with 16 hex digits (64 bits) of the keyed hash. The empty value stays empty.
    pub fn of(&self, kind: &str, value: &str) -> String {
        if value.is_empty() {
            return String::new();
        }
        let mut keyed = self.keyed.clone();
        for part in [kind.as_bytes(), &[0], value.as_bytes()] {
            keyed.update(part);
        }
        let digest = keyed.finalize().into_bytes();
        let hex: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
        format!("{kind}-{hex}")
    }

    /// The document under pseudonyms: every field that names an account, an organisation, a shared object or a file, and
    /// every place in running text where one of them stands. Whatever is sorted by name is sorted again.
    ///
    /// # Errors
    /// When it stands under pseudonyms already.
    pub fn document(&self, d: &Document) -> Result<Document, PseudonymError> {
        if d.pseudonymised {
            return Err(PseudonymError::Twice);
        }
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for a in &d.accounts {
            names.insert(a.org_id.clone(), self.of("org", &a.org_id));
        }
        for f in &d.intake.files {
            names.insert(f.path.clone(), self.of("file", &f.path));
        }
        for link in &d.links {
            if let Some((kind, value)) = link.shared.split_once(' ') {
                names.insert(value.to_owned(), self.of(kind, value));
            }
        }
        for domain in d.networks.iter().flat_map(|n| &n.coordinated.claims).flat_map(|c| &c.domains) {
            names.insert(domain.clone(), self.of("domain", domain));
        }
        for allowed in d.allowed.iter().filter(|a| a.kind != "template") {
            let kind = if allowed.kind == "account" { "acct" } else { "org" };
            names.insert(allowed.value.clone(), self.of(kind, &allowed.value));
        }
        // Last, for an account's id is an account's wherever else it stands.
        for a in &d.accounts {
            names.insert(a.account_id.clone(), self.of("acct", &a.account_id));
        }
        let mut networks: BTreeMap<String, String> = BTreeMap::new();
        for n in &d.networks {
            let mut members: Vec<String> = n.members.iter().map(|m| self.of("acct", m)).collect();
            members.sort_unstable();
            networks.insert(n.id.clone(), network_id(&members));
        }
        names.extend(networks.clone());
        let found: Vec<(&String, &String)> = names.iter().filter(|(name, _)| name.len() >= LEAST_FOUND).collect();
        let search = AhoCorasick::new(found.iter().map(|(name, _)| name))?;
        let rewriting = Rewriting { names: &names, networks: &networks, found, search, by: self };
        let mut value = serde_json::to_value(d)?;
        rewriting.walk("", &mut value);
        let mut out: Document = serde_json::from_value(value)?;
        out.pseudonymised = true;
        out.accounts.sort_by(|a, b| a.account_id.cmp(&b.account_id));
        out.networks.iter_mut().for_each(|n| n.members.sort_unstable());
        for link in &mut out.links {
            if link.account_a > link.account_b {
                std::mem::swap(&mut link.account_a, &mut link.account_b);
            }
        }
        Ok(out)
    }
}

struct Rewriting<'a> {
    names: &'a BTreeMap<String, String>,
    networks: &'a BTreeMap<String, String>,
    found: Vec<(&'a String, &'a String)>,
    search: AhoCorasick,
    by: &'a Pseudonyms,
}

impl Rewriting<'_> {
    /// Rewrites all strings under `key`.
    fn walk(&self, key: &str, value: &mut Value) {
        match value {
            Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| self.walk(key, value)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(key, item)),
            Value::String(text) => *text = self.rewritten(key, text),
            _ => {}
        }
    }

    fn rewritten(&self, key: &str, text: &str) -> String {
        match key {
            "account_id" | "account_a" | "account_b" | "members" => self.by.of("acct", text),
            "org_id" => self.by.of("org", text),
            "file" | "path" => self.by.of("file", text),
            "domains" => self.by.of("domain", text),
            "shared" => match text.split_once(' ') {
                Some((kind, value)) => format!("{kind} {}", self.by.of(kind, value)),
                None => self.by.of("shared", text),
            },
            // Words of the program itself and times: an account that is called like one of them must not change them.
            "schema_version" | "stillhunt_version" | "sha256" | "verdict" | "confidence" | "signal" | "family"
            | "unit" | "fit" | "format" | "column" | "without" | "kind" | "start" | "first" | "last" | "created"
            | "closed" | "proposed_by" | "left_out" | "name" | "pool" | "stream" => text.to_owned(),
            "id" | "network_id" => self.networks.get(text).cloned().unwrap_or_else(|| text.to_owned()),
            // Files that were not read have no other name.
            _ if text.starts_with(NOT_READ) => {
                format!("{NOT_READ}names left out{}", text.rfind(" (").map_or("", |at| &text[at..]))
            }
            _ => self.in_text(text),
        }
    }

    /// Names in running text, where they stand as whole words: from left to right, and of those that begin at one place the longest.
    /// All are looked at, for in one that ends within a word there may be another that does not.
    fn in_text(&self, text: &str) -> String {
        if let Some(whole) = self.names.get(text).filter(|_| !text.is_empty()) {
            return whole.clone();
        }
        let is_whole = |hit: &Match| {
            let around = [text[..hit.start()].chars().next_back(), text[hit.end()..].chars().next()];
            !around.into_iter().flatten().any(char::is_alphanumeric)
        };
        let mut hits: Vec<Match> = self.search.find_overlapping_iter(text).filter(is_whole).collect();
        hits.sort_unstable_by_key(|hit| (hit.start(), Reverse(hit.end())));
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for hit in hits {
            if hit.start() < done {
                continue;
            }
            out.push_str(&text[done..hit.start()]);
            out.push_str(self.found[hit.pattern().as_usize()].1);
            done = hit.end();
        }
        out.push_str(&text[done..]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyed_hash_is_that_of_the_standard_and_kinds_are_apart() {
        let names = Pseudonyms::new(b"a key of sixteen bytes\n").unwrap();
        assert_eq!(names.of("acct", "a"), Pseudonyms::new(b"a key of sixteen bytes").unwrap().of("acct", "a"));
        assert_ne!(names.of("acct", "a").rsplit('-').next(), names.of("org", "a").rsplit('-').next());
        assert_ne!(names.of("acct", "a"), Pseudonyms::new(b"another key, as long").unwrap().of("acct", "a"));
        assert!(matches!(Pseudonyms::new(b"short"), Err(PseudonymError::ShortKey(5))));
    }
}
