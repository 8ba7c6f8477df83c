//! Remotes of a cluster: credentials, settings and the proof that they work. I/O: network, disk.

use std::{collections::BTreeMap, time::Duration};

use super::{Apply, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    facts::observed::LinkFacts,
    judge::verify::Cause,
    mesh::{
        id::ClusterId,
        keystore,
        links::{Link, remote_of_setting},
        secret::Secret,
    },
};

/// Elasticsearch remembers a failed name for 10 s and a found one for 60 s, and reads a bundle of authorities again
/// within 5 s of a change: a link that is not up after this stays down.
const LINK_TIMEOUT: Duration = Duration::from_mins(2);

impl Apply<'_> {
    /// One write of the keystore with the credentials of all remotes, one reload; the answer is looked into, since it
    /// is 200 even when a node could not read its keystore.
    pub(super) async fn store_credentials(&self, on: ClusterId, of: &[ClusterId]) -> Result<(), Error> {
        let mut credentials = BTreeMap::new();
        for remote in of {
            let key = self.mesh.key_of(Link { from: on, to: *remote });
            credentials.insert(keystore::credentials_of(*remote), Secret::new(self.saved_key(key)?.encoded));
        }
        let wanted: Vec<String> = credentials.keys().cloned().collect();
        self.edit_keystore(on, self.mesh.keystore_format_at_work(on), |keystore| {
            let stale = |name: &&str| keystore::remote_of(name).is_some() && !credentials.contains_key(*name);
            let stale: Vec<String> = keystore.names().filter(stale).map(str::to_owned).collect();
            for name in stale {
                keystore.remove(&name);
            }
            for (name, value) in credentials {
                keystore.put(name, value);
            }
        })?;
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
    pub(super) async fn connect(&self, on: ClusterId, without: &[String]) -> Result<(), Error> {
        let mut settings: BTreeMap<String, Option<String>> =
            self.mesh.remote_settings(on).into_iter().map(|(name, value)| (name, Some(value))).collect();
        settings.extend(without.iter().map(|name| (name.clone(), None)));
        let server = self.server(on)?;
        self.persist(on, "the remotes", async || server.put_settings(&settings).await).await
    }

    /// Settings before credentials: a remote without credentials would be tried with trust by certificate.
    pub(super) async fn disconnect(&self, on: ClusterId, from: &[ClusterId]) -> Result<(), Error> {
        let settings = from.iter().map(|remote| (format!("cluster.remote.{remote}.*"), None)).collect();
        let server = self.server(on)?;
        self.persist(on, "the remotes", async || server.put_settings(&settings).await).await?;
        let names: Vec<String> = from.iter().copied().map(keystore::credentials_of).collect();
        self.edit_keystore(on, self.mesh.keystore_format_at_work(on), |keystore| {
            for name in names {
                keystore.remove(&name);
            }
        })?;
        self.reload(on, &[]).await
    }

    /// Asks `on` to contact its remotes until every one of `to` is connected. Links that stay down are named with what
    /// Elasticsearch says of them.
    pub(super) async fn prove_links(&self, on: ClusterId, to: &[ClusterId], line: &StageLine) -> Result<(), Error> {
        let server = self.server(on)?;
        let mut down: BTreeMap<ClusterId, String> =
            to.iter().map(|remote| (*remote, "it was never asked".to_owned())).collect();
        let proof = self
            .patience
            .until(&format!("the links from {on}"), Some(LINK_TIMEOUT), async || {
                match server.links(to).await {
                    Ok(links) => {
                        let reason = |remote: &ClusterId| match links.get(remote) {
                            Some(LinkFacts::Connected) => None,
                            Some(LinkFacts::Down(reason)) => Some((*remote, reason.clone())),
                            None => Some((*remote, "it is not set as a remote".to_owned())),
                        };
                        down = to.iter().filter_map(reason).collect();
                    }
                    Err(error) => down.values_mut().for_each(|reason| *reason = error.cause()),
                }
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
            self.watch(cluster.first_node(), Some(i64::MAX)).await?;
            // a server that does not answer now may do so in a moment
            let Ok(license) = self.server(cluster)?.license().await else { continue };
            if !license.allows_links() {
                let (kind, active) = (license.kind, license.active);
                let cause = Cause::License { of: cluster, kind, active };
                let error = Error::new(Exit::Unhealthy, format!("links of {cluster} cannot be proved"));
                return Err(error.cause(cause.to_string()).hint(cause.remedy()));
            }
        }
        let Ok(settings) = self.server(on)?.remotes().await else { return Ok(()) };
        let is_set = |remote| settings.keys().any(|name| remote_of_setting(name) == Some(remote));
        match remotes.iter().find(|remote| !is_set(**remote)) {
            None => Ok(()),
            Some(remote) => {
                let cause = Cause::RemoteMissing(*remote);
                let error = Error::new(Exit::Unhealthy, format!("links of {on} cannot be proved"));
                Err(error.cause(cause.to_string()).hint(cause.remedy()))
            }
        }
    }
}

fn unproved(on: ClusterId, down: &BTreeMap<ClusterId, String>) -> Error {
    let error = Error::new(Exit::Unhealthy, format!("links from {on} that are down: {}", down.len()));
    let error = down.iter().fold(error, |error, (remote, reason)| error.cause(format!("{on} → {remote}: {reason}")));
    error.hint("`mesh verify` says why each is down and what mends it; then type the same command again")
}
