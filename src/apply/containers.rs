//! Images, network and containers: pull, create, start, stop, remove, and wait until a service answers. I/O: Docker, network.

use super::{Apply, wait::Probe};
use crate::{
    console::{StageLine, bytes},
    error::{Error, Exit},
    mesh::{
        id::{ServiceId, ServiceKind},
        network,
    },
    world::{
        docker::{Ended, label},
        files as saved,
        kibana::Kibana,
    },
};

impl Apply<'_> {
    pub(super) async fn pull_image(&self, image: &str, line: &StageLine) -> Result<(), Error> {
        let report = |progress: crate::world::docker::Progress| {
            line.now(&format!("{image} {} of {}", bytes(progress.done), bytes(progress.total)));
        };
        self.world.docker.pull_image(image, report).await.map_err(|error| {
            Error::new(Exit::Machine, format!("the image {image} is not here and cannot be pulled"))
                .cause(error.words())
                .hint(
                    "check the version and the way to the registry, or name a mirror with `--registry`; \
                 without any, `images/build all` builds stand-ins for `--registry mesh.local`",
                )
        })
    }

    pub(super) async fn create_network(&self) -> Result<(), Error> {
        self.world.docker.create_network(self.mesh).await.map_err(|error| Error::from(error).exit(Exit::Unfinished))
    }

    /// By id, since names are not unique, and only those that carry the mesh's id.
    pub(super) async fn remove_network(&self) -> Result<(), Error> {
        for found in self.world.docker.networks().await? {
            if found.name == network::NAME && found.labels.get(label::MESH) == Some(&self.mesh.id) {
                self.world.docker.remove_network(&found.id).await.map_err(|error| {
                    let hint = format!("see what is attached with `docker network inspect {}`", network::NAME);
                    Error::from(error).exit(Exit::Unfinished).hint(hint)
                })?;
            }
        }
        Ok(())
    }

    pub(super) async fn create_container(&self, id: ServiceId) -> Result<(), Error> {
        self.make_service_dirs(&self.tree()?, id)?;
        let fingerprint = self.mesh.fingerprint(id, &self.credentials()?);
        let service = self.mesh.service(id);
        Ok(self.world.docker.create_container(self.mesh, &service, &fingerprint).await?)
    }

    pub(super) async fn start_container(&self, service: ServiceId) -> Result<(), Error> {
        let started = self.world.docker.start_container(&service.to_string()).await;
        started.map_err(|error| {
            Error::from(error).exit(Exit::Unfinished).hint("when the cause is gone, type the same command again")
        })
    }

    pub(super) async fn stop_container(&self, service: ServiceId, line: &StageLine) -> Result<(), Error> {
        line.now(&format!("{service} is ending"));
        Ok(self.world.docker.stop_container(&service.to_string()).await?)
    }

    pub(super) async fn restart_container(&self, service: ServiceId) -> Result<(), Error> {
        Ok(self.world.docker.restart_container(&service.to_string()).await?)
    }

    pub(super) async fn remove_container(&self, name: &str, line: &StageLine) -> Result<(), Error> {
        line.now(&format!("{name} is ending"));
        self.world.docker.stop_container(name).await?;
        Ok(self.world.docker.remove_container(name).await?)
    }

    /// Asks the service itself, and watches its container: one that ends fails the wait at once.
    pub(super) async fn await_ready(&self, service: ServiceId, line: &StageLine) -> Result<(), Error> {
        let name = service.to_string();
        let authority = saved::cluster(&self.tree()?, service.cluster)?.authority.unwrap_or_default();
        let kibana = Kibana::new(self.mesh, service.cluster, &authority)?;
        let server = self.server(service.cluster)?;
        // one that Docker had to start again in the past is not one that ends now
        let before = self.world.docker.restarts(&name).await?;
        let probe = async || {
            let restarts = self.world.docker.restarts(&name).await?;
            if restarts.is_none() || restarts > before {
                return Err(died(service, &self.world.docker.ended(&name).await?));
            }
            let answer = match service.kind {
                ServiceKind::Elastic => match server.health().await {
                    // a server that is up may not know its licence yet, and links depend on it
                    Ok(None) => server
                        .licence()
                        .await
                        .map(|licence| licence.is_none().then(|| "its licence is not known yet".to_owned())),
                    other => other,
                },
                ServiceKind::Kibana => {
                    kibana.status().await.map(|status| status.err().map(|status| format!("status {status}")))
                }
            };
            Ok(match answer {
                Ok(None) => Probe::Ready(()),
                Ok(Some(reason)) => Probe::Pending(reason),
                Err(error) => Probe::Pending(error.cause()),
            })
        };
        line.now(&format!("waiting for {name}"));
        self.patience.until(&format!("{name} to answer"), None, probe).await
    }
}

/// What is told of a container that ended though it should run.
fn died(service: ServiceId, ended: &Ended) -> Error {
    let how = if ended.out_of_memory {
        format!("{service} was ended for want of memory (exit code {})", ended.exit_code)
    } else if ended.error.is_empty() {
        format!("{service} ended with exit code {}", ended.exit_code)
    } else {
        format!("{service} could not be started: {}", ended.error)
    };
    let memory = match service.kind {
        ServiceKind::Elastic => "--elastic-memory",
        ServiceKind::Kibana => "--kibana-memory",
    };
    let mut told = Error::new(Exit::Unfinished, how);
    for line in ended.log.iter().rev().take(8).rev() {
        told = told.cause(line.chars().filter(|c| !c.is_control()).take(400).collect::<String>());
    }
    told.hint(if ended.out_of_memory {
        format!("give it more with `{memory}`, and type the command again")
    } else {
        format!("see all it wrote with `docker logs {service}`; when the cause is gone, type the same command again")
    })
}
