//! Waits until a service is ready, and fails at once where it cannot become so. I/O: network, Docker, disk.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use super::{Apply, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    facts::{
        host::MemoryLimit,
        observed::{Answer, ContainerState},
    },
    judge::{
        container_exit::{self, End, Known},
        verify::Cause,
    },
    mesh::{
        Mesh, certs,
        id::{ClusterId, ServiceId, ServiceKind},
        layout,
    },
    world::{
        cgroup,
        docker::{Ended, Watched},
        elasticsearch::Elasticsearch,
        files as saved,
        https::HttpsError,
        kibana::Kibana,
    },
};

/// A password that a server has refused for this long without a reason is the wrong one.
const REFUSED_FOR: Duration = Duration::from_mins(1);

impl Apply<'_> {
    /// Asks the service itself, and watches its container: one that ends fails the wait at once.
    pub(super) async fn await_ready(&self, service: ServiceId, line: &StageLine) -> Result<(), Error> {
        let name = self.mesh.container_name(service);
        let kibana = match service {
            ServiceId::Node(_) => None,
            ServiceId::Kibana(cluster) => Some(Kibana::new(self.mesh, cluster, &self.access(cluster)?.authorities)?),
        };
        let server = self.server(service.cluster())?;
        let before = self.world.docker.restarts(&name).await?;
        let refused_since = Cell::new(None);
        let probe = async || {
            let asked = Instant::now();
            if let Err(died) = self.watch(service, before).await {
                return Ok(Probe::Ready(Err(died)));
            }
            match &kibana {
                None => self.progress(service, serves(&server).await, asked, &refused_since).await,
                Some(kibana) => self.progress(service, kibana.status().await, asked, &refused_since).await,
            }
        };
        line.now(&format!("waiting for {name}"));
        match self.patience.until(&format!("{name} to answer"), None, probe).await {
            Ok(outcome) => outcome,
            Err(interruption) if interruption.interrupted => Err(interruption),
            Err(gave_up) => {
                let log = self.world.docker.last_lines(&name, None).await.unwrap_or_default();
                Err(with_last_words(gave_up, self.mesh, service, &log))
            }
        }
    }

    /// How far a service has come that was `asked` and gave this answer; `Probe::Ready` with an error where it gets no
    /// further.
    async fn progress<T>(
        &self,
        service: ServiceId,
        answer: Result<Answer<T>, HttpsError>,
        asked: Instant,
        refused_since: &Cell<Option<Instant>>,
    ) -> Result<Probe<Result<(), Error>>, Error> {
        let answer = answer.unwrap_or_else(Answer::from);
        let Some(reason) = answer.reason(self.now) else { return Ok(Probe::Ready(Ok(()))) };
        match answer {
            // after the start the right password is refused, too, for as long as users cannot be read
            Answer::Unauthenticated(_) => {
                let name = self.mesh.container_name(service);
                let log = self.world.docker.last_lines(&name, Some(asked.elapsed())).await?;
                let reads_users = !container_exit::cannot_read_users(&log);
                refused_since.set(reads_users.then(|| refused_since.get().unwrap_or_else(Instant::now)));
                if refused_since.get().is_some_and(|since| since.elapsed() > REFUSED_FOR) {
                    return Ok(Probe::Ready(Err(locked_out(self.mesh, service.cluster()))));
                }
            }
            Answer::Untrusted(_) if !self.is_signed(service)? => {
                let error = Error::new(Exit::Unhealthy, format!("{service} {reason}"));
                return Ok(Probe::Ready(Err(
                    error.hint("its files are of another cluster or another authority: `mesh create` issues them anew")
                )));
            }
            _ => {}
        }
        Ok(Probe::Pending(format!("it {reason}")))
    }

    /// Fails when the container does not run, or Docker had to start it again since `before`: one that ended and came
    /// back in the past is not one that ends now.
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

    /// Whether the certificate on disk is one that the cluster's authorities signed: then the server may yet show it,
    /// since it reads its files again every few seconds.
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

    /// Fails when a service's container is paused or was taken out of the network: no wait brings it back.
    async fn watch_way_to(&self, service: ServiceId) -> Result<Watched, Error> {
        let container = self.mesh.container_name(service);
        let watched = self.world.docker.watched(&container, &self.mesh.network_name()).await?;
        let cause = if watched.paused {
            Cause::NotRunning { of: service.cluster(), container, state: Some(ContainerState::Paused) }
        } else if !watched.attached {
            Cause::NotInNetwork(container)
        } else {
            return Ok(watched);
        };
        Err(Error::new(Exit::Unhealthy, cause.to_string()).hint(cause.remedy()))
    }
}

/// Whether the server serves as far as it can: it can be asked, and nothing is red that comes by itself. An index of a
/// user that stays red is no reason to wait, and no server whose license has ended tells its health.
async fn serves(server: &Elasticsearch) -> Result<Answer<()>, HttpsError> {
    server.greet().await?;
    Ok(match server.health().await? {
        Some(health) if !health.is_settled() => {
            let red: Vec<String> = health.red.iter().map(|red| format!("; {}: {}", red.index, red.reason)).collect();
            Answer::NotReady(format!("its health is {}{}", health.color, red.concat()))
        }
        _ => Answer::Ready(()),
    })
}

/// A wait that ran out, with the known cause that the service wrote of meanwhile: Kibana, for one, does not end when
/// Elasticsearch refuses it.
fn with_last_words(gave_up: Error, mesh: &Mesh, service: ServiceId, log: &[String]) -> Error {
    match container_exit::known(mesh, service, End { log, ..End::default() }) {
        Some(Known { cause, line, remedy }) => line.into_iter().fold(gave_up.cause(cause), Error::cause).hint(remedy),
        None => gave_up,
    }
}

fn locked_out(mesh: &Mesh, cluster: ClusterId) -> Error {
    let file = mesh.dir.join(layout::CREDENTIALS);
    Error::new(Exit::Unhealthy, format!("{cluster} does not take the password of elastic in {}", file.display()))
        .hint("put back the one it has, or give it this one with `mesh create --recover-credentials`")
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
    fn a_kibana_that_lives_and_is_not_let_in_tells_why() {
        let gave_up =
            || Error::new(Exit::Unfinished, "gave up waiting for cluster01-kibana to answer").cause("status 503");
        let log = [
            "[2026-11-22T15:00:00.000+00:00][INFO ][root] Kibana is starting",
            "[2026-11-22T15:00:09.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. security_exception: unable to authenticate user [kibana_system] for REST request [/_nodes?filter_path=nodes.*.version]",
        ]
        .map(str::to_owned);
        let kibana = ClusterId::FIRST.kibana();
        insta::assert_snapshot!(with_last_words(gave_up(), &Mesh::example(1), kibana, &log), @r"
        gave up waiting for cluster01-kibana to answer
          caused by: status 503
          caused by: Elasticsearch does not take Kibana's password
          caused by: [2026-11-22T15:00:09.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. security_exception: unable to authenticate user [kibana_system] for REST request [/_nodes?filter_path=nodes.*.version]

        hint: `mesh create` sets it again
        ");
        assert_eq!(with_last_words(gave_up(), &Mesh::example(1), kibana, &log[..1]).causes, ["status 503"]);
    }

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
