//! WHAT IS WANTED. Pure: no I/O, no async; time and randomness come in as arguments.
//!
//! [`Mesh`] holds every decision; names, ports, addresses and texts follow from it.

pub mod certs;
#[cfg_attr(not(test), expect(dead_code, reason = "commands take sets of clusters once the record holds clusters"))]
pub mod cluster_set;
pub mod container;
pub mod container_spec;
pub mod credentials;
pub mod decide;
pub mod defaults;
pub mod fingerprint;
pub mod hosts_file;
pub mod id;
pub mod keystore;
pub mod layout;
pub mod network;
pub mod passphrase;
pub mod permissions;
pub mod rebuild;
pub mod recover;
pub mod render;
pub mod rendered;
pub mod secret;
pub mod service;
pub mod settings;
pub mod shell_word;
mod stand_in;
pub mod taken;
pub mod templates;
pub mod upgrade;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use self::{
    certs::Names,
    defaults::Revision,
    id::{ClusterId, REMOTE, ServiceId, ServiceKind},
    network::Subnet,
    service::Service,
    settings::{MeshSpec, SHARED, StackVersion, SubjectName},
    templates::Templates,
};

/// The version of the form of `mesh.json` that this program writes.
pub const FORMAT: u32 = 1;

/// A mesh with every decision made: nothing is left to choose when it is carried out. It is what `mesh.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mesh {
    /// [`FORMAT`] of the program that wrote it.
    pub format: u32,
    /// 16 random hexadecimal digits; everything that belongs to this mesh carries them.
    pub id: String,
    /// The directory the mesh lives in: absolute, without symlinks. Where it was found, so not recorded.
    #[serde(skip)]
    pub dir: PathBuf,
    pub spec: MeshSpec,
    /// Clusters that an upgrade to the version of `spec` has not reached yet, with the version that each is to have until then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub behind: BTreeMap<ClusterId, StackVersion>,
    /// The revision of built-in templates and constants that the mesh was made with, or came to by `--new-defaults`.
    #[serde(default, skip_serializing_if = "Revision::is_first")]
    pub defaults: Revision,
    /// Clusters that `--new-defaults` has not come to yet, with the revision that each keeps until then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub earlier_defaults: BTreeMap<ClusterId, Revision>,
    pub subnet: Subnet,
    pub owner: Owner,
    /// The engine that has the containers. A record from before it was kept has none, and takes the one that it is used with when
    /// it is written next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The machine's name, which certificates are valid for.
    pub host_name: String,
    /// The texts of `spec.templates`, read again by every run, so not recorded.
    #[serde(skip)]
    pub templates: Templates,
}

/// The user that the containers run as, and that owns the files they use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    pub uid: u32,
    /// 0 in every container of Elastic's images; see
    /// <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/install-elasticsearch-docker-prod>.
    pub gid: u32,
}

/// A Docker engine, as `docker info` tells of it. It is another one as soon as either differs: up to 20.10 all engines of a
/// machine have one id (`/etc/docker/key.json`), and no two of them share a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// `ID`.
    pub id: String,
    /// `DockerRootDir`: where it keeps containers and images.
    pub root: String,
}

impl Mesh {
    /// Whether `mesh.json` tells of this mesh already: all of it but the texts of templates.
    pub fn is_recorded_in(&self, record: &Mesh) -> bool {
        *self == Mesh { templates: self.templates.clone(), ..record.clone() }
    }

    pub fn clusters(&self) -> impl Iterator<Item = ClusterId> + Clone + use<> {
        ClusterId::up_to(self.spec.clusters)
    }

    pub fn has(&self, service: ServiceId) -> bool {
        service.cluster <= self.spec.clusters && (service.kind == ServiceKind::Elastic || self.spec.kibana)
    }

