//! The questions about clusters of several nodes: which nodes come, restart one after the other, and leave. Pure.
//!
//! A cluster that serves goes on serving: what is to be made anew of it is made node by node, each time with all shards
//! where they can be.

use std::collections::BTreeSet;

use super::Reconciler;
use crate::{
    facts::observed::{AllocationFacts, ClusterFiles, ContainerState, NodeFiles},
    mesh::{
        cluster::Discovery,
        id::{ClusterId, NodeId, ServiceId},
        links::Link,
        peers::Alias,
        render::Formation,
    },
    plan::{LinkStep, NodeStep, Step, turns},
};

impl Reconciler<'_> {
    pub(super) fn node_files(&self, node: NodeId) -> Option<&NodeFiles> {
        self.files(node.cluster)?.node(node.number)
    }

    /// Whether a cluster is one of several nodes, or to become one, and serves: its nodes have their turn one after the
    /// other.
    pub(super) fn rolls(&self, cluster: ClusterId) -> bool {
        self.mesh.discovery(cluster) == Discovery::SeedHosts
            && self.there.server(cluster).is_some()
            && !self.network_stale()
    }

    /// Whether a service runs in such a cluster and has to start again: a node, or a Kibana that has to wait for nodes.
    pub(super) fn has_its_turn(&self, service: ServiceId) -> bool {
        let cluster = service.cluster();
        let runs = self.there.containers.get(&service).is_some_and(|found| found.state == ContainerState::Running);
        let again = self.mesh.has(service) && runs && self.rolls(cluster) && self.start(service).is_some();
        // Kibana works with no node that is older than itself
        let newer_nodes = || self.mesh.nodes(cluster).any(|node| self.has_its_turn(node.into()));
        again && (service.node().is_some() || (!self.seeded_by_version(service) && newer_nodes()))
    }

    /// Whether a node is in its cluster, as it says itself.
    pub(super) fn has_joined(&self, node: NodeId) -> bool {
        let elsewhere = self.there.strangers().iter().any(|(stranger, _)| *stranger == node);
        !elsewhere && self.there.node(node).is_some_and(|facts| facts.master.is_some())
    }

    /// Whether a cluster that serves gets a node that it did not have.
    pub(super) fn brings_in_nodes(&self, cluster: ClusterId) -> bool {
        let is_new = |node: NodeId| !self.there.containers.contains_key(&node.into());
        self.rolls(cluster) && self.mesh.nodes(cluster).any(is_new)
    }

    /// What brings in nodes that are missing, and then restarts those that have to, one after the other. A cluster
    /// whose only node cannot be joined yet restarts that one first.
    pub(super) fn turns(&self, cluster: ClusterId) -> Vec<Step> {
        if !self.rolls(cluster) {
            return Vec::new();
        }
        let absent = |node: &NodeId| !self.has_its_turn((*node).into()) && !self.has_joined(*node);
        let missing: Vec<NodeId> = self.mesh.nodes(cluster).filter(absent).collect();
        let alone = self.mesh.nodes(cluster).filter(|node| self.has_joined(*node)).count() <= 1
            && !self
                .there
                .nodes_of(cluster)
                .iter()
                .any(|node| !self.mesh.has((*node).into()) && self.there.runs((*node).into()));
        let mut steps = Vec::new();
        let turns = turns::in_order(self.mesh, self.there, cluster, |node| self.has_its_turn(node.into()));
        // one that no other counts serves nothing: it is made anew at once, since that may be the remedy
        let (out, turns): (Vec<NodeId>, Vec<NodeId>) = turns.into_iter().partition(|node| !alone && self.is_out(*node));
        if alone {
            steps.extend(turns.iter().flat_map(|node| self.again((*node).into())));
        }
        steps.extend(out.into_iter().flat_map(|node| self.again(node.into())));
        let started = self.called_back(cluster);
        let to_start = missing.iter().filter(|node| !started.contains(*node));
        steps.extend(to_start.filter_map(|node| self.start((*node).into())));
        steps.extend(missing.iter().map(|node| Step::AwaitReady((*node).into())));
        if !steps.is_empty() {
            steps.push(NodeStep::AwaitShards(cluster).into());
        } else if !turns.is_empty() {
            steps.push(NodeStep::AwaitRecoveries(cluster).into());
        }
        if !alone {
            steps.extend(turns.into_iter().flat_map(|node| turns::guarded(cluster, self.again(node.into()))));
        }
        let kibana = Some(cluster.kibana()).filter(|kibana| self.has_its_turn(*kibana));
        steps.extend(kibana.into_iter().flat_map(|kibana| self.again(kibana)));
        steps
    }

    /// Whether the nodes that are in the cluster, of which there are some, do not count this one.
    fn is_out(&self, node: NodeId) -> bool {
        let name = self.mesh.container_name(node.into());
        let seen = self.mesh.nodes(node.cluster).filter_map(|other| self.there.node(other));
        let mut counted = seen.filter(|facts| facts.master.is_some()).map(|facts| facts.members.contains(&name));
        counted.next().is_some_and(|first| !first) && counted.all(|counts| !counts)
    }

    /// What has a service start again, in another container where that is needed. Kibana is waited for later.
    fn again(&self, service: ServiceId) -> Vec<Step> {
        // what the old container would not start with is written once nothing can start it any more
        let seed = (!self.seed_good(service)).then_some(Step::SeedConfig(service));
        let settings = (!self.settings_good(service)).then_some(Step::WriteSettings(service));
        let files = seed.into_iter().chain(settings);
        let start = if self.container_stale(service) {
            [self.removal(service)]
                .into_iter()
                .chain(files)
                .chain([Step::CreateContainer(service), Step::StartContainer(service)])
                .collect::<Vec<_>>()
        } else {
            files.chain([Step::RestartContainer(service)]).collect()
        };
        start.into_iter().chain(service.node().map(|node| Step::AwaitReady(node.into()))).collect()
    }

    /// Whether the cluster exists, or will when its settings are written.
    pub(super) fn formation(&self, cluster: ClusterId) -> Formation {
        let recorded = self.files(cluster).map_or(Formation::Unfounded, ClusterFiles::formation);
        if self.records_uuid(cluster) { Formation::Founded } else { recorded }
    }

    /// Whether a cluster that serves has a UUID that is not recorded yet.
    pub(super) fn records_uuid(&self, cluster: ClusterId) -> bool {
        let several = self.mesh.discovery(cluster) == Discovery::SeedHosts;
        let known =
            self.mesh.nodes(cluster).any(|node| self.there.node(node).is_some_and(|facts| facts.uuid.is_some()));
        several && known && self.files(cluster).is_some_and(|files| files.uuid.is_none())
    }

    pub(super) fn forgets_uuid(&self, cluster: ClusterId) -> bool {
        self.files(cluster).is_some_and(ClusterFiles::is_lost) && self.there.server(cluster).is_none()
    }

    /// The nodes that a cluster of the mesh has and is not to have.
    pub(super) fn leaving(&self, cluster: ClusterId) -> Vec<NodeId> {
        let known = self.there.nodes_of(cluster).into_iter();
        known.filter(|node| self.mesh.has_cluster(cluster) && !self.mesh.has((*node).into())).collect()
    }

    /// What starts the nodes that leave and are stopped, of a cluster that does not serve: it may have no majority
    /// without them, and has to serve for them to leave.
    pub(super) fn recalled(&self, cluster: ClusterId) -> Vec<Step> {
        if self.there.server(cluster).is_some() || self.network_stale() {
            return Vec::new();
        }
        let stopped = self.leaving(cluster).into_iter().map(ServiceId::from).filter(|node| self.can_start(*node));
        stopped.map(Step::StartContainer).collect()
    }

    /// Whether a container is stopped and can start as it is.
    fn can_start(&self, service: ServiceId) -> bool {
        self.there.containers.get(&service).is_some_and(|found| {
            matches!(found.state, ContainerState::Created | ContainerState::Stopped) && !self.in_another_network(found)
        })
    }

    /// The nodes that leave and have not left yet, of a cluster that can let them go. One whose container is gone left
    /// before.
    fn departing(&self, cluster: ClusterId) -> Vec<NodeId> {
        let is_there = |node: &NodeId| self.there.containers.contains_key(&(*node).into());
        self.leaving(cluster).into_iter().filter(is_there).filter(|_| self.rolls(cluster)).collect()
    }

    /// The nodes that stay and are stopped, and start before others leave: links, shards and votes have to go
    /// somewhere. Those that are to have another container or other files start when they have them.
    fn called_back(&self, cluster: ClusterId) -> Vec<NodeId> {
        if self.departing(cluster).is_empty() {
            return Vec::new();
        }
        let as_it_is = |node: NodeId| {
            let service = node.into();
            !self.container_stale(service)
                && self.settings_in_force(service)
                && !self.reissued(service)
                && self.bootstrapped(node)
                && self.secure_at_rest(node).is_none()
                && !self.lacks_token(node)
                && self.node_files(node).is_some_and(|files| files.bundle.is_some())
        };
        let starts = |node: &NodeId| self.can_start((*node).into()) && as_it_is(*node);
        self.mesh.nodes(cluster).filter(starts).collect()
    }

    /// What starts them.
    pub(super) fn callbacks(&self, cluster: ClusterId) -> Vec<Step> {
        let nodes: Vec<ServiceId> = self.called_back(cluster).into_iter().map(ServiceId::from).collect();
        let starts = nodes.iter().copied().map(Step::StartContainer);
        starts.chain(nodes.iter().copied().map(Step::AwaitReady)).collect()
    }

    /// Whether a node has to stay for now, since its cluster cannot be asked to do without it.
    pub(super) fn cannot_leave(&self, service: ServiceId) -> bool {
        let cluster = service.cluster();
        service.node().is_some() && self.mesh.has_cluster(cluster) && !self.mesh.has(service) && !self.rolls(cluster)
    }

    /// What a cluster is asked to do before nodes of it are removed.
    pub(super) fn farewells(&self, cluster: ClusterId) -> Vec<Step> {
        let nodes = self.departing(cluster);
        let Some(server) = self.there.server(cluster).filter(|_| !nodes.is_empty()) else {
            return Vec::new();
        };
        let to = self.mesh.data_nodes(cluster).saturating_sub(1);
        let indices: Vec<String> =
            server.allocation.replicas.iter().filter(|(_, count)| **count > to).map(|(name, _)| name.clone()).collect();
        let lowers = (!indices.is_empty()).then_some(NodeStep::LowerReplicas { on: cluster, indices, to });
        let leave =
            [NodeStep::DrainNodes { on: cluster, nodes: nodes.clone() }, NodeStep::ExcludeVotes { on: cluster, nodes }];
        lowers.into_iter().chain(leave).map(Step::from).collect()
    }

    /// Whether something keeps shards or votes from nodes of the cluster, or will when nodes have left.
    pub(super) fn clears_exclusions(&self, cluster: ClusterId) -> bool {
        let ours = |names: &BTreeSet<String>| names.iter().any(|name| self.is_node_of(cluster, name));
        let left = |facts: &AllocationFacts| ours(&facts.excluded) || ours(&facts.without_vote);
        !self.farewells(cluster).is_empty() || self.there.server(cluster).is_some_and(|server| left(&server.allocation))
    }

    fn is_node_of(&self, cluster: ClusterId, name: &str) -> bool {
        let own = self.mesh.container_name(cluster.first_node());
        name == own || name.strip_prefix(&own).is_some_and(|rest| rest.starts_with('-'))
    }

    /// Whether a restart that was interrupted left the cluster without new replicas.
    pub(super) fn holds_shards(&self, cluster: ClusterId) -> bool {
        self.rolls(cluster) && turns::is_held(self.there, cluster)
    }

    /// The directories of nodes that left.
    pub(super) fn abandoned(&self, cluster: ClusterId) -> Vec<Step> {
        let files = |node: &NodeId| self.node_files(*node).is_some();
        let left = self.leaving(cluster).into_iter().filter(files).filter(|_| self.rolls(cluster));
        left.map(|node| NodeStep::RemoveNodeFiles(node).into()).collect()
    }

    /// The remotes that a cluster reaches by nodes which leave, or by another mode than from now on.
    pub(super) fn moves_remotes(&self, on: ClusterId) -> Vec<ClusterId> {
        let Some(server) = self.server(on) else { return Vec::new() };
        let wanted = self.mesh.remote_settings(on);
        let differs = |remote: &ClusterId| {
            let of = |name: &&String| Alias::of_setting(name) == Some((*remote).into());
            let is_set = server.remotes.keys().any(|name| of(&name));
            is_set
                && wanted
                    .keys()
                    .chain(server.remotes.keys())
                    .filter(of)
                    .any(|name| server.remotes.get(name) != wanted.get(name))
        };
        let leaves = |remote: &ClusterId| !self.farewells(*remote).is_empty();
        self.mesh
            .remotes(on)
            .filter(|to| self.mesh.has_link(Link { from: on, to: *to }))
            .filter(leaves)
            .filter(differs)
            .collect()
    }

    /// The links that go by the nodes that stay, before the others leave.
    pub(super) fn moved_links(&self, on: ClusterId) -> Vec<Step> {
        let to = self.moves_remotes(on);
        let connect = self.connected(on).filter(|_| !to.is_empty());
        connect.map(|connect| vec![connect.into(), LinkStep::ProveLinks { on, to }.into()]).unwrap_or_default()
    }
}

impl From<NodeStep> for Step {
    fn from(step: NodeStep) -> Self {
        Self::Nodes(step)
    }
}
