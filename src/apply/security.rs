//! Licenses, passwords and API keys of a cluster. I/O: network, disk.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Apply, wait::Probe};
use crate::{
    error::{Error, Exit},
    mesh::{id::ClusterId, layout, links::Key, secret::Secret},
    world::{
        elasticsearch::{Elasticsearch, KIBANA_SYSTEM},
        files as saved,
        files::SavedKey,
        https::HttpsError,
    },
};

impl Apply<'_> {
    /// Repeats a call while the security index is coming up: for a moment after the start it answers 503, or 401 to the
    /// right password. A server that ends meanwhile ends the wait.
    pub(super) async fn persist<T>(
        &self,
        cluster: ClusterId,
        what: &str,
        call: impl AsyncFnMut() -> Result<T, HttpsError>,
    ) -> Result<T, Error> {
        self.persist_or(cluster, what, |error| error, call).await
    }

    /// A call whose refusal is reported in other words.
    pub(super) async fn persist_or<T>(
        &self,
        cluster: ClusterId,
        what: &str,
        refused: impl Fn(Error) -> Error,
        mut call: impl AsyncFnMut() -> Result<T, HttpsError>,
    ) -> Result<T, Error> {
        let before = self.lives(cluster).await?;
        let probe = async || match call().await {
            Ok(value) => Ok(Probe::Ready(value)),
            Err(error @ HttpsError::Refused { status: 401 | 408 | 429 | 503, .. }) => Ok(Probe::Pending(error.cause())),
            Err(error @ HttpsError::NoAnswer { .. }) => {
                self.watch_one(&before).await?;
                Ok(Probe::Pending(error.cause()))
            }
            Err(error) => Err(refused(Error::from(error))),
        };
        self.patience.until(&format!("{what} of {cluster}"), None, probe).await
    }

    pub(super) async fn apply_license(&self, cluster: ClusterId) -> Result<(), Error> {
        let server = self.server(cluster)?;
        let license = self.license.as_ref().map_or(&Value::Null, |license| &license.body);
        let refused = |error: Error| {
            error
                .under(format!("{cluster} does not take the license"))
                .hint("links need an Enterprise license; without `--license`, a trial of 30 days is used")
        };
        self.persist_or(cluster, "the license", refused, async || server.put_license(license).await).await
    }

    pub(super) async fn start_trial(&self, cluster: ClusterId) -> Result<(), Error> {
        let server = self.server(cluster)?;
        let refused = |error: Error| {
            error
                .under(format!("{cluster} has no license that allows links, and cannot start a trial"))
                .hint("give an Enterprise license with `mesh create --license FILE`")
        };
        self.persist_or(cluster, "the trial", refused, async || server.start_trial().await).await
    }

    /// `elastic` first: the password of `kibana_system` is the fact by which a later run knows that both are set. The
    /// password in the keystore counts only until `elastic` has its own, so a lost keystore locks no user out.
    pub(super) async fn set_passwords(&self, cluster: ClusterId) -> Result<(), Error> {
        let server = self.server(cluster)?;
        let credentials = self.credentials()?;
        let elastic = Some(("elastic", &credentials.elastic));
        let kibana_system = credentials.kibana_system.as_ref().map(|password| (KIBANA_SYSTEM, password));
        for (user, password) in elastic.into_iter().chain(kibana_system) {
            self.persist(cluster, &format!("the password of {user}"), async || {
                server.set_password(user, password).await
            })
            .await?;
        }
        // it was disabled if the server's users came from a mesh of tokens
        self.persist(cluster, "the users", async || server.enable_user(KIBANA_SYSTEM, true).await).await
    }

    /// The key is saved before anything else happens; one that is lost in between is revoked by a later step. The one
    /// before stays valid until others hold this one.
    pub(super) async fn issue_key(&self, which: Key) -> Result<(), Error> {
        let server = self.server(which.of)?;
        let key = self
            .persist(which.of, "the API key", async || server.put_key(self.mesh, which, self.now).await)
            .await
            .map_err(|error| error.exit(Exit::Unfinished))?;
        self.save_key(which, &SavedKey { id: key.id, encoded: key.encoded.expose().to_owned(), expires: key.expires })
    }

    fn save_key(&self, which: Key, key: &SavedKey) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(key).expect("should be JSON: it holds only texts");
        self.write_key(which, &Secret::new(format!("{text}\n")))
    }

    pub(super) fn saved_key(&self, which: Key) -> Result<SavedKey, Error> {
        saved::saved_key(&self.tree()?, which)?.ok_or_else(|| {
            Error::new(Exit::Unfinished, format!("the {which} is not on disk")).hint("type the same command again")
        })
    }

    pub(super) async fn update_key(&self, which: Key) -> Result<(), Error> {
        let (server, key) = (self.server(which.of)?, self.saved_key(which)?);
        self.persist(which.of, "the API key", async || server.update_key(self.mesh, which, &key.id).await).await?;
        self.save_expiry(&server, which, key).await
    }

    pub(super) async fn extend_key(&self, which: Key) -> Result<(), Error> {
        let (server, key) = (self.server(which.of)?, self.saved_key(which)?);
        let refused = |error: Error| error.hint(format!("`mesh keys rotate {}` makes a new one", which.of.number()));
        let extend = async || server.extend_key(self.mesh, which, &key.id).await;
        self.persist_or(which.of, "the API key", refused, extend).await?;
        self.save_expiry(&server, which, key).await
    }

    /// When the key expires is the server's to say; the file tells it while the server does not answer.
    async fn save_expiry(&self, server: &Elasticsearch, which: Key, key: SavedKey) -> Result<(), Error> {
        let found = self.persist(which.of, "the API keys", async || server.keys().await).await?;
        match found.into_iter().find(|facts| facts.id == key.id).and_then(|facts| facts.expires) {
            Some(expires) if expires != key.expires => self.save_key(which, &SavedKey { expires, ..key }),
            _ => Ok(()),
        }
    }

    /// The files of keys that no cluster is to search by are removed last: they are why a later run comes back to this.
    pub(super) async fn revoke_keys(&self, cluster: ClusterId) -> Result<(), Error> {
        let (server, wanted) = (self.server(cluster)?, self.mesh.keys(cluster));
        let held: BTreeSet<String> =
            wanted.iter().map(|key| Ok(self.saved_key(*key)?.id)).collect::<Result<_, Error>>()?;
        let found = self.keys(&server, cluster).await?;
        let stale: Vec<String> = found.into_iter().filter(|id| !held.contains(id)).collect();
        if !stale.is_empty() {
            self.persist(cluster, "the API keys", async || server.revoke_keys(&stale).await).await?;
        }
        let tree = self.tree()?;
        let of_links = saved::searchers_with_keys(&tree, cluster)?.into_iter().map(Some);
        let all = of_links.chain([None]).map(|searcher| Key { of: cluster, searcher });
        for key in all.filter(|key| !wanted.contains(key)) {
            tree.remove_tree(layout::key(key))?;
        }
        Ok(())
    }

    async fn keys(&self, server: &Elasticsearch, cluster: ClusterId) -> Result<Vec<String>, Error> {
        let keys = self.persist(cluster, "the API keys", async || server.keys().await).await?;
        Ok(keys.into_iter().map(|key| key.id).collect())
    }
}
