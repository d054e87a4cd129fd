//! Standard output: what is printed, and how wide.

use super::usage::one_of;
use anyhow::Context;
use clap::Args;
use std::io::{self, IsTerminal, Write};
use stillhunt::document::visible::visible;
use stillhunt::report::terminal::{TerminalOptions, View};

/// Heading of the options that say what is written, and where.
pub const OUTPUT: &str = "Output";

/// What is said when standard output takes nothing more: it is full, or closed.
pub const NO_OUTPUT: &str = "the output cannot be written";

/// Prints a text. Its colours are taken out where they are not wanted.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context(NO_OUTPUT)
}

/// How a summary is laid out.
#[derive(Args, Clone, Copy, Default)]
pub struct Layout {
    /// How much the summary says
    #[arg(long, help_heading = OUTPUT, default_value = "normal", value_parser = one_of::<View>(View::ALL.map(|(word, _)| word)))]
    pub view: View,
    /// Width of the summary in columns, 40 to 200 (default: the terminal's)
    #[arg(long, help_heading = OUTPUT, value_parser = clap::value_parser!(u16).range(40..=200))]
    pub width: Option<u16>,
}

/// What `layout` comes to on this terminal.
pub fn terminal(layout: Layout) -> TerminalOptions {
    let seen = || terminal_size::terminal_size().map_or(100, |(w, _)| usize::from(w.0));
    let width = layout.width.map_or_else(seen, usize::from);
    // anstream strips the colours again where they are not wanted: no terminal, NO_COLOR, a dumb one.
    TerminalOptions { width, colour: io::stdout().is_terminal(), view: layout.view }
}

/// Messages quote cells and names of files: a log must not write to the terminal by way of an error.
pub fn lines_visible(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}
