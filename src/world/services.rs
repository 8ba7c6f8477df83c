//! Asks the services of a mesh how they are. I/O: network, Docker; changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures::future::{join_all, try_join_all};
use tokio::time::timeout;

use super::{
    World,
    access::Access,
    depth::Depth,
    elasticsearch::{Elasticsearch, Greeting, KIBANA_SYSTEM, remotes_among},
    https::HttpsError,
    kibana::Kibana,
    open_files::TooManyOpenFiles,
};
use crate::{
    facts::observed::{AllocationFacts, Answer, KibanaFacts, LinkFacts, NodeFacts, Observed, ServerFacts},
    mesh::{
        Mesh,
        cluster::Discovery,
        credentials::Credentials,
        id::{ClusterId, NodeId, ServiceId},
        peers::Alias,
        service_token::ServiceToken,
    },
    page::Latencies,
};

/// A service that is well answers the first question much sooner.
const PROMPTLY: Duration = Duration::from_secs(5);

/// All that is asked of a server is answered sooner, if it does not begin to hang meanwhile.
const WHOLE: Duration = Duration::from_secs(15);

/// By when of the whole a repository is listed: where a bucket is gone, a server that answers is not taken for one
/// that does not.
const LISTED_BY: Duration = Duration::from_secs(14);

/// The answer of a service that did not answer in time.
fn silent<T>(limit: Duration) -> Answer<T> {
    Answer::Unreachable { words: format!("no answer within {} s", limit.as_secs()), started: None }
}

impl World {
    /// What searches from every cluster to each of its remotes take, where these are connected.
    pub async fn latencies(&self, mesh: &Mesh, there: &Observed) -> Latencies {
        let asked = mesh.clusters().filter_map(|cluster| {
            let connected = |link: &(&Alias, &LinkFacts)| *link.1 == LinkFacts::Connected;
            let of = there.server(cluster)?.links.iter().filter(connected).map(|(alias, _)| alias.clone());
            let access = Access::observed(there, cluster)?;
            let node = mesh.nodes(cluster).find(|node| there.runs((*node).into()))?;
            Some((cluster, self.node_api(mesh, node, access).ok()?, of.collect::<Vec<_>>()))
        });
        let answers = asked.map(async |(cluster, server, of)| {
            let took = timeout(PROMPTLY, server.latencies(&of)).await.ok().and_then(Result::ok);
            (cluster, took.unwrap_or_default())
        });
        join_all(answers.collect::<Vec<_>>()).await.into_iter().collect()
    }

    /// Asks every service that runs. A server whose authority or password is lost cannot be asked, and has no answer.
    ///
    /// # Errors
    /// This process may open no more files: nothing is known of a service that was not asked.
    pub(super) async fn ask_services(
        &self,
        mesh: &Mesh,
        there: &mut Observed,
        depth: Depth,
    ) -> Result<(), TooManyOpenFiles> {
        let Some(credentials) = there.credentials.clone() else { return Ok(()) };
        // a remote that is stopped is known not to answer: to ask about it takes Elasticsearch five seconds
        let reachable: BTreeSet<ClusterId> = mesh.clusters().filter(|cluster| there.is_reachable(*cluster)).collect();
        there.nodes = self.ask_nodes(mesh, there, &reachable).await?;
        // one that the mesh does not have, has no port to be asked at
        let running = |service: ServiceId| mesh.has(service) && there.runs(service);
        let joined = |node: &NodeId| there.node(*node).is_some_and(|facts| facts.master.is_some());
        let runs = |node: &NodeId| running((*node).into());
        // one that is not in its cluster yet cannot speak for it
        let speaker = |cluster: ClusterId| mesh.nodes(cluster).find(joined).or_else(|| mesh.nodes(cluster).find(runs));
        let of_running = there.files.keys().filter_map(|cluster| speaker(*cluster));
        let accessible = of_running.filter_map(|node| Some((node, Access::observed(there, node.cluster)?)));
        let servers = accessible.map(async |(node, access)| {
            // its license is asked of the master: without one the answer takes half a minute, and is a refusal
            if there.node(node).is_some_and(|facts| facts.master.is_none()) {
                let running = there.running_nodes(node.cluster).count();
                let all = mesh.nodes(node.cluster).count();
                let why = format!("no master is elected ({running} of {all} nodes run)");
                return Ok((node.cluster, Answer::NotReady(why)));
            }
            let asked = self.ask(mesh, node, (access, &credentials), (&reachable, there), depth);
            let answer = self.within(WHOLE, asked).await.unwrap_or_else(|| Ok(silent(WHOLE)));
            Ok::<_, TooManyOpenFiles>((node.cluster, self.answer(mesh, node.into(), answer).await?))
        });
        let servers: Vec<_> = servers.collect();
        let kibanas =
            there.files.iter().filter(|(cluster, _)| running(cluster.kibana())).map(async |(cluster, files)| {
                let Some(authorities) = files.trusted() else {
                    return Ok((*cluster, Answer::Untrusted("the cluster's authority is lost".to_owned())));
                };
                let access = Access { authorities, password: credentials.elastic.clone() };
                let answer = self.ask_kibana(mesh, *cluster, access).await;
                Ok((*cluster, self.answer(mesh, cluster.kibana(), answer).await?))
            });
        let (servers, kibanas) = futures::try_join!(try_join_all(servers), try_join_all(kibanas))?;
        there.servers = servers.into_iter().collect();
        there.kibanas = kibanas.into_iter().collect();
        Ok(())
    }

