//! Remotes of a cluster: credentials, settings and the proof that they work. I/O: network, disk.

use std::{collections::BTreeMap, time::Duration};

use super::{Apply, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    facts::observed::LinkFacts,
    judge::verify::LinkCause,
    mesh::{
        id::{ClusterId, NodeId},
        keystore,
        links::Link,
        peers::Alias,
        secret::Secret,
    },
    plan::LinkStep,
    world::elasticsearch::Elasticsearch,
};

/// Elasticsearch remembers a failed name for 10 s and a found one for 60 s, and reads a bundle of authorities again
/// within 5 s of a change: a link that is not up after this stays down.
const LINK_TIMEOUT: Duration = Duration::from_mins(2);

impl Apply<'_> {
    pub(super) async fn link_step(&self, step: &LinkStep, line: &StageLine) -> Result<(), Error> {
        match step {
            LinkStep::IssueKey(key) => self.issue_key(*key).await,
            LinkStep::UpdateKey(key) => self.update_key(*key).await,
            LinkStep::ExtendKey(key) => self.extend_key(*key).await,
            LinkStep::RevokeKeys(cluster) => self.revoke_keys(*cluster).await,
            LinkStep::StoreCredentials { on, .. } => self.store_credentials(*on).await,
            LinkStep::Connect { on, without, .. } => self.connect(*on, without).await,
            LinkStep::Disconnect { on, from } => self.disconnect(*on, from).await,
            LinkStep::ProveLinks { on, to } => self.prove_links(*on, to, line).await,
        }
    }

    /// One write of the keystore with the credentials of all remotes, one reload; the answer is looked into, since it
    /// is 200 even when a node could not read its keystore.
    async fn store_credentials(&self, on: ClusterId) -> Result<(), Error> {
        let mut credentials = self.peer_credentials(on)?;
        for remote in self.mesh.remotes(on) {
            let key = self.mesh.key_of(Link { from: on, to: remote });
            credentials.insert(keystore::credentials_of(&remote.into()), Secret::new(self.saved_key(key)?.encoded));
        }
        let wanted: Vec<String> = credentials.keys().cloned().collect();
        // those of a peer whose file is gone are nowhere else
        let kept = self.mesh.aliases(on);
        let goes = |alias: &Alias| self.mesh.manages(alias) && !kept.contains(alias);
        for node in self.mesh.nodes(on) {
            self.edit_keystore(node, self.mesh.keystore_format_at_work(on), |keystore| {
                let stale = |name: &&str| keystore::remote_of(name).is_some_and(|alias| goes(&alias));
                let stale: Vec<String> = keystore.names().filter(stale).map(str::to_owned).collect();
                for name in stale {
                    keystore.remove(&name);
                }
                for (name, value) in &credentials {
                    keystore.put(name, value.clone());
                }
            })?;
        }
        self.reload(on, &wanted).await
    }

    async fn reload(&self, on: ClusterId, wanted: &[String]) -> Result<(), Error> {
        let server = self.server(on)?;
        let reloaded = self.persist(on, "the keystore", async || server.reload().await).await?;
        let missing =
            |names: &std::collections::BTreeSet<String>| wanted.iter().find(|name| !names.contains(*name)).cloned();
        let failure = reloaded
            .failures
            .first()
            .cloned()
            .or_else(|| reloaded.names.as_ref().and_then(missing).map(|name| format!("it does not name {name}")));
        match failure {
            None => Ok(()),
            Some(reason) => Err(Error::new(Exit::Unfinished, format!("{on} could not read its keystore again"))
                .cause(reason)
                .hint(format!("see `mesh logs {} --service elastic`; then type the same command again", on.number()))),
        }
    }

    /// One settings call with all remotes, every field of each, and unwanted ones as null.
    ///
    /// Elasticsearch builds the connections to a remote anew when the way to it changes, and a search that comes in
    /// between skips a remote that may be skipped, while it waits for one that may not. So none may be, until the new
    /// connections are there.
    async fn connect(&self, on: ClusterId, without: &[String]) -> Result<(), Error> {
        let mut settings: BTreeMap<String, Option<String>> =
            self.mesh.remote_settings(on).into_iter().map(|(name, value)| (name, Some(value))).collect();
        settings.extend(without.iter().map(|name| (name.clone(), None)));
        let server = self.server(on)?;
        let before = self.persist(on, "the remotes", async || server.remotes().await).await?;
        let all = self.mesh.aliases(on).into_iter();
        let moved: Vec<Alias> = all.filter(|to| moves(to, &before, &settings)).collect();
        if !moved.is_empty() {
            let waiting: BTreeMap<String, Option<String>> =
                moved.iter().map(|to| (skip_unavailable(to), Some("false".to_owned()))).collect();
            self.persist(on, "the remotes", async || server.put_settings(&waiting).await).await?;
            let there: BTreeMap<String, Option<String>> = settings.clone().into_iter().chain(waiting).collect();
            self.persist(on, "the remotes", async || server.put_settings(&there).await).await?;
            // one that is not reached is no reason to wait: what proves links says so
            let _ = self.persist(on, "the remotes", async || server.links(&moved).await).await;
        }
        self.persist(on, "the remotes", async || server.put_settings(&settings).await).await
    }

    /// Settings before credentials: a remote without credentials would be tried with trust by certificate.
    async fn disconnect(&self, on: ClusterId, from: &[Alias]) -> Result<(), Error> {
        let settings = from.iter().map(|remote| (format!("cluster.remote.{remote}.*"), None)).collect();
        let server = self.server(on)?;
        self.persist(on, "the remotes", async || server.put_settings(&settings).await).await?;
        let names: Vec<String> = from.iter().map(keystore::credentials_of).collect();
        for node in self.mesh.nodes(on) {
            self.edit_keystore(node, self.mesh.keystore_format_at_work(on), |keystore| {
                for name in &names {
                    keystore.remove(name);
                }
            })?;
        }
        self.reload(on, &[]).await
    }

    /// Asks `on` to contact its remotes until every one of `to` is connected. Links that stay down are named with what
    /// Elasticsearch says of them.
    async fn prove_links(&self, on: ClusterId, to: &[ClusterId], line: &StageLine) -> Result<(), Error> {
        let mut servers: Vec<(NodeId, Elasticsearch)> = Vec::new();
        for node in self.mesh.searching_nodes(on) {
            let name = self.mesh.container_name(node.into());
            // of several, one that was stopped on purpose searches nothing
            if !self.mesh.has_several_nodes(on) || self.world.docker.runs(&name).await? {
                servers.push((node, self.server_on(node)?));
            }
        }
        let mut down: BTreeMap<ClusterId, String> =
            to.iter().map(|remote| (*remote, "it was never asked".to_owned())).collect();
        let proof = self
            .patience
            .until(&format!("the links from {on}"), Some(LINK_TIMEOUT), async || {
                let mut found = BTreeMap::new();
                for (node, server) in &servers {
                    // of several, the one that does not reach it is named
                    let reported =
                        |reason: String| if servers.len() > 1 { format!("{node}: {reason}") } else { reason };
                    let aliases: Vec<Alias> = to.iter().copied().map(Alias::from).collect();
                    match server.links(&aliases).await {
                        Ok(links) => {
                            let reason = |remote: &ClusterId| {
                                let why = LinkFacts::why_down(links.get(&(*remote).into()))?;
                                Some((*remote, reported(why.to_owned())))
                            };
                            found.extend(to.iter().filter_map(reason));
                        }
                        Err(error) => found.extend(to.iter().map(|remote| (*remote, reported(error.cause())))),
                    }
                }
                down = found;
                let Some((remote, reason)) = down.first_key_value() else { return Ok(Probe::Ready(())) };
                let waiting = format!("{on} → {remote}: {reason}");
                line.now(&waiting);
                let remotes: Vec<ClusterId> = down.keys().copied().collect();
                self.may_come(on, &remotes).await?;
                Ok(Probe::Pending(waiting))
            })
            .await;
        match proof {
            // what cannot come was named already
            Err(error) if error.exit == Exit::Unhealthy => Err(error),
            Err(error) if !error.interrupted && !self.patience.is_interrupted() && !down.is_empty() => {
                Err(unproved(on, &down))
            }
            other => other,
        }
    }

    /// Fails where the links from `on` to `remotes` cannot come up however long the wait: a container does not
    /// run, a license does not allow links, or a remote is not set, which Elasticsearch itself never does.
    async fn may_come(&self, on: ClusterId, remotes: &[ClusterId]) -> Result<(), Error> {
        for cluster in std::iter::once(on).chain(remotes.iter().copied()) {
            let whatever_life = self.mesh.nodes(cluster).map(|node| (node, Some(i64::MAX))).collect();
            self.watch_one(&whatever_life).await?;
            // a server that does not answer now may do so in a moment
            let Ok(license) = self.server(cluster)?.license().await else { continue };
            if !license.allows_links() {
                let (kind, active) = (license.kind, license.active);
                let cause = LinkCause::License { of: cluster, kind, active };
                let error = Error::new(Exit::Unhealthy, format!("links of {cluster} cannot be proved"));
                return Err(error.cause(cause.to_string()).hint(cause.remedy()));
            }
        }
        let Ok(settings) = self.server(on)?.remotes().await else { return Ok(()) };
        let is_set = |remote: &Alias| settings.keys().any(|name| Alias::of_setting(name).as_ref() == Some(remote));
        match remotes.iter().find(|remote| !is_set(&(**remote).into())) {
            None => Ok(()),
            Some(remote) => {
                let cause = LinkCause::RemoteMissing(*remote);
                let error = Error::new(Exit::Unhealthy, format!("links of {on} cannot be proved"));
                Err(error.cause(cause.to_string()).hint(cause.remedy()))
            }
        }
    }
}

fn skip_unavailable(remote: &Alias) -> String {
    format!("cluster.remote.{remote}.skip_unavailable")
}

/// Whether a remote that is set is reached in another way by new settings.
fn moves(remote: &Alias, before: &BTreeMap<String, String>, after: &BTreeMap<String, Option<String>>) -> bool {
    let is_set = before.contains_key(&format!("cluster.remote.{remote}.mode"));
    let mut of = after.iter().filter(|(name, _)| Alias::of_setting(name).as_ref() == Some(remote));
    is_set && of.any(|(name, value)| before.get(name) != value.as_ref())
}

fn unproved(on: ClusterId, down: &BTreeMap<ClusterId, String>) -> Error {
    let error = Error::new(Exit::Unhealthy, format!("links from {on} that are down: {}", down.len()));
    let error = down.iter().fold(error, |error, (remote, reason)| error.cause(format!("{on} → {remote}: {reason}")));
    error.hint("`mesh verify` says why each is down and what mends it; then type the same command again")
}
