//! The request for another version: what is refused, and the mesh that is on its way there. Pure: no I/O.

use super::UnsupportedSearch;
use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{
        Mesh,
        cluster_set::{ClusterSet, NoSuchCluster},
        gateway::OwnGateway,
        id::ClusterId,
        settings::StackVersion,
        versions::NoPath,
    },
};

/// An upgrade that Elasticsearch does not allow, or not now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    #[error(transparent)]
    NoSuchCluster(#[from] NoSuchCluster),
    #[error("{}", no_path(runs.as_ref(), *from, *to, *why))]
    NoPath { runs: Option<ClusterId>, from: StackVersion, to: StackVersion, newest: StackVersion, why: NoPath },
    /// With the command that continues the upgrade.
    #[error("an upgrade to {to} is in progress")]
    InProgress { to: StackVersion, command: String },
    #[error(transparent)]
    Unsupported(#[from] UnsupportedSearch),
}

/// Why there is no way from one version to the other.
fn no_path(runs: Option<&ClusterId>, from: StackVersion, to: StackVersion, why: NoPath) -> String {
    let runs = runs.map_or("the mesh".to_owned(), ClusterId::to_string);
    let before = from.major;
    match why {
        NoPath::Back => format!("{runs} runs {from}, and Elasticsearch cannot go back to {to}"),
        NoPath::SkipsMajor => format!("from {from} to {to} a major version would be skipped"),
        NoPath::OnlyFrom { major, minor } => {
            format!("of {before}.x, only {major}.{minor} leads to {to}, and {runs} runs {from}")
        }
        NoPath::Unknown => format!("this `mesh` does not know from which {before}.x one may go to {to}"),
    }
}

impl Explain for UpgradeError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        let (from, to, newest, runs, why) = match self {
            Self::NoSuchCluster(error) => return error.hint(),
            Self::Unsupported(error) => return error.hint(),
            Self::InProgress { command, .. } => {
                return Some(format!("`{command}` continues it; another can follow when it is done"));
            }
            Self::NoPath { runs, from, to, newest, why } => (from, to, newest, runs, why),
        };
        Some(match why {
            NoPath::Back if runs.is_some() => format!("`mesh upgrade {newest}` brings every cluster to one version"),
            NoPath::Back => format!("`mesh create --reset --stack-version {to}` starts afresh and deletes the data"),
            NoPath::SkipsMajor => format!("upgrade to {}.x first, and from there on; see {PATHS}", from.major + 1),
            NoPath::OnlyFrom { major, minor } if from.minor < *minor => {
                format!("upgrade to the newest {major}.{minor} first, then to this; see {PATHS}")
            }
            NoPath::OnlyFrom { .. } => {
                format!("choose a later version than this: it is older than {from} was; see {PATHS}")
            }
            NoPath::Unknown => format!("use a newer `mesh`; see {PATHS}"),
        })
    }
}

const PATHS: &str = "<https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>";

