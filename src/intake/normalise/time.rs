//! Timestamps, whatever their spelling, as µs since the Unix epoch.

/// 2015-01-01T00:00:00Z; anything earlier is no log of a language model but a parsing accident, such as seconds since 2001.
const EARLIEST_US: i64 = 1_420_070_400_000_000;
/// 2100-01-01T00:00:00Z, exclusive.
const LATEST_US: i64 = 4_102_444_800_000_000;

/// The first of January 1970 in ticks of .NET: tenths of µs since the year 1.
const TICKS_1970: i64 = 621_355_968_000_000_000;

/// A time as a log spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// µs since the Unix epoch, UTC.
    pub us: i64,
    /// What the spelling can tell apart, µs, at least 1.
    pub res_us: i64,
    /// A calendar time without a zone, taken as UTC.
    pub zoneless: bool,
}

/// Reads a timestamp.
///
/// RFC 3339 with `T` or a space, with or without seconds, fraction and offset (none means UTC), also with `/` in the date or
/// without any signs (ISO 8601, basic); a bare date (midnight); the time of access logs (`14/Jul/2026:02:13:20 +0000`), of
/// mails (RFC 2822), of C (`Tue Jul 14 02:13:20 2026`) and of Kibana (`Jul 14, 2026 @ 02:13:20.000`); or an epoch in s, ms, µs
/// or ns, or in ticks of .NET, told by its magnitude. Years outside 2015 to 2099 are refused, and so is what has two meanings.
pub fn parse_stamp(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let stamp = match bytes {
        [_, _, _, _, b'-', ..] => parse_calendar(bytes)?,
        [_, _, b'/', ..] => parse_access_log(bytes)?,
        [_, _, _, _, b'/', ..] => parse_calendar(text.replacen('/', "-", 2).as_bytes())?,
        [b'0'..=b'9', .., _] if bytes.get(8) == Some(&b'T') => parse_basic(text)?,
        [b'A'..=b'Z', ..] => parse_named(text)?,
        // A day of one digit, as mails may have it: `3 Aug 2026 00:00:05 +0000`.
        [b'0'..=b'9', b' ', ..] | [b'0'..=b'9', b'0'..=b'9', b' ', ..] => parse_named(text)?,
        _ => return parse_epoch(text),
    };
    in_range(stamp.us).map(|_| stamp)
}

/// How a map says that times are written, where [`parse_stamp`] does not know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// By a pattern of `strftime`.
    Pattern(String),
    /// Days since the 30th of December 1899, as spreadsheets count them.
    Spreadsheet,
}

impl Written {
    /// `None` for what is no pattern.
    pub fn new(pattern: &str) -> Option<Self> {
        if pattern == "excel" {
            return Some(Self::Spreadsheet);
        }
        let mut items = chrono::format::StrftimeItems::new(pattern);
        let known = items.all(|item| item != chrono::format::Item::Error);
        known.then(|| Self::Pattern(pattern.to_owned()))
    }

    /// A time so written; without a zone it is taken as UTC.
    pub fn parse(&self, text: &str) -> Option<Stamp> {
        let text = text.trim();
        let stamp = match self {
            Self::Pattern(pattern) => zoned(chrono::DateTime::parse_from_str(text, pattern).ok(), text)
                .or_else(|| zoneless(chrono::NaiveDateTime::parse_from_str(text, pattern).ok()?, text))?,
            Self::Spreadsheet => {
                let days: f64 = text.parse().ok().filter(|days: &f64| (0.0..1e6).contains(days))?;
                let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
                let day_us = 86_400e6;
                let res_us = (day_us / 10f64.powi(decimals.min(12) as i32)).max(1.0) as i64;
                Stamp { us: ((days - 25_569.0) * day_us).round() as i64, res_us, zoneless: true }
            }
        };
        in_range(stamp.us).map(|_| stamp)
    }
}

/// Unit that a spelling tells apart, µs: that of its decimals of a second, which stand behind a point and two digits or more
/// of the clock.
fn finest(text: &str) -> i64 {
    let decimals = text.rsplit_once(':').and_then(|(_, rest)| rest.get(2..)).and_then(|rest| rest.strip_prefix('.'));
    resolution(decimals.map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count()))
}

