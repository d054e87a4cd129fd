//! One account of a simulated world: what is settled once, and one request after the other.

use super::draw::Draw;
use super::habit::{Habit, Volume};
use super::{Request, SimulatedAccount, WorldSettings, text};
use std::sync::Arc;

/// Midnight of the first day, ms since the Unix epoch: 2026-05-04.
pub(super) const START_MS: i64 = 1_777_852_800_000;
pub(super) const DAY_MS: i64 = 86_400_000;

const CLIENTS: [(&str, &str); 8] = [
    ("Mozilla/5.0 (X11; Linux x86_64)", "t13d1715h2_aa01_7121"),
    ("Mozilla/5.0 (Windows NT 10.0)", "t13d1516h2_bb02_d8a2"),
    ("Mozilla/5.0 (Macintosh)", "t13d2014h2_cc03_1478"),
    ("sdk-python/1.9", "t13d1516h2_dd04_0271"),
    ("sdk-python/1.8", "t13d1516h2_dd04_0271"),
    ("sdk-js/0.7", "t13d1717h2_ee05_3d54"),
    ("curl/8.9", "t13d3112h2_ff06_d339"),
    ("requests/2.32", "t13d1812h1_ab07_b26c"),
];

pub(super) fn rfc3339(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
        .unwrap_or_default()
}

/// A habit with what its members share.
pub(super) struct Population {
    number: u64,
    settings: WorldSettings,
    pub(super) habit: Habit,
    gateways: Vec<String>,
    items: Vec<String>,
    organisation: String,
}

/// One account. Its draws are kept apart, so that any of its requests can be made again.
pub(super) struct Member {
    population: Arc<Population>,
    number: usize,
    pub(super) account: SimulatedAccount,
    /// Requests that its habit asks for.
    pub(super) requests: usize,
    client: usize,
    home: String,
    carrier: usize,
    midday: f64,
    born: i64,
    days: usize,
}

/// What goes from one request of a member to the next.
#[derive(Clone)]
pub(super) struct Course {
    pub(super) draw: Draw,
    pub(super) session: u64,
}

impl Population {
    pub(super) fn new(settings: &WorldSettings, habit: Habit, number: u64) -> Arc<Self> {
        let mut shared = Draw::new(settings.seed, number << 32);
        let gateways = (0..habit.gateways).map(|_| shared.address()).collect();
        // Streams of material stand beside those of populations and members.
        let mut source = habit.material.map_or_else(|| shared.clone(), |m| Draw::new(settings.seed, (1 << 60) + m));
        let mut population =
            Self { number, settings: *settings, habit, gateways, items: Vec::new(), organisation: String::new() };
        population.items =
            (0..population.habit.common_items.unwrap_or(0)).map(|_| population.payload(&mut source)).collect();
        if population.habit.organisation {
            population.organisation = format!("org_{}", shared.hex(8));
        }
        Arc::new(population)
    }

    fn payload(&self, d: &mut Draw) -> String {
        let payload = (self.habit.payload)(d);
        if self.settings.prose == 0 { payload } else { payload + " " + &text::prose(d, self.settings.prose) }
    }

    /// Stream of draws of a member.
    pub(super) fn stream(&self, member: usize) -> u64 {
        (self.number << 32) + 1 + member as u64
    }

    pub(super) fn member(self: &Arc<Self>, member: usize) -> (Member, Course) {
        let Self { settings, habit, .. } = &**self;
        let mut d = Draw::new(settings.seed, self.stream(member));
        let span = if habit.cohort_days > 0.0 { habit.cohort_days } else { 365.0 };
        let created = START_MS - (d.unit() * span * DAY_MS as f64) as i64;
        let closed = d.chance(habit.closed);
        let life = settings.days as i64 * DAY_MS / habit.generations as i64;
        let generation = (member % habit.generations) as i64;
        let born = START_MS + generation * life;
        let created = if generation > 0 { born - (d.unit() * 3.0 * 3_600_000.0) as i64 } else { created };
        let account = SimulatedAccount {
            account_id: format!("acct_{}", d.hex(14)),
            org_id: self.organisation.clone(),
            created_at: rfc3339(created),
            payment: match habit.per_payment {
                0 if d.chance(0.8) => format!("pay_{}", d.hex(12)),
                0 => String::new(),
                per => format!("pay_{}_{}", self.number, member / per),
            },
            device: if d.chance(0.6) { format!("dev_{}", d.hex(12)) } else { String::new() },
            closed_at: if closed {
                rfc3339(START_MS + settings.days as i64 * DAY_MS / 2)
            } else if habit.generations > 1 {
                rfc3339(born + life)
            } else {
                String::new()
            },
            campaign: habit.campaign.to_owned(),
            population: if habit.campaign.is_empty() {
                habit.population.to_owned()
            } else {
                format!("campaign:{}", habit.campaign)
            },
        };
        let requests = match habit.volume {
            Volume::Organic(median) => (d.lognormal(median, 1.0) as usize).clamp(1, 2000),
            Volume::Quota(n) => d.between((n * 9 / 10).max(2), n * 11 / 10),
        };
        let client = habit.one_client.unwrap_or_else(|| d.below(CLIENTS.len()));
        let home = d.address();
        let carrier = if habit.on_the_move { d.below(3) } else { 0 };
        let midday = d.between(8, 20) as f64;
        let closed_early = habit.generations == 1 && !account.closed_at.is_empty();
        let days = (if closed_early { life / 2 } else { life } / DAY_MS).max(1) as usize;
        let session = d.session();
        let population = Arc::clone(self);
        let member =
            Member { population, number: member, account, requests, client, home, carrier, midday, born, days };
        (member, Course { draw: d, session })
    }
}

