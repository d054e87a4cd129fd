//! What is said of the figures of a shape: the same beside the evidence and beside what speaks against it.

use super::{Figures, Own, Shape};
use crate::document::glossary::{RHYTHM_INDEX, grouped, percent};
use crate::population::baseline::{Copies, Replicas};

/// So many of them as a share says.
fn part(share: f64, of: u64) -> u64 {
    (share * of as f64).round() as u64
}

impl Shape {
    /// What makes a group openly one customer's.
    pub const ONE_CUSTOMER: &str =
        "nearly all accounts have one payment instrument, private e-mail domain or office in common";

    /// Which requests are judged. Said once, for single claims count within them.
    pub fn judged_on(&self) -> String {
        let Figures { own, requests, .. } = self.figures;
        let share = percent(own as f64 / requests.max(1) as f64);
        let [own, requests] = [own, requests].map(grouped);
        match self.own {
            Own::All => format!("Judged on all {requests} requests of these accounts."),
            Own::Templates => format!(
                "Judged on the requests with prompt templates that hardly any other account uses: {own}, a request with two of them \
                 counted twice."
            ),
            Own::OneTemplate => format!(
                "Judged on the shared prompt template with the longest answers: {own} of {requests} requests ({share})."
            ),
            Own::OneSetting => format!(
                "Judged on the shared combination of sampling parameters with the longest answers: {own} of {requests} requests \
                 ({share})."
            ),
        }
    }

    /// Of its texts; `None` without text.
    pub fn unrepeated_words(&self) -> Option<String> {
        let Figures { told, sent, distinct, .. } = self.figures;
        let k = grouped(part(self.unrepeated?, told));
        let (told, of_all) = (grouped(told), percent(distinct as f64 / sent.max(1) as f64));
        if self.by_draw {
            return Some(format!(
                "{k} of {told} sampled prompts with the judged template were new to the network (two per account); over all its \
                 prompts, {} of {} ({of_all})",
                grouped(distinct),
                grouped(sent)
            ));
        }
        Some(match self.replicas {
            Some(Replicas { copies, of: Copies::Requests, .. }) => format!(
                "{k} of {told} requests with prompts not sent by anyone outside have a prompt that was sent {copies} times in all, by \
                 several accounts of the network (of a prompt sent by one account alone, only the first request is counted)"
            ),
            Some(rule) => format!(
                "{k} of {told} prompts not sent by anyone outside, each counted once per account, were each sent by {} accounts{}",
                rule.copies,
                if rule.slack > 0 { ", give or take one" } else { "" }
            ),
            None => format!("{k} of {told} prompts had not been sent by another account of the network before"),
        })
    }

    /// Of its requests outside conversations; `None` where the log knows none.
    pub fn single_turn_words(&self) -> Option<String> {
        let Figures { own, .. } = self.figures;
        let k = grouped(part(self.single_turn?, own));
        // Which of an account's sessions hold one request is known of all its work alone.
        let about = if self.own == Own::All { "" } else { "an estimated " };
        Some(format!("{about}{k} of {} requests are single-turn", grouped(own)))
    }

    /// Of its texts that match a rule pack; `None` without text.
    pub fn rules_words(&self) -> Option<String> {
        let Figures { own_texts, .. } = self.figures;
        let k = grouped(part(self.rule_share?, own_texts));
        Some(format!("{k} of {} prompts match a known extraction wording", grouped(own_texts)))
    }

    /// Of its requests of one kind; `None` where neither texts nor parameters tell.
    pub fn uniform_words(&self) -> Option<String> {
        let uniform = self.uniform?;
        let Figures { settings, of_one_kind, requests, .. } = self.figures;
        if settings == 0 {
            let estimate = part(uniform, self.texts);
            // Two passages that do not always stand together may count one request twice: what is certain is less.
            let certain = if of_one_kind < estimate { grouped(of_one_kind) + " to " } else { String::new() };
            return Some(format!(
                "{certain}{} of {} prompts follow a shared template that hardly any other account uses, or were sent three times or \
                 more by their account",
                grouped(estimate),
                grouped(self.texts)
            ));
        }
        let k = grouped(part(uniform, requests));
        let what = match (settings, self.texts) {
            (1, 0) => "one combination of sampling parameters".to_owned(),
            (1, _) => "one combination of sampling parameters that hardly anyone else uses".to_owned(),
            (n, _) => format!("one of {n} combinations of sampling parameters that hardly anyone else uses"),
        };
        Some(format!("{k} of {} requests use {what}", grouped(requests)))
    }

    /// Of the length of its answers, where they are unusually `long` or not.
    pub fn output_words(&self, long: bool) -> String {
        let how = if long { "answers are long" } else { "answers are not unusually long" };
        format!("{how}: typically {} tokens (geometric mean)", grouped(self.output.round() as u64))
    }

    /// Of the hours at which all its accounts together work, where they are `awake` at all of them or not.
    pub fn rhythm_words(&self, awake: bool) -> Option<String> {
        let rhythm = self.rhythm?;
        let how = if awake { "are active at all hours" } else { "rest at some hours of the day" };
        Some(format!("the accounts together {how} (rhythm index {rhythm:.2}; {RHYTHM_INDEX})"))
    }
}
