//! Calls written as vendors' logs have them, to measure what each shape loses.

use crate::intake::event::{Event, Fold};
use crate::intake::normalise::canonical;
use serde_json::{Value, json};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// A vendor's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// LiteLLM spend logs with prompts.
    LiteLlm,
    /// OTLP GenAI spans, a hundred a line.
    Otlp,
    /// Bedrock invocation logs with CloudTrail beside them; accounts are session names.
    Bedrock,
    /// JSON access log of nginx: no text, no tokens, no model.
    AccessLog,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 4] = [Self::LiteLlm, Self::Otlp, Self::Bedrock, Self::AccessLog];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::LiteLlm => "litellm",
            Self::Otlp => "otlp",
            Self::Bedrock => "bedrock",
            Self::AccessLog => "access-log",
        }
    }
}

/// Calls as canonical JSON, in order of time once finished; see [`canonical`].
#[derive(Debug, Default)]
pub struct Calls(pub Vec<Value>);

impl Fold for Calls {
    fn push(&mut self, event: &Event<'_>) {
        self.0.push(Value::Object(canonical(event)));
    }

    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.sort_by_cached_key(|call| (call["ts_us"].as_i64(), call.to_string()));
        Ok(())
    }
}

/// Length of a call, ms; where none is known, answers take as long as they are.
fn duration_ms(call: &Value) -> i64 {
    call["duration_ms"].as_i64().unwrap_or(300 + 12 * call["output_tokens"].as_i64().unwrap_or(0))
}

fn start_us(call: &Value) -> i64 {
    call["ts_us"].as_i64().unwrap_or(0)
}

fn text<'c>(call: &'c Value, name: &str) -> Option<&'c str> {
    call[name].as_str()
}

/// A conversation of one turn, each text as `cut` leaves it.
fn messages(call: &Value, cut: fn(&str) -> String) -> Value {
    let system = text(call, "system_text").map(|text| json!({"role": "system", "content": cut(text)}));
    let user = json!({"role": "user", "content": text(call, "user_text").map(cut)});
    system.into_iter().chain([user]).collect()
}

/// Longest string that LiteLLM keeps whole, characters.
const LITELLM_MOST: usize = 2_048;

/// A text as LiteLLM stores it: of a long one the first 35 % and the last 65 % of the characters that it keeps.
fn stored(text: &str) -> String {
    let length = text.chars().count();
    if length <= LITELLM_MOST {
        return text.to_owned();
    }
    let head = LITELLM_MOST * 35 / 100;
    let tail = LITELLM_MOST - head;
    let (first, last): (String, String) =
        (text.chars().take(head).collect(), text.chars().skip(length - tail).collect());
    let skipped = length - LITELLM_MOST;
    format!("{first}... (litellm_truncated skipped {skipped} chars. Truncation is a DB storage safeguard) ...{last}")
}

fn litellm(call: &Value) -> Value {
    let start = chrono::DateTime::from_timestamp_micros(start_us(call)).unwrap_or_default();
    json!({
        "request_id": call["request_id"], "call_type": "acompletion", "api_key": call["account_id"], "spend": 0,
        "user": call["account_id"], "organization_id": call["org_id"], "session_id": call["session_id"],
        "startTime": start.to_rfc3339_opts(chrono::SecondsFormat::Millis, true), "model_group": call["model"],
        "requester_ip_address": call["client_ip"], "prompt_tokens": call["input_tokens"],
        "completion_tokens": call["output_tokens"], "request_duration_ms": duration_ms(call),
        "metadata": {"user_agent": call["user_agent"], "error_information": {"error_code": call["status"].to_string()}},
        "messages": messages(call, stored),
        "proxy_server_request": {"temperature": call["temperature"], "top_p": call["top_p"],
            "max_tokens": call["max_tokens"], "stream": call["stream"], "tools": call["tools"]},
    })
}

fn span(call: &Value) -> Value {
    const TEXTS: [(&str, &str); 6] = [
        ("gen_ai.request.model", "model"),
        ("user.id", "account_id"),
        ("client.address", "client_ip"),
        ("user_agent.original", "user_agent"),
        ("tls.client.ja4", "tls_fingerprint"),
        ("gen_ai.conversation.id", "session_id"),
    ];
    const COUNTS: [(&str, &str); 4] = [
        ("gen_ai.usage.input_tokens", "input_tokens"),
        ("gen_ai.usage.output_tokens", "output_tokens"),
        ("http.response.status_code", "status"),
        ("gen_ai.request.max_tokens", "max_tokens"),
    ];
    let attribute = |key: &str, value: Value| json!({"key": key, "value": value});
    let mut attributes = vec![
        attribute("gen_ai.operation.name", json!({"stringValue": "chat"})),
        attribute("gen_ai.input.messages", json!({"stringValue": messages(call, str::to_owned).to_string()})),
    ];
    let texts = TEXTS.iter().filter_map(|(key, name)| Some((key, json!({"stringValue": text(call, name)?}))));
    let counts =
        COUNTS.iter().filter_map(|(key, name)| Some((key, json!({"intValue": call[*name].as_u64()?.to_string()}))));
    attributes.extend(texts.chain(counts).map(|(key, value)| attribute(key, value)));
    let others = [
        ("gen_ai.request.temperature", "doubleValue", "temperature"),
        ("gen_ai.request.top_p", "doubleValue", "top_p"),
        ("gen_ai.request.stream", "boolValue", "stream"),
        ("gen_ai.tool.definitions", "stringValue", "tools"),
    ];
    let others = others.into_iter().filter(|(_, _, name)| !call[*name].is_null());
    attributes.extend(others.map(|(key, kind, name)| attribute(key, json!({kind: call[name]}))));
    json!({
        "traceId": "0", "spanId": call["request_id"], "name": "chat", "attributes": attributes,
        "startTimeUnixNano": (start_us(call) * 1_000).to_string(),
        "endTimeUnixNano": (start_us(call) * 1_000 + duration_ms(call) * 1_000_000).to_string(),
    })
}

