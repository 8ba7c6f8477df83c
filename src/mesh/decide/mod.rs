//! From what is asked to a [`Mesh`] with every decision made. Pure: the machine's facts come in as arguments.

mod error;

use std::{collections::BTreeMap, path::PathBuf};

pub use self::error::DecideError;
use super::{
    Engine, FORMAT, Mesh, Owner, allocate,
    cluster::{Cluster, Conditions, Discovery},
    defaults::Revision,
    gateway::OwnGateway,
    id::ClusterId,
    name::MeshName,
    network::Subnet,
    peers::{PartnerName, Peer},
    per_cluster::settings_of,
    ports::PortRange,
    settings::{ClusterOverride, MeshSpec, Overrides, SubjectName, Topology},
    taken::Taken,
    templates::Templates,
};

/// What decisions depend on besides the request.
#[derive(Debug, Clone)]
pub struct Circumstances {
    pub dir: PathBuf,
    /// Taken when the mesh has no id yet.
    pub new_id: String,
    /// Taken when there is no mesh yet: one that exists keeps its own.
    pub name: Option<MeshName>,
    /// Taken when the mesh has no owner yet.
    pub owner: Owner,
    /// Taken when the mesh has no engine yet.
    pub engine: Option<Engine>,
    pub host_name: String,
    /// What the host and Docker have, without the mesh's own.
    pub taken: Taken,
    /// Whether the recorded mesh has nothing yet but its record, see [`super::unmade`].
    pub unmade: bool,
}