fn zoned(time: Option<chrono::DateTime<chrono::FixedOffset>>, text: &str) -> Option<Stamp> {
    time.map(|time| Stamp { us: time.timestamp_micros(), res_us: finest(text), zoneless: false })
}

fn zoneless(time: chrono::NaiveDateTime, text: &str) -> Option<Stamp> {
    Some(Stamp { us: time.and_utc().timestamp_micros(), res_us: finest(text), zoneless: true })
}

/// Times that spell the month: of mails, of C, of Kibana.
fn parse_named(text: &str) -> Option<Stamp> {
    let naive = |pattern| chrono::NaiveDateTime::parse_from_str(text, pattern).ok();
    zoned(chrono::DateTime::parse_from_rfc2822(text).ok(), text).or_else(|| {
        let time = ["%a %b %e %H:%M:%S %Y", "%b %e, %Y @ %H:%M:%S%.f"].into_iter().find_map(naive)?;
        zoneless(time, text)
    })
}

/// `20260714T021320Z`.
fn parse_basic(text: &str) -> Option<Stamp> {
    let (date, clock) = (text.get(..8)?, text.get(9..)?);
    let (hours, minutes, rest) = (clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?);
    let seconds = if rest.starts_with(|c: char| c.is_ascii_digit()) { ":" } else { "" };
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    parse_calendar(format!("{year}-{month}-{day}T{hours}:{minutes}{seconds}{rest}").as_bytes())
}

/// [`parse_stamp`] as µs since the Unix epoch, UTC.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    parse_stamp(text).map(|stamp| stamp.us)
}

/// `14/Jul/2026:02:13:20 +0000`, the `$time_local` of nginx.
fn parse_access_log(bytes: &[u8]) -> Option<Stamp> {
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let month = MONTHS.iter().position(|m| bytes.get(3..6) == Some(*m))? + 1;
    let (year, day) = (digits::<4>(bytes, 7)?, digits::<2>(bytes, 0)?);
    let clock = std::str::from_utf8(bytes.get(12..)?).ok()?;
    parse_calendar(format!("{year:04}-{month:02}-{day:02}T{clock}").as_bytes())
}

/// Coarsest unit that `digits` decimals tell apart, µs.
fn resolution(digits: usize) -> i64 {
    10i64.pow(6u32.saturating_sub(u32::try_from(digits).unwrap_or(6)))
}

/// A time that a log can tell of.
pub(crate) fn in_range(us: i64) -> Option<i64> {
    (EARLIEST_US..LATEST_US).contains(&us).then_some(us)
}

