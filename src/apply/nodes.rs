//! The nodes of a cluster: founded, joined, restarted in turn, drained. I/O: network, disk.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Apply, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    facts::{
        observed::AllocationFacts,
        shards::{ShardFacts, Unassigned},
    },
    mesh::{
        id::{ClusterId, NodeId},
        layout,
    },
    plan::NodeStep,
    world::{elasticsearch::Elasticsearch, files as saved, https::HttpsError},
};

/// What a server has against a question for the moment.
///
/// # Errors
/// It refuses the question for good.
fn passing(error: HttpsError) -> Result<String, Error> {
    match error {
        HttpsError::Refused { status: 401 | 408 | 429 | 503, .. } | HttpsError::NoAnswer { .. } => Ok(error.cause()),
        error => Err(error.into()),
    }
}

/// Shards that have not moved for so long have a reason, which Elasticsearch is asked for.
const STALLED: Duration = Duration::from_mins(1);

/// A cluster that is red for good, or has two versions, and in which nothing has moved for so long moves nothing more
/// before the next node has its turn.
const SETTLED: Duration = Duration::from_secs(20);

/// So many looks in a row have to find nothing on a node before it is removed.
const EMPTY_LOOKS: u32 = 3;

/// A node that came back has its shards in less, since most of what they hold is on its disk.
const ASSIGNED_WITHIN: Duration = Duration::from_mins(5);

/// Whether a cluster of two versions has every primary that it can have and nothing on its way. Replicas that it lacks
/// then may come only when more nodes are upgraded, whatever Elasticsearch explains: it wants to move a primary to a
/// newer node first, and moves none while replicas lack. Elastic's procedure goes on then, too; see
/// <https://www.elastic.co/docs/deploy-manage/upgrade/deployment-or-cluster/elasticsearch>.
async fn held_up(server: &Elasticsearch, shards: &ShardFacts) -> bool {
    !shards.is_in_motion() && matches!(server.has_two_versions().await, Ok(true))
}

/// Where the shards are, with why some are on no node, and the replicas that a fault keeps from every node.
async fn assigned(server: &Elasticsearch, data_nodes: u32) -> Result<(ShardFacts, Vec<Unassigned>), HttpsError> {
    let (mut shards, mut faults) = (server.shards().await?, Vec::new());
    if shards.red
        && let Some(health) = server.health().await?
    {
        shards.fares(&health);
    }
    for index in shards.lacking(data_nodes) {
        let unassigned = match server.unassigned(&index).await {
            // it was deleted since, or its replicas were: the next look tells
            Err(HttpsError::Refused { status: 400 | 404, .. }) => continue,
            unassigned => unassigned?,
        };
        shards.explained(&index, &unassigned);
        faults.extend(unassigned.into_iter().filter(Unassigned::is_faulty));
    }
    Ok((shards, faults))
}

fn unassigned(cluster: ClusterId, faults: Vec<Unassigned>) -> Error {
    let more = faults.len() > 1;
    let what = if more { format!("{} replicas", faults.len()) } else { "a replica".to_owned() };
    let error = Error::new(Exit::Unhealthy, format!("{what} of {cluster} cannot be assigned to any node"));
    let causes = faults.into_iter().take(5).map(|Unassigned { shard, reason, .. }| format!("{shard}: {reason}"));
    causes.fold(error, Error::cause).hint("mend what keeps it from all nodes; then type the same command again")
}

