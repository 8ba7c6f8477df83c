//! Tables: columns that line up, without a frame, so that `awk` can read them. Pure: no I/O.

use std::fmt;

use comfy_table::{CellAlignment, Color, ContentArrangement, presets::NOTHING};

use super::plain;

/// The meaning of a cell, shown as a color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Plain,
    Good,
    Poor,
    Bad,
    Faint,
}

/// The text of a cell, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    mark: Mark,
}

impl Cell {
    #[expect(clippy::needless_pass_by_value, reason = "most values are made for the cell")]
    pub fn new(text: impl ToString, mark: Mark) -> Self {
        Self { text: text.to_string(), mark }
    }

    pub fn plain(text: impl ToString) -> Self {
        Self::new(text, Mark::Plain)
    }

    /// The cell for something that does not exist or is unknown.
    pub fn none() -> Self {
        Self::new("-", Mark::Faint)
    }

    /// A plain cell, or [`Cell::none`] for no text or an empty one.
    pub fn known(text: Option<impl ToString>) -> Self {
        text.map(|text| text.to_string()).filter(|text| !text.is_empty()).map_or_else(Self::none, Self::plain)
    }
}

/// One column of a table whose rows are `R`s: its title, its alignment, and how a row's cell is made.
pub struct Column<R> {
    title: &'static str,
    align: CellAlignment,
    cell: fn(&R) -> Cell,
}

impl<R> Column<R> {
    pub const fn left(title: &'static str, cell: fn(&R) -> Cell) -> Self {
        Self { title, align: CellAlignment::Left, cell }
    }

    /// A column of numbers.
    pub const fn right(title: &'static str, cell: fn(&R) -> Cell) -> Self {
        Self { title, align: CellAlignment::Right, cell }
    }
}

/// Rows below a header. Every row has a cell for every column of the header.
#[derive(Debug)]
pub struct Table {
    table: comfy_table::Table,
}

impl Table {
    /// A table of columns that are known beforehand.
    pub fn of<'a, R: 'a>(
        columns: impl IntoIterator<Item = &'a Column<R>>,
        rows: impl IntoIterator<Item = &'a R>,
    ) -> Self {
        let columns: Vec<&Column<R>> = columns.into_iter().collect();
        let mut table = Self::new(columns.iter().map(|column| column.title));
        for (column, of) in table.table.column_iter_mut().zip(&columns) {
            column.set_cell_alignment(of.align);
        }
        for row in rows {
            table.row(columns.iter().map(|column| (column.cell)(row)));
        }
        table
    }

    pub fn new<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.enforce_styling();
        table.style_text_only();
        table.set_header(header.into_iter().map(comfy_table::Cell::new));
        let mut table = Self { table };
        table.pad();
        table
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.table.add_row(cells.into_iter().map(|Cell { text, mark }| {
            // what comes from outside must not move the cursor
            let cell = comfy_table::Cell::new(plain::line(&text));
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
        struct Row(&'static str, &'static str, Option<&'static str>);
        const COLUMNS: [Column<Row>; 3] = [
            Column::left("CLUSTER", |row| Cell::plain(row.0)),
            Column::right("LINKS", |row| Cell::new(row.1, Mark::Good)),
            Column::left("STATE", |row| Cell::known(row.2)),
        ];
        let rows = [
            Row("cluster01", "7/7", Some("up")),
            Row("cluster02", "10/98", Some("\u{1b}[2Jdown")),
            Row("cluster03", "0/7", None),
        ];
        insta::assert_snapshot!(anstream::adapter::strip_str(&Table::of(&COLUMNS, &rows).to_string()), @r"
        CLUSTER    LINKS  STATE
        cluster01    7/7  up
        cluster02  10/98  [2Jdown
        cluster03    0/7  -
        ");
    }
}
