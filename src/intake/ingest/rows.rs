//! From the cells of a row to what it is: a call, a part of one, a fact of an account, or none of them.

use super::part::Part;
use crate::intake::event::{Event, Origin};
use crate::intake::formats::{Formats, Role};
use crate::intake::normalise::{FieldMap, JOIN, KIND, Row, SEQUENCE, nested};
use std::borrow::Cow;

/// One row that was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rejection {
    pub line: u64,
    pub reason: &'static str,
}

/// What a row is.
pub(super) enum Outcome<'a> {
    Event(Box<Event<'a>>),
    Part(Box<Part>),
    /// No call.
    Aside,
    /// A record of a usage, audit or compliance export, as JSON.
    Fact(Cow<'a, str>),
}

pub(super) type Parsed<'a> = Result<Outcome<'a>, Rejection>;

/// How the rows of one file are read: by one map, or by the first of a family that fits a row.
#[derive(Clone)]
pub(super) struct Plan<'m> {
    /// Index into the formats, and the map; the generic map stands behind all formats.
    pub maps: Vec<(usize, &'m FieldMap)>,
    pub formats: &'m Formats,
    pub role: Role,
}

impl<'m> Plan<'m> {
    /// How rows of a format are read, its partners' among them. A map that is of no format has none.
    pub fn of(formats: &'m Formats, format: usize) -> Self {
        let known = formats.list.get(format);
        let role = known.map_or(Role::Calls, |f| f.role.clone());
        let family = if known.is_some() { formats.family(format) } else { vec![format] };
        let maps = family.into_iter().map(|i| (i, formats.map(i))).collect();
        Self { maps, formats, role }
    }

    /// The map for a row, given as JSON.
    fn choose(&self, row: &str) -> (usize, &'m FieldMap) {
        let fits = |(i, _): &&(usize, &FieldMap)| self.formats.list.get(*i).is_some_and(|f| f.fits(row));
        match self.maps.as_slice() {
            [only] => *only,
            several => *several.iter().find(fits).unwrap_or(&several[0]),
        }
    }

    /// The map for a row, or what it is without one.
    pub fn map_for<'a>(&self, row: &'a str) -> Result<(usize, &'m FieldMap), Result<Outcome<'a>, &'static str>> {
        match self.role {
            Role::Facts => Err(Ok(Outcome::Fact(Cow::Borrowed(row)))),
            Role::Refused(_) => Err(Err(REFUSED)),
            Role::Calls => Ok(self.choose(row)),
        }
    }
}

/// Why a row is rejected that is longer than may be held.
pub(super) const TOO_LONG: &str = "line too long";

/// Why what stands at the end of a document is rejected that ends too early.
pub(super) const CUT_OFF: &str = "the document is cut off";

/// Why a row without a time is rejected.
pub(super) const NO_TIME: &str = "no timestamp";

/// Why a row is rejected whose time is in no form that is known.
pub(super) const BAD_TIME: &str = "unreadable timestamp";

/// Why a row in another encoding is rejected.
pub(super) const NO_UTF8: &str = "invalid UTF-8";

/// Why a row of a format is rejected that is known and cannot be read.
pub(super) const REFUSED: &str = "a format that cannot be read";

/// Offers a raw JSON value, or the text of a cell, to every column that it feeds.
pub(super) fn offer<'a>(
    row: &mut Row<'a>,
    map: &FieldMap,
    slot: usize,
    value: Cow<'a, str>,
    is_json: bool,
) -> Result<(), &'static str> {
    for target in map.targets(slot) {
        let found = if target.path.is_empty() {
            Some(value.clone())
        } else {
            match &value {
                Cow::Borrowed(text) => nested(text, &target.path),
                Cow::Owned(text) => nested(text, &target.path).map(|v| v.map(|v| Cow::Owned(v.into_owned()))),
            }
            .map_err(|_| "duplicate key")?
        };
        let Some(found) = found else { continue };
        let text = match (is_json || !target.path.is_empty(), target.pieces) {
            (true, false) => target.transform.apply(found)?,
            (false, false) => target.transform.apply_text(found),
            (true, true) => Some(crate::intake::normalise::scalar(found).ok_or("broken escape")?),
            (false, true) => Some(found),
        };
        row.offer(target.column, target.priority, text.unwrap_or_default());
    }
    Ok(())
}

/// What a row is, once all its cells are there.
pub(super) fn finish<'a>(
    mut row: Row<'a>,
    origin: Origin,
    format: usize,
    map: &FieldMap,
) -> Result<Outcome<'a>, &'static str> {
    if !map.is_call(row.cells[KIND].as_deref()) {
        return Ok(Outcome::Aside);
    }
    for (column, priority, value) in map.otherwise() {
        row.offer(column, priority, Cow::Owned(value.to_owned()));
    }
    if map.joined.is_none() {
        return row.into_event(origin, &map.clock).map(|event| Outcome::Event(Box::new(event)));
    }
    let key = row.cells[JOIN].take().ok_or("no id to join by")?.into_owned();
    let sequence = row.cells[SEQUENCE].take().and_then(|s| s.parse().ok()).unwrap_or(0);
    Ok(Outcome::Part(Box::new(Part::new(key, format, origin, sequence, row))))
}
