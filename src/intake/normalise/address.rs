//! One address, one spelling: what agrees must not differ by a port, a proxy behind it, or how a socket writes it.

use std::borrow::Cow;
use std::io::Write;
use std::net::{IpAddr, Ipv6Addr};

/// Bytes of the longest address as text (RFC 5952, with a mapped IPv4 address).
const LONGEST: usize = 45;

/// The address of the caller in its canonical spelling (RFC 5952), an IPv6-mapped IPv4 address as IPv4. Of a list, as in
/// `X-Forwarded-For`, the first is meant, the client; a port, brackets and an interface (`%eth0`) are none of it. What is no
/// address, such as a pseudonym, stays as it stands.
pub(crate) fn canonical(text: Cow<'_, str>) -> Cow<'_, str> {
    let first = text.split(',').next().unwrap_or_default().trim();
    let Some(address) = parse(host(first)) else { return text };
    let mut buffer = [0u8; LONGEST];
    let mut rest = buffer.as_mut_slice();
    let written = write!(rest, "{address}").map(|()| LONGEST - rest.len());
    let spelling = written.ok().and_then(|length| std::str::from_utf8(&buffer[..length]).ok());
    match spelling {
        // Nearly every row: nothing is copied.
        Some(spelling) if spelling == text => text,
        Some(spelling) => Cow::Owned(spelling.to_owned()),
        None => text,
    }
}

fn parse(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// An address without its port: `203.0.113.9:443`, `[2001:db8::1]:443`; and without its interface: `fe80::1%eth0`.
pub(crate) fn host(said: &str) -> &str {
    let said = match said.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => match said.split_once(':') {
            Some((address, port)) if !port.contains(':') => address,
            _ => said,
        },
    };
    match said.split_once('%') {
        Some((address, _)) if address.parse::<Ipv6Addr>().is_ok() => address,
        _ => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let owned = canonical(text.to_owned().into()).into_owned();
        assert_eq!(canonical(text.into()), owned);
        owned
    }

    #[test]
    fn one_address_under_two_spellings_was_two() {
        for text in [
            "203.0.113.9",
            "203.0.113.9:54769",
            "::ffff:203.0.113.9",
            "[::ffff:203.0.113.9]:80",
            "203.0.113.9, 10.0.0.1",
        ] {
            assert_eq!(read(text), "203.0.113.9", "{text}");
        }
        for text in ["2001:db8::1", "2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:443", "2001:db8::1%eth0"] {
            assert_eq!(read(text), "2001:db8::1", "{text}");
        }
    }

    #[test]
    fn what_is_no_address_stays_as_it_stands() {
        for text in ["", "pseudonym:17", "203.0.113.*", "a, b", "d41d8cd98f00b204e9800998ecf8427e", "1.2.3"] {
            assert_eq!(read(text), text);
        }
    }
}
