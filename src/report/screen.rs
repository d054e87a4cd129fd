//! A page of a terminal: lines that are wrapped, styled and made safe to print.

use super::escape::{columns, truncate, truncate_start, visible};
use anstyle::Style;
use std::fmt::Write;

/// Lines of text, never wider than asked for and safe to print.
pub(super) struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    /// An empty page, within 40 to 200 columns.
    pub fn new(width: usize, colour: bool) -> Self {
        Self { out: String::new(), width: width.clamp(40, 200), colour }
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }

    /// One line as it is, blanks and all; what has no room is cut.
    pub fn line(&mut self, indent: usize, style: Style, text: &str) {
        let text = truncate(&visible(text), self.width.saturating_sub(indent));
        let style = if self.colour { style } else { Style::new() };
        let _ = writeln!(self.out, "{:indent$}{style}{text}{style:#}", "");
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// A label and a text beside it, whose further lines begin where its first does; below it where there is little room.
    pub fn hanging(&mut self, indent: usize, room: usize, label: &str, text: &str) {
        let bold = Style::new().bold();
        if self.width < 60 {
            if !label.is_empty() {
                self.styled(indent, bold, label);
            }
            return self.paragraph(indent + 2, text);
        }
        let before = self.out.len();
        self.paragraph(indent + room, text);
        // Laid over the blanks of the first line.
        let colour = if self.colour { bold } else { Style::new() };
        let pad = room.saturating_sub(columns(label));
        let start = format!("{:indent$}{colour}{label}{colour:#}{:pad$}", "", "");
        self.out.replace_range(before..before + indent + room, &start);
    }

    pub fn paragraph(&mut self, indent: usize, text: &str) {
        self.styled(indent, Style::new(), text);
    }

    /// Breaks at blanks; words longer than a line are cut.
    pub fn styled(&mut self, indent: usize, style: Style, text: &str) {
        let room = self.width.saturating_sub(indent);
        let mut line = String::new();
        for word in visible(text).split(' ') {
            if !line.is_empty() && columns(&line) + 1 + columns(word) > room {
                self.line(indent, style, &line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(indent, style, &line);
    }

    /// A place in the log with its account: on two lines where one has no room, and a long path is cut at its start,
    /// for without the line number nobody finds the line.
    pub fn place(&mut self, indent: usize, place: &str, account: &str) {
        let room = self.width.saturating_sub(indent);
        let (place, account) = (visible(place), visible(account));
        if columns(&place) + 2 + columns(&account) <= room {
            self.line(indent, Style::new(), &format!("{place}  {account}"));
        } else {
            self.line(indent, Style::new(), &truncate_start(&place, room));
            self.line(indent + 2, Style::new(), &account);
        }
    }

    pub fn blank(&mut self) {
        self.out.push('\n');
    }
}