    /// Every service of the mesh, cluster by cluster.
    pub fn services(&self) -> impl Iterator<Item = ServiceId> + use<'_> {
        self.clusters()
            .flat_map(|cluster| ServiceKind::ALL.map(|kind| cluster.service(kind)))
            .filter(|service| self.has(*service))
    }

    /// The services of one kind.
    pub fn services_of(&self, kind: ServiceKind) -> impl Iterator<Item = ServiceId> + use<'_> {
        self.services().filter(move |service| service.kind == kind)
    }

    /// The clusters that `of` can search. The only place that knows the topology: every cluster sees every other.
    pub fn remotes(&self, of: ClusterId) -> impl Iterator<Item = ClusterId> + Clone + use<> {
        self.clusters().filter(move |cluster| *cluster != of)
    }

    /// The settings by which `of` reaches its remotes, each under its full name, as `PUT /_cluster/settings` takes them.
    ///
    /// Proxy mode, because it connects to the address given and no other, so that what the certificate says of it can be
    /// checked in full. See
    /// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/remote-clusters>.
    ///
    /// The fixed address rather than the name: Docker forgets the name of a container that stops, and a name that vanishes
    /// during a reconnection leaves Elasticsearch 9.5.3 (`ProxyConnectionStrategy.openConnections`, "unknown host" thrown in
    /// a failure handler) waiting for that remote until its settings change.
    pub fn remote_settings(&self, of: ClusterId) -> BTreeMap<String, String> {
        self.remotes(of)
            .flat_map(|remote| {
                let name = remote.elastic().to_string();
                [
                    ("mode", "proxy".to_owned()),
                    ("proxy_address", format!("{}:{REMOTE}", self.subnet.address(remote.elastic()))),
                    ("proxy_socket_connections", self.spec.profile.sockets().to_string()),
                    ("server_name", name),
                    ("skip_unavailable", "true".to_owned()),
                ]
                .map(|(field, value)| (format!("cluster.remote.{remote}.{field}"), value))
            })
            .collect()
    }

    /// The index patterns that a cluster's API key lets the others search.
    pub fn shared(&self) -> Vec<String> {
        let more = self.spec.share.iter().map(ToString::to_string);
        let mut names: Vec<String> = std::iter::once(SHARED.to_owned()).chain(more).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The names that a service's certificate is valid for.
    pub fn certificate_names(&self, service: ServiceId) -> Names {
        let mut names = Names {
            common_name: service.to_string(),
            dns: [service.to_string(), "localhost".to_owned(), self.host_name.clone()].into(),
            ip: [Ipv4Addr::LOCALHOST.into(), self.service(service).address.into()].into(),
        };
        names.ip.insert(self.client_address());
        for san in &self.spec.san {
            match san {
                SubjectName::Dns(name) => names.dns.insert(name.clone()),
                SubjectName::Ip(address) => names.ip.insert(*address),
            };
        }
        names
    }

    pub fn service(&self, id: ServiceId) -> Service {
        Service::decide(self, id)
    }

    /// The address that this machine's own clients reach the published ports by.
    pub fn client_address(&self) -> IpAddr {
        match self.spec.bind {
            IpAddr::V4(bind) if bind.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(bind) if bind.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            bind => bind,
        }
    }

    /// The host part of the URLs shown to people.
    pub fn public_host(&self) -> String {
        match self.spec.bind {
            bind if bind == Ipv4Addr::LOCALHOST || bind == Ipv6Addr::LOCALHOST => "localhost".to_owned(),
            bind if bind.is_unspecified() => self.host_name.clone(),
            IpAddr::V6(bind) => format!("[{bind}]"),
            IpAddr::V4(bind) => bind.to_string(),
        }
    }

    pub fn url(&self, service: ServiceId) -> String {
        let path = match service.kind {
            ServiceKind::Elastic => String::new(),
            ServiceKind::Kibana => format!("/{}", service.cluster),
        };
        format!("https://{}:{}{path}", self.public_host(), service.https_port())
    }

    /// The lines that `/etc/hosts` gets.
    pub fn host_entries(&self) -> Vec<(IpAddr, String)> {
        self.services().map(|id| (self.service(id).address.into(), id.to_string())).collect()
    }

    /// A mesh with every default, for tests.
    #[cfg(test)]
    pub fn example(clusters: u8) -> Self {
        Self {
            format: FORMAT,
            id: "0123456789abcdef".to_owned(),
            dir: "/mnt/data/mesh".into(),
            spec: MeshSpec::new(ClusterId::new(clusters).expect("should be 1 to 99")),
            behind: BTreeMap::new(),
            defaults: Revision::FIRST,
            earlier_defaults: BTreeMap::new(),
            subnet: "10.213.0.0/24".parse().expect("should be a subnet"),
            owner: Owner { uid: 999, gid: 0 },
            engine: None,
            host_name: "vm".to_owned(),
            templates: Templates::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_cluster_sees_every_other_and_not_itself() {
        let mesh = Mesh::example(8);
        for cluster in mesh.clusters() {
            let remotes: Vec<_> = mesh.remotes(cluster).collect();
            assert_eq!(remotes.len(), 7);
            assert!(!remotes.contains(&cluster));
        }
    }

    #[test]
    fn no_two_of_ninety_nine_clusters_share_a_name_an_address_or_a_directory() {
        let mesh = Mesh::example(99);
        let services: Vec<Service> = mesh.services().map(|id| mesh.service(id)).collect();
        let distinct = |values: BTreeSet<String>| assert_eq!(values.len(), 198);
        distinct(services.iter().map(|s| s.id.to_string()).collect());
        distinct(services.iter().map(|s| s.address.to_string()).collect());
        distinct(services.iter().map(|s| s.mounts[0].host.clone()).collect());
        for service in &services {
            assert!(mesh.subnet.net().contains(&service.address));
            assert!(!mesh.subnet.allocation_range().contains(&service.address));
            assert_ne!(service.address, mesh.subnet.gateway());
        }
    }

    #[test]
    fn a_remote_is_named_in_full() {
        let settings = Mesh::example(2).remote_settings(ClusterId::new(1).unwrap());
        insta::assert_debug_snapshot!(settings, @r#"
        {
            "cluster.remote.cluster02.mode": "proxy",
            "cluster.remote.cluster02.proxy_address": "10.213.0.12:9443",
            "cluster.remote.cluster02.proxy_socket_connections": "3",
            "cluster.remote.cluster02.server_name": "cluster02-elastic",
            "cluster.remote.cluster02.skip_unavailable": "true",
        }
        "#);
    }

    #[test]
    fn the_record_is_read_back_and_a_newer_field_is_refused() {
        let mesh = Mesh::example(3);
        let text = serde_json::to_string_pretty(&mesh).unwrap();
        let read: Mesh = serde_json::from_str(&text).unwrap();
        assert_eq!(Mesh { dir: mesh.dir.clone(), ..read }, mesh);
        let newer = text.replacen('{', r#"{"topology": "ring","#, 1);
        assert!(serde_json::from_str::<Mesh>(&newer).is_err());
    }

    #[test]
    fn a_record_names_its_engine_or_none() {
        let engine = Engine { id: "ABCD".to_owned(), root: "/var/lib/docker".to_owned() };
        for mesh in [Mesh::example(1), Mesh { engine: Some(engine), ..Mesh::example(1) }] {
            let text = serde_json::to_string(&mesh).unwrap();
            assert_eq!(text.contains("engine"), mesh.engine.is_some());
            let read: Mesh = serde_json::from_str(&text).unwrap();
            assert!(mesh.is_recorded_in(&Mesh { dir: mesh.dir.clone(), ..read }));
        }
    }

    #[test]
    fn a_record_from_before_templates_is_read() {
        let text = serde_json::to_string_pretty(&Mesh::example(3)).unwrap();
        let kept = |line: &&str| !line.contains("templates") && !line.contains("passphrase_words");
        let older = text.lines().filter(kept).collect::<Vec<_>>().join("\n").replace("365,\n  }", "365\n  }");
        assert_ne!(older, text);
        let read: Mesh = serde_json::from_str(&older).unwrap();
        assert!(Mesh::example(3).is_recorded_in(&Mesh { dir: "/mnt/data/mesh".into(), ..read }));
    }
}
