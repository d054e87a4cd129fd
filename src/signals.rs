//! Which lines of evidence these logs allow, and why the others cannot be looked at.

use crate::account_table::Facts;
use crate::document::{Intake, Signal};
use crate::schema;
use std::collections::BTreeMap;

/// Signals over event columns: any of the columns suffices.
const OVER_EVENTS: [(&str, &[&str]); 11] = [
    ("content.template", &[schema::USER_TEXT, schema::SYSTEM_TEXT]),
    ("content.shard", &[schema::USER_TEXT]),
    ("extraction.rules", &[schema::USER_TEXT]),
    ("extraction.single_turn", &[schema::SESSION_ID]),
    ("extraction.output", &[schema::OUTPUT_TOKENS]),
    ("infrastructure.address", &[schema::CLIENT_IP]),
    ("infrastructure.prefix", &[schema::CLIENT_IP]),
    ("infrastructure.rotation", &[schema::CLIENT_IP]),
    ("evasion.rotation", &[schema::CLIENT_IP]),
    ("behaviour.client", &[schema::USER_AGENT, schema::TLS_FINGERPRINT, schema::TEMPERATURE, schema::MAX_TOKENS]),
    ("entity.organisation", &[schema::ORG_ID]),
];

/// Every signal with whether it can be evaluated.
pub fn evaluable(intake: &Intake, facts: &BTreeMap<String, Facts>) -> Vec<Signal> {
    let there = |column: &str| intake.fill_rates.iter().any(|f| f.column == column && f.share > 0.0);
    let events = OVER_EVENTS.iter().map(|(name, columns)| {
        let evaluable = columns.iter().any(|c| there(c));
        let reason = if evaluable { "can run".to_owned() } else { format!("no row has {}", columns.join(" or ")) };
        Signal { name: (*name).to_owned(), evaluable, reason }
    });
    type Has = fn(&Facts) -> bool;
    let over_facts: [(&str, &str, Has); 5] = [
        ("identity.payment", "payment_fingerprint", |f| f.payment.is_some()),
        ("identity.device", "device_id", |f| f.device.is_some()),
        ("identity.phone", "phone_hash", |f| f.phone.is_some()),
        ("identity.cohort", "created_at", |f| f.created_us.is_some()),
        ("evasion.closed", "closed_at", |f| f.closed_us.is_some()),
    ];
    let table = over_facts.into_iter().map(|(name, column, has)| {
        let evaluable = facts.values().any(has);
        let reason = match (evaluable, facts.is_empty()) {
            (true, _) => "can run".to_owned(),
            (false, true) => format!("needs --accounts with {column}"),
            (false, false) => format!("no account has {column}"),
        };
        Signal { name: name.to_owned(), evaluable, reason }
    });
    let always = ["time.quota", "time.round_the_clock", "time.turn_taking"].map(|name| Signal {
        name: name.to_owned(),
        evaluable: true,
        reason: "can run".to_owned(),
    });
    let mut all: Vec<Signal> = events.chain(table).chain(always).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