impl Member {
    /// Seed and stream of its draws.
    pub(super) fn source(&self) -> (u64, u64) {
        (self.population.settings.seed, self.population.stream(self.number))
    }

    /// The item dealt to this member at a turn; `None` where none was dealt.
    fn dealt(&self, turn: usize) -> Option<&String> {
        let Population { items, habit, .. } = &*self.population;
        let own = items.len().saturating_sub(self.number).div_ceil(habit.accounts);
        items.get(self.number + turn.checked_rem(own)? * habit.accounts)
    }

    /// The request number `turn`, from 0; the course has to stand where the one before left it.
    pub(super) fn request(&self, turn: usize, course: &mut Course) -> Request {
        let Self { population, account, .. } = self;
        let Population { habit, gateways, items, .. } = &**population;
        let d = &mut course.draw;
        let hour =
            if habit.round_the_clock { 24.0 * d.unit() } else { (self.midday + 2.5 * d.normal()).rem_euclid(24.0) };
        let ms = self.born + d.below(self.days) as i64 * DAY_MS + (hour * 3_600_000.0) as i64;
        let cover = d.chance(habit.cover);
        let payload = match self.dealt(turn).filter(|_| habit.dealt) {
            Some(item) => item.clone(),
            None if items.is_empty() || habit.dealt => population.payload(d),
            None => items[d.below(items.len())].clone(),
        };
        let week = ((ms - START_MS) / (7 * DAY_MS)) as usize;
        let prompt = match habit.templates.len() {
            0 => payload,
            _ if cover => text::any(d),
            _ if habit.paraphrase > 0.0 && d.chance(habit.paraphrase) => text::reworded(d, &payload),
            n if habit.weekly => habit.templates[week % n].replacen("{}", &payload, 1),
            n => habit.templates[d.below(n)].replacen("{}", &payload, 1),
        };
        let greeted = !habit.campaign.is_empty() && d.chance(0.1);
        let prompt =
            if greeted { format!("{} {prompt}", d.pick(&["Hello.", "Hi there,", "Good day!"])) } else { prompt };
        if d.chance(0.3) {
            course.session = d.session();
        }
        let output = d.lognormal(if cover { 420.0 } else { habit.output }, 0.4) as u64;
        Request {
            ms,
            timestamp: rfc3339(ms),
            request_id: format!("req_{}", d.hex(16)),
            account_id: account.account_id.clone(),
            org_id: (!account.org_id.is_empty()).then(|| account.org_id.clone()),
            session_id: habit.conversations.then(|| format!("{:012x}", course.session)),
            model: d.pick(&["large-2", "large-2", "small-2"]),
            system_prompt: habit.system.map(str::to_owned),
            input_tokens: prompt.len() as u64 / 4,
            output_tokens: output.max(1),
            max_tokens: habit.max_tokens,
            temperature: habit.temperature,
            stream: habit.conversations.then_some(true),
            status: if !habit.campaign.is_empty() && d.chance(0.02) { 429 } else { 200 },
            client_ip: match gateways.len() {
                _ if habit.rotating => d.address(),
                _ if habit.on_the_move => {
                    format!("100.{}.{}.{}", 64 + 2 * self.carrier + d.below(2), d.below(4), d.below(40))
                }
                0 => self.home.clone(),
                n => gateways[d.below(n)].clone(),
            },
            user_agent: CLIENTS[self.client].0,
            tls_fingerprint: CLIENTS[self.client].1,
            prompt,
        }
    }
}
