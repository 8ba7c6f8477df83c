//! Rows of CSV made documents by the names of the header. Pure: no I/O.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use crate::mesh::counted::counted;

/// The rows below one header.
pub struct Rows {
    parser: Parser,
    /// The beginnings of fields in a document, such as `"name":`; none before the header was read.
    names: Option<Vec<String>>,
}

/// Cells of a row, with room that is used again.
struct Parser {
    reader: Reader,
    text: Vec<u8>,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
}

impl Parser {
    /// The cells of a row without its end.
    fn cells<'a>(&'a mut self, row: &str) -> impl ExactSizeIterator<Item = &'a str> + Clone {
        self.reader.reset();
        if self.text.len() < row.len() {
            self.text.resize(row.len(), 0);
        }
        let (mut input, mut text, mut cells) = (row.as_bytes(), 0, 0);
        loop {
            let (result, read, written, ended) =
                self.reader.read_record(input, &mut self.text[text..], &mut self.ends[cells..]);
            (input, text, cells) = (&input[read..], text + written, cells + ended);
            match result {
                // an empty input is the end
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2 + 1, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2 + 1, 0),
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        let (text, ends) = (&self.text, &self.ends[..cells]);
        (0..cells).map(move |at| {
            let from = if at == 0 { 0 } else { ends[at - 1] };
            // quotes and separators are ASCII, so what lies between them is text
            std::str::from_utf8(&text[from..ends[at]]).unwrap_or_default()
        })
    }
}

impl Rows {
    pub fn new(separator: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(separator).terminator(Terminator::Any(b'\n')).build();
        Self { parser: Parser { reader, text: Vec::new(), ends: vec![0; 16] }, names: None }
    }

    /// Whether the next row is the header.
    pub fn lacks_header(&self) -> bool {
        self.names.is_none()
    }

    /// Takes a row for the header.
    ///
    /// # Errors
    /// Why its cells cannot be names.
    pub fn take_header(&mut self, row: &str) -> Result<(), String> {
        // all of the file would be its header
        if has_lone_return(row) {
            return Err(r"its lines end with CR alone; `tr '\r' '\n' < FILE > OTHER` writes it with LF".to_owned());
        }
        let cells: Vec<&str> = self.parser.cells(row).map(str::trim).collect();
        if let Some(at) = cells.iter().position(|name| name.is_empty()) {
            return Err(format!("the header has no name for column {}", at + 1));
        }
        if let Some(twice) = cells.iter().enumerate().find_map(|(at, name)| cells[..at].iter().find(|one| *one == name))
        {
            return Err(format!("the header has the name `{twice}` twice"));
        }
        if let [only] = cells[..]
            && only.contains([';', '|', '\t'])
            && row.trim() != format!("\"{}\"", only.replace('"', "\"\""))
        {
            return Err(format!(
                "the header is one name, `{}`: commas separate cells, and tabs where a file's name ends in `.tsv`; \
                 one that is meant so is in quotes",
                only.escape_debug()
            ));
        }
        let begin = |name: &&str| format!("{}:", serde_json::Value::from(*name));
        self.names = Some(cells.iter().map(begin).collect());
        Ok(())
    }

    /// Writes a row as a document; nothing where all its cells are empty.
    ///
    /// # Errors
    /// It has more or fewer cells than the header.
    pub fn write(&mut self, row: &str, into: &mut Vec<u8>) -> Result<(), String> {
        let names = self.names.as_deref().unwrap_or_default();
        let cells = self.parser.cells(row);
        if cells.len() != names.len() {
            return Err(format!("the row has {}, and the header has {}", counted(cells.len(), "cell"), names.len()));
        }
        let mut separator = b'{';
        for (name, cell) in names.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            into.push(separator);
            into.extend_from_slice(name.as_bytes());
            separator = b',';
            match literal(cell) {
                Some(literal) => into.extend_from_slice(literal.as_bytes()),
                None => serde_json::to_writer(&mut *into, cell).expect("should be writable: it is memory"),
            }
        }
        if separator == b',' {
            into.push(b'}');
        }
        Ok(())
    }
}

/// Whether there is a CR before the end of a row that is not the first half of CR LF.
fn has_lone_return(row: &str) -> bool {
    row.trim_end_matches('\r').split('\r').skip(1).any(|rest| !rest.starts_with('\n'))
}

/// A cell as a JSON number or boolean; `None` for a text.
fn literal(cell: &str) -> Option<&str> {
    match cell.len() {
        4 if cell.eq_ignore_ascii_case("true") => Some("true"),
        5 if cell.eq_ignore_ascii_case("false") => Some("false"),
        _ => is_number(cell).then_some(cell),
    }
}

