//! A file's bytes made requests, piece by piece. Pure: no I/O.

use super::{
    BadLine, Form, Ids, Limits,
    batch::Batch,
    csv::Rows,
    lines::{LineFault, Lines},
    ndjson::{ACTION, check, check_first},
};

/// The longest line, in bytes. With requests on their way, some of them are held at a time.
const LONGEST: usize = 32 << 20;

/// What comes out of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    Batch(Batch),
    Bad(BadLine),
    /// The header of a table is bad, without which no row is a document, or the file is one for `_bulk`.
    BadHeader(BadLine),
}

/// Nothing more comes: a line is bad, or no one wants more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// Reads the documents of one file.
pub struct Reader {
    lines: Lines,
    documents: Documents,
}

/// What lines are made.
struct Documents {
    ids: Ids,
    /// For CSV.
    rows: Option<Rows>,
    skip_bad: bool,
    limits: Limits,
    batch: Batch,
    /// Room for one document, used again.
    document: Vec<u8>,
}

impl Reader {
    /// The documents of a source by this name. Without `skip_bad`, nothing comes after a bad line, and all that was
    /// before it comes first.
    pub fn new(form: Form, source: &str, skip_bad: bool) -> Self {
        let rows = match form {
            Form::Ndjson => None,
            Form::Csv { separator } => Some(Rows::new(separator)),
        };
        let documents = Documents {
            ids: Ids::of(source),
            rows,
            skip_bad,
            limits: Limits::default(),
            batch: Batch::default(),
            document: Vec::new(),
        };
        Self { lines: Lines::new(form, LONGEST), documents }
    }

    /// The number of the line that is next.
    pub fn line(&self) -> u64 {
        self.lines.number()
    }

    /// Has requests of at most so many bytes from now on.
    pub fn limit(&mut self, bytes: usize) {
        self.documents.limits.bytes = bytes;
    }

    /// Reads the next piece.
    ///
    /// # Errors
    /// `each` wants no more, or a line is bad.
    pub fn feed(&mut self, piece: &[u8], each: &mut impl FnMut(Event) -> Result<(), Stopped>) -> Result<(), Stopped> {
        let documents = &mut self.documents;
        self.lines.feed(piece, &mut |number, line| documents.take(number, line, each))
    }

    /// Reads what follows the last line end, and gives out what is left.
    ///
    /// # Errors
    /// As for [`Reader::feed`].
    pub fn end(mut self, each: &mut impl FnMut(Event) -> Result<(), Stopped>) -> Result<(), Stopped> {
        let documents = &mut self.documents;
        self.lines.end(&mut |number, line| documents.take(number, line, each))?;
        self.documents.give(each)
    }

    /// Gives out what is whole of a file that cannot be read to its end.
    ///
    /// # Errors
    /// As for [`Reader::feed`].
    pub fn break_off(mut self, each: &mut impl FnMut(Event) -> Result<(), Stopped>) -> Result<(), Stopped> {
        self.documents.give(each)
    }
}

impl Documents {
    fn take(
        &mut self,
        number: u64,
        line: Result<&[u8], LineFault>,
        each: &mut impl FnMut(Event) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let is_header = self.rows.as_ref().is_some_and(Rows::lacks_header);
        let read = line.map_err(fault).and_then(|line| {
            self.document.clear();
            let text = std::str::from_utf8(line).map_err(|error| {
                format!(
                    "it is not valid UTF-8: byte {} of the line is {:#04x}",
                    error.valid_up_to() + 1,
                    line[error.valid_up_to()]
                )
            })?;
            self.read(number, text).map(|()| line)
        });
        match read {
            Ok(line) if !self.document.is_empty() => {
                if !self.batch.has_room(self.document.len(), self.limits) {
                    self.give(each)?;
                }
                self.batch.push(number, &self.ids.id(number, line), &self.document);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(reason) => {
                let is_header = is_header || reason == ACTION;
                let line = BadLine { number, reason };
                if is_header {
                    each(Event::BadHeader(line))?;
                    return Err(Stopped);
                }
                if self.skip_bad {
                    return each(Event::Bad(line));
                }
                self.give(each)?;
                each(Event::Bad(line))?;
                Err(Stopped)
            }
        }
    }

    /// Makes a line a document, or nothing of one that is blank.
    fn read(&mut self, number: u64, text: &str) -> Result<(), String> {
        match &mut self.rows {
            Some(_) if text.is_empty() => Ok(()),
            Some(rows) if rows.lacks_header() => rows.take_header(text),
            Some(rows) => rows.write(text, &mut self.document),
            None => {
                let text = text.trim_matches([' ', '\t', '\r']);
                if number == 1 {
                    check_first(text)?;
                }
                if !text.is_empty() {
                    check(text)?;
                }
                self.document.extend_from_slice(text.as_bytes());
                Ok(())
            }
        }
    }

    fn give(&mut self, each: &mut impl FnMut(Event) -> Result<(), Stopped>) -> Result<(), Stopped> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() { Ok(()) } else { each(Event::Batch(batch)) }
    }
}

