//! Where everything lies in the mesh's directory, as paths relative to it. Pure: no I/O.
//!
//! ```text
//! mesh.json  mesh.json.format1  credentials.txt  ca.crt
//! clusterNN/
//!   api-key.json  api-key-clusterMM.json  keystore.json  seed-elastic.json  seed-kibana.json  uuid
//!   certs/     ca.crt ca.key                            the authority; never mounted into a container
//!              next.crt next.key old.crt                while another authority takes over
//!              retired.crt                              authorities that nothing is to trust any more
//!   elastic/   config/  data/  logs/  backup/
//!   elastic-2/ config/  data/  logs/                    of the second node, with keystore-2.json, seed-elastic-2.json
//!   kibana/    config/  data/
//! peers/       NAME.json                              keys and authorities of the meshes that were joined
//! gateway/     certs/  config/                        of the mesh's own gateway
//! ```

use super::{
    id::{ClusterId, NodeId, ServiceId, ServiceKind},
    links::Key,
    peers::PartnerName,
};

pub const RECORD: &str = "mesh.json";
/// What `mesh.json` was before a newer `mesh` wrote it in a format of its own.
pub const OLD_RECORDS: [&str; 1] = ["mesh.json.format1"];
pub const CREDENTIALS: &str = "credentials.txt";
/// Every cluster's authority, for browsers and other clients.
pub const BUNDLE: &str = "ca.crt";

/// The directory of what reaching peers takes.
pub const PEERS: &str = "peers";

/// The directory of the mesh's own gateway.
pub const GATEWAY: &str = "gateway";
/// The directory that its container reads.
pub const GATEWAY_CONFIG: &str = "gateway/config";
/// That of its authority, which no container sees.
pub const GATEWAY_CERTS: &str = "gateway/certs";
pub const GATEWAY_AUTHORITY: &str = "gateway/certs/ca.crt";
pub const GATEWAY_AUTHORITY_KEY: &str = "gateway/certs/ca.key";

/// A file that the gateway reads.
pub fn gateway_file(name: &str) -> String {
    format!("{GATEWAY_CONFIG}/{name}")
}

/// Names of files in the mesh's directory that are the mesh's own.
pub const OWN_FILES: [&str; 4] = [RECORD, OLD_RECORDS[0], CREDENTIALS, BUNDLE];

/// Where a record of an older format is kept.
pub fn old_record(format: u32) -> String {
    format!("{RECORD}.format{format}")
}

/// Whether a name in the mesh's directory is the mesh's own: a directory of a cluster, of peers or of the gateway, or
/// one of [`OWN_FILES`].
pub fn is_own(name: &str) -> bool {
    name.parse::<ClusterId>().is_ok() || [PEERS, GATEWAY].contains(&name) || OWN_FILES.contains(&name)
}

/// Whether a directory of this name is one that a file system or a desktop keeps at the top of a disk: it belongs to no
/// mesh, and stays.
pub fn is_of_disk(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        // where fsck puts what it finds
        "lost+found",
        // snapshots of NetApp and others, of ZFS, of snapper
        ".snapshot",
        ".zfs",
        ".snapshots",
        // of macOS and of Windows
        ".Trashes",
        ".fseventsd",
        "System Volume Information",
        "$RECYCLE.BIN",
    ];
    // see <https://specifications.freedesktop.org/trash-spec/latest/>
    NAMES.contains(&name) || name == ".Trash" || name.starts_with(".Trash-")
}

pub fn authority_dir(cluster: ClusterId) -> String {
    format!("{cluster}/certs")
}

pub fn authority_certificate(cluster: ClusterId) -> String {
    format!("{cluster}/certs/ca.crt")
}

pub fn authority_key(cluster: ClusterId) -> String {
    format!("{cluster}/certs/ca.key")
}

/// The authority that is going to take over: trusted, and signing nothing yet.
pub fn next_authority_certificate(cluster: ClusterId) -> String {
    format!("{cluster}/certs/next.crt")
}

pub fn next_authority_key(cluster: ClusterId) -> String {
    format!("{cluster}/certs/next.key")
}

/// The authority that another took over from: trusted for as long as something that it signed may be in use.
pub fn old_authority(cluster: ClusterId) -> String {
    format!("{cluster}/certs/old.crt")
}

/// The authorities that were in force or trusted once: what tells them from those of others in a bundle.
pub fn retired_authorities(cluster: ClusterId) -> String {
    format!("{cluster}/certs/retired.crt")
}

/// The cross-cluster API key of a cluster, which the others reach it by.
pub fn api_key(cluster: ClusterId) -> String {
    format!("{cluster}/api-key.json")
}

/// A key of a cluster: [`api_key`], or that of one link.
pub fn key(key: Key) -> String {
    match key.searcher {
        None => api_key(key.of),
        Some(searcher) => format!("{}/api-key-{searcher}.json", key.of),
    }
}

/// What reaching the clusters of a peer takes.
pub fn peer(name: &PartnerName) -> String {
    format!("{PEERS}/{name}.json")
}

