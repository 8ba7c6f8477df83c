//! Links: the matrix, and below it the reasons for those that are down. I/O: the terminal.

use std::time::Duration;

use super::{Cell, Console, Mark, Table, duration, plain};
use crate::{
    judge::{
        scope::Scope,
        verify::{LinkState, Report},
    },
    mesh::{Mesh, counted::counted, id::ClusterId, links::Link},
};

impl Console {
    /// The links of a scope as a matrix: a row a cluster, a column a remote; `–` where no link is wanted, nothing where
    /// one is not in the scope.
    pub fn matrix(&self, mesh: &Mesh, scope: Scope, state: impl Fn(Link) -> LinkState) {
        let clusters: Vec<ClusterId> = scope.neighborhood(mesh).collect();
        let names: Vec<String> = clusters.iter().map(|cluster| format!("{:02}", cluster.number())).collect();
        let mut table = Table::new(std::iter::once("FROM \\ TO").chain(names.iter().map(String::as_str)));
        for &from in &clusters {
            let cells = clusters.iter().map(|&to| {
                let link = Link { from, to };
                if !scope.has_link(link) {
                    Cell::plain("")
                } else if from != to && !mesh.has_link(link) {
                    Cell::new("–", Mark::Faint)
                } else if mesh.searchable(from).any(|remote| remote == to) {
                    match state(link) {
                        LinkState::Up => Cell::new("✓", Mark::Good),
                        LinkState::Down => Cell::new("✗", Mark::Bad),
                        LinkState::Untried => Cell::new("?", Mark::Poor),
                    }
                } else {
                    Cell::new("·", Mark::Faint)
                }
            });
            table.row(std::iter::once(Cell::plain(from)).chain(cells));
        }
        self.table(&table);
    }

    /// What was found out about every link: the matrix, each link that is not up with its cause and its remedy, the
    /// sum.
    pub fn judgements(&self, mesh: &Mesh, scope: Scope, report: &Report, took: Duration) {
        self.matrix(mesh, scope, |Link { from, to }| {
            let found = report.links.iter().find(|link| link.from == from && link.to == to);
            found.map_or(LinkState::Untried, |link| link.state)
        });
        self.line("");
        for link in &report.links {
            let down = link.cause.as_ref().map(|cause| (plain::line(&cause.message), &cause.remedy));
            let untried =
                link.untried.as_ref().map(|why| (format!("untried: {}", plain::line(&why.message)), &why.remedy));
            if let Some((message, remedy)) = down.or(untried) {
                self.line(&format!("{} → {}: {message}", link.from, link.to));
                self.line(&format!("  hint: {}", self.same_mesh.in_text(remedy)));
            }
        }
        let count = |state| report.links.iter().filter(|link| link.state == state).count();
        let (down, untried) = (count(LinkState::Down), count(LinkState::Untried));
        let (all, took) = (report.links.len(), duration(took));
        let of_these = if scope.is_mesh() { "" } else { " of `--on`" };
        match (down, untried) {
            (0, 0) if all == 0 && report.up && mesh.count().get() > 1 => {
                self.line(&format!(
                    "every cluster{of_these} answers, and no link is wanted: `topology` or `links` says so"
                ));
            }
            (0, 0) if all == 0 && report.up => self.line("the cluster answers; one alone has no links"),
            (0, 0) if all == 0 && mesh.count().get() > 1 => {
                let text = format!("not every cluster{of_these} answers\n  hint: `mesh status`");
                self.line(&self.same_mesh.in_text(&text));
            }
            (0, 0) if all == 0 => {
                self.line(&self.same_mesh.in_text("the cluster does not answer\n  hint: `mesh status`"));
            }
            (0, 0) => {
                self.line(&format!("{} proved, each by a document found over it ({took})", counted(all, "link")));
            }
            (down, 0) => self.line(&format!("\nlinks that are down: {down} of {all} ({took})")),
            (0, untried) => self.line(&format!("\nlinks that could not be tried: {untried} of {all} ({took})")),
            (down, untried) => {
                self.line(&format!(
                    "\nlinks that are down: {down} of {all}, that could not be tried: {untried} ({took})"
                ));
            }
        }
    }
}
