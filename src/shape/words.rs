//! What is said of the figures of a shape: the same beside the evidence and beside what speaks against it.

use super::{Figures, Own, Shape};
use crate::baseline::{Copies, Replicas};

/// So many of them as a share says.
fn part(share: f64, of: u64) -> u64 {
    (share * of as f64).round() as u64
}

impl Shape {
    /// The requests *of its own*, with their number and share of all.
    fn of_own(&self, n: u64, what: &str) -> String {
        let share = 100.0 * self.figures.own as f64 / self.figures.requests.max(1) as f64;
        let all = self.figures.requests;
        match self.own {
            Own::All => format!("{n} {what}"),
            Own::Templates => format!(
                "{n} requests with templates that recur in hardly any other account (one with two of them counts twice)"
            ),
            Own::OneTemplate => {
                format!(
                    "{n} requests with one template that recurs in hardly any other account, that of the longest answers ({share:.0} % of all {all})"
                )
            }
            Own::OneSetting => format!(
                "{n} requests with one setting of the sampling parameters, that of the longest answers ({share:.0} % of all {all})"
            ),
        }
    }

    /// Of its texts; `None` without text.
    pub fn unrepeated_words(&self) -> Option<String> {
        let Figures { told, sent, distinct, .. } = self.figures;
        let k = part(self.unrepeated?, told);
        if self.by_draw {
            return Some(format!(
                "of {told} texts, two drawn from each account of those with the one template that is judged, {k} had not been sent \
                 by another of its accounts before; of all its texts {distinct} of {sent}"
            ));
        }
        Some(match self.replicas {
            Some(Replicas { copies, of: Copies::Requests, .. }) => format!(
                "of {told} requests with texts that nobody outside it sent, of a text of a single account the first alone, {k} bring \
                 one that was sent {copies} times in all, by several of its accounts, now these and now those"
            ),
            Some(rule) => format!(
                "{k} of {told} texts that nobody outside it sent, each counted once an account, were sent into {} of its accounts{}",
                rule.copies,
                if rule.slack > 0 { ", give or take one" } else { "" }
            ),
            None => format!("{k} of {told} texts had not been sent by another of its accounts before"),
        })
    }

    /// Of its requests outside conversations; `None` where the log knows none.
    pub fn single_turn_words(&self) -> Option<String> {
        let Figures { own, .. } = self.figures;
        let k = part(self.single_turn?, own);
        // Which of an account's sessions hold one request is known of all its work alone.
        let about = if self.own == Own::All { "" } else { "about " };
        Some(format!("{about}{k} of {} stand outside any conversation", self.of_own(own, "requests")))
    }

    /// Of its texts that match a rule pack; `None` without text.
    pub fn rules_words(&self) -> Option<String> {
        let Figures { own_texts, .. } = self.figures;
        let k = part(self.rule_share?, own_texts);
        Some(format!("{k} of {} match a rule pack", self.of_own(own_texts, "requests with text")))
    }

    /// Of its requests of one kind; `None` where neither texts nor parameters tell.
    pub fn uniform_words(&self) -> Option<String> {
        let uniform = self.uniform?;
        Some(if self.figures.settings == 0 {
            format!(
                "about {} of {} requests with text, {} for certain, are of one kind: they carry a template that recurs in hardly any other account, or a text \
                 that their account sent three times or more (an estimate: two passages that do not always stand together may \
                 count one request twice)",
                part(uniform, self.texts),
                self.texts,
                self.figures.of_one_kind
            )
        } else {
            let requests = self.figures.requests;
            let k = part(uniform, requests);
            let ways = match (self.figures.settings, self.texts) {
                (1, 0) => "in one way".to_owned(),
                (1, _) => "in one way that hardly anybody else does".to_owned(),
                (n, _) => format!("in one of {n} ways that hardly anybody else does"),
            };
            let why = if self.texts > 0 {
                "more than carry a template of their own"
            } else {
                "all that is known of their kind without text"
            };
            format!("{k} of {requests} requests set the sampling parameters {ways}, {why}")
        })
    }

    /// Of the length of its answers.
    pub fn output_words(&self) -> String {
        format!("typical output (geometric mean) of {}", self.of_own(self.figures.own, "requests"))
    }
}
