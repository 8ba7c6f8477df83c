//! The service tokens with which Kibanas log in: in `credentials.txt`, in the files of nodes, and known to servers.
//! I/O: disk, network.

use std::time::Duration;

use super::{Apply, files::random, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    mesh::{
        id::{ClusterId, NodeId, ServiceId},
        layout,
        service_token::{ServiceToken, without_others},
    },
    plan::TokenStep,
    world::{elasticsearch::KIBANA_SYSTEM, files as saved},
};

/// A server looks at the file every 5 s (`resource.reload.interval.high`).
const READ_WITHIN: Duration = Duration::from_mins(1);

impl Apply<'_> {
    pub(super) async fn token_step(&self, step: &TokenStep, line: &StageLine) -> Result<(), Error> {
        match step {
            TokenStep::Complete => {
                let credentials = self.credentials()?;
                self.put_credentials(&self.mesh.complete(credentials, &mut random()))
            }
            TokenStep::Replace(clusters) => self.replace_tokens(clusters),
            TokenStep::Write(node) => self.write_token(*node),
            TokenStep::Await { on, nodes } => self.await_token(*on, nodes, line).await,
            TokenStep::Close(cluster) => self.disable_kibana_system(*cluster).await,
            TokenStep::Forget(node) => self.forget_tokens(*node),
        }
    }

    fn replace_tokens(&self, clusters: &[ClusterId]) -> Result<(), Error> {
        let mut credentials = self.credentials()?;
        for cluster in clusters {
            credentials.kibana_tokens.insert(*cluster, ServiceToken::another(&mut random()));
        }
        self.put_credentials(&credentials)
    }

    fn token(&self, cluster: ClusterId) -> Result<ServiceToken, Error> {
        self.credentials()?.kibana_tokens.remove(&cluster).ok_or_else(|| {
            Error::new(Exit::Unfinished, format!("{} has no token of {}", layout::CREDENTIALS, cluster.kibana()))
                .hint("type the same command again")
        })
    }

    fn write_token(&self, node: NodeId) -> Result<(), Error> {
        let (tree, path) = (self.tree()?, layout::service_tokens(node));
        self.make_service_dirs(&tree, node.into())?;
        let before = saved::text(&tree, &path)?.unwrap_or_default();
        let after = self.token(node.cluster)?.added_to(&before, &mut random());
        self.write(&tree, &path, after.as_bytes())
    }

    fn forget_tokens(&self, node: NodeId) -> Result<(), Error> {
        let (tree, path) = (self.tree()?, layout::service_tokens(node));
        let token = if self.mesh.has_token(node.cluster) { Some(self.token(node.cluster)?) } else { None };
        let before = saved::text(&tree, &path)?.unwrap_or_default();
        let after = without_others(&before, token.as_ref());
        if after == before {
            return Ok(());
        }
        self.write(&tree, &path, after.as_bytes())
    }

    /// Each node reads its own file.
    async fn await_token(&self, cluster: ClusterId, nodes: &[NodeId], line: &StageLine) -> Result<(), Error> {
        let token = self.token(cluster)?;
        line.now(&format!("waiting for {cluster} to know the token of its Kibana"));
        for node in nodes {
            let (name, server) = (ServiceId::from(*node), self.server_on(*node)?);
            let before = self.world.docker.restarts(&self.mesh.container_name(name)).await?;
            let known = async || {
                self.watch(name, before).await?;
                Ok(match server.knows_token(&token).await {
                    Ok(true) => Probe::Ready(()),
                    Ok(false) => Probe::Pending(format!(
                        "it refuses it; `mesh manage restart {}` has it read its files",
                        cluster.number()
                    )),
                    Err(error) => Probe::Pending(error.cause()),
                })
            };
            let what = format!("{name} to know the token of its Kibana");
            self.patience.until(&what, Some(READ_WITHIN), known).await?;
        }
        Ok(())
    }

    /// `elastic` first: that the other one is disabled is the fact by which a later run knows of both.
    async fn disable_kibana_system(&self, cluster: ClusterId) -> Result<(), Error> {
        let (server, elastic) = (self.server(cluster)?, self.credentials()?.elastic);
        self.persist(cluster, "the password of elastic", async || server.set_password("elastic", &elastic).await)
            .await?;
        self.persist(cluster, "the users", async || server.enable_user(KIBANA_SYSTEM, false).await).await
    }
}
