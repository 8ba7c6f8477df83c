//! Another version for a mesh that has data: which ways there are, and what holds while only some clusters have it. Pure.

use std::collections::BTreeSet;

use super::{
    Mesh,
    cluster::Cluster,
    id::{ClusterId, ServiceId, ServiceKind},
    settings::StackVersion,
};
use crate::explain::{Exit, Explain};

/// An upgrade that Elasticsearch does not allow, or not now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    #[error("the mesh runs {from}, and Elasticsearch cannot go back to {to}")]
    Downgrade { from: StackVersion, to: StackVersion },
    #[error("from {from} to {to} a major version would be skipped")]
    SkipsMajor { from: StackVersion, to: StackVersion },
    #[error("of {}.x, only {major}.{minor} leads to {to}, and the mesh runs {from}", from.major, major = bridge.0, minor = bridge.1)]
    NotFromHere { from: StackVersion, to: StackVersion, bridge: (u16, u16) },
    #[error("this `mesh` does not know from which {}.x one may go to {to}", from.major)]
    Unknown { from: StackVersion, to: StackVersion },
    #[error("an upgrade to {in_progress} is under way")]
    InProgress { in_progress: StackVersion },
}

impl Explain for UpgradeError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Downgrade { to, .. } => {
                format!("`mesh create --reset --stack-version {to}` starts afresh and deletes the data")
            }
            Self::SkipsMajor { from, .. } => {
                format!("upgrade to {}.x first, and from there on; see {PATHS}", from.major + 1)
            }
            Self::NotFromHere { from, bridge: (major, minor), .. } if from.minor < *minor => {
                format!("upgrade to the newest {major}.{minor} first, then to this; see {PATHS}")
            }
            Self::NotFromHere { from, .. } => {
                format!("choose a later version than this: it is older than {from} was; see {PATHS}")
            }
            Self::Unknown { .. } => format!("use a newer `mesh`; see {PATHS}"),
            Self::InProgress { in_progress } => {
                format!("`mesh upgrade {in_progress}` goes on with it; another can follow when it is done")
            }
        })
    }
}

const PATHS: &str = "<https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>";

impl StackVersion {
    /// The minor version of the major one before, from which alone an upgrade leads to this; see
    /// <https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>. 8.18 was published with 9.0, hence the two.
    fn bridge(self) -> Option<(u16, u16)> {
        match (self.major, self.minor) {
            (9, 0) => Some((8, 18)),
            (9, _) => Some((8, 19)),
            _ => None,
        }
    }

    fn is(self, (major, minor): (u16, u16)) -> bool {
        (self.major, self.minor) == (major, minor)
    }

    /// Whether Elastic supports searches from a cluster of this version in one of `remote`; see
    /// <https://www.elastic.co/docs/solutions/search/cross-cluster-search#ccs-supported-configurations>.
    pub fn searches(self, remote: Self) -> bool {
        if self.major == remote.major {
            return self.minor <= remote.minor + 1;
        }
        let from_the_last = self.is((8, 19)) && remote.major == 9;
        let into_the_last = self.minor <= 1 && self.bridge().is_some_and(|bridge| remote.is(bridge));
        from_the_last || into_the_last || remote.bridge().is_some_and(|bridge| self.is(bridge))
    }

    /// Whether data of this version can be taken over by `to`.
    fn leads_to(self, to: Self) -> Result<(), UpgradeError> {
        let from = self;
        match to.major.checked_sub(from.major) {
            _ if to < from => Err(UpgradeError::Downgrade { from, to }),
            Some(0) | None => Ok(()),
            Some(1) => match to.bridge() {
                Some(bridge) if from.is(bridge) => Ok(()),
                Some(bridge) => Err(UpgradeError::NotFromHere { from, to, bridge }),
                None => Err(UpgradeError::Unknown { from, to }),
            },
            Some(_) => Err(UpgradeError::SkipsMajor { from, to }),
        }
    }
}

