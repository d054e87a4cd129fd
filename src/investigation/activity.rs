//! When accounts work, for the page that a person reads: requests over time, over the hours of the day, and the life of
//! an account. Describes and tests nothing; the tests of time stand in `over_time`.

use crate::document::{Account, AccountHours, Activity, Release, Timeline, Verdict, parse_rfc3339, rfc3339};
use crate::evidence::features::{AccountEvidence, Evidence};
use crate::intake::account_table::Facts;
use crate::population::over_time::new_models;
use std::collections::BTreeMap;

const SECOND_US: i64 = 1_000_000;
/// Lengths of a span that a person counts in, seconds: an hour to a year.
const SPANS: [i64; 9] = [3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 604_800, 2_592_000, 31_536_000];
/// Spans at most; the span is the shortest of [`SPANS`] that keeps to it.
const MOST_SPANS: i64 = 120;
/// Members whose hours are listed one by one.
const BUSIEST: usize = 24;

/// Requests of everybody over time, with the `entity` of each account; `None` without any.
pub fn timeline(evidence: &Evidence, entity: &[u32]) -> Option<Timeline> {
    let (first, last) = evidence.span()?;
    let spans = |seconds: &i64| last.div_euclid(seconds * SECOND_US) - first.div_euclid(seconds * SECOND_US) + 1;
    let seconds = SPANS.into_iter().find(|s| spans(s) <= MOST_SPANS).unwrap_or(100 * SPANS[SPANS.len() - 1]);
    let start = first.div_euclid(seconds * SECOND_US) * seconds * SECOND_US;
    let accounts: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
    let mut releases = new_models(&accounts, entity, first);
    releases.sort_by_key(|(model, at, _)| (*at, *model));
    let mut timeline = Timeline {
        start: rfc3339(start),
        span_seconds: seconds.unsigned_abs(),
        requests: vec![0; usize::try_from(spans(&seconds)).unwrap_or(0)],
        left_out: 0,
        hours: vec![0; 24],
        releases: releases
            .into_iter()
            .map(|(model, at, users)| Release { model: model.to_owned(), first: rfc3339(at), accounts: users as u64 })
            .collect(),
    };
    let mut requests = std::mem::take(&mut timeline.requests);
    timeline.left_out = accounts.iter().map(|a| count(&mut requests, start, seconds, a)).sum();
    timeline.requests = requests;
    accounts.iter().for_each(|a| add_hours(&mut timeline.hours, a));
    Some(timeline)
}

/// Requests of `members` in the spans of `timeline`.
pub fn activity(timeline: &Timeline, evidence: &Evidence, members: &[String]) -> Activity {
    let start = parse_rfc3339(&timeline.start).unwrap_or(0);
    let seconds = timeline.span_seconds as i64;
    let requests = vec![0; timeline.requests.len()];
    let mut activity = Activity { requests, left_out: 0, hours: vec![0; 24], busiest: Vec::new() };
    let mut busiest: Vec<(&String, &AccountEvidence)> =
        members.iter().filter_map(|m| Some((m, &**evidence.accounts.get(m)?))).collect();
    for (_, account) in &busiest {
        activity.left_out += count(&mut activity.requests, start, seconds, account);
        add_hours(&mut activity.hours, account);
    }
    busiest.sort_by(|a, b| b.1.requests.cmp(&a.1.requests).then(a.0.cmp(b.0)));
    let hours = |a: &AccountEvidence| a.hours.iter().map(|n| u64::from(*n)).collect();
    activity.busiest = busiest
        .into_iter()
        .take(BUSIEST)
        .map(|(id, a)| AccountHours { account_id: id.clone(), hours: hours(a) })
        .collect();
    activity
}

/// An account with its organisation and dates; all else is left empty.
pub fn life(evidence: &AccountEvidence, id: &str, facts: &BTreeMap<String, Facts>) -> Account {
    let facts = facts.get(id);
    let told = |of: fn(&Facts) -> Option<i64>| facts.and_then(of).map(rfc3339).unwrap_or_default();
    let org = facts.and_then(|f| f.org_id.clone()).or_else(|| evidence.org_id.clone());
    Account {
        account_id: String::new(),
        network_id: String::new(),
        verdict: Verdict::None,
        membership: 0.0,
        requests: 0,
        output_tokens: 0,
        org_id: org.unwrap_or_default(),
        created: told(|f| f.created_us),
        first: rfc3339(evidence.first_us),
        last: rfc3339(evidence.last_us),
        closed: told(|f| f.closed_us),
    }
}

