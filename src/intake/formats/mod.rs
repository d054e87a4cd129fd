//! The formats that are known without a map of one's own: field maps shipped in the binary, and how a log is told to be
//! of one of them.

use crate::intake::normalise::{FieldMap, MapError, members, nested};
use crate::intake::schema::{ACCOUNT_TABLE, COLUMNS, Column, at};
use serde::Deserialize;

/// A format as it ships.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    pub name: &'static str,
    /// Its field map: TOML to copy and edit.
    pub toml: &'static str,
}

macro_rules! shipped {
    ($($name:literal)*) => {
        /// Every format, in the order of the list.
        pub const SHIPPED: &[Shipped] = &[$(Shipped { name: $name, toml: include_str!(concat!($name, ".toml")) }),*];
    };
}

shipped! {
    "litellm"
    "litellm-logger"
    "otlp-genai"
    "bedrock-invocation"
    "cloudtrail-bedrock"
    "azure-apim-llm"
    "azure-apim-gateway"
    "vertex"
    "new-api"
    "envoy-ai-gateway"
    "kong-ai"
    "nginx-json"
    "nginx-combined"
    "helicone"
    "langfuse"
    "langfuse-blob"
    "portkey"
    "openrouter"
    "openrouter-activity"
    "wildchat"
    "cloudflare-ai-gateway"
    "openai-usage"
    "openai-audit"
    "anthropic-usage"
    "anthropic-compliance"
    "cloudflare-logpush-encrypted"
    "lmsys-chat"
    "vllm-server"
}

/// What is done with the rows of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Rows are calls.
    Calls,
    /// Rows say something of accounts.
    Facts,
    /// Rows cannot be used; the sentence says why and what to do.
    Refused(String),
}

/// A known format.
#[derive(Debug, Clone)]
pub struct Format {
    pub name: &'static str,
    pub title: String,
    /// Where its shape is described.
    pub source: String,
    pub notes: String,
    pub role: Role,
    /// Choices of `--account-field`.
    pub account_choices: Vec<String>,
    all: Vec<String>,
    any: Vec<String>,
    pub(crate) map: FieldMap,
}

#[derive(Deserialize)]
struct About {
    format: FormatTable,
    detect: DetectTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormatTable {
    title: String,
    source: String,
    #[serde(default)]
    notes: String,
    refuse: Option<String>,
    #[serde(default)]
    facts: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DetectTable {
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    any: Vec<String>,
}

/// Whether a row has a source: under its full name, or by following the dots.
fn has(row: &str, source: &str) -> bool {
    let full = [source.to_owned()];
    let path: Vec<String> = source.split('.').map(str::to_owned).collect();
    let there = |path: &[String]| matches!(nested(row, path), Ok(Some(_)));
    there(&full) || (path.len() > 1 && there(&path))
}

impl Format {
    fn read(shipped: &Shipped, account: Option<&str>) -> Result<Self, MapError> {
        let syntax = |e: toml::de::Error| MapError::Syntax(format!("{}: {}", shipped.name, e.message()));
        let table: toml::Table = shipped.toml.parse().map_err(syntax)?;
        let about: About = table.clone().try_into().map_err(syntax)?;
        let map = FieldMap::from_table(table)?;
        let account_choices = map.choices().map(str::to_owned).collect();
        let map = account.map_or(map.clone(), |account| map.by_account(account));
        let role = match about.format.refuse {
            Some(why) => Role::Refused(why),
            None if about.format.facts => Role::Facts,
            None => Role::Calls,
        };
        Ok(Self {
            name: shipped.name,
            title: about.format.title,
            source: about.format.source,
            notes: about.format.notes,
            role,
            account_choices,
            all: about.detect.all,
            any: about.detect.any,
            map,
        })
    }

    /// Whether a row, as JSON, is of this format.
    pub(crate) fn fits(&self, row: &str) -> bool {
        self.all.iter().all(|s| has(row, s)) && (self.any.is_empty() || self.any.iter().any(|s| has(row, s)))
    }

    /// How much tells it from others.
    fn weight(&self) -> usize {
        self.all.len() + usize::from(!self.any.is_empty())
    }
}

/// Why a file is taken for what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// Index into the formats.
    pub format: usize,
    pub reason: String,
}

/// Every format that ships, with one choice of accounts.
#[derive(Debug, Clone)]
pub struct Formats {
    pub list: Vec<Format>,
    /// The map of what is of no format; it stands behind all.
    own: FieldMap,
    /// Somebody passed it.
    passed: bool,
    /// The format of which somebody passed a map of their own.
    copied: Option<usize>,
}

impl Formats {
    /// Reads the shipped maps; `account` replaces what they cluster.
    ///
    /// # Errors
    /// When a shipped map is broken, which a test excludes.
    pub fn load(account: Option<&str>) -> Result<Self, MapError> {
        Self::with(&FieldMap::generic(), account)
    }

