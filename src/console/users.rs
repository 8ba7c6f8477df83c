//! The table of `mesh users ls`, and what is printed of changes of users. I/O: the terminal.

use std::time::Duration;

use super::{Cell, Column, Console, Mark, Table, plain};
use crate::{
    ask::user_proof::{Proof, SearchOutcome, Searched},
    judge::users::{UserList, UserRow},
    mesh::{Mesh, cluster_set::ClusterSet, counted::counted, users::UserName},
};

const PROOF: [Column<Searched>; 4] = [
    Column::left("FROM", |row| Cell::plain(row.from)),
    Column::left("CLUSTER", |row| Cell::plain(&row.cluster)),
    Column::left("NAME", |row| Cell::known(row.name.clone())),
    Column::left("SHE FINDS", |row| match &row.outcome {
        SearchOutcome::Found { shards } => Cell::new(counted(*shards, "shard"), Mark::Good),
        SearchOutcome::Empty => Cell::new("no such index yet", Mark::Good),
        SearchOutcome::NotAsked => Cell::new("nothing: her roles do not name it", Mark::Faint),
        SearchOutcome::RefusedHere { .. } => Cell::new(format!("nothing: {} refuses", row.from), Mark::Bad),
        SearchOutcome::RefusedThere { .. } => Cell::new(format!("nothing: {} refuses", row.cluster), Mark::Bad),
        SearchOutcome::Failed { .. } => Cell::new("nothing: the search failed", Mark::Bad),
    }),
];

const COLUMNS: [Column<UserRow>; 4] = [
    Column::left("USER", |row| Cell::plain(&row.user)),
    Column::left("ROLES", |row| {
        Cell::known(Some(row.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
    }),
    Column::left("LOGS IN TO", |row| {
        Cell::known(ClusterSet::new(row.clusters.iter().copied()).map(|clusters| clusters.named()))
    }),
    Column::left("STATE", |row| {
        let mark = match (row.missing.as_slice(), row.unreachable.as_slice()) {
            ([], []) => Mark::Good,
            ([], _) => Mark::Poor,
            _ => Mark::Bad,
        };
        Cell::new(row.state(), mark)
    }),
];

impl Console {
    /// A row a user.
    pub fn user_list(&self, users: &UserList) {
        if users.users.is_empty() {
            self.note("no users besides `elastic`: `mesh users add NAME` adds one");
            return;
        }
        self.table(&Table::of(&COLUMNS, &users.users));
        if !users.is_complete() {
            self.note("`mesh create` brings every user to where she is to log in");
        }
    }

    /// A row a name in a cluster, and below them why some are refused.
    pub fn proof(&self, proof: &Proof) {
        self.table(&Table::of(&PROOF, &proof.names));
        for searched in &proof.names {
            let (reason, hint) = match &searched.outcome {
                SearchOutcome::RefusedHere { reason } => {
                    (reason, "`mesh users ls` says whether she is there with her roles")
                }
                SearchOutcome::RefusedThere { reason } => (
                    reason,
                    "`mesh create --share PATTERN` shares more; for a link with a `share` of its own, `links` in the \
                     settings file do: `mesh create -f FILE`",
                ),
                SearchOutcome::Failed { reason } => {
                    (reason, "`mesh status` says which servers answer, `mesh verify` why a link is down")
                }
                SearchOutcome::Found { .. } | SearchOutcome::Empty | SearchOutcome::NotAsked => continue,
            };
            let name = searched.name.as_deref().unwrap_or_default();
            self.line(&format!("{} → {}:{name}: {}", searched.from, searched.cluster, plain::line(reason)));
            self.line(&format!("  hint: {}", self.same_mesh.in_text(hint)));
        }
    }

    /// What opens everything to a user, before it is agreed to.
    pub fn opened(&self, opens: &[String]) {
        for line in opens {
            self.note(line);
        }
    }

    /// Where a user logs in, and how.
    pub fn user_added(&self, mesh: &Mesh, user: &UserName, is_new: bool, took: Duration) {
        let clusters = mesh.clusters_of(user);
        let named = ClusterSet::new(clusters.iter().copied()).map(|clusters| clusters.named()).unwrap_or_default();
        self.done_in(&format!("{user} logs in to {named}"), took);
        if self.is_quiet() || !is_new {
            return;
        }
        self.line("\ntry next:");
        let first = clusters.first().map_or(1, |cluster| cluster.number());
        let commands = [
            format!("mesh credentials {user}"),
            format!("mesh verify --as {user}"),
            format!("mesh search '{}' --as {user} --from {first}", mesh.searched()),
        ];
        for command in &commands {
            self.line(&format!("  {}", self.same_mesh.in_command(command)));
        }
    }
}
