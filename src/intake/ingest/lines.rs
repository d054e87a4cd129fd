//! On which line of a CSV a record begins, as an editor counts. The reader of CSV says where a record begins, but where lines end
//! with carriage return and line feed that is before the line feed of the line above, and empty lines above count as the
//! record's own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};

/// Ends of lines that were read and stand behind the last record that was asked for.
#[derive(Debug)]
struct Ahead {
    /// Byte, and whether it is a line feed: a carriage return ends no line.
    ends: VecDeque<(u64, bool)>,
    /// Line that the next of them ends.
    line: u64,
    /// Byte behind those that were counted: more of the same run of them may be read later.
    behind: u64,
}

/// Bytes on their way to a reader of CSV.
#[derive(Debug)]
pub struct Lines<R> {
    inner: R,
    read: u64,
    ahead: RefCell<Ahead>,
}

impl<R> Lines<R> {
    /// Around bytes of which none was read.
    pub fn new(inner: R) -> Self {
        Self { inner, read: 0, ahead: RefCell::new(Ahead { ends: VecDeque::new(), line: 1, behind: 0 }) }
    }

    /// The line, counted from 1, of the record that the reader found from this byte on. To be asked of records in their order.
    pub fn of(&self, byte: u64) -> u64 {
        let mut ahead = self.ahead.borrow_mut();
        let mut byte = byte.max(ahead.behind);
        while let Some((at, feeds)) = ahead.ends.front().copied().filter(|(at, _)| *at <= byte) {
            ahead.ends.pop_front();
            ahead.line += u64::from(feeds);
            // What ends a line at the very place is none of the record's.
            byte += u64::from(at == byte);
        }
        ahead.behind = byte;
        ahead.line
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let ends = memchr::memchr2_iter(b'\r', b'\n', &buffer[..n]);
        let ends = ends.map(|at| (self.read + at as u64, buffer[at] == b'\n'));
        self.ahead.get_mut().ends.extend(ends);
        self.read += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(table: &str) -> Vec<(String, u64)> {
        let mut csv =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Lines::new(table.as_bytes()));
        let mut record = csv::StringRecord::new();
        let mut found = Vec::new();
        while csv.read_record(&mut record).unwrap() {
            found.push((record[0].to_owned(), csv.get_ref().of(record.position().unwrap().byte())));
        }
        found
    }

    #[test]
    fn a_record_stands_on_the_line_that_an_editor_shows_whatever_ends_a_line() {
        let table = "id,x\na,1\n\nb,\"2\n3\"\nc,4\n\n\nd,5";
        let expected = [("id", 1), ("a", 2), ("b", 4), ("c", 6), ("d", 9)].map(|(id, line)| (id.to_owned(), line));
        assert_eq!(lines_of(table), expected);
        assert_eq!(lines_of(&table.replace('\n', "\r\n")), expected);
        // More than the reader holds at once.
        let long: String = (0..5_000).map(|n| format!("{n},\"x\r\ny\"\r\n")).collect();
        assert!(lines_of(&long).into_iter().zip(0u64..).all(|((_, line), n)| line == 2 * n + 1));
    }
}
