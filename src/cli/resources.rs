//! What a run may take of the machine.

use clap::Args;
use stillhunt::intake::settings::IngestSettings;

/// What a run may take of the machine.
#[derive(Args, Clone, Default)]
pub struct Resources {
    /// Worker threads [default: all CPUs]; results do not depend on it
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Resources")]
    pub threads: Option<usize>,
    /// Memory for reading, e.g. 2G; spills to disk early and stops if exceeded
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Resources")]
    pub memory_limit: Option<u64>,
}

impl Resources {
    /// Sets up the threads. Called once.
    pub fn take(&self) -> anyhow::Result<()> {
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
        }
        Ok(())
    }

    /// Settings of reading within the limit.
    pub fn within(&self, settings: IngestSettings) -> IngestSettings {
        self.memory_limit.map_or(settings.clone(), |limit| settings.within(limit))
    }
}

/// More threads than any machine has processors; thousands of them wait for one another.
const MOST_THREADS: usize = 1_024;

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one thread is needed; leave the option out to use all CPUs".to_owned()),
        Ok(n) if n <= MOST_THREADS => Ok(n),
        _ => Err(format!("expected a whole number from 1 to {MOST_THREADS}")),
    }
}

/// Least memory that reading can do with, bytes.
const LEAST: u64 = 64 << 20;

fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err("expected a whole number followed by K, M, G or T, such as 2G".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "expected a whole number followed by K, M, G or T".to_owned())?;
    number.checked_mul(1 << unit).filter(|n| *n >= LEAST).ok_or_else(|| "minimum is 64M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_threads_hung() {
        assert_eq!((threads("1"), threads("1024")), (Ok(1), Ok(1024)));
        assert!(["0", "1025", "10000", "-1", "x", ""].iter().all(|text| threads(text).is_err()));
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes("2G"), Ok(2 << 30));
        assert_eq!(bytes("700m"), Ok(700 << 20));
        assert_eq!(bytes("134217728"), Ok(1 << 27));
        assert!(["", "G", "2 X", "-1G", "63M", "99999999999T", "2é"].iter().all(|text| bytes(text).is_err()));
    }
}
