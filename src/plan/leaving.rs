//! Which clusters a mesh loses, and whether they were named. Pure.

use std::collections::BTreeSet;

use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::Observed,
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId},
};

/// The clusters that are there, and that a mesh does not have.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// What the mesh is to have.
    wanted: ClusterSet,
    /// In the record, or with a container or a directory that an earlier run left.
    there: BTreeSet<ClusterId>,
}

/// Clusters that would be deleted and were not named, or named and not deleted. The command is the one that does what
/// was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeavingError {
    #[error("{} would be deleted with all data, and `--remove` does not say so", unnamed.named())]
    Unnamed { unnamed: ClusterSet, command: String, keeps: String },
    #[error("{} cannot be removed and stay", stays.named())]
    Stays { stays: ClusterSet, command: String },
}

impl Explain for LeavingError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unnamed { command, keeps, .. } => {
                format!("type `{command}` if that is meant; `mesh create {keeps}` keeps every cluster")
            }
            Self::Stays { stays, command } => {
                format!("type `{command}` to keep {}", stays.named())
            }
        })
    }
}

impl Leaving {
    pub fn new(mesh: &Mesh, recorded: Option<&Mesh>, there: &Observed) -> Self {
        let recorded = recorded.into_iter().flat_map(Mesh::clusters);
        let containers = there.containers.keys().map(|service| service.cluster());
        Self {
            wanted: mesh.cluster_set(),
            there: recorded.chain(there.files.keys().copied()).chain(containers).collect(),
        }
    }

    fn leaving(&self) -> Option<ClusterSet> {
        ClusterSet::new(self.there.iter().copied().filter(|cluster| !self.wanted.contains(*cluster)))
    }

    /// Whether those that leave have the highest numbers, and something stays: a mesh that shrinks.
    fn is_tail(&self) -> bool {
        let stays = |cluster: &&ClusterId| self.wanted.contains(**cluster);
        let mut from_the_last_that_stays = self.there.iter().rev().skip_while(|cluster| !stays(cluster)).peekable();
        from_the_last_that_stays.peek().is_some() && from_the_last_that_stays.all(|cluster| stays(&cluster))
    }

    /// `named` is what `--remove` names: everything that is deleted. The tail of a mesh may go without it. What is
    /// named and not there is returned: an earlier run of the same command may have deleted it.
    ///
    /// # Errors
    /// Something else would be deleted, or something that is named stays.
    pub fn require(&self, named: Option<&ClusterSet>) -> Result<Option<ClusterSet>, LeavingError> {
        let leaving = self.leaving();
        let mesh = self.wanted.to_mesh_text();
        let command = match &leaving {
            Some(leaving) => format!("mesh create {mesh} --remove {leaving}"),
            None => format!("mesh create {mesh}"),
        };
        let keeps = self.every().to_mesh_text();
        let Some(named) = named else {
            let unnamed = leaving.filter(|_| !self.is_tail());
            return unnamed.map_or(Ok(None), |unnamed| Err(LeavingError::Unnamed { unnamed, command, keeps }));
        };
        let of_named = |is: &dyn Fn(ClusterId) -> bool| ClusterSet::new(named.iter().filter(|cluster| is(*cluster)));
        if let Some(stays) = of_named(&|cluster| self.wanted.contains(cluster)) {
            return Err(LeavingError::Stays { stays, command });
        }
        let missing = of_named(&|cluster| !self.there.contains(&cluster));
        let unnamed = leaving.and_then(|all| ClusterSet::new(all.iter().filter(|cluster| !named.contains(*cluster))));
        unnamed.map_or(Ok(missing), |unnamed| Err(LeavingError::Unnamed { unnamed, command, keeps }))
    }

