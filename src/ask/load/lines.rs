//! Lines out of pieces of a file, wherever the pieces end. Pure: no I/O.

use memchr::memchr;

use super::Form;

/// The mark that some programs write at the beginning of a text.
const BOM: [u8; 3] = *b"\xef\xbb\xbf";

/// A line that is not given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFault {
    /// It has more than this many bytes.
    TooLong(usize),
    /// The file ends within a quoted cell.
    OpenQuote,
}

/// The lines of a file, without their ends. For CSV, the lines of one row are one line, whose cells may hold line ends.
#[derive(Debug)]
pub struct Lines {
    longest: usize,
    /// The number of the line that is next.
    number: u64,
    /// The beginning of that line.
    held: Vec<u8>,
    /// That line is too long, and what comes of it is left out.
    skipping: bool,
    /// How much of [`BOM`] was read; 3 also where there is none.
    begun: usize,
    /// For CSV.
    row: Option<Row>,
}

/// Where in a row of CSV the reader is.
#[derive(Debug)]
struct Row {
    separator: u8,
    at: Place,
    /// Line ends within its cells.
    ends: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A quote begins a quoted cell only here.
    CellStart,
    Plain,
    Quoted,
    /// After a quote in a quoted cell: that cell's end, or the first of two that stand for one.
    Quote,
}

impl Row {
    fn new(separator: u8) -> Self {
        Self { separator, at: Place::CellStart, ends: 0 }
    }

    /// Where the row ends.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            self.at = match (self.at, *byte) {
                (Place::Quoted, b'"') => Place::Quote,
                (Place::Quoted, byte) => {
                    self.ends += u64::from(byte == b'\n');
                    Place::Quoted
                }
                (_, b'\n') => return Some(at),
                (_, byte) if byte == self.separator => Place::CellStart,
                (Place::CellStart | Place::Quote, b'"') => Place::Quoted,
                _ => Place::Plain,
            };
        }
        None
    }
}

impl Lines {
    /// Lines of at most `longest` bytes.
    pub fn new(form: Form, longest: usize) -> Self {
        let row = match form {
            Form::Ndjson => None,
            Form::Csv { separator } => Some(Row::new(separator)),
        };
        Self { longest, number: 1, held: Vec::new(), skipping: false, begun: 0, row }
    }

