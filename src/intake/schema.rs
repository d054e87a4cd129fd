//! The canonical columns: the only place where their names are spelt.

/// One canonical column.
pub struct Column {
    /// Canonical name.
    pub name: &'static str,
    /// Other names under which the generic formats know it, matched without regard to case.
    pub aliases: &'static [&'static str],
    /// What it means, with its unit.
    pub meaning: &'static str,
}

/// Columns of the account table that are read beside `account_id`.
pub const ACCOUNT_TABLE: [Column; 9] = [
    Column { name: "org_id", aliases: COLUMNS[at::ORG_ID].aliases, meaning: COLUMNS[at::ORG_ID].meaning },
    Column {
        name: "created_at",
        aliases: &[
            "created",
            "created_on",
            "creation_date",
            "signup_at",
            "signup_date",
            "signed_up_at",
            "registered_at",
            "registration_date",
        ],
        meaning: "when the account was opened",
    },
    Column {
        name: "closed_at",
        aliases: &[
            "closed",
            "closed_on",
            "banned_at",
            "suspended_at",
            "terminated_at",
            "deactivated_at",
            "disabled_at",
            "deleted_at",
        ],
        meaning: "when it was closed, by whomever",
    },
    Column {
        name: "payment_fingerprint",
        aliases: &["card_fingerprint", "payment_method_fingerprint", "payment_instrument", "payment_hash", "card_hash"],
        meaning: "the same for one payment instrument, and for no other",
    },
    Column {
        name: "device_id",
        aliases: &["device", "device_fingerprint", "device_hash"],
        meaning: "the same for one device",
    },
    Column {
        name: "phone_hash",
        aliases: &["phone_fingerprint", "phone_sha256", "phone_number_hash"],
        meaning: "the same for one telephone number",
    },
    Column { name: "email_hash", aliases: &["email_sha256", "email_md5"], meaning: "the same for one e-mail address" },
    Column { name: "email_domain", aliases: &["mail_domain"], meaning: "what stands behind the @" },
    Column {
        name: "email",
        aliases: &["email_address", "mail"],
        meaning: "of it only a hash, the domain and the build of the rest are kept",
    },
];

/// Where in a header the accounts of an account table stand, and where each column of [`ACCOUNT_TABLE`], under its own name or under
/// the first of its others that is there; neither capitals nor the signs between words count.
pub fn account_table(header: &[String]) -> (Option<usize>, [Option<usize>; ACCOUNT_TABLE.len()]) {
    let bare =
        |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let header: Vec<String> = header.iter().map(|name| bare(name)).collect();
    let find = |name: &str| header.iter().position(|h| *h == bare(name));
    let own = ACCOUNT_TABLE.map(|column| find(column.name));
    let known = |name: &str, aliases: &[&str]| {
        let others = aliases.iter().filter_map(|alias| find(alias)).find(|place| !own.contains(&Some(*place)));
        find(name).or(others)
    };
    let aliases: Vec<&str> = COLUMNS[at::ACCOUNT_ID].aliases.iter().copied().chain(["id"]).collect();
    (known(ACCOUNT_ID, &aliases), ACCOUNT_TABLE.map(|column| known(column.name, column.aliases)))
}

macro_rules! columns {
    ($($id:ident $name:literal $aliases:expr, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $id: &str = $name;)*
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Place { $($id),* }
        /// Index of each column in [`COLUMNS`].
        pub(crate) mod at { $(pub const $id: usize = crate::intake::schema::Place::$id as usize;)* }
        /// Every canonical event column, in the order in which they are shown.
        pub const COLUMNS: &[Column] = &[$(Column { name: $name, aliases: &$aliases, meaning: $meaning }),*];
    };
}

