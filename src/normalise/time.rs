//! Timestamps, whatever their spelling, as µs since the Unix epoch.

/// 1990-01-01T00:00:00Z; anything earlier is no log of a language model but a parsing accident.
const EARLIEST_US: i64 = 631_152_000_000_000;
/// 2100-01-01T00:00:00Z, exclusive.
const LATEST_US: i64 = 4_102_444_800_000_000;

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
/// RFC 3339 with `T` or a space, with or without seconds, fraction and offset (none means UTC), a bare
/// date (midnight), the time of access logs (`14/Jul/2026:02:13:20 +0000`), or an epoch in s, ms, µs or ns told by its
/// magnitude. Years outside 1990 to 2099 are refused.
pub fn parse_stamp(text: &str) -> Option<Stamp> {
    let bytes = text.trim().as_bytes();
    let stamp = match bytes {
        [_, _, _, _, b'-', ..] => parse_calendar(bytes)?,
        [_, _, b'/', ..] => parse_access_log(bytes)?,
        _ => return parse_epoch(std::str::from_utf8(bytes).ok()?),
    };
    in_range(stamp.us).map(|_| stamp)
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
        // Such as 1.7e9; exact to the µs only for seconds, as any float is.
        let value: f64 = text.parse().ok().filter(|v: &f64| v.is_finite())?;
        let scaled = [1e6, 1e3, 1.0, 1e-3].into_iter().map(|unit| (value * unit).round());
        let us = scaled.filter(|us| us.abs() < 9e18).find_map(|us| in_range(us as i64))?;
        return Some(Stamp { us, res_us: 1, zoneless: false });
    }
    let whole: i64 = whole.parse().ok()?;
    let micro = fraction(decimals.as_bytes());
    let seconds = whole.checked_mul(1_000_000).map(|us| us + micro);
    let millis = whole.checked_mul(1_000).map(|us| us + micro / 1_000);
    let units = [(seconds, resolution(decimals.len())), (millis, 1_000), (Some(whole), 1), (Some(whole / 1_000), 1)];
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
            "1989-12-31T23:59:59Z",
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
