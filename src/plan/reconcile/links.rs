//! The questions about API keys, credentials, remotes and links. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::Reconciler;
use crate::{
    facts::observed::{KeyFile, LinkFacts, ServerFacts},
    mesh::{
        id::{ClusterId, NodeId},
        keystore,
        links::{Key, Link},
        peers::Alias,
    },
    plan::{LinkStep, Step},
};

impl Reconciler<'_> {
    /// Whether the saved key can be handed to others: it has not expired and the server, if it answers, knows it.
    fn key_good(&self, which: Key) -> bool {
        let cluster = which.of;
        let Some(key) = self.key_file(which) else { return false };
        let soon = self.inputs.now + self.least_left(self.mesh.key_margin());
        match self.server(cluster) {
            // the server's own word counts: a key can be made to expire at another time than when it was saved
            Some(server) => server.keys.iter().find(|facts| facts.id == key.id).is_some_and(|facts| {
                self.renewal.extended.contains(&cluster) || facts.expires.is_none_or(|expires| expires > soon)
            }),
            None => key.expires > soon,
        }
    }

    pub(super) fn key_file(&self, key: Key) -> Option<&KeyFile> {
        self.files(key.of)?.key(key)
    }

    /// Whether the saved key stays the one that others get.
    fn key_stays(&self, key: Key) -> bool {
        self.key_good(key) && !self.renewal.keys.contains(&key.of)
    }

    pub(super) fn keys(&self, cluster: ClusterId) -> Vec<Step> {
        self.mesh.keys(cluster).into_iter().filter_map(|key| self.key(key)).map(Step::from).collect()
    }

    fn key(&self, key: Key) -> Option<LinkStep> {
        if !self.key_stays(key) {
            return Some(LinkStep::IssueKey(key));
        }
        if self.renewal.extended.contains(&key.of) {
            return Some(LinkStep::ExtendKey(key));
        }
        let saved = self.key_file(key)?;
        let facts = self.server(key.of)?.keys.iter().find(|facts| facts.id == saved.id)?;
        // to the second, as it was saved before
        let misdated = facts.expires.is_some_and(|on| on.unix_timestamp() != saved.expires.unix_timestamp());
        (facts.names != self.mesh.shared_by(key) || misdated).then_some(LinkStep::UpdateKey(key))
    }

    /// Whether the server has keys of this mesh that no file holds, or will have when a new one is issued, or there are
    /// files of keys by which no cluster is to search.
    pub(super) fn keys_to_revoke(&self, cluster: ClusterId) -> bool {
        let Some(server) = self.server(cluster) else { return false };
        let wanted = self.mesh.keys(cluster);
        let staying = wanted.iter().filter(|key| self.key_stays(**key));
        let held: BTreeSet<&str> = staying.filter_map(|key| Some(self.key_file(*key)?.id.as_str())).collect();
        server.keys.iter().any(|facts| !held.contains(facts.id.as_str()))
            || self.files(cluster).is_some_and(|files| files.keys(cluster).any(|(key, _)| !wanted.contains(&key)))
    }

    /// Whether the keystore of every node holds exactly the keys of the remotes, as their files have them. The key of a
    /// peer whose file is gone stays as it is.
    pub(super) fn stored(&self, on: ClusterId) -> bool {
        self.mesh.nodes(on).all(|node| self.stored_on(node))
    }

    fn stored_on(&self, node: NodeId) -> bool {
        let on = node.cluster;
        let Some(keystore) = self.node_files(node).and_then(|files| files.keystore.as_ref()) else {
            return self.mesh.aliases(on).is_empty();
        };
        let current = |remote: ClusterId| {
            let key = self.mesh.key_of(Link { from: on, to: remote });
            let held = keystore.get(&keystore::credentials_of(&remote.into()));
            self.key_stays(key) && self.key_file(key).is_some_and(|file| held == Some(&file.digest))
        };
        let of_peers = self.mesh.peer_remotes(on).all(|(peer, alias, _)| {
            let held = keystore.get(&keystore::credentials_of(alias));
            self.peer_access(peer, alias).is_none_or(|access| held == Some(&access.digest))
        });
        let wanted: BTreeSet<Alias> = self.mesh.aliases(on).into_iter().collect();
        let mut held = keystore.keys().filter_map(|name| keystore::remote_of(name));
        let stray = |alias: &Alias| self.mesh.manages(alias) && !wanted.contains(alias);
        self.mesh.remotes(on).all(current) && of_peers && !held.any(|alias| stray(&alias))
    }

    /// A link that is down is reason enough to have the server read its keystore again: it may have missed the last
    /// write. So is a remote that has other keys, too, which are about to be revoked: it is unknown which one the
    /// server has read.
    pub(super) fn credentials(&self, on: ClusterId) -> Option<LinkStep> {
        let missed = self.server(on).is_some_and(|server| self.down(server, on).next().is_some());
        let doubtful = || self.mesh.remotes(on).any(|remote| self.keys_to_revoke(remote));
        let of = self.mesh.aliases(on);
        (!self.stored(on) || missed || doubtful()).then_some(LinkStep::StoreCredentials { on, of })
    }

    /// Remotes that are set on the server though the mesh does not have them.
    pub(super) fn extra_remotes(&self, on: ClusterId) -> Vec<Alias> {
        let wanted = self.mesh.aliases(on);
        let set = self.server(on).into_iter().flat_map(|server| server.remotes.keys());
        let mut extra: Vec<Alias> = set
            .filter_map(|setting| Alias::of_setting(setting))
            .filter(|alias| self.mesh.manages(alias) && !wanted.contains(alias))
            .collect();
        extra.dedup();
        extra
    }

    /// The settings of remotes that the mesh does not have are the business of [`Reconciler::disconnects`].
    pub(super) fn connect(&self, on: ClusterId) -> Option<LinkStep> {
        // what is moved before nodes leave is set by then
        self.connected(on).filter(|_| self.moves_remotes(on).is_empty())
    }

    /// What sets the remotes as they are wanted, if they are not.
    pub(super) fn connected(&self, on: ClusterId) -> Option<LinkStep> {
        let wanted = self.mesh.remote_settings(on);
        let aliases = self.mesh.aliases(on);
        let ours = |name: &String| Alias::of_setting(name).is_some_and(|alias| aliases.contains(&alias));
        let set: Option<BTreeMap<String, String>> =
            self.server(on).map(|server| server.remotes.clone().into_iter().filter(|(name, _)| ours(name)).collect());
        if set.as_ref() == Some(&wanted) || (set.is_none() && wanted.is_empty()) {
            return None;
        }
        let without = set.unwrap_or_default().into_keys().filter(|name| !wanted.contains_key(name)).collect();
        Some(LinkStep::Connect { on, to: aliases, without })
    }

    /// Only from clusters that stay and answer, and before the others are stopped, so that no search meets a dead
    /// remote.
    pub(super) fn disconnects(&self) -> Vec<Step> {
        self.mesh
            .clusters()
            .map(|on| (on, self.extra_remotes(on)))
            .filter(|(_, from)| !from.is_empty())
            .map(|(on, from)| LinkStep::Disconnect { on, from }.into())
            .collect()
    }

    /// The remotes that a node of the cluster does not reach, of those that it can search.
    fn down(&self, server: &ServerFacts, on: ClusterId) -> impl Iterator<Item = ClusterId> {
        let from_a_node = |remote: &Alias| {
            let mut nodes = self.mesh.searching_nodes(on).filter_map(|node| self.there.node(node));
            nodes.any(|node| node.links.get(remote) != Some(&LinkFacts::Connected))
        };
        let down = |remote: &ClusterId| {
            let remote = (*remote).into();
            server.links.get(&remote) != Some(&LinkFacts::Connected) || from_a_node(&remote)
        };
        self.mesh.searchable(on).filter(down).collect::<Vec<_>>().into_iter()
    }

    pub(super) fn prove(&self, on: ClusterId) -> Option<Step> {
        let renewed = |remote: &ClusterId| {
            !self.key_stays(self.mesh.key_of(Link { from: on, to: *remote }))
                || self.keys_to_revoke(*remote)
                || self.server(*remote).is_none()
                || self.mesh.nodes(*remote).any(|node| self.reissued(node.into()))
                || !self.secure_in_service(*remote).is_empty()
                || !self.turns(*remote).is_empty()
        };
        let to: Vec<ClusterId> = match self.server(on) {
            Some(server) if self.stored(on) && self.secure_in_service(on).is_empty() && self.turns(on).is_empty() => {
                self.mesh
                    .searchable(on)
                    .filter(|r| renewed(r) || self.down(server, on).any(|down| down == *r))
                    .collect()
            }
            _ => self.mesh.searchable(on).collect(),
        };
        (!to.is_empty()).then(|| LinkStep::ProveLinks { on, to }.into())
    }
}
