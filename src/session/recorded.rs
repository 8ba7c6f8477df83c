//! The mesh as its directory tells of it: enough for commands that only talk to servers or hand something out. I/O:
//! disk; changes nothing.

use std::{collections::BTreeSet, path::Path};

use crate::{
    error::{Error, Exit},
    mesh::{
        Mesh,
        cluster_set::ClusterSet,
        credentials::Credentials,
        id::{ClusterId, ServiceId},
        layout,
        part::Part,
        secret::Secret,
        users::UserName,
    },
    world::{
        access::{self, Access, AccessError},
        disk::{self, Tree},
        elasticsearch::Elasticsearch,
        files,
        glance::LostRecord,
        traces,
    },
};

/// A mesh that is recorded in a directory.
pub struct Recorded {
    tree: Tree,
    pub mesh: Mesh,
}

/// Whether a directory holds what is left of a mesh, so that its record is lost.
pub(super) fn holds_traces(dir: &Path) -> bool {
    Tree::open(dir).ok().flatten().is_some_and(|tree| traces::holds_a_mesh(&tree))
}

/// There is nothing recorded in a directory.
pub fn no_mesh(dir: &Path) -> Error {
    if holds_traces(dir) {
        return LostRecord { dir: dir.to_owned() }.into();
    }
    Error::new(Exit::Request, format!("there is no mesh in {}", dir.display()))
        .hint("make one with `mesh create 2`, or name its directory with `--dir`")
}

impl Recorded {
    /// # Errors
    /// There is no mesh in `dir`, or its record cannot be read.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let dir = disk::resolve(dir)?;
        let tree = Tree::open(&dir)?.ok_or_else(|| no_mesh(&dir))?;
        let mesh = files::mesh(&tree, &dir)?.ok_or_else(|| no_mesh(&dir))?;
        Ok(Self { tree, mesh })
    }

    pub fn credentials(&self) -> Result<Credentials, Error> {
        Ok(access::credentials(&self.tree)?)
    }

    /// Every cluster's authority, as PEM.
    pub fn authorities(&self) -> Result<Vec<u8>, Error> {
        self.tree.read(layout::BUNDLE)?.ok_or_else(|| {
            Error::new(Exit::Machine, format!("{} is gone", self.mesh.dir.join(layout::BUNDLE).display()))
                .hint("`mesh create` writes it again")
        })
    }

    /// Every authority that may have signed what a cluster's services show, as PEM.
    pub fn authorities_of(&self, cluster: ClusterId) -> Result<String, Error> {
        let found = files::authorities(&self.tree, cluster)?.trusted();
        found.ok_or_else(|| AccessError::Authority { cluster, dir: self.mesh.dir.clone() }.into())
    }

    /// The password that a user of the mesh was given.
    pub fn password_of(&self, user: &UserName) -> Result<Secret, Error> {
        self.mesh.require_user(user)?;
        self.credentials()?.users.remove(user).ok_or_else(|| {
            Error::new(Exit::Request, format!("no file holds a password of {user}"))
                .hint(format!("`mesh users passwd {user}` gives her another one"))
        })
    }

    /// A cluster of the mesh, by what was typed.
    pub fn cluster(&self, cluster: ClusterId) -> Result<ClusterId, Error> {
        self.mesh.require(&cluster.into())?;
        Ok(cluster)
    }

    /// The clusters of sets that were typed, or all where none was.
    pub fn clusters(&self, named: &[ClusterSet]) -> Result<BTreeSet<ClusterId>, Error> {
        if named.is_empty() {
            return Ok(self.mesh.clusters().collect());
        }
        named.iter().try_for_each(|set| self.mesh.require(set))?;
        Ok(named.iter().flat_map(ClusterSet::iter).collect())
    }

    /// The services of parts that were typed, or all where none was.
    pub fn services(&self, named: &[Part]) -> Result<BTreeSet<ServiceId>, Error> {
        if named.is_empty() {
            return Ok(self.mesh.services().collect());
        }
        named.iter().try_for_each(|part| self.mesh.require_part(part))?;
        let is_in = |service: ServiceId, part: &Part| match part {
            Part::Clusters(clusters) => clusters.contains(service.cluster()),
            Part::Node(node) => service.node() == Some(*node),
            Part::Gateway => false,
        };
        Ok(self.mesh.services().filter(|service| named.iter().any(|part| is_in(*service, part))).collect())
    }

    /// A cluster's REST API, asked as `elastic`.
    pub fn server(&self, cluster: ClusterId) -> Result<Elasticsearch, Error> {
        let cluster = self.cluster(cluster)?;
        Ok(Elasticsearch::new(&self.mesh, cluster, Access::read(&self.tree, cluster)?)?)
    }
}
