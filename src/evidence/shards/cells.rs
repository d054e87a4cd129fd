//! One account's evidence as cells, and back. Nothing here decides anything.

use super::columns::{COLUMNS, VERSION, place};
use crate::evidence::features::{
    AccountEvidence, Excerpt, Halves, MAX_ITEMS, MAX_VALUES, Partial, PartialText, Sent, Tally, Times,
};
use crate::evidence::rules;
use crate::intake::event::{Origin, Place};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// What stands in one column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Absent,
    Whole(i64),
    Text(String),
}

impl Cell {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The cells of one row by the names of their columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cells(pub Vec<Cell>);

/// How often, and where first.
type Counted = (u32, Place);

impl Cells {
    pub fn empty() -> Self {
        Self(vec![Cell::Absent; COLUMNS.len()])
    }

    fn at(&self, name: &'static str) -> Result<&Cell, String> {
        place(name).and_then(|i| self.0.get(i)).ok_or_else(|| format!("there is no column {name}"))
    }

    pub fn put(&mut self, name: &'static str, cell: Cell) {
        if let Some(slot) = place(name).and_then(|i| self.0.get_mut(i)) {
            *slot = cell;
        }
    }

    fn put_whole(&mut self, name: &'static str, value: u64) {
        self.put(name, Cell::Whole(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn put_list(&mut self, name: &'static str, values: impl Iterator<Item = Value>) {
        let list = Value::from_iter(values);
        self.put(name, Cell::Text(list.to_string()));
    }

    /// A text whose absence is told from the empty one.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, String> {
        Ok(self.at(name)?.text())
    }

    pub fn whole(&self, name: &'static str) -> Result<i64, String> {
        match self.at(name)? {
            Cell::Whole(value) => Ok(*value),
            _ => Err(format!("{name} is no whole number")),
        }
    }

    fn sum(&self, name: &'static str) -> Result<u64, String> {
        // No honest part counts so far, and the sums of thousands of parts stay whole.
        let bounded = |value: &u64| *value < 1 << 48;
        u64::try_from(self.whole(name)?).ok().filter(bounded).ok_or_else(|| format!("{name} is no count"))
    }

    fn list(&self, name: &'static str) -> Result<Vec<Value>, String> {
        let text = self.text(name)?.ok_or_else(|| format!("{name} is absent"))?;
        serde_json::from_str(text).map_err(|_| format!("{name} is no JSON list"))
    }

    /// Hash of the row but for the check itself.
    fn hash(&self) -> String {
        let mut bytes = Vec::new();
        let check = place("check");
        for (_, cell) in self.0.iter().enumerate().filter(|(i, _)| Some(*i) != check) {
            match cell {
                Cell::Absent => bytes.push(0),
                Cell::Whole(value) => {
                    bytes.push(1);
                    bytes.extend(value.to_le_bytes());
                }
                Cell::Text(text) => {
                    bytes.push(2);
                    bytes.extend((text.len() as u64).to_le_bytes());
                    bytes.extend(text.as_bytes());
                }
            }
        }
        format!("{:016x}", xxh3_64(&bytes))
    }

    /// Writes the columns that every row has, the check last.
    pub fn seal(&mut self, made_by: &str, shard: &str) {
        self.put("evidence_version", Cell::Whole(VERSION));
        self.put("made_by", Cell::Text(made_by.to_owned()));
        self.put("shard", Cell::Text(shard.to_owned()));
        let hash = self.hash();
        self.put("check", Cell::Text(hash));
    }

    pub fn is_whole(&self) -> Result<bool, String> {
        Ok(self.text("check")? == Some(self.hash().as_str()))
    }
}

/// A name without the characters that would end a line or a cell of it; nearly every name stays as it is.
fn on_one_line(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Undoes [`on_one_line`].
fn as_it_was(line: &str) -> Result<String, String> {
    let broken = || "a name has a broken escape".to_owned();
    let (mut out, mut rest) = (String::with_capacity(line.len()), line);
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        rest = match after.strip_prefix('\\') {
            Some(after) => {
                out.push('\\');
                after
            }
            None => {
                let (code, after) = after.strip_prefix("u{").and_then(|a| a.split_once('}')).ok_or_else(broken)?;
                let code = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
                out.push(code.ok_or_else(broken)?);
                after
            }
        };
    }
    out.push_str(rest);
    Ok(out)
}

fn place_json(at: impl Into<Origin>) -> Value {
    let at: Origin = at.into();
    json!([at.file_id, at.line_no])
}

fn number(value: Option<&Value>) -> Result<u64, String> {
    value.and_then(Value::as_u64).ok_or_else(|| "a number is missing".to_owned())
}

fn small(value: Option<&Value>) -> Result<u32, String> {
    u32::try_from(number(value)?).map_err(|_| "a number is too large".to_owned())
}

/// The place in `[file, line]`; `files` are the numbers of the part's files in the whole.
fn origin(value: Option<&Value>, files: &[u32]) -> Result<Origin, String> {
    let pair = value.and_then(Value::as_array).ok_or("a place is missing")?;
    let file = number(pair.first())?;
    let file_id = usize::try_from(file).ok().and_then(|file| files.get(file));
    let file_id = *file_id.ok_or("a place names a file that the part does not have")?;
    Ok(Origin { file_id, line_no: number(pair.get(1))? })
}

fn string(value: Option<&Value>) -> Result<String, String> {
    value.and_then(Value::as_str).map(str::to_owned).ok_or_else(|| "a text is missing".to_owned())
}

fn counted<K: AsRef<str>>(tally: &Tally<K, Counted>) -> impl Iterator<Item = Value> {
    tally.iter().map(|(value, (count, at))| json!([value.as_ref(), count, place_json(*at)]))
}

/// As cells; `partial` has to be settled.
pub(super) fn account(partial: &Partial) -> Cells {
    let Partial { account_id, evidence: e, texts } = partial;
    let mut cells = Cells::empty();
    cells.put("account_id", Cell::Text(on_one_line(account_id)));
    for (name, value) in [
        ("requests", e.requests),
        ("with_text", e.with_text),
        ("hashed", e.hashed),
        ("ruled", e.ruled),
        ("single_turn", e.single_turn),
        ("input_tokens", e.input_tokens),
        ("output_tokens", e.output_tokens),
        ("cut_short", e.cut_short),
        ("refused", e.refused),
        ("ln_input", e.ln_input),
        ("ln_output", e.ln_output),
        ("texts_held", texts.len() as u64),
    ] {
        cells.put_whole(name, value);
    }
    for (name, value) in [("first_us", e.first_us), ("last_us", e.last_us), ("resolution_us", e.resolution_us)] {
        cells.put(name, Cell::Whole(value));
    }
    if let Some(org) = &e.org_id {
        cells.put("org_id", Cell::Text(on_one_line(org)));
    }
    cells.put_list("first_at", e.first_at.into_iter().map(place_json));
    cells.put_list("last_at", e.last_at.into_iter().map(place_json));
    cells.put_list("hours", e.hours.iter().map(|n| json!(n)));
    cells.put_list("addresses", counted(&e.addresses));
    cells.put_list("clients", counted(&e.clients));
    cells.put_list("stacks", counted(&e.stacks));
    let sent = |(value, s): &(Arc<str>, Sent)| json!([&**value, s.count, s.single_turn, s.ln_output, place_json(s.at)]);
    cells.put_list("parameters", e.parameters.iter().map(sent));
    cells.put_list("models", e.models.iter().map(|(name, (first, at))| json!([&**name, first, place_json(*at)])));
    cells.put_list("sessions", e.sessions.iter().map(|(hash, count)| json!([u64::from(*hash), count])));
    cells.put_list("items", e.items.iter().map(|(hash, count)| json!([u64::from(*hash), count])));
    cells.put_list("times", e.times.earliest().iter().map(|us| json!(us)));
    cells.put_list("later", e.times.later().iter().map(|(hour, n)| json!([hour, n])));
    cells.put_list("rule_hits", e.rule_hits.iter().map(|(pack, (n, at))| json!([pack, n, place_json(*at)])));
    let excerpts = e.excerpts.iter().map(|x| json!([x.rank.0, x.rank.1, place_json(x.at), x.text()]));
    cells.put_list("excerpts", excerpts);
    cells.put("texts", Cell::Text(STANDARD.encode(packed(texts))));
    cells
}

fn tally<K: Ord + From<String>>(counted: Vec<(String, Counted)>) -> Tally<K, Counted> {
    Tally::of(counted.into_iter().map(|(value, counted)| (value.into(), counted)).collect(), MAX_VALUES)
}

/// From cells; `files` are the numbers of the part's files in the whole.
pub(super) fn partial(cells: &Cells, files: &[u32]) -> Result<Partial, String> {
    let pairs = |name: &'static str| -> Result<Tally<Halves, u32>, String> {
        let list = cells.list(name)?;
        let pair = |v: &Value| Ok((number(v.get(0))?.into(), small(v.get(1))?));
        let most = if name == "items" { MAX_ITEMS } else { MAX_VALUES };
        Ok(Tally::of(list.iter().map(pair).collect::<Result<_, String>>()?, most))
    };
    let counted = |name: &'static str| -> Result<Vec<(String, Counted)>, String> {
        let list = cells.list(name)?;
        list.iter().map(|v| Ok((string(v.get(0))?, (small(v.get(1))?, origin(v.get(2), files)?.into())))).collect()
    };
    let parameters = cells.list("parameters")?;
    let sent = |v: &Value| {
        let (count, single_turn, ln_output) = (small(v.get(1))?, small(v.get(2))?, number(v.get(3))?);
        let at = origin(v.get(4), files)?.into();
        Ok((string(v.get(0))?.into(), Sent { count, single_turn, ln_output, at }))
    };
    let hours: Vec<u32> = cells.list("hours")?.iter().map(|v| small(Some(v))).collect::<Result<_, _>>()?;
    let models = cells.list("models")?;
    let model = |v: &Value| {
        let first = v.get(1).and_then(Value::as_i64).ok_or("a time is missing")?;
        Ok((string(v.get(0))?.into(), (first, origin(v.get(2), files)?.into())))
    };
    let place_of = |name| cells.list(name)?.first().map(|at| origin(Some(at), files)).transpose();
    let start = |v: &Value| v.as_i64().ok_or("a time is missing");
    let times = cells.list("times")?.iter().map(start).collect::<Result<_, _>>()?;
    let hour = |v: &Value| {
        let hour = v.get(0).and_then(Value::as_i64).and_then(|hour| i32::try_from(hour).ok());
        Ok((hour.ok_or("an hour is missing")?, small(v.get(1))?))
    };
    let later = cells.list("later")?.iter().map(hour).collect::<Result<_, String>>()?;
    let excerpt = |v: &Value| {
        let rank = (v.get(0).and_then(Value::as_bool).ok_or("a rank is missing")?, number(v.get(1))?);
        Ok(Excerpt::redacted(rank, origin(v.get(2), files)?, string(v.get(3))?))
    };
    let hit = |(name, known): (String, Counted)| {
        let pack = rules::known(&name).ok_or_else(|| format!("there is no rule pack {name}"))?;
        Ok((pack, known))
    };
    let texts = STANDARD.decode(cells.text("texts")?.unwrap_or_default()).map_err(|_| "texts are no base64")?;
    let texts = unpacked(&texts, files).ok_or("texts are cut")?;
    if texts.len() as u64 != cells.sum("texts_held")? {
        return Err("texts are missing".to_owned());
    }
    let evidence = AccountEvidence {
        org_id: cells.text("org_id")?.map(as_it_was).transpose()?,
        requests: cells.sum("requests")?,
        with_text: cells.sum("with_text")?,
        hashed: cells.sum("hashed")?,
        ruled: cells.sum("ruled")?,
        single_turn: cells.sum("single_turn")?,
        input_tokens: cells.sum("input_tokens")?,
        output_tokens: cells.sum("output_tokens")?,
        first_us: cells.whole("first_us")?,
        last_us: cells.whole("last_us")?,
        resolution_us: cells.whole("resolution_us")?,
        first_at: place_of("first_at")?,
        last_at: place_of("last_at")?.map(Into::into),
        hours: hours.try_into().map_err(|_| "there are 24 hours")?,
        addresses: tally(counted("addresses")?),
        clients: tally(counted("clients")?),
        parameters: Tally::of(parameters.iter().map(sent).collect::<Result<_, String>>()?, MAX_VALUES),
        stacks: tally(counted("stacks")?),
        models: Tally::of(models.iter().map(model).collect::<Result<_, String>>()?, MAX_VALUES),
        cut_short: cells.sum("cut_short")?,
        refused: cells.sum("refused")?,
        ln_input: cells.sum("ln_input")?,
        ln_output: cells.sum("ln_output")?,
        times: Times::of(times, later),
        sessions: pairs("sessions")?,
        items: pairs("items")?,
        recurring: Vec::new(),
        rule_hits: counted("rule_hits")?.into_iter().map(hit).collect::<Result<_, String>>()?,
        excerpts: cells.list("excerpts")?.iter().map(excerpt).collect::<Result<_, String>>()?,
    };
    let account_id = as_it_was(cells.text("account_id")?.ok_or("the account is missing")?)?;
    Ok(Partial { account_id, evidence, texts })
}

/// Variable-length numbers, seven bits a byte, the last without the highest bit (LEB128).
fn put_number(mut value: u64, into: &mut Vec<u8>) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

fn take_number(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take_hash(from: &mut &[u8]) -> Option<u64> {
    let (hash, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(u64::from_le_bytes(*hash))
}

/// Per text: its hash, its length of output with two flags below, its file, its line, its fingerprints.
fn packed(texts: &[PartialText]) -> Vec<u8> {
    let mut out = Vec::new();
    for text in texts {
        out.extend(text.item.to_le_bytes());
        let flags = u64::from(text.single_turn) << 1 | u64::from(text.ruled);
        put_number(u64::from(text.ln_output) << 2 | flags, &mut out);
        put_number(text.at.file_id.into(), &mut out);
        put_number(text.at.line_no, &mut out);
        put_number(text.fingerprints.len() as u64, &mut out);
        text.fingerprints.iter().for_each(|f| out.extend(f.to_le_bytes()));
    }
    out
}

fn unpacked(mut bytes: &[u8], files: &[u32]) -> Option<Vec<PartialText>> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let item = take_hash(&mut bytes)?;
        let output = take_number(&mut bytes)?;
        let file_id = *files.get(usize::try_from(take_number(&mut bytes)?).ok()?)?;
        let line_no = take_number(&mut bytes)?;
        let n = usize::try_from(take_number(&mut bytes)?).ok().filter(|n| *n <= bytes.len() / 8)?;
        let fingerprints = (0..n).map(|_| take_hash(&mut bytes)).collect::<Option<_>>()?;
        texts.push(PartialText {
            item,
            ln_output: u32::try_from(output >> 2).ok().filter(|ln| *ln < 1 << 30)?,
            single_turn: output & 2 != 0,
            ruled: output & 1 != 0,
            at: Origin { file_id, line_no },
            fingerprints,
        });
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(values in proptest::collection::vec(any::<u64>(), 0..20)) {
            let mut bytes = Vec::new();
            values.iter().for_each(|v| put_number(*v, &mut bytes));
            let mut rest = bytes.as_slice();
            for value in values {
                prop_assert_eq!(take_number(&mut rest), Some(value));
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn names_come_back_and_stand_on_one_line(name in any::<String>()) {
            let line = on_one_line(&name);
            prop_assert!(!line.contains(['\n', '\r', '\t', '\0']) && line != "\\N");
            prop_assert_eq!(as_it_was(&line).unwrap(), name);
        }

        #[test]
        fn any_bytes_are_texts_or_cut(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpacked(&bytes, &[0, 1]);
        }
    }
}
