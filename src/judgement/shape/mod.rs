//! What a group's work looks like, whoever does it: content and economics.

mod instructions;
mod settings;
mod words;

use crate::evidence::features::{AccountEvidence, Carried, Evidence, Sent, typical};
use crate::evidence::rules;
use crate::intake::event::Origin;
use crate::population::baseline::{Baseline, Copies, Regular, Replicas};
use crate::search::links::{Family, Object, World};
use crate::statistics::chance::spread_of_rates;
use instructions::{Carriers, carried};
use settings::{by_setting, longest_setting, of_its_own, of_one_way};
use std::collections::BTreeMap;

/// Which of a group's requests are judged as its own work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    All,
    /// Those with any of its own templates.
    Templates,
    /// Those with one of them, that with the longest answers.
    OneTemplate,
    /// Where there is no text: those with one setting of the sampling parameters, that with the longest answers.
    OneSetting,
}

/// What the shares of a [`Shape`] are shares of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Requests of all accounts.
    pub requests: u64,
    /// Requests *of its own*, and those of them with text. Of several templates one with two of them counts twice.
    pub own: u64,
    pub own_texts: u64,
    /// Texts of its accounts, each text of an account once, and different ones among these.
    pub sent: u64,
    pub distinct: u64,
    /// Texts of which `unrepeated` is the share.
    pub told: u64,
    /// Requests of one kind that are certain, of each account those with its most frequent template or question; `uniform`
    /// estimates all.
    pub of_one_kind: u64,
    /// Where no text tells that requests are of one kind, the settings of the sampling parameters that do: the most frequent (only
    /// without text), or several of its own. 0 where texts tell.
    pub settings: usize,
}

/// Content and economics of a group. Figures marked *of its own* are those of requests that carry the group's own templates
/// (without text: that have one setting of the sampling parameters), where it has such, so that ordinary traffic through the
/// same accounts does not hide them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Requests with text, or with a hash of it.
    pub texts: u64,
    /// Texts of the group over texts of its accounts, each text of an account once: 1 where no account does what another one
    /// has done. Several answers to one text in one account are samples. `None` without text.
    pub unrepeated: Option<f64>,
    /// Whether that is said of two texts of each account that carry the one template that is judged, drawn by their hashes: those are
    /// repeated more seldom than all texts are where work of one's own is hidden among what everybody asks, or all copy.
    pub by_draw: bool,
    /// How often each text is sent, where that is a rule: several answers to one question, of which the better is
    /// looked for. `unrepeated` is then the share of texts of which it is so.
    pub replicas: Option<Replicas>,
    pub own: Own,
    pub figures: Figures,
    /// Requests outside conversations, over requests *of its own*. `None` where the log knows no conversations.
    pub single_turn: Option<f64>,
    /// Requests that match a rule pack, over requests with text *of its own*. `None` without text, or with hashes alone.
    pub rule_share: Option<f64>,
    /// Whether most of what matches one asks for long answers: for the reasoning behind one.
    pub at_length: bool,
    /// Share of requests of one kind: that carry a template of the group's own, or, if these are more, that set the sampling
    /// parameters as hardly anybody else does; without text, in the group's most frequent way too. `None` where neither is there.
    pub uniform: Option<f64>,
    /// By how much its accounts differ at most in how much they were given to do, see [`spread_of_rates`]. `None` for fewer
    /// than three.
    pub spread: Option<f64>,
    /// From its first request to its last, µs.
    pub lasted_us: i64,
    /// How much the hours of the day repeat in its accounts' work: 1 where it falls on all 24 alike, 1.5 where eight of them are
    /// slept through. `None` where they work too little to tell.
    pub rhythm: Option<f64>,
    /// Typical output of requests *of its own*, tokens (geometric mean).
    pub output: f64,
    /// Whether nearly all of its accounts are openly one customer's: one payment instrument, one e-mail domain of their own, or one
    /// office.
    pub one_customer: bool,
    pub purses: Purses,
}

