//! The table of all settings: everything that is known of a setting stands in its entry here. Pure: no I/O.
//!
//! Everything else is made of it: [`MeshSpec`], [`Overrides`] and their merge by [`settings!`](super::define), the
//! settings file with its JSON Schema, the variables of the environment, the flags and the table in
//! `docs/reference.md` from [`SETTINGS`].
//! A new setting is a new entry and the code that uses it. In a record from before it was there, it has its default.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::ser::SerializeMap as _;
use serde_json::Value as Json;

use super::{
    AdvertiseBind, Advertised, DataSet, ElasticSettings, GatewayAddress, GatewayImage, IndexPattern, KeyDays,
    KibanaSettings, LinkRule, Memory, Nodes, PassphraseWords, PerCluster, Profile, Registry, RemoteRule, Roles,
    Snapshots, StackVersion, SubjectName, TemplateDir, Timeout, Topology, UserFile, Users,
    define::{ALWAYS_RECORDED, Basis, Flags, Flaw, Scope, Setting, recorded, settings},
    value::Value,
};
use crate::mesh::{cluster_set::ClusterSet, name::MeshName, network::Subnet, ports::PortRange};

settings! {
    /// Which clusters: `8` for 1 to 8, or a set of 1 to 99 such as `5-8` or `1-4,7`
    clusters: ClusterSet {
        scope: Mesh,
        default: "those that there are",
        example: "3",
        flags: Flags::Position,
    }
    /// The mesh's name; a settings file that has one is for that mesh alone
    name: MeshName {
        scope: Mesh,
        default: "none",
        example: "ci42",
        flags: Flags::Global,
    }
    /// Version of Elasticsearch and Kibana, 8.14.0 or later
    stack_version: StackVersion {
        scope: Mesh,
        default: "9.5.3" = |basis| basis.version,
        example: "9.5.3",
        flags: Flags::Value,
    }
    /// Registry of the images: a host, optionally with a port and a path
    registry: Registry {
        scope: Mesh,
        default: "docker.elastic.co" = |_| Registry::default(),
        example: "registry.local:5000/elastic",
        flags: Flags::Value,
    }
    /// Whether every cluster has a Kibana
    kibana: bool {
        scope: Cluster,
        default: "true" = |_| true,
        example: "false",
        flags: Flags::Switch { off: "Elasticsearch only", on: "Kibana, too, after `--no-kibana`" },
    }
    /// Nodes of a cluster: 1, or 3 to 8; in a file also a list, each with `roles` and `elastic_memory`
    nodes: Nodes {
        scope: Cluster,
        default: "1" = |_| Nodes::default(),
        example: "3",
        flags: Flags::Value,
    }
    /// `server`, or `smoke` for smoke tests and laptops: small heaps, JVMs that boot soon and are slower later
    profile: Profile {
        scope: Mesh,
        default: "server" = |basis| basis.profile,
        example: "smoke",
        flags: Flags::Value,
    }
    /// Memory limit of an Elasticsearch container, 1g or more (stand-ins: 512m); the heap is somewhat less than half of it
    elastic_memory: Memory {
        scope: Cluster,
        default: "2g, smoke 1536m" = |basis| basis.profile.elastic_memory(),
        example: "3g",
        flags: Flags::Value,
    }
    /// Memory limit of a Kibana container, 1g or more (stand-ins: 512m)
    kibana_memory: Memory {
        scope: Cluster,
        default: "2g, smoke 1g, before 9.4 1536m" = |basis| basis.profile.kibana_memory(basis.version),
        example: "1536m",
        flags: Flags::Value,
    }
    /// Address of this machine that ports are published on
    bind: IpAddr {
        scope: Mesh,
        default: "127.0.0.1" = |_| IpAddr::from([127, 0, 0, 1]),
        example: "0.0.0.0",
        flags: Flags::Value,
    }
    /// Address, no name, that other machines reach this one by: remote cluster servers (94nn) are published on it
    advertise: Advertised {
        scope: Cluster,
        default: "none: other machines cannot join" = |_| Advertised::default(),
        example: "192.0.2.11",
        flags: Flags::Reset { off: "Publish nothing for other machines any more, after `--advertise`" },
    }
    /// Address of this machine that they are published on instead, behind NAT or a balancer
    advertise_bind: AdvertiseBind {
        scope: Cluster,
        default: "as `advertise`" = |_| AdvertiseBind::default(),
        example: "10.0.0.2",
        flags: Flags::Reset { off: "The advertised address itself again, after `--advertise-bind`" },
    }
    /// Address and port of this machine for everything by one address: every Kibana at `/clusterNN`, every Elasticsearch at `/clusterNN/elastic/`
    gateway: GatewayAddress {
        scope: Mesh,
        default: "none" = |_| GatewayAddress::default(),
        example: "192.0.2.11:443",
        flags: Flags::Reset { off: "No gateway any more, after `--gateway`" },
    }
    /// A certificate for the gateway in place of one that mesh issues: PEM, with those that lead to its authority
    gateway_cert: UserFile {
        scope: Mesh,
        default: "one that mesh issues" = |_| UserFile::default(),
        example: "mesh.example.org.crt",
        flags: Flags::Reset { off: "A certificate that mesh issues again, after `--gateway-cert`" },
    }
    /// The key of that certificate: PKCS#8, as PEM
    gateway_key: UserFile {
        scope: Mesh,
        default: "one that mesh makes" = |_| UserFile::default(),
        example: "mesh.example.org.key",
        flags: Flags::Reset { off: "A key that mesh makes again, after `--gateway-key`" },
    }
    /// Image of the gateway: nginx 1.22 or later
    gateway_image: GatewayImage {
        scope: Mesh,
        default: "nginx:1.28.0" = |_| GatewayImage::default(),
        example: "mesh.local/nginx/nginx:1.26.3",
        flags: Flags::Reset { off: "The default image again, after `--gateway-image`" },
    }
    /// The mesh's Docker network, private and /16 to /24
    subnet: Subnet {
        scope: Mesh,
        default: "a free one",
        example: "10.213.0.0/24",
        flags: Flags::Value,
    }
    /// Range that the ports of new clusters are taken from, where they are free
    ports: PortRange {
        scope: Mesh,
        default: "by number, named 20000-29999",
        example: "20000-29999",
        flags: Flags::Value,
    }
    /// Whether `/etc/hosts` gets the names of the containers; only root writes it
    hosts: bool {
        scope: Mesh,
        default: "true" = |_| true,
        example: "false",
        flags: Flags::Switch {
            off: "Keep the services' names out of `/etc/hosts`",
            on: "Write `/etc/hosts` (root only), after `--no-hosts`",
        },
    }
    /// Indices that the other clusters may search, besides `mesh*`
    share: Vec<IndexPattern> {
        scope: Cluster,
        default: "none" = |_| Vec::new(),
        example: "logs-*,metrics-*",
        flags: Flags::Value,
    }
    /// Roles by their names: what each reads on the clusters that it is `on`, and on remotes; in a file only
    roles: Roles {
        scope: Mesh,
        default: "none" = |_| Roles::default(),
        example: "{analyst: {indices: [{names: [logs-*]}], remote: [{names: [logs-*]}], on: 1-6}}",
        flags: Flags::FileOnly,
    }
    /// Users by their names, each with its roles and the clusters that it is `on`; in a file only, besides `mesh users add`
    users: Users {
        scope: Mesh,
        default: "none" = |_| Users::default(),
        example: "{anna: {roles: [mesh_reader], on: 1}}",
        flags: Flags::FileOnly,
    }
    /// Whether clusters share the alias `local-data-set`, by which people search all data of the mesh
    data_set: DataSet {
        scope: Mesh,
        default: "true, false for a mesh from before" = |basis| DataSet(!basis.of_record),
        example: "false",
        flags: Flags::Switch {
            off: "No alias and no data views of the mesh's own",
            on: "Share the alias `local-data-set`, also in a mesh from before there was one",
        },
    }
    /// Which clusters search which: `all`, `none`, `hub:1` for one that searches the others, `hub:1,both` where they search it, too
    topology: Topology {
        scope: Mesh,
        default: "all" = |_| Topology::default(),
        example: "hub:1",
        flags: Flags::Value,
    }
    /// Single links instead of a topology, each with what it alone shares if that is not what its cluster shares; in a file only
    links: Vec<LinkRule> {
        scope: Mesh,
        default: "as the topology says",
        example: "{from: 1, to: 2-4, share: [hr-*]}",
        flags: Flags::FileOnly,
    }
    /// Clusters that mesh does not run and this one searches, each with its key in a file; in a file only. Those that an earlier file named and this one does not are left
    remotes: Vec<RemoteRule> {
        scope: Run,
        default: "those that were joined",
        example: "{name: archive, address: 192.0.2.20:9443, key_file: archive.key}",
        flags: Flags::FileOnly,
    }
    /// Names and addresses that certificates are valid for, besides the mesh's own
    san: Vec<SubjectName> {
        scope: Mesh,
        default: "none" = |_| Vec::new(),
        example: "vm.example.com,192.0.2.7",
        flags: Flags::Value,
    }
    /// Lifetime of the API keys between clusters, in days
    key_days: KeyDays {
        scope: Mesh,
        default: "365" = |_| KeyDays::default(),
        example: "90",
        flags: Flags::Value,
    }
    /// A license file for every cluster, of this run only: again when the mesh grows
    license: PathBuf {
        scope: Run,
        default: "as it is, else a trial of 30 days",
        example: "license.json",
        flags: Flags::Value,
    }
    /// How many words a generated password has, 3 to 20
    passphrase_words: PassphraseWords {
        scope: Mesh,
        default: "6" = |_| PassphraseWords::default(),
        example: "8",
        flags: Flags::Value,
    }
    /// A directory whose `elasticsearch.yml`, `kibana.yml` or `jvm.options` stand in for the built-in templates
    templates: TemplateDir {
        scope: Mesh,
        default: "built-in" = |_| TemplateDir::default(),
        example: "templates",
        flags: Flags::Reset { off: "The built-in templates again, after `--templates`" },
    }
    /// Lines added to each `elasticsearch.yml`; what mesh sets itself is refused
    settings: ElasticSettings {
        scope: Cluster,
        default: "none" = |_| ElasticSettings::default(),
        example: "indices.query.bool.max_clause_count=4096",
        flags: Flags::Value,
    }
    /// Lines added to each `kibana.yml`; what mesh sets itself is refused
    kibana_settings: KibanaSettings {
        scope: Cluster,
        default: "none" = |_| KibanaSettings::default(),
        example: "logging.root.level=warn",
        flags: Flags::Value,
    }
    /// A YAML file with secrets for Elasticsearch's keystores, which its owner alone may read; its path alone is recorded
    secure_settings: UserFile {
        scope: Cluster,
        default: "none" = |_| UserFile::default(),
        example: "secure.yaml",
        flags: Flags::Reset { off: "No file of secure settings, after `--secure-settings`: they leave the keystores" },
    }
    /// Where snapshots are kept: `fs` for the mesh's directory, an absolute path, or `off`; a mapping says when, how long and of what
    snapshots: Snapshots {
        scope: Cluster,
        default: "fs" = |basis| if basis.of_record { Snapshots::off() } else { Snapshots::default() },
        example: "/mnt/nfs/mesh",
        flags: Flags::Value,
    }
    /// Give up after this long, for example `90s` or `10m`
    timeout: Timeout {
        scope: Run,
        default: "5m and 1m a cluster",
        example: "10m",
        flags: Flags::Value,
    }
}
