//! Evidence that waits to be merged: what one part of a log knows of each account, before anything is decided.

use super::occurrences::Text;
use super::{AccountEvidence, Evidence, deal};
use crate::intake::event::{Event, Fold, Origin};
use std::collections::BTreeMap;
use std::io;

/// A request with text, and its fingerprints, rising.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialText {
    /// Hash of the text.
    pub item: u64,
    /// ln(1 + output tokens), millionths.
    pub ln_output: u32,
    /// Outside any conversation.
    pub single_turn: bool,
    /// Matches a rule pack.
    pub ruled: bool,
    pub at: Origin,
    pub fingerprints: Vec<u64>,
}

/// What a part of a log knows of one account.
#[derive(Debug, Clone)]
pub struct Partial {
    pub account_id: String,
    /// All but the fingerprints, settled.
    pub evidence: AccountEvidence,
    /// In order of their place.
    pub texts: Vec<PartialText>,
}

/// Evidence of a part of a log. Nothing in it is decided by what only the whole log can tell.
#[derive(Debug, Default)]
pub struct Unsettled(Evidence);

impl Fold for Unsettled {
    fn hold(&mut self, bytes: usize) {
        self.0.hold(bytes);
    }

    fn push(&mut self, event: &Event<'_>) {
        self.0.push(event);
    }

    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

impl Unsettled {
    /// Account by account, in order of their ids.
    ///
    /// # Errors
    /// When what was put on disk for want of memory cannot be read again.
    pub fn partials(self) -> io::Result<Vec<Partial>> {
        let Evidence { numbers, mut open, run, absorbed, mut other_runs, .. } = self.0;
        other_runs.push(run);
        other_runs.extend(absorbed);
        deal(&mut open, &mut other_runs)?;
        let mut texts: Vec<Vec<PartialText>> = open.iter().map(|_| Vec::new()).collect();
        for run in &other_runs {
            run.each_text(|Text { account, item, ln_output, single_turn, ruled, at }, fingerprints| {
                texts[account as usize].push(PartialText { item, ln_output, single_turn, ruled, at, fingerprints });
            })?;
        }
        open.iter_mut().for_each(|account| account.settle());
        texts.iter_mut().for_each(|own| own.sort_by_key(|text| (text.at, text.item)));
        let ids: BTreeMap<String, u32> = numbers.into_iter().collect();
        let mut open: Vec<_> = open.into_iter().zip(texts).map(Some).collect();
        let of = |(account_id, number): (String, u32)| {
            let (evidence, texts) = open[number as usize].take()?;
            Some(Partial { account_id, evidence: *evidence, texts })
        };
        Ok(ids.into_iter().filter_map(of).collect())
    }
}

impl Evidence {
    /// Takes in what a part of the log knows of one account. [`Fold::finish`] has to follow the last.
    pub fn absorb(&mut self, partial: Partial) {
        let Partial { account_id, mut evidence, texts } = partial;
        evidence.share(&mut self.desk.names);
        let number = self.number(&account_id);
        let run = self.absorbed.get_or_insert_with(|| self.run.for_counted());
        for PartialText { item, ln_output, single_turn, ruled, at, mut fingerprints } in texts {
            let text = Text { account: number, item, ln_output, single_turn, ruled, at };
            run.push(&text, None, &mut fingerprints);
        }
        let known = &mut self.open[number as usize];
        if known.requests == 0 {
            **known = evidence;
        } else {
            known.merge(evidence);
        }
    }
}