/// Payments, devices or phones (of that kind of which there are most) that several accounts of a group share each; none where one of
/// them is most accounts'. One whose accounts work in one place does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Purses {
    pub all: usize,
    /// Those that are mostly the group's.
    pub own: usize,
    /// Share of the group that holds one of its own, 0 to 1.
    pub paid: f64,
}

/// The figures of [`Shape`] for everybody outside a group; `None` where there is nobody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    /// Share of texts that no other account had sent before: among all outsiders, whoever they are.
    pub unrepeated: Option<f64>,
    pub single_turn: Option<f64>,
    pub rule_share: Option<f64>,
}

/// Of everybody outside a group (accounts, each once).
pub fn beside(baseline: &Baseline<'_>, group: &[u32]) -> Beside {
    let (all, everyone) = (Work::of_all(baseline, group, true), &baseline.everything);
    let told = baseline.texts(group);
    let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    Beside {
        // What the group alone sent is none of theirs.
        unrepeated: share(everyone.distinct - told.own_distinct, everyone.sent - told.sent),
        single_turn: share(everyone.lone - all.single_turn as u64, everyone.requests - all.requests),
        rule_share: share(everyone.ruled - all.ruled, everyone.legible - all.legible),
    }
}

/// Those of the templates that are a group's own: carried by several members and hardly by anyone else.
pub fn own_templates<'w>(world: &'w World, group: &[u32]) -> Vec<&'w Object> {
    let held = world.held_by(group, Family::Content);
    held.filter(|(object, n)| *n >= 3 && 2 * n > object.accounts.len()).map(|(object, _)| object).collect()
}

/// Measures the shape of the work of a group (accounts, rising) with the templates of its `own`; with `content` false text
/// is not looked at.
pub fn shape(
    evidence: &Evidence,
    baseline: &Baseline<'_>,
    group: &[u32],
    own: &[&Object],
    content: bool,
    behaviour: bool,
) -> Shape {
    let members: Vec<&AccountEvidence> = group.iter().map(|a| baseline.accounts[*a as usize]).collect();
    let all = Work::of_all(baseline, group, content);
    let texts = all.texts;
    let carried = carried(evidence, group, own);
    let alone = alone(baseline, group);
    let settings = by_setting(&members, &alone);
    let (picked, work) = picked(&members, &carried, &settings, &all, &alone);
    let judged = picked.own();
    let told = baseline.texts(group);
    let (first, last) = (members.iter().map(|a| a.first_us).min(), members.iter().map(|a| a.last_us).max());
    let share = |part: u64, of: u64| part as f64 / of.max(1) as f64;
    let is_rule = |regular: Regular| {
        let Replicas { copies, of, slack } = regular.rule;
        let few = match of {
            Copies::Accounts => copies > 1 && copies as f64 <= OF_REPLICAS * members.len() as f64,
            Copies::Requests => copies > 2,
        };
        // Of two or three, give or take one, chance makes as many.
        let told_apart = slack == 0 || copies >= 4;
        let holds = few && told_apart && share(regular.following, regular.of) >= REGULAR[slack as usize];
        (holds && told.own as f64 >= OF_OWN * told.sent as f64).then_some(regular)
    };
    // Where each text goes to as many accounts, as a benchmark goes to all, the requests of each add up to as many too.
    let [to_accounts, of_requests, about] = told.replicas;
    let to_as_many = share(to_accounts.following, to_accounts.of) >= REGULAR[0];
    let rules = [Some(to_accounts), (!to_as_many).then_some(of_requests), Some(about)];
    let replicas = rules.into_iter().flatten().find_map(is_rule).filter(|_| content);
    let sampled = |place: usize| baseline.sampled_texts[group[place] as usize];
    let one_kind = of_one_kind(&members, &carried, sampled);
    let (of, unrepeated) = match replicas {
        Some(Regular { following, of, .. }) => (of, share(following, of)),
        None => (told.sent, share(told.distinct, told.sent)),
    };
    let drawn: Vec<u32> = match &picked {
        Picked::Template(carriers) if replicas.is_none() => carriers.iter().flat_map(|(_, c)| drawn_texts(c)).collect(),
        _ => Vec::new(),
    };
    // Where nearly nothing is repeated there is nothing to look for.
    let by_draw = (!drawn.is_empty() && unrepeated + APART < 1.0).then(|| baseline.unrepeated_of(group, &drawn));
    let by_draw = by_draw.filter(|of_drawn| *of_drawn > unrepeated + APART);
    let (of, unrepeated) = by_draw.map_or((of, unrepeated), |of_drawn| (drawn.len() as u64, of_drawn));
    let of_text = (texts > 0).then(|| share(one_kind.0, texts));
    // A short instruction leaves no template, and hashes that never repeat tell no kind at all; a program's own settings do.
    let of_settings = match of_text {
        None => of_one_way(&settings, &baseline.users_of_settings),
        Some(of_text) => of_its_own(&settings, &baseline.users_of_settings).filter(|(share, _)| *share > of_text),
    };
    let of_settings = of_settings.filter(|_| behaviour);
    let figures = Figures {
        requests: all.requests,
        own: work.requests,
        own_texts: work.legible,
        sent: told.sent,
        distinct: told.distinct,
        told: of,
        of_one_kind: one_kind.1,
        settings: of_settings.map_or(0, |(_, settings)| settings),
    };
    Shape {
        texts,
        unrepeated: (texts > 0).then_some(unrepeated),
        by_draw: by_draw.is_some(),
        replicas: replicas.map(|regular| regular.rule),
        own: judged,
        figures,
        single_turn: baseline.has_sessions.then(|| work.single_turn / work.requests.max(1) as f64),
        rule_share: (all.legible > 0).then(|| work.rule_share()),
        at_length: content && ask_at_length(&members),
        uniform: of_settings.map(|(share, _)| share).or(of_text),
        spread: spread_of_rates(&members.iter().map(|account| account.requests).collect::<Vec<_>>()),
        lasted_us: first.zip(last).map_or(0, |(first, last)| last - first),
        rhythm: baseline.rhythm(group),
        output: typical(work.ln_output, work.requests),
        one_customer: false,
        purses: Purses::default(),
    }
}

