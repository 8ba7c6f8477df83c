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
        observed::Observed,
    },
    mesh::{
        Mesh,
        id::{ClusterId, NodeNumber},
        keystore::{self, Keyring, Keystore},
        links::{Key, Link},
    },
};

impl World {
    /// A cluster's REST API, with the authorities and the password that were found on disk.
    fn server(&self, mesh: &Mesh, there: &Observed, cluster: ClusterId) -> Option<Elasticsearch> {
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

    /// Everything about the links that can be found out without changing anything.
    pub async fn evidence(&self, mesh: &Mesh, there: &Observed) -> Result<Evidence, WorldError> {
        let keystores = self.keystores(mesh)?;
        let mut evidence = Evidence::default();
        let found = mesh.clusters().map(async |from| {
            futures::join!(
                self.paths(mesh, there, from),
                self.by_key(mesh, there, from),
                self.presented(mesh, there, from, keystores.get(&from))
            )
        });
        for (from, (paths, by_key, presented)) in mesh.clusters().zip(join_all(found).await) {
            evidence.paths.extend(paths.into_iter().map(|(to, facts)| (Link { from, to }, facts)));
            evidence.by_key.extend(by_key.into_iter().map(|(to, facts)| (Link { from, to }, facts)));
            evidence.presented.extend(presented.into_iter().map(|(to, facts)| (Link { from, to }, facts)));
        }
        self.try_again(mesh, there, &mut evidence).await;
        evidence.listening = self.listening(mesh, &evidence).await;
        Ok(evidence)
    }

    /// Servers that have just booted may be too busy when all the others try at once: those that answer and still were
    /// too slow are tried once more, alone.
    async fn try_again(&self, mesh: &Mesh, there: &Observed, evidence: &mut Evidence) {
        let mut slow: BTreeMap<ClusterId, Vec<ClusterId>> = BTreeMap::new();
        let timed_out = evidence.paths.iter().filter(|(_, facts)| **facts == PathFacts::TimedOut);
        for (Link { from, to }, _) in timed_out.filter(|(link, _)| there.server(link.to).is_some()) {
            slow.entry(*from).or_default().push(*to);
        }
        let tried =
            slow.into_iter().map(async |(from, to)| (from, self.docker.probe(mesh, from, to.into_iter()).await));
        for (from, paths) in join_all(tried).await {
            evidence.paths.extend(paths.unwrap_or_default().into_iter().map(|(to, facts)| (Link { from, to }, facts)));
        }
    }

    /// Those whose port refuses others and takes a connection from inside their own container, where no firewall is
    /// between.
    async fn listening(&self, mesh: &Mesh, evidence: &Evidence) -> BTreeSet<ClusterId> {
        let closed = evidence.paths.iter().filter(|(_, facts)| matches!(facts, PathFacts::Closed(_)));
        let refusing: BTreeSet<ClusterId> = closed.map(|(link, _)| link.to).collect();
        let tried = refusing.into_iter().map(async |of| {
            let paths = self.docker.probe(mesh, of, std::iter::once(of)).await.ok()?;
            matches!(paths.get(&of)?, PathFacts::Reached { .. } | PathFacts::Distrusted(_)).then_some(of)
        });
        join_all(tried).await.into_iter().flatten().collect()
    }

    fn keystores(&self, mesh: &Mesh) -> Result<BTreeMap<ClusterId, Keystore>, FilesError> {
        let Some(tree) = self.tree()? else { return Ok(BTreeMap::new()) };
        let mut keys = Keyring::default();
        let mut keystores = BTreeMap::new();
        for cluster in mesh.clusters() {
            let node = cluster.node(NodeNumber::FIRST);
            keystores.extend(files::keystore(&tree, node, &mut keys)?.map(|keystore| (cluster, keystore)));
        }
        Ok(keystores)
    }

    async fn paths(&self, mesh: &Mesh, there: &Observed, from: ClusterId) -> BTreeMap<ClusterId, PathFacts> {
        if !there.runs(from.first_node()) {
            return BTreeMap::new();
        }
        let untried = |why: String| mesh.remotes(from).map(|to| (to, PathFacts::Untried(why.clone()))).collect();
        self.docker.probe(mesh, from, mesh.remotes(from)).await.unwrap_or_else(|error| untried(error.words()))
    }

    async fn by_key(&self, mesh: &Mesh, there: &Observed, from: ClusterId) -> BTreeMap<ClusterId, bool> {
        match self.server(mesh, there, from).filter(|_| there.server(from).is_some()) {
            Some(server) => server.by_key().await.unwrap_or_default(),
            None => BTreeMap::new(),
        }
    }

    /// Asks each remote about the key that the keystore of `from` holds for it.
    async fn presented(
        &self,
        mesh: &Mesh,
        there: &Observed,
        from: ClusterId,
        keystore: Option<&Keystore>,
    ) -> BTreeMap<ClusterId, Presented> {
        let asked = mesh.remotes(from).map(async |to| {
            let Some(entry) = keystore.and_then(|keystore| keystore.entries().get(&keystore::credentials_of(to)))
            else {
                return Some((to, Presented::Absent));
            };
            let Some(id) = keystore::key_id(entry) else { return Some((to, Presented::Malformed)) };
            let server = self.server(mesh, there, to).filter(|_| there.server(to).is_some())?;
            let key = server.key(&id).await.ok()?;
            Some((to, key.map_or(Presented::Unknown { id }, Presented::Known)))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}
