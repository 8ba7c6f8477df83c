//! Repositories of snapshots: directories, and what servers have of them. I/O: network, disk.

use std::path::Path;

use super::Apply;
use crate::{
    error::{Error, Exit},
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
        snapshots::OWNER,
    },
    world::{disk::Tree, files as saved},
};

impl Apply<'_> {
    pub(super) fn prepare_repository(&self, cluster: ClusterId) -> Result<(), Error> {
        if saved::repository_owner(self.mesh, cluster)?.is_none() {
            self.own_repository(cluster)?;
        }
        Ok(())
    }

    /// Makes the directory of a cluster's snapshots, and writes down that the cluster writes to it.
    pub(super) fn own_repository(&self, cluster: ClusterId) -> Result<(), Error> {
        let Some((root, below)) = self.mesh.repository_place(cluster) else { return Ok(()) };
        let tree = if root == self.mesh.dir {
            let tree = self.tree()?;
            self.make_service_dirs(&tree, cluster.first_node())?;
            tree
        } else {
            let tree = Tree::open(&root)?.ok_or_else(|| no_path(self.mesh, &root))?;
            tree.make_dir(&below, 0o750, self.owner())?;
            tree
        };
        let owner = serde_json::to_string_pretty(&self.mesh.owner_of_repository(cluster));
        let text = format!("{}\n", owner.expect("should be JSON: it holds only texts"));
        Ok(tree.write(format!("{below}/{OWNER}"), text.as_bytes(), 0o644, None)?)
    }

    /// Elasticsearch refuses this while a snapshot is taken or restored.
    pub(super) async fn unregister_repository(&self, cluster: ClusterId) -> Result<(), Error> {
        let server = self.server(cluster)?;
        let refused = |error: Error| {
            error
                .under(format!("the snapshots of {cluster} cannot move"))
                .hint("wait until no snapshot is taken or restored any more; then type the same command again")
        };
        self.persist_or(cluster, "the repository", refused, async || server.remove_repository().await).await
    }

    /// A server that cannot use the repository is to have none: with one, it would seem to be as it was decided.
    pub(super) async fn register_repository(&self, cluster: ClusterId) -> Result<(), Error> {
        let owner = saved::repository_owner(self.mesh, cluster)?;
        let Some(wanted) = self.mesh.repository(cluster, owner.as_ref()) else { return Ok(()) };
        let server = self.server(cluster)?;
        let place = self.mesh.repository_dir(cluster).map_or_else(
            || "the bucket can be reached, with the keys in `secure_settings`".to_owned(),
            |dir| format!("{} is there, has room, and belongs to {}", dir.display(), self.mesh.user()),
        );
        // a container goes on with the directory that it was started with
        let again = if self.mesh.has_several_nodes(cluster) {
            format!("; if it was deleted meanwhile, `mesh manage restart {}` has every node find it", cluster.number())
        } else {
            String::new()
        };
        let refused = |error: Error| {
            error
                .under(format!("{cluster} cannot use its snapshot repository"))
                .hint(format!("see that {place}{again}; then type the same command again"))
        };
        let put = async || {
            self.persist_or(cluster, "the repository", refused, async || server.put_repository(&wanted).await).await
        };
        if put().await.is_ok() {
            return if wanted.is_read_only() { Ok(()) } else { self.require_all_nodes(cluster).await };
        }
        // it may be another directory at the same place, and the server expects what the one before it held
        let _ = server.remove_repository().await;
        let registered = put().await;
        if registered.is_err() {
            let _ = server.remove_repository().await;
        }
        registered
    }
}

impl Apply<'_> {
    /// A node that was not asked could not write its part of a snapshot.
    async fn require_all_nodes(&self, cluster: ClusterId) -> Result<(), Error> {
        let server = self.server(cluster)?;
        let asked = self.persist(cluster, "the repository", async || server.verify_repository().await).await?;
        let uses = |node: &NodeId| {
            let settings = self.mesh.node_settings(*node);
            settings.holds_data() || settings.is_master_eligible()
        };
        let names = self.mesh.nodes(cluster).filter(uses).map(|node| self.mesh.container_name(node.into()));
        match names.into_iter().find(|name| !asked.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Error::new(Exit::Unfinished, format!("{name} did not prove the snapshot repository"))
                .hint("see that it is in its cluster with `mesh status`; then type the same command again")),
        }
    }
}

/// The error for a path that is not mounted: all clusters that keep snapshots there need another.
fn no_path(mesh: &Mesh, root: &Path) -> Error {
    let is_there = |cluster: &ClusterId| mesh.repository_place(*cluster).is_some_and(|(of, _)| of == root);
    let flags = mesh.flags_for_snapshots(mesh.clusters().filter(is_there), "PATH");
    Error::new(Exit::Machine, format!("the path for snapshots, {}, is not there", root.display()))
        .hint(format!("mount or make it, or name another with `mesh create {flags}`; then type the same command again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::per_cluster::read_set;

    #[test]
    fn another_path_is_named_for_all_clusters_that_share_it() {
        let mut mesh = Mesh::example(3);
        mesh.spec.snapshots = serde_json::from_value("/mnt/a".into()).unwrap();
        mesh.overrides = vec![read_set("2-3.snapshots=/mnt/nfs").unwrap()];
        let hint = |root: &str| no_path(&mesh, Path::new(root)).hint.unwrap_or_default();
        insta::assert_snapshot!(["/mnt/a", "/mnt/nfs"].map(hint).join("\n"), @r"
        mount or make it, or name another with `mesh create --snapshots PATH`; then type the same command again
        mount or make it, or name another with `mesh create --set 2-3.snapshots=PATH`; then type the same command again
        ");
    }
}
