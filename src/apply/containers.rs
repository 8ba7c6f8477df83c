//! Images, network and containers: pull, create, start, stop, remove, and wait until a service answers. I/O: Docker, network.

use std::time::{Duration, Instant};

use super::{Apply, wait::Probe};
use crate::{
    console::{StageLine, bytes},
    error::{Error, Exit},
    explain::Explain as _,
    facts::{health::Unasked, host::MemoryLimit, observed::ContainerState},
    judge::{
        container_exit::{self, End, Known},
        verify::Cause,
    },
    mesh::{
        Mesh, certs,
        container::Limits,
        id::{ClusterId, ServiceId, ServiceKind},
        layout,
    },
    world::{
        cgroup,
        docker::{DockerError, Ended, Watched},
        elasticsearch::{Elasticsearch, unasked},
        files as saved,
        kibana::Kibana,
    },
};

/// A password that a server has refused for this long, and has not said why, is the wrong one.
const REFUSED_FOR: Duration = Duration::from_mins(1);

impl Apply<'_> {
    pub(super) async fn pull_image(&self, image: &str, line: &StageLine) -> Result<(), Error> {
        let report = |progress: crate::world::docker::Progress| {
            line.now(&format!("{image} {} of {}", bytes(progress.done), bytes(progress.total)));
        };
        let pull = async { Ok(self.world.docker.pull_image(image, report).await) };
        self.patience.unless_interrupted(pull).await?.map_err(|error| {
            let words = error.words();
            let hint = error.hint().unwrap_or_else(|| {
                let hint = if words.contains("no space left on device") {
                    "the disk of Docker's images is full: see what can go with `docker system df`, and type the command again"
                } else {
                    "check the version and the way to the registry, or name a mirror with `mesh create --registry HOST`; \
                     without any, `images/build all` builds stand-ins for `--registry mesh.local`"
                };
                hint.to_owned()
            });
            Error::new(Exit::Machine, format!("the image {image} is not here and cannot be pulled"))
                .cause(words)
                .hint(hint)
        })
    }

    pub(super) async fn create_container(&self, id: ServiceId) -> Result<(), Error> {
        self.make_service_dirs(&self.tree()?, id)?;
        let made_from = self.mesh.made_from(id, &self.credentials()?)?;
        let created = self.world.docker.create_container(self.mesh, id, made_from).await;
        created.map_err(|error| {
            let image_gone = error.is_absent();
            let told = refused(self.mesh, Some(id), error);
            if image_gone { told.hint("`mesh create` pulls the image; then type the command again") } else { told }
        })
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

    /// Asks the service itself, and watches its container: one that ends fails the wait at once.
    pub(super) async fn await_ready(&self, service: ServiceId, line: &StageLine) -> Result<(), Error> {
        let name = self.mesh.container_name(service);
        let kibana = match service {
            ServiceId::Node(_) => None,
            ServiceId::Kibana(cluster) => Some(Kibana::new(self.mesh, cluster, &self.access(cluster)?.authorities)?),
        };
        let server = self.server(service.cluster())?;
        let before = self.world.docker.restarts(&name).await?;
        let mut refused_since = None;
        let probe = async || {
            let asked = Instant::now();
            if let Err(died) = self.watch(service, before).await {
                return Ok(Probe::Ready(Err(died)));
            }
            let answer = match &kibana {
                None => serves(&server).await,
                Some(kibana) => match kibana.status().await {
                    Ok(Ok(_)) => Ok(Probe::Ready(())),
                    Ok(Err(status)) => Ok(Probe::Pending(format!("status {status}"))),
                    Err(error) => Err(unasked(error)),
                },
            };
            Ok(match answer {
                Ok(Probe::Ready(())) => Probe::Ready(Ok(())),
                Ok(Probe::Pending(reason)) => Probe::Pending(reason),
                Err(why) => {
                    // after the start the right password is refused, too, for as long as users cannot be read
                    if matches!(why, Unasked::Unauthenticated(_)) {
                        if container_exit::cannot_read_users(
                            &self.world.docker.last_lines(&name, Some(asked.elapsed())).await?,
                        ) {
                            refused_since = None;
                        } else if refused_since.get_or_insert_with(Instant::now).elapsed() > REFUSED_FOR {
                            return Ok(Probe::Ready(Err(locked_out(self.mesh, service.cluster()))));
                        }
                    }
                    if matches!(why, Unasked::Untrusted(_)) && !self.is_signed(service)? {
                        let told = Error::new(Exit::Unhealthy, format!("{service} {}", why.told(self.now)));
                        return Ok(Probe::Ready(Err(told.hint(
                            "its files are of another cluster or another authority: `mesh create` issues them anew",
                        ))));
                    }
                    Probe::Pending(format!("it {}", why.told(self.now)))
                }
            })
        };
        line.now(&format!("waiting for {name}"));
        match self.patience.until(&format!("{name} to answer"), None, probe).await {
            Ok(outcome) => outcome,
            Err(interruption) if interruption.interrupted => Err(interruption),
            Err(gave_up) => {
                let log = self.world.docker.last_lines(&name, None).await.unwrap_or_default();
                Err(with_what_it_said(gave_up, self.mesh, service, &log))
            }
        }
    }
}

