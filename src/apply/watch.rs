//! Containers that are waited for: one that ends, is paused or leaves the network fails the wait at once. I/O: Docker.

use super::Apply;
use crate::{
    error::{Error, Exit},
    facts::{host::MemoryLimit, observed::ContainerState},
    judge::{
        container_exit::{self, End, Known},
        verify::LinkCause,
    },
    mesh::{
        Mesh,
        id::{ClusterId, NodeId, ServiceId, ServiceKind},
    },
    world::{
        cgroup,
        docker::{Ended, Watched},
    },
};

/// The nodes of a cluster, each with how often Docker has started it again by itself.
pub(super) type Lives = Vec<(NodeId, Option<i64>)>;

impl Apply<'_> {
    /// Fails when the container does not run, or Docker had to start it again since `before`: one that ended and came
    /// back in the past is not one that ends now.
    pub(super) async fn watch(&self, service: ServiceId, before: Option<i64>) -> Result<(), Error> {
        let name = self.mesh.container_name(service);
        let Watched { restarts, .. } = self.watch_way_to(service).await?;
        if service.kind() == ServiceKind::Kibana {
            // it is never ready without a server
            self.watch_way_to_one(service.cluster()).await?;
        }
        if restarts.is_none() || restarts > before {
            let ended = self.world.docker.ended(&name).await?;
            let engine = self.world.docker.facts().await.ok();
            let outer = engine.and_then(|engine| cgroup::memory_limit(&engine.control_group?));
            return Err(died(self.mesh, service, &ended, outer.as_ref()));
        }
        Ok(())
    }

    /// How often Docker has started each node of a cluster again by itself; `None` for one that does not run.
    pub(super) async fn lives(&self, cluster: ClusterId) -> Result<Lives, Error> {
        let mut lives = Lives::new();
        for node in self.mesh.nodes(cluster) {
            let restarts = self.world.docker.restarts(&self.mesh.container_name(node.into())).await;
            // of several, one may be away
            let restarts = if self.mesh.has_several_nodes(cluster) { restarts.unwrap_or(None) } else { restarts? };
            lives.push((node, restarts));
        }
        Ok(lives)
    }

    /// Fails when no node of a cluster runs any more as it did, see [`Self::watch`].
    pub(super) async fn watch_one(&self, lives: &Lives) -> Result<(), Error> {
        let mut first = Ok(());
        for (node, before) in lives {
            let watched = self.watch((*node).into(), *before).await;
            if watched.is_ok() {
                return watched;
            }
            first = first.and(watched);
        }
        first
    }

    /// Fails when no node of a cluster can be reached.
    async fn watch_way_to_one(&self, cluster: ClusterId) -> Result<(), Error> {
        let mut last = Ok(());
        for node in self.mesh.nodes(cluster) {
            last = self.watch_way_to(node.into()).await.map(drop);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Fails when a service's container is paused or was taken out of the network: no wait brings it back.
    async fn watch_way_to(&self, service: ServiceId) -> Result<Watched, Error> {
        let container = self.mesh.container_name(service);
        let watched = self.world.docker.watched(&container, &self.mesh.network_name()).await?;
        let cause = if watched.paused {
            LinkCause::NotRunning { of: service.cluster(), container, state: Some(ContainerState::Paused) }
        } else if !watched.attached {
            LinkCause::NotInNetwork(container)
        } else {
            return Ok(watched);
        };
        Err(Error::new(Exit::Unhealthy, cause.to_string()).hint(cause.remedy()))
    }
}

/// The error for a container that ended though it should run.
fn died(mesh: &Mesh, service: ServiceId, ended: &Ended, outer: Option<&MemoryLimit>) -> Error {
    let Ended { exit_code, out_of_memory, error, log } = ended;
    let code = exit_code.map_or_else(|| "an unknown exit code".to_owned(), |code| format!("exit code {code}"));
    let how = if *out_of_memory {
        format!("{service} was killed: out of memory ({code})")
    } else if let Some(error) = error {
        format!("{service} could not be started: {error}")
    } else {
        format!("{service} ended with {code}")
    };
    let failure = Error::new(Exit::Unfinished, how);
    let end = End { exit_code: *exit_code, out_of_memory: *out_of_memory, outer, error: error.as_deref(), log };
    let lines = || container_exit::last_words(log).into_iter();
    match container_exit::known(mesh, service, end) {
        Some(Known { cause, line: Some(line), remedy }) => failure.cause(cause).cause(line).hint(remedy),
        Some(Known { cause, line: None, remedy }) => lines().fold(failure.cause(cause), Error::cause).hint(remedy),
        None => lines().fold(failure, Error::cause).hint(format!(
            "see all it wrote with `docker logs {}`; when the cause is gone, type the same command again",
            mesh.container_name(service)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_container_is_reported_with_its_last_lines() {
        let mesh = Mesh::example(1);
        let first = ClusterId::new(1).unwrap().first_node();
        let ended = |exit_code, log: &str| Ended {
            exit_code: Some(exit_code),
            out_of_memory: exit_code == 137,
            error: None,
            log: vec!["starting".to_owned(), log.to_owned()],
        };
        insta::assert_snapshot!(died(&mesh, first, &ended(137, "started"), None), @r"
        cluster01-elastic was killed: out of memory (exit code 137)
          caused by: it needed more memory than its limit allows
          caused by: starting
          caused by: started

        hint: give it more with `mesh create --elastic-memory 4g`
        ");
        insta::assert_snapshot!(died(&mesh, first, &ended(1, "java.io.IOException: No space left on device"), None), @r"
        cluster01-elastic ended with exit code 1
          caused by: the disk is full
          caused by: java.io.IOException: No space left on device

        hint: free some space (`df -h /mnt/data/mesh/cluster01/elastic`), and type the command again
        ");
        insta::assert_snapshot!(died(&mesh, first, &ended(2, "no reason given"), None), @r"
        cluster01-elastic ended with exit code 2
          caused by: starting
          caused by: no reason given

        hint: see all it wrote with `docker logs cluster01-elastic`; when the cause is gone, type the same command again
        ");
    }
}
