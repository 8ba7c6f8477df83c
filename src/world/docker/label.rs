//! Labels on everything that belongs to a mesh, by which it is found. No I/O.

use std::collections::HashMap;

use crate::mesh::Mesh;

pub const MESH: &str = "mesh.id";
pub const DIR: &str = "mesh.dir";
/// Absent on things of a mesh without a name.
pub const NAME: &str = "mesh.name";
/// The ports of the host that the mesh (on its network) or a service publishes; absent where they follow from the
/// clusters' numbers.
pub const PORTS: &str = "mesh.ports";
pub const CLUSTER: &str = "mesh.cluster";
/// Address and port of the host that a mesh's own gateway is published on: the engine's lists have those of one that
/// runs only.
pub const GATEWAY: &str = "mesh.gateway";
/// `elastic`, `kibana` or `gateway`.
pub const SERVICE: &str = "mesh.service";
/// The number of an Elasticsearch node within its cluster; absent on containers of older programs, which had one.
pub const NODE: &str = "mesh.node";
pub const FINGERPRINT: &str = "mesh.fingerprint";
/// The revision of the defaults that a container was made with; one without it has the first.
pub const DEFAULTS: &str = "mesh.defaults";

/// The labels by which a thing is known to belong to the mesh.
pub(super) fn of_mesh(mesh: &Mesh) -> HashMap<String, String> {
    let dir = mesh.dir.display().to_string();
    let name = mesh.name.iter().map(|name| (NAME.to_owned(), name.to_string()));
    [(MESH.to_owned(), mesh.id.clone()), (DIR.to_owned(), dir)].into_iter().chain(name).collect()
}