    /// Asks each node that runs of every cluster that has several, or had them.
    async fn ask_nodes(
        &self,
        mesh: &Mesh,
        there: &Observed,
        reachable: &BTreeSet<ClusterId>,
    ) -> Result<BTreeMap<NodeId, Answer<NodeFacts>>, TooManyOpenFiles> {
        let several = there.files.keys().filter(|cluster| may_have_several(mesh, there, **cluster));
        let each = several.flat_map(|cluster| mesh.nodes(*cluster)).filter(|node| there.runs((*node).into()));
        let accessible = each.filter_map(|node| Some((node, Access::observed(there, node.cluster)?)));
        let nodes = accessible.map(async |(node, access)| {
            let credentials = there.credentials.as_ref();
            let token = credentials.and_then(|credentials| credentials.kibana_tokens.get(&node.cluster));
            let answer = self.ask_node(mesh, node, (access, token), reachable).await;
            Ok::<_, TooManyOpenFiles>((node, self.answer(mesh, node.into(), answer).await?))
        });
        Ok(try_join_all(nodes.collect::<Vec<_>>()).await?.into_iter().collect())
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

    /// One node's REST API.
    fn node_api(&self, mesh: &Mesh, node: NodeId, access: Access) -> Result<Elasticsearch, HttpsError> {
        Ok(Elasticsearch::on(mesh, node, access)?.over(self.connections.as_ref()))
    }

    /// What a service answers first; `None` where the next look will be there before it.
    async fn promptly<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        self.within(PROMPTLY, answer).await
    }

    /// An answer that one look after the other waits for no longer than this.
    async fn within<T>(&self, limit: Duration, answer: impl Future<Output = T>) -> Option<T> {
        if self.connections.is_none() {
            return Some(answer.await);
        }
        timeout(limit, answer).await.ok()
    }

