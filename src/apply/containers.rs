//! Images and containers: pull, create, start, stop, remove. I/O: Docker, disk.

use super::{Apply, images::cannot_pull};
use crate::{
    console::{StageLine, bytes},
    error::{Error, Exit},
    facts::observed::ContainerState,
    judge::container_exit::{self, Known},
    mesh::{Mesh, container::Limits, id::ServiceId},
    world::docker::{DockerError, label},
};

impl Apply<'_> {
    pub(super) async fn pull_image(&self, image: &str, line: &StageLine) -> Result<(), Error> {
        let report = |progress: crate::world::docker::Progress| {
            line.now(&format!("{image} {} of {}", bytes(progress.done), bytes(progress.total)));
        };
        let pull = async { Ok(self.world.docker.pull_image(image, report).await) };
        self.patience.unless_interrupted(pull).await?.map_err(|error| {
            let is_gateway = self.mesh.gateway_image().as_deref() == Some(image);
            // images are pulled before the mesh is recorded
            let record = self.session.survey.record.as_ref();
            cannot_pull(image, is_gateway, &error, |flags| self.mesh.with_flags(record, flags))
        })
    }

    pub(super) async fn create_container(&self, id: ServiceId) -> Result<(), Error> {
        self.make_service_dirs(&self.tree()?, id)?;
        let made_from = self.mesh.made_from(id, &self.credentials()?)?;
        let create = async || self.world.docker.create_container(self.mesh, id, made_from.clone()).await;
        self.create_by_name(&self.mesh.container_name(id), create).await.map_err(|error| {
            let image_gone = error.is_absent();
            let error = refused(self.mesh, Some(id), error);
            if image_gone { error.hint("`mesh create` pulls the image; then type the command again") } else { error }
        })
    }

    /// Creates a container, in the place of one of that name that is this mesh's and was never started: the engine
    /// finishes the request of a run that was killed, perhaps after this run has looked.
    pub(super) async fn create_by_name(
        &self,
        name: &str,
        create: impl AsyncFn() -> Result<(), DockerError>,
    ) -> Result<(), DockerError> {
        let created = create().await;
        if created.as_ref().is_err_and(DockerError::is_conflict) && self.remove_unstarted(name).await? {
            return create().await;
        }
        created
    }

    /// Removes the container of that name if it is this mesh's and was never started; whether there was one.
    async fn remove_unstarted(&self, name: &str) -> Result<bool, DockerError> {
        let found = self.world.docker.containers().await?.into_iter().find(|container| container.name == name);
        let unstarted = found.filter(|container| {
            container.state == ContainerState::Created && container.labels.get(label::MESH) == Some(&self.mesh.id)
        });
        let Some(unstarted) = unstarted else { return Ok(false) };
        self.world.docker.remove_container(&unstarted.id).await?;
        Ok(true)
    }

    pub(super) async fn update_container(&self, service: ServiceId, from: &Limits, to: &Limits) -> Result<(), Error> {
        let updated = self.world.docker.update_container(&self.mesh.container_name(service), from, to).await;
        updated.map_err(|error| refused(self.mesh, Some(service), error))
    }

    pub(super) async fn start_container(&self, service: ServiceId) -> Result<(), Error> {
        let started = self.world.docker.start_container(&self.mesh.container_name(service)).await;
        started.map_err(|error| refused(self.mesh, Some(service), error))
    }

    pub(super) async fn stop_container(&self, service: ServiceId, line: &StageLine) -> Result<(), Error> {
        let name = self.mesh.container_name(service);
        line.now(&format!("{name} is ending"));
        let stopped = self.world.docker.stop_container(&name).await;
        stopped.map_err(|error| refused(self.mesh, Some(service), error))?;
        if self.world.docker.runs(&name).await? {
            return Err(Error::new(
                Exit::Unfinished,
                format!("{name} still runs, though Docker says that it is stopped"),
            )
            .hint("see who starts it again with `docker events`, and type the same command again"));
        }
        Ok(())
    }

    pub(super) async fn restart_container(&self, service: ServiceId) -> Result<(), Error> {
        let restarted = self.world.docker.restart_container(&self.mesh.container_name(service)).await;
        restarted.map_err(|error| refused(self.mesh, Some(service), error))
    }

    pub(super) async fn remove_container(&self, name: &str, line: &StageLine) -> Result<(), Error> {
        line.now(&format!("{name} is ending"));
        let removed = async {
            self.world.docker.stop_container(name).await?;
            self.world.docker.remove_container(name).await
        };
        removed.await.map_err(|error| refused(self.mesh, self.mesh.service_of_container(name), error))
    }
}

/// What Docker refused, with the cause and the remedy where they are known.
pub(super) fn refused(mesh: &Mesh, service: Option<ServiceId>, error: DockerError) -> Error {
    let known = container_exit::of_docker(mesh, service, &error.words());
    let error = Error::from(error);
    match known {
        Some(Known { cause, remedy, .. }) => error.cause(cause).hint(remedy),
        None => error,
    }
}
