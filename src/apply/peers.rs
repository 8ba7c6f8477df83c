//! What has to do with other meshes: their keys and authorities onto disk, and the proof of links to them. I/O: disk,
//! network.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Apply, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    facts::observed::LinkFacts,
    judge::verify::{Hopeless, hopeless},
    mesh::{
        Mesh,
        id::ClusterId,
        keystore, layout,
        peers::{Alias, Endpoint, PartnerName, access::PeerAccess},
        secret::Secret,
    },
    plan::PeerStep,
    world::{disk::Tree, files as saved},
};

/// Elasticsearch reads a bundle of authorities again within 5 s, and gives a machine that does not answer 10 s.
const PEERS_TIMEOUT: Duration = Duration::from_secs(30);

/// The look at which a link that is still down is examined: most are up by then.
const LOOKS: u32 = 3;

/// For so long Elasticsearch may answer from what it had before: a refusal that is found again after it stays.
const SETTLED: Duration = Duration::from_secs(6);

/// What was in the way of links when they were last examined.
struct Examined {
    at: Instant,
    found: BTreeMap<Alias, Hopeless>,
}

impl Examined {
    /// Whether a link was down for the same cause then.
    fn knew(&self, alias: &Alias, why: &Hopeless) -> bool {
        self.found.get(alias).is_some_and(|before| before.code == why.code)
    }
}

