//! What the nodes of a cluster do together: they found it, join it, leave it, and need a majority. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{Model, Process, Server};
use crate::{
    facts::{observed::AllocationFacts, snapshots::PolicyFacts},
    mesh::{
        Mesh,
        cluster::Discovery,
        id::{ClusterId, NodeId, NodeNumber, ServiceId},
        keystore,
        render::INITIAL_MASTER_NODES,
        settings::StackVersion,
    },
    plan::NodeStep,
};

impl Model {
    /// A node starts with what is in its files: it founds a cluster, or joins the one that there is.
    pub(super) fn start_node(&mut self, node: NodeId, born: u32, version: StackVersion) {
        let cluster = node.cluster;
        let files = &self.there.files[&cluster];
        let settings = files.services[&node.into()].settings.as_ref().expect("should have settings first").expose();
        let of_node = &files.nodes[&node.number];
        assert!(of_node.bundle.is_some(), "{node} should have its bundle first");
        let loaded = of_node.keystore.clone().expect("should have a keystore first");
        let alone = settings.contains("discovery.type: single-node");
        assert!(self.processes.get(&node).is_none_or(|before| before.version <= version), "{node} should not go back");
        let others: Vec<NodeId> = self.there.running_nodes(cluster).filter(|other| *other != node).collect();
        let joins = others.is_empty() || others.iter().any(|other| self.processes[other].version <= version);
        assert!(joins, "{node} cannot join newer nodes");
        let founds = alone || settings.contains(INITIAL_MASTER_NODES);
        assert!(alone || of_node.seed_hosts.is_some(), "{node} should know where the others are");
        match self.servers.get_mut(&cluster) {
            None => {
                assert!(founds, "{node} should be the one that founds its cluster");
                let elastic = loaded[keystore::BOOTSTRAP_PASSWORD].clone();
                self.servers.insert(cluster, Server::new(born, elastic, version));
            }
            Some(server) => {
                let lost = !of_node.data && server.voters.contains(&node.number);
                assert!(!(founds && lost && server.voters.len() > 1), "{node} should not found a second cluster");
                assert!(!alone || server.voters.len() == 1, "no node could join {cluster}");
                server.voters.insert(node.number);
                let name = ServiceId::from(node).to_string();
                server.holders.extend(Some(node.number).filter(|_| !server.allocation.excluded.contains(&name)));
            }
        }
        self.node_files(node).data = true;
        let discovery = if alone { Discovery::SingleNode } else { Discovery::SeedHosts };
        let (certificate, bundle, tokens) = (String::new(), String::new(), self.tokens_on(node));
        let process = Process { booted: loaded.clone(), loaded, certificate, bundle, tokens, discovery, version };
        self.processes.insert(node, process);
        let oldest = self.processes.iter().filter(|(of, _)| of.cluster == cluster).map(|(_, process)| process.version);
        let oldest = oldest.min().unwrap_or(version);
        self.servers.get_mut(&cluster).expect("should be founded").version = oldest;
        self.read_certificates(node);
    }

    /// Fails where a node of a cluster that stays would take shards or a majority with it.
    pub(super) fn assert_may_go(&self, mesh: &Mesh, service: ServiceId) {
        let Some(node) = service.node().filter(|node| mesh.has_cluster(node.cluster) && !mesh.has(service)) else {
            return;
        };
        let Some(server) = self.servers.get(&node.cluster) else { return };
        assert!(!server.holders.contains(&node.number), "{node} should have no shard any more");
        assert!(!server.voters.contains(&node.number), "{node} should vote no more");
    }

    pub(super) fn carry_out_of_nodes(&mut self, mesh: &Mesh, step: &NodeStep) {
        let name = |node: &NodeId| mesh.container_name((*node).into());
        match step {
            NodeStep::RecordUuid(cluster) => {
                let uuid = self.answering(*cluster).born.to_string();
                self.files(*cluster).uuid = Some(uuid);
            }
            NodeStep::ForgetUuid(cluster) => {
                assert!(!self.runs(*cluster), "a cluster that serves has its data");
                self.files(*cluster).uuid = None;
            }
            NodeStep::HoldShards(cluster) => {
                self.assert_whole(*cluster);
                self.answering(*cluster).allocation.enabled = Some(AllocationFacts::PRIMARIES.to_owned());
            }
            NodeStep::ReleaseShards(cluster) => self.answering(*cluster).allocation.enabled = None,
            NodeStep::AwaitRecoveries(cluster) | NodeStep::AwaitShards(cluster) => {
                let server = self.answering(*cluster);
                assert_eq!(server.allocation.enabled, None, "shards should be let move first");
            }
            NodeStep::LowerReplicas { on, .. } => drop(self.answering(*on)),
            NodeStep::DrainNodes { on, nodes } => {
                let server = self.answering(*on);
                server.allocation.excluded = nodes.iter().map(name).collect();
                server.holders.retain(|number| !nodes.contains(&on.node(*number)));
                assert!(!server.holders.is_empty(), "a node should be left for the shards of {on}");
            }
            NodeStep::ExcludeVotes { on, nodes } => {
                let server = self.answering(*on);
                server.allocation.without_vote = nodes.iter().map(name).collect();
                server.voters.retain(|number| !nodes.contains(&on.node(*number)));
            }
            NodeStep::ClearExclusions(cluster) => {
                let allocation = &mut self.answering(*cluster).allocation;
                (allocation.excluded, allocation.without_vote) = (BTreeSet::new(), BTreeSet::new());
                // one that is still there votes again
                let running: Vec<NodeId> = self.there.running_nodes(*cluster).collect();
                let server = self.answering(*cluster);
                server.voters.extend(running.iter().map(|node| node.number));
                server.holders.extend(running.iter().map(|node| node.number));
            }
            NodeStep::RemoveNodeFiles(node) => {
                assert!(!self.there.containers.contains_key(&(*node).into()), "files in use should not go");
                let server = self.answering(node.cluster);
                assert!(!server.holders.contains(&node.number), "{node} should have no shard any more");
                let files = self.files(node.cluster);
                files.nodes.remove(&node.number);
                files.services.remove(&(*node).into());
                self.processes.remove(node);
            }
        }
    }

    /// Fails where the next node of a cluster must not stop, since another one is away.
    fn assert_whole(&self, cluster: ClusterId) {
        let away = |number: &&NodeNumber| !self.there.runs(cluster.node(**number).into());
        let away: Vec<_> = self.servers[&cluster].voters.iter().filter(away).collect();
        assert!(away.is_empty(), "no node of {cluster} should be away when another stops: {away:?}");
    }
}

impl Server {
    /// A cluster that its first node founds.
    fn new(born: u32, elastic: String, version: StackVersion) -> Self {
        Self {
            born,
            voters: [NodeNumber::FIRST].into(),
            holders: [NodeNumber::FIRST].into(),
            allocation: AllocationFacts::default(),
            elastic,
            passwords: false,
            keys: Vec::new(),
            remotes: BTreeMap::new(),
            trial: true,
            repository: None,
            registered: None,
            snapshot_policy: PolicyFacts::Missing,
            users: crate::facts::users::UserFacts::default(),
            views: std::collections::BTreeMap::new(),
            version,
        }
    }
}
