//! How links are shown: the matrix, and the reasons below it. I/O: the terminal.

use std::time::Duration;

use super::{Console, Mark, Table, duration, plain};
use crate::{
    mesh::{Mesh, id::ClusterId},
    plan::{counted::counted, verify::Report},
};

impl Console {
    /// The links as a matrix: a row a cluster, a column a remote.
    pub fn matrix(&self, mesh: &Mesh, is_up: impl Fn(ClusterId, ClusterId) -> bool) {
        let names: Vec<String> = mesh.clusters().map(|cluster| format!("{:02}", cluster.number())).collect();
        let header: Vec<&str> = std::iter::once("FROM \\ TO").chain(names.iter().map(String::as_str)).collect();
        let mut table = Table::new(&header);
        for from in mesh.clusters() {
            let cells = mesh.clusters().map(|to| {
                if !mesh.searchable(from).any(|remote| remote == to) {
                    ("·".to_owned(), Mark::Faint)
                } else if is_up(from, to) {
                    ("✓".to_owned(), Mark::Good)
                } else {
                    ("✗".to_owned(), Mark::Bad)
                }
            });
            table.row(std::iter::once((from.to_string(), Mark::Plain)).chain(cells));
        }
        self.table(&table);
    }

    /// What was found out about every link: the matrix, each link that is down with its cause and its remedy, the sum.
    pub fn judgements(&self, mesh: &Mesh, report: &Report, took: Duration) {
        self.matrix(mesh, |from, to| report.links.iter().any(|link| link.from == from && link.to == to && link.up));
        self.line("");
        let down: Vec<_> = report.links.iter().filter(|link| !link.up).collect();
        for link in &down {
            let (message, remedy) = match &link.cause {
                Some(cause) => (cause.message.as_str(), cause.remedy.as_str()),
                None => {
                    ("nothing failed, and nothing proves it", "`mesh verify -o json` shows what could not be tried")
                }
            };
            self.line(&format!("{} → {}: {}", link.from, link.to, plain::line(message)));
            self.line(&format!("  hint: {}", self.same_mesh.in_text(remedy)));
        }
        let (all, took) = (report.links.len(), duration(took));
        match down.len() {
            0 if all == 0 && report.up => self.line("the cluster answers; one alone has no links"),
            0 if all == 0 => self.line(&self.same_mesh.in_text("the cluster does not answer\n  hint: `mesh status`")),
            0 => self.line(&format!("{} proved, each by a document found over it ({took})", counted(all, "link"))),
            down => self.line(&format!("\nlinks that are down: {down} of {all} ({took})")),
        }
    }
}
