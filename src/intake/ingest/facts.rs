//! Usage, audit and compliance exports: what they say of accounts. None of their rows is a call: a bucket sums many, and
//! an activity is none.

use crate::intake::normalise::parse_timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What exports say of one account or key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFacts {
    pub org_id: Option<String>,
    /// µs since the Unix epoch.
    pub created_us: Option<i64>,
    pub closed_us: Option<i64>,
    /// Sums over the buckets of usage exports.
    pub usage: Option<Usage>,
}

/// Sums of usage exports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub buckets: u64,
    /// Calls, where the export counts them.
    pub requests: u64,
    /// Cached ones included.
    pub input_tokens: u64,
    pub output_tokens: u64,
}

fn text(value: &Value, path: &str) -> Option<String> {
    match value.pointer(path)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or(0)
}

impl ExportedFacts {
    /// Adds what another part of the exports says of the same account.
    pub(super) fn merge(&mut self, other: Self) {
        self.org_id = least(self.org_id.take(), other.org_id);
        self.created_us = least(self.created_us, other.created_us);
        self.closed_us = least(self.closed_us, other.closed_us);
        if let Some(its) = other.usage {
            let own = self.usage.get_or_insert_default();
            own.buckets = own.buckets.saturating_add(its.buckets);
            own.requests = own.requests.saturating_add(its.requests);
            own.input_tokens = own.input_tokens.saturating_add(its.input_tokens);
            own.output_tokens = own.output_tokens.saturating_add(its.output_tokens);
        }
    }
}

/// Takes one record of an export of this format in; false where it says nothing of an account.
pub(super) fn take(format: &str, record: &Value, into: &mut BTreeMap<String, ExportedFacts>) -> bool {
    match format {
        "openai-usage" | "anthropic-usage" => usage(record, into),
        "openai-audit" => audit(record, into),
        "anthropic-compliance" => {
            let Some(user) = text(record, "/actor/user_id") else { return false };
            let facts = into.entry(user).or_default();
            facts.org_id = least(facts.org_id.take(), text(record, "/organization_id"));
            true
        }
        _ => false,
    }
}

fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.into_iter().chain(b).min()
}

fn usage(bucket: &Value, into: &mut BTreeMap<String, ExportedFacts>) -> bool {
    let results = bucket.get("results").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut said = false;
    for result in results {
        let Some(key) = text(result, "/api_key_id").or_else(|| text(result, "/user_id")) else { continue };
        let facts = into.entry(key).or_default();
        facts.org_id =
            least(facts.org_id.take(), text(result, "/project_id").or_else(|| text(result, "/workspace_id")));
        let sums = facts.usage.get_or_insert_default();
        let cached: u64 = result
            .get("cache_creation")
            .and_then(Value::as_object)
            .map_or(0, |written| written.values().filter_map(Value::as_u64).fold(0, u64::saturating_add));
        let parts = ["input_tokens", "uncached_input_tokens", "cache_read_input_tokens"].map(|key| number(result, key));
        let input = parts.into_iter().fold(cached, u64::saturating_add);
        sums.buckets += 1;
        sums.requests = sums.requests.saturating_add(number(result, "num_model_requests"));
        sums.input_tokens = sums.input_tokens.saturating_add(input);
        sums.output_tokens = sums.output_tokens.saturating_add(number(result, "output_tokens"));
        said = true;
    }
    said
}

/// Creation and removal of keys, users and service accounts; the object stands under the event's own name.
fn audit(event: &Value, into: &mut BTreeMap<String, ExportedFacts>) -> bool {
    let Some(kind) = event.get("type").and_then(Value::as_str) else { return false };
    let at = text(event, "/effective_at").and_then(|t| parse_timestamp(&t));
    let subject = event.get(kind).and_then(|about| text(about, "/id"));
    let (Some(id), Some((object, what))) = (subject, kind.rsplit_once('.')) else { return false };
    if !matches!(object, "api_key" | "service_account" | "user") {
        return false;
    }
    let facts = into.entry(id).or_default();
    match what {
        "created" | "added" => facts.created_us = least(facts.created_us, at),
        "deleted" => facts.closed_us = least(facts.closed_us, at),
        _ => return false,
    }
    facts.org_id = least(facts.org_id.take(), text(event, "/project/id"));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(format: &str, record: &str) -> (bool, BTreeMap<String, ExportedFacts>) {
        let mut facts = BTreeMap::new();
        let said = take(format, &serde_json::from_str(record).unwrap(), &mut facts);
        (said, facts)
    }

    #[test]
    fn a_bucket_is_a_sum_and_cached_tokens_are_counted_once() {
        let bucket = r#"{"starting_at":"2026-07-14T00:00:00Z","results":[
            {"uncached_input_tokens":1500,"cache_creation":{"a":10,"b":5},"cache_read_input_tokens":200,"output_tokens":500,"api_key_id":"k"},
            {"uncached_input_tokens":1,"output_tokens":2,"api_key_id":"k","workspace_id":"w"}]}"#;
        let (said, facts) = taken("anthropic-usage", bucket);
        let usage = Usage { buckets: 2, requests: 0, input_tokens: 1716, output_tokens: 502 };
        assert!(said);
        assert_eq!(facts["k"], ExportedFacts { org_id: Some("w".into()), usage: Some(usage), ..Default::default() });
    }

    #[test]
    fn a_key_is_created_and_removed_and_other_events_say_nothing() {
        let created =
            r#"{"type":"api_key.created","effective_at":1783990400,"api_key.created":{"id":"k"},"project":{"id":"p"}}"#;
        let (said, facts) = taken("openai-audit", created);
        assert!(
            said && facts["k"].created_us == Some(1_783_990_400_000_000) && facts["k"].org_id.as_deref() == Some("p")
        );
        assert!(!taken("openai-audit", r#"{"type":"login.succeeded","effective_at":1783990400}"#).0);
    }
}
