//! Worlds of a given number of requests and accounts, too large to be held: the requests are made twice. The first time
//! only their times are kept, with the place in the stream of draws from which each can be made again, 32 bytes a request;
//! the second time they are made in the order of the log and written piece by piece.

use super::draw::Draw;
use super::member::{Course, Member, Population};
use super::populations::habits;
use super::{Request, WorldSettings, write_accounts};
use polars::prelude::*;
use polars_io::parquet::write::{BatchedWriter, ParquetWriter};
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Requests made and written at a time.
const PIECE: usize = 32_768;
/// Level of compression: quick, for files that are made to be measured on.
const ZSTD_LEVEL: i32 = 3;

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jsonl,
    Zstd,
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Jsonl, Self::Zstd, Self::Parquet];

    /// Name on the command line, and of the file behind `events.`
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Zstd => "jsonl.zst",
            Self::Parquet => "parquet",
        }
    }
}

/// A request that can be made again.
struct Ticket {
    ms: i64,
    member: u32,
    turn: u32,
    /// Place in the member's stream of draws.
    at: u64,
    session: u64,
}

/// A world whose requests are not held.
pub struct LargeWorld {
    members: Vec<Member>,
    /// In order of time.
    tickets: Vec<Ticket>,
}

impl LargeWorld {
    /// The world of these settings with `accounts` accounts instead of `settings.people`, and exactly `requests` requests
    /// shared out in proportion to what each account's habit asks for. Where that is less than one for an account, it may
    /// get none and stand in `accounts.csv` alone.
    pub fn new(settings: &WorldSettings, accounts: usize, requests: u64) -> Self {
        let of = |people: usize| habits(&WorldSettings { people, ..*settings });
        let size = |people: usize| of(people).iter().map(|h| h.accounts).sum::<usize>();
        // The most people with whom the other populations still fit; the rest are people too.
        let (mut fits, mut beyond) = (0, accounts + 1);
        while beyond - fits > 1 {
            let people = fits.midpoint(beyond);
            if size(people) <= accounts { fits = people } else { beyond = people }
        }
        let mut habits = of(fits);
        habits[0].accounts += accounts.saturating_sub(size(fits));
        let populations = (0u64..).zip(habits).map(|(number, habit)| Population::new(settings, habit, number));
        let started: Vec<(Member, Course)> = populations
            .flat_map(|population| (0..population.habit.accounts).map(move |member| population.member(member)))
            .collect();
        let wanted: u64 = started.iter().map(|(member, _)| member.requests as u64).sum();
        // Rounded sums and not rounded shares, so that they add up to what was asked for.
        let share = |sum: u64| (u128::from(sum) * u128::from(requests) / u128::from(wanted.max(1))) as u64;
        let ends: Vec<u64> = started
            .iter()
            .scan(0, |sum, (member, _)| {
                *sum += member.requests as u64;
                Some(share(*sum))
            })
            .collect();
        let mut tickets: Vec<Ticket> = (started.par_iter().enumerate())
            .flat_map_iter(|(i, (member, course))| {
                let mut course = course.clone();
                let turns = ends[i] - if i == 0 { 0 } else { ends[i - 1] };
                (0..turns as u32).map(move |turn| {
                    let (at, session) = (course.draw.place(), course.session);
                    let ms = member.request(turn as usize, &mut course).ms;
                    Ticket { ms, member: i as u32, turn, at, session }
                })
            })
            .collect();
        tickets.par_sort_unstable_by_key(|t| (t.ms, t.member, t.turn));
        Self { members: started.into_iter().map(|(member, _)| member).collect(), tickets }
    }

    /// Requests of the world.
    pub fn requests(&self) -> usize {
        self.tickets.len()
    }

    /// Accounts of the world.
    pub fn accounts(&self) -> usize {
        self.members.len()
    }

    fn request(&self, ticket: &Ticket) -> Request {
        let member = &self.members[ticket.member as usize];
        let (seed, stream) = member.source();
        let mut course = Course { draw: Draw::at(seed, stream, ticket.at), session: ticket.session };
        member.request(ticket.turn as usize, &mut course)
    }

