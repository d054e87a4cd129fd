//! Records that are not yet rows: spans of a trace, lines of an access log. Each becomes flat JSON, which a field map reads.

use super::elements::Batch;
use super::envelope::{Envelope, inside};
use super::rows::{NO_UTF8, Plan, Rejection};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How the records of a file become rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expansion {
    /// OTLP: one row a span.
    Spans,
    /// An access log in combined form: one row a line.
    Combined,
    /// Events of CloudWatch: the row is the text of each.
    Messages,
    /// Rows that stand in others.
    Inside(Envelope),
}

/// Bytes of rows that a byte of a trace may become. An honest span is longer than its row, but for what its resource lends it.
const MOST_GROWTH: usize = 16;
/// Why a trace is rejected of which a few bytes are lent to thousands of spans.
const GROWS: &str = "a trace that grows beyond any honest one";

/// Expands some of a batch's records, for what `plan` reads of them.
pub(super) fn expand(
    how: Expansion,
    bytes: &[u8],
    records: &[(u64, std::ops::Range<usize>)],
    plan: &Plan<'_>,
) -> Batch {
    let mut out = Batch::default();
    for (line, range) in records {
        let record = &bytes[range.clone()];
        if record.trim_ascii().is_empty() {
            continue;
        }
        let before = (out.bytes.len(), out.records.len(), out.problems.len());
        let expanded = match how {
            Expansion::Spans => spans(record, *line, plan, &mut out),
            Expansion::Combined => combined(record).map(|row| put(row, *line, &mut out)),
            // As it is, so that what is wrong with it is found by who reads it.
            Expansion::Messages => {
                let row = message(record).ok_or("an event without a message");
                row.map(|row| put_text(&row, *line, &mut out))
            }
            Expansion::Inside(envelope) => std::str::from_utf8(record)
                .map_err(|_| NO_UTF8)
                .and_then(|row| inside(row.trim(), envelope).ok_or("no JSON object within the row"))
                .map(|row| put_text(&row, *line, &mut out)),
        };
        if let Err(reason) = expanded {
            // What is rejected whole leaves no rows.
            out.bytes.truncate(before.0);
            out.records.truncate(before.1);
            out.problems.truncate(before.2);
            out.problems.push(Rejection { line: *line, reason });
        }
    }
    out
}

fn put(row: Flat, line: u64, out: &mut Batch) {
    put_text(&Value::Object(row).to_string(), line, out);
}

fn put_text(row: &str, line: u64, out: &mut Batch) {
    let start = out.bytes.len();
    out.bytes.extend(row.as_bytes());
    out.records.push((line, start..out.bytes.len()));
}

/// The text of an event.
pub(super) fn message(event: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Event {
        message: String,
    }
    serde_json::from_slice::<Event>(event).ok().map(|event| event.message)
}

type Flat = Map<String, Value>;

/// `address - user [time] "request" status bytes "referer" "agent"`.
fn combined(line: &[u8]) -> Result<Flat, &'static str> {
    let line = std::str::from_utf8(line).map_err(|_| NO_UTF8)?.trim();
    let parts = || {
        let (who, rest) = line.split_once(" [")?;
        let (time, rest) = rest.split_once("] \"")?;
        let (request, rest) = rest.split_once("\" ")?;
        let (numbers, rest) = rest.split_once(" \"")?;
        let (_, agent) = rest.split_once("\" \"")?;
        let mut who = who.splitn(3, ' ');
        let (address, _, user) = (who.next()?, who.next()?, who.next()?);
        let (status, _) = numbers.split_once(' ')?;
        Some([
            ("remote_addr", address),
            ("remote_user", user),
            ("time_local", time),
            ("request", request),
            ("status", status),
            ("http_user_agent", agent.split('"').next()?),
        ])
    };
    let parts = parts().ok_or("not a line of an access log")?;
    Ok(parts.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect())
}

/// Whether text lines look like an access log in combined form.
pub(super) fn is_combined(line: &str) -> bool {
    combined(line.as_bytes()).is_ok()
}

fn list<'v>(value: &'v Value, names: &[&str]) -> &'v [Value] {
    names.iter().find_map(|name| value.get(name)?.as_array()).map_or(&[], Vec::as_slice)
}

/// Every span of a `resourceSpans` member, or of a whole export. Each is written before the next is looked at, and of its
/// resource only what is read: what all spans of a trace are lent may be nearly all of it.
fn spans(record: &[u8], line: u64, plan: &Plan<'_>, out: &mut Batch) -> Result<(), &'static str> {
    let value: Value = serde_json::from_slice(record).map_err(|_| "not JSON")?;
    let resources = match value.get("resourceSpans").and_then(Value::as_array) {
        Some(inner) => inner.iter().collect(),
        None => vec![&value],
    };
    let before = out.held();
    let most = before.saturating_add(record.len().saturating_mul(MOST_GROWTH));
    for resource in resources {
        let own = attributes(resource.get("resource").unwrap_or(&Value::Null))?;
        let named = own.into_iter().map(|(key, value)| (format!("resource.{key}"), value));
        let lent: Flat = named.filter(|(key, _)| plan.maps.iter().any(|(_, map)| map.find(key).is_some())).collect();
        for scope in list(resource, &["scopeSpans", "instrumentationLibrarySpans"]) {
            for one in list(scope, &["spans"]) {
                match span(one, &lent) {
                    Ok(row) => put(row, line, out),
                    Err(reason) => out.problems.push(Rejection { line, reason }),
                }
                if out.held() > most {
                    return Err(GROWS);
                }
            }
        }
    }
    if out.held() == before { Err("a trace without spans") } else { Ok(()) }
}

/// The attributes of a span, a resource or an event under their own names.
fn attributes(of: &Value) -> Result<Flat, &'static str> {
    let mut flat = Flat::new();
    for attribute in list(of, &["attributes"]) {
        let Some(key) = attribute.get("key").and_then(Value::as_str) else { continue };
        let value = any_value(attribute.get("value").unwrap_or(&Value::Null), 16);
        if flat.insert(key.to_owned(), value).is_some() {
            return Err("duplicate key");
        }
    }
    Ok(flat)
}

