//! Field maps: which source column feeds which canonical one, and how. A format that ships is such a map; so is what a
//! person writes for a log of their own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::row::{Clock, JOIN, KIND, SEQUENCE, WIDTH};
use super::time::Written;
use super::transform::{Shape, Transform};
use crate::intake::schema::{COLUMNS, at};

/// Sources that one map may name; the reader keeps a bit for each.
pub(crate) const MAX_SOURCES: usize = 512;
/// Words of the longest usual name.
const MOST_WORDS: usize = 5;
/// Usual names of what may be a whole request, of which the system's part is meant too.
const WHOLE: [&str; 6] = ["messages", "input", "prompt", "request", "request_body", "body"];
/// Those of them that say nothing of the user unless they are chat messages.
const REQUEST: [&str; 3] = ["request", "request_body", "body"];
/// Lesser is better: what counts only where no source says anything.
const OTHERWISE: u16 = u16::MAX - 1;

/// Why a field map cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MapError {
    /// Not TOML, or not of the expected shape.
    #[error("the field map is not valid: {0}; write a table [fields] with lines such as account_id = \"user\"")]
    Syntax(String),
    /// A left-hand side that is no canonical column.
    #[error("the field map names the unknown column {name:?}; the closest known column is {closest:?}")]
    UnknownColumn { name: String, closest: &'static str },
    /// More sources than can be told apart.
    #[error("the field map names {0} sources, of which 250 are too many; leave out what is not needed")]
    TooMany(usize),
}

/// One way in which a source column feeds a canonical one.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Index of the cell.
    pub column: usize,
    /// Lesser is better.
    pub priority: u16,
    /// Keys to follow inside the source column's JSON; empty for the column itself.
    pub path: Vec<String>,
    pub transform: Transform,
    /// Rows of one call hold pieces of it: what is done with it is done when they are together.
    pub pieces: bool,
}

/// A source column's name with what it feeds.
#[derive(Debug, Clone)]
struct Slot {
    name: String,
    spelling: Spelling,
    targets: Vec<Target>,
}

/// How a source column's name is compared. Of two slots that fit, the first of these goes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spelling {
    /// As a map spells it.
    Exact,
    /// A usual name, in any case.
    AnyCase,
    /// A usual name without its underscores, in any case, and with any signs between its words: `userId`, `user-id`, `User ID`.
    AnySigns,
}

/// Signs that set the words of a column's name apart.
const SIGNS: [char; 4] = ['_', '-', ' ', '.'];
/// What is added to the priority of a name that is spelt with other signs.
const OTHERWISE_SPELT: u16 = 1_000;

impl Slot {
    fn fits(&self, name: &str) -> bool {
        match self.spelling {
            Spelling::Exact => self.name == name,
            Spelling::AnyCase => self.name.eq_ignore_ascii_case(name),
            Spelling::AnySigns => {
                let words = name.chars().filter(|c| !SIGNS.contains(c)).map(|c| c.to_ascii_lowercase());
                words.eq(self.name.chars())
            }
        }
    }
}

/// How rows of one call find each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    /// Formats that are joined with each other share it.
    pub family: String,
    /// Whether a row without its partners can be a call by itself.
    pub alone: bool,
    /// Without a partner the row is a call only where its kind contains one of these.
    pub alone_if: Vec<String>,
}

/// Which source column feeds which canonical column.
#[derive(Debug, Clone)]
pub struct FieldMap {
    slots: Vec<Slot>,
    /// Slot indices by length of name, with the ends of each: names that agree in these are few, so that no hashing is needed.
    by_length: Vec<Vec<([u8; 2], u16)>>,
    /// Canonical column and the source that was asked for.
    explicit: Vec<(usize, String)>,
    /// Values for columns of which no source says anything.
    otherwise: Vec<(usize, String)>,
    pub(crate) clock: Clock,
    pub(crate) joined: Option<Joined>,
    /// Rows of another kind are no calls; empty where all are.
    kinds: Vec<String>,
    /// Title of the format whose map this is, or was before somebody changed it.
    copied: Option<String>,
    /// Choices of accounts that it names.
    choices: BTreeMap<String, Source>,
}