/// Exactly `N` digits as a number.
fn digits<const N: usize>(bytes: &[u8], at: usize) -> Option<i64> {
    let field = bytes.get(at..at + N)?;
    field.iter().try_fold(0i64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn parse_calendar(bytes: &[u8]) -> Option<Stamp> {
    let year = digits::<4>(bytes, 0)?;
    let month = digits::<2>(bytes, 5)?;
    let day = digits::<2>(bytes, 8)?;
    if bytes[7] != b'-' || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * 86_400;
    if bytes.len() == 10 {
        return Some(Stamp { us: midnight * 1_000_000, res_us: 86_400_000_000, zoneless: true });
    }
    if !matches!(bytes[10], b'T' | b't' | b' ') || *bytes.get(13)? != b':' {
        return None;
    }
    let hour = digits::<2>(bytes, 11)?;
    let minute = digits::<2>(bytes, 14)?;
    let mut rest = &bytes[16..];
    let mut second = 0;
    let mut fraction_us = 0;
    let mut res_us = 60_000_000;
    if let [b':', after @ ..] = rest {
        second = digits::<2>(after, 0)?;
        rest = &after[2..];
        res_us = resolution(0);
        if let [b'.' | b',', after @ ..] = rest {
            let count = after.iter().take_while(|b| b.is_ascii_digit()).count();
            if count == 0 {
                return None;
            }
            fraction_us = fraction(&after[..count]);
            res_us = resolution(count);
            rest = &after[count..];
        }
    }
    // 60 is a leap second: it is taken as the first second of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let local = midnight + hour * 3_600 + minute * 60 + second;
    let us = (local - offset_seconds(rest)?) * 1_000_000 + fraction_us;
    Some(Stamp { us, res_us, zoneless: rest.trim_ascii().is_empty() })
}

/// Decimal digits after the point as µs, cut off after the sixth.
fn fraction(digits: &[u8]) -> i64 {
    (0..6).fold(0, |sum, i| sum * 10 + digits.get(i).map_or(0, |b| i64::from(b - b'0')))
}

/// Seconds east of UTC.
fn offset_seconds(zone: &[u8]) -> Option<i64> {
    let zone = zone.trim_ascii();
    let (sign, rest) = match zone {
        b"" | b"Z" | b"z" | b"UTC" | b"GMT" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let hours = digits::<2>(rest, 0)?;
    let minutes = match rest.len() {
        2 => 0,
        4 => digits::<2>(rest, 2)?,
        5 if rest[2] == b':' => digits::<2>(rest, 3)?,
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn parse_epoch(text: &str) -> Option<Stamp> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 19 || !plain(whole) || !plain(decimals) {
        // Such as 1.7e9; exact to the µs only for seconds, as any float is. A spreadsheet that saves milliseconds as
        // 1.78361E+12 has rounded them to hours.
        let value: f64 = text.parse().ok().filter(|v: &f64| v.is_finite())?;
        let (digits, exponent) = text.split_once(['e', 'E'])?;
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let place = 10f64.powi(exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(decimals).ok()?)?);
        let units = [1e6, 1e3, 1.0, 1e-3].into_iter().filter(|unit| (value * unit).abs() < 9e18);
        let (us, unit) = units.into_iter().find_map(|unit| Some((in_range((value * unit).round() as i64)?, unit)))?;
        return Some(Stamp { us, res_us: (place * unit).clamp(1.0, 1e15) as i64, zoneless: false });
    }
    let whole: i64 = whole.parse().ok()?;
    let micro = fraction(decimals.as_bytes());
    let seconds = whole.checked_mul(1_000_000).map(|us| us + micro);
    let millis = whole.checked_mul(1_000).map(|us| us + micro / 1_000);
    let ticks = whole.checked_sub(TICKS_1970).map(|ticks| ticks / 10);
    let units = [
        (seconds, resolution(decimals.len())),
        (millis, 1_000),
        (Some(whole), 1),
        (Some(whole / 1_000), 1),
        (ticks, 1),
    ];
    let (us, res_us) = units.into_iter().find_map(|(us, res)| Some((in_range(us?)?, res)))?;
    Some(Stamp { us, res_us, zoneless: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_instant() {
        let want = Some(1_700_000_000_123_000);
        for text in [
            "2023-11-14T22:13:20.123Z",
            "2023-11-14 22:13:20.123",
            "2023-11-14T23:13:20.123000+01:00",
            "2023-11-14 17:13:20.123-0500",
            "2023-11-14 22:13:20.123 UTC",
            "2023-11-15 00:13:20.123+02",
            "1700000000.123",
            "1700000000123",
            "1700000000123000",
            "1700000000123000000",
            "1.700000000123e9",
            "638355968001230000",
            "2023/11/14 22:13:20.123",
            "20231114T221320.123Z",
            "20231114T231320.123+0100",
            "Nov 14, 2023 @ 22:13:20.123",
        ] {
            assert_eq!(parse_timestamp(text), want, "{text}");
        }
        assert_eq!(parse_timestamp("2024-02-29"), Some(1_709_164_800_000_000));
    }

    #[test]
    fn the_time_of_an_access_log_is_read() {
        let stamp = parse_stamp("14/Jul/2026:04:13:20 +0200").unwrap();
        assert_eq!(stamp, Stamp { us: 1_783_995_200_000_000, res_us: 1_000_000, zoneless: false });
        assert_eq!(parse_stamp("14/Foo/2026:04:13:20 +0200"), None);
        assert_eq!(parse_stamp("14/Jul/2026"), None);
    }

    #[test]
    fn times_that_spell_the_month_are_read() {
        for text in [
            "Tue, 14 Jul 2026 04:13:20 +0200",
            "14 Jul 2026 02:13:20 GMT",
            "Tue Jul 14 02:13:20 2026",
            "Jul 14, 2026 @ 02:13:20",
            "20260714T021320Z",
        ] {
            let stamp = parse_stamp(text).unwrap();
            assert_eq!((stamp.us, stamp.res_us), (1_783_995_200_000_000, 1_000_000), "{text}");
        }
        assert_eq!(parse_stamp("Jul 14, 2026 @ 02:13:20.500").unwrap().res_us, 1_000);
        assert_eq!(parse_stamp("5 Aug 2026 00:00:05 +0000").unwrap().us, 1_785_888_005_000_000);
    }

    #[test]
    fn a_map_says_how_times_are_written() {
        let read = |pattern: &str, text: &str| Written::new(pattern).unwrap().parse(text);
        let american = read("%m/%d/%Y %I:%M:%S %p", "7/14/2026 2:13:20 AM").unwrap();
        assert_eq!(american, Stamp { us: 1_783_995_200_000_000, res_us: 1_000_000, zoneless: true });
        assert_eq!(read("%d.%m.%Y %H:%M:%S %z", "14.07.2026 04:13:20 +0200").unwrap().us, american.us);
        assert_eq!(read("%m/%d/%Y %H:%M:%S", "14/07/2026 02:13:20"), None);
        let cell = read("excel", "46217.0926").unwrap();
        assert!((cell.us - american.us).abs() < cell.res_us && cell.res_us == 8_640_000, "{cell:?}");
        assert_eq!(Written::new("%Q"), None);
    }

    #[test]
    fn times_that_a_spreadsheet_had_rounded_to_hours_passed_for_exact_ones() {
        let stamp = parse_stamp("1.78361E+12").unwrap();
        assert_eq!(stamp.res_us, 10_000_000 * 1_000);
        assert_eq!(parse_stamp("1.700000000123e9").unwrap().res_us, 1_000);
    }

    #[test]
    fn a_stamp_knows_what_it_can_tell_apart_and_whether_it_names_a_zone() {
        for (text, res_us, zoneless) in [
            ("2026-07-14T02:13:20Z", 1_000_000, false),
            ("2026-07-14 02:13:20", 1_000_000, true),
            ("2026-07-14 02:13:20.123", 1_000, true),
            ("2026-07-14T02:13:20.1230000Z", 1, false),
            ("2026-07-14T02:13+02:00", 60_000_000, false),
            ("2026-07-14", 86_400_000_000, true),
            ("1783995200", 1_000_000, false),
            ("1783995200.123", 1_000, false),
            ("1783995200123", 1_000, false),
            ("1783995200123000000", 1, false),
        ] {
            let stamp = parse_stamp(text).unwrap();
            assert_eq!((stamp.res_us, stamp.zoneless), (res_us, zoneless), "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "soon",
            "2014-12-31T23:59:59Z",
            "800000000",
            "2100-01-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-11-14T24:00:00Z",
            "2023-11-14T22:13:20.Z",
            "2023-11-14T22:13:20+1",
            "0",
            "-1",
            "NaN",
            "inf",
            "1e300",
            "99999999999999999999999",
            "2023-",
            "2023-11-14T",
            "2023-1é-14",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_chrono(us in EARLIEST_US..LATEST_US, minutes in -720i32..720) {
            let zone = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
            let at = chrono::DateTime::from_timestamp_micros(us).unwrap();
            prop_assert_eq!(parse_timestamp(&at.with_timezone(&zone).to_rfc3339()), Some(us));
            prop_assert_eq!(parse_timestamp(&us.to_string()), Some(us));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = parse_timestamp(&text);
        }
    }
}
