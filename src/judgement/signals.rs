//! Which lines of evidence these logs allow, and why the others cannot be looked at.

use crate::document::{Intake, Signal};
use crate::evidence::features::Evidence;
use crate::intake::account_table::Facts;
use crate::intake::schema;
use crate::statistics::calendar;
use std::collections::BTreeMap;

/// Signals over event columns: of each list any of the columns suffices.
const OVER_EVENTS: [(&str, &[&[&str]]); 15] = [
    // A system prompt is looked at with what a request asks, and not by itself.
    (
        "content.template",
        &[&[schema::USER_TEXT, schema::SYSTEM_TEXT, schema::SYSTEM_HASH], &[schema::USER_TEXT, schema::USER_HASH]],
    ),
    ("content.shard", &[&[schema::USER_TEXT, schema::USER_HASH]]),
    ("extraction.rules", &[&[schema::USER_TEXT]]),
    ("extraction.single_turn", &[&[schema::SESSION_ID]]),
    ("extraction.output", &[&[schema::OUTPUT_TOKENS]]),
    ("infrastructure.address", &[&[schema::CLIENT_IP]]),
    ("infrastructure.prefix", &[&[schema::CLIENT_IP]]),
    ("infrastructure.rotation", &[&[schema::CLIENT_IP]]),
    ("evasion.rotation", &[&[schema::CLIENT_IP]]),
    ("behaviour.client", &[&[schema::USER_AGENT, schema::TLS_FINGERPRINT, schema::TEMPERATURE, schema::MAX_TOKENS]]),
    ("behaviour.cut_short", &[&[schema::FINISH_REASON, schema::MAX_TOKENS]]),
    ("behaviour.refused", &[&[schema::STATUS]]),
    ("evasion.contradiction", &[&[schema::TLS_FINGERPRINT]]),
    ("time.pivot", &[&[schema::MODEL]]),
    ("entity.organisation", &[&[schema::ORG_ID]]),
];

/// Every signal with whether it can be evaluated.
pub fn evaluable(intake: &Intake, facts: &BTreeMap<String, Facts>, evidence: &Evidence) -> Vec<Signal> {
    let there = |column: &str| intake.fill_rates.iter().any(|f| f.column == column && f.share > 0.0);
    let events = OVER_EVENTS.iter().map(|(name, needed)| {
        let absent = needed.iter().find(|columns| !columns.iter().any(|c| there(c)));
        let reason =
            absent.map_or_else(|| "can run".to_owned(), |columns| format!("no row has {}", columns.join(" or ")));
        Signal { name: (*name).to_owned(), evaluable: absent.is_none(), reason }
    });
    type Has = fn(&Facts) -> bool;
    let over_facts: [(&str, &str, Has); 10] = [
        ("identity.payment", "payment_fingerprint", |f| f.payment.is_some()),
        ("identity.device", "device_id", |f| f.device.is_some()),
        ("identity.phone", "phone_hash", |f| f.phone.is_some()),
        ("identity.cohort", "created_at", |f| f.created_us.is_some()),
        ("identity.email", "email or email_hash", |f| f.email.is_some()),
        ("identity.email_domain", "email or email_domain", |f| f.email_domain.is_some()),
        ("identity.own_domain", "email or email_domain", |f| f.email_domain.is_some()),
        ("identity.email_shape", "email", |f| f.email_shape.is_some()),
        ("evasion.closed", "closed_at", |f| f.closed_us.is_some()),
        ("time.succession", "closed_at", |f| f.closed_us.is_some()),
    ];
    let table = over_facts.into_iter().map(|(name, column, has)| {
        let evaluable = facts.iter().any(|(id, f)| evidence.accounts.contains_key(id.as_str()) && has(f));
        let reason = match (evaluable, facts.is_empty()) {
            (true, _) => "can run".to_owned(),
            (false, true) => format!("needs --accounts with {column}"),
            (false, false) => format!("no account has {column}"),
        };
        Signal { name: name.to_owned(), evaluable, reason }
    });
    let short = calendar::lacks(evidence.accounts.values().filter_map(|a| a.times.ends()));
    let dates = (!evidence.tells_hours()).then_some("some times tell the day and not the hour");
    let over_time = [
        ("time.quota", None),
        ("time.round_the_clock", dates),
        ("time.turn_taking", dates),
        ("time.silence", dates.or(short)),
        ("time.burst", dates.or(short)),
    ];
    let over_time = over_time.map(|(name, lacks)| Signal {
        name: name.to_owned(),
        evaluable: lacks.is_none(),
        reason: lacks.unwrap_or("can run").to_owned(),
    });
    let mut all: Vec<Signal> = events.chain(table).chain(over_time).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
