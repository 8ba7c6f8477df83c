//! What `mesh doctor` found, for people and for programs. I/O: the terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{
    Console, plain, styled,
    table::{Cell, Column, Table},
};
use crate::{
    cli::Format,
    judge::check::{LineResult, Passage, Report},
};

static PASSAGES: &[Column<Passage>] = &[
    Column::left("CLUSTER", |it| Cell::plain(&it.cluster)),
    Column::left("FROM", |it| Cell::plain(&it.from)),
    Column::left("TO", |it| Cell::plain(&it.to)),
];

impl Console {
    pub fn checks(&self, report: &Report, format: Format) {
        self.report(format, report, || self.text(&self.same_mesh.in_text(&text(report))));
    }
}

/// A line a result, and the remedy below it.
fn text(report: &Report) -> String {
    let width = report.checks.iter().map(|line| line.check.len()).max().unwrap_or_default();
    let checks = report.checks.iter().fold(String::new(), |mut text, line| {
        let (color, sign) = match line.result {
            LineResult::Ok => (AnsiColor::Green, "✓"),
            LineResult::Warning => (AnsiColor::Yellow, "!"),
            LineResult::Problem => (AnsiColor::Red, "✗"),
            LineResult::Unchecked => (AnsiColor::BrightBlack, "-"),
        };
        let sign = styled(Style::new().fg_color(Some(color.into())), sign);
        let _ = writeln!(text, "{sign} {:width$}  {}", line.check, plain::line(&line.message));
        if let Some(remedy) = &line.remedy {
            let _ = writeln!(text, "  {:width$}  hint: {}", "", plain::line(remedy));
        }
        text
    });
    if report.firewall.is_empty() {
        return checks;
    }
    format!("{checks}\nFirewalls have to let through, by TCP:\n{}", Table::of(PASSAGES, &report.firewall))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::check::{Checked, Finding, Verdict},
        mesh::Mesh,
    };

    #[test]
    fn results_line_up_with_their_remedies_below() {
        let found = |finding| Verdict::Found(vec![finding]);
        let checks = [
            ("docker", found(Finding::problem("Docker is not running", "start it"))),
            ("cgroup", Verdict::Unknown("Docker cannot be asked".to_owned())),
            ("max_map_count", found(Finding::warning("too \u{1b}[2Jlow", "raise it"))),
            ("disk", Verdict::Good("roomy".to_owned())),
        ];
        let checks = checks.map(|(check, verdict)| Checked { check, verdict });
        let report = Report::new(&Mesh::example(2), checks.into());
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(&report)), @r"
        ✗ docker         Docker is not running
                         hint: start it
        - cgroup         not checked: Docker cannot be asked
        ! max_map_count  too [2Jlow
                         hint: raise it
        ✓ disk           roomy
        ");
    }
}
