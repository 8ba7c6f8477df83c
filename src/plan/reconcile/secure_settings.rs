//! The questions about the secure settings that come from files of the user's. Pure.

use std::collections::BTreeSet;

use super::Reconciler;
use crate::{
    mesh::{
        id::{ClusterId, NodeId, ServiceId},
        secure_settings::Managed,
    },
    plan::{NodeStep, Step, turns},
};

impl Reconciler<'_> {
    fn managed(&self, node: NodeId) -> Option<&Managed> {
        self.node_files(node)?.managed.as_ref()
    }

    /// The names whose entries in the keystore are not those of the file, each with what is to become of it. Entries
    /// that the user put there by hand are no business of the file.
    fn secure_changes(&self, node: NodeId) -> Vec<String> {
        let Some(wanted) = self.there.secure_settings.get(&node.cluster).and_then(|facts| facts.wanted()) else {
            return Vec::new();
        };
        let held = self.node_files(node).and_then(|files| files.keystore.as_ref());
        let entry = |name: &String| held.and_then(|held| held.get(name));
        let differing = wanted.iter().filter_map(|(name, digest)| match entry(name) {
            None => Some(format!("{name} (new)")),
            Some(found) if found != digest => Some(format!("{name} (changed)")),
            Some(_) => None,
        });
        let names = self.managed(node).into_iter().flat_map(|managed| &managed.names);
        let gone = names.filter(|name| !wanted.contains_key(*name) && entry(name).is_some());
        differing.chain(gone.map(|name| format!("{name} (removed)"))).collect()
    }

    /// Whether `keystore.json` tells which entries come from which file.
    fn secure_recorded(&self, node: NodeId) -> bool {
        let Some(wanted) = self.there.secure_settings.get(&node.cluster).and_then(|facts| facts.wanted()) else {
            return true;
        };
        let names: BTreeSet<&String> = wanted.keys().collect();
        let path = self.mesh.settings(node.cluster).secure_settings.0.clone();
        match self.managed(node) {
            None => names.is_empty() && path.is_none(),
            Some(managed) => managed.names.iter().collect::<BTreeSet<_>>() == names && managed.path == path,
        }
    }

    /// Whether the container has not been started since its keystore was last changed.
    fn secure_unread(&self, node: NodeId) -> bool {
        let started = self.there.containers.get(&node.into()).and_then(|found| found.started.as_ref());
        started.is_some() && self.managed(node).and_then(|managed| managed.unread.as_ref()) == started
    }

    /// Whether a node answers.
    fn serves(&self, node: NodeId) -> bool {
        match self.there.nodes.get(&node) {
            Some(answer) => answer.ready().is_some() && self.server(node.cluster).is_some(),
            None => self.server(node.cluster).is_some() && self.there.runs(node.into()),
        }
    }

    /// Whether a node has to start again to have the settings of the file.
    fn secure_outdated(&self, node: NodeId) -> bool {
        self.secure_unread(node) || !self.secure_changes(node).is_empty()
    }

    /// Whether a service that runs and does not answer is a server that has to start again for them.
    pub(super) fn secure_needs_start(&self, service: ServiceId) -> bool {
        service.node().is_some_and(|node| !self.serves(node) && self.secure_outdated(node))
    }

    /// What is written before a node starts, or without it noticing.
    pub(super) fn secure_at_rest(&self, node: NodeId) -> Option<Step> {
        let changes = self.secure_changes(node);
        let later = self.serves(node) && self.secure_outdated(node);
        let differs = !changes.is_empty() || !self.secure_recorded(node);
        (differs && !later).then_some(Step::StoreSecureSettings { node, changes, restart: false })
    }

    /// What the nodes of a cluster that serves are restarted for, one after the other.
    pub(super) fn secure_in_service(&self, cluster: ClusterId) -> Vec<Step> {
        let outdated = |node: NodeId| self.serves(node) && self.secure_outdated(node);
        let store = |node| Step::StoreSecureSettings { node, changes: self.secure_changes(node), restart: true };
        let several = self.mesh.has_several_nodes(cluster);
        let turn = |node: NodeId| {
            if several { turns::guarded(cluster, [store(node)]) } else { vec![store(node)] }
        };
        let nodes = turns::in_order(self.mesh, self.there, cluster, outdated);
        let turns: Vec<Step> = nodes.into_iter().flat_map(turn).collect();
        let awaited: Option<Step> = (several && !turns.is_empty()).then_some(NodeStep::AwaitRecoveries(cluster).into());
        awaited.into_iter().chain(turns).collect()
    }
}
