//! A case against labels: precision, recall and F1 of accounts and of pairs, campaigns found, benign accounts flagged.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Read;

/// Why a case cannot be scored.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    #[error("a table cannot be read: {0}")]
    Csv(#[from] csv::Error),
    #[error("the {table} lacks the column {column}")]
    NoColumn { table: &'static str, column: &'static str },
    #[error("{0} is flagged but is not in the labels")]
    Unlabelled(String),
    #[error("{0} stands in two networks")]
    TwoNetworks(String),
}

/// Precision, recall and their harmonic mean, 0 to 1; 1 where there is nothing to be wrong about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

/// One campaign of the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignScore {
    pub accounts: usize,
    pub flagged: usize,
    /// Best Jaccard overlap with a network; from 0.5 the campaign counts as found.
    pub jaccard: f64,
}

/// All figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    pub account: Rates,
    pub pairwise: Rates,
    pub networks: usize,
    /// Networks of whose accounts less than half belong to any campaign.
    pub false_networks: usize,
    pub per_campaign: BTreeMap<String, CampaignScore>,
    /// Flagged accounts outside any campaign by population, in order of appearance.
    pub benign_flagged: Vec<(String, usize)>,
}

fn rates(hits: usize, found: usize, wanted: usize) -> Rates {
    let rate = |of: usize| if of == 0 { 1.0 } else { hits as f64 / of as f64 };
    let (precision, recall) = (rate(found), rate(wanted));
    let f1 = if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
    Rates { precision, recall, f1 }
}

