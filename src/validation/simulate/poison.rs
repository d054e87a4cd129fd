//! Adversaries who know the method: one hides, one frames, one drowns. Each changes a world that has a campaign in it.

use super::draw::Draw;
use super::member::{DAY_MS, START_MS, rfc3339};
use super::populations::{RAG, SEEDS, SHEET};
use super::{Request, SimulatedAccount, World, text};
use std::collections::BTreeMap;

/// What is done to a world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Poison {
    /// Each account of a campaign sends so many innocents' prompts for each of its own, all from innocents' addresses.
    Hide { padding: usize },
    /// The campaign writes in the template of an innocent population, with the client and the parameters of one of it.
    Frame(Victims),
    /// So many accounts of two requests each; where `parrot` is set, one of the two is in a campaign's template.
    Drown { accounts: usize, parrot: bool },
}

/// Whose template is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victims {
    /// The one account that makes data for itself, day and night.
    LoneSynth,
    /// Users of a framework with a prompt of its own.
    Framework,
    /// Workers who share a sheet of instructions.
    CrowdWork,
}

impl Victims {
    pub const ALL: [Self; 3] = [Self::LoneSynth, Self::Framework, Self::CrowdWork];

    /// Their population in the labels.
    pub fn population(self) -> &'static str {
        match self {
            Self::LoneSynth => "benign:lone_synth",
            Self::Framework => "benign:framework",
            Self::CrowdWork => "benign:crowd_work",
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::LoneSynth => SEEDS,
            Self::Framework => RAG,
            Self::CrowdWork => SHEET,
        }
    }
}

impl World {
    /// Poisons the world. Same world, same poison, same seed: same outcome.
    pub fn poison(&mut self, poison: Poison, seed: u64) {
        let mut d = Draw::new(seed, 1 << 61);
        let of = |wanted: &dyn Fn(&SimulatedAccount) -> bool| -> BTreeMap<String, usize> {
            let found = self.accounts.iter().enumerate().filter(|(_, a)| wanted(a));
            found.map(|(i, a)| (a.account_id.clone(), i)).collect()
        };
        let guilty = of(&|a| !a.campaign.is_empty());
        let innocent: Vec<Request> =
            self.requests.iter().filter(|r| !guilty.contains_key(&r.account_id)).cloned().collect();
        match poison {
            Poison::Hide { padding } => {
                let mut more = Vec::new();
                for request in self.requests.iter_mut().filter(|r| guilty.contains_key(&r.account_id)) {
                    request.client_ip.clone_from(&innocent[d.below(innocent.len())].client_ip);
                    for _ in 0..padding {
                        more.push(posing(&innocent[d.below(innocent.len())], &request.account_id, request.ms, &mut d));
                    }
                }
                self.requests.extend(more);
            }
            Poison::Frame(victims) => {
                let framed = of(&|a| a.population == victims.population());
                let models: Vec<&Request> = innocent.iter().filter(|r| framed.contains_key(&r.account_id)).collect();
                let Some(model) = models.get(d.below(models.len())) else { return };
                for request in self.requests.iter_mut().filter(|r| guilty.contains_key(&r.account_id)) {
                    request.prompt = victims.template().replacen("{}", &text::any(&mut d), 1);
                    request.system_prompt.clone_from(&model.system_prompt);
                    (request.user_agent, request.tls_fingerprint) = (model.user_agent, model.tls_fingerprint);
                    (request.temperature, request.max_tokens) = (model.temperature, model.max_tokens);
                    request.stream = model.stream;
                }
            }
            Poison::Drown { accounts, parrot } => {
                let own: Vec<Request> =
                    self.requests.iter().filter(|r| guilty.contains_key(&r.account_id)).cloned().collect();
                for _ in 0..accounts {
                    let account_id = format!("acct_{}", d.hex(14));
                    for copied in [false, parrot] {
                        let from = if copied { &own } else { &innocent };
                        let ms = START_MS + (d.unit() * 14.0 * DAY_MS as f64) as i64;
                        let request = posing(&from[d.below(from.len())], &account_id, ms, &mut d);
                        let client_ip = innocent[d.below(innocent.len())].client_ip.clone();
                        self.requests.push(Request { client_ip, ..request });
                    }
                    self.accounts.push(SimulatedAccount {
                        account_id,
                        created_at: rfc3339(START_MS - (d.unit() * 365.0 * DAY_MS as f64) as i64),
                        population: "throw-away".to_owned(),
                        ..SimulatedAccount::default()
                    });
                }
            }
        }
        self.requests.sort_by(|a, b| (a.ms, &a.request_id).cmp(&(b.ms, &b.request_id)));
    }
}

/// The same request from another account, within a quarter of an hour of `ms`.
fn posing(like: &Request, account_id: &str, ms: i64, d: &mut Draw) -> Request {
    let ms = ms + d.below(900_000) as i64;
    Request {
        ms,
        timestamp: rfc3339(ms),
        request_id: format!("req_{}", d.hex(16)),
        account_id: account_id.to_owned(),
        org_id: None,
        session_id: like.session_id.is_some().then(|| d.hex(12)),
        ..like.clone()
    }
}