impl Apply<'_> {
    pub(super) async fn node_step(&self, step: &NodeStep, line: &StageLine) -> Result<(), Error> {
        match step {
            NodeStep::RecordUuid(cluster) => self.record_uuid(*cluster).await,
            NodeStep::ForgetUuid(cluster) => Ok(self.tree()?.remove_tree(layout::uuid(*cluster))?),
            NodeStep::HoldShards(cluster) => self.hold_shards(*cluster).await,
            NodeStep::ReleaseShards(cluster) => {
                self.set(*cluster, "the allocation of shards", AllocationFacts::ENABLE, None).await
            }
            NodeStep::AwaitShards(cluster) => self.await_shards(*cluster, line).await,
            NodeStep::LowerReplicas { on, indices, to } => self.lower_replicas(*on, indices, *to).await,
            NodeStep::DrainNodes { on, nodes } => self.drain_nodes(*on, nodes, line).await,
            NodeStep::ExcludeVotes { on, nodes } => self.exclude_votes(*on, nodes).await,
            NodeStep::ClearExclusions(cluster) => self.clear_exclusions(*cluster).await,
            NodeStep::RemoveNodeFiles(node) => self.remove_node_files(*node).await,
        }
    }

    async fn set(&self, on: ClusterId, what: &str, setting: &str, value: Option<String>) -> Result<(), Error> {
        let server = self.server(on)?;
        let settings = BTreeMap::from([(setting.to_owned(), value)]);
        self.persist(on, what, async || server.put_settings(&settings).await).await
    }

    /// The UUID of the cluster that the first of its nodes is in which answers; it is in one, since it serves.
    async fn record_uuid(&self, cluster: ClusterId) -> Result<(), Error> {
        let server = self.server(cluster)?;
        let facts = self.persist(cluster, "the UUID", async || server.membership().await).await?;
        let uuid = facts.uuid.ok_or_else(|| {
            Error::new(Exit::Unfinished, format!("{cluster} has no UUID: it is not founded"))
                .hint("type the same command again")
        })?;
        self.write(&self.tree()?, &layout::uuid(cluster), format!("{uuid}\n").as_bytes())
    }

    async fn hold_shards(&self, cluster: ClusterId) -> Result<(), Error> {
        let primaries = Some(AllocationFacts::PRIMARIES.to_owned());
        self.set(cluster, "the allocation of shards", AllocationFacts::ENABLE, primaries).await?;
        let server = self.server(cluster)?;
        let shards = self.persist(cluster, "the shards", async || server.shards().await).await?;
        let red = || shards.red_indices().cloned().collect();
        self.red_before.borrow_mut().entry(cluster).or_insert_with(red);
        // one that cannot be flushed only takes longer to come back
        let _ = self.persist(cluster, "a flush", async || server.flush().await).await;
        Ok(())
    }

    /// Waits for every shard but those that no node is to have, or can have any more: an index of a user that stays red
    /// is no reason to wait, but one that turned red since. A replica that a fault keeps from all nodes ends the wait.
    async fn await_shards(&self, cluster: ClusterId, line: &StageLine) -> Result<(), Error> {
        let (server, data_nodes) = (self.server(cluster)?, self.mesh.data_nodes(cluster));
        let (mut since, mut still): (Option<Instant>, Option<Instant>) = (None, None);
        let probe = async || {
            let (pending, stuck, faults) = match assigned(&server, data_nodes).await {
                Ok((shards, faults)) => {
                    match self.turned_red(cluster, &shards).or_else(|| shards.pending(data_nodes)) {
                        None if !shards.stays_red => return Ok(Probe::Ready(Ok(()))),
                        None => ("a primary shard is not assigned".to_owned(), true, faults),
                        Some(pending) => {
                            let stuck = self.turned_red(cluster, &shards).is_none() && held_up(&server, &shards).await;
                            (pending, stuck, faults)
                        }
                    }
                }
                Err(error) => (passing(error)?, false, Vec::new()),
            };
            still = stuck.then(|| still.unwrap_or_else(Instant::now));
            if still.is_some_and(|begun| begun.elapsed() > SETTLED) {
                return Ok(Probe::Ready(Ok(())));
            }
            since = faults.first().map(|_| since.unwrap_or_else(Instant::now));
            if since.is_some_and(|begun| begun.elapsed() > STALLED) {
                return Ok(Probe::Ready(Err(unassigned(cluster, faults))));
            }
            line.now(&format!("{cluster}: {pending}"));
            Ok(Probe::Pending(pending))
        };
        let what = format!("every shard of {cluster} to be assigned");
        let stuck = |error: Error| {
            let why = format!("`mesh es {} GET /_cluster/allocation/explain` says why", cluster.number());
            if error.interrupted { error } else { error.hint(why) }
        };
        self.patience.while_moving(&what, ASSIGNED_WITHIN, probe).await.map_err(stuck)?
    }

    /// An index that was not red before the first node stopped, in words: others of which the next node holds the last
    /// copy may fare the same.
    fn turned_red(&self, cluster: ClusterId, shards: &ShardFacts) -> Option<String> {
        let before = self.red_before.borrow();
        let before = before.get(&cluster)?;
        let turned = shards.red_indices().find(|index| !before.contains(*index))?;
        Some(format!("a primary shard of {turned} is not assigned"))
    }

    async fn lower_replicas(&self, on: ClusterId, indices: &[String], to: u32) -> Result<(), Error> {
        let server = self.server(on)?;
        // a request line is 4 KiB long at most
        for some in indices.chunks(10) {
            self.persist(on, "the number of replicas", async || server.set_replicas(some, to).await).await?;
        }
        Ok(())
    }

    /// The names of nodes as Elasticsearch has them: those of their containers.
    fn names(&self, nodes: &[NodeId]) -> Vec<String> {
        nodes.iter().map(|node| self.mesh.container_name((*node).into())).collect()
    }

    async fn drain_nodes(&self, on: ClusterId, nodes: &[NodeId], line: &StageLine) -> Result<(), Error> {
        let names = self.names(nodes);
        self.set(on, "the allocation of shards", AllocationFacts::EXCLUDED, Some(names.join(","))).await?;
        let server = self.server(on)?;
        let (mut moved, mut empty) = ((String::new(), Instant::now()), 0);
        let probe = async || {
            let looked = async { Ok((server.settled_shards().await?, server.shards_on().await?)) };
            let (shards, found) = match looked.await {
                Ok(found) => found,
                Err(error) => return Ok(Probe::Pending(passing(error)?)),
            };
            let on_nodes: u32 = names.iter().filter_map(|name| found.get(name)).sum();
            // one look may come between two moves: what is removed by mistake is lost
            empty = if on_nodes == 0 && shards.moving == 0 && !shards.red { empty + 1 } else { 0 };
            if empty == EMPTY_LOOKS {
                return Ok(Probe::Ready(Ok(())));
            }
            let pending = format!("{on_nodes} shards are left on {}{}", names.join(" and "), shards.progress());
            if pending != moved.0 {
                moved = (pending.clone(), Instant::now());
            }
            if moved.1.elapsed() > STALLED {
                return Ok(Probe::Ready(Err(self.stalled(on, &server, &names).await)));
            }
            line.now(&pending);
            Ok(Probe::Pending(pending))
        };
        self.patience.while_moving(&format!("shards to leave {}", names.join(" and ")), STALLED * 2, probe).await?
    }

    /// Why shards stay, in Elasticsearch's words.
    async fn stalled(&self, on: ClusterId, server: &Elasticsearch, names: &[String]) -> Error {
        let mut error = Error::new(Exit::Unhealthy, format!("shards of {on} do not leave {}", names.join(" and ")));
        for name in names {
            if let Ok(Some(reason)) = server.why_on(name).await {
                error = error.cause(reason);
            }
        }
        error
            .hint("make room on the nodes that stay, or change what keeps the shards; then type the same command again")
    }

    async fn exclude_votes(&self, on: ClusterId, nodes: &[NodeId]) -> Result<(), Error> {
        let (server, names) = (self.server(on)?, self.names(nodes));
        self.persist(on, "the votes", async || server.exclude_votes(&names).await).await
    }

    async fn clear_exclusions(&self, on: ClusterId) -> Result<(), Error> {
        let server = self.server(on)?;
        self.persist(on, "the votes", async || server.clear_votes().await).await?;
        self.set(on, "the allocation of shards", AllocationFacts::EXCLUDED, None).await
    }

    /// Only while every primary shard is assigned: of one that is not, the last copy may be in this directory.
    async fn remove_node_files(&self, node: NodeId) -> Result<(), Error> {
        let (server, cluster) = (self.server(node.cluster)?, node.cluster);
        let probe = async || {
            Ok(match server.settled_shards().await {
                Ok(shards) if !shards.red => Probe::Ready(()),
                Ok(_) => Probe::Pending("a primary shard is not assigned".to_owned()),
                Err(error) => Probe::Pending(error.cause()),
            })
        };
        let whole = self.patience.until(&format!("every primary shard of {cluster}"), Some(STALLED), probe).await;
        whole.map_err(|error| {
            error.hint(format!(
                "a copy may be on {node}, whose directory is kept: `mesh create {} --set {cluster}.nodes={}` brings it back",
                self.mesh.cluster_set().to_mesh_text(),
                node.number.get().max(3)
            ))
        })?;
        let tree = self.tree()?;
        tree.remove_tree(layout::service_dir(node.into()))?;
        for path in [layout::keystore_record(node), layout::seed_record(node.into())] {
            tree.remove_tree(path)?;
        }
        Ok(())
    }

    /// Why a node of a cluster of several is not of use yet: it is in no cluster.
    ///
    /// # Errors
    /// It is in another cluster than its own: it lost its data and founded one, or was given the data of another.
    pub(super) async fn joined(&self, server: &Elasticsearch, node: NodeId) -> Result<Result<(), String>, Error> {
        let facts = match server.membership().await {
            Ok(facts) => facts,
            Err(error) => return Ok(Err(error.cause())),
        };
        let recorded = saved::text(&self.tree()?, &layout::uuid(node.cluster))?;
        match (facts.uuid, recorded.as_deref().map(str::trim)) {
            (Some(uuid), Some(recorded)) if uuid != recorded => Err(Error::new(
                Exit::Unhealthy,
                format!(
                    "{node} belongs to another cluster ({uuid}) than the other nodes of {} ({recorded})",
                    node.cluster
                ),
            )
            .hint(format!(
                "stop it with `mesh manage stop {}/{}`, empty {}, and type the same command again",
                node.cluster.number(),
                node.number.get(),
                self.mesh.dir.join(layout::data(node)).display()
            ))),
            _ if facts.master.is_none() => Ok(Err("it has not joined its cluster".to_owned())),
            _ => Ok(Ok(())),
        }
    }
}