/// AWS account, principal and time in whole seconds of a call.
fn principal(call: &Value) -> (&str, String, String) {
    let owner = text(call, "org_id").unwrap_or("000000000000");
    let arn = format!("arn:aws:sts::{owner}:assumed-role/app/{}", text(call, "account_id").unwrap_or_default());
    (owner, arn, crate::document::rfc3339(start_us(call).div_euclid(1_000_000) * 1_000_000))
}

fn invocation(call: &Value) -> Value {
    let (owner, arn, time) = principal(call);
    let system: Vec<Value> = text(call, "system_text").map(|text| json!({"text": text})).into_iter().collect();
    let operation = if call["stream"] == true { "ConverseStream" } else { "Converse" };
    let mut log = json!({
        "timestamp": time, "accountId": owner, "identity": {"arn": arn}, "requestId": call["request_id"],
        "operation": operation, "modelId": format!("vendor.{}", text(call, "model").unwrap_or_default()),
        "schemaType": "ModelInvocationLog",
        "input": {"inputTokenCount": call["input_tokens"], "inputBodyJson": {"system": system,
            "messages": [{"role": "user", "content": [{"text": call["user_text"]}]}],
            "inferenceConfig": {"temperature": call["temperature"], "topP": call["top_p"], "maxTokens": call["max_tokens"]}}},
        "output": {"outputTokenCount": call["output_tokens"],
            "outputBodyJson": {"metrics": {"latencyMs": duration_ms(call)}}},
    });
    if let Some(status) = call["status"].as_u64().filter(|status| *status != 200) {
        log["errorCode"] = if status == 429 { "ThrottlingException" } else { "ValidationException" }.into();
    }
    log
}

fn trail(call: &Value) -> Value {
    let (owner, arn, time) = principal(call);
    json!({
        "eventSource": "bedrock.amazonaws.com", "eventName": "Converse", "eventTime": time,
        "userIdentity": {"arn": arn, "accountId": owner}, "requestID": call["request_id"],
        "sourceIPAddress": call["client_ip"], "userAgent": call["user_agent"],
    })
}

fn access(call: &Value) -> Value {
    let end = start_us(call).div_euclid(1_000) + duration_ms(call);
    json!({
        "msec": format!("{}.{:03}", end.div_euclid(1_000), end.rem_euclid(1_000)), "remote_addr": call["client_ip"],
        "request_method": "POST", "request_uri": "/v1/messages", "status": call["status"],
        "request_time": duration_ms(call) as f64 / 1e3, "http_user_agent": call["user_agent"],
        "ssl_ja4": call["tls_fingerprint"], "request_id": call["request_id"], "consumer": call["account_id"],
    })
}

impl Calls {
    /// Writes the calls in a vendor's shape into `folder`, which has to be there.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write_as(&self, folder: &Path, shape: Shape) -> io::Result<()> {
        let create = |name: &str| io::Result::Ok(BufWriter::new(std::fs::File::create(folder.join(name))?));
        let lines = |name: &str, of: fn(&Value) -> Value| {
            let mut out = create(name)?;
            self.0.iter().try_for_each(|call| writeln!(out, "{}", of(call)))?;
            out.flush()
        };
        match shape {
            Shape::LiteLlm => lines("events_litellm.jsonl", litellm),
            Shape::AccessLog => lines("events_access.jsonl", access),
            Shape::Otlp => {
                let mut out = create("events_otlp.jsonl")?;
                for some in self.0.chunks(100) {
                    let spans: Vec<Value> = some.iter().map(span).collect();
                    let resource = json!({"resource": {"attributes": []}, "scopeSpans": [{"spans": spans}]});
                    writeln!(out, "{}", json!({"resourceSpans": [resource]}))?;
                }
                out.flush()
            }
            Shape::Bedrock => {
                lines("events_invocations.jsonl", invocation)?;
                let mut out = create("events_trail.json")?;
                let records: Vec<Value> = self.0.iter().map(trail).collect();
                writeln!(out, "{}", json!({"Records": records}))?;
                out.flush()
            }
        }
    }
}
