//! Links: the matrix, and below it the reasons for those that are down. I/O: the terminal.

use std::{collections::BTreeSet, time::Duration};

use super::{Cell, Console, Mark, Table, duration, plain};
use crate::{
    judge::{
        scope::Scope,
        verify::{LinkState, PeerLinkReport, Report},
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
                        LinkState::Degraded => Cell::new("!", Mark::Poor),
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

    /// A line a cluster of a peer: who reaches it; below it, why others do not.
    pub fn peer_links(&self, links: &[PeerLinkReport]) {
        let remotes: BTreeSet<_> = links.iter().map(|link| (&link.peer, &link.to)).collect();
        for (peer, to) in remotes {
            let of = || links.iter().filter(|link| link.to == *to);
            let (up, all) = (of().filter(|link| link.up).count(), of().count());
            self.line(&format!("{to} ({peer}): reached by {up} of {}", counted(all as u64, "cluster")));
            for (link, cause) in of().filter_map(|link| Some((link, link.cause.as_ref()?))) {
                self.line(&format!("{} → {to}: {}", link.from, plain::line(&cause.message)));
                self.line(&format!("  hint: {}", self.same_mesh.in_text(&cause.remedy)));
            }
        }
    }

    /// What was found out about every link: the matrix, each link that is not up with its cause and its remedy, the
    /// sum.
    pub fn judgments(&self, mesh: &Mesh, scope: Scope, report: &Report, took: Duration) {
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
        self.peer_links(&report.peers);
        if let Some(gateway) = &report.gateway {
            for route in &gateway.routes {
                if let Some(reason) = &route.reason {
                    self.line(&format!("{}: {}", route.url, plain::line(reason)));
                    self.line(&format!(
                        "  hint: {}",
                        self.same_mesh.in_text("`mesh status` shows what is down, `mesh create` mends it")
                    ));
                }
            }
            self.line(&gateway.summary());
        }
        let count = |state| report.links.iter().filter(|link| link.state == state).count();
        let counts = [
            ("that are down", count(LinkState::Down)),
            ("that are degraded", count(LinkState::Degraded)),
            ("that could not be tried", count(LinkState::Untried)),
        ];
        let failed = counts.into_iter().filter(|(_, count)| *count > 0);
        let (all, took) = (report.links.len(), duration(took));
        let of_these = if scope.is_mesh() { "" } else { " of `--on`" };
        let failed = failed.enumerate().map(|(at, (what, count))| {
            let of = if at == 0 { format!(" of {all}") } else { String::new() };
            format!("{what}: {count}{of}")
        });
        let failed: Vec<String> = failed.collect();
        if !failed.is_empty() {
            return self.line(&format!("\nlinks {} ({took})", failed.join(", ")));
        }
        match (all, mesh.count().get()) {
            (0, 2..) if report.up => self.line(&format!(
                "every cluster{of_these} answers, and no link is wanted: `topology` or `links` says so"
            )),
            (0, _) if report.up => self.line("the cluster answers; one alone has no links"),
            (0, 2..) => {
                let text = format!("not every cluster{of_these} answers\n  hint: `mesh status`");
                self.line(&self.same_mesh.in_text(&text));
            }
            (0, _) => self.line(&self.same_mesh.in_text("the cluster does not answer\n  hint: `mesh status`")),
            _ => self.line(&format!("{} proved, each by a document found over it ({took})", counted(all, "link"))),
        }
    }
}
