//! Reading that tells where it broke off: of a log of many gigabytes, "input/output error" alone says nothing.

use super::{IngestError, damaged};
use std::fmt;
use std::io::{self, Read};
use std::path::Path;

/// Counts the bytes of a file and puts their number into an error of the system.
pub(super) struct Located<R> {
    inner: R,
    at: u64,
}

/// An error of the system behind the first `at` bytes of a file.
#[derive(Debug)]
struct BrokenOff {
    at: u64,
    source: io::Error,
}

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} behind byte {}", self.source, self.at)
    }
}

impl std::error::Error for BrokenOff {}

impl<R: Read> Located<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, at: 0 }
    }
}

impl<R: Read> Read for Located<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(n) => {
                self.at += n as u64;
                Ok(n)
            }
            // Whoever reads tries again then, and knows it by its kind.
            Err(source) if source.kind() == io::ErrorKind::Interrupted => Err(source),
            Err(source) => Err(io::Error::new(source.kind(), BrokenOff { at: self.at, source })),
        }
    }
}

/// Whether an error is the system's and has its place.
pub(super) fn is_located(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<BrokenOff>())
}

/// What an error behind a [`Located`] file comes to: the system's, with its place, or else damage of what stands in the file.
pub(super) fn failed(path: &Path, error: io::Error) -> IngestError {
    match error.downcast::<BrokenOff>() {
        Ok(BrokenOff { at, source }) => IngestError::BrokenOff { path: path.to_owned(), at, source },
        Err(error) => damaged(path, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::elements::Elements;
    use super::super::jsonl::LineBatches;
    use super::*;

    /// A disk that fails behind its first bytes.
    struct Failing<'a>(&'a [u8]);

    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::from_raw_os_error(5)),
                n => Ok(n),
            }
        }
    }

    fn said(error: io::Error) -> String {
        let error = failed(Path::new("a.log"), error);
        assert!(matches!(error, IngestError::BrokenOff { .. }) && error.exit_code() == 1, "{error}");
        error.to_string()
    }

    #[test]
    fn an_error_in_the_middle_names_its_byte_however_the_bytes_are_packed_and_cut_into_rows() {
        let rows = "{\"account_id\":\"a\",\"n\":1}\n".repeat(4000);
        let gz = {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
            io::Write::write_all(&mut out, rows.as_bytes()).unwrap();
            out.finish().unwrap()
        };
        let zst = zstd::encode_all(rows.as_bytes(), 1).unwrap();
        for bytes in [rows.as_bytes(), &gz, &zst] {
            let held = bytes.len() / 2;
            let reader = || -> Box<dyn Read + '_> {
                let file = Located::new(Failing(&bytes[..held]));
                match bytes[0] {
                    0x1f => Box::new(flate2::read::MultiGzDecoder::new(file)),
                    0x28 => Box::new(zstd::Decoder::new(file).unwrap()),
                    _ => Box::new(file),
                }
            };
            let mut lines = LineBatches::new(reader(), 1000, 1000);
            let by_line = std::iter::from_fn(|| lines.next_batch().transpose()).find_map(Result::err);
            let mut elements = Elements::new(reader(), 1000, 1000);
            let by_element = std::iter::from_fn(|| elements.next_batch().transpose()).find_map(Result::err);
            let by_cell = csv::Reader::from_reader(reader()).byte_records().find_map(Result::err);
            let csv::ErrorKind::Io(by_cell) = by_cell.unwrap().into_kind() else { panic!("no error of reading") };
            for error in [by_line.unwrap(), by_element.unwrap(), by_cell] {
                let said = said(error);
                let expected = format!("a.log cannot be read behind byte {held}: Input/output error");
                assert!(said.starts_with(&expected), "{said}");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_the_bytes_stays_damage() {
        let cut = zstd::encode_all(&b"text"[..], 1).unwrap();
        let mut out = Vec::new();
        let mut decoder = zstd::Decoder::new(Located::new(&cut[..cut.len() - 1])).unwrap();
        let error = decoder.read_to_end(&mut out).unwrap_err();
        assert!(failed(Path::new("a.zst"), error).to_string().contains("is damaged"));
    }
}