/// A source, several in order of preference, or one with what is done to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Source {
    One(String),
    Several(Vec<String>),
    Shaped(Shaped),
    Mixed(Vec<Shaped>),
}

impl Source {
    fn into_shaped(self) -> Vec<Shaped> {
        match self {
            Self::One(source) => vec![plain(vec![source])],
            Self::Several(sources) => vec![plain(sources)],
            Self::Shaped(shaped) => vec![shaped],
            Self::Mixed(shaped) => shaped,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shaped {
    from: OneOrMore,
    #[serde(default, rename = "as")]
    shape: Shape,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    absent: Vec<String>,
    after: Option<String>,
    after_last: Option<String>,
    before: Option<String>,
    otherwise: Option<String>,
    #[serde(default)]
    pieces: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}

/// A field map as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MapFile {
    #[serde(default)]
    fields: BTreeMap<String, Source>,
    #[serde(default)]
    time: TimeTable,
    rows: Option<RowsTable>,
    join: Option<JoinTable>,
    /// Whether columns that the map does not name are recognised by their usual names.
    #[serde(default = "yes")]
    generic: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TimeTable {
    /// `start` or `end` of the call.
    stamp: Stamped,
    /// Times without a zone are known to be UTC.
    utc: bool,
    /// A pattern of `strftime`, or `excel`.
    format: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stamped {
    #[default]
    Start,
    End,
}

/// Which rows are calls.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsTable {
    kind: String,
    calls: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JoinTable {
    family: String,
    key: String,
    sequence: Option<String>,
    #[serde(default = "yes")]
    alone: bool,
    kind: Option<String>,
    #[serde(default)]
    alone_if_kind_contains: Vec<String>,
}

/// Tables of a shipped format that say something about it and nothing about its fields.
const ABOUT: [&str; 3] = ["format", "detect", "accounts"];

/// First and last byte of a name, alike for letters that differ in case alone.
fn ends(name: &str) -> [u8; 2] {
    let fold = |byte: Option<&u8>| byte.map_or(0, u8::to_ascii_lowercase);
    [fold(name.as_bytes().first()), fold(name.as_bytes().last())]
}

impl FieldMap {
    /// Canonical names and their aliases, without regard to case.
    pub fn generic() -> Self {
        Self::empty().with_aliases(&[])
    }

    fn empty() -> Self {
        Self {
            slots: Vec::new(),
            by_length: Vec::new(),
            explicit: Vec::new(),
            otherwise: Vec::new(),
            clock: Clock::default(),
            joined: None,
            kinds: Vec::new(),
            copied: None,
            choices: BTreeMap::new(),
        }
    }

    /// Reads a map such as `[fields]` with `ts = "when"`. A dotted source follows nested JSON, with numbers for places
    /// in arrays; a list names sources in order of preference; a table says what is done to the value. Columns
    /// that the map does not name are recognised as by [`FieldMap::generic`] unless it says `generic = false`; an empty
    /// source turns one off. The map of a shipped format can be read too.
    ///
    /// # Errors
    /// When it is no such TOML or names what does not exist.
    pub fn from_toml(text: &str) -> Result<Self, MapError> {
        let line = |e: &toml::de::Error| e.span().map_or(1, |at| text[..at.start].matches('\n').count() + 1);
        let syntax = |e: toml::de::Error| MapError::Syntax(format!("line {}: {}", line(&e), e.message()));
        Self::from_table(text.parse::<toml::Table>().map_err(syntax)?)
    }

    pub(crate) fn from_table(mut table: toml::Table) -> Result<Self, MapError> {
        let title = table.get("format").and_then(|about| about.get("title")).and_then(toml::Value::as_str);
        let title = title.map(str::to_owned);
        let choices = table.get("accounts").cloned().map(toml::Value::try_into).transpose();
        let choices = choices.map_err(|e: toml::de::Error| MapError::Syntax(format!("accounts: {}", e.message())))?;
        ABOUT.iter().for_each(|about| {
            table.remove(*about);
        });
        let fields = table.get("fields").and_then(toml::Value::as_table).into_iter().flatten();
        for (name, source) in fields {
            if matches!(
                source,
                toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_)
            ) {
                let kind = source.type_str();
                return Err(MapError::Syntax(format!(
                    "{name} is of the type {kind} and has to be the name of a column in quotes"
                )));
            }
        }
        let file: MapFile = table.try_into().map_err(|e: toml::de::Error| MapError::Syntax(e.message().to_owned()))?;
        let mut map = Self { copied: title, choices: choices.unwrap_or_default(), ..Self::empty() };
        let unknown = |pattern: &str| MapError::Syntax(format!("{pattern:?} under [time] is no pattern of strftime"));
        let written = file.time.format.map(|f| Written::new(&f).ok_or_else(|| unknown(&f))).transpose()?;
        map.clock = Clock { ends: file.time.stamp == Stamped::End, utc: file.time.utc, written };
        let mut off = Vec::new();
        for (name, source) in file.fields {
            let Some(column) = COLUMNS.iter().position(|c| c.name == name) else {
                return Err(MapError::UnknownColumn { closest: closest_column(&name), name });
            };
            match source {
                Source::One(source) if source.is_empty() => off.push(column),
                source => map.feed(column, source.into_shaped()),
            }
        }
        if let Some(rows) = file.rows {
            map.feed(KIND, vec![plain(vec![rows.kind])]);
            map.kinds = rows.calls;
        }
        if let Some(join) = file.join {
            map.feed(JOIN, vec![plain(vec![join.key])]);
            join.sequence.into_iter().for_each(|source| map.feed(SEQUENCE, vec![plain(vec![source])]));
            join.kind.into_iter().for_each(|source| map.feed(KIND, vec![plain(vec![source])]));
            let alone_if = join.alone_if_kind_contains;
            map.joined = Some(Joined { family: join.family, alone: join.alone, alone_if });
        }
        let map = if file.generic { map.with_aliases(&off) } else { map };
        if map.slots.len() > MAX_SOURCES { Err(MapError::TooMany(map.slots.len())) } else { Ok(map) }
    }

    /// Title of the format whose map this is, or was before somebody changed it.
    pub(crate) fn copied(&self) -> Option<&str> {
        self.copied.as_deref()
    }

    /// Names of the choices of accounts.
    pub(crate) fn choices(&self) -> impl Iterator<Item = &str> {
        self.choices.keys().map(String::as_str)
    }

    /// The same with accounts by one of its choices, or by any field of the log.
    pub(crate) fn by_account(self, name: &str) -> Self {
        let source = self.choices.get(name).cloned();
        self.with_account(source.unwrap_or_else(|| Source::One(name.to_owned())))
    }

    /// The same with another source of accounts.
    fn with_account(mut self, source: Source) -> Self {
        self.slots.iter_mut().for_each(|slot| slot.targets.retain(|t| t.column != at::ACCOUNT_ID));
        self.explicit.retain(|(column, _)| *column != at::ACCOUNT_ID);
        let before = self.slots.len();
        self.feed(at::ACCOUNT_ID, source.into_shaped());
        // A field that is known by its name too goes on to be what it is.
        let (known, new) = self.slots.split_at_mut(before);
        for slot in new {
            let same = known.iter().filter(|k| k.spelling != Spelling::Exact && k.fits(&slot.name));
            slot.targets.extend(same.flat_map(|k| k.targets.clone()));
        }
        self
    }

    fn feed(&mut self, column: usize, shaped: Vec<Shaped>) {
        let mut priority = 0;
        for shaped in shaped {
            let transform = Transform {
                shape: shaped.shape,
                values: shaped.values,
                absent: shaped.absent,
                after: shaped.after,
                after_last: shaped.after_last,
                before: shaped.before,
            };
            for source in shaped.from.into_vec() {
                if column < WIDTH && priority == 0 {
                    self.explicit.push((column, source.clone()));
                }
                let target = |priority, path| {
                    let transform = transform.clone();
                    Target { column, priority, path, transform, pieces: shaped.pieces }
                };
                self.add(&source, Spelling::Exact, target(priority, Vec::new()));
                let mut parts = source.split('.').map(str::to_string);
                let first = parts.next().unwrap_or_default();
                let path: Vec<String> = parts.collect();
                if !path.is_empty() {
                    self.add(&first, Spelling::Exact, target(priority + 1, path));
                }
                priority += 2;
            }
            self.otherwise.extend(shaped.otherwise.map(|value| (column, value)));
        }
    }

    fn with_aliases(mut self, off: &[usize]) -> Self {
        let claimed: Vec<String> = self.slots.iter().map(|s| s.name.clone()).collect();
        for (index, column) in COLUMNS.iter().enumerate() {
            if off.contains(&index) || self.explicit.iter().any(|(mapped, _)| *mapped == index) {
                continue;
            }
            let transform = Transform::of(match index {
                at::SYSTEM_TEXT => Shape::System,
                at::RESPONSE_TEXT => Shape::Answer,
                _ => Shape::Value,
            });
            for (priority, name) in (0u16..).zip(std::iter::once(&column.name).chain(column.aliases)) {
                if !claimed.iter().any(|c| c.eq_ignore_ascii_case(name)) {
                    let mut transform = transform.clone();
                    match index {
                        at::SYSTEM_TEXT if WHOLE.contains(name) => transform.shape = Shape::SystemTurns,
                        at::USER_TEXT if REQUEST.contains(name) => transform.shape = Shape::UserTurns,
                        _ => {}
                    }
                    let target = Target { column: index, priority, path: Vec::new(), transform, pieces: false };
                    if name.contains('_') {
                        let priority = priority + OTHERWISE_SPELT;
                        self.add(&name.replace('_', ""), Spelling::AnySigns, Target { priority, ..target.clone() });
                    }
                    self.add(name, Spelling::AnyCase, target);
                }
            }
        }
        self
    }

    fn add(&mut self, name: &str, spelling: Spelling, target: Target) {
        if let Some(slot) = self.slots.iter_mut().find(|s| s.name == name && s.spelling == spelling) {
            slot.targets.push(target);
            return;
        }
        // A sign may stand between any two words, or none.
        let most_signs = if spelling == Spelling::AnySigns { MOST_WORDS - 1 } else { 0 };
        for length in name.len()..=name.len() + most_signs {
            if self.by_length.len() <= length {
                self.by_length.resize(length + 1, Vec::new());
            }
            self.by_length[length].push((ends(name), self.slots.len() as u16));
        }
        self.slots.push(Slot { name: name.to_string(), spelling, targets: vec![target] });
    }

    /// The slot that a source column of this name fills.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let (candidates, ends) = (self.by_length.get(name.len())?, ends(name));
        let fitting = candidates.iter().filter(|(of, _)| *of == ends).map(|(_, i)| *i as usize);
        // What was asked for goes before what is known; of two that are as good, the first.
        fitting.filter(|i| self.slots[*i].fits(name)).min_by_key(|i| self.slots[*i].spelling)
    }

    /// Whether two columns of one row may fill this slot, by names that differ in their signs.
    pub(crate) fn is_loose(&self, slot: usize) -> bool {
        self.slots[slot].spelling == Spelling::AnySigns
    }

    /// What a slot feeds.
    pub(crate) fn targets(&self, slot: usize) -> &[Target] {
        &self.slots[slot].targets
    }

    /// How a column is read that comes in pieces.
    pub(crate) fn pieces_of(&self, column: usize) -> Option<&Transform> {
        let targets = self.slots.iter().flat_map(|s| &s.targets);
        targets.filter(|t| t.pieces && t.column == column).map(|t| &t.transform).next()
    }

    /// Explicitly mapped columns: index into [`COLUMNS`] and the source asked for.
    pub(crate) fn explicit(&self) -> &[(usize, String)] {
        &self.explicit
    }

    /// Canonical columns that sources were asked for and no row had, with the first source of each; `seen` has a bit for
    /// each that some row had. A column with a value for want of a source is not among them.
    pub(crate) fn absent(&self, seen: u64) -> Vec<(usize, &str)> {
        let known = |column: usize| seen & (1 << column) != 0 || self.otherwise.iter().any(|(c, _)| *c == column);
        self.explicit.iter().filter(|(c, _)| !known(*c)).map(|(c, source)| (*c, source.as_str())).collect()
    }

    /// Values for columns of which no source says anything.
    pub(crate) fn otherwise(&self) -> impl Iterator<Item = (usize, u16, &str)> {
        self.otherwise.iter().map(|(column, value)| (*column, OTHERWISE, value.as_str()))
    }

    /// Whether rows of this kind are calls.
    pub(crate) fn is_call(&self, kind: Option<&str>) -> bool {
        self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.iter().any(|k| k == kind))
    }
}

fn plain(sources: Vec<String>) -> Shaped {
    Shaped {
        from: OneOrMore::More(sources),
        shape: Shape::Value,
        values: BTreeMap::new(),
        absent: Vec::new(),
        after: None,
        after_last: None,
        before: None,
        otherwise: None,
        pieces: false,
    }
}

/// The canonical name with the least edit distance.
fn closest_column(name: &str) -> &'static str {
    closest(name, COLUMNS.iter().map(|c| c.name)).map_or("ts", |(known, _)| known)
}

