//! The optional table of account facts: who pays, from which device, since when.

use crate::document::visible::visible;
use crate::intake::ingest::{IngestReport, Lines, delimiter};
use crate::intake::normalise::{closest, parse_timestamp, present, whole_id};
use crate::intake::schema::{ACCOUNT_ID, ACCOUNT_TABLE, account_table};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::Deref;
use xxhash_rust::xxh3::xxh3_64;

/// Facts of one account; what the table leaves empty is `None` and equals nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Line of the table on which they stand; `None` of what exports say.
    pub row: Option<u64>,
    pub org_id: Option<String>,
    /// µs since the Unix epoch.
    pub created_us: Option<i64>,
    pub closed_us: Option<i64>,
    pub payment: Option<String>,
    pub device: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub email_domain: Option<String>,
    /// How the local part of the address is built, such as `a5.9` for five letters, a dot and digits; see [`email_shape`].
    pub email_shape: Option<String>,
}

/// The build of an e-mail address's local part: runs of letters become `a` and their number, runs of digits `9` and
/// theirs, other signs stay. Addresses made by one generator share it; the address itself is not kept.
pub fn email_shape(address: &str) -> Option<String> {
    let (local, _) = address.rsplit_once('@')?;
    let class = |c: char| match c {
        c if c.is_alphabetic() => 'a',
        c if c.is_numeric() => '9',
        c => c,
    };
    let mut shape = String::new();
    let mut signs = local.chars().take(64).map(class).peekable();
    while let Some(sign) = signs.next() {
        let mut run = 1;
        while signs.next_if_eq(&sign).is_some() {
            run += 1;
        }
        shape.push(sign);
        if sign == 'a' || sign == '9' {
            shape += &run.to_string();
        }
    }
    (!shape.is_empty()).then_some(shape)
}

/// Domains at which anybody can have an address: to be at one of them ties nobody to anybody.
const PUBLIC_MAIL: [&str; 34] = [
    "126.com",
    "163.com",
    "aol.com",
    "duck.com",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "t-online.de",
    "tutanota.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
    "zoho.com",
];

/// Whether a domain is known to be that of a provider of e-mail for everybody. Of others nothing is known.
pub fn is_public_mail(domain: &str) -> bool {
    PUBLIC_MAIL.binary_search(&domain).is_ok()
}

/// Why the table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("cannot be read: {0}\nhint: the account table is a CSV file with a header line")]
    Csv(#[from] csv::Error),
    #[error(
        "has no column `account_id` (found: {0})\nhint: rename the column that holds the account ids of the logs to `account_id`"
    )]
    NoAccountColumn(String),
}

/// How the sentence begins that says that a table knows no account of the log.
pub const NONE: &str = "NONE";

/// The table as it was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountTable {
    pub facts: BTreeMap<String, Facts>,
    /// What of it could not be used, in sentences.
    pub notes: Vec<String>,
}

impl Deref for AccountTable {
    type Target = BTreeMap<String, Facts>;

    fn deref(&self) -> &Self::Target {
        &self.facts
    }
}

/// Of one column, cells that hold no time.
#[derive(Default)]
struct Unreadable {
    filled: u64,
    unreadable: u64,
    first_line: u64,
}

impl Unreadable {
    fn take(&mut self, cell: Option<String>, line: u64) -> Option<i64> {
        let text = cell?;
        self.filled += 1;
        let time = parse_timestamp(&text);
        if time.is_none() {
            self.unreadable += 1;
            self.first_line = if self.unreadable == 1 { line } else { self.first_line };
        }
        time
    }

    fn note(&self, column: &str) -> Option<String> {
        let Self { filled, unreadable, first_line } = self;
        (*unreadable > 0).then(|| {
            format!(
                "{unreadable} of {filled} values of {column} in the account table are not valid times (first: line {first_line}) and \
                 count as missing; write times as 2026-08-03T00:00:05Z or 2026-08-03."
            )
        })
    }
}

