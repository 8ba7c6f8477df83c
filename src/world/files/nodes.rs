//! Which services a cluster's directory holds, and what only a node has in it. I/O: disk.

use super::{FilesError, clusters, keystore::keystore_entries, managed, text};
use crate::{
    facts::observed::{ClusterFiles, NodeFiles},
    mesh::{
        id::{ClusterId, NodeId, ServiceId},
        keystore::Keyring,
        layout, recover,
        render::Formation,
        secret::Secret,
    },
    world::disk::Tree,
};

/// The services that have a directory in a cluster's.
pub fn services(tree: &Tree, cluster: ClusterId) -> Result<Vec<ServiceId>, FilesError> {
    let entries = tree.entries(cluster.to_string())?;
    let mut services: Vec<_> = entries.iter().filter_map(|name| ServiceId::of_word(cluster, name)).collect();
    services.sort();
    Ok(services)
}

/// The nodes that have a directory in a cluster's.
pub fn nodes(tree: &Tree, cluster: ClusterId) -> Result<Vec<NodeId>, FilesError> {
    Ok(services(tree, cluster)?.into_iter().filter_map(ServiceId::node).collect())
}

/// Whether a server has written data, or what is where it belongs cannot be looked into.
pub fn has_data(tree: &Tree) -> Result<bool, FilesError> {
    let of_cluster =
        |cluster| nodes(tree, cluster).map_or(true, |nodes| nodes.into_iter().any(|node| holds(tree, node)));
    Ok(clusters(tree)?.into_iter().any(of_cluster))
}

/// Whether a cluster of several nodes exists, as its files tell.
pub fn formation(tree: &Tree, cluster: ClusterId) -> Result<Formation, FilesError> {
    let nodes = nodes(tree, cluster)?.into_iter();
    let data = |node: NodeId| (node.number, NodeFiles { data: holds(tree, node), ..NodeFiles::default() });
    let uuid = text(tree, &layout::uuid(cluster))?;
    Ok(ClusterFiles { nodes: nodes.map(data).collect(), uuid, ..ClusterFiles::default() }.formation())
}

fn holds(tree: &Tree, node: NodeId) -> bool {
    tree.entries(layout::data(node)).map_or(true, |entries| !entries.is_empty())
}

/// The files of a node that a Kibana does not have.
pub(super) fn node(tree: &Tree, node: NodeId, keys: &mut Keyring) -> Result<NodeFiles, FilesError> {
    let has_recovery_user =
        |path: &str| Ok::<_, FilesError>(text(tree, path)?.is_some_and(|text| recover::has_user(&text)));
    Ok(NodeFiles {
        bundle: text(tree, &layout::mesh_authorities(node))?,
        jvm_options: text(tree, &layout::jvm_options(node))?,
        seed_hosts: text(tree, &layout::seed_hosts(node))?,
        keystore: keystore_entries(tree, node, keys)?,
        managed: managed(tree, node),
        service_tokens: text(tree, &layout::service_tokens(node))?.map(Secret::new),
        recovery_user: has_recovery_user(&layout::users(node))? || has_recovery_user(&layout::users_roles(node))?,
        data: holds(tree, node),
    })
}