/// The peer whose file in [`PEERS`] has this name.
pub fn peer_of(file: &str) -> Option<PartnerName> {
    file.strip_suffix(".json")?.parse().ok()
}

/// The searcher whose key a file in a cluster's directory holds, if it is one of a link.
pub fn searcher_of_key(name: &str) -> Option<ClusterId> {
    name.strip_prefix("api-key-")?.strip_suffix(".json")?.parse().ok()
}

/// What was last written into a node's keystore, as digests.
pub fn keystore_record(node: NodeId) -> String {
    let number = if node.is_first() { String::new() } else { format!("-{}", node.number.get()) };
    format!("{}/keystore{number}.json", node.cluster)
}

/// The UUID that Elasticsearch gave the cluster when it was founded, of a cluster of several nodes.
pub fn uuid(cluster: ClusterId) -> String {
    format!("{cluster}/uuid")
}

/// What the service's configuration directory was filled with from its image, as digests.
pub fn seed_record(service: ServiceId) -> String {
    format!("{}/seed-{}.json", service.cluster(), service.word())
}

/// The only directory of the mesh that the service's container sees.
pub fn service_dir(service: ServiceId) -> String {
    format!("{}/{}", service.cluster(), service.word())
}

/// The directories below [`service_dir`], each with its place in the container.
pub fn mounts(kind: ServiceKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        ServiceKind::Elastic => &[
            ("config", "/usr/share/elasticsearch/config"),
            ("data", "/usr/share/elasticsearch/data"),
            ("logs", "/usr/share/elasticsearch/logs"),
            (BACKUP, "/usr/share/elasticsearch/backup"),
        ],
        ServiceKind::Kibana => &[("config", "/usr/share/kibana/config"), ("data", "/usr/share/kibana/data")],
    }
}

/// The directories below [`service_dir`] that the mesh makes: a node's repository of snapshots is its cluster's, and
/// lies with the first node.
pub fn directories(service: ServiceId) -> impl Iterator<Item = &'static str> {
    let of_cluster = move |dir: &str| dir == BACKUP && service.node().is_some_and(|node| !node.is_first());
    mounts(service.kind()).iter().map(|(dir, _)| *dir).filter(move |dir| !of_cluster(dir))
}

/// Where snapshots are kept, in the directory of a cluster's first node.
pub const BACKUP: &str = "backup";

/// The path in its container of a file in a service's configuration directory.
pub fn config_inside(kind: ServiceKind, name: &str) -> String {
    format!("{}/{name}", mounts(kind)[0].1)
}

/// Where a node keeps its data.
pub fn data(node: NodeId) -> String {
    format!("{}/data", service_dir(node.into()))
}

/// A file in the service's configuration directory.
pub fn config(service: ServiceId, name: &str) -> String {
    format!("{}/config/{name}", service_dir(service))
}

/// The service's main configuration file.
pub fn settings(service: ServiceId) -> String {
    config(
        service,
        match service.kind() {
            ServiceKind::Elastic => "elasticsearch.yml",
            ServiceKind::Kibana => "kibana.yml",
        },
    )
}

pub fn certificate(service: ServiceId) -> String {
    config(service, &format!("certs/{}.crt", service.kind().word()))
}

pub fn certificate_key(service: ServiceId) -> String {
    config(service, &format!("certs/{}.key", service.kind().word()))
}

/// The authorities of the service's own cluster: one, or two while another takes over.
pub fn own_authority(service: ServiceId) -> String {
    config(service, "certs/ca.crt")
}

/// The bundle by which Elasticsearch trusts its remotes, in its configuration directory.
pub const MESH_AUTHORITIES: &str = "certs/mesh-ca.crt";

/// The authorities of the clusters that Elasticsearch has as remotes.
pub fn mesh_authorities(node: NodeId) -> String {
    config(node.into(), MESH_AUTHORITIES)
}

pub fn jvm_options(node: NodeId) -> String {
    config(node.into(), "jvm.options.d/mesh.options")
}

pub fn keystore(node: NodeId) -> String {
    config(node.into(), "elasticsearch.keystore")
}

/// The addresses of the cluster's nodes, which a server reads again when it looks for others; see
/// <https://www.elastic.co/docs/deploy-manage/distributed-architecture/discovery-cluster-formation/discovery-hosts-providers>.
pub fn seed_hosts(node: NodeId) -> String {
    config(node.into(), "unicast_hosts.txt")
}

/// The tokens of service accounts that the server knows, each as a hash; see
/// <https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/service-accounts>.
pub fn service_tokens(node: NodeId) -> String {
    config(node.into(), "service_tokens")
}

/// Users of the server's file realm.
pub fn users(node: NodeId) -> String {
    config(node.into(), "users")
}

/// Their roles.
pub fn users_roles(node: NodeId) -> String {
    config(node.into(), "users_roles")
}

/// A file of the image's own configuration, without which the service does not start: its presence tells that the
/// directory was seeded.
pub fn seed_marker(service: ServiceId) -> String {
    config(
        service,
        match service.kind() {
            ServiceKind::Elastic => "jvm.options",
            ServiceKind::Kibana => "node.options",
        },
    )
}
