//! Images, network and containers: pull, create, start, stop, remove, and wait until a service answers. I/O: Docker, network.

use std::time::{Duration, Instant};

use super::{Apply, wait::Probe};
use crate::{
    console::{StageLine, bytes},
    error::{Error, Exit},
    mesh::{
        Mesh,
        container::Limits,
        id::{ClusterId, ServiceId, ServiceKind},
        layout,
    },
    plan::{
        cause::{self, End, Known},
        health::Unasked,
        host::MemoryLimit,
    },
    world::{
        cgroup,
        docker::Ended,
        elasticsearch::{Elasticsearch, unasked},
        files as saved,
        kibana::Kibana,
    },
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
            let words = error.words();
            let full = words.contains("no space left on device");
            let told = Error::new(Exit::Machine, format!("the image {image} is not here and cannot be pulled")).cause(words);
            if full {
                return told.hint("the disk of Docker's images is full: see what can go with `docker system df`, and type the command again");
            }
            told.hint(
                    "check the version and the way to the registry, or name a mirror with `mesh create --registry HOST`; \
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
            let image_gone = error.is_absent();
            let told = Error::from(error);
            if image_gone { told.hint("`mesh create` pulls the image; then type the command again") } else { told }
        })
    }

    pub(super) async fn update_container(&self, service: ServiceId, from: &Limits, to: &Limits) -> Result<(), Error> {
        Ok(self.world.docker.update_container(&service.to_string(), from, to).await?)
    }

    pub(super) async fn start_container(&self, service: ServiceId) -> Result<(), Error> {
        let started = self.world.docker.start_container(&service.to_string()).await;
        started.map_err(|error| {
            let known = cause::known(self.mesh, service, End { error: &error.words(), ..End::default() });
            let told = Error::from(error).exit(Exit::Unfinished);
            match known {
                Some(Known { cause, remedy, .. }) => told.cause(cause).hint(remedy),
                None => told.hint("when the cause is gone, type the same command again"),
            }
        })
    }

    pub(super) async fn stop_container(&self, service: ServiceId, line: &StageLine) -> Result<(), Error> {
        let name = service.to_string();
        line.now(&format!("{name} is ending"));
        self.world.docker.stop_container(&name).await?;
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
        let authorities = saved::cluster(&self.tree()?, service.cluster)?.trusted().unwrap_or_default();
        let kibana = Kibana::new(self.mesh, service.cluster, &authorities)?;
        let server = self.server(service.cluster)?;
        let before = self.world.docker.restarts(&name).await?;
        let mut refused_since = None;
        let probe = async || {
            self.watch(service, before).await?;
            let answer = match service.kind {
                ServiceKind::Elastic => serves(&server).await,
                ServiceKind::Kibana => match kibana.status().await {
                    Ok(Ok(_)) => Ok(Probe::Ready(())),
                    Ok(Err(status)) => Ok(Probe::Pending(format!("status {status}"))),
                    Err(error) => Err(unasked(error)),
                },
            };
            match answer {
                Ok(probe) => Ok(probe),
                // for a moment after the start the right password is refused, too
                Err(Unasked::Unauthenticated(_))
                    if refused_since.get_or_insert_with(Instant::now).elapsed() > REFUSED_FOR =>
                {
                    Err(locked_out(self.mesh, service.cluster))
                }
                Err(why) => Ok(Probe::Pending(format!("it {}", why.told(self.now)))),
            }
        };
        line.now(&format!("waiting for {name}"));
        self.patience.until(&format!("{name} to answer"), None, probe).await
    }
}

/// Whether the server serves as far as it can: it can be asked, and nothing is red that comes by itself. An index of a user
/// that stays red is no reason to wait, and no server whose licence has ended tells its health.
async fn serves(server: &Elasticsearch) -> Result<Probe<()>, Unasked> {
    server.greet().await.map_err(unasked)?;
    Ok(match server.health().await.map_err(unasked)? {
        Some(health) if !health.is_settled() => {
            let red: Vec<String> = health.red.iter().map(|red| format!("; {}: {}", red.index, red.reason)).collect();
            Probe::Pending(format!("its health is {}{}", health.colour, red.concat()))
        }
        _ => Probe::Ready(()),
    })
}

impl Apply<'_> {
    /// Fails when the container does not run, or Docker had to start it again since `before`: one that ended and came back
    /// in the past is not one that ends now.
    pub(super) async fn watch(&self, service: ServiceId, before: Option<i64>) -> Result<(), Error> {
        let name = service.to_string();
        let restarts = self.world.docker.restarts(&name).await?;
        if restarts.is_none() || restarts > before {
            let ended = self.world.docker.ended(&name).await?;
            let engine = self.world.docker.facts().await.ok();
            let outer = engine.and_then(|engine| cgroup::memory_limit(&engine.control_group?));
            return Err(died(self.mesh, service, &ended, outer.as_ref()));
        }
        Ok(())
    }
}

fn locked_out(mesh: &Mesh, cluster: ClusterId) -> Error {
    let file = mesh.dir.join(layout::CREDENTIALS);
    Error::new(Exit::Unhealthy, format!("{cluster} does not take the password of elastic in {}", file.display()))
        .hint("put back the one it has, or give it this one with `mesh create --recover-credentials`")
}

/// What is told of a container that ended though it should run.
fn died(mesh: &Mesh, service: ServiceId, ended: &Ended, outer: Option<&MemoryLimit>) -> Error {
    let Ended { exit_code, out_of_memory, error, log } = ended;
    let code = exit_code.map_or_else(|| "an unknown exit code".to_owned(), |code| format!("exit code {code}"));
    let how = if *out_of_memory {
        format!("{service} was ended for want of memory ({code})")
    } else if error.is_empty() {
        format!("{service} ended with {code}")
    } else {
        format!("{service} could not be started: {error}")
    };
    let told = Error::new(Exit::Unfinished, how);
    let end = End { exit_code: *exit_code, out_of_memory: *out_of_memory, outer, error, log };
    let lines = || log.iter().rev().take(8).rev().map(|line| cause::said(line));
    match cause::known(mesh, service, end) {
        Some(Known { cause, line: Some(line), remedy }) => told.cause(cause).cause(line).hint(remedy),
        Some(Known { cause, line: None, remedy }) => lines().fold(told.cause(cause), Error::cause).hint(remedy),
        None => lines().fold(told, Error::cause).hint(format!(
            "see all it wrote with `docker logs {service}`; when the cause is gone, type the same command again"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_container_is_told_with_its_last_lines() {
        let mesh = Mesh::example(1);
        let first = ClusterId::new(1).unwrap().elastic();
        let ended = |exit_code, log: &str| Ended {
            exit_code: Some(exit_code),
            out_of_memory: exit_code == 137,
            error: String::new(),
            log: vec!["starting".to_owned(), log.to_owned()],
        };
        insta::assert_snapshot!(died(&mesh, first, &ended(137, "started"), None), @r"
        cluster01-elastic was ended for want of memory (exit code 137)
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
        insta::assert_snapshot!(died(&mesh, first, &ended(2, "nobody knows"), None), @r"
        cluster01-elastic ended with exit code 2
          caused by: starting
          caused by: nobody knows

        hint: see all it wrote with `docker logs cluster01-elastic`; when the cause is gone, type the same command again
        ");
    }
}
