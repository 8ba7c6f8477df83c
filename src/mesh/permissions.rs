//! Who may read and write what in the mesh's directory: the mode and the holder of each file and directory. Pure: no
//! I/O.

use super::{
    gateway::own_files::{CERTIFICATE, KEY, is_own_file},
    id::{ClusterId, NodeId, ServiceId},
    layout,
};

/// Whom a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Root, or the user whose mesh it is. No container sees the file.
    Mesh,
    /// The user that the containers run as.
    Service,
}

/// What a file or directory is written with, and is to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    pub holder: Holder,
}

impl Permissions {
    const fn of_mesh(mode: u32) -> Self {
        Self { mode, holder: Holder::Mesh }
    }

    const fn of_service(mode: u32) -> Self {
        Self { mode, holder: Holder::Service }
    }
}

const PUBLIC: u32 = 0o644;
const PRIVATE: u32 = 0o600;
/// What Elasticsearch's own tool gives the keystore.
const KEYSTORE: u32 = 0o660;
const DIR_PUBLIC: u32 = 0o755;
const DIR_PRIVATE: u32 = 0o700;
/// The mode of directories that containers use: their user and group 0.
const DIR_SERVICE: u32 = 0o750;

/// The mesh's directory, where `mesh` makes it; one that was there keeps what it has.
pub const ROOT: u32 = DIR_PUBLIC;
/// Writing for everybody, which nothing of a mesh is to have.
pub const WORLD_WRITABLE: u32 = 0o002;
/// The permission bits of the group and of others: a file of the user's that holds a secret has none of them.
pub const OTHERS: u32 = 0o077;

/// Those of a file, by its path in the mesh's directory.
pub fn of_file(path: &str) -> Permissions {
    let parts: Vec<&str> = path.split('/').collect();
    let key = path.rsplit_once('.').is_some_and(|(_, extension)| extension == "key");
    match parts[..] {
        [layout::CREDENTIALS] | [_, _] => Permissions::of_mesh(PRIVATE),
        [_] => Permissions::of_mesh(PUBLIC),
        [_, "certs", _] => Permissions::of_mesh(if key { PRIVATE } else { PUBLIC }),
        [.., "elasticsearch.yml" | "kibana.yml" | "service_tokens"] => Permissions::of_service(PRIVATE),
        [.., "elasticsearch.keystore"] => Permissions::of_service(KEYSTORE),
        _ => Permissions::of_service(if key { PRIVATE } else { PUBLIC }),
    }
}

/// Those of a directory, by its path in the mesh's directory.
pub fn of_dir(path: &str) -> Permissions {
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        [layout::PEERS] | [_, "certs"] => Permissions::of_mesh(DIR_PRIVATE),
        [_] => Permissions::of_mesh(DIR_PUBLIC),
        _ => Permissions::of_service(DIR_SERVICE),
    }
}

/// The directories that the container of a service writes in. What is below them is its own, and belongs to whom the
/// directory does.
fn tops(service: ServiceId) -> impl Iterator<Item = String> {
    layout::directories(service).map(move |name| format!("{}/{name}", layout::service_dir(service)))
}

/// Whether a path is a directory that a container writes in.
pub fn is_top(path: &str) -> bool {
    let mut parts = path.splitn(3, '/');
    let cluster = parts.next().and_then(|name| name.parse().ok());
    let service = cluster.zip(parts.next()).and_then(|(cluster, word)| ServiceId::of_word(cluster, word));
    service.is_some_and(|service| tops(service).any(|top| top == path))
}

/// The files that a mesh writes for a cluster of these services, whether they are there or not, without those that come
/// from images.
pub fn files(cluster: ClusterId, services: &[ServiceId]) -> Vec<String> {
    let of_cluster = [
        layout::api_key(cluster),
        layout::uuid(cluster),
        layout::authority_certificate(cluster),
        layout::authority_key(cluster),
        layout::next_authority_certificate(cluster),
        layout::next_authority_key(cluster),
        layout::old_authority(cluster),
        layout::retired_authorities(cluster),
    ];
    let of_node = |node: NodeId| {
        [
            layout::keystore_record(node),
            layout::mesh_authorities(node),
            layout::jvm_options(node),
            layout::seed_hosts(node),
            layout::keystore(node),
            layout::service_tokens(node),
        ]
    };
    let of_service = |service: ServiceId| {
        [
            layout::seed_record(service),
            layout::settings(service),
            layout::certificate(service),
            layout::certificate_key(service),
            layout::own_authority(service),
        ]
    };
    let of_nodes = services.iter().filter_map(|service| service.node()).flat_map(of_node);
    of_cluster.into_iter().chain(of_nodes).chain(services.iter().copied().flat_map(of_service)).collect()
}

