//! Images, network and containers: pull, create, start, stop, remove, and wait until a service answers. I/O: Docker, network.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Apply, wait::Probe};
use crate::{
    console::{StageLine, bytes},
    error::{Error, Exit},
    mesh::{
        Mesh,
        id::{ClusterId, ServiceId, ServiceKind},
        layout,
    },
    world::{docker::Ended, files as saved, kibana::Kibana},
};

/// A password that is refused for this long is the wrong one.
const REFUSED_FOR: Duration = Duration::from_mins(1);

impl Apply<'_> {
    pub(super) async fn pull_image(&self, image: &str, line: &StageLine) -> Result<(), Error> {
        let report = |progress: crate::world::docker::Progress| {
            line.now(&format!("{image} {} of {}", bytes(progress.done), bytes(progress.total)));
        };
        let pull = async { Ok(self.world.docker.pull_image(image, report).await) };
        self.patience.unless_interrupted(pull).await?.map_err(|error| {
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

    pub(super) async fn remove_network(&self, id: &str) -> Result<(), Error> {
        Ok(self.world.docker.remove_network(id).await?)
    }

    pub(super) async fn create_container(&self, id: ServiceId) -> Result<(), Error> {
        self.make_service_dirs(&self.tree()?, id)?;
        let fingerprint = self.mesh.fingerprint(id, &self.credentials()?)?;
        let service = self.mesh.service(id);
        let created = self.world.docker.create_container(self.mesh, &service, &fingerprint).await;
        created.map_err(|error| {
            Error::from(error).hint("`mesh create` pulls the image if it is missing; then type the command again")
        })
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
        let before = self.world.docker.restarts(&name).await?;
        let mut refused_since = None;
        let probe = async || {
            self.watch(service, before).await?;
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
                Ok(Some(reason)) if reason.starts_with("status 401") => {
                    // for a moment after the start the right password is refused, too
                    if refused_since.get_or_insert_with(Instant::now).elapsed() > REFUSED_FOR {
                        return Err(locked_out(self.mesh, service.cluster));
                    }
                    Probe::Pending(reason)
                }
                Ok(Some(reason)) => Probe::Pending(reason),
                Err(error) => Probe::Pending(error.cause()),
            })
        };
        line.now(&format!("waiting for {name}"));
        self.patience.until(&format!("{name} to answer"), None, probe).await
    }
}

impl Apply<'_> {
    /// Fails when the container does not run, or Docker had to start it again since `before`: one that ended and came back
    /// in the past is not one that ends now.
    pub(super) async fn watch(&self, service: ServiceId, before: Option<i64>) -> Result<(), Error> {
        let name = service.to_string();
        let restarts = self.world.docker.restarts(&name).await?;
        if restarts.is_none() || restarts > before {
            return Err(died(service, &self.world.docker.ended(&name).await?));
        }
        Ok(())
    }
}

fn locked_out(mesh: &Mesh, cluster: ClusterId) -> Error {
    let file = mesh.dir.join(layout::CREDENTIALS);
    Error::new(Exit::Unhealthy, format!("{cluster} does not take the password of elastic in {}", file.display())).hint(format!(
        "put back the one it has, or give it this one: `docker exec -it {} bin/elasticsearch-reset-password -u elastic -i`",
        cluster.elastic()
    ))
}

/// What is told of a container that ended though it should run.
fn died(service: ServiceId, ended: &Ended) -> Error {
    let code = ended.exit_code.map_or_else(|| "an unknown exit code".to_owned(), |code| format!("exit code {code}"));
    let how = if ended.out_of_memory {
        format!("{service} was ended for want of memory ({code})")
    } else if ended.error.is_empty() {
        format!("{service} ended with {code}")
    } else {
        format!("{service} could not be started: {}", ended.error)
    };
    let memory = match service.kind {
        ServiceKind::Elastic => "--elastic-memory",
        ServiceKind::Kibana => "--kibana-memory",
    };
    let mut told = Error::new(Exit::Unfinished, how);
    for line in ended.log.iter().rev().take(8).rev() {
        told = told.cause(said(line));
    }
    told.hint(if ended.out_of_memory {
        format!("give it more with `{memory}`, and type the command again")
    } else {
        format!("see all it wrote with `docker logs {service}`; when the cause is gone, type the same command again")
    })
}

/// A line of a log as people read it. Elasticsearch and Kibana write JSON; what it says is in two of its fields. See
/// <https://www.elastic.co/docs/deploy-manage/monitor/logging-configuration/elasticsearch-log4j-configuration-self-managed>.
fn said(line: &str) -> String {
    let parsed: Value = serde_json::from_str(line).unwrap_or_default();
    let text = match (parsed["message"].as_str(), parsed["error.message"].as_str()) {
        (Some(message), Some(error)) => format!("{message}: {error}"),
        (Some(message), None) => message.to_owned(),
        (None, _) => line.to_owned(),
    };
    text.chars().filter(|c| !c.is_control()).take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_is_told_by_its_message() {
        let line = r#"{"@timestamp": "2026", "log.level": "ERROR", "message": "fatal", "error.message": "no space\u001b[31m left"}"#;
        assert_eq!(said(line), "fatal: no space[31m left");
        assert_eq!(said("Unrecognized VM option\u{7}"), "Unrecognized VM option");
        assert_eq!(said("{\"broken"), "{\"broken");
    }

    #[test]
    fn the_end_of_a_container_is_told_with_its_last_lines() {
        let ended =
            Ended { exit_code: Some(137), out_of_memory: true, error: String::new(), log: vec!["starting".to_owned()] };
        let first = ClusterId::new(1).unwrap().elastic();
        insta::assert_snapshot!(died(first, &ended), @r"
        cluster01-elastic was ended for want of memory (exit code 137)
          caused by: starting

        hint: give it more with `--elastic-memory`, and type the command again
        ");
    }
}
