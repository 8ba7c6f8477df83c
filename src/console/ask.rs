//! The output of `logs`, `es`, `search` and `credentials`. I/O: the terminal.

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use super::{BOLD_RED, BOLD_YELLOW, Cell, Console, Table, plain, styled};
use crate::{
    ask::{
        log_line::{LogLine, Writer},
        search::Found,
    },
    cli::Format,
    mesh::id::{ClusterId, GATEWAY, ServiceKind},
};

/// The colors of services; red and yellow are those of levels.
const COLORS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightGreen,
];
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
/// The characters of a document that are shown to people.
const SHOWN: usize = 500;

/// A line of a log, for programs.
#[derive(Serialize)]
struct LogData<'a> {
    time: &'a str,
    /// `None` for the gateway.
    cluster: Option<ClusterId>,
    service: &'static str,
    level: Option<&'a str>,
    logger: Option<&'a str>,
    message: &'a str,
}

impl Console {
    /// A line of a log; for people, with the name of its writer in `width` columns before it.
    pub fn log(&self, format: Format, writer: Writer, width: usize, at: OffsetDateTime, line: &LogLine) {
        // Docker's own times are in UTC
        let at = at.checked_to_offset(UtcOffset::UTC).unwrap_or(at);
        let time = at.format(&TIME).expect("should be a time with a year of four digits");
        let (cluster, service) = match writer {
            Writer::Service(service) => (Some(service.cluster()), service.kind().word()),
            Writer::Gateway => (None, GATEWAY),
        };
        let data = LogData {
            time: &time,
            cluster,
            service,
            level: line.level.as_deref(),
            logger: line.logger.as_deref(),
            message: &line.text,
        };
        self.show_one_of_many(format, &data, || self.log_for_people(writer, width, &time, line));
    }

    fn log_for_people(&self, writer: Writer, width: usize, time: &str, line: &LogLine) {
        let number = match writer {
            Writer::Service(service) => {
                2 * usize::from(service.cluster().number() - 1) + usize::from(service.kind() == ServiceKind::Kibana)
            }
            Writer::Gateway => COLORS.len() - 1,
        };
        let prefix = styled(COLORS[number % COLORS.len()].on_default(), &format!("{:<width$} |", writer.to_string()));
        let level = line.level.as_deref().map_or_else(String::new, |level| {
            let style = match level {
                "WARN" => BOLD_YELLOW,
                "ERROR" | "FATAL" | "CRITICAL" => BOLD_RED,
                _ => Style::new(),
            };
            styled(style, &format!("{:<5}", plain::line(level))) + " "
        });
        let logger = line.logger.as_deref().map_or_else(String::new, |logger| format!("{logger}: "));
        self.text(&format!("{prefix} {time} {level}{}{}\n", plain::line(&logger), plain::line(&line.text)));
    }

    /// Bytes to stdout: unchanged for a program; a terminal gets printable text that ends with a line break.
    pub fn answer(&self, bytes: &[u8]) {
        if !self.stdout.is_terminal() {
            return self.bytes(bytes);
        }
        let text = plain::lines(&String::from_utf8_lossy(bytes));
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        self.text(&format!("{text}{end}"));
    }

    /// What a search found, cluster by cluster.
    pub fn found(&self, found: &Found) {
        for part in found.clusters.iter().filter(|part| part.is_whole() || part.hits > 0) {
            self.line(&format!("{}: {} {}", part.cluster, part.hits, hits(part.hits)));
            for hit in found.hits.iter().filter(|hit| hit.cluster == part.cluster) {
                let source = plain::line(&hit.source.to_string());
                let end = source.char_indices().nth(SHOWN).map(|(at, _)| at);
                let source = end.map_or(source.clone(), |end| format!("{}…", &source[..end]));
                self.line(&format!("  {}/{}  {source}", plain::line(&hit.index), plain::line(&hit.id)));
            }
        }
        if found.has_no_index() {
            self.note("no cluster that was searched has such an index");
        }
        self.note(&format!("{} {}, {} shown", found.total, hits(found.total), found.hits.len()));
    }

    /// Users with their passwords, and what each is for.
    pub fn users(&self, users: &[(String, String, String)]) {
        let mut table = Table::new(["USER", "PASSWORD", "FOR"]);
        for (user, password, purpose) in users {
            table.row([user, password, purpose].map(Cell::plain));
        }
        self.table(&table);
    }
}

fn hits(count: u64) -> &'static str {
    if count == 1 { "hit" } else { "hits" }
}