/// Whether a cell is a number as JSON writes them, and one that Elasticsearch can hold: `007` and the digits of a card
/// are texts.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let begins = match digits.as_bytes() {
        [b'0'] => true,
        [b'0', next, ..] => !next.is_ascii_digit(),
        [first, ..] => first.is_ascii_digit(),
        [] => false,
    };
    if !begins || !digits.ends_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return cell.parse::<i64>().is_ok();
    }
    let has_fraction = digits.split_once('.').is_none_or(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    let known = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    known && has_fraction && cell.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn documents(header: &str, rows: &[&str]) -> Vec<Result<String, String>> {
        let mut table = Rows::new(b',');
        table.take_header(header).unwrap();
        let mut one = |row: &&str| {
            let mut into = Vec::new();
            table.write(row, &mut into).map(|()| String::from_utf8(into).unwrap())
        };
        rows.iter().map(&mut one).collect()
    }

    #[test]
    fn cells_are_numbers_booleans_or_texts_and_empty_ones_are_left_out() {
        let found = documents(
            "a, b,\"c \"\"x\"\"\",d",
            &[
                "1,true,x,-0.5",
                "007,FALSE,\"q \"\"r\"\",\ns\",1e5",
                ",,,",
                ",\"\",ü,99999999999999999999",
                "1.,+1,.5,1e999",
                "a,b,c",
                "a,b,c,d,e",
            ],
        );
        insta::assert_snapshot!(found.iter().map(|row| format!("{row:?}")).collect::<Vec<_>>().join("\n"), @r#"
        Ok("{\"a\":1,\"b\":true,\"c \\\"x\\\"\":\"x\",\"d\":-0.5}")
        Ok("{\"a\":\"007\",\"b\":false,\"c \\\"x\\\"\":\"q \\\"r\\\",\\ns\",\"d\":1e5}")
        Ok("")
        Ok("{\"c \\\"x\\\"\":\"ü\",\"d\":\"99999999999999999999\"}")
        Ok("{\"a\":\"1.\",\"b\":\"+1\",\"c \\\"x\\\"\":\".5\",\"d\":\"1e999\"}")
        Err("the row has 3 cells, and the header has 4")
        Err("the row has 5 cells, and the header has 4")
        "#);
    }

    #[test]
    fn a_header_names_every_column_once() {
        let refused = |header: &str| Rows::new(b',').take_header(header).unwrap_err();
        assert_eq!(refused("a,,b"), "the header has no name for column 2");
        assert_eq!(refused("a,b, a"), "the header has the name `a` twice");
        for (row, shown) in [("a;b", "a;b"), ("a\tb", r"a\tb"), ("a|b", "a|b")] {
            let reason = "commas separate cells, and tabs where a file's name ends in `.tsv`; one that is meant so is \
                          in quotes";
            assert_eq!(refused(row), format!("the header is one name, `{shown}`: {reason}"));
        }
        assert_eq!(Rows::new(b',').take_header("a;b,c"), Ok(()));
        assert_eq!(Rows::new(b',').take_header("\"a; b\""), Ok(()), "it is one name");
        let mut tabs = Rows::new(b'\t');
        tabs.take_header("a,b\tc").unwrap();
        let mut into = Vec::new();
        tabs.write("1,5\t2", &mut into).unwrap();
        assert_eq!(into, br#"{"a,b":"1,5","c":2}"#);
    }

    #[test]
    fn a_file_whose_lines_end_with_cr_alone_is_no_header() {
        for row in ["a,b\r1,2\r3,4", "a,b\r,2", "\"a\",\"b\"\r\"1\",\"2\"", "a\r\r1"] {
            let refused = Rows::new(b',').take_header(row).unwrap_err();
            assert_eq!(
                refused, r"its lines end with CR alone; `tr '\r' '\n' < FILE > OTHER` writes it with LF",
                "{row:?}"
            );
        }
        for row in ["a,b", "a,b\r", "a,b\r\r", "\"a\r\nb\",c"] {
            assert_eq!(Rows::new(b',').take_header(row), Ok(()), "{row:?}");
        }
    }

    proptest! {
        #[test]
        fn a_row_of_any_texts_is_a_document_with_them(cells in prop::collection::vec("\\PC{0,8}|[\",\r\n0-9.e+-]{0,6}", 1..40)) {
            let header: Vec<String> = (0..cells.len()).map(|at| format!("f{at}")).collect();
            let row: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            let found = documents(&header.join(","), &[&row.join(",")])[0].clone().unwrap();
            let found: Value = if found.is_empty() { json!({}) } else { serde_json::from_str(&found).unwrap() };
            for (name, cell) in header.iter().zip(&cells) {
                match &found[name] {
                    Value::Null => prop_assert_eq!(cell, ""),
                    Value::String(text) => prop_assert_eq!(text, cell),
                    Value::Bool(is) => prop_assert!(cell.eq_ignore_ascii_case(&is.to_string())),
                    // what reads it here is exact to the last digit but one
                    number => {
                        let (read, written) = (number.as_f64().unwrap(), cell.parse::<f64>().unwrap());
                        prop_assert!((read - written).abs() <= written.abs() * 1e-12, "{cell}: {read}");
                    }
                }
            }
        }

        #[test]
        fn a_number_is_one_of_json(cell in "[0-9.eE+-]{1,8}") {
            if is_number(&cell) {
                prop_assert!(serde_json::from_str::<Value>(&cell).is_ok_and(|value| value.is_number()), "{cell}");
            }
        }
    }
}