/// The directories around them.
pub fn dirs(cluster: ClusterId, services: &[ServiceId]) -> Vec<String> {
    let of_service = |service: ServiceId| [layout::service_dir(service), layout::config(service, "certs")];
    let options = services.iter().filter(|service| service.node().is_some());
    [cluster.to_string(), layout::authority_dir(cluster)]
        .into_iter()
        .chain(options.map(|service| layout::config(*service, "jvm.options.d")))
        .chain(services.iter().copied().flat_map(of_service))
        .chain(services.iter().copied().flat_map(tops))
        .collect()
}

/// The directories and files of the mesh's own gateway, whose container reads those of these names.
pub fn of_gateway(names: Vec<String>) -> impl Iterator<Item = String> {
    let own = [
        layout::GATEWAY,
        layout::GATEWAY_CERTS,
        layout::GATEWAY_CONFIG,
        layout::GATEWAY_AUTHORITY,
        layout::GATEWAY_AUTHORITY_KEY,
    ];
    let is_own = |name: &String| [CERTIFICATE, KEY].contains(&name.as_str()) || is_own_file(name);
    own.into_iter().map(str::to_owned).chain(names.into_iter().filter(is_own).map(|name| layout::gateway_file(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> [ServiceId; 2] {
        [ClusterId::FIRST.first_node(), ClusterId::FIRST.kibana()]
    }

    #[test]
    fn every_secret_is_for_its_holder_alone() {
        let own = layout::OWN_FILES.map(str::to_owned);
        let all = own.into_iter().chain(files(ClusterId::FIRST, &services())).map(|path| {
            let Permissions { mode, holder } = of_file(&path);
            format!("{mode:o} {holder:?} {path}")
        });
        insta::assert_snapshot!(all.collect::<Vec<_>>().join("\n"), @r"
        644 Mesh mesh.json
        644 Mesh mesh.json.format1
        600 Mesh credentials.txt
        644 Mesh ca.crt
        600 Mesh cluster01/api-key.json
        600 Mesh cluster01/uuid
        644 Mesh cluster01/certs/ca.crt
        600 Mesh cluster01/certs/ca.key
        644 Mesh cluster01/certs/next.crt
        600 Mesh cluster01/certs/next.key
        644 Mesh cluster01/certs/old.crt
        644 Mesh cluster01/certs/retired.crt
        600 Mesh cluster01/keystore.json
        644 Service cluster01/elastic/config/certs/mesh-ca.crt
        644 Service cluster01/elastic/config/jvm.options.d/mesh.options
        644 Service cluster01/elastic/config/unicast_hosts.txt
        660 Service cluster01/elastic/config/elasticsearch.keystore
        600 Service cluster01/elastic/config/service_tokens
        600 Mesh cluster01/seed-elastic.json
        600 Service cluster01/elastic/config/elasticsearch.yml
        644 Service cluster01/elastic/config/certs/elastic.crt
        600 Service cluster01/elastic/config/certs/elastic.key
        644 Service cluster01/elastic/config/certs/ca.crt
        600 Mesh cluster01/seed-kibana.json
        600 Service cluster01/kibana/config/kibana.yml
        644 Service cluster01/kibana/config/certs/kibana.crt
        600 Service cluster01/kibana/config/certs/kibana.key
        644 Service cluster01/kibana/config/certs/ca.crt
        ");
        let all = dirs(ClusterId::FIRST, &services()).into_iter().map(|path| {
            let Permissions { mode, holder } = of_dir(&path);
            format!("{mode:o} {holder:?} {path}")
        });
        insta::assert_snapshot!(all.collect::<Vec<_>>().join("\n"), @r"
        755 Mesh cluster01
        700 Mesh cluster01/certs
        750 Service cluster01/elastic/config/jvm.options.d
        750 Service cluster01/elastic
        750 Service cluster01/elastic/config/certs
        750 Service cluster01/kibana
        750 Service cluster01/kibana/config/certs
        750 Service cluster01/elastic/config
        750 Service cluster01/elastic/data
        750 Service cluster01/elastic/logs
        750 Service cluster01/elastic/backup
        750 Service cluster01/kibana/config
        750 Service cluster01/kibana/data
        ");
    }
}
