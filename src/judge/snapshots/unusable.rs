//! Why a cluster's snapshots cannot be taken, listed or restored, and what to type. Pure.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::unreadable;
use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::{Observed, OwnerFacts},
    judge::GIVES_PASSWORD,
    mesh::{Mesh, id::ClusterId},
    plan::snapshots::Obstacle,
};

/// The reason that a cluster's repository cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("snapshots of {cluster} are off")]
    Off {
        cluster: ClusterId,
        /// Whether that is set for the cluster by itself, so that the setting of the mesh changes nothing there.
        alone: bool,
    },
    #[error("{0} {1}")]
    Silent(ClusterId, String),
    /// Its server does not take the password, as after a restore that was killed: it has those of the snapshot.
    #[error("{0} {1}")]
    LockedOut(ClusterId, String),
    #[error("{0} has no snapshot repository")]
    Unregistered(ClusterId),
    #[error("the snapshot repository of {0} is another cluster's, so nothing is written to it")]
    ReadOnly(ClusterId),
    #[error("the snapshot repository of {0} cannot be read: {1}")]
    Unreadable(ClusterId, String),
    #[error("nothing tells who writes to the snapshot repository of {cluster}: {reason}")]
    Hidden { cluster: ClusterId, reason: String, remedy: String },
}

impl Unusable {
    /// That something is in the way of knowing who writes to a cluster's repository, if so.
    pub fn hidden(there: &Observed, cluster: ClusterId) -> Option<Self> {
        match there.repository_owners.get(&cluster)? {
            OwnerFacts::Is(_) => None,
            OwnerFacts::Unreadable { reason, remedy } => {
                Some(Self::Hidden { cluster, reason: reason.clone(), remedy: remedy.clone() })
            }
        }
    }

    /// Why the server of a cluster cannot be asked for its snapshots.
    pub fn unasked(there: &Observed, cluster: ClusterId, now: OffsetDateTime) -> Self {
        let reason = there.servers.get(&cluster).and_then(|answer| answer.reason(now));
        let reason = reason.unwrap_or_else(|| "does not run".to_owned());
        if there.refuses(cluster) { Self::LockedOut(cluster, reason) } else { Self::Silent(cluster, reason) }
    }

    /// That the snapshots of a cluster are off, if so. What was saved before can still be read, where the server has
    /// the repository.
    pub fn off(mesh: &Mesh, there: &Observed, cluster: ClusterId, writes: bool) -> Option<Self> {
        let has_repository = there.server(cluster).is_none_or(|server| server.repository.is_some());
        let is_readable = has_repository && unreadable(there, cluster).is_none();
        let alone = mesh.is_set_alone(cluster, |settings| settings.snapshots.is_some());
        let is_off = mesh.snapshots(cluster).is_off() && (writes || !is_readable);
        is_off.then_some(Self::Off { cluster, alone })
    }

    pub fn remedy(&self) -> String {
        match self {
            Self::Off { cluster, alone } => {
                let option =
                    if *alone { format!("--set {}.snapshots=", cluster.number()) } else { "--snapshots ".to_owned() };
                format!("`mesh create {option}fs` keeps them in the mesh's directory, `{option}/PATH` elsewhere")
            }
            Self::Silent(..) => "`mesh status` shows how it is; `mesh create` repairs what it can".to_owned(),
            Self::LockedOut(..) => GIVES_PASSWORD.to_owned(),
            Self::Unregistered(_) => "`mesh create` registers it; `mesh create --dry-run` shows it".to_owned(),
            Self::ReadOnly(cluster) => format!(
                "restores work; `mesh snapshots adopt {}` makes it this cluster's, if the other one is no more",
                cluster.number()
            ),
            Self::Unreadable(cluster, _) => format!(
                "see that its directory is there and belongs to the containers' user; after it was mounted again, \
                 `mesh manage restart {number}`; if what was in it is lost, `mesh es {number} DELETE /_snapshot/mesh` and \
                 then `mesh create` begin anew",
                number = cluster.number()
            ),
            Self::Hidden { remedy, .. } => remedy.clone(),
        }
    }
}