fn rows<const N: usize>(
    table: &'static str,
    source: impl Read,
    columns: [&'static str; N],
) -> Result<Vec<[String; N]>, EvaluateError> {
    let mut csv = csv::Reader::from_reader(source);
    let header = csv.headers()?.clone();
    let mut at = [0; N];
    for (slot, column) in at.iter_mut().zip(columns) {
        *slot = header.iter().position(|h| h == column).ok_or(EvaluateError::NoColumn { table, column })?;
    }
    csv.records().map(|r| Ok(r.map(|r| at.map(|i| r.get(i).unwrap_or_default().to_owned()))?)).collect()
}

/// Scores `accounts.csv` of a case against labels with `account_id, campaign, population`.
///
/// # Errors
/// When a table or a column is missing, or a flagged account has no label.
pub fn evaluate(accounts: impl Read, labels: impl Read) -> Result<Evaluation, EvaluateError> {
    let truth: BTreeMap<String, (String, String)> =
        rows("labels table", labels, ["account_id", "campaign", "population"])?
            .into_iter()
            .map(|[account, campaign, population]| (account, (campaign, population)))
            .collect();
    let mut flagged: BTreeMap<String, String> = BTreeMap::new();
    let mut benign_flagged: Vec<(String, usize)> = Vec::new();
    for [account, network, verdict] in rows("account table", accounts, ["account_id", "network_id", "verdict"])? {
        if verdict != "suspected_distillation" || network.is_empty() {
            continue;
        }
        let Some((campaign, population)) = truth.get(&account) else { return Err(EvaluateError::Unlabelled(account)) };
        match flagged.get(&account) {
            Some(known) if *known != network => return Err(EvaluateError::TwoNetworks(account)),
            Some(_) => continue,
            None => flagged.insert(account, network),
        };
        if campaign.is_empty() {
            match benign_flagged.iter_mut().find(|(p, _)| p == population) {
                Some((_, n)) => *n += 1,
                None => benign_flagged.push((population.clone(), 1)),
            }
        }
    }
    let mut networks: BTreeMap<&str, usize> = BTreeMap::new();
    let mut campaigns: BTreeMap<&str, usize> = BTreeMap::new();
    let mut joint: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (campaign, _) in truth.values().filter(|(c, _)| !c.is_empty()) {
        *campaigns.entry(campaign).or_default() += 1;
    }
    for (account, network) in &flagged {
        *networks.entry(network).or_default() += 1;
        let campaign = &truth[account].0;
        if !campaign.is_empty() {
            *joint.entry((network, campaign)).or_default() += 1;
        }
    }
    let pairs = |n: &usize| n * n.saturating_sub(1) / 2;
    let inside = |network: &str| joint.iter().filter(|((n, _), _)| *n == network).map(|(_, k)| k).sum::<usize>();
    let per_campaign = campaigns
        .iter()
        .map(|(campaign, size)| {
            let overlap = |(network, n): (&&str, &usize)| {
                let both = joint.get(&(*network, *campaign)).copied().unwrap_or(0);
                both as f64 / (size + n - both) as f64
            };
            let flagged = joint.iter().filter(|((_, c), _)| c == campaign).map(|(_, k)| k).sum();
            let jaccard = networks.iter().map(overlap).fold(0.0, f64::max);
            ((*campaign).to_owned(), CampaignScore { accounts: *size, flagged, jaccard })
        })
        .collect();
    Ok(Evaluation {
        account: rates(joint.values().sum(), flagged.len(), campaigns.values().sum()),
        pairwise: rates(
            joint.values().map(pairs).sum(),
            networks.values().map(pairs).sum(),
            campaigns.values().map(pairs).sum(),
        ),
        networks: networks.len(),
        false_networks: networks.iter().filter(|(n, size)| 2 * inside(n) < **size).count(),
        per_campaign,
        benign_flagged,
    })
}

impl Evaluation {
    /// Campaigns with a network that overlaps them by half.
    pub fn campaigns_found(&self) -> usize {
        self.per_campaign.values().filter(|c| c.jaccard >= 0.5).count()
    }

    /// The figures as a person reads them.
    pub fn to_text(&self) -> String {
        let rates =
            |name: &str, r: &Rates| format!("{name}  P {:.3}  R {:.3}  F1 {:.3}\n", r.precision, r.recall, r.f1);
        let benign: Vec<String> = self.benign_flagged.iter().map(|(p, n)| format!("'{p}': {n}")).collect();
        let benign = if benign.is_empty() { "0".to_owned() } else { format!("{{{}}}", benign.join(", ")) };
        let mut text = rates("accounts", &self.account) + &rates("pairwise", &self.pairwise);
        text += &format!(
            "networks {}, false {}; campaigns found {} of {}; benign flagged {benign}\n",
            self.networks,
            self.false_networks,
            self.campaigns_found(),
            self.per_campaign.len()
        );
        for (name, c) in &self.per_campaign {
            let missed = if c.jaccard >= 0.5 { "" } else { "  MISSED" };
            text += &format!("  {name:24} {:4}/{:<4} jaccard {:.2}{missed}\n", c.flagged, c.accounts, c.jaccard);
        }
        text
    }

    /// The figures for a program.
    ///
    /// # Errors
    /// Never for finite figures; the signature is serde's.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let places = |v: f64, n: i32| (v * 10f64.powi(n)).round() / 10f64.powi(n);
        let rates = |r: &Rates| json!({"precision": places(r.precision, 4), "recall": places(r.recall, 4), "f1": places(r.f1, 4)});
        let campaign = |c: &CampaignScore| json!({"accounts": c.accounts, "flagged": c.flagged, "jaccard": places(c.jaccard, 3), "found": c.jaccard >= 0.5});
        let benign: Map<String, Value> = self.benign_flagged.iter().map(|(p, n)| (p.clone(), json!(n))).collect();
        let per: Map<String, Value> = self.per_campaign.iter().map(|(n, c)| (n.clone(), campaign(c))).collect();
        let all = json!({
            "account": rates(&self.account), "pairwise": rates(&self.pairwise), "networks": self.networks,
            "false_networks": self.false_networks, "campaigns": self.per_campaign.len(),
            "campaigns_found": self.campaigns_found(), "benign_flagged": benign, "per_campaign": per,
        });
        Ok(serde_json::to_string_pretty(&all)? + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: &str = "account_id,campaign,population\na,C1,campaign:x\nb,C1,campaign:x\nc,C1,campaign:x\nd,,benign:person\ne,C2,campaign:y\nf,C2,campaign:y\n";

    #[test]
    fn a_small_world_is_scored_as_by_hand() {
        let accounts = "account_id,network_id,verdict\na,N1,suspected_distillation\nb,N1,suspected_distillation\n\
            d,N1,suspected_distillation\ne,N2,coordinated\n";
        let found = evaluate(accounts.as_bytes(), LABELS.as_bytes()).unwrap();
        // Printed by an independent scorer on the same two tables.
        let expected = "accounts  P 0.667  R 0.400  F1 0.500\npairwise  P 0.333  R 0.250  F1 0.286\n\
            networks 1, false 0; campaigns found 1 of 2; benign flagged {'benign:person': 1}\n  \
            C1                          2/3    jaccard 0.50\n  C2                          0/2    jaccard 0.00  MISSED\n";
        assert_eq!(found.to_text(), expected);
    }

    #[test]
    fn a_flagged_account_without_label_is_an_error() {
        let accounts = "account_id,network_id,verdict\nz,N1,suspected_distillation\n";
        assert!(matches!(evaluate(accounts.as_bytes(), LABELS.as_bytes()), Err(EvaluateError::Unlabelled(_))));
    }
}