impl Mesh {
    /// This mesh on its way to a version, with no cluster that has it yet: all clusters, and so those to come, or the
    /// named ones alone. One that is there or on its way already stays as it is.
    pub fn upgrade_to(&self, to: StackVersion, on: Option<&ClusterSet>) -> Result<Self, UpgradeError> {
        on.map_or(Ok(()), |on| self.require(on))?;
        let named = |cluster: &ClusterId| on.is_none_or(|on| on.contains(*cluster));
        if let Some((in_progress, command)) = self.upgrade_in_progress()
            && (in_progress != to || !self.pending_upgrade().all(|(cluster, _)| named(&cluster)))
        {
            return Err(UpgradeError::InProgress { to: in_progress, command });
        }
        let alike = self.versions().len() == 1;
        let newest = self.versions().last().copied().unwrap_or(to).max(to);
        for cluster in self.clusters().filter(named) {
            let from = self.version(cluster);
            let runs = (!alike).then_some(cluster);
            from.leads_to(to).map_err(|why| UpgradeError::NoPath { runs, from, to, newest, why })?;
        }
        let mut mesh = self.clone();
        if self.clusters().all(|cluster| named(&cluster) || self.target_version(cluster) == to) {
            mesh.spec.stack_version = to;
            mesh.clusters.values_mut().for_each(|cluster| cluster.upgrade = None);
        } else {
            let named = mesh.clusters.iter_mut().filter(|(cluster, _)| named(cluster));
            for (_, cluster) in named.filter(|(_, cluster)| cluster.version != to) {
                cluster.upgrade = Some(to);
            }
        }
        mesh.gateway = mesh.gateway.map(OwnGateway::with_newest_image);
        mesh.require_supported_searches()?;
        Ok(mesh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        settings::Topology,
        upgrade::tests::{mesh, version},
    };

    #[test]
    fn what_elasticsearch_cannot_do_is_refused() {
        for (from, to) in [("8.19.21", "9.5.3"), ("8.18.1", "9.0.0"), ("9.0.1", "9.5.3"), ("8.14.0", "8.19.21")] {
            let upgraded = mesh(from).upgrade_to(version(to), None).unwrap();
            assert_eq!(upgraded.clusters().map(|c| upgraded.version(c)).collect::<Vec<_>>(), [version(from); 3]);
        }
        let refused = [
            ("9.5.3", "9.5.2"),
            ("9.0.0", "8.19.21"),
            ("8.19.21", "10.0.0"),
            ("8.17.4", "9.5.3"),
            ("8.18.4", "9.5.3"),
            ("8.19.4", "9.0.3"),
            ("9.5.3", "10.0.0"),
        ];
        let messages: Vec<String> = refused
            .iter()
            .map(|(from, to)| {
                let error = mesh(from).upgrade_to(version(to), None).unwrap_err();
                format!("{error}\n  {}", error.hint().unwrap())
            })
            .collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
        the mesh runs 9.5.3, and Elasticsearch cannot go back to 9.5.2
          `mesh create --reset --stack-version 9.5.2` starts afresh and deletes the data
        the mesh runs 9.0.0, and Elasticsearch cannot go back to 8.19.21
          `mesh create --reset --stack-version 8.19.21` starts afresh and deletes the data
        from 8.19.21 to 10.0.0 a major version would be skipped
          upgrade to 9.x first, and from there on; see <https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>
        of 8.x, only 8.19 leads to 9.5.3, and the mesh runs 8.17.4
          upgrade to the newest 8.19 first, then to this; see <https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>
        of 8.x, only 8.19 leads to 9.5.3, and the mesh runs 8.18.4
          upgrade to the newest 8.19 first, then to this; see <https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>
        of 8.x, only 8.18 leads to 9.0.3, and the mesh runs 8.19.4
          choose a later version than this: it is older than 8.19.4 was; see <https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>
        this `mesh` does not know from which 9.x one may go to 10.0.0
          use a newer `mesh`; see <https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>
        ");
        let error =
            mesh("8.19.0").upgrade_to(version("9.4.0"), None).unwrap().upgrade_to(version("9.5.3"), None).unwrap_err();
        insta::assert_snapshot!(error.hint().unwrap(), @"`mesh upgrade 9.4.0` continues it; another can follow when it is done");
    }

    /// A mesh of three clusters whose first searches the others.
    fn hub(text: &str) -> Mesh {
        let mut mesh = mesh(text);
        mesh.spec.topology = Topology::Hub { hub: ClusterId::FIRST, both: false };
        mesh
    }

    fn on(set: &str) -> ClusterSet {
        set.parse().unwrap()
    }

    fn outcome(upgrade: Result<Mesh, UpgradeError>) -> String {
        let error = upgrade.unwrap_err();
        format!("{error}\n  {}", error.hint().unwrap())
    }

    #[test]
    fn a_set_of_clusters_comes_to_a_version_by_itself() {
        let (old, new) = (version("8.19.21"), version("9.5.3"));
        let begun = hub("8.19.21").upgrade_to(new, Some(&on("2-3"))).unwrap();
        assert_eq!(begun.pending_upgrade().map(|(cluster, _)| cluster.number()).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(begun.upgrade_in_progress(), Some((new, "mesh upgrade 9.5.3 2-3".to_owned())));
        assert_eq!(begun.upgrade_to(new, Some(&on("2-3"))).unwrap(), begun, "the same again continues");
        let half = begun.with_upgraded(ClusterId::new(2).unwrap());
        assert_eq!(half.upgrade_in_progress(), Some((new, "mesh upgrade 9.5.3 3".to_owned())));
        let done = half.upgraded();
        assert_eq!((done.spec.stack_version, done.upgrade_in_progress()), (old, None));
        assert_eq!(done.clusters().map(|c| done.version(c)).collect::<Vec<_>>(), [old, new, new]);
        assert_eq!(done.upgrade_to(new, Some(&on("2"))).unwrap(), done, "nothing to do");
        let read: Mesh = serde_json::from_str(&serde_json::to_string(&half).unwrap()).unwrap();
        assert!(half.is_recorded_in(&Mesh { dir: half.dir.clone(), ..read }));
        let all = done.upgrade_to(new, None).unwrap();
        assert_eq!(all.next_upgrade(), Some(ClusterId::FIRST));
        assert_eq!(all.upgraded(), hub("9.5.3"));
        assert_eq!(done.upgrade_to(new, Some(&on("1"))).unwrap(), all, "the last one is the whole mesh");
    }

    #[test]
    fn what_a_set_cannot_come_to_is_refused() {
        let (half, three) = (hub("8.19.21").upgrade_to(version("9.5.3"), Some(&on("2"))).unwrap(), mesh("8.19.21"));
        let refused = [
            three.upgrade_to(version("9.5.3"), Some(&on("2"))),
            three.upgrade_to(version("9.5.3"), Some(&on("2,4"))),
            half.upgrade_to(version("9.5.3"), Some(&on("3"))),
            half.upgrade_to(version("9.6.0"), None),
            half.upgraded().upgrade_to(version("9.5.2"), None),
            mesh("9.4.0").upgrade_to(version("9.6.0"), Some(&on("2-3"))),
        ];
        insta::assert_snapshot!(refused.map(outcome).join("\n"), @r"
        cluster02 on 9.5.3 would search cluster01 on 8.19.21, which Elastic does not support
          `mesh upgrade 9.5.3` brings every cluster to one version; or let the older search the newer alone, as `mesh create` with `--topology hub:1` does; see <https://www.elastic.co/docs/solutions/search/cross-cluster-search#ccs-supported-configurations>
        there is no cluster 4: the mesh has 3
          `mesh status` shows the clusters
        an upgrade to 9.5.3 is in progress
          `mesh upgrade 9.5.3 2` continues it; another can follow when it is done
        an upgrade to 9.5.3 is in progress
          `mesh upgrade 9.5.3 2` continues it; another can follow when it is done
        cluster02 runs 9.5.3, and Elasticsearch cannot go back to 9.5.2
          `mesh upgrade 9.5.3` brings every cluster to one version
        cluster02 on 9.6.0 would search cluster01 on 9.4.0, which Elastic does not support
          `mesh upgrade 9.6.0` brings every cluster to one version; or let the older search the newer alone, as `mesh create` with `--topology hub:1` does; see <https://www.elastic.co/docs/solutions/search/cross-cluster-search#ccs-supported-configurations>
        ");
        assert!(mesh("9.4.0").upgrade_to(version("9.5.3"), Some(&on("3"))).is_ok(), "one minor version apart");
    }
}