impl Apply<'_> {
    pub(super) async fn peer_step(&self, step: &PeerStep, line: &StageLine) -> Result<(), Error> {
        match step {
            PeerStep::SaveAccess(name) => self.save_access(name),
            PeerStep::Note(name) => self.note_peer(name),
            PeerStep::Prove { on, to } => self.prove_peers(*on, to, line).await,
            PeerStep::Forget(name) => self.forget_peer(name),
        }
    }

    fn save_access(&self, name: &PartnerName) -> Result<(), Error> {
        let access = self.access.get(name).expect("should have what is to be saved: the command gives it");
        self.write_access(&self.tree()?, name, access)
    }

    /// A file that is gone tells nothing: what it held cannot be written again.
    fn note_peer(&self, name: &PartnerName) -> Result<(), Error> {
        let tree = self.tree()?;
        let (Some(peer), Some(access)) = (self.mesh.peers.get(name), saved::peer(&tree, name)?) else { return Ok(()) };
        self.write_access(&tree, name, &PeerAccess { peer: peer.clone(), ..access })
    }

    fn write_access(&self, tree: &Tree, name: &PartnerName, access: &PeerAccess) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(access).expect("should be JSON: it holds only texts");
        self.make_dir(tree, layout::PEERS)?;
        self.write(tree, &layout::peer(name), format!("{text}\n").as_bytes())
    }

    /// The credentials of the remotes that belong to peers, by their names in a keystore.
    pub(super) fn peer_credentials(&self, on: ClusterId) -> Result<BTreeMap<String, Secret>, Error> {
        let tree = self.tree()?;
        let credentials = self.mesh.peers_of(on).map(|(name, _)| saved::peer(&tree, name));
        let mut all = BTreeMap::new();
        for access in credentials {
            let remotes = access?.map(|access| access.remotes).unwrap_or_default().into_iter();
            all.extend(remotes.map(|(alias, of)| (keystore::credentials_of(&alias), Secret::new(of.encoded))));
        }
        let wanted = self.mesh.aliases(on);
        all.retain(|name, _| keystore::remote_of(name).is_some_and(|alias| wanted.contains(&alias)));
        Ok(all)
    }

    /// The authorities of the peers that a cluster searches.
    pub(super) fn peer_authorities(mesh: &Mesh, tree: &Tree, cluster: ClusterId) -> Result<Vec<String>, Error> {
        let mut all = Vec::new();
        for (name, peer) in mesh.peers_of(cluster) {
            let access = saved::peer(tree, name)?.map(|access| access.remotes).unwrap_or_default();
            let known = access.into_iter().filter(|(alias, _)| peer.remotes.contains_key(alias));
            all.extend(known.map(|(_, access)| access.authorities));
        }
        Ok(all)
    }

    /// A peer that is away is no reason to stop: everything of this mesh was done before.
    async fn prove_peers(&self, on: ClusterId, to: &[Alias], line: &StageLine) -> Result<(), Error> {
        let server = self.server(on)?;
        let mut down: BTreeMap<Alias, String> = BTreeMap::new();
        let mut looks = 0;
        let mut examined: Option<Examined> = None;
        let proof = self
            .patience
            .until(&format!("the links from {on} to peers"), Some(PEERS_TIMEOUT), async || {
                down = match server.links(to).await {
                    Ok(links) => {
                        let why = |of: &Alias| Some((of.clone(), LinkFacts::why_down(links.get(of))?.to_owned()));
                        to.iter().filter_map(why).collect()
                    }
                    Err(error) => to.iter().map(|alias| (alias.clone(), error.cause())).collect(),
                };
                let Some((alias, reason)) = down.first_key_value() else { return Ok(Probe::Ready(())) };
                let waiting = format!("{on} → {alias}: {reason}");
                line.now(&waiting);
                looks += 1;
                if examined.as_ref().map_or(looks >= LOOKS, |last| last.at.elapsed() >= SETTLED) {
                    examined = Some(self.may_reach(on, &down, examined.take()).await?);
                }
                Ok(Probe::Pending(waiting))
            })
            .await;
        match proof {
            // what cannot come was named already
            Err(error) if error.exit == Exit::Unhealthy => Err(error),
            Err(error) if !error.interrupted && !self.patience.is_interrupted() && !down.is_empty() => {
                Err(unreached(on, &down))
            }
            other => other,
        }
    }

    /// Fails where a link to a peer cannot come up however long the wait: nothing takes connections there, or what
    /// does refuses them for a cause that stays.
    async fn may_reach(
        &self,
        on: ClusterId,
        down: &BTreeMap<Alias, String>,
        before: Option<Examined>,
    ) -> Result<Examined, Error> {
        let remotes = self.mesh.peer_remotes(on).filter(|(_, alias, _)| down.contains_key(*alias));
        let remotes: Vec<(Alias, Endpoint)> = remotes.map(|(_, alias, at)| (alias.clone(), at.clone())).collect();
        let paths = match self.mesh.searching_nodes(on).next() {
            Some(node) => self.world.docker.probe_peers(self.mesh, node, &remotes).await.unwrap_or_default(),
            None => BTreeMap::new(),
        };
        let why =
            |(alias, at): &(Alias, Endpoint)| Some((alias.clone(), hopeless(paths.get(alias), &down[alias], at)?));
        let found: BTreeMap<Alias, Hopeless> = remotes.iter().filter_map(why).collect();
        let stays = |(alias, why): &(&Alias, &Hopeless)| {
            why.is_certain || before.as_ref().is_some_and(|before| before.knew(alias, why))
        };
        let lost = found.iter().filter(stays).map(|(alias, why)| (alias.clone(), why.message.clone()));
        let lost: BTreeMap<Alias, String> = lost.collect();
        if lost.is_empty() { Ok(Examined { at: Instant::now(), found }) } else { Err(unreached(on, &lost)) }
    }

    /// The file first: a peer that is recorded as leaving has the next run come back to it, and needs no file for that.
    fn forget_peer(&self, name: &PartnerName) -> Result<(), Error> {
        let tree = self.tree()?;
        tree.remove_tree(layout::peer(name))?;
        let recorded = saved::mesh(&tree, &self.mesh.dir)?;
        if let Some(mut mesh) = recorded.filter(|mesh| mesh.peers.contains_key(name)) {
            mesh.peers.remove(name);
            self.write_record(&tree, &mesh)?;
        }
        Ok(())
    }
}

fn unreached(on: ClusterId, down: &BTreeMap<Alias, String>) -> Error {
    let error = Error::new(Exit::Unhealthy, format!("links from {on} to peers that are down: {}", down.len()));
    let error = down.iter().fold(error, |error, (alias, why)| error.cause(format!("{on} → {alias}: {why}")));
    error.hint("`mesh verify` says why each is down and what mends it")
}
