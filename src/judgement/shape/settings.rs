//! Without text: what the settings of the sampling parameters tell of a group's work.

use super::{Work, longer, single_turn};
use crate::evidence::features::AccountEvidence;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Share of a group's accounts that have to use a setting, and of its requests, for the setting to be judged by itself.
const SETTING_OF_ACCOUNTS: f64 = 0.5;
const SETTING_OF_REQUESTS: f64 = 0.2;
/// Settings of a group's own that are of one kind together, at most: a reseller's customers have many.
const WAYS: usize = 3;
/// Accounts that have to use a setting for it to be a group's own.
const SEVERAL: usize = 3;

/// Work by settings of the sampling parameters, with the number of accounts that use each.
pub(super) fn by_setting<'a>(members: &[&'a AccountEvidence], alone: &[f64]) -> BTreeMap<&'a str, (usize, Work)> {
    let mut settings: BTreeMap<&str, (usize, Work)> = BTreeMap::new();
    for (account, alone) in members.iter().zip(alone) {
        for (parameters, sent) in &account.parameters {
            let (accounts, work) = settings.entry(parameters).or_default();
            *accounts += 1;
            work.requests += u64::from(sent.count);
            work.single_turn += single_turn(sent.count, sent.single_turn, *alone);
            work.ln_output += sent.ln_output;
        }
    }
    settings
}

/// Whether a setting sets anything; to leave all at their default is no stream of its own.
fn sets_some(parameters: &str) -> bool {
    parameters.contains(|c: char| c.is_alphanumeric())
}

/// Without text the setting with the longest answers stands for an instruction. It says less than one: most of the accounts
/// have to use it, in a good part of what they do.
pub(super) fn longest_setting<'a>(
    members: &[&AccountEvidence],
    settings: &BTreeMap<&'a str, (usize, Work)>,
) -> Option<(&'a str, Work)> {
    let all: u64 = members.iter().map(|a| a.requests).sum();
    let wide = settings.iter().filter(|(parameters, (accounts, work))| {
        sets_some(parameters)
            && *accounts as f64 >= SETTING_OF_ACCOUNTS * members.len() as f64
            && work.requests as f64 >= SETTING_OF_REQUESTS * all as f64
    });
    wide.map(|(parameters, (_, work))| (*parameters, *work)).reduce(longer)
}

/// Share of requests that set the sampling parameters in one way, and how many ways that is: the most frequent one, or a few of the
/// group's own, which several of its accounts use and hardly anybody else (`users` says how many use each at all): one
/// program that is run with two limits. `None` where the most frequent is to set nothing and none is its own.
pub(super) fn of_one_way(
    settings: &BTreeMap<&str, (usize, Work)>,
    users: &BTreeMap<Arc<str>, usize>,
) -> Option<(f64, usize)> {
    let most = settings.iter().max_by(|a, b| a.1.1.requests.cmp(&b.1.1.requests).then(b.0.cmp(a.0)))?;
    let one = sets_some(most.0).then(|| (share(most.1.1.requests, settings), 1));
    one.into_iter().chain(of_its_own(settings, users)).max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
}

/// Share of all requests of some settings.
fn share(part: u64, settings: &BTreeMap<&str, (usize, Work)>) -> f64 {
    let all: u64 = settings.values().map(|(_, work)| work.requests).sum();
    part as f64 / all.max(1) as f64
}

/// The same of the group's own ways alone.
pub(super) fn of_its_own(
    settings: &BTreeMap<&str, (usize, Work)>,
    users: &BTreeMap<Arc<str>, usize>,
) -> Option<(f64, usize)> {
    let of_its_own = |(parameters, (accounts, _)): &(&&str, &(usize, Work))| {
        let users = users.get(**parameters).copied().unwrap_or(*accounts);
        sets_some(parameters) && *accounts >= SEVERAL && 2 * accounts > users
    };
    let mut own: Vec<u64> = settings.iter().filter(of_its_own).map(|(_, (_, work))| work.requests).collect();
    own.sort_unstable_by(|a, b| b.cmp(a));
    own.truncate(WAYS);
    (!own.is_empty()).then(|| (share(own.iter().sum(), settings), own.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::features::Evidence;
    use crate::intake::event::{Event, Fold, Origin};

    /// Ten accounts of so many requests, each with `temperature` and answer as `call` says of its number.
    fn accounts(requests: u64, call: impl Fn(u64, u64) -> (Option<f64>, u64)) -> Evidence {
        let mut evidence = Evidence::default();
        for account in 0..10 {
            for line_no in 0..requests {
                let (temperature, output) = call(account, line_no);
                let event = Event::new(Origin { file_id: 0, line_no }, 0, format!("a{account}").into());
                evidence.push(&Event { temperature, output_tokens: Some(output), ..event });
            }
        }
        evidence.finish().expect("nothing is on disk");
        evidence
    }

    fn longest(evidence: &Evidence) -> Option<f64> {
        let members: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
        longest_setting(&members, &by_setting(&members, &[0.0; 10])).map(|(_, work)| work.output().round())
    }

    #[test]
    fn without_text_a_pool_is_judged_by_the_setting_with_the_longest_answers_and_not_by_its_customers() {
        let pool = accounts(20, |_, i| if i % 5 < 2 { (Some(1.0), 900) } else { (Some(i as f64 / 20.0), 100) });
        assert_eq!(longest(&pool), Some(900.0));
    }

    #[test]
    fn one_customers_setting_a_rare_one_and_none_are_no_stream_of_a_pool() {
        assert_eq!(longest(&accounts(20, |a, _| (Some(a as f64 / 10.0), 900))), None);
        assert_eq!(longest(&accounts(20, |_, i| if i < 3 { (Some(1.0), 900) } else { (None, 100) })), None);
        assert_eq!(longest(&accounts(20, |_, _| (None, 900))), None);
    }

    #[test]
    fn two_limits_of_one_program_were_taken_for_work_of_two_kinds() {
        let pool = accounts(20, |account, _| (Some(if account < 5 { 0.25 } else { 0.75 }), 100));
        let members: Vec<&AccountEvidence> = pool.accounts.values().map(|a| &**a).collect();
        let settings = by_setting(&members, &[0.0; 10]);
        let users = |n: usize| settings.keys().map(|parameters| ((*parameters).into(), n)).collect();
        assert_eq!(of_one_way(&settings, &users(6)), Some((1.0, 2)));
        assert_eq!(of_one_way(&settings, &users(100)), Some((0.5, 1)), "everybody's settings");
    }
}
