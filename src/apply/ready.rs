//! Waits until a service is ready, and fails at once where it cannot become so. I/O: network, Docker, disk.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use super::{Apply, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    facts::observed::Answer,
    judge::container_exit::{self, End, Known},
    mesh::{
        Mesh, certs,
        cluster::Discovery,
        id::{ClusterId, ServiceId},
        layout,
    },
    world::{elasticsearch::Elasticsearch, files as saved, https::HttpsError},
};

/// A password that a server has refused for this long without a reason is the wrong one.
const REFUSED_FOR: Duration = Duration::from_mins(1);

impl Apply<'_> {
    /// Asks the service itself, and watches its container: one that ends fails the wait at once.
    pub(super) async fn await_ready(&self, service: ServiceId, line: &StageLine) -> Result<(), Error> {
        let name = self.mesh.container_name(service);
        let kibana = match service {
            ServiceId::Node(_) => None,
            ServiceId::Kibana(cluster) => Some(self.kibana(cluster)?),
        };
        let server = match service {
            ServiceId::Node(node) => self.server_on(node)?,
            ServiceId::Kibana(cluster) => self.server(cluster)?,
        };
        let joins = service.node().filter(|node| self.mesh.discovery(node.cluster) == Discovery::SeedHosts);
        let before = self.world.docker.restarts(&name).await?;
        let refused_since = Cell::new(None);
        let probe = async || {
            let asked = Instant::now();
            if let Err(died) = self.watch(service, before).await {
                return Ok(Probe::Ready(Err(died)));
            }
            if let Some(node) = joins {
                match self.joined(&server, node).await {
                    Ok(Ok(())) => {}
                    Ok(Err(reason)) => return Ok(Probe::Pending(reason)),
                    Err(elsewhere) => return Ok(Probe::Ready(Err(elsewhere))),
                }
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

    /// Whether the certificate on disk is one that the cluster's authorities signed: then the server may yet show it,
    /// since it reads its files again every few seconds.
    fn is_signed(&self, service: ServiceId) -> Result<bool, Error> {
        let tree = self.tree()?;
        let trusted = saved::authorities(&tree, service.cluster())?.trusted().unwrap_or_default();
        let certificate = saved::text(&tree, &layout::certificate(service))?;
        let end = "-----END CERTIFICATE-----";
        Ok(certificate.is_some_and(|certificate| {
            let mut authorities = trusted.split_inclusive(end);
            authorities.any(|authority| certs::verify_trusted(&certificate, None, authority, self.now).is_ok())
        }))
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
}
