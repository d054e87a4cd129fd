//! Brings any log's own column names and spellings to the canonical event.

mod json;
mod row;
mod time;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(crate) use json::{nested, scalar};
pub(crate) use row::{Row, WIDTH, filled};
pub use time::parse_timestamp;

use crate::schema::COLUMNS;

/// The text if it says anything: trimmed, and none of the usual spellings of nothing.
pub fn present(text: &str) -> Option<&str> {
    match text.trim() {
        "" | "-" | "null" | "None" | "{}" | "[]" => None,
        said => Some(said),
    }
}

/// Why a field map cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MapError {
    /// Not TOML, or not of the expected shape.
    #[error("the field map is not valid: {0}; write a table [fields] with lines such as account_id = \"user\"")]
    Syntax(String),
    /// A left-hand side that is no canonical column.
    #[error("the field map names the unknown column {name:?}; the closest known column is {closest:?}")]
    UnknownColumn { name: String, closest: &'static str },
}

/// One way in which a source column feeds a canonical one.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Index into [`COLUMNS`].
    pub column: usize,
    /// Lesser is better.
    pub priority: u16,
    /// Keys to follow inside the source column's JSON object; empty for the column itself.
    pub path: Vec<String>,
}

/// A source column's name with what it feeds.
#[derive(Debug, Clone)]
struct Slot {
    name: String,
    /// Explicitly mapped names are matched exactly, generic ones without regard to case.
    exact: bool,
    targets: Vec<Target>,
}

/// Which source column feeds which canonical column.
#[derive(Debug, Clone)]
pub struct FieldMap {
    slots: Vec<Slot>,
    /// Slot indices by length of name: names of one length are few, so that no hashing is needed.
    by_length: Vec<Vec<u16>>,
    /// Canonical column and the source that was asked for.
    explicit: Vec<(usize, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapFile {
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

impl FieldMap {
    /// Canonical names and their aliases, without regard to case.
    pub fn generic() -> Self {
        Self::build(Vec::new(), &[])
    }

    /// Reads a map such as `[fields]` with `ts = "when"`. A dotted source follows nested JSON objects. Columns
    /// that the map does not name are recognised as by [`FieldMap::generic`]; an empty source turns one off.
    pub fn from_toml(text: &str) -> Result<Self, MapError> {
        let file: MapFile = toml::from_str(text).map_err(|e| MapError::Syntax(e.message().to_string()))?;
        let mut explicit = Vec::new();
        let mut off = Vec::new();
        for (name, source) in file.fields {
            let Some(column) = COLUMNS.iter().position(|c| c.name == name) else {
                return Err(MapError::UnknownColumn { closest: closest_column(&name), name });
            };
            if source.is_empty() { off.push(column) } else { explicit.push((column, source)) }
        }
        Ok(Self::build(explicit, &off))
    }

    fn build(explicit: Vec<(usize, String)>, off: &[usize]) -> Self {
        let mut map = Self { slots: Vec::new(), by_length: Vec::new(), explicit: Vec::new() };
        for (column, source) in &explicit {
            map.add(source, true, Target { column: *column, priority: 0, path: Vec::new() });
            let mut parts = source.split('.').map(str::to_string);
            let head = parts.next().unwrap_or_default();
            let path: Vec<String> = parts.collect();
            if !path.is_empty() {
                map.add(&head, true, Target { column: *column, priority: 1, path });
            }
        }
        let claimed: Vec<String> = map.slots.iter().map(|s| s.name.clone()).collect();
        for (index, column) in COLUMNS.iter().enumerate() {
            if off.contains(&index) || explicit.iter().any(|(mapped, _)| *mapped == index) {
                continue;
            }
            for (priority, name) in (0u16..).zip(std::iter::once(&column.name).chain(column.aliases)) {
                if !claimed.iter().any(|c| c.eq_ignore_ascii_case(name)) {
                    map.add(name, false, Target { column: index, priority, path: Vec::new() });
                }
            }
        }
        map.explicit = explicit;
        map
    }

    fn add(&mut self, name: &str, exact: bool, target: Target) {
        if let Some(slot) = self.slots.iter_mut().find(|s| s.name == name && s.exact == exact) {
            slot.targets.push(target);
            return;
        }
        if self.by_length.len() <= name.len() {
            self.by_length.resize(name.len() + 1, Vec::new());
        }
        self.by_length[name.len()].push(self.slots.len() as u16);
        self.slots.push(Slot { name: name.to_string(), exact, targets: vec![target] });
    }

    /// The slot that a source column of this name fills.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let candidates = self.by_length.get(name.len())?;
        candidates.iter().map(|i| *i as usize).find(|i| {
            let slot = &self.slots[*i];
            slot.name == name || (!slot.exact && slot.name.eq_ignore_ascii_case(name))
        })
    }

    /// What a slot feeds.
    pub(crate) fn targets(&self, slot: usize) -> &[Target] {
        &self.slots[slot].targets
    }

    /// Explicitly mapped columns: index into [`COLUMNS`] and the source asked for.
    pub(crate) fn explicit(&self) -> &[(usize, String)] {
        &self.explicit
    }
}

/// The canonical name with the least edit distance.
fn closest_column(name: &str) -> &'static str {
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
    COLUMNS.iter().map(|c| c.name).min_by_key(|known| distance(known)).unwrap_or("ts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    fn column_of(map: &FieldMap, name: &str) -> Option<&'static str> {
        map.find(name).map(|slot| COLUMNS[map.targets(slot)[0].column].name)
    }

    #[test]
    fn generic_ignores_case() {
        let map = FieldMap::generic();
        assert_eq!(column_of(&map, "Account_ID"), Some(schema::ACCOUNT_ID));
        assert_eq!(column_of(&map, "prompt"), Some(schema::USER_TEXT));
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
        assert_eq!(column_of(&map, "prompt"), Some(schema::USER_TEXT));
    }

    #[test]
    fn unknown_names_are_refused_with_the_closest() {
        let error = FieldMap::from_toml("[fields]\nacount_id = \"x\"").unwrap_err();
        assert_eq!(error, MapError::UnknownColumn { name: "acount_id".into(), closest: "account_id" });
        assert!(matches!(FieldMap::from_toml("fields = 3"), Err(MapError::Syntax(_))));
        assert!(matches!(FieldMap::from_toml("[feilds]"), Err(MapError::Syntax(_))));
    }

    #[test]
    fn spellings_of_nothing() {
        for text in ["", " ", "-", "null", "None", "{}", "[]"] {
            assert_eq!(present(text), None);
        }
        assert_eq!(present(" a "), Some("a"));
    }
}