/// Takes what another row says of the same account; true where the two contradict each other. What was contradicted once is
/// never known again, so that the order of rows does not matter.
fn agree<T: PartialEq>(own: &mut Option<T>, other: Option<T>, contradicted: &mut bool) -> bool {
    if *contradicted || other.is_none() {
        return false;
    }
    if own.is_none() {
        *own = other;
    } else if *own != other {
        *own = None;
        *contradicted = true;
    }
    *contradicted
}

impl Facts {
    /// True where another row contradicts this one.
    fn merge(&mut self, other: Self, contradicted: &mut [bool; ACCOUNT_TABLE.len()]) -> bool {
        let [org, created, closed, payment, device, phone, email, domain, shape] = contradicted;
        let found = [
            agree(&mut self.org_id, other.org_id, org),
            agree(&mut self.created_us, other.created_us, created),
            agree(&mut self.closed_us, other.closed_us, closed),
            agree(&mut self.payment, other.payment, payment),
            agree(&mut self.device, other.device, device),
            agree(&mut self.phone, other.phone, phone),
            agree(&mut self.email, other.email, email),
            agree(&mut self.email_domain, other.email_domain, domain),
            agree(&mut self.email_shape, other.email_shape, shape),
        ];
        found.contains(&true)
    }
}

/// Reads `account_id` with any of `org_id, created_at, closed_at, payment_fingerprint, device_id, phone_hash, email_hash,
/// email_domain, email`; of an `email` only its hash, its domain and the build of its local part are kept.
/// Where several rows of one account contradict each other, what they say there is left out. Columns may have the other names of
/// [`ACCOUNT_TABLE`].
///
/// # Errors
/// When it is no CSV, or has no account column.
pub fn read(mut table: impl Read) -> Result<AccountTable, TableError> {
    let mut bytes = Vec::new();
    table.read_to_end(&mut bytes).map_err(csv::Error::from)?;
    let mut csv = csv::ReaderBuilder::new().delimiter(delimiter(&bytes)).from_reader(Lines::new(bytes.as_slice()));
    let name = |h: &str| h.trim_start_matches('\u{feff}').trim().to_owned();
    let header: Vec<String> = csv.headers()?.iter().map(name).collect();
    let (account, columns) = account_table(&header);
    let all = || listed(&header.iter().collect::<Vec<_>>());
    let account = account.ok_or_else(|| TableError::NoAccountColumn(all()))?;
    let read_as = |(place, known): (usize, &'static str)| (&header[place], known);
    let found = ACCOUNT_TABLE.iter().zip(columns).filter_map(|(column, place)| Some((place?, column.name)));
    let found: Vec<(&String, &str)> = [(account, ACCOUNT_ID)].into_iter().chain(found).map(read_as).collect();
    let strange: Vec<&String> = header.iter().filter(|h| !found.iter().any(|(name, _)| name == h)).collect();
    let mut notes = Vec::new();
    if found.len() == 1 {
        let known = ACCOUNT_TABLE.map(|column| column.name).join(", ");
        notes.push(format!(
            "The account table has no column that is known beside the account, so it adds no facts; known are {known}."
        ));
    }
    let other = found.iter().filter(|(name, known)| !name.eq_ignore_ascii_case(known));
    let other: Vec<String> = other.map(|(name, known)| format!("{} as {known}", shown(name))).collect();
    if !other.is_empty() {
        notes.push(format!("Columns of the account table that were read under other names: {}.", other.join(", ")));
    }
    let twice = |name: &&String| header.iter().filter(|h| h == name).count() > 1;
    if let Some(name) = found.iter().map(|(name, _)| *name).find(twice) {
        notes.push(format!("The account table has more than one column {}; the first was read.", shown(name)));
    }
    if !strange.is_empty() {
        notes
            .push(format!("Columns of the account table that were not recognised and not read: {}.", listed(&strange)));
    }
    let mut facts: BTreeMap<String, Facts> = BTreeMap::new();
    let mut contradicted: BTreeMap<String, [bool; ACCOUNT_TABLE.len()]> = BTreeMap::new();
    let (mut created, mut closed) = (Unreadable::default(), Unreadable::default());
    let mut contradiction = None;
    let mut record = csv::StringRecord::new();
    while csv.read_record(&mut record)? {
        let line = record.position().map_or(0, |at| csv.get_ref().of(at.byte()));
        let cell = |i: usize| columns[i].and_then(|c| record.get(c)).and_then(present).map(str::to_owned);
        let Some(id) = record.get(account).and_then(present).map(|id| whole_id(id.into())) else { continue };
        let email = cell(8).map(|e| e.to_lowercase());
        let domain = email.as_deref().and_then(|e| e.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
        let row = Facts {
            row: Some(line),
            org_id: cell(0),
            created_us: created.take(cell(1), line),
            closed_us: closed.take(cell(2), line),
            payment: cell(3),
            device: cell(4),
            phone: cell(5),
            email: cell(6).or(email.as_deref().map(|e| format!("{:016x}", xxh3_64(e.as_bytes())))),
            email_domain: cell(7).map(|d| d.to_lowercase()).or(domain),
            email_shape: email.as_deref().and_then(email_shape),
        };
        let Some(known) = facts.get_mut(id.as_ref()) else {
            facts.insert(id.into_owned(), row);
            continue;
        };
        let mut of = contradicted.get(id.as_ref()).copied().unwrap_or_default();
        if known.merge(row, &mut of) {
            contradiction.get_or_insert(line);
            contradicted.insert(id.into_owned(), of);
        }
    }
    notes.extend([created.note("created_at"), closed.note("closed_at")].into_iter().flatten());
    if let Some(line) = contradiction {
        notes.push(format!(
            "Rows of the account table contradict each other on {} (first: line {line}); the contradictory values were left \
             out.",
            match contradicted.len() {
                1 => "1 account".to_owned(),
                n => format!("{n} accounts"),
            }
        ));
    }
    Ok(AccountTable { facts, notes })
}

/// The name of a column, safe to print and not too long.
fn shown(name: &str) -> String {
    visible(&name.chars().take(40).collect::<String>())
}

/// Names of columns, each with the known one that it may be meant for.
fn listed(names: &[&String]) -> String {
    const MOST: usize = 12;
    let one = |name: &&String| match closest(&name.to_lowercase(), ACCOUNT_TABLE.map(|column| column.name).into_iter())
    {
        Some((known, edits)) if 3 * edits <= known.len() && edits > 0 => {
            format!("{} (did you mean {known}?)", shown(name))
        }
        _ => shown(name),
    };
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    names.iter().take(MOST).map(one).collect::<Vec<_>>().join(", ") + &more
}

impl AccountTable {
    /// How many of the accounts of the log the table knows; where none, what may be the cause. Names no account.
    pub fn held_against<'a>(&self, accounts: impl Iterator<Item = &'a str> + Clone) -> String {
        let met = accounts.clone().filter(|id| self.facts.contains_key(*id)).count();
        let (all, own) = (accounts.clone().count(), self.facts.len());
        if met > 0 || all == 0 {
            let who = if met == all { format!("All {all}") } else { format!("{met} of {all}") };
            return format!("{who} accounts of the log are in the account table, which lists {own}.");
        }
        let alike = |bare: &dyn Fn(&str) -> String| {
            let known: BTreeSet<String> = self.facts.keys().map(|id| bare(id)).collect();
            accounts.clone().filter(|id| known.contains(&bare(id))).count()
        };
        let folded = alike(&|id| id.to_lowercase());
        let without = alike(&|id| id.split_once(['_', '-', ':', '/', '|']).map_or(id, |(_, rest)| rest).to_lowercase());
        let cause = match (folded, without) {
            (0, 0) => String::new(),
            (0, n) => format!(" {n} would match without the part before the first _, -, : or /."),
            (n, _) => format!(" {n} would match if upper and lower case were ignored."),
        };
        format!(
            "{NONE} of {all} accounts of the log is in the account table, which lists {own}: signals that need it cannot be \
             evaluated. Its account_id must be spelt as in the logs.{cause}"
        )
    }
}

/// Adds what usage, audit and compliance exports say of accounts that the logs know; what the table says stays. Notes in
/// the intake how many accounts that are, and how their sums compare with the exports'.
pub fn add_exported(facts: &mut BTreeMap<String, Facts>, read: &mut IngestReport, known: impl Fn(&str) -> bool) {
    let mut met = 0;
    for (account, exported) in read.exported.iter().filter(|(account, _)| known(account)) {
        met += 1;
        let own = facts.entry(account.clone()).or_default();
        own.org_id = own.org_id.take().or_else(|| exported.org_id.clone());
        own.created_us = own.created_us.or(exported.created_us);
        own.closed_us = own.closed_us.or(exported.closed_us);
    }
    if !read.exported.is_empty() {
        let note = format!(
            "Exports have facts on {} accounts or keys; {met} of these are accounts of the logs.",
            read.exported.len()
        );
        read.remark(&[note]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cell_is_absent_and_equals_nothing() {
        let table = "account_id,payment_fingerprint,created_at\na,,2026-01-01T00:00:00Z\nb,pm_1,\n";
        let facts = read(table.as_bytes()).unwrap();
        assert_eq!((&facts["a"].payment, facts["a"].row, facts["b"].row), (&None, Some(2), Some(3)));
        assert_eq!(facts["b"].payment.as_deref(), Some("pm_1"));
        assert!(facts["a"].created_us.is_some() && facts["b"].created_us.is_none());
    }

    #[test]
    fn of_an_address_only_hash_domain_and_build_are_kept() {
        let facts =
            read("account_id,email\na,Mara.Lindt82@Example.org\nb,kari.osten17@example.org\nc,x\n".as_bytes()).unwrap();
        assert_eq!(facts["a"].email_domain.as_deref(), Some("example.org"));
        assert_eq!(facts["a"].email_shape.as_deref(), Some("a4.a592"));
        assert_ne!(facts["a"].email, facts["b"].email);
        assert_eq!(email_shape("kari.osten17@example.org"), facts["b"].email_shape);
        assert_eq!((&facts["c"].email_domain, &facts["c"].email_shape), (&None, &None));
    }

    #[test]
    fn a_row_is_the_line_of_the_table_that_an_editor_shows_whatever_ends_its_lines() {
        let table = "account_id,device_id\na,\"x\ny\"\n\nb,z\n";
        for table in [table.to_owned(), table.replace('\n', "\r\n")] {
            let facts = read(table.as_bytes()).unwrap();
            assert_eq!((facts["a"].row, facts["b"].row), (Some(2), Some(5)), "{table:?}");
        }
    }

    #[test]
    fn public_providers_are_found_in_their_list() {
        assert!(PUBLIC_MAIL.is_sorted() && PUBLIC_MAIL.iter().all(|domain| is_public_mail(domain)));
        assert!(!is_public_mail("example.org"));
    }

    #[test]
    fn a_table_without_accounts_is_refused() {
        assert!(matches!(read("x,y\n1,2\n".as_bytes()), Err(TableError::NoAccountColumn(_))));
    }

    /// A whole log was not read for it.
    #[test]
    fn a_table_of_which_no_column_is_known_is_read_and_said_to_say_nothing() {
        let read = read("account_id,plan\na,pro\n".as_bytes()).unwrap();
        let said = read.notes.join("\n");
        assert!(
            read.len() == 1 && said.contains("adds no facts; known are org_id") && said.contains("not read: plan."),
            "{said}"
        );
    }

    #[test]
    fn columns_under_their_usual_names_are_read_and_said_to_be() {
        let table =
            "User ID,Signup-Date,cardFingerprint,mail_domain,created_at\na,2026-01-02,pm,example.org,2026-01-03\n";
        let read = read(table.as_bytes()).unwrap();
        let facts = &read["a"];
        assert_eq!((facts.payment.as_deref(), facts.email_domain.as_deref()), (Some("pm"), Some("example.org")));
        assert_eq!(facts.created_us, parse_timestamp("2026-01-03"), "its own name goes before another");
        let said = read.notes.join("\n");
        assert!(
            said.contains(
                "User ID as account_id, cardFingerprint as payment_fingerprint, mail_domain as email_domain."
            ),
            "{said}"
        );
        assert!(said.contains("not read: Signup-Date."), "{said}");
    }

    /// It was refused: "beside account_id it has , and none of ...".
    #[test]
    fn a_table_of_accounts_alone_says_nothing_and_is_said_to() {
        let read = read("account_id\na\nb\n".as_bytes()).unwrap();
        assert_eq!(
            (read.len(), read.notes),
            (2, vec!["The account table has no column that is known beside the account, so it adds no facts; known are org_id, created_at, closed_at, payment_fingerprint, device_id, phone_hash, email_hash, email_domain, email.".to_owned()])
        );
    }

    #[test]
    fn what_a_table_held_in_vain_was_silently_absent() {
        let table = "account_id;payment_fingerprnt;created_at;closed_at;plan\n\
            a;pm;03.08.2026;2026-08-03;x\nb;pm;yesterday;;x\nc;pm;2026-08-03;;x\n";
        let read = read(table.as_bytes()).unwrap();
        let said = read.notes.join("\n");
        assert!(said.contains("payment_fingerprnt (did you mean payment_fingerprint?), plan."), "{said}");
        assert!(
            said.contains("2 of 3 values of created_at in the account table are not valid times (first: line 2)"),
            "{said}"
        );
        assert!(!said.contains("closed_at in"), "{said}");
        assert!(read["c"].created_us.is_some() && read["a"].closed_us.is_some());
    }

    #[test]
    fn of_rows_that_contradict_each_other_the_first_counted() {
        let rows = ["a,pm_1,d_1", "a,pm_2,d_1", "a,pm_1,", "b,pm_3,", "b,,d_2"];
        for turn in 0..rows.len() {
            let rows: Vec<&str> = rows.iter().cycle().skip(turn).take(rows.len()).copied().collect();
            let table = format!("account_id,payment_fingerprint,device_id\n{}\n", rows.join("\n"));
            let read = read(table.as_bytes()).unwrap();
            assert_eq!((&read["a"].payment, read["a"].device.as_deref()), (&None, Some("d_1")));
            assert_eq!((read["b"].payment.as_deref(), read["b"].device.as_deref()), (Some("pm_3"), Some("d_2")));
            assert!(read.notes[0].contains("on 1 account (first"), "{:?}", read.notes);
        }
    }

    #[test]
    fn a_table_of_other_accounts_passed_for_one_of_these() {
        let table = |ids: &str| read(format!("account_id,org_id\n{ids}").as_bytes()).unwrap();
        let log = || ["acct_1", "acct_2"].into_iter();
        assert!(table("acct_1,o\nx,o\n").held_against(log()).starts_with("1 of 2 accounts"));
        let upper = table("ACCT_1,o\nACCT_2,o\n").held_against(log());
        assert!(
            upper.starts_with("NONE of 2") && upper.ends_with("2 would match if upper and lower case were ignored."),
            "{upper}"
        );
        assert!(
            table("1,o\n2,o\n")
                .held_against(log())
                .ends_with("2 would match without the part before the first _, -, : or /.")
        );
        assert!(table("x,o\n").held_against(log()).ends_with("as in the logs."));
    }
}