/// Whether most of what matches rule packs in requests of these accounts asks for long answers.
fn ask_at_length(members: &[&AccountEvidence]) -> bool {
    let hits = |asked: fn(&str) -> bool| -> u64 {
        let of = |a: &&AccountEvidence| {
            a.rule_hits.iter().filter(|(pack, _)| asked(pack)).map(|(_, (n, _))| u64::from(*n)).sum::<u64>()
        };
        members.iter().map(of).sum()
    };
    2 * hits(rules::asks_at_length) > hits(|_| true)
}

/// A line of an account's own work as it is judged, and whether it is known of that very line that it stands outside a
/// conversation and that its text matches a rule pack: of all the account's own work it is so.
pub struct Sight {
    pub at: Origin,
    pub single_turn: bool,
    pub ruled: bool,
}

/// For each account of a group one line of the requests that [`shape`] judges, with the same arguments.
pub fn sights(
    evidence: &Evidence,
    baseline: &Baseline<'_>,
    group: &[u32],
    own: &[&Object],
    content: bool,
) -> Vec<Sight> {
    let members: Vec<&AccountEvidence> = group.iter().map(|a| baseline.accounts[*a as usize]).collect();
    let all = Work::of_all(baseline, group, content);
    let carried = carried(evidence, group, own);
    let alone = alone(baseline, group);
    let settings = by_setting(&members, &alone);
    let of_template = |(place, c): &(usize, Carried)| Sight {
        at: c.at.into(),
        single_turn: single_turn(c.count, c.single_turn, alone[*place]) >= f64::from(c.count),
        ruled: c.ruled == c.count,
    };
    match picked(&members, &carried, &settings, &all, &alone).0 {
        Picked::Template(carriers) => carriers.iter().map(of_template).collect(),
        Picked::Templates => carried.iter().flatten().map(of_template).collect(),
        Picked::Setting(setting) => {
            let sent = members.iter().zip(&alone).filter_map(|(a, alone)| Some((a.parameters.get(setting)?, *alone)));
            let sight = |(sent, alone): (&Sent, f64)| Sight {
                at: sent.at.into(),
                single_turn: single_turn(sent.count, sent.single_turn, alone) >= f64::from(sent.count),
                ruled: false,
            };
            sent.map(sight).collect()
        }
        Picked::All => {
            let of = |(account, a): (&u32, &&AccountEvidence)| {
                let single_turn = baseline.lone_requests[*account as usize] == a.requests;
                Some(Sight { at: a.first_at?, single_turn, ruled: a.ruled == a.requests })
            };
            group.iter().zip(&members).filter_map(of).collect()
        }
    }
}