/// An OTLP `AnyValue` as plain JSON. 64-bit integers come as strings and stay exact.
fn any_value(value: &Value, depth: u8) -> Value {
    let (Some(object), Some(depth)) = (value.as_object(), depth.checked_sub(1)) else { return Value::Null };
    let inner = |v: &Value| list(v, &["values"]).iter().map(|v| any_value(v, depth)).collect();
    match object.iter().next() {
        Some((kind, v)) => match kind.as_str() {
            "arrayValue" => Value::Array(inner(v)),
            "kvlistValue" => {
                let pairs = list(v, &["values"]).iter().filter_map(|pair| {
                    Some((pair.get("key")?.as_str()?.to_owned(), any_value(pair.get("value")?, depth)))
                });
                Value::Object(pairs.collect())
            }
            _ => v.clone(),
        },
        None => Value::Null,
    }
}

/// Work of agents and tools that wraps calls or follows from them: its figures are those of the calls again.
const NO_CALL: [&str; 6] =
    ["execute_tool", "invoke_agent", "create_agent", "invoke_workflow", "embeddings", "retrieval"];
/// What only a call to a model has.
const CALL: [&str; 7] = [
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.input.messages",
    "gen_ai.prompt",
    "llm.request.model",
];

fn span(span: &Value, lent: &Flat) -> Result<Flat, &'static str> {
    if !span.is_object() {
        return Err("not a JSON object");
    }
    let mut flat = attributes(span)?;
    let (mut asked, mut answered) = (BTreeMap::new(), BTreeMap::new());
    for (key, value) in &flat {
        numbered(key, "gen_ai.prompt.", value, &mut asked);
        numbered(key, "gen_ai.completion.", value, &mut answered);
    }
    for (i, event) in list(span, &["events"]).iter().enumerate() {
        let own = attributes(event)?;
        let name = event.get("name").and_then(Value::as_str).unwrap_or_default();
        let role = match name {
            "gen_ai.system.message" => Some("system"),
            "gen_ai.user.message" => Some("user"),
            "gen_ai.assistant.message" => Some("assistant"),
            _ => None,
        };
        if let (Some(role), Some(content)) = (role, own.get("content")) {
            let turn = Flat::from_iter([("role".to_owned(), role.into()), ("content".to_owned(), content.clone())]);
            asked.insert(i, turn);
        } else if name.starts_with("gen_ai.content.") || name == "gen_ai.client.inference.operation.details" {
            own.into_iter().for_each(|(key, value)| {
                flat.entry(key).or_insert(value);
            });
        }
    }
    for (name, turns) in [("gen_ai.prompt", asked), ("gen_ai.completion", answered)] {
        if !turns.is_empty() {
            let role = if name == "gen_ai.prompt" { "user" } else { "assistant" };
            let turns = turns.into_values().map(|mut turn| {
                turn.entry("role").or_insert(role.into());
                Value::Object(turn)
            });
            flat.entry(name).or_insert(turns.collect());
        }
    }
    if let Some(reason) = flat.get("gen_ai.response.finish_reasons").and_then(|reasons| reasons.get(0)).cloned() {
        flat.insert("stillhunt.finish_reason".to_owned(), reason);
    }
    // A span that failed says so by an error type or by its own status; of one that did not, conventions ask for neither.
    let failed =
        span.get("status").and_then(|s| s.get("code")).is_some_and(|code| code == 2 || code == "STATUS_CODE_ERROR");
    if !failed {
        flat.insert("stillhunt.status".to_owned(), 200.into());
    }
    let operation = flat.get("gen_ai.operation.name").and_then(Value::as_str).unwrap_or_default();
    let call = CALL.iter().any(|key| flat.contains_key(*key)) && !NO_CALL.contains(&operation);
    for name in ["traceId", "spanId", "startTimeUnixNano"] {
        flat.insert(name.to_owned(), span.get(name).cloned().unwrap_or_default());
    }
    let nanos = |name: &str| match span.get(name)? {
        Value::String(text) => text.parse::<i64>().ok(),
        number => number.as_i64(),
    };
    let length =
        nanos("endTimeUnixNano").zip(nanos("startTimeUnixNano")).and_then(|(end, start)| end.checked_sub(start));
    flat.insert("duration_ns".to_owned(), length.map_or(Value::Null, Value::from));
    flat.insert("stillhunt.kind".to_owned(), if call { "call" } else { "other" }.into());
    lent.iter().for_each(|(key, value)| {
        flat.entry(key.clone()).or_insert(value.clone());
    });
    Ok(flat)
}

/// `gen_ai.prompt.0.content` of the older conventions as turns of a conversation.
fn numbered(key: &str, prefix: &str, value: &Value, into: &mut BTreeMap<usize, Flat>) {
    let Some((number, field)) = key.strip_prefix(prefix).and_then(|rest| rest.split_once('.')) else { return };
    if let Ok(number) = number.parse()
        && matches!(field, "role" | "content")
    {
        into.entry(number).or_default().insert(field.to_owned(), value.clone());
    }
}