/// A wait that ran out, with the known cause that the service wrote of meanwhile: Kibana, for one, does not end when
/// Elasticsearch refuses it.
fn with_what_it_said(gave_up: Error, mesh: &Mesh, service: ServiceId, log: &[String]) -> Error {
    match container_exit::known(mesh, service, End { log, ..End::default() }) {
        Some(Known { cause, line, remedy }) => line.into_iter().fold(gave_up.cause(cause), Error::cause).hint(remedy),
        None => gave_up,
    }
}

/// Whether the server serves as far as it can: it can be asked, and nothing is red that comes by itself. An index of a user
/// that stays red is no reason to wait, and no server whose license has ended tells its health.
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
        let name = self.mesh.container_name(service);
        let Watched { restarts, .. } = self.watch_way_to(service).await?;
        if service.kind() == ServiceKind::Kibana {
            // it is never ready without its server
            self.watch_way_to(service.cluster().first_node()).await?;
        }
        if restarts.is_none() || restarts > before {
            let ended = self.world.docker.ended(&name).await?;
            let engine = self.world.docker.facts().await.ok();
            let outer = engine.and_then(|engine| cgroup::memory_limit(&engine.control_group?));
            return Err(died(self.mesh, service, &ended, outer.as_ref()));
        }
        Ok(())
    }
}

/// What Docker refused, with the cause and the remedy where they are known.
pub(super) fn refused(mesh: &Mesh, service: Option<ServiceId>, error: DockerError) -> Error {
    let known = container_exit::of_docker(mesh, service, &error.words());
    let told = Error::from(error);
    match known {
        Some(Known { cause, remedy, .. }) => told.cause(cause).hint(remedy),
        None => told,
    }
}

impl Apply<'_> {
    /// Whether the certificate on disk is one that the cluster's authorities signed: then the server may yet show it, since it
    /// reads its files again every few seconds.
    fn is_signed(&self, service: ServiceId) -> Result<bool, Error> {
        let tree = self.tree()?;
        let trusted = saved::authorities(&tree, service.cluster())?.trusted().unwrap_or_default();
        let certificate = saved::text(&tree, &layout::certificate(service))?;
        let end = "-----END CERTIFICATE-----";
        Ok(certificate.is_some_and(|certificate| {
            let mut authorities = trusted.split_inclusive(end);
            authorities.any(|authority| certs::verify(&certificate, None, authority, self.now).is_ok())
        }))
    }

    /// Fails when somebody paused a service's container or took it out of the network: no waiting brings it back.
    async fn watch_way_to(&self, service: ServiceId) -> Result<Watched, Error> {
        let watched = self.world.docker.watched(&self.mesh.container_name(service), &self.mesh.network_name()).await?;
        let cause = if watched.paused {
            Cause::NotRunning { service, state: Some(ContainerState::Paused) }
        } else if !watched.attached {
            Cause::NotInNetwork(service)
        } else {
            return Ok(watched);
        };
        Err(Error::new(Exit::Unhealthy, cause.to_string()).hint(cause.remedy()))
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
        format!("{service} was killed: out of memory ({code})")
    } else if error.is_empty() {
        format!("{service} ended with {code}")
    } else {
        format!("{service} could not be started: {error}")
    };
    let told = Error::new(Exit::Unfinished, how);
    let end = End { exit_code: *exit_code, out_of_memory: *out_of_memory, outer, error, log };
    let lines = || container_exit::last_words(log).into_iter();
    match container_exit::known(mesh, service, end) {
        Some(Known { cause, line: Some(line), remedy }) => told.cause(cause).cause(line).hint(remedy),
        Some(Known { cause, line: None, remedy }) => lines().fold(told.cause(cause), Error::cause).hint(remedy),
        None => lines().fold(told, Error::cause).hint(format!(
            "see all it wrote with `docker logs {}`; when the cause is gone, type the same command again",
            mesh.container_name(service)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kibana_that_lives_and_is_not_let_in_tells_why() {
        let gave_up =
            || Error::new(Exit::Unfinished, "gave up waiting for cluster01-kibana to answer").cause("status 503");
        let log = [
            "[2026-11-22T15:00:00.000+00:00][INFO ][root] Kibana is starting",
            "[2026-11-22T15:00:09.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. security_exception: unable to authenticate user [kibana_system] for REST request [/_nodes?filter_path=nodes.*.version]",
        ]
        .map(str::to_owned);
        let kibana = ClusterId::FIRST.kibana();
        insta::assert_snapshot!(with_what_it_said(gave_up(), &Mesh::example(1), kibana, &log), @r"
        gave up waiting for cluster01-kibana to answer
          caused by: status 503
          caused by: Elasticsearch does not take Kibana's password
          caused by: [2026-11-22T15:00:09.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. security_exception: unable to authenticate user [kibana_system] for REST request [/_nodes?filter_path=nodes.*.version]

        hint: `mesh create` sets it again
        ");
        assert_eq!(with_what_it_said(gave_up(), &Mesh::example(1), kibana, &log[..1]).causes, ["status 503"]);
    }

    #[test]
    fn the_end_of_a_container_is_told_with_its_last_lines() {
        let mesh = Mesh::example(1);
        let first = ClusterId::new(1).unwrap().first_node();
        let ended = |exit_code, log: &str| Ended {
            exit_code: Some(exit_code),
            out_of_memory: exit_code == 137,
            error: String::new(),
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
        insta::assert_snapshot!(died(&mesh, first, &ended(2, "nobody knows"), None), @r"
        cluster01-elastic ended with exit code 2
          caused by: starting
          caused by: nobody knows

        hint: see all it wrote with `docker logs cluster01-elastic`; when the cause is gone, type the same command again
        ");
    }
}
