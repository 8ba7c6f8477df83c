//! A container that runs one command of an image and is gone again. I/O: Docker's socket.

use std::time::Duration;

use bollard::{
    models::{ContainerCreateBody, HostConfig},
    query_parameters::{
        CreateContainerOptions, RemoveContainerOptionsBuilder, StartContainerOptions, WaitContainerOptions,
    },
};
use futures::StreamExt as _;
use tokio::time::timeout;

use super::{Docker, DockerError, Ended, absent_is_none, body::confined, label};
use crate::mesh::{Mesh, service::Service};

impl Docker {
    /// Creates a container that runs `command` by the entrypoint of the service's image, under the same limits as the
    /// service and as the same user, with no network and no directory of the machine. Its id.
    ///
    /// It has the labels of a mesh and no service's name: what a killed run leaves is cleared by the next.
    pub async fn create_trial(
        &self,
        mesh: &Mesh,
        service: &Service,
        command: Vec<String>,
    ) -> Result<String, DockerError> {
        let body = ContainerCreateBody {
            image: Some(service.image.clone()),
            user: Some(service.user.clone()),
            labels: Some(label::of_mesh(mesh)),
            cmd: Some(command),
            host_config: Some(HostConfig {
                network_mode: Some("none".to_owned()),
                ..confined(&mesh.container_spec(service.clone()))
            }),
            ..ContainerCreateBody::default()
        };
        let created = self.client.create_container(None::<CreateContainerOptions>, body).await;
        Ok(created.map_err(DockerError::refused(format!("create a container of {}", service.image)))?.id)
    }

    /// Starts a container and tells how it ended, which includes that it could not be started; `None` when it has not
    /// within `longest`.
    pub async fn run_to_its_end(&self, id: &str, longest: Duration) -> Result<Option<Ended>, DockerError> {
        let started = self.client.start_container(id, None::<StartContainerOptions>).await;
        if let Err(error) = started.map_err(DockerError::refused(format!("start {id}"))) {
            return Ok(Some(Ended {
                exit_code: None,
                out_of_memory: false,
                error: Some(error.words()),
                log: Vec::new(),
            }));
        }
        // its exit code is asked for below, with all that is known of its end
        let end = async {
            let mut ends = std::pin::pin!(self.client.wait_container(id, None::<WaitContainerOptions>));
            while ends.next().await.is_some() {}
        };
        match timeout(longest, end).await {
            Ok(()) => self.ended(id).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Removes a container, whether it runs or not; one that is gone already is fine.
    pub async fn discard_container(&self, id: &str) -> Result<(), DockerError> {
        let options = RemoveContainerOptionsBuilder::default().v(true).force(true).build();
        let removed = self.client.remove_container(id, Some(options)).await;
        absent_is_none(removed.map_err(DockerError::refused(format!("remove {id}")))).map(|_| ())
    }
}
