//! Finds out about every link, all clusters at once: [`Evidence`]. I/O: Docker, disk, network; changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use super::{
    World,
    access::Access,
    elasticsearch::Elasticsearch,
    files::{self, FilesError},
    survey::WorldError,
};
use crate::{
    facts::{
        evidence::{Evidence, KeyRecord, PathFacts, Presented},
        observed::{LinkFacts, Observed},
    },
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
        keystore::{self, Keyring, Keystore},
        links::Key,
        peers::Alias,
    },
};

impl World {
    /// A cluster's REST API, with the authorities and the password that were found on disk.
    pub(super) fn server(&self, mesh: &Mesh, there: &Observed, cluster: ClusterId) -> Option<Elasticsearch> {
        Elasticsearch::new(mesh, cluster, Access::observed(there, cluster)?).ok()
    }

    /// What each server that answers says of the keys that are saved for it.
    pub async fn key_records(&self, mesh: &Mesh, there: &Observed) -> BTreeMap<Key, KeyRecord> {
        let answering = mesh.clusters().filter(|cluster| there.server(*cluster).is_some());
        let asked = answering.flat_map(|cluster| mesh.keys(cluster)).map(async |key| {
            let id = &there.files.get(&key.of)?.key(key)?.id;
            Some((key, self.server(mesh, there, key.of)?.key(id).await.ok()??))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// Everything about the links that can be found out without changing anything, from every node that searches.
    pub async fn evidence(&self, mesh: &Mesh, there: &Observed) -> Result<Evidence, WorldError> {
        let keystores = self.keystores(mesh)?;
        let mut evidence = Evidence { presented: self.presented(mesh, there, &keystores).await, ..Evidence::default() };
        let searching: Vec<NodeId> = mesh.clusters().flat_map(|cluster| mesh.searching_nodes(cluster)).collect();
        let found = searching
            .iter()
            .map(async |from| futures::join!(self.paths(mesh, there, *from), self.by_key(mesh, there, *from)));
        let (found, published) = futures::join!(join_all(found), self.published(mesh, there));
        for (from, (paths, by_key)) in searching.iter().zip(found) {
            evidence.paths.extend(paths.into_iter().map(|(to, facts)| ((*from, to), facts)));
            evidence.by_key.extend(by_key.into_iter().map(|(to, facts)| ((*from, to), facts)));
        }
        evidence.published = published;
        evidence.peer_paths = self.peer_paths(mesh, there).await;
        self.try_again(mesh, there, &mut evidence).await;
        evidence.listening = self.listening(mesh, &evidence).await;
        Ok(evidence)
    }

    /// From the first node of each cluster that searches, to the clusters of peers that it does not reach.
    async fn peer_paths(&self, mesh: &Mesh, there: &Observed) -> BTreeMap<(NodeId, Alias), PathFacts> {
        let searching = mesh.clusters().filter_map(|cluster| {
            let from = mesh.searching_nodes(cluster).find(|node| there.runs((*node).into()))?;
            let reached = |alias: &Alias| {
                there.server(cluster).is_some_and(|server| server.links.get(alias) == Some(&LinkFacts::Connected))
            };
            let down = mesh.peer_remotes(cluster).filter(|(_, alias, _)| !reached(alias));
            Some((from, down.map(|(_, alias, at)| (alias.clone(), at.clone())).collect::<Vec<_>>()))
        });
        let tried = searching.filter(|(_, down)| !down.is_empty()).map(async |(from, down)| {
            let paths = self.docker.probe_peers(mesh, from, &down).await.unwrap_or_default();
            paths.into_iter().map(move |(alias, facts)| ((from, alias), facts))
        });
        join_all(tried).await.into_iter().flatten().collect()
    }

    /// Servers that have just booted may be too busy when all the others try at once: those that answer and still were
    /// too slow are tried once more, alone.
    async fn try_again(&self, mesh: &Mesh, there: &Observed, evidence: &mut Evidence) {
        let mut slow: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        let timed_out = evidence.paths.iter().filter(|(_, facts)| **facts == PathFacts::TimedOut);
        for ((from, to), _) in timed_out.filter(|((_, to), _)| there.server(to.cluster).is_some()) {
            slow.entry(*from).or_default().push(*to);
        }
        let tried =
            slow.into_iter().map(async |(from, to)| (from, self.docker.probe(mesh, from, to.into_iter()).await));
        for (from, paths) in join_all(tried).await {
            evidence.paths.extend(paths.unwrap_or_default().into_iter().map(|(to, facts)| ((from, to), facts)));
        }
    }

    /// Those whose port refuses others and takes a connection from inside their own container, where no firewall is
    /// between.
    async fn listening(&self, mesh: &Mesh, evidence: &Evidence) -> BTreeSet<NodeId> {
        let closed = evidence.paths.iter().filter(|(_, facts)| matches!(facts, PathFacts::Closed(_)));
        let refusing: BTreeSet<NodeId> = closed.map(|((_, to), _)| *to).collect();
        let tried = refusing.into_iter().map(async |of| {
            let paths = self.docker.probe(mesh, of, std::iter::once(of)).await.ok()?;
            matches!(paths.get(&of)?, PathFacts::Reached { .. } | PathFacts::Distrusted(_)).then_some(of)
        });
        join_all(tried).await.into_iter().flatten().collect()
    }

    fn keystores(&self, mesh: &Mesh) -> Result<BTreeMap<NodeId, Keystore>, FilesError> {
        let Some(tree) = self.tree()? else { return Ok(BTreeMap::new()) };
        let mut keys = Keyring::default();
        let mut keystores = BTreeMap::new();
        for node in mesh.all_nodes() {
            keystores.extend(files::keystore(&tree, node, &mut keys)?.map(|keystore| (node, keystore)));
        }
        Ok(keystores)
    }

    /// From a node to every node that others come in by, of those that have a container.
    async fn paths(&self, mesh: &Mesh, there: &Observed, from: NodeId) -> BTreeMap<NodeId, PathFacts> {
        if !there.runs(from.into()) {
            return BTreeMap::new();
        }
        let to = || mesh.remotes(from.cluster).flat_map(|remote| mesh.searched_nodes(remote));
        let untried = |why: String| to().map(|to| (to, PathFacts::Untried(why.clone()))).collect();
        self.docker.probe(mesh, from, to()).await.unwrap_or_else(|error| untried(error.words()))
    }

    async fn by_key(&self, mesh: &Mesh, there: &Observed, from: NodeId) -> BTreeMap<ClusterId, bool> {
        let answers = if mesh.has_several_nodes(from.cluster) {
            there.node(from).is_some()
        } else {
            there.server(from.cluster).is_some()
        };
        let access = Access::observed(there, from.cluster).filter(|_| answers);
        match access.and_then(|access| Elasticsearch::on(mesh, from, access).ok()) {
            Some(server) => {
                let found = server.by_key().await.unwrap_or_default().into_iter();
                found.filter_map(|(alias, by_key)| Some((alias.cluster()?, by_key))).collect()
            }
            None => BTreeMap::new(),
        }
    }

    /// What the nodes of every cluster of several publish that is searched.
    async fn published(&self, mesh: &Mesh, there: &Observed) -> BTreeMap<NodeId, String> {
        let several = |cluster: &ClusterId| mesh.has_several_nodes(*cluster) && there.server(*cluster).is_some();
        let searched = |cluster: &ClusterId| mesh.searchers(*cluster).next().is_some();
        let asked = mesh.clusters().filter(several).filter(searched).map(async |cluster| {
            let found = self.server(mesh, there, cluster)?.published().await.ok()?;
            let of_node =
                |(name, address): (String, String)| Some((mesh.service_of_container(&name)?.node()?, address));
            Some(found.into_iter().filter_map(of_node).collect::<Vec<_>>())
        });
        join_all(asked).await.into_iter().flatten().flatten().collect()
    }

    /// Asks each remote about the keys that the keystores of those that search it hold for it.
    async fn presented(
        &self,
        mesh: &Mesh,
        there: &Observed,
        keystores: &BTreeMap<NodeId, Keystore>,
    ) -> BTreeMap<(NodeId, ClusterId), Presented> {
        let mut presented = BTreeMap::new();
        let mut holders: BTreeMap<(ClusterId, String), Vec<NodeId>> = BTreeMap::new();
        for from in mesh.clusters().flat_map(|cluster| mesh.searching_nodes(cluster)) {
            let entries = keystores.get(&from).map(Keystore::entries);
            for to in mesh.remotes(from.cluster) {
                match entries
                    .and_then(|entries| entries.get(&keystore::credentials_of(&to.into())))
                    .map(keystore::key_id)
                {
                    None => drop(presented.insert((from, to), Presented::Absent)),
                    Some(None) => drop(presented.insert((from, to), Presented::Malformed)),
                    Some(Some(id)) => holders.entry((to, id)).or_default().push(from),
                }
            }
        }
        let asked = holders.into_iter().map(async |((to, id), holders)| {
            let server = self.server(mesh, there, to).filter(|_| there.server(to).is_some())?;
            let key = server.key(&id).await.ok()?;
            let found = key.map_or(Presented::Unknown { id }, Presented::Known);
            Some(holders.into_iter().map(|from| ((from, to), found.clone())).collect::<Vec<_>>())
        });
        presented.extend(join_all(asked).await.into_iter().flatten().flatten());
        presented
    }
}