/// The known name with the least edit distance, and that.
pub(crate) fn closest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<(&'k str, usize)> {
    let distance = |known: &str| {
        let mut row: Vec<usize> = (0..=known.len()).collect();
        for (i, a) in name.bytes().take(64).enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, b) in known.bytes().enumerate() {
                let substituted = diagonal + usize::from(a != b);
                diagonal = row[j + 1];
                row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[known.len()]
    };
    known.map(|known| (known, distance(known))).min_by_key(|(_, edits)| *edits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::schema;

    fn column_of(map: &FieldMap, name: &str) -> Option<&'static str> {
        map.find(name).map(|slot| COLUMNS[map.targets(slot)[0].column].name)
    }

    #[test]
    fn generic_ignores_case() {
        let map = FieldMap::generic();
        assert_eq!(column_of(&map, "Account_ID"), Some(schema::ACCOUNT_ID));
        assert_eq!(column_of(&map, "question"), Some(schema::USER_TEXT));
        assert_eq!(column_of(&map, "nonsense"), None);
    }

    #[test]
    fn explicit_map_claims_its_sources() {
        let map = FieldMap::from_toml("[fields]\nts = \"when\"\naccount_id = \"meta.user\"\nmodel = \"\"\n").unwrap();
        assert_eq!(column_of(&map, "when"), Some(schema::TS));
        assert_eq!(column_of(&map, "When"), None);
        assert_eq!(column_of(&map, "meta"), Some(schema::ACCOUNT_ID));
        assert_eq!(column_of(&map, "user"), None);
        assert_eq!(column_of(&map, "model"), None);
        assert_eq!(column_of(&map, "question"), Some(schema::USER_TEXT));
    }

    #[test]
    fn unknown_names_are_refused_with_the_closest() {
        let error = FieldMap::from_toml("[fields]\nacount_id = \"x\"").unwrap_err();
        assert_eq!(error, MapError::UnknownColumn { name: "acount_id".into(), closest: "account_id" });
        assert!(matches!(FieldMap::from_toml("fields = 3"), Err(MapError::Syntax(_))));
        assert!(matches!(FieldMap::from_toml("[feilds]"), Err(MapError::Syntax(_))));
    }

    #[test]
    fn every_source_of_the_generic_map_has_its_bit() {
        assert!(FieldMap::generic().slots.len() <= MAX_SOURCES);
    }
}