/// Sums over some requests.
#[derive(Clone, Copy, Default)]
struct Work {
    requests: u64,
    texts: u64,
    /// Those of which more than a hash is known.
    legible: u64,
    single_turn: f64,
    ruled: u64,
    ln_output: u64,
}

/// Of each account's requests with a session the share that is the only one in its: a conversation of one turn is none.
fn alone(baseline: &Baseline<'_>, group: &[u32]) -> Vec<f64> {
    let share = |id: &u32| {
        let account = baseline.accounts[*id as usize];
        let lone = baseline.lone_requests[*id as usize] - account.single_turn;
        lone as f64 / (account.requests - account.single_turn).max(1) as f64
    };
    group.iter().map(share).collect()
}

/// Share of a group's accounts that have to carry an instruction, and of its texts that have to carry it, for the
/// instruction to be judged by itself.
const OF_ACCOUNTS: f64 = 0.3;
const OF_TEXTS: f64 = 0.05;
/// By so much the texts of one template have to repeat less than all do, for two of each account to be looked at instead.
const APART: f64 = 0.1;
/// Share of a group's accounts into which each text is sent at most, and of what it sends that has to go into just as many, for
/// these to be samples of the answers: independent draws from one material would scatter (Poisson), and a class is set its
/// tasks to all.
const OF_REPLICAS: f64 = 0.25;
/// By the slack: within one of four or more stands half of what scatters.
const REGULAR: [f64; 2] = [0.6, 0.75];
/// Share of the texts of such a group that nobody else sent.
const OF_OWN: f64 = 0.6;
/// How much the hours of the day repeat at most where a machine works: half way from its 1 to the 1.5 that eight hours of sleep
/// alone make.
pub const AROUND_THE_CLOCK: f64 = 1.25;

/// Which requests are judged as a group's own work.
enum Picked<'a> {
    All,
    Templates,
    Template(&'a [(usize, Carried)]),
    Setting(&'a str),
}

impl Picked<'_> {
    fn own(&self) -> Own {
        match self {
            Self::All => Own::All,
            Self::Templates => Own::Templates,
            Self::Template(_) => Own::OneTemplate,
            Self::Setting(_) => Own::OneSetting,
        }
    }
}

fn picked<'a>(
    members: &[&'a AccountEvidence],
    carried: &'a [Carriers],
    settings: &BTreeMap<&'a str, (usize, Work)>,
    all: &Work,
    alone: &[f64],
) -> (Picked<'a>, Work) {
    longest_stream(members, carried, all.texts, alone)
        .map(|(carriers, work)| (Picked::Template(carriers), work))
        .or_else(|| all_streams(carried, alone).map(|work| (Picked::Templates, work)))
        .or_else(|| {
            let untold = (all.texts == 0).then_some(settings)?;
            longest_setting(members, untold).map(|(setting, work)| (Picked::Setting(setting), work))
        })
        // What says no more and is answered at less length than everything else is not what the group is there for.
        .filter(|(_, work)| work.output() >= all.output() || work.rule_share() > all.rule_share())
        .unwrap_or((Picked::All, *all))
}