    fn every(&self) -> ClusterSet {
        ClusterSet::new(self.there.iter().copied().chain(self.wanted.iter())).unwrap_or_else(|| self.wanted.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::observed::ClusterFiles;

    fn leaving(from: &str, to: &str) -> Leaving {
        let mesh = |set| Mesh::example(1).with_clusters(set);
        Leaving::new(&mesh(to), Some(&mesh(from)), &Observed::default())
    }

    fn outcome(leaving: &Leaving, named: &str) -> String {
        let named: Option<ClusterSet> = (!named.is_empty()).then(|| named.parse().unwrap());
        match leaving.require(named.as_ref()) {
            Ok(None) => "done".to_owned(),
            Ok(Some(missing)) => format!("done without {}", missing.named()),
            Err(error) => format!("{error}; {}", error.hint().unwrap()),
        }
    }

    #[test]
    fn only_the_tail_goes_without_being_named() {
        for (from, to) in
            [("4", "4"), ("4", "5"), ("4", "2"), ("2-4", "2,9"), ("1,3,5", "1,3"), ("5-8", "1-8"), ("4", "1")]
        {
            assert_eq!(outcome(&leaving(from, to), ""), "done", "{from} to {to}");
        }
        let cases = [("4", "2,4"), ("4", "5-8"), ("4", "2-3"), ("2-4", "3-4"), ("7-7", "2")];
        insta::assert_snapshot!(cases.map(|(from, to)| outcome(&leaving(from, to), "")).join("\n"), @r"
        clusters 1,3 would be deleted with all data, and `--remove` does not say so; type `mesh create 2,4 --remove 1,3` if that is meant; `mesh create 4` keeps every cluster
        clusters 1-4 would be deleted with all data, and `--remove` does not say so; type `mesh create 5-8 --remove 1-4` if that is meant; `mesh create 8` keeps every cluster
        clusters 1,4 would be deleted with all data, and `--remove` does not say so; type `mesh create 2-3 --remove 1,4` if that is meant; `mesh create 4` keeps every cluster
        cluster02 would be deleted with all data, and `--remove` does not say so; type `mesh create 3-4 --remove 2` if that is meant; `mesh create 2-4` keeps every cluster
        cluster07 would be deleted with all data, and `--remove` does not say so; type `mesh create 2 --remove 7` if that is meant; `mesh create 1-2,7` keeps every cluster
        ");
    }

    #[test]
    fn what_is_named_is_exactly_what_goes() {
        for (from, to, named) in [("4", "2,4", "1,3"), ("4", "5-8", "1-4"), ("4", "2", "3-4")] {
            assert_eq!(outcome(&leaving(from, to), named), "done", "{from} to {to}");
        }
        let cases = [("4", "2,4", "1"), ("4", "2,4", "1-3"), ("4", "2,4", "1,3,9"), ("4", "4", "9"), ("4", "2", "4")];
        insta::assert_snapshot!(cases.map(|(from, to, named)| outcome(&leaving(from, to), named)).join("\n"), @r"
        cluster03 would be deleted with all data, and `--remove` does not say so; type `mesh create 2,4 --remove 1,3` if that is meant; `mesh create 4` keeps every cluster
        cluster02 cannot be removed and stay; type `mesh create 2,4 --remove 1,3` to keep cluster02
        done without cluster09
        done without cluster09
        cluster03 would be deleted with all data, and `--remove` does not say so; type `mesh create 2 --remove 3-4` if that is meant; `mesh create 4` keeps every cluster
        ");
    }

    #[test]
    fn what_an_interrupted_run_left_is_still_to_be_named() {
        let mesh = Mesh::example(1).with_clusters("3-4");
        let left =
            Observed { files: [(ClusterId::new(2).unwrap(), ClusterFiles::default())].into(), ..Observed::default() };
        let leaving = Leaving::new(&mesh, Some(&mesh), &left);
        assert_eq!(outcome(&leaving, "2"), "done");
        assert_eq!(outcome(&leaving, "1-2"), "done without cluster01", "the same command as before continues");
        assert!(outcome(&leaving, "").contains("`mesh create 3-4 --remove 2`"));
    }
}