fn fault(fault: LineFault) -> String {
    match fault {
        LineFault::TooLong(longest) => format!("it has more than {} MiB", longest >> 20),
        LineFault::OpenQuote => "the file ends within a cell in quotes that begins in this row".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CSV: Form = Form::Csv { separator: b',' };

    /// What comes out of a file, a line an event.
    fn events(form: Form, skip_bad: bool, limits: Limits, pieces: &[&[u8]]) -> (String, bool) {
        let mut reader = Reader::new(form, "visits", skip_bad);
        reader.documents.limits = limits;
        let mut shown = Vec::new();
        let mut each = |event| {
            shown.push(match event {
                Event::Bad(line) | Event::BadHeader(line) => line.to_string(),
                Event::Batch(batch) => {
                    let lines: Vec<u64> = (0..batch.len()).map(|at| batch.line(at)).collect();
                    let text = String::from_utf8_lossy(batch.body()).into_owned();
                    let documents = text.lines().skip(1).step_by(2).collect::<Vec<_>>().join(" ");
                    format!("lines {lines:?}: {documents}")
                }
            });
            Ok(())
        };
        let mut fed = pieces.iter().map(|piece| reader.feed(piece, &mut each));
        let stopped = fed.any(|fed| fed.is_err());
        let stopped = stopped || reader.end(&mut each).is_err();
        (shown.join("\n"), stopped)
    }

    const BAD: &[u8] = b"{\"n\":1}\n\n{\"n\":}\n[1]\n{\"n\":\xff}\n {\"n\":\t6} \r\n{\n7\n{\"n\":9}";

    #[test]
    fn the_first_bad_line_stops_and_what_is_before_it_comes() {
        let (shown, stopped) = events(Form::Ndjson, false, Limits::default(), &[BAD]);
        insta::assert_snapshot!(shown, @r#"
        lines [1]: {"n":1}
        line 3: it is not valid JSON: expected value at column 6
        "#);
        assert!(stopped);
    }

    #[test]
    fn bad_lines_are_named_and_nothing_else_is_lost() {
        let (shown, stopped) = events(Form::Ndjson, true, Limits::default(), &[BAD]);
        insta::assert_snapshot!(shown, @r#"
        line 3: it is not valid JSON: expected value at column 6
        line 4: it is not a JSON object; `jq -c '.[]'` writes one a line for each of a list
        line 5: it is not valid UTF-8: byte 6 of the line is 0xff
        line 7: it is not valid JSON: EOF while parsing an object at column 1; `jq -c .` writes an object in one line
        line 8: it is not a JSON object
        lines [1, 6, 9]: {"n":1} {"n":	6} {"n":9}
        "#);
        assert!(!stopped);
    }

    #[test]
    fn ragged_rows_are_bad_and_a_bad_header_always_stops() {
        let text = b"n,kind\r\n1,a\r\n2\r\n3,\"b\r\nc\",d\r\n\r\n6,e\r\n";
        let (shown, stopped) = events(CSV, true, Limits::default(), &[text]);
        insta::assert_snapshot!(shown, @r#"
        line 3: the row has 1 cell, and the header has 2
        line 4: the row has 3 cells, and the header has 2
        lines [2, 7]: {"n":1,"kind":"a"} {"n":6,"kind":"e"}
        "#);
        assert!(!stopped);
        let (shown, stopped) = events(CSV, true, Limits::default(), &[b"n,n\n1,2\n"]);
        assert_eq!((shown.as_str(), stopped), ("line 1: the header has the name `n` twice", true));
        let (shown, stopped) = events(CSV, true, Limits::default(), &[b"n,kind\r1,a\r2,b\r"]);
        assert_eq!(
            (shown.as_str(), stopped),
            (r"line 1: its lines end with CR alone; `tr '\r' '\n' < FILE > OTHER` writes it with LF", true)
        );
        let (shown, _) = events(CSV, true, Limits::default(), &[b"n\n1\n\"2\n3\n"]);
        insta::assert_snapshot!(shown, @r#"
        line 3: the file ends within a cell in quotes that begins in this row
        lines [2]: {"n":1}
        "#);
    }

    #[test]
    fn a_file_for_bulk_requests_is_not_loaded_as_documents() {
        let text = b"{\"index\":{\"_id\":\"1\"}}\n{\"n\":1}\n";
        assert_eq!(events(Form::Ndjson, true, Limits::default(), &[text]), (format!("line 1: {ACTION}"), true));
    }

    #[test]
    fn requests_are_no_larger_than_their_limits() {
        let limits = Limits { bytes: 110, documents: 5 };
        let (shown, _) =
            events(Form::Ndjson, false, limits, &[b"{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n"]);
        insta::assert_snapshot!(shown, @r#"
        lines [1, 2]: {"n":1} {"n":2}
        lines [3, 4]: {"n":3} {"n":4}
        lines [5]: {"n":5}
        "#);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn whatever_a_file_holds(bytes in prop::collection::vec(any::<u8>(), 0..200), csv: bool, skip_bad: bool) {
            events(if csv { CSV } else { Form::Ndjson }, skip_bad, Limits::default(), &[&bytes]);
        }

        #[test]
        fn every_line_is_a_document_or_bad(text in "[{}\":,n0-9\n]{0,80}", cut in 0_usize..80) {
            let cut = cut.min(text.len());
            let pieces = [&text.as_bytes()[..cut], &text.as_bytes()[cut..]];
            let whole = events(Form::Ndjson, true, Limits { bytes: 200, documents: 3 }, &[text.as_bytes()]);
            prop_assert_eq!(&events(Form::Ndjson, true, Limits { bytes: 200, documents: 3 }, &pieces), &whole);
            let lines = text.split('\n').filter(|line| !line.trim().is_empty()).count();
            let (bad, batches): (Vec<&str>, Vec<&str>) = whole.0.lines().partition(|line| line.starts_with("line "));
            let documents: usize = batches.iter().map(|line| line.split(']').next().unwrap().split(',').count()).sum();
            prop_assert_eq!(bad.len() + documents, lines);
        }
    }
}