    /// The same where somebody passed a map. One that was copied from a format stands in its place, so that its rows find
    /// their partners.
    pub(crate) fn with(own: &FieldMap, account: Option<&str>) -> Result<Self, MapError> {
        let mut list = SHIPPED.iter().map(|s| Format::read(s, account)).collect::<Result<Vec<Format>, _>>()?;
        let passed = !own.explicit().is_empty();
        let own = account.map_or(own.clone(), |account| own.clone().by_account(account));
        let copied = own.copied().and_then(|title| list.iter().position(|f| f.title == title));
        if let Some(format) = copied {
            list[format].map = own.clone();
        }
        Ok(Self { list, own, passed, copied })
    }

    /// The map that somebody passed.
    pub(crate) fn passed(&self) -> Option<&FieldMap> {
        self.passed.then_some(&self.own)
    }

    /// The map of a format, or the one that stands behind all.
    pub(crate) fn map(&self, format: usize) -> &FieldMap {
        self.list.get(format).map_or(&self.own, |f| &f.map)
    }

    /// What a log with these first rows is read as; `None` for the map that was passed, or the generic one.
    pub(crate) fn told(&self, rows: &[&str]) -> Option<Detected> {
        let found = self.detect(rows);
        match self.copied {
            None if self.passed => None,
            None => found,
            Some(format) => {
                let partner = found.filter(|found| self.family(format).contains(&found.format));
                Some(partner.unwrap_or(Detected {
                    format,
                    reason: "the map that was passed is that of this format, or a copy of it".to_owned(),
                }))
            }
        }
    }

    /// The format of this name.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|f| f.name == name)
    }

    /// The format that most of the first rows fit; of several the one that is told by most.
    pub fn detect(&self, rows: &[&str]) -> Option<Detected> {
        let fitting = |format: &Format| rows.iter().filter(|row| format.fits(row)).count();
        let known = self.list.iter().enumerate().map(|(i, f)| (i, fitting(f), f.weight()));
        let (format, n, _) = known
            .filter(|(_, n, _)| *n > 0 && 2 * n >= rows.len())
            .max_by(|a, b| (a.1, a.2).cmp(&(b.1, b.2)).then(b.0.cmp(&a.0)))?;
        let found = &self.list[format];
        let mut marks: Vec<&str> = found.all.iter().map(String::as_str).collect();
        marks.extend(found.any.iter().map(String::as_str).find(|s| rows.iter().any(|row| has(row, s))));
        let reason = format!("{n} of the first {} rows have {}", rows.len(), marks.join(", "));
        Some(Detected { format, reason })
    }

    /// Whether most of these rows have a time and an account where the map that stands behind all formats looks for them.
    pub(crate) fn reads(&self, rows: &[&str]) -> bool {
        let column = |column: usize, row: &str| {
            let names = members(row).map(|(name, _)| name.trim_matches('"'));
            let mut targets = names.filter_map(|name| self.own.find(name)).flat_map(|slot| self.own.targets(slot));
            targets.any(|target| target.column == column)
        };
        let read = rows.iter().filter(|row| [at::TS, at::ACCOUNT_ID].iter().all(|needed| column(*needed, row)));
        !rows.is_empty() && 2 * read.count() > rows.len()
    }

    /// Formats whose rows can stand in one file with those of `format`: itself, then its partners.
    pub(crate) fn family(&self, format: usize) -> Vec<usize> {
        let family = |i: usize| self.map(i).joined.as_ref().map(|j| j.family.as_str());
        let partners = (0..self.list.len()).filter(|i| *i != format && family(*i).is_some());
        std::iter::once(format).chain(partners.filter(|i| family(*i) == family(format))).collect()
    }

