//! A world written as vendors' logs have it, to measure what each shape loses.

use super::{Request, World};
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

/// Length of a call, ms: simulated requests have none, and answers take as long as they are.
fn duration_ms(request: &Request) -> i64 {
    300 + 12 * i64::try_from(request.output_tokens).unwrap_or(0)
}

fn messages(request: &Request) -> Value {
    let system = request.system_prompt.iter().map(|text| json!({"role": "system", "content": text}));
    system.chain([json!({"role": "user", "content": request.prompt})]).collect()
}

fn litellm(request: &Request) -> Value {
    json!({
        "request_id": request.request_id, "call_type": "acompletion", "api_key": request.account_id, "spend": 0,
        "user": request.account_id, "organization_id": request.org_id, "session_id": request.session_id,
        "startTime": request.timestamp, "model_group": request.model, "requester_ip_address": request.client_ip,
        "prompt_tokens": request.input_tokens, "completion_tokens": request.output_tokens,
        "request_duration_ms": duration_ms(request), "metadata": {"user_agent": request.user_agent,
            "error_information": {"error_code": request.status.to_string()}},
        "messages": messages(request),
        "proxy_server_request": {"temperature": request.temperature, "max_tokens": request.max_tokens,
            "stream": request.stream},
    })
}

fn span(request: &Request) -> Value {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let whole = |key: &str, value: u64| json!({"key": key, "value": {"intValue": value.to_string()}});
    let mut attributes = vec![
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.request.model", request.model),
        text("user.id", &request.account_id),
        text("client.address", &request.client_ip),
        text("user_agent.original", request.user_agent),
        text("tls.client.ja4", request.tls_fingerprint),
        whole("gen_ai.usage.input_tokens", request.input_tokens),
        whole("gen_ai.usage.output_tokens", request.output_tokens),
        whole("http.response.status_code", request.status.into()),
        text("gen_ai.input.messages", &messages(request).to_string()),
    ];
    attributes.extend(request.session_id.iter().map(|s| text("gen_ai.conversation.id", s)));
    attributes.extend(request.max_tokens.map(|n| whole("gen_ai.request.max_tokens", n)));
    attributes
        .extend(request.temperature.map(|t| json!({"key": "gen_ai.request.temperature", "value": {"doubleValue": t}})));
    attributes.extend(request.stream.map(|s| json!({"key": "gen_ai.request.stream", "value": {"boolValue": s}})));
    json!({
        "traceId": "0", "spanId": request.request_id, "name": "chat", "attributes": attributes,
        "startTimeUnixNano": (request.ms * 1_000_000).to_string(),
        "endTimeUnixNano": ((request.ms + duration_ms(request)) * 1_000_000).to_string(),
    })
}

/// AWS account, principal and time in whole seconds of a request.
fn principal(request: &Request) -> (String, String, String) {
    let owner = request.org_id.clone().unwrap_or_else(|| "000000000000".to_owned());
    let arn = format!("arn:aws:sts::{owner}:assumed-role/app/{}", request.account_id);
    let time = crate::document::rfc3339(request.ms.div_euclid(1_000) * 1_000_000);
    (owner, arn, time)
}

fn invocation(request: &Request) -> Value {
    let (owner, arn, time) = principal(request);
    let system: Vec<Value> = request.system_prompt.iter().map(|text| json!({"text": text})).collect();
    let operation = if request.stream == Some(true) { "ConverseStream" } else { "Converse" };
    let mut log = json!({
        "timestamp": time, "accountId": owner, "identity": {"arn": arn}, "requestId": request.request_id,
        "operation": operation, "modelId": format!("vendor.{}", request.model), "schemaType": "ModelInvocationLog",
        "input": {"inputTokenCount": request.input_tokens, "inputBodyJson": {"system": system,
            "messages": [{"role": "user", "content": [{"text": request.prompt}]}],
            "inferenceConfig": {"temperature": request.temperature, "maxTokens": request.max_tokens}}},
        "output": {"outputTokenCount": request.output_tokens, "outputBodyJson": {"metrics": {"latencyMs": duration_ms(request)}}},
    });
    if request.status != 200 {
        log["errorCode"] = if request.status == 429 { "ThrottlingException" } else { "ValidationException" }.into();
    }
    log
}

fn trail(request: &Request) -> Value {
    let (owner, arn, time) = principal(request);
    json!({
        "eventSource": "bedrock.amazonaws.com", "eventName": "Converse", "eventTime": time,
        "userIdentity": {"arn": arn, "accountId": owner}, "requestID": request.request_id,
        "sourceIPAddress": request.client_ip, "userAgent": request.user_agent,
    })
}

fn access(request: &Request) -> Value {
    let end = request.ms + duration_ms(request);
    json!({
        "msec": format!("{}.{:03}", end.div_euclid(1_000), end.rem_euclid(1_000)), "remote_addr": request.client_ip,
        "request_method": "POST", "request_uri": "/v1/messages", "status": request.status,
        "request_time": duration_ms(request) as f64 / 1e3, "http_user_agent": request.user_agent,
        "ssl_ja4": request.tls_fingerprint, "request_id": request.request_id, "consumer": request.account_id,
    })
}

impl World {
    /// Writes the requests in a vendor's shape into `folder`, which has to be there.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write_as(&self, folder: &Path, shape: Shape) -> io::Result<()> {
        let create = |name: &str| io::Result::Ok(BufWriter::new(std::fs::File::create(folder.join(name))?));
        let lines = |name: &str, of: fn(&Request) -> Value| {
            let mut out = create(name)?;
            self.requests.iter().try_for_each(|request| writeln!(out, "{}", of(request)))?;
            out.flush()
        };
        match shape {
            Shape::LiteLlm => lines("events_litellm.jsonl", litellm),
            Shape::AccessLog => lines("events_access.jsonl", access),
            Shape::Otlp => {
                let mut out = create("events_otlp.jsonl")?;
                for some in self.requests.chunks(100) {
                    let spans: Vec<Value> = some.iter().map(span).collect();
                    let resource = json!({"resource": {"attributes": []}, "scopeSpans": [{"spans": spans}]});
                    writeln!(out, "{}", json!({"resourceSpans": [resource]}))?;
                }
                out.flush()
            }
            Shape::Bedrock => {
                lines("events_invocations.jsonl", invocation)?;
                let mut out = create("events_trail.json")?;
                let records: Vec<Value> = self.requests.iter().map(trail).collect();
                writeln!(out, "{}", json!({"Records": records}))?;
                out.flush()
            }
        }
    }
}
