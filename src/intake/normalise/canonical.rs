//! The event as named cells: what is filled, and how it looks in canonical JSON.

use super::WIDTH;
use crate::intake::event::{ContentStatus, Event};
use crate::intake::schema::at;
use serde_json::{Map, Value};

/// Which columns an event has, in the order of the schema.
pub(crate) fn filled(event: &Event<'_>) -> [bool; WIDTH] {
    let mut there = [false; WIDTH];
    there[at::TS] = true;
    there[at::ACCOUNT_ID] = true;
    there[at::ORG_ID] = event.org_id.is_some();
    there[at::REQUEST_ID] = event.request_id.is_some();
    there[at::SESSION_ID] = event.session_id.is_some();
    there[at::MODEL] = event.model.is_some();
    there[at::SYSTEM_TEXT] = event.system_text.is_some();
    there[at::USER_TEXT] = event.user_text.is_some();
    there[at::SYSTEM_HASH] = event.system_hash.is_some();
    there[at::USER_HASH] = event.user_hash.is_some();
    there[at::TOOLS] = event.tools.is_some();
    there[at::TEMPERATURE] = event.temperature.is_some();
    there[at::TOP_P] = event.top_p.is_some();
    there[at::MAX_TOKENS] = event.max_tokens.is_some();
    there[at::STREAM] = event.stream.is_some();
    there[at::INPUT_TOKENS] = event.input_tokens.is_some();
    there[at::OUTPUT_TOKENS] = event.output_tokens.is_some();
    there[at::STATUS] = event.status.is_some();
    there[at::FINISH_REASON] = event.finish_reason.is_some();
    there[at::CLIENT_IP] = event.client_ip.is_some();
    there[at::USER_AGENT] = event.user_agent.is_some();
    there[at::TLS_FINGERPRINT] = event.tls_fingerprint.is_some();
    there[at::KEY_ID] = event.key_id.is_some();
    there[at::END_USER_ID] = event.end_user_id.is_some();
    there[at::UPSTREAM_ID] = event.upstream_id.is_some();
    there[at::RESPONSE_MODEL] = event.response_model.is_some();
    there[at::OPERATION] = event.operation.is_some();
    there[at::RESPONSE_TEXT] = event.response_text.is_some();
    there[at::RESPONSE_FORMAT] = event.response_format.is_some();
    there[at::N] = event.n.is_some();
    there[at::STOP] = event.stop.is_some();
    there[at::SEED] = event.seed.is_some();
    there[at::REASONING_EFFORT] = event.reasoning_effort.is_some();
    there[at::REASONING_TOKENS] = event.reasoning_tokens.is_some();
    there[at::CACHE_READ_TOKENS] = event.cache_read_tokens.is_some();
    there[at::CACHE_WRITE_TOKENS] = event.cache_write_tokens.is_some();
    there[at::ERROR_TYPE] = event.error_type.is_some();
    there[at::DURATION_MS] = event.duration_ms.is_some();
    there[at::TTFT_MS] = event.ttft_ms.is_some();
    there[at::ASN] = event.asn.is_some();
    there[at::COUNTRY] = event.country.is_some();
    there[at::ACCEPT_LANGUAGE] = event.accept_language.is_some();
    there[at::CONTENT_STATUS] = event.content_status != ContentStatus::Absent;
    there
}

/// What an event says, by canonical name: only what is there. Where a text was cut, `user_tail` and `system_tail` are what
/// stands behind the cut.
pub fn canonical(event: &Event<'_>) -> Map<String, Value> {
    let mut cells = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            cells.insert(name.to_owned(), value);
        }
    };
    let text = |cell: &Option<std::borrow::Cow<'_, str>>| cell.as_deref().map(Value::from);
    put("ts_us", Some(event.ts_us.into()));
    put("ts_res_us", Some(event.ts_res_us.into()));
    put("account_id", Some(event.account_id.as_ref().into()));
    put("org_id", text(&event.org_id));
    put("request_id", text(&event.request_id));
    put("session_id", text(&event.session_id));
    put("model", text(&event.model));
    put("system_text", text(&event.system_text));
    put("system_tail", text(&event.system_tail));
    put("user_text", text(&event.user_text));
    put("user_tail", text(&event.user_tail));
    put("system_hash", text(&event.system_hash));
    put("user_hash", text(&event.user_hash));
    put("tools", text(&event.tools));
    put("temperature", event.temperature.map(Value::from));
    put("top_p", event.top_p.map(Value::from));
    put("max_tokens", event.max_tokens.map(Value::from));
    put("stream", event.stream.map(Value::from));
    put("input_tokens", event.input_tokens.map(Value::from));
    put("output_tokens", event.output_tokens.map(Value::from));
    put("status", event.status.map(Value::from));
    put("finish_reason", text(&event.finish_reason));
    put("client_ip", text(&event.client_ip));
    put("user_agent", text(&event.user_agent));
    put("tls_fingerprint", text(&event.tls_fingerprint));
    put("key_id", text(&event.key_id));
    put("end_user_id", text(&event.end_user_id));
    put("upstream_id", text(&event.upstream_id));
    put("response_model", text(&event.response_model));
    put("operation", text(&event.operation));
    put("response_text", text(&event.response_text));
    put("response_format", text(&event.response_format));
    put("n", event.n.map(Value::from));
    put("stop", text(&event.stop));
    put("seed", event.seed.map(Value::from));
    put("reasoning_effort", text(&event.reasoning_effort));
    put("reasoning_tokens", event.reasoning_tokens.map(Value::from));
    put("cache_read_tokens", event.cache_read_tokens.map(Value::from));
    put("cache_write_tokens", event.cache_write_tokens.map(Value::from));
    put("error_type", text(&event.error_type));
    put("duration_ms", event.duration_ms.map(Value::from));
    put("ttft_ms", event.ttft_ms.map(Value::from));
    put("asn", event.asn.map(Value::from));
    put("country", text(&event.country));
    put("accept_language", text(&event.accept_language));
    put("content_status", Some(event.content_status.as_str().into()));
    cells
}
