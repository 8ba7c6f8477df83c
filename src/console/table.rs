//! Tables: columns that line up, without a frame, so that `awk` can read them. Pure: no I/O.

use std::fmt;

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, presets::NOTHING};

use super::plain;

/// How a cell is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Plain,
    Good,
    Poor,
    Bad,
    Faint,
}

/// Rows below a header. Every row has a cell for every column of the header.
#[derive(Debug)]
pub struct Table {
    table: comfy_table::Table,
}

impl Table {
    pub fn new(header: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.enforce_styling();
        table.style_text_only();
        table.set_header(header.iter().map(Cell::new));
        let mut table = Self { table };
        table.pad();
        table
    }

    /// Aligns these columns, counted from 0, to the right.
    #[must_use]
    pub fn right(mut self, columns: &[usize]) -> Self {
        for column in columns {
            if let Some(column) = self.table.column_mut(*column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        self
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = (String, Mark)>) {
        self.table.add_row(cells.into_iter().map(|(text, mark)| {
            // what comes from outside must not move the cursor
            let cell = Cell::new(plain::line(&text));
            match mark {
                Mark::Plain => cell,
                Mark::Good => cell.fg(Color::Green),
                Mark::Poor => cell.fg(Color::Yellow),
                Mark::Bad => cell.fg(Color::Red),
                Mark::Faint => cell.fg(Color::DarkGrey),
            }
        }));
        self.pad();
    }

    fn pad(&mut self) {
        for column in self.table.column_iter_mut() {
            column.set_padding((0, 2));
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.table.lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_moves_the_cursor() {
        let mut table = Table::new(&["CLUSTER", "LINKS", "STATE"]).right(&[1]);
        table.row([
            ("cluster01".to_owned(), Mark::Plain),
            ("7/7".to_owned(), Mark::Plain),
            ("up".to_owned(), Mark::Plain),
        ]);
        table.row([
            ("cluster02".to_owned(), Mark::Plain),
            ("10/98".to_owned(), Mark::Plain),
            ("\u{1b}[2Jdown".to_owned(), Mark::Plain),
        ]);
        insta::assert_snapshot!(table.to_string(), @r"
        CLUSTER    LINKS  STATE
        cluster01    7/7  up
        cluster02  10/98  [2Jdown
        ");
    }
}