columns! {
    TS "ts" ["timestamp", "time", "created_at", "created", "start_time", "starttime", "@timestamp", "datetime", "date", "event_time", "request_time"], "start of the call; RFC 3339, or epoch in s, ms, µs or ns told by magnitude";
    ACCOUNT_ID "account_id" ["account", "user_id", "user", "customer_id", "tenant_id", "subscription_id", "api_key_id", "key_id", "api_key_hash"], "what is clustered";
    ORG_ID "org_id" ["organization_id", "organisation_id", "org", "organization", "team_id", "workspace_id"], "declared organisation; its accounts count as one entity";
    REQUEST_ID "request_id" ["id", "call_id", "req_id", "trace_id", "requestid"], "repeats are collapsed";
    SESSION_ID "session_id" ["conversation_id", "session", "thread_id", "chat_id"], "conversation";
    MODEL "model" ["model_name", "model_id", "engine", "deployment"], "model asked for";
    SYSTEM_TEXT "system_text" ["system_prompt", "system", "instructions", "messages", "input", "prompt", "request", "request_body", "body"], "system prompt";
    USER_TEXT "user_text" ["prompt", "user_prompt", "input", "query", "question", "user_message", "prompt_text", "messages", "request", "request_body", "body"], "last user turn";
    SYSTEM_HASH "system_hash" ["system_prompt_hash", "system_prompt_sha256", "system_sha256"], "hash of the system prompt, where the log has no text";
    USER_HASH "user_hash" ["prompt_hash", "prompt_sha256", "prompt_md5", "input_hash", "text_hash"], "hash of the last user turn, where the log has no text";
    TOOLS "tools" ["tool_names", "functions", "tool_schema"], "tools offered to the model";
    TEMPERATURE "temperature" ["temp"], "sampling temperature";
    TOP_P "top_p" ["topp", "nucleus"], "nucleus sampling";
    MAX_TOKENS "max_tokens" ["max_output_tokens", "max_completion_tokens", "maxtokens"], "output limit asked for, tokens";
    STREAM "stream" ["streaming", "is_stream"], "streamed response";
    INPUT_TOKENS "input_tokens" ["prompt_tokens", "tokens_in", "usage_input_tokens"], "tokens in, cached included";
    OUTPUT_TOKENS "output_tokens" ["completion_tokens", "tokens_out", "usage_output_tokens"], "tokens out";
    STATUS "status" ["status_code", "http_status", "response_code"], "HTTP status";
    FINISH_REASON "finish_reason" ["stop_reason"], "why the output ended";
    CLIENT_IP "client_ip" ["ip", "ip_address", "remote_addr", "source_ip", "requester_ip_address", "client_address"], "address of the caller";
    USER_AGENT "user_agent" ["useragent", "http_user_agent", "ua"], "client's own name";
    TLS_FINGERPRINT "tls_fingerprint" ["ja4", "ja3", "tls_ja4"], "TLS fingerprint";
    KEY_ID "key_id" ["api_key_id", "api_key_hash"], "API key or its hash";
    END_USER_ID "end_user_id" ["end_user", "enduser_id"], "person behind the account, as the caller names them";
    UPSTREAM_ID "upstream_id" ["upstream_account", "channel_id"], "upstream account that a reseller sends the call to";
    RESPONSE_MODEL "response_model" ["served_model"], "model that answered";
    OPERATION "operation" ["call_type", "operation_name"], "kind of call, such as chat";
    RESPONSE_TEXT "response_text" ["response", "completion", "answer", "output"], "answer; looked at and not kept";
    RESPONSE_FORMAT "response_format" [], "structured output asked for";
    N "n" [], "answers asked for";
    STOP "stop" ["stop_sequences"], "stop sequences asked for";
    SEED "seed" [], "sampling seed asked for";
    REASONING_EFFORT "reasoning_effort" [], "reasoning asked for";
    REASONING_TOKENS "reasoning_tokens" [], "tokens of hidden reasoning";
    CACHE_READ_TOKENS "cache_read_tokens" ["cache_read_input_tokens", "cached_tokens"], "input tokens read from a cache";
    CACHE_WRITE_TOKENS "cache_write_tokens" ["cache_creation_input_tokens"], "input tokens written to a cache";
    ERROR_TYPE "error_type" ["error_code"], "error as the log names it";
    DURATION_MS "duration_ms" ["latency_ms", "request_duration_ms"], "length of the call, ms";
    TTFT_MS "ttft_ms" ["time_to_first_token_ms"], "time to the first token, ms";
    ASN "asn" [], "autonomous system of the address";
    COUNTRY "country" ["country_code", "geo_country"], "country of the address; never scored";
    ACCEPT_LANGUAGE "accept_language" ["http_accept_language"], "languages that the client asks for; never scored";
    CONTENT_STATUS "content_status" [], "full, truncated, redacted, hashed or absent";
}
