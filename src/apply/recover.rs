//! An unknown password is replaced, by a superuser in the server's file realm that is there for that
//! long only. I/O: disk, network.

use std::time::Duration;

use super::{Apply, files::random, wait::Probe};
use crate::{
    error::Error,
    mesh::{
        id::{ClusterId, NodeNumber},
        layout,
        passphrase::hex_key,
        recover,
        secret::Secret,
        users::RECOVERY_USER,
    },
    world::{disk::Tree, elasticsearch::Elasticsearch, files as saved, https::HttpsError},
};

/// The server reads the files of its file realm again every 5 s; see
/// <https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/file-based>.
const READ_WITHIN: Duration = Duration::from_mins(1);
/// The mode of new files; those that are there keep theirs.
const PRIVATE: u32 = 0o600;

impl Apply<'_> {
    /// What other files hold of the lost file, and new passwords for the rest: decided before anything was changed.
    pub(super) fn recover_credentials(&self) -> Result<(), Error> {
        let Some(credentials) = &self.session.survey.recovered else { return self.write_credentials() };
        self.put_credentials(credentials)
    }

    /// The user goes whether it worked or not; what an interruption leaves of it, the next run takes away.
    pub(super) async fn reset_password(&self, cluster: ClusterId) -> Result<(), Error> {
        let tree = self.tree()?;
        let password = hex_key(32, &mut random());
        let hash = recover::hash(&password, &mut random());
        self.edit_realm(&tree, layout::users_roles(cluster.node(NodeNumber::FIRST)), recover::with_role)?;
        self.edit_realm(&tree, layout::users(cluster.node(NodeNumber::FIRST)), |users| {
            recover::with_user(users, &hash)
        })?;
        let set = self.set_password_of_elastic(cluster, &password).await;
        self.remove_recovery_user(cluster)?;
        set?;
        self.await_forgotten(cluster, &password).await
    }

    pub(super) fn remove_recovery_user(&self, cluster: ClusterId) -> Result<(), Error> {
        let tree = self.tree()?;
        self.edit_realm(&tree, layout::users(cluster.node(NodeNumber::FIRST)), recover::without_user)?;
        self.edit_realm(&tree, layout::users_roles(cluster.node(NodeNumber::FIRST)), recover::without_user)
    }

    async fn set_password_of_elastic(&self, cluster: ClusterId, by: &Secret) -> Result<(), Error> {
        let (elastic, server) =
            (self.credentials()?.elastic, self.server_on(cluster.node(NodeNumber::FIRST))?.asked_as(RECOVERY_USER, by));
        let before = self.world.docker.restarts(&self.mesh.container_name(cluster.first_node())).await?;
        let probe = async || match server.set_password("elastic", &elastic).await {
            Ok(()) => Ok(Probe::Ready(())),
            // the user may be known before its role is
            Err(error @ HttpsError::Refused { status: 401 | 403 | 408 | 429 | 503, .. }) => {
                Ok(Probe::Pending(error.cause()))
            }
            Err(error @ HttpsError::NoAnswer { .. }) => {
                self.watch(cluster.first_node(), before).await?;
                Ok(Probe::Pending(error.cause()))
            }
            Err(error) => Err(Error::from(error)),
        };
        self.patience.until(&format!("the password of elastic on {cluster}"), None, probe).await
    }

    async fn await_forgotten(&self, cluster: ClusterId, password: &Secret) -> Result<(), Error> {
        let server: Elasticsearch = self.server_on(cluster.node(NodeNumber::FIRST))?;
        let probe = async || {
            Ok(match server.accepts(RECOVERY_USER, password).await {
                Ok(false) => Probe::Ready(()),
                Ok(true) => Probe::Pending(format!("the server still knows {RECOVERY_USER}")),
                Err(error) => Probe::Pending(error.cause()),
            })
        };
        let what = format!("{cluster} to forget {RECOVERY_USER}");
        self.patience.until(&what, Some(READ_WITHIN), probe).await
    }

    /// A file of the file realm, written only where the edit changes it.
    fn edit_realm(&self, tree: &Tree, path: String, edit: impl FnOnce(&str) -> String) -> Result<(), Error> {
        let before = saved::text(tree, &path)?;
        let after = edit(before.as_deref().unwrap_or_default());
        if after == before.as_deref().unwrap_or_default() {
            return Ok(());
        }
        let mode = tree.metadata(&path)?.map_or(PRIVATE, |meta| meta.mode);
        Ok(tree.write(path, after.as_bytes(), mode, self.owner())?)
    }
}