/// Adds an account's requests to their spans, and returns how many stand in none.
fn count(spans: &mut [u64], start: i64, seconds: i64, account: &AccountEvidence) -> u64 {
    let mut left_out = account.requests;
    // A span is of whole hours and begins with one, so that an hour stands in one span.
    let later = account.times.later().iter().map(|(hour, n)| (i64::from(*hour) * SPANS[0] * SECOND_US, u64::from(*n)));
    for (at, n) in account.times.earliest().iter().map(|at| (*at, 1)).chain(later) {
        let place = at.saturating_sub(start).div_euclid(seconds.max(1) * SECOND_US);
        if let Some(span) = usize::try_from(place).ok().and_then(|p| spans.get_mut(p)) {
            *span += n;
            left_out = left_out.saturating_sub(n);
        }
    }
    left_out
}

fn add_hours(hours: &mut [u64], account: &AccountEvidence) {
    hours.iter_mut().zip(account.hours).for_each(|(sum, n)| *sum += u64::from(n));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::features::{MAX_HOURS, MAX_TIMES};
    use crate::intake::event::{Event, Fold, Origin};

    fn evidence(starts: &[(&str, i64)]) -> Evidence {
        let mut evidence = Evidence::default();
        for (line_no, (account, at)) in (1..).zip(starts) {
            evidence.push(&Event::new(Origin { file_id: 0, line_no }, *at, (*account).into()));
        }
        evidence.finish().unwrap();
        evidence
    }

    #[test]
    fn every_request_stands_in_one_span_and_one_hour() {
        let day = 86_400 * SECOND_US;
        let starts: Vec<(&str, i64)> = (0..200).map(|i| (["a", "b", "c"][i % 3], i as i64 * day / 7 - day)).collect();
        let evidence = evidence(&starts);
        let timeline = timeline(&evidence, &[]).unwrap();
        assert_eq!(timeline.requests.iter().sum::<u64>(), 200);
        assert_eq!(timeline.hours.iter().sum::<u64>(), 200);
        assert!(timeline.requests.len() as i64 <= MOST_SPANS && timeline.requests.len() > 40);
        let part = activity(&timeline, &evidence, &["a".to_owned(), "c".to_owned()]);
        assert_eq!(
            part.requests.iter().sum::<u64>(),
            evidence.accounts["a"].requests + evidence.accounts["c"].requests
        );
        assert!(part.requests.iter().zip(&timeline.requests).all(|(a, b)| a <= b));
        assert_eq!(part.busiest[0].account_id, "a");
    }

    #[test]
    fn an_account_of_a_thousand_requests_a_day_worked_in_its_first_days_alone() {
        let minutes = |minutes: i64| minutes * 60 * SECOND_US;
        let starts: Vec<(&str, i64)> = (0..20_000).map(|i| ("a", minutes(i))).chain([("b", minutes(7))]).collect();
        let evidence = evidence(&starts);
        let timeline = timeline(&evidence, &[]).unwrap();
        assert_eq!((timeline.requests.iter().sum::<u64>(), timeline.left_out), (20_001, 0));
        assert!(timeline.requests.iter().rev().skip(1).all(|n| *n >= 180), "{:?}", timeline.requests);
        let busy = activity(&timeline, &evidence, &["a".to_owned()]);
        assert_eq!((busy.requests.iter().sum::<u64>(), busy.left_out), (20_000, 0));
        assert_eq!(busy.hours.iter().sum::<u64>(), 20_000);
    }

    #[test]
    fn requests_behind_all_hours_that_are_kept_are_counted_as_left_out() {
        let hour = SPANS[0] * SECOND_US;
        let first = (MAX_TIMES + MAX_HOURS) as i64;
        let evidence = evidence(&(0..first + 5).map(|i| ("a", i * hour)).collect::<Vec<_>>());
        let timeline = timeline(&evidence, &[]).unwrap();
        assert_eq!((timeline.requests.iter().sum::<u64>(), timeline.left_out), (first as u64, 5));
    }

    #[test]
    fn a_log_of_millennia_still_has_spans() {
        let evidence = evidence(&[("a", 0), ("a", 253_402_300_799 * SECOND_US)]);
        let timeline = timeline(&evidence, &[]).unwrap();
        assert!(timeline.requests.len() as i64 <= MOST_SPANS, "{}", timeline.requests.len());
        assert_eq!(timeline.requests.iter().sum::<u64>(), 2);
    }
}