    /// One question after the other over one connection: to set up another costs a server more than most of these
    /// answers.
    async fn ask(
        &self,
        mesh: &Mesh,
        node: NodeId,
        (access, credentials): (Access, &Credentials),
        (reachable, there): (&BTreeSet<ClusterId>, &Observed),
        depth: Depth,
    ) -> Result<Answer<ServerFacts>, HttpsError> {
        let begun = Instant::now();
        let (server, cluster) = (self.node_api(mesh, node, access)?, node.cluster);
        let Some(greeting) = self.promptly(server.greet()).await else { return Ok(silent(PROMPTLY)) };
        let Greeting { license, keys, certificate } = greeting?;
        let settings = server.settings().await?;
        let allocation = if may_have_several(mesh, there, cluster) {
            server.allocation(&settings).await?
        } else {
            AllocationFacts::default()
        };
        let remotes = remotes_among(settings);
        let passwords = match &credentials.kibana_system {
            Some(password) if !mesh.logs_in_by_token(cluster) => server.accepts(KIBANA_SYSTEM, password).await?,
            _ => false,
        };
        let kibana_token = knows_token(&server, credentials.kibana_tokens.get(&cluster)).await?;
        // a server whose links cannot be asked is there all the same, with links that are not known to be connected
        let set: BTreeSet<Alias> = remotes.keys().filter_map(|name| Alias::of_setting(name)).collect();
        let of: Vec<Alias> = set.into_iter().filter(|alias| may_answer(mesh, reachable, alias)).collect();
        let links = server.links(&of).await.unwrap_or_default();
        // one whose snapshots are off may have both from before
        let repository = server.repository().await?;
        let snapshot_policy = server.snapshot_policy().await?;
        let users = server.user_facts().await?;
        let mut vitals = if depth.asks_for_health() { server.vitals().await.ok().flatten() } else { None };
        if let Some(vitals) = vitals.as_mut().filter(|_| mesh.has_several_nodes(cluster)) {
            vitals.health.lacking = server.why_lacking(&vitals.health.yellow).await;
        }
        let lists = repository.is_some() && depth.lists_snapshots(mesh, cluster);
        if let Some(vitals) = vitals.as_mut().filter(|_| lists) {
            let limit = LISTED_BY.saturating_sub(begun.elapsed());
            let listed = self.within(limit, server.snapshots()).await;
            let late = || format!("no answer within {} s", limit.as_secs());
            vitals.snapshots = Some(listed.map_or_else(|| Err(late()), |all| all.map_err(|error| error.cause())));
        }
        Ok(Answer::Ready(ServerFacts {
            passwords,
            kibana_token,
            license,
            keys,
            remotes,
            links,
            certificate,
            allocation,
            repository,
            snapshot_policy,
            users,
            vitals,
        }))
    }

    /// Its views are asked for where it is to have some, or may have one from before. One that is ready and does not
    /// tell is one whose views are not known.
    async fn ask_kibana(
        &self,
        mesh: &Mesh,
        cluster: ClusterId,
        access: Access,
    ) -> Result<Answer<KibanaFacts>, HttpsError> {
        let kibana = Kibana::new(mesh, cluster, access)?.over(self.connections.as_ref());
        let Some(status) = self.promptly(kibana.status()).await else { return Ok(silent(PROMPTLY)) };
        let status = status?;
        let Answer::Ready(facts) = status else { return Ok(status) };
        let asks = !mesh.views.is_empty() || !mesh.data_views(cluster).is_empty();
        let views = if asks { kibana.data_views().await.ok() } else { None };
        Ok(Answer::Ready(KibanaFacts { views, ..facts }))
    }

    /// What a node knows by itself: it may be in no cluster, or in another than the others.
    async fn ask_node(
        &self,
        mesh: &Mesh,
        node: NodeId,
        (access, token): (Access, Option<&ServiceToken>),
        reachable: &BTreeSet<ClusterId>,
    ) -> Result<Answer<NodeFacts>, HttpsError> {
        let server = self.node_api(mesh, node, access)?;
        let Some(facts) = self.promptly(server.membership()).await else { return Ok(silent(PROMPTLY)) };
        let facts = facts?;
        if facts.master.is_none() {
            return Ok(Answer::Ready(facts));
        }
        let all = mesh.aliases(node.cluster).into_iter();
        let of: Vec<Alias> = all.filter(|alias| may_answer(mesh, reachable, alias)).collect();
        let asked = if mesh.node_settings(node).searches_remotes() { of } else { Vec::new() };
        let links = server.links(&asked).await.unwrap_or_default();
        let kibana_token = knows_token(&server, token).await?;
        Ok(Answer::Ready(NodeFacts { kibana_token, links, ..facts }))
    }
}

/// Whether a server knows the token of its Kibana, if that is to have one.
async fn knows_token(server: &Elasticsearch, token: Option<&ServiceToken>) -> Result<bool, HttpsError> {
    match token {
        Some(token) => server.knows_token(token).await,
        None => Ok(false),
    }
}

/// Whether a remote is worth asking for: a peer's, or one of this mesh that is not known to be stopped.
fn may_answer(mesh: &Mesh, reachable: &BTreeSet<ClusterId>, alias: &Alias) -> bool {
    mesh.peer_of(alias).is_some() || alias.cluster().is_some_and(|cluster| reachable.contains(&cluster))
}

/// Whether a cluster is to have several nodes, or has or had them.
fn may_have_several(mesh: &Mesh, there: &Observed, cluster: ClusterId) -> bool {
    mesh.discovery(cluster) == Discovery::SeedHosts || there.nodes_of(cluster).len() > 1
}