impl Explain for Unusable {
    fn exit(&self) -> Exit {
        match self {
            Self::Off { .. } => Exit::Request,
            Self::Hidden { .. } => Exit::Machine,
            _ => Exit::Unhealthy,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(self.remedy())
    }
}

/// Requires that it is known of every repository who writes to it: a server that starts writes to whatever lies at its
/// place.
pub fn require_owners(there: &Observed) -> Result<(), Unusable> {
    there.repository_owners.keys().find_map(|cluster| Unusable::hidden(there, *cluster)).map_or(Ok(()), Err)
}

/// The reason that nothing is restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Restore {
    #[error("{0} has no snapshot {1}")]
    Missing(ClusterId, String),
    #[error("snapshot {1} of {0} is {2}")]
    NotEnded(ClusterId, String, &'static str),
    #[error("snapshot {0} was taken by {1}, which is newer than {2} of {3}")]
    Newer(String, String, String, ClusterId),
    #[error("no index and no data stream of snapshot {0} matches")]
    NothingMatches(String),
    #[error("{0} has no good snapshot yet")]
    NoneGood(ClusterId),
    #[error("{on} has these already: {}", .names.join(" "))]
    Exists { on: ClusterId, names: Vec<String>, streams: BTreeSet<String> },
    #[error("two of them would become {0}")]
    Collides(String),
    #[error("snapshot {0} does not hold the states of {1}")]
    NoFeature(String, String),
}

impl Restore {
    /// `streams` are the data streams of the server.
    pub fn of(obstacle: Obstacle, on: ClusterId, snapshot: &str, streams: BTreeSet<String>) -> Self {
        match obstacle {
            Obstacle::NothingMatches => Self::NothingMatches(snapshot.to_owned()),
            Obstacle::Exists(names) => Self::Exists { on, names, streams },
            Obstacle::Collides(name) => Self::Collides(name),
        }
    }
}

impl Explain for Restore {
    fn exit(&self) -> Exit {
        if matches!(self, Self::NotEnded(..) | Self::NoneGood(_)) { Exit::Unhealthy } else { Exit::Request }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing(on, _) => format!("`mesh snapshots ls {}` lists them", on.number()),
            Self::NotEnded(on, ..) => format!("`mesh snapshots ls {}` shows which are good", on.number()),
            Self::Newer(..) => "restore it into a cluster of that version or a newer one".to_owned(),
            Self::NothingMatches(_) => "`mesh snapshots ls -o json` shows what is in each".to_owned(),
            Self::NoneGood(on) => format!("`mesh snapshots create {}` takes one", on.number()),
            Self::Exists { on, names, streams } => format!(
                "nothing that exists is overwritten: add `--rename 'restored-$1'`, choose with `--index`, or delete with \
                 {}",
                deletion(*on, names, |name| streams.contains(name))
            ),
            Self::Collides(_) => "`--rename` needs `$1` in it, which stands for the name".to_owned(),
            Self::NoFeature(..) => "`mesh snapshots ls -o json` shows the features of each".to_owned(),
        })
    }
}

/// The commands that delete names, for a hint: a data stream is not deleted as an index is.
pub fn deletion<'a>(
    on: ClusterId,
    names: impl IntoIterator<Item = &'a String>,
    is_stream: impl Fn(&str) -> bool,
) -> String {
    let (streams, indices): (Vec<&str>, Vec<&str>) =
        names.into_iter().map(String::as_str).partition(|name| is_stream(name));
    let command = |below: &str, names: Vec<&str>| {
        (!names.is_empty()).then(|| format!("`mesh es {} DELETE {below}/{}`", on.number(), names.join(",")))
    };
    let commands = command("", indices).into_iter().chain(command("/_data_stream", streams));
    commands.collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::{Answer, ServerFacts},
        judge::snapshots::tests::{server, there},
        mesh::settings::{Snapshots, per_cluster::read_set},
    };

    #[test]
    fn what_was_saved_before_snapshots_were_off_can_be_read() {
        let mut mesh = Mesh::example(1);
        mesh.spec.snapshots = Snapshots::off();
        let known = there(server(1, Ok(Vec::new())));
        let off = |mesh: &Mesh, there: &Observed, writes| {
            Unusable::off(mesh, there, ClusterId::FIRST, writes).map(|off| off.remedy()).unwrap_or_default()
        };
        let of_mesh = "`mesh create --snapshots fs` keeps them in the mesh's directory, `--snapshots /PATH` elsewhere";
        assert_eq!([off(&mesh, &known, false), off(&mesh, &known, true)], ["", of_mesh]);
        assert_eq!(off(&mesh, &Observed::default(), false), "", "its server does not tell");
        let none = there(ServerFacts { repository: None, ..server(1, Ok(Vec::new())) });
        let gone = there(server(1, Err("gone".to_owned())));
        assert_eq!([off(&mesh, &none, false), off(&mesh, &gone, false)], [of_mesh; 2]);
        let mut alone = Mesh::example(1);
        assert_eq!(off(&alone, &none, true), "");
        alone.overrides = vec![read_set("1.snapshots=off").unwrap()];
        insta::assert_snapshot!(off(&alone, &none, false), @"`mesh create --set 1.snapshots=fs` keeps them in the mesh's directory, `--set 1.snapshots=/PATH` elsewhere");
    }

    #[test]
    fn a_server_with_the_passwords_of_a_snapshot_is_given_those_of_the_mesh() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let unasked = |there: &Observed| {
            let unusable = Unusable::unasked(there, ClusterId::FIRST, now);
            format!("{unusable}; {}", unusable.remedy())
        };
        let refused = Answer::Unauthenticated("unable to authenticate user [elastic]".to_owned());
        let there = Observed { servers: [(ClusterId::FIRST, refused)].into(), ..Observed::default() };
        insta::assert_snapshot!([unasked(&there), unasked(&Observed::default())].join("\n"), @r"
        cluster01 does not take the password of elastic: unable to authenticate user [elastic]; `mesh create --recover-credentials` gives the server the password in credentials.txt; then type the same command again
        cluster01 does not run; `mesh status` shows how it is; `mesh create` repairs what it can
        ");
    }

    #[test]
    fn a_data_stream_is_deleted_in_its_own_way() {
        let names = ["hr", "logs-x", "orders"].map(str::to_owned);
        let streams = BTreeSet::from(["logs-x".to_owned()]);
        let exists = Restore::Exists { on: ClusterId::FIRST, names: names.to_vec(), streams };
        insta::assert_snapshot!(exists.hint().unwrap(), @"nothing that exists is overwritten: add `--rename 'restored-$1'`, choose with `--index`, or delete with `mesh es 1 DELETE /hr,orders` and `mesh es 1 DELETE /_data_stream/logs-x`");
    }
}
