//! Format 1 of `mesh.json`, frozen: a number of clusters, from which everything else followed. Pure: no I/O.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use serde::Deserialize;

use super::{FORMAT, RecordError};
use crate::mesh::{
    Engine, Mesh, Owner, allocate,
    cluster::{Conditions, Discovery},
    defaults::Revision,
    id::{ClusterId, Count},
    network::Subnet,
    settings::{
        IndexPattern, KeyDays, Memory, MeshSpec, PassphraseWords, Profile, Registry, StackVersion, SubjectName,
        TemplateDir,
    },
    templates::Templates,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Format1 {
    #[expect(dead_code, reason = "known before it is read")]
    format: u32,
    id: String,
    spec: Spec,
    /// Clusters that an upgrade to the version of `spec` has not reached yet, with the version that each has until
    /// then.
    #[serde(default)]
    behind: BTreeMap<ClusterId, StackVersion>,
    subnet: Subnet,
    owner: Owner,
    #[serde(default)]
    engine: Option<Engine>,
    host_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// The last cluster: the mesh was 1 to this.
    clusters: ClusterId,
    stack_version: StackVersion,
    registry: Registry,
    kibana: bool,
    bind: IpAddr,
    elastic_memory: Memory,
    kibana_memory: Memory,
    share: Vec<IndexPattern>,
    san: Vec<SubjectName>,
    key_days: KeyDays,
    hosts: bool,
    #[serde(default)]
    templates: Option<PathBuf>,
    #[serde(default)]
    passphrase_words: PassphraseWords,
    #[serde(default)]
    profile: Profile,
}

/// Reads a record of format 1 and allocates what it does not hold, by the arithmetic that held then.
pub(super) fn read(text: &str) -> Result<Mesh, RecordError> {
    let Format1 { format: _, id, spec, behind, subnet, owner, engine, host_name } = serde_json::from_str(text)?;
    let count = Count::new(spec.clusters.number()).expect("should be as many as the last one's number");
    let wanted = |cluster: ClusterId| {
        let version = behind.get(&cluster).copied().unwrap_or(spec.stack_version);
        let (defaults, discovery) = (Revision::FIRST, Discovery::SingleNode);
        (
            cluster,
            (Conditions { version, defaults, discovery, spans_machines: false, nodes: 1, kibana: spec.kibana }, None),
        )
    };
    let clusters = allocate::places(count.clusters().map(wanted).collect(), subnet);
    Ok(Mesh {
        format: FORMAT,
        id,
        name: None,
        defaults: Revision::FIRST,
        dir: PathBuf::new(),
        peers: BTreeMap::new(),
        guests: BTreeMap::new(),
        users: BTreeMap::new(),
        views: BTreeMap::new(),
        gateway: None,
        clusters: clusters.expect("should have enough addresses: every network has them for 99 clusters"),
        spec: spec.lifted(),
        subnet,
        ports: None,
        owner,
        engine,
        host_name,
        overrides: Vec::new(),
        set: BTreeMap::new(),
        templates: Templates::default(),
    })
}

impl Spec {
    fn lifted(self) -> MeshSpec {
        MeshSpec {
            stack_version: self.stack_version,
            registry: self.registry,
            kibana: self.kibana,
            bind: self.bind,
            elastic_memory: self.elastic_memory,
            kibana_memory: self.kibana_memory,
            share: self.share,
            san: self.san,
            key_days: self.key_days,
            hosts: self.hosts,
            templates: TemplateDir(self.templates),
            passphrase_words: self.passphrase_words,
            profile: self.profile,
            // what there was no setting for
            ..MeshSpec::of_record(self.profile, self.stack_version)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::mesh::{id::ClusterId, record::read};

    /// Written by the last `mesh` of format 1, in the middle of an upgrade of three clusters.
    const UPGRADING: &str = include_str!("../../../tests/fixtures/v1/upgrading/mesh.json");
    /// As the first `mesh` wrote it: without templates, profile, words of a password or engine.
    const OLDEST: &str = r#"{
        "format": 1, "id": "0123456789abcdef", "subnet": "10.213.0.0/24", "owner": {"uid": 999, "gid": 0}, "host_name": "vm",
        "spec": {
            "clusters": "cluster02", "stack_version": "9.5.3", "registry": "mesh.local", "kibana": false, "bind": "127.0.0.1",
            "elastic_memory": "2g", "kibana_memory": "2g", "share": [], "san": [], "key_days": 365, "hosts": true
        }
    }"#;

    #[test]
    fn what_followed_from_a_number_is_recorded_now() {
        let record = read(UPGRADING).unwrap();
        assert_eq!((record.format, record.mesh.next_upgrade()), (1, ClusterId::new(2)));
        let services = record.mesh.services().map(|id| {
            let service = record.mesh.service(id).unwrap();
            let ports: Vec<u16> = service.ports.iter().map(|port| port.host).collect();
            format!("{id} {} {} {ports:?}", record.mesh.version(id.cluster()), service.address)
        });
        insta::assert_snapshot!(services.collect::<Vec<_>>().join("\n"), @r"
        cluster01-elastic 9.5.3 10.213.0.11 [9201, 9301, 9401]
        cluster01-kibana 9.5.3 10.213.0.111 [5601]
        cluster02-elastic 8.19.21 10.213.0.12 [9202, 9302, 9402]
        cluster02-kibana 8.19.21 10.213.0.112 [5602]
        cluster03-elastic 8.19.21 10.213.0.13 [9203, 9303, 9403]
        cluster03-kibana 8.19.21 10.213.0.113 [5603]
        ");
    }

    #[test]
    fn the_oldest_record_is_read() {
        let mesh = read(OLDEST).unwrap().mesh;
        assert_eq!((mesh.services().count(), mesh.spec.templates.0, mesh.engine), (2, None, None));
    }
}
