//! Asks the services of a mesh how they are. I/O: network, Docker; changes nothing.

use std::collections::BTreeSet;

use futures::future::try_join_all;

use super::{
    World,
    access::Access,
    elasticsearch::{Elasticsearch, Greeting},
    https::HttpsError,
    kibana::Kibana,
    open_files::TooManyOpenFiles,
};
use crate::{
    facts::{
        observed::{Answer, Observed, ServerFacts},
        snapshots::PolicyFacts,
    },
    mesh::{
        Mesh,
        credentials::Credentials,
        id::{ClusterId, ServiceId},
        links::remote_of_setting,
    },
};

impl World {
    /// Asks every service that runs. A server whose authority or password is lost cannot be asked, and has no answer.
    ///
    /// # Errors
    /// This process may open no more files: nothing is known of a service that was not asked.
    pub(super) async fn ask_services(
        &self,
        mesh: &Mesh,
        there: &mut Observed,
        closely: bool,
    ) -> Result<(), TooManyOpenFiles> {
        let Some(credentials) = there.credentials.clone() else { return Ok(()) };
        // one that the mesh does not have, has no port to be asked at
        let running = |service: ServiceId| mesh.has(service) && there.runs(service);
        // a remote that is stopped is known not to answer: to ask about it takes Elasticsearch five seconds
        let reachable: BTreeSet<ClusterId> = mesh.clusters().filter(|cluster| there.is_reachable(*cluster)).collect();
        let of_running = there.files.keys().filter(|cluster| running(cluster.first_node()));
        let accessible = of_running.filter_map(|cluster| Some((*cluster, Access::observed(there, *cluster)?)));
        let servers = accessible.map(async |(cluster, access)| {
            let answer = ask(mesh, cluster, (access, &credentials), &reachable, closely).await;
            Ok::<_, TooManyOpenFiles>((cluster, self.answer(mesh, cluster.first_node(), answer).await?))
        });
        let servers: Vec<_> = servers.collect();
        let kibanas =
            there.files.iter().filter(|(cluster, _)| running(cluster.kibana())).map(async |(cluster, files)| {
                let Some(trusted) = files.trusted() else {
                    return Ok((*cluster, Answer::Untrusted("the cluster's authority is lost".to_owned())));
                };
                let status = async { Kibana::new(mesh, *cluster, &trusted)?.status().await };
                Ok((*cluster, self.answer(mesh, cluster.kibana(), status.await).await?))
            });
        let (servers, kibanas) = futures::try_join!(try_join_all(servers), try_join_all(kibanas))?;
        there.servers = servers.into_iter().collect();
        there.kibanas = kibanas.into_iter().collect();
        Ok(())
    }

    /// The answer that a request brought, with the start of the container where the service was not reached: it may be
    /// booting.
    async fn answer<T>(
        &self,
        mesh: &Mesh,
        service: ServiceId,
        answer: Result<Answer<T>, HttpsError>,
    ) -> Result<Answer<T>, TooManyOpenFiles> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(HttpsError::OpenFiles(error)) => Err(error),
            Err(error) => match Answer::from(error) {
                Answer::Unreachable { words, .. } => {
                    let started = self.docker.started(&mesh.container_name(service)).await.ok().flatten();
                    Ok(Answer::Unreachable { words, started })
                }
                answer => Ok(answer),
            },
        }
    }
}

/// One question after the other over one connection: to set up another costs a server more than most of these answers.
async fn ask(
    mesh: &Mesh,
    cluster: ClusterId,
    (access, credentials): (Access, &Credentials),
    reachable: &BTreeSet<ClusterId>,
    closely: bool,
) -> Result<Answer<ServerFacts>, HttpsError> {
    let server = Elasticsearch::new(mesh, cluster, access)?;
    let Greeting { license, keys, certificate } = server.greet().await?;
    let remotes = server.remotes().await?;
    let passwords = server.accepts("kibana_system", &credentials.kibana_system).await?;
    // a server whose links cannot be asked is there all the same, with links that are not known to be connected
    let set: BTreeSet<ClusterId> = remotes.keys().filter_map(|name| remote_of_setting(name)).collect();
    let of: Vec<ClusterId> = reachable.intersection(&set).copied().collect();
    let links = server.links(&of).await.unwrap_or_default();
    // one that is not to have a repository is not asked for it
    let (repository, snapshot_policy) = if mesh.snapshots(cluster).is_off() {
        (None, PolicyFacts::Unsupported)
    } else {
        (server.repository().await?, server.snapshot_policy().await?)
    };
    let mut vitals = if closely { server.vitals().await.ok().flatten() } else { None };
    if let (Some(vitals), Some(_)) = (&mut vitals, &repository) {
        vitals.snapshots = Some(server.snapshots().await.map_err(|error| error.cause()));
    }
    let facts =
        ServerFacts { passwords, license, keys, remotes, links, certificate, repository, snapshot_policy, vitals };
    Ok(Answer::Ready(facts))
}