    /// The number of the line that is next.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Gives out the lines that end in the next piece of the file, with their numbers. A line that is too long is
    /// reported as soon as that is known, and never held.
    ///
    /// # Errors
    /// Whatever `each` ends with; nothing more is given out then.
    pub fn feed<E>(
        &mut self,
        piece: &[u8],
        each: &mut impl FnMut(u64, Result<&[u8], LineFault>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = self.after_mark(piece);
        while !rest.is_empty() {
            let end = match &mut self.row {
                None => memchr(b'\n', rest),
                Some(row) => row.end(rest),
            };
            let part = &rest[..end.unwrap_or(rest.len())];
            let fits = self.held.len() + part.len() <= self.longest;
            if !self.skipping && !fits {
                self.skipping = true;
                self.held = Vec::new();
                each(self.number, Err(LineFault::TooLong(self.longest)))?;
            }
            let Some(end) = end else {
                if !self.skipping {
                    self.held.extend_from_slice(part);
                }
                return Ok(());
            };
            rest = &rest[end + 1..];
            let number = self.number;
            self.number += 1 + self.row.as_ref().map_or(0, |row| row.ends);
            if let Some(row) = &mut self.row {
                *row = Row::new(row.separator);
            }
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if self.held.is_empty() {
                each(number, Ok(without_return(part)))?;
            } else {
                self.held.extend_from_slice(part);
                let given = each(number, Ok(without_return(&self.held)));
                self.held.clear();
                given?;
            }
        }
        Ok(())
    }

    /// Gives out what follows the last line end.
    ///
    /// # Errors
    /// Whatever `each` ends with.
    pub fn end<E>(self, each: &mut impl FnMut(u64, Result<&[u8], LineFault>) -> Result<(), E>) -> Result<(), E> {
        if self.skipping {
            return Ok(());
        }
        if self.row.is_some_and(|row| row.at == Place::Quoted) {
            return each(self.number, Err(LineFault::OpenQuote));
        }
        if self.held.is_empty() { Ok(()) } else { each(self.number, Ok(without_return(&self.held))) }
    }

    fn after_mark<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let mut rest = piece;
        while self.begun < BOM.len() {
            match rest.split_first() {
                None => break,
                Some((first, after)) if *first == BOM[self.begun] => {
                    self.begun += 1;
                    rest = after;
                }
                Some(_) => {
                    // what looked like the mark was text
                    self.held.extend_from_slice(&BOM[..self.begun]);
                    self.begun = BOM.len();
                }
            }
        }
        rest
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CSV: Form = Form::Csv { separator: b',' };

    type Given = (u64, Result<String, LineFault>);

    fn given(form: Form, longest: usize, pieces: &[&[u8]]) -> Vec<Given> {
        let mut found = Vec::new();
        let mut lines = Lines::new(form, longest);
        let mut each = |number, line: Result<&[u8], LineFault>| {
            found.push((number, line.map(|line| String::from_utf8_lossy(line).into_owned())));
            Ok::<(), ()>(())
        };
        for piece in pieces {
            lines.feed(piece, &mut each).unwrap();
        }
        lines.end(&mut each).unwrap();
        found
    }

    fn line(number: u64, text: &str) -> Given {
        (number, Ok(text.to_owned()))
    }

    #[test]
    fn lines_end_as_unix_and_windows_end_them() {
        let text = b"\xef\xbb\xbfa\r\n\nb\rc\nd";
        let lines = [line(1, "a"), line(2, ""), line(3, "b\rc"), line(4, "d")];
        assert_eq!(given(Form::Ndjson, 100, &[text]), lines);
        assert_eq!(given(Form::Ndjson, 100, &[b"\xef\xbbx\n"]), [(1, Ok("\u{fffd}x".to_owned()))]);
        assert_eq!(given(Form::Ndjson, 100, &[b""]), []);
    }

    #[test]
    fn a_row_of_csv_may_have_several_lines() {
        let text = b"\xef\xbb\xbf\"a\n1\",b\r\nx,5\" pipe\n\"he says \"\"\n\"\"\",\"\"\n\"x\"y\"\nz\n";
        let rows =
            [line(1, "\"a\n1\",b"), line(3, "x,5\" pipe"), line(4, "\"he says \"\"\n\"\"\",\"\""), line(6, "\"x\"y\"")];
        assert_eq!(given(CSV, 100, &[text])[..4], rows);
        assert_eq!(given(CSV, 100, &[b"a\n\"b\nc\n"]), [line(1, "a"), (2, Err(LineFault::OpenQuote))]);
    }

    #[test]
    fn a_line_that_is_too_long_is_not_held() {
        let mut lines = Lines::new(Form::Ndjson, 4);
        let mut faults = Vec::new();
        let mut each = |number, line: Result<&[u8], LineFault>| {
            faults.push((number, line.err()));
            Ok::<(), ()>(())
        };
        for piece in [&b"abcd\nabc"[..], b"de", b"fgh", b"\nx\n"] {
            lines.feed(piece, &mut each).unwrap();
            assert!(lines.held.capacity() <= 16);
        }
        assert_eq!(faults, [(1, None), (2, Some(LineFault::TooLong(4))), (3, None)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn lines_are_the_same_wherever_pieces_end(
            text in "(\u{feff})?[ab,\"\r\n]{0,40}",
            cuts in prop::collection::vec(0_usize..50, 0..6),
            longest in 1_usize..12,
            csv: bool,
        ) {
            let form = if csv { CSV } else { Form::Ndjson };
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            prop_assert_eq!(given(form, longest, &pieces), given(form, longest, &[bytes]));
        }

        #[test]
        fn nothing_is_lost_between_lines(text in "[^\u{feff}]{0,60}") {
            let all: Vec<String> = given(Form::Ndjson, 1_000, &[text.as_bytes()]).into_iter().map(|(_, line)| line.unwrap()).collect();
            let expected: Vec<&str> = text.strip_suffix('\n').unwrap_or(&text).split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
            prop_assert_eq!(all, if text.is_empty() { Vec::new() } else { expected });
        }
    }
}