impl Mesh {
    /// Decides everything but the texts of templates, which are the built-in ones. What `recorded` decided before
    /// stays, unless `asked` says otherwise.
    pub fn decide(asked: &Overrides, recorded: Option<&Mesh>, now: Circumstances) -> Result<Self, DecideError> {
        let clusters = asked.clusters.clone().or(recorded.map(Self::cluster_set)).ok_or(DecideError::NoClusters)?;
        let spec = recorded.map_or_else(MeshSpec::default, |mesh| mesh.spec.clone()).with(asked);
        if let Some(mesh) = recorded
            && mesh.spec.stack_version != spec.stack_version
        {
            return Err(DecideError::OtherVersion { from: mesh.spec.stack_version, to: spec.stack_version, clusters });
        }
        let subnet = asked
            .subnet
            .or(recorded.and_then(|mesh| now.kept_subnet(mesh)))
            .or_else(|| now.taken.free())
            .ok_or_else(|| DecideError::NoSubnet { diverted: now.taken.free_in_main() })?;
        // a machine's name need not be a DNS name, but a certificate's must
        let host_name = match now.host_name.parse() {
            Ok(SubjectName::Dns(name)) => name,
            _ => "localhost".to_owned(),
        };
        let defaults = recorded.map_or(Revision::NEWEST, |mesh| mesh.defaults);
        let per_cluster = &asked.per_cluster;
        let absent = |one: &ClusterOverride| one.clusters.iter().find(|cluster| !clusters.contains(*cluster));
        if let Some(cluster) = per_cluster.set.iter().find_map(absent) {
            return Err(DecideError::NoSuchCluster { cluster, clusters });
        }
        let overrides =
            per_cluster.overrides.clone().or(recorded.map(|mesh| mesh.overrides.clone())).unwrap_or_default();
        let mut set = per_cluster.recorded_with(recorded.map(|mesh| mesh.set.clone()).unwrap_or_default());
        // another cluster that will have this number is not meant
        set.retain(|cluster, _| clusters.contains(*cluster));
        let peers: BTreeMap<PartnerName, Peer> = recorded.map(|mesh| mesh.peers.clone()).unwrap_or_default();
        let of_peer = |cluster: ClusterId| {
            let (name, peer) = peers.iter().find(|(_, peer)| peer.remotes.contains_key(&cluster.into()))?;
            Some(DecideError::OfPeer { cluster, peer: name.clone(), foreign: peer.is_foreign() })
        };
        if let Some(error) = clusters.iter().find_map(of_peer) {
            return Err(error);
        }
        let cluster = |id: ClusterId| {
            let settings = settings_of(&spec, &overrides, &set, id);
            let conditions = Conditions {
                version: spec.stack_version,
                defaults,
                discovery: Discovery::of(&settings.nodes),
                spans_machines: peers.values().any(|peer| peer.is_searched_by(id)),
                nodes: settings.nodes.count(),
                kibana: settings.kibana,
            };
            (id, (conditions, recorded.and_then(|mesh| mesh.clusters.get(&id).cloned())))
        };
        let wanted: BTreeMap<ClusterId, (Conditions, Option<Cluster>)> = clusters.iter().map(cluster).collect();
        let in_network = |subnet| Some((subnet, allocate::places(wanted.clone(), subnet).ok()?));
        let wider = || Subnet::WIDER.into_iter().find_map(|prefix| in_network(now.taken.free_of(prefix)?));
        // a network that was named is not replaced by another
        let placed = in_network(subnet).or_else(|| if asked.subnet.is_some() { None } else { wider() });
        let (subnet, mut allocated) = placed.ok_or(DecideError::NoAddresses { subnet })?;
        if let Some(named) = spec.topology.clusters().into_iter().find(|named| !allocated.contains_key(named)) {
            let by = if matches!(spec.topology, Topology::Links(_)) { "links" } else { "topology" };
            return Err(DecideError::NoCluster { by, cluster: named.number(), has: clusters });
        }
        let name = recorded.map_or_else(|| now.name.clone(), |mesh| mesh.name.clone());
        let ports = asked.ports.or(recorded.and_then(|mesh| mesh.ports));
        let ports = ports.or_else(|| name.as_ref().map(|_| PortRange::OF_NAMED));
        if let Some(range) = ports {
            let kept = recorded.filter(|mesh| now.keeps_ports(mesh));
            let of_gateway = spec.gateway.0.map(|at| at.port());
            let taken = now.taken.ports.iter().copied().chain(of_gateway).collect();
            let published = allocate::publish(&mut allocated, kept, range, &taken);
            published.map_err(|_| DecideError::NoPorts { range, clusters: clusters.clone() })?;
        }
        let known = recorded.and_then(|mesh| mesh.gateway.as_ref());
        let gateway = match spec.gateway.0 {
            Some(_) => Some(OwnGateway::decide(known, &allocated, subnet).ok_or(DecideError::NoAddresses { subnet })?),
            None => None,
        };
        let mesh = Self {
            format: FORMAT,
            id: recorded.map_or(now.new_id, |mesh| mesh.id.clone()),
            name,
            dir: now.dir,
            clusters: allocated,
            peers,
            guests: recorded.map(|mesh| mesh.guests_on(|cluster| clusters.contains(cluster))).unwrap_or_default(),
            users: recorded.map(|mesh| mesh.users_within(&clusters)).unwrap_or_default(),
            views: recorded.map(|mesh| mesh.views.clone()).unwrap_or_default(),
            gateway,
            spec,
            overrides,
            set,
            defaults,
            subnet,
            ports,
            owner: recorded.map_or(now.owner, |mesh| mesh.owner),
            engine: recorded.and_then(|mesh| mesh.engine.clone()).or(now.engine),
            host_name,
            templates: Templates::default(),
        };
        mesh.require_supported_searches()?;
        let has_port = recorded.is_some_and(|recorded| recorded.gateway_at() == mesh.gateway_at() && !now.unmade);
        mesh.require_gateway(!has_port, &now.taken)?;
        mesh.require_users()?;
        Ok(mesh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        explain::Explain as _,
        mesh::{cluster_set::ClusterSet, settings::GatewayAddress},
    };

    fn now() -> Circumstances {
        Circumstances {
            dir: "/mnt/data/mesh".into(),
            new_id: "0123456789abcdef".to_owned(),
            name: None,
            owner: Owner { uid: 999, gid: 0 },
            engine: None,
            host_name: "vm".to_owned(),
            taken: Taken::default(),
            unmade: false,
        }
    }

    #[test]
    fn what_was_decided_stays() {
        let asked = Overrides { clusters: ClusterSet::first(3), ..Overrides::default() };
        let first = Mesh::decide(&asked, None, now()).unwrap();
        let later = Circumstances {
            new_id: "f".repeat(16),
            owner: Owner { uid: 5, gid: 5 },
            taken: Taken { networks: vec!["10.213.0.0/16".parse().unwrap()], ..Taken::default() },
            ..now()
        };
        assert_eq!(Mesh::decide(&Overrides::default(), Some(&first), later).unwrap(), first);
    }

    #[test]
    fn what_was_allocated_stays_whatever_the_policy() {
        let mut odd = Mesh::example(2);
        let first = odd.clusters.get_mut(&ClusterId::FIRST).unwrap();
        let node = first.nodes.values_mut().next().unwrap();
        (node.address, node.ports.rest) = ("10.213.0.77".parse().unwrap(), 20_000);
        let asked = Overrides { clusters: ClusterSet::first(3), kibana: Some(false), ..Overrides::default() };
        let mesh = Mesh::decide(&asked, Some(&odd), now()).unwrap();
        assert_eq!(mesh.clusters[&ClusterId::FIRST].nodes, odd.clusters[&ClusterId::FIRST].nodes);
        assert_eq!(mesh.services().count(), 3, "without Kibana");
        let asked = Overrides { subnet: Some("10.214.0.0/24".parse().unwrap()), ..Overrides::default() };
        let moved = Mesh::decide(&asked, Some(&odd), now()).unwrap().service(ClusterId::FIRST.first_node()).unwrap();
        assert_eq!((moved.address.to_string().as_str(), moved.ports[0].host), ("10.214.0.11", 20_000));
    }

    #[test]
    fn a_cluster_keeps_its_place_whichever_others_go() {
        let four = Mesh::example(4);
        let asked = |set: &str| Overrides { clusters: ClusterSet::of_mesh(set).ok(), ..Overrides::default() };
        let two = Mesh::decide(&asked("2,4"), Some(&four), now()).unwrap();
        assert_eq!(two.cluster_set().to_string(), "2,4");
        for (cluster, decided) in &two.clusters {
            assert_eq!(decided, &four.clusters[cluster]);
        }
        let more = Mesh::decide(&asked("1-2,4,7"), Some(&two), now()).unwrap();
        assert_eq!(more.clusters[&ClusterId::FIRST], four.clusters[&ClusterId::FIRST], "by its number again");
        assert_eq!(Mesh::decide(&Overrides::default(), Some(&more), now()).unwrap(), more, "a set stays as it is");
    }

    #[test]
    fn a_mesh_with_a_name_has_ports_of_a_range_and_keeps_both() {
        let asked = Overrides { clusters: ClusterSet::of_mesh("1").ok(), ..Overrides::default() };
        let taken = Taken { ports: [20_000].into(), ..Taken::default() };
        let named = Circumstances { name: "ci42".parse().ok(), taken, ..now() };
        let first = Mesh::decide(&asked, None, named.clone()).unwrap();
        assert_eq!(first.published(), [20_001, 20_002, 20_003, 20_004].into());
        assert_eq!(first.ports, Some(PortRange::OF_NAMED));
        let beside = Overrides { gateway: Some(GatewayAddress("127.0.0.1:20001".parse().ok())), ..asked.clone() };
        let beside = Mesh::decide(&beside, None, named.clone()).unwrap();
        assert_eq!(beside.published(), [20_002, 20_003, 20_004, 20_005].into(), "the gateway has its port");
        let other = Circumstances { name: "other".parse().ok(), taken: Taken::default(), ..now() };
        assert_eq!(Mesh::decide(&Overrides::default(), Some(&first), other).unwrap(), first);
        let narrow = Overrides {
            clusters: ClusterSet::of_mesh("2").ok(),
            ports: "30000-30002".parse().ok(),
            ..Overrides::default()
        };
        let error = Mesh::decide(&narrow, Some(&first), named).unwrap_err();
        insta::assert_snapshot!(error, @"the range 30000-30002 has not enough ports that are free for the clusters 1-2, which need up to four each, and three for each further node");
        let plain = Mesh::decide(&asked, None, now()).unwrap();
        let text = serde_json::to_string(&plain).unwrap();
        assert!(!text.contains("\"name\"") && !text.contains("\"ports\":\""), "{text}");
    }

    #[test]
    fn a_mesh_keeps_its_version() {
        let first = Mesh::example(2);
        let asked = Overrides { stack_version: Some("8.19.21".parse().unwrap()), ..Overrides::default() };
        let error = Mesh::decide(&asked, Some(&first), now()).unwrap_err();
        insta::assert_snapshot!(error, @"the mesh runs 9.5.3, and `mesh create` does not change the version of data that exists");
        insta::assert_snapshot!(error.hint().unwrap(), @"leave the version out, or give 9.5.3, on the command line, in MESH_STACK_VERSION and in the settings file; `mesh create 2 --reset --stack-version 8.19.21` starts afresh and deletes the data");
        let asked = Overrides { stack_version: Some("9.6.0".parse().unwrap()), ..Overrides::default() };
        let error = Mesh::decide(&asked, Some(&first), now()).unwrap_err();
        insta::assert_snapshot!(error.hint().unwrap(), @"leave the version out, on the command line, in MESH_STACK_VERSION and in the settings file; `mesh upgrade 9.6.0` upgrades cluster by cluster and keeps the data");
    }

    #[test]
    fn a_mesh_of_two_versions_keeps_both() {
        let to = "9.5.3".parse().unwrap();
        let half = Mesh::example(3).of_version("8.19.21".parse().unwrap());
        let half = half.upgrade_to(to, None).unwrap().with_upgraded(ClusterId::FIRST);
        assert_eq!(Mesh::decide(&Overrides::default(), Some(&half), now()).unwrap(), half);
        let count = |clusters| Overrides { clusters: ClusterSet::first(clusters), ..Overrides::default() };
        let four = Mesh::decide(&count(4), Some(&half), now()).unwrap();
        let new = four.version(ClusterId::new(4).unwrap());
        assert_eq!((four.pending_upgrade().count(), new), (2, to), "a new one has the new version");
        assert_eq!(Mesh::decide(&count(1), Some(&half), now()).unwrap().pending_upgrade().count(), 0);
    }

    #[test]
    fn a_machine_name_that_no_certificate_can_carry_is_not_used() {
        let asked = Overrides { clusters: ClusterSet::first(1), ..Overrides::default() };
        let odd = Circumstances { host_name: "my vm".to_owned(), ..now() };
        assert_eq!(Mesh::decide(&asked, None, odd).unwrap().host_name, "localhost");
    }
}