impl Mesh {
    /// The version that a cluster is to have now; for one that the mesh has not, the mesh's.
    pub fn version(&self, cluster: ClusterId) -> StackVersion {
        self.clusters.get(&cluster).map_or(self.spec.stack_version, |cluster| cluster.version)
    }

    /// The clusters that an upgrade has not reached yet, with the version that each has until then.
    pub fn pending_upgrade(&self) -> impl Iterator<Item = (ClusterId, StackVersion)> + Clone + use<'_> {
        let pending = |cluster: &Cluster| cluster.version != self.spec.stack_version;
        self.clusters.iter().filter(move |(_, of)| pending(of)).map(|(cluster, of)| (*cluster, of.version))
    }

    /// The cluster that an upgrade comes to next.
    pub fn next_upgrade(&self) -> Option<ClusterId> {
        self.pending_upgrade().map(|(cluster, _)| cluster).next()
    }

    /// The mesh that an upgrade leads to: every cluster has the mesh's version.
    #[must_use]
    pub fn upgraded(&self) -> Self {
        let mut mesh = self.clone();
        for cluster in mesh.clusters.values_mut() {
            cluster.version = mesh.spec.stack_version;
        }
        mesh
    }

    /// The remotes of `of` that Elastic supports searches in: all of them, but for an upgrade that is under way.
    pub fn searchable(&self, of: ClusterId) -> impl Iterator<Item = ClusterId> + Clone + use<'_> {
        self.remotes(of).filter(move |remote| self.version(of).searches(self.version(*remote)))
    }

    /// Versions of which the first cannot search the second, while clusters of both are in the mesh.
    pub fn gaps(&self) -> Vec<(StackVersion, StackVersion)> {
        let now = self.clusters.values().map(|cluster| cluster.version);
        let versions: BTreeSet<StackVersion> = now.chain([self.spec.stack_version]).collect();
        let pairs = versions.iter().rev().flat_map(|from| versions.iter().map(move |to| (*from, *to)));
        let alone = self.clusters.len() == 1;
        pairs.filter(|(from, to)| !alone && !from.searches(*to)).collect()
    }

    /// The images that the services need now, and those that they will need when all clusters have the mesh's version.
    pub fn images(&self) -> BTreeSet<String> {
        let later = self.upgraded();
        self.services().flat_map(|service| [self.image(service), later.image(service)]).collect()
    }

    /// The images that clusters still have to come to, with the products they are of; none but for an upgrade.
    pub fn new_images(&self) -> Vec<(ServiceKind, String)> {
        let later = self.upgraded();
        let services: Vec<ServiceId> =
            self.next_upgrade().into_iter().flat_map(|cluster| later.services_in(cluster)).collect();
        services.into_iter().map(|service| (service.kind(), later.image(service))).collect()
    }

    /// This mesh on its way to a version: no cluster has it yet. One that is there or on its way already stays as it is.
    pub fn upgrade_to(&self, to: StackVersion) -> Result<Self, UpgradeError> {
        let from = self.spec.stack_version;
        if from == to {
            return Ok(self.clone());
        }
        if self.next_upgrade().is_some() {
            return Err(UpgradeError::InProgress { in_progress: from });
        }
        from.leads_to(to)?;
        let mut mesh = self.clone();
        mesh.spec.stack_version = to;
        Ok(mesh)
    }

    /// This mesh after the upgrade of one cluster.
    #[must_use]
    pub fn with_upgraded(&self, cluster: ClusterId) -> Self {
        let mut mesh = self.clone();
        if let Some(upgraded) = mesh.clusters.get_mut(&cluster) {
            upgraded.version = self.spec.stack_version;
        }
        mesh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> StackVersion {
        text.parse().unwrap()
    }

    fn mesh(text: &str) -> Mesh {
        Mesh::example(3).of_version(version(text))
    }

    #[test]
    fn the_documentations_table_of_searches() {
        let searches = |from: &str, to: &str| version(from).searches(version(to));
        let yes = [
            ("9.5.3", "9.5.3"),
            ("9.5.3", "9.4.0"),
            ("9.1.0", "9.5.0"),
            ("8.19.21", "9.5.3"),
            ("8.19.0", "9.0.0"),
            ("8.18.0", "9.0.0"),
            ("9.0.0", "8.18.0"),
            ("9.1.0", "8.19.0"),
            ("8.19.0", "8.18.0"),
            ("8.14.0", "8.19.0"),
        ];
        let no = [
            ("9.5.3", "9.3.0"),
            ("9.5.3", "8.19.21"),
            ("9.2.0", "8.19.0"),
            ("9.0.0", "8.19.0"),
            ("9.0.0", "8.17.0"),
            ("8.18.0", "9.1.0"),
            ("8.17.0", "9.0.0"),
            ("8.19.0", "8.17.0"),
        ];
        for (from, to) in yes {
            assert!(searches(from, to), "{from} searches {to}");
        }
        for (from, to) in no {
            assert!(!searches(from, to), "{from} does not search {to}");
        }
    }

    #[test]
    fn what_elasticsearch_cannot_do_is_refused() {
        for (from, to) in [("8.19.21", "9.5.3"), ("8.18.1", "9.0.0"), ("9.0.1", "9.5.3"), ("8.14.0", "8.19.21")] {
            let upgraded = mesh(from).upgrade_to(version(to)).unwrap();
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
        let told: Vec<String> = refused
            .iter()
            .map(|(from, to)| {
                let error = mesh(from).upgrade_to(version(to)).unwrap_err();
                format!("{error}\n  {}", error.hint().unwrap())
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
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
        let error = mesh("8.19.0").upgrade_to(version("9.4.0")).unwrap().upgrade_to(version("9.5.3")).unwrap_err();
        insta::assert_snapshot!(error.hint().unwrap(), @"`mesh upgrade 9.4.0` goes on with it; another can follow when it is done");
    }

    #[test]
    fn a_cluster_after_the_other_comes_to_the_same_version() {
        let from = mesh("8.19.21");
        let mut mesh = from.upgrade_to(version("9.5.3")).unwrap();
        assert_eq!(mesh.upgrade_to(version("9.5.3")).unwrap(), mesh, "the same again goes on");
        assert_eq!((mesh.images().len(), mesh.new_images().len()), (4, 2));
        let gap = [(version("9.5.3"), version("8.19.21"))];
        for cluster in from.clusters() {
            assert_eq!(mesh.gaps(), gap);
            assert_eq!(mesh.version(cluster), version("8.19.21"));
            mesh = mesh.with_upgraded(cluster);
            assert_eq!(mesh.version(cluster), version("9.5.3"));
        }
        assert_eq!((mesh.pending_upgrade().count(), mesh.gaps().len(), mesh.images().len()), (0, 0, 2));
        assert_eq!(mesh.new_images(), [], "all of them have come to it");
        let alone = Mesh::example(1).of_version(from.spec.stack_version);
        assert_eq!(alone.upgrade_to(version("9.5.3")).unwrap().gaps(), [], "nobody is there to be searched");
        let text = serde_json::to_string(&mesh).unwrap();
        assert!(!text.contains("behind"), "{text}");
    }

    #[test]
    fn half_an_upgrade_is_read_back() {
        let mesh = mesh("8.19.21").upgrade_to(version("9.5.3")).unwrap().with_upgraded(ClusterId::FIRST);
        let read: Mesh = serde_json::from_str(&serde_json::to_string(&mesh).unwrap()).unwrap();
        assert!(mesh.is_recorded_in(&Mesh { dir: mesh.dir.clone(), ..read }));
        let searchable: Vec<String> = mesh
            .clusters()
            .map(|of| mesh.searchable(of).map(|to| to.to_string()).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(searchable, ["", "cluster01 cluster03", "cluster01 cluster02"]);
    }
}
