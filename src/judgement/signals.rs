//! Which lines of evidence these logs allow, and why the others cannot be looked at.

use crate::document::signal::Signal;
use crate::document::{Evaluability, Intake};
use crate::evidence::features::Evidence;
use crate::intake::account_table::Facts;
use crate::intake::schema;
use crate::statistics::calendar;
use std::collections::BTreeMap;

/// Signals over event columns: of each list any of the columns suffices.
const OVER_EVENTS: [(Signal, &[&[&str]]); 15] = [
    // A system prompt is looked at with what a request asks, and not by itself.
    (
        Signal::ContentTemplate,
        &[&[schema::USER_TEXT, schema::SYSTEM_TEXT, schema::SYSTEM_HASH], &[schema::USER_TEXT, schema::USER_HASH]],
    ),
    (Signal::ContentShard, &[&[schema::USER_TEXT, schema::USER_HASH]]),
    (Signal::ExtractionRules, &[&[schema::USER_TEXT]]),
    (Signal::ExtractionSingleTurn, &[&[schema::SESSION_ID]]),
    (Signal::ExtractionOutput, &[&[schema::OUTPUT_TOKENS]]),
    (Signal::InfrastructureAddress, &[&[schema::CLIENT_IP]]),
    (Signal::InfrastructurePrefix, &[&[schema::CLIENT_IP]]),
    (Signal::InfrastructureRotation, &[&[schema::CLIENT_IP]]),
    (Signal::EvasionRotation, &[&[schema::CLIENT_IP]]),
    (
        Signal::BehaviourClient,
        &[&[schema::USER_AGENT, schema::TLS_FINGERPRINT, schema::TEMPERATURE, schema::MAX_TOKENS]],
    ),
    (Signal::BehaviourCutShort, &[&[schema::FINISH_REASON, schema::MAX_TOKENS]]),
    (Signal::BehaviourRefused, &[&[schema::STATUS]]),
    (Signal::EvasionContradiction, &[&[schema::TLS_FINGERPRINT]]),
    (Signal::TimePivot, &[&[schema::MODEL]]),
    (Signal::EntityOrganisation, &[&[schema::ORG_ID]]),
];

/// Every signal with whether it can be evaluated.
pub fn evaluable(intake: &Intake, facts: &BTreeMap<String, Facts>, evidence: &Evidence) -> Vec<Evaluability> {
    let there = |column: &str| intake.fill_rates.iter().any(|f| f.column == column && f.share > 0.0);
    let events = OVER_EVENTS.iter().map(|(signal, needed)| {
        let absent = needed.iter().find(|columns| !columns.iter().any(|c| there(c)));
        let reason =
            absent.map_or_else(|| "can run".to_owned(), |columns| format!("no row has {}", columns.join(" or ")));
        Evaluability { name: signal.to_string(), evaluable: absent.is_none(), reason }
    });
    type Has = fn(&Facts) -> bool;
    let over_facts: [(Signal, &str, Has); 10] = [
        (Signal::IdentityPayment, "payment_fingerprint", |f| f.payment.is_some()),
        (Signal::IdentityDevice, "device_id", |f| f.device.is_some()),
        (Signal::IdentityPhone, "phone_hash", |f| f.phone.is_some()),
        (Signal::IdentityCohort, "created_at", |f| f.created_us.is_some()),
        (Signal::IdentityEmail, "email or email_hash", |f| f.email.is_some()),
        (Signal::IdentityEmailDomain, "email or email_domain", |f| f.email_domain.is_some()),
        (Signal::IdentityOwnDomain, "email or email_domain", |f| f.email_domain.is_some()),
        (Signal::IdentityEmailShape, "email", |f| f.email_shape.is_some()),
        (Signal::EvasionClosed, "closed_at", |f| f.closed_us.is_some()),
        (Signal::TimeSuccession, "closed_at", |f| f.closed_us.is_some()),
    ];
    let table = over_facts.into_iter().map(|(signal, column, has)| {
        let evaluable = facts.iter().any(|(id, f)| evidence.accounts.contains_key(id.as_str()) && has(f));
        let reason = match (evaluable, facts.is_empty()) {
            (true, _) => "can run".to_owned(),
            (false, true) => format!("needs --accounts with {column}"),
            (false, false) => format!("no account has {column}"),
        };
        Evaluability { name: signal.to_string(), evaluable, reason }
    });
    let short = calendar::lacks(evidence.accounts.values().filter_map(|a| a.times.ends()));
    let dates = (!evidence.tells_hours()).then_some("some times tell the day and not the hour");
    let over_time = [
        (Signal::TimeQuota, None),
        (Signal::TimeRoundTheClock, dates),
        (Signal::TimeTurnTaking, dates),
        (Signal::TimeSilence, dates.or(short)),
        (Signal::TimeBurst, dates.or(short)),
    ];
    let over_time = over_time.map(|(signal, lacks)| Evaluability {
        name: signal.to_string(),
        evaluable: lacks.is_none(),
        reason: lacks.unwrap_or("can run").to_owned(),
    });
    let mut all: Vec<Evaluability> = events.chain(table).chain(over_time).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
