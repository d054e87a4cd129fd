//! Seeded worlds with labels, to develop and measure on: campaigns, and innocent populations that look like them.

mod draw;
mod habit;
mod hard;
mod large;
mod member;
pub mod poison;
mod populations;
mod text;
pub mod vendors;

pub use large::{Format, LargeWorld};

use crate::intake::event::{Event, Fold, Origin};
use member::Population;
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct WorldSettings {
    pub seed: u64,
    /// Ordinary people; the other populations scale with them.
    pub people: usize,
    /// Whether campaigns run in this world.
    pub campaigns: bool,
    pub days: usize,
    /// Whether the hard cases live in it too, guilty and innocent.
    pub hard: bool,
    /// One more campaign, made to measure.
    pub planted: Option<Planted>,
    /// Material that every payload ends on, median length in bytes; 0 for none. Real prompts are longer than those of the
    /// grammar, and what reading costs goes by the byte.
    pub prose: usize,
}

/// A campaign made to measure, for power curves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planted {
    pub accounts: usize,
    /// Requests of each account, give or take a tenth; at least 2.
    pub requests: usize,
    /// Share of requests that are ordinary traffic, 0 to 1.
    pub cover: f64,
    /// Share of the other requests whose instruction is worded anew, 0 to 1.
    pub paraphrase: f64,
    /// A careful operator pays for each account by itself, changes the address with each request and signs up over a
    /// month; a careless one shares payments and gateways and signs up within days. Both never sleep.
    pub careful: bool,
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self { seed: 7, people: 400, campaigns: true, days: 14, hard: false, planted: None, prose: 0 }
    }
}

/// One request as the log has it.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    #[serde(skip)]
    ms: i64,
    timestamp: String,
    request_id: String,
    account_id: String,
    org_id: Option<String>,
    session_id: Option<String>,
    model: &'static str,
    system_prompt: Option<String>,
    prompt: String,
    input_tokens: u64,
    output_tokens: u64,
    max_tokens: Option<u64>,
    temperature: Option<f64>,
    stream: Option<bool>,
    status: u16,
    client_ip: String,
    user_agent: &'static str,
    tls_fingerprint: &'static str,
}

impl Request {
    fn event(&self) -> Event<'_> {
        fn text(text: &Option<String>) -> Option<std::borrow::Cow<'_, str>> {
            text.as_deref().map(Into::into)
        }
        let event = Event::new(Origin { file_id: 0, line_no: 0 }, self.ms * 1_000, self.account_id.as_str().into());
        Event {
            request_id: Some(self.request_id.as_str().into()),
            org_id: text(&self.org_id),
            session_id: text(&self.session_id),
            model: Some(self.model.into()),
            system_text: text(&self.system_prompt),
            user_text: Some(self.prompt.as_str().into()),
            input_tokens: Some(self.input_tokens),
            output_tokens: Some(self.output_tokens),
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            stream: self.stream,
            status: Some(self.status),
            client_ip: Some(self.client_ip.as_str().into()),
            user_agent: Some(self.user_agent.into()),
            tls_fingerprint: Some(self.tls_fingerprint.into()),
            ..event
        }
    }
}

/// One account with its facts and its label.
#[derive(Debug, Clone, Default)]
pub struct SimulatedAccount {
    account_id: String,
    org_id: String,
    created_at: String,
    payment: String,
    device: String,
    closed_at: String,
    /// Empty for the innocent.
    pub campaign: String,
    pub population: String,
}

/// A whole world.
#[derive(Debug, Default)]
pub struct World {
    /// In order of time.
    pub requests: Vec<Request>,
    pub accounts: Vec<SimulatedAccount>,
}

impl World {
    /// Makes a world. Same settings, same world.
    pub fn generate(settings: &WorldSettings) -> Self {
        let mut world = Self::default();
        for (number, habit) in (0u64..).zip(populations::habits(settings)) {
            let population = Population::new(settings, habit, number);
            for member in 0..population.habit.accounts {
                let (member, mut course) = population.member(member);
                world.requests.extend((0..member.requests).map(|turn| member.request(turn, &mut course)));
                world.accounts.push(member.account);
            }
        }
        world.requests.sort_by(|a, b| (a.ms, &a.request_id).cmp(&(b.ms, &b.request_id)));
        world
    }

    /// The requests as calls, to be written in vendors' shapes.
    pub fn calls(&self) -> vendors::Calls {
        let mut calls = vendors::Calls::default();
        self.requests.iter().for_each(|request| calls.push(&request.event()));
        calls
    }

    /// Writes `events.jsonl` (or `events.jsonl.zst`), `accounts.csv` and `labels.csv`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path, compressed: bool) -> io::Result<()> {
        write_accounts(folder, self.accounts.iter())?;
        let name = if compressed { "events.jsonl.zst" } else { "events.jsonl" };
        let file = BufWriter::new(std::fs::File::create(folder.join(name))?);
        if compressed {
            let mut out = zstd::Encoder::new(file, 19)?;
            self.write_events(&mut out)?;
            out.finish()?.flush()
        } else {
            let mut file = file;
            self.write_events(&mut file)?;
            file.flush()
        }
    }

    fn write_events(&self, out: &mut impl Write) -> io::Result<()> {
        for request in &self.requests {
            serde_json::to_writer(&mut *out, request)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Writes `accounts.csv` and `labels.csv` into a folder, which is made where it is not there.
fn write_accounts<'a>(folder: &Path, all: impl Iterator<Item = &'a SimulatedAccount>) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut accounts = csv::Writer::from_path(folder.join("accounts.csv"))?;
    accounts.write_record(["account_id", "org_id", "created_at", "payment_fingerprint", "device_id", "closed_at"])?;
    let mut labels = csv::Writer::from_path(folder.join("labels.csv"))?;
    labels.write_record(["account_id", "campaign", "population"])?;
    for a in all {
        accounts.write_record([&a.account_id, &a.org_id, &a.created_at, &a.payment, &a.device, &a.closed_at])?;
        labels.write_record([&a.account_id, &a.campaign, &a.population])?;
    }
    accounts.flush()?;
    labels.flush()
}