    /// Writes `events.` in each of the formats, `accounts.csv` and `labels.csv`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path, formats: &[Format]) -> io::Result<()> {
        write_accounts(folder, self.members.iter().map(|m| &m.account))?;
        let mut sinks = Vec::new();
        for format in formats {
            sinks.push(Sink::create(&folder.join(format!("events.{}", format.name())), *format)?);
        }
        for tickets in self.tickets.chunks(PIECE) {
            let requests: Vec<Request> = tickets.par_iter().map(|ticket| self.request(ticket)).collect();
            for sink in &mut sinks {
                sink.write(&requests)?;
            }
        }
        sinks.into_iter().try_for_each(Sink::finish)
    }
}

/// One file that is being written.
enum Sink {
    Jsonl(BufWriter<File>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
    Parquet(Box<BatchedWriter<BufWriter<File>>>),
}

impl Sink {
    fn create(path: &Path, format: Format) -> io::Result<Self> {
        let file = BufWriter::new(File::create(path)?);
        Ok(match format {
            Format::Jsonl => Self::Jsonl(file),
            Format::Zstd => Self::Zstd(zstd::Encoder::new(file, ZSTD_LEVEL)?),
            Format::Parquet => {
                let schema = table(&[]).map_err(io::Error::other)?.schema().clone();
                Self::Parquet(Box::new(ParquetWriter::new(file).batched(&schema).map_err(io::Error::other)?))
            }
        })
    }

    fn write(&mut self, requests: &[Request]) -> io::Result<()> {
        match self {
            Self::Jsonl(file) => lines(requests)?.iter().try_for_each(|some| file.write_all(some)),
            Self::Zstd(file) => lines(requests)?.iter().try_for_each(|some| file.write_all(some)),
            Self::Parquet(file) => table(requests).and_then(|table| file.write_batch(&table)).map_err(io::Error::other),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Jsonl(mut file) => file.flush(),
            Self::Zstd(file) => file.finish()?.flush(),
            Self::Parquet(file) => file.finish().map(|_| ()).map_err(io::Error::other),
        }
    }
}

/// JSON lines, made in parallel.
fn lines(requests: &[Request]) -> io::Result<Vec<Vec<u8>>> {
    let write = |some: &[Request]| {
        let mut out = Vec::new();
        for request in some {
            serde_json::to_writer(&mut out, request)?;
            out.push(b'\n');
        }
        Ok(out)
    };
    requests.par_chunks(1024).map(write).collect()
}

/// The requests as columns, under the names that the JSON has.
fn table(requests: &[Request]) -> PolarsResult<DataFrame> {
    fn column<'r, T>(name: &str, requests: &'r [Request], of: fn(&'r Request) -> T) -> Column
    where
        Series: NamedFrom<Vec<T>, [T]>,
    {
        Column::new(name.into(), requests.iter().map(of).collect::<Vec<T>>())
    }
    DataFrame::new(
        requests.len(),
        vec![
            column("timestamp", requests, |r| r.timestamp.as_str()),
            column("request_id", requests, |r| r.request_id.as_str()),
            column("account_id", requests, |r| r.account_id.as_str()),
            column("org_id", requests, |r| r.org_id.as_deref()),
            column("session_id", requests, |r| r.session_id.as_deref()),
            column("model", requests, |r| r.model),
            column("system_prompt", requests, |r| r.system_prompt.as_deref()),
            column("prompt", requests, |r| r.prompt.as_str()),
            column("input_tokens", requests, |r| r.input_tokens),
            column("output_tokens", requests, |r| r.output_tokens),
            column("max_tokens", requests, |r| r.max_tokens),
            column("temperature", requests, |r| r.temperature),
            column("stream", requests, |r| r.stream),
            column("status", requests, |r| u32::from(r.status)),
            column("client_ip", requests, |r| r.client_ip.as_str()),
            column("user_agent", requests, |r| r.user_agent),
            column("tls_fingerprint", requests, |r| r.tls_fingerprint),
        ],
    )
}
