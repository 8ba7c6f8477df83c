//! Pictures of a mesh that follow one another. I/O: the terminal.

use serde::Serialize;

use super::Console;
use crate::cli::Format;

/// Moves the cursor to the first row and erases the screen: see `console_codes(4)`.
const CLEAR: &str = "\x1b[H\x1b[2J";

impl Console {
    /// Makes room for a picture that replaces the one before: on a terminal the screen is cleared, elsewhere an empty
    /// line parts them.
    pub fn redraw(&self, first: bool) {
        // not as a text, which has no escapes where no colors are wanted
        self.bytes(before(first, self.stdout.is_terminal() && !self.dumb).as_bytes());
    }

    /// One of many reports to stdout, as [`Console::report`] does, as a stream that programs can split.
    pub fn report_one_of_many(&self, format: Format, report: &impl Serialize, table: impl FnOnce()) {
        self.text(mark(format));
        self.report(format, report, table);
    }
}

/// What stands before a picture.
fn before(first: bool, replaces: bool) -> &'static str {
    match (first, replaces) {
        (_, true) => CLEAR,
        (true, false) => "",
        (false, false) => "\n",
    }
}

/// What a document begins with. One of JSON needs nothing to be known from the next.
fn mark(format: Format) -> &'static str {
    match format {
        Format::Yaml => "---\n",
        Format::Json | Format::Table | Format::Wide => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_replaces_another_where_the_terminal_can() {
        assert_eq!([before(true, true), before(false, true)], ["\x1b[H\x1b[2J"; 2]);
        assert_eq!([before(true, false), before(false, false)], ["", "\n"]);
    }

    #[test]
    fn documents_that_follow_one_another_can_be_split() {
        let look = |first: bool| format!("{}{}version: 1\n", before(first, false), mark(Format::Yaml));
        assert_eq!([look(true), look(false)].concat(), "---\nversion: 1\n\n---\nversion: 1\n");
        assert_eq!([Format::Json, Format::Table, Format::Wide].map(mark), [""; 3]);
    }
}