impl Work {
    /// Of all requests of a group.
    fn of_all(baseline: &Baseline<'_>, group: &[u32], content: bool) -> Self {
        let sum = |of: fn(&AccountEvidence) -> u64| group.iter().map(|a| of(baseline.accounts[*a as usize])).sum();
        Self {
            requests: sum(|a| a.requests),
            texts: if content { sum(|a| a.with_text) } else { 0 },
            legible: if content { sum(|a| a.with_text - a.hashed) } else { 0 },
            single_turn: group.iter().map(|a| baseline.lone_requests[*a as usize]).sum::<u64>() as f64,
            ruled: sum(|a| a.ruled),
            ln_output: sum(|a| a.ln_output),
        }
    }

    /// Of requests that carry a template. Which of an account's sessions hold one request is known of all its work, and taken to be
    /// as common here: `alone`, by the places of accounts.
    fn of<'c>(carriers: impl IntoIterator<Item = &'c (usize, Carried)>, alone: &[f64]) -> Self {
        let mut work = Self::default();
        for (place, carried) in carriers {
            work.requests += u64::from(carried.count);
            work.texts += u64::from(carried.count);
            work.legible += u64::from(carried.count);
            work.single_turn += single_turn(carried.count, carried.single_turn, alone[*place]);
            work.ruled += u64::from(carried.ruled);
            work.ln_output += u64::from(carried.ln_output);
        }
        work
    }

    fn rule_share(&self) -> f64 {
        self.ruled as f64 / self.legible.max(1) as f64
    }

    fn output(&self) -> f64 {
        typical(self.ln_output, self.requests)
    }
}

/// Requests outside conversations, of so many of which some have no session, where of the others a share is alone in its own.
fn single_turn(requests: u32, without_session: u32, alone: f64) -> f64 {
    f64::from(without_session) + alone * f64::from(requests - without_session)
}

/// Two texts of those in which an account carries a template, as good as drawn by lot: those with the least and the greatest hash.
fn drawn_texts(carried: &Carried) -> impl Iterator<Item = u32> {
    let (least, greatest) = carried.items;
    std::iter::once(least).chain((greatest != least).then_some(greatest))
}

/// That with the longer answers, of two that are alike the first.
fn longer<T>(one: (T, Work), other: (T, Work)) -> (T, Work) {
    if other.1.output() > one.1.output() { other } else { one }
}

/// Of the instructions in a group's own templates that are carried widely enough the one with the longest answers: a pool that
/// serves customers, or two campaigns, is judged by each of its streams and not by their mean.
fn longest_stream<'a>(
    members: &[&AccountEvidence],
    own: &'a [Carriers],
    texts: u64,
    alone: &[f64],
) -> Option<(&'a [(usize, Carried)], Work)> {
    let wide = own.iter().filter(|carriers| carriers.len() as f64 >= OF_ACCOUNTS * members.len() as f64);
    let streams = wide.map(|carriers| (carriers.as_slice(), Work::of(carriers, alone)));
    streams.filter(|(_, work)| work.requests as f64 >= OF_TEXTS * texts as f64).reduce(longer)
}

/// All of them together; `None` without templates.
fn all_streams(own: &[Carriers], alone: &[f64]) -> Option<Work> {
    let all = Work::of(own.iter().flatten(), alone);
    (all.requests > 0).then_some(all)
}