    /// The format that a row of no known one is nearest to, with what it lacks of it; `None` where it shares nothing.
    pub fn nearest(&self, row: &str) -> Option<(&Format, Vec<String>)> {
        let lacking = |f: &Format| f.all.iter().filter(|s| !has(row, s)).cloned().collect::<Vec<_>>();
        let near = self.list.iter().filter(|f| f.role == Role::Calls && !f.all.is_empty()).map(|f| (f, lacking(f)));
        let share = |(f, lacks): &(&Format, Vec<String>)| (f.all.len() - lacks.len()) * 1000 / f.all.len();
        near.filter(|n| share(n) > 0).max_by_key(|n| (share(n), std::cmp::Reverse(n.0.name)))
    }
}

/// A table in Markdown of what each format carries: `docs/formats.md` is this and nothing else.
///
/// # Errors
/// As [`Formats::load`].
pub fn table() -> Result<String, MapError> {
    let mut text = String::from(
        "# What each format carries\n\nMade by `stillhunt formats table`. `+` can be there, `.` never is; time and account \
         always are.\n\n",
    );
    let formats = Formats::load(None)?.list;
    let calls: Vec<&Format> = formats.iter().filter(|f| f.role == Role::Calls).collect();
    let carries = |f: &Format, column: usize| f.map.explicit().iter().any(|(c, _)| *c == column);
    text += &format!("| column | {} |\n", calls.iter().map(|f| f.name).collect::<Vec<_>>().join(" | "));
    text += &format!("|---|{}\n", "---|".repeat(calls.len()));
    for (column, about) in COLUMNS.iter().enumerate() {
        let cells: Vec<&str> = calls.iter().map(|f| if carries(f, column) { "+" } else { "." }).collect();
        text += &format!("| {} | {} |\n", about.name, cells.join(" | "));
    }
    text += "\n| format | what it is | notes | source of the shape |\n|---|---|---|---|\n";
    for f in &formats {
        let notes = match &f.role {
            Role::Calls => f.notes.clone(),
            Role::Facts => format!("Facts of accounts. {}", f.notes),
            Role::Refused(why) => format!("Refused: {why}."),
        };
        text += &format!("| {} | {} | {notes} | {} |\n", f.name, f.title, f.source);
    }
    Ok(text)
}

/// Tables in Markdown of the canonical columns and of those of the account table; they end `docs/maps.md`.
pub fn columns() -> String {
    let table = |columns: &[Column]| {
        let row = |c: &Column| format!("| {} | {} | {} |\n", c.name, c.meaning, c.aliases.join(", "));
        "| column | what it is | usual names |\n|---|---|---|\n".to_owned()
            + &columns.iter().map(row).collect::<String>()
    };
    format!("{}\n## Columns of the account table, beside `account_id`\n\n{}", table(COLUMNS), table(&ACCOUNT_TABLE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_map_is_sound() {
        let formats = Formats::load(None).unwrap();
        for format in &formats.list {
            assert!(!format.title.is_empty() && !format.source.is_empty(), "{}", format.name);
            let calls = format.role == Role::Calls;
            let mapped = format.map.explicit().len();
            assert!(if calls { mapped > 3 } else { mapped == 0 }, "{}", format.name);
        }
    }

    #[test]
    fn the_map_of_a_format_can_be_copied_and_passed_as_ones_own() {
        for shipped in SHIPPED {
            FieldMap::from_toml(shipped.toml).unwrap();
        }
    }

    #[test]
    fn a_format_is_told_by_its_marks_and_says_so() {
        let formats = Formats::load(None).unwrap();
        let row = r#"{"quota":1,"token_name":"t","model_name":"m","use_time":2,"channel":3}"#;
        let found = formats.detect(&[row]).unwrap();
        assert_eq!(formats.list[found.format].name, "new-api");
        assert_eq!(found.reason, "1 of the first 1 rows have quota, token_name, model_name, use_time, channel");
        assert_eq!(formats.detect(&[r#"{"timestamp":1,"account_id":"a"}"#]), None);
        let (near, lacks) = formats.nearest(r#"{"quota":1,"token_name":"t","model_name":"m"}"#).unwrap();
        assert_eq!((near.name, lacks), ("new-api", vec!["use_time".to_owned(), "channel".to_owned()]));
    }
}
