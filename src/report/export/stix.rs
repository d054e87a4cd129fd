//! STIX 2.1 (OASIS standard, 2021): a campaign for each suspected network, its accounts and shared addresses, an indicator,
//! a note with the grounds, and the confidence. Never a threat actor: the method does not say who. Ids are UUIDs of
//! version 5, so that the same document gives the same bundle and two bundles of one network meet.

use super::ci::grounds;
use crate::document::{Confidence, Document, Network};
use crate::report::escape::{self, visible};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use uuid::{Builder, Uuid};

/// Namespace of observables, fixed by STIX 2.1 section 2.9.
const OBSERVABLES: Uuid = Uuid::from_u128(0x00abedb4_aa42_466c_9c01_fed23315a9b7);
/// Namespace of our own objects.
const OURS: Uuid = Uuid::from_u128(0x6e5b1d5e_3c0b_5d0a_9a57_7b4f0c9e2d11);
/// TLP:AMBER, an object of the standard itself.
const AMBER: &str = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";

/// UUID of version 5 (RFC 9562, section 5.5).
fn uuid(space: Uuid, name: &str) -> Uuid {
    let digest = Sha1::new().chain_update(space.as_bytes()).chain_update(name.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_sha1_bytes(bytes).into_uuid()
}

/// Id of an observable from the properties that make it what it is, as canonical JSON.
fn observable(kind: &str, properties: &Value) -> String {
    format!("{kind}--{}", uuid(OBSERVABLES, &properties.to_string()))
}

fn ours(kind: &str, name: &str) -> String {
    format!("{kind}--{}", uuid(OURS, &format!("{kind} {name}")))
}

/// Whole seconds with the three decimals that STIX asks for.
fn instant(text: &str) -> Option<String> {
    crate::document::parse_rfc3339(text).map(|us| crate::document::rfc3339(us).replace('Z', ".000Z"))
}

/// The scale "None / Low / Med / High" of STIX 2.1, appendix A.
fn confidence(c: Confidence) -> u8 {
    match c {
        Confidence::High => 85,
        Confidence::Medium => 50,
        Confidence::Low => 15,
    }
}

/// Addresses that members share, from the listed links.
fn addresses<'a>(d: &'a Document, n: &Network) -> BTreeSet<&'a str> {
    let own = d.links.iter().filter(|l| l.network_id == n.id);
    own.filter_map(|l| l.shared.strip_prefix("address ")).filter(|a| a.parse::<IpAddr>().is_ok()).collect()
}

/// The bundle. Networks that are merely coordinated, or set aside, are not in it.
pub(super) fn bundle(d: &Document) -> serde_json::Result<Vec<u8>> {
    let written = instant(&d.population.last).unwrap_or_else(|| "1970-01-01T00:00:00.000Z".to_owned());
    let author = ours("identity", "stillhunt");
    let of_ours = |kind: &str, name: &str, more: Value| {
        let mut object = json!({
            "type": kind, "spec_version": "2.1", "id": ours(kind, name), "created_by_ref": author,
            "created": written, "modified": written, "object_marking_refs": [AMBER]
        });
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        object
    };
    let mut objects = vec![
        json!({ "type": "marking-definition", "spec_version": "2.1", "id": AMBER, "created": "2017-01-20T00:00:00.000Z",
            "definition_type": "tlp", "name": "TLP:AMBER", "definition": { "tlp": "amber" } }),
        json!({ "type": "identity", "spec_version": "2.1", "id": author, "created": "2026-01-01T00:00:00.000Z",
            "modified": "2026-01-01T00:00:00.000Z", "name": "stillhunt", "identity_class": "system" }),
    ];
    let mut observables: BTreeMap<String, Value> = BTreeMap::new();
    for n in d.networks.iter().filter(|n| n.is_suspected()) {
        let sure = confidence(n.confidence);
        let campaign = ours("campaign", &n.id);
        let mut related: Vec<String> = Vec::new();
        let mut seen = json!({});
        if let (Some(first), Some(last)) = (instant(&n.first), instant(&n.last)) {
            seen = json!({ "first_seen": first, "last_seen": last });
        }
        let mut about = json!({
            "name": format!("Suspected distillation network {}", n.id), "description": visible(&n.summary), "confidence": sure
        });
        if let (Some(about), Value::Object(seen)) = (about.as_object_mut(), seen) {
            about.extend(seen);
        }
        objects.push(of_ours("campaign", &n.id, about));
        let mut keep = |kind: &str, property: &str, value: &str| {
            let id = observable(kind, &json!({ property: value }));
            let object = json!({ "type": kind, "spec_version": "2.1", "id": id, property: value, "object_marking_refs": [AMBER] });
            observables.insert(id.clone(), object);
            related.push(id);
        };
        n.members.iter().for_each(|m| keep("user-account", "user_id", &visible(m)));
        let shared = addresses(d, n);
        let kind = |a: &str| if a.contains(':') { "ipv6-addr" } else { "ipv4-addr" };
        shared.iter().for_each(|a| keep(kind(a), "value", a));
        for id in related {
            objects.push(of_ours(
                "relationship",
                &format!("{campaign} {id}"),
                json!({ "relationship_type": "related-to", "source_ref": campaign, "target_ref": id, "confidence": sure }),
            ));
        }
        if let (false, Some(from)) = (shared.is_empty(), instant(&n.first)) {
            let terms: Vec<String> = shared.iter().map(|a| format!("{}:value = '{a}'", kind(a))).collect();
            objects.push(of_ours(
                "indicator",
                &n.id,
                json!({
                    "name": format!("IP addresses shared inside {}", n.id),
                    "description": "IP addresses that several accounts of the network used. Others may use them too.",
                    "indicator_types": ["anomalous-activity"], "pattern_type": "stix", "valid_from": from,
                    "pattern": format!("[{}]", terms.join(" OR ")), "confidence": sure
                }),
            ));
            objects.push(of_ours(
                "relationship",
                &format!("indicates {campaign}"),
                json!({ "relationship_type": "indicates", "source_ref": ours("indicator", &n.id), "target_ref": campaign }),
            ));
        }
        objects.push(of_ours(
            "note",
            &n.id,
            json!({
                "abstract": "Grounds of the suspicion, and the innocent explanation least contradicted",
                "content": visible(&grounds(n).join(" ")), "object_refs": [campaign], "confidence": sure
            }),
        ));
    }
    objects.extend(observables.into_values());
    let ids: Vec<&str> = objects.iter().filter_map(|o| o["id"].as_str()).collect();
    let bundle =
        json!({ "type": "bundle", "id": format!("bundle--{}", uuid(OURS, &ids.join(" "))), "objects": objects });
    Ok((escape::json(&serde_json::to_string_pretty(&bundle)?) + "\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_those_of_the_standard() {
        // RFC 9562, appendix A.4.
        let dns = Uuid::from_u128(0x6ba7b810_9dad_11d1_80b4_00c04fd430c8);
        assert_eq!(uuid(dns, "www.example.com").to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
}
