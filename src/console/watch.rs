//! Pictures of a mesh that follow one another. I/O: the terminal.

use super::Console;

/// Moves the cursor to the first row and erases the screen: see `console_codes(4)`.
const CLEAR: &str = "\x1b[H\x1b[2J";

impl Console {
    /// Makes room for a picture that replaces the one before: on a terminal the screen is cleared, elsewhere an empty
    /// line parts them.
    pub fn redraw(&self, first: bool) {
        // not as a text, which has no escapes where no colours are wanted
        self.bytes(before(first, self.stdout.is_terminal() && !self.dumb).as_bytes());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_replaces_another_where_the_terminal_can() {
        assert_eq!([before(true, true), before(false, true)], ["\x1b[H\x1b[2J"; 2]);
        assert_eq!([before(true, false), before(false, false)], ["", "\n"]);
    }
}