/// Texts of one kind: that carry one of the templates, or are asked again and again by the same account: `sampled` has those
/// by the place of the account. Templates with the same first text stand in the same texts and count once. Others may still
/// meet in one text, so the number is an estimate; behind it stands how many there are for certain.
fn of_one_kind(members: &[&AccountEvidence], own: &[Carriers], sampled: impl Fn(usize) -> u64) -> (u64, u64) {
    let mut kinds: Vec<(usize, u32, u32)> =
        own.iter().flatten().map(|(place, carried)| (*place, carried.items.0, carried.count)).collect();
    kinds.sort_unstable();
    let mut of_kind = vec![(0, 0); members.len()];
    for same in kinds.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        // The last is carried most.
        let (place, _, most) = same[same.len() - 1];
        let (all, certain) = &mut of_kind[place];
        *all += u64::from(most);
        *certain = u64::from(most).max(*certain);
    }
    let of = |((place, account), carrying): ((usize, &&AccountEvidence), u64)| {
        carrying.max(sampled(place)).min(account.with_text)
    };
    let sum = |carrying: &dyn Fn(&(u64, u64)) -> u64| {
        members.iter().enumerate().zip(of_kind.iter().map(carrying)).map(of).sum::<u64>()
    };
    (sum(&|(all, _)| *all), sum(&|(_, certain)| *certain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::event::{Event, Fold, Origin};
    use xxhash_rust::xxh3::xxh3_64;

    /// The shape of 24 accounts that ask two hundred questions, every question being sent into as many as `senders` says.
    fn shape_of(senders: impl Fn(u64) -> u64) -> Shape {
        shape_where(|question| (0..senders(question)).map(|sender| question * 7 + sender * 5).collect())
    }

    /// The same where each question is sent by the accounts that `sent` says, modulo 24.
    fn shape_where(sent: impl Fn(u64) -> Vec<u64>) -> Shape {
        let mut evidence = Evidence::default();
        let mut line_no = 0;
        for question in 0..200 {
            for account in sent(question) {
                let account = account % 24;
                let event = Event::new(Origin { file_id: 0, line_no }, 0, format!("a{account:02}").into());
                evidence.push(&Event { user_text: Some(format!("question {question} of its own").into()), ..event });
                line_no += 1;
            }
        }
        evidence.finish().expect("nothing is on disk");
        let facts = BTreeMap::new();
        let world = crate::search::links::invert(&evidence, &facts);
        let baseline = Baseline::new(&world, &evidence, &facts);
        let group: Vec<u32> = (0..24).collect();
        shape(&evidence, &baseline, &group, &[], true, true)
    }

    #[test]
    fn questions_that_are_each_sent_into_four_accounts_are_samples_and_those_of_a_class_are_not() {
        let rule = |senders: &dyn Fn(u64) -> u64| shape_of(senders).replicas.map(|r| (r.copies, r.slack));
        assert_eq!((rule(&|_| 4), shape_of(|_| 4).unrepeated), (Some((4, 0)), Some(1.0)));
        assert_eq!(rule(&|question| if question % 9 < 4 { 5 } else { 6 }), Some((6, 1)), "some failed");
        assert_eq!(rule(&|question| 3 + question * 13 % 4), None, "as it happens, of three to six");
        assert_eq!(
            rule(&|question| if question % 5 < 2 { 4 } else { 1 }),
            Some((4, 0)),
            "those who hide ask much else"
        );
        assert_eq!(rule(&|_| 1), None);
        assert_eq!(rule(&|_| 20), None, "set to all");
        assert_eq!(rule(&|question| 1 + question * 13 % 8), None, "asked as it happens");
    }

    #[test]
    fn copies_that_any_account_may_take_from_a_queue_were_taken_for_work_that_repeats() {
        let rule = |sent: &dyn Fn(u64) -> Vec<u64>| shape_where(sent).replicas.map(|r| (r.copies, r.of));
        let sent =
            |question: u64, copies: u64| (0..copies).map(|copy| xxh3_64(&[question as u8, copy as u8])).collect();
        let dealt = |question| sent(question, 8);
        assert_eq!(rule(&dealt), Some((8, Copies::Requests)));
        let laboratory = |_| (0..24 * 4).collect();
        assert_eq!(rule(&laboratory), None, "a benchmark that everybody runs four times");
        let own_samples = |question: u64| vec![question; 8];
        assert_eq!(rule(&own_samples), None, "samples of one's own");
        let as_it_happens = |question| sent(question, 4 + question * 13 % 9);
        assert_eq!(rule(&as_it_happens), None);
    }

    /// A group of ten with one template, of which each account sends `own` texts of its own and `copied` that all send; every text in a
    /// session of its own.
    fn hidden(own: u64, copied: u64) -> Shape {
        let template = "Compare the two replies below with care and say which of them is the better one";
        let mut evidence = Evidence::default();
        for account in 0..12u64 {
            for n in 0..own + copied {
                let text = if n < own { format!("{template}: {account} {n}") } else { format!("popular question {n}") };
                let outsider = account >= 10;
                let text = if outsider { format!("{account}, on {n}: something else altogether") } else { text };
                let origin = Origin { file_id: 0, line_no: account * 1000 + n };
                let event = Event::new(origin, 0, format!("a{account:02}").into());
                let session = Some(format!("{account}-{n}").into());
                evidence.push(&Event { user_text: Some(text.into()), session_id: session, ..event });
            }
        }
        evidence.finish().expect("nothing is on disk");
        let facts = BTreeMap::new();
        let world = crate::search::links::invert(&evidence, &facts);
        let baseline = Baseline::new(&world, &evidence, &facts);
        let group: Vec<u32> = (0..10).collect();
        let own = own_templates(&world, &group);
        shape(&evidence, &baseline, &group, &own, true, true)
    }

    #[test]
    fn questions_that_all_accounts_of_a_campaign_copy_do_not_hide_that_its_own_work_never_repeats() {
        let shape = hidden(20, 15);
        assert_eq!((shape.own, shape.unrepeated), (Own::OneTemplate, Some(1.0)));
    }

    /// A short instruction leaves no template, and its program's requests were of no kind.
    #[test]
    fn requests_of_a_program_with_settings_of_its_own_are_of_one_kind_without_a_template() {
        let uniform = |others: u64, behaviour: bool| {
            let mut evidence = Evidence::default();
            for account in 0..10 + others {
                for line_no in 0..20 {
                    let event = Event::new(Origin { file_id: 0, line_no }, 0, format!("a{account:02}").into());
                    let text = Some(format!("{:016x} => sw", xxh3_64(&[account as u8, line_no as u8])).into());
                    evidence.push(&Event { user_text: text, temperature: Some(0.25), ..event });
                }
            }
            evidence.finish().expect("nothing is on disk");
            let facts = BTreeMap::new();
            let world = crate::search::links::invert(&evidence, &facts);
            let baseline = Baseline::new(&world, &evidence, &facts);
            let shape = shape(&evidence, &baseline, &(0..10).collect::<Vec<u32>>(), &[], true, behaviour);
            (shape.uniform, shape.figures.settings)
        };
        assert_eq!(uniform(5, true), (Some(1.0), 1));
        assert_eq!(uniform(5, false), (Some(0.0), 0), "behaviour is left out");
        assert_eq!(uniform(20, true), (Some(0.0), 0), "everybody's settings");
    }

    /// Of the sessions beyond those that are kept each request was held to be part of a conversation.
    #[test]
    fn requests_of_a_heavy_account_in_sessions_of_their_own_were_taken_for_conversations() {
        let mut evidence = Evidence::default();
        for n in 0..9_000u64 {
            // The last third converses in pairs.
            let session = if n < 6_000 { n } else { n / 2 * 2 };
            let event = Event::new(Origin { file_id: 0, line_no: n }, n as i64, "a".into());
            evidence.push(&Event { session_id: Some(session.to_string().into()), ..event });
        }
        evidence.finish().expect("nothing is on disk");
        let lone = evidence.accounts["a"].lone_requests();
        assert!((5_800..=6_200).contains(&lone), "{lone}");
    }

    #[test]
    fn a_session_of_one_request_is_no_conversation() {
        assert_eq!(hidden(20, 0).single_turn, Some(1.0));
    }
}
