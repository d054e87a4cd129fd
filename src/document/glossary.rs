//! Names of signals and numbers as a person reads them. Ids such as `infrastructure.rotation` stay in the files that programs
//! read; sentences, tables and pages take the names from here, so that one thing has one name. A saved case may tell of what this
//! version does not know, so that all is asked for by words.

use crate::document::signal::Signal;

/// Families and layers of evidence, each with its name.
const NAMES: [(&str, &str); 7] = [
    ("behaviour", "client behaviour"),
    ("content", "prompt content"),
    ("identity", "identity (payment, device, phone, e-mail, sign-up)"),
    ("infrastructure", "IP addresses and networks"),
    ("time", "timing"),
    ("evasion", "evasion"),
    ("extraction", "extraction"),
];

/// Kinds of shared objects: what one is, and what several are.
const OBJECTS: [(&str, [&str; 2]); 7] = [
    ("address", ["IP address", "IP addresses"]),
    ("device", ["device", "devices"]),
    ("email", ["e-mail address", "e-mail addresses"]),
    ("email_domain", ["e-mail domain", "e-mail domains"]),
    ("payment", ["payment instrument", "payment instruments"]),
    ("phone", ["phone number", "phone numbers"]),
    ("prefix", ["IP network", "IP networks"]),
];

/// One and several objects of a kind; an unknown one stands for itself.
pub fn objects(kind: &str) -> [&str; 2] {
    OBJECTS.iter().find(|(id, _)| *id == kind).map_or([kind; 2], |(_, words)| *words)
}

/// One of a unit that stands for several, such as `accounts`.
pub fn one_of(unit: &str) -> &str {
    let object = OBJECTS.iter().find(|(_, [_, several])| *several == unit).map(|(_, [one, _])| *one);
    object.or_else(|| unit.strip_suffix('s')).unwrap_or(unit)
}

/// What the rhythm index means.
pub const RHYTHM_INDEX: &str = "1.0 = active at all hours, 1.5 = about eight hours' rest a day";

/// The name of a signal, a family or a layer; an unknown one stands for itself.
pub fn name(signal: &str) -> &str {
    let of_family = || NAMES.iter().find(|(id, _)| *id == signal).map(|(_, name)| *name);
    Signal::of(signal).map(Signal::name).or_else(of_family).unwrap_or(signal)
}

/// What a table calls a signal that counts.
pub fn finding(signal: &str) -> &str {
    Signal::of(signal).and_then(Signal::finding).unwrap_or_else(|| name(signal))
}

/// Whether no single line of a log can show it: it is said of whole accounts, of their number of requests or their hours.
pub fn is_of_whole_accounts(signal: &str) -> bool {
    let of_whole_accounts = [
        Signal::ExtractionGivenOut,
        Signal::ExtractionRhythm,
        Signal::ExtractionSpread,
        Signal::InfrastructureRotation,
        Signal::EvasionRotation,
        Signal::TimeQuota,
        Signal::TimeRoundTheClock,
        Signal::TimeSilence,
        Signal::TimeTurnTaking,
    ];
    Signal::of(signal).is_some_and(|signal| of_whole_accounts.contains(&signal))
}

/// The names of some signals joined as in a sentence, each once.
pub fn named_together<'a>(signals: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for signal in signals {
        if !names.contains(&name(signal)) {
            names.push(name(signal));
        }
    }
    joined(&names)
}

/// `a`, `a and b`, `a, b and c`.
pub fn joined(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A whole number in groups of three: `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A figure with three digits at most before it is cut: whole numbers as such, small ones with two places, tiny ones with an
/// exponent.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let size = value.abs();
    if size >= 1e15 {
        format!("{value:.2e}")
    } else if value == value.trunc() || size >= 99.95 {
        let sign = if value < 0.0 { "-" } else { "" };
        format!("{sign}{}", grouped(size.round() as u64))
    } else if size >= 9.995 {
        format!("{value:.1}")
    } else if size >= 0.01 {
        format!("{value:.2}")
    } else {
        scientific(value)
    }
}

/// `2e-12`, `3.2e-9`.
fn scientific(value: f64) -> String {
    format!("{value:.1e}").replacen(".0e", "e", 1)
}

/// A p-value or q-value with the sign before it, as in `q = 3.2e-9` and `q < 1e-12`: beyond that no digit means anything.
pub fn chance(value: f64) -> String {
    match value {
        v if v < 1e-12 => "< 1e-12".to_owned(),
        v if v > 0.99 => "> 0.99".to_owned(),
        v if v >= 0.1 => format!("= {v:.2}"),
        v if v >= 0.001 => format!("= {v:.3}"),
        v => format!("= {}", scientific(v)),
    }
}

/// The same for a cell of a table, without the equals sign.
pub fn chance_cell(value: f64) -> String {
    chance(value).trim_start_matches("= ").to_owned()
}

/// A share as a percentage. Nearly all is not all, and hardly any is not none.
pub fn percent(share: f64) -> String {
    let rounded = format!("{:.0} %", 100.0 * share);
    let is_whole = share == 0.0 || share == 1.0;
    if !is_whole && ["0 %", "100 %"].contains(&rounded.as_str()) { format!("{:.2} %", 100.0 * share) } else { rounded }
}

/// A membership score; it is never certain.
pub fn membership(value: f64) -> String {
    if value > 0.999 { ">0.999".to_owned() } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_cut_to_what_they_tell() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [1_299.4, 3.04, 0.02, 12.14, 1.0e-9, 99.97, -1_500.0].map(figure),
            ["1,299", "3.04", "0.02", "12.1", "1e-9", "100", "-1,500"]
        );
        assert_eq!(
            [0.0, 1e-30, 3.2e-9, 0.0021, 0.3, 1.0].map(chance),
            ["< 1e-12", "< 1e-12", "= 3.2e-9", "= 0.002", "= 0.30", "> 0.99"]
        );
        assert_eq!([0.0, 0.9999, 1.0, 0.0004, 0.42].map(percent), ["0 %", "99.99 %", "100 %", "0.04 %", "42 %"]);
        assert_eq!([1.0, 0.5].map(membership), [">0.999", "0.500"]);
    }

    #[test]
    fn every_signal_has_one_name_and_names_are_joined_as_in_a_sentence() {
        let ids: Vec<&str> = Signal::ALL.iter().map(|signal| signal.id()).chain(NAMES.map(|(id, _)| id)).collect();
        assert!(ids.iter().all(|id| ids.iter().filter(|other| *other == id).count() == 1));
        assert_eq!(named_together(["identity.cohort", "infrastructure.address"]), "sign-up dates and IP addresses");
        // One name for what two ids tell.
        assert_eq!(named_together(["time.succession", "evasion.succession"]), "closed accounts replaced");
        assert_eq!((name("x.y"), finding("x.y"), finding("time.pivot")), ("x.y", "x.y", "switch to a new model"));
    }
}
