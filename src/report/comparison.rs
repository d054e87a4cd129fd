//! Two cases side by side: what became of each network. Networks are followed by their members, since an id changes with
//! every member.

use super::reading::count;
use crate::document::Document;
use serde::Serialize;
use std::collections::BTreeSet;

/// Share of the smaller of two networks that has to stand in the other for the two to be akin.
const AKIN: f64 = 0.5;

/// What became of a network, or where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Same,
    Grown,
    Shrunk,
    /// As many accounts, others.
    Changed,
    Split,
    Merged,
    Vanished,
    New,
}

impl Fate {
    /// The word used in text.
    pub fn as_str(self) -> &'static str {
        match self {
            Fate::Same => "same",
            Fate::Grown => "grown",
            Fate::Shrunk => "shrunk",
            Fate::Changed => "changed",
            Fate::Split => "split",
            Fate::Merged => "merged",
            Fate::Vanished => "vanished",
            Fate::New => "new",
        }
    }
}

/// Networks of the earlier case and those of the later one that they became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    pub fate: Fate,
    /// Ids in the earlier case.
    pub before: Vec<String>,
    /// Ids in the later case.
    pub after: Vec<String>,
    /// Accounts before and after.
    pub accounts: (usize, usize),
    /// Accounts that joined and that left.
    pub joined: usize,
    pub left: usize,
    /// Verdicts before and after, where they differ.
    pub verdicts: Option<(String, String)>,
}

fn akin(a: &BTreeSet<&String>, b: &BTreeSet<&String>) -> bool {
    let both = a.intersection(b).count();
    both > 0 && both as f64 >= AKIN * a.len().min(b.len()) as f64
}

fn members(d: &Document) -> Vec<BTreeSet<&String>> {
    d.networks.iter().map(|n| n.members.iter().collect()).collect()
}

/// Follows every network of both cases; each stands in one passage. Ordered by fate, larger first, then by id.
pub fn follow(before: &Document, after: &Document) -> Vec<Passage> {
    let (old, new) = (members(before), members(after));
    let mut free_old: BTreeSet<usize> = (0..old.len()).collect();
    let mut free_new: BTreeSet<usize> = (0..new.len()).collect();
    let related = |o: usize, n: usize| akin(&old[o], &new[n]);
    let mut passages = Vec::new();
    while let Some(seed) = free_old.pop_first() {
        // Everything that hangs together by kinship is one passage.
        let (mut olds, mut news) = (BTreeSet::from([seed]), BTreeSet::new());
        loop {
            let next_new: Vec<usize> =
                free_new.iter().copied().filter(|n| olds.iter().any(|o| related(*o, *n))).collect();
            news.extend(&next_new);
            next_new.iter().for_each(|n| {
                free_new.remove(n);
            });
            let next_old: Vec<usize> =
                free_old.iter().copied().filter(|o| news.iter().any(|n| related(*o, *n))).collect();
            olds.extend(&next_old);
            next_old.iter().for_each(|o| {
                free_old.remove(o);
            });
            if next_new.is_empty() && next_old.is_empty() {
                break;
            }
        }
        passages.push(passage(before, after, &olds, &news));
    }
    passages.extend(free_new.iter().map(|n| passage(before, after, &BTreeSet::new(), &BTreeSet::from([*n]))));
    passages.sort_by(|a, b| {
        let size = |p: &Passage| std::cmp::Reverse(p.accounts.0.max(p.accounts.1));
        (a.fate, size(a), &a.before, &a.after).cmp(&(b.fate, size(b), &b.before, &b.after))
    });
    passages
}

fn passage(before: &Document, after: &Document, olds: &BTreeSet<usize>, news: &BTreeSet<usize>) -> Passage {
    fn together<'a>(d: &'a Document, of: &BTreeSet<usize>) -> BTreeSet<&'a String> {
        of.iter().flat_map(|i| &d.networks[*i].members).collect()
    }
    let (was, is) = (together(before, olds), together(after, news));
    let ids = |d: &Document, of: &BTreeSet<usize>| of.iter().map(|i| d.networks[*i].id.clone()).collect();
    let worst = |d: &Document, of: &BTreeSet<usize>| {
        of.iter().map(|i| d.networks[*i].verdict).min().map(|v| v.as_str().to_owned())
    };
    let fate = match (olds.len(), news.len()) {
        (0, _) => Fate::New,
        (_, 0) => Fate::Vanished,
        (1, 1) if was == is => Fate::Same,
        (1, 1) if is.len() > was.len() => Fate::Grown,
        (1, 1) if is.len() < was.len() => Fate::Shrunk,
        (1, 1) => Fate::Changed,
        (a, b) if b > a => Fate::Split,
        _ => Fate::Merged,
    };
    let verdicts = worst(before, olds).zip(worst(after, news)).filter(|(a, b)| a != b);
    Passage {
        fate,
        before: ids(before, olds),
        after: ids(after, news),
        accounts: (was.len(), is.len()),
        joined: is.difference(&was).count(),
        left: was.difference(&is).count(),
        verdicts,
    }
}

/// One line a passage. What differs may be the logs, the settings or the method as much as the world.
pub fn to_text(passages: &[Passage]) -> String {
    let mut out = String::new();
    for p in passages {
        let ids = |ids: &[String]| if ids.is_empty() { "–".to_owned() } else { ids.join(" + ") };
        let called = p.verdicts.as_ref().map(|(a, b)| format!(", called {a} before and {b} now")).unwrap_or_default();
        out += &format!(
            "{:<9} {} → {}: {} before, {} now, {} joined, {} left{called}\n",
            p.fate.as_str(),
            ids(&p.before),
            ids(&p.after),
            count(p.accounts.0, "account"),
            p.accounts.1,
            p.joined,
            p.left
        );
    }
    if passages.is_empty() {
        out += "Neither case has a network.\n";
    }
    out
}
