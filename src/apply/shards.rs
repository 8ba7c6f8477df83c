//! Waits for the shards of a cluster: until all are assigned, until they have left nodes. I/O: network.

use std::time::{Duration, Instant};

use super::{Apply, wait::Probe, watch::Lives};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    facts::{
        observed::AllocationFacts,
        shards::{ShardFacts, Unassigned},
    },
    mesh::id::{ClusterId, NodeId},
    world::{elasticsearch::Elasticsearch, https::HttpsError},
};

/// What a wait for shards is for.
#[derive(Debug, PartialEq, Eq)]
enum Wait {
    /// Another node may stop only once all are where they can be.
    ForAll,
    /// No node was stopped yet: what does not come is waited for no longer, nor is anything once a node ended that had
    /// this life when the wait began.
    ForWhatComes(Lives),
}

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
pub(super) const STALLED: Duration = Duration::from_mins(1);

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
    let tried = faults.iter().any(Unassigned::is_out_of_tries);
    let causes = faults.into_iter().take(5).map(|Unassigned { shard, reason, .. }| format!("{shard}: {reason}"));
    causes.fold(error, Error::cause).hint(if tried {
        "it was tried again just now, and failed: mend what it fails by, which `mesh logs` may tell; then type the \
         same command again, which has it tried once more"
    } else {
        "mend what keeps it from all nodes; then type the same command again"
    })
}

/// How long replicas that a fault keeps from every node are waited for. Those that failed again since they were tried
/// again are given up sooner: Elasticsearch tries them no more.
fn given_up_after(tried_again: bool, faults: &[Unassigned]) -> Duration {
    if tried_again && faults.iter().all(Unassigned::is_out_of_tries) { SETTLED } else { STALLED }
}

impl Apply<'_> {
    /// Waits for every shard but those that no node is to have, or can have any more: an index of a user that stays red
    /// is no reason to wait, but one that turned red since. A replica that a fault keeps from all nodes ends the wait.
    pub(super) async fn await_shards(&self, cluster: ClusterId, line: &StageLine) -> Result<(), Error> {
        self.shards(cluster, Wait::ForAll, line).await
    }

    /// Waits for the shards that come, before the first node stops. What does not come is no fault of this run, and the
    /// stop may be the remedy: what a replica fails by may end with the node, and a node that ends again and again may
    /// need what it gets now.
    pub(super) async fn await_recoveries(&self, cluster: ClusterId, line: &StageLine) -> Result<(), Error> {
        let lives = self.lives(cluster).await?;
        match self.shards(cluster, Wait::ForWhatComes(lives), line).await {
            Err(error) if !error.interrupted && error.exit == Exit::Unfinished => Ok(()),
            ended => ended,
        }
    }

    async fn shards(&self, cluster: ClusterId, wait: Wait, line: &StageLine) -> Result<(), Error> {
        let (server, data_nodes) = (self.server(cluster)?, self.mesh.data_nodes(cluster));
        let (mut since, mut still): (Option<Instant>, Option<Instant>) = (None, None);
        let mut tried_again = false;
        let probe = async || {
            if let Wait::ForWhatComes(before) = &wait
                && self.lives(cluster).await? != *before
            {
                return Ok(Probe::Ready(Ok(())));
            }
            let (pending, stuck, faults) = match assigned(&server, data_nodes).await {
                Ok((shards, faults)) => {
                    // a shard that failed too often stays where it is until that is asked for
                    if !tried_again && (shards.stays_red || faults.iter().any(Unassigned::is_out_of_tries)) {
                        let asked = server.try_again().await;
                        tried_again = asked.is_ok();
                        let pending = asked.map_or_else(passing, |()| Ok("shards are tried again".to_owned()))?;
                        return Ok(Probe::Pending(pending));
                    }
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
            let stuck = stuck || (wait != Wait::ForAll && !faults.is_empty());
            still = stuck.then(|| still.unwrap_or_else(Instant::now));
            if still.is_some_and(|begun| begun.elapsed() > SETTLED) {
                return Ok(Probe::Ready(Ok(())));
            }
            since = faults.first().map(|_| since.unwrap_or_else(Instant::now));
            if since.is_some_and(|begun| begun.elapsed() > given_up_after(tried_again, &faults)) {
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

    pub(super) async fn drain_nodes(&self, on: ClusterId, nodes: &[NodeId], line: &StageLine) -> Result<(), Error> {
        let names = self.names(nodes);
        self.set(on, "the allocation of shards", AllocationFacts::EXCLUDED, Some(names.join(","))).await?;
        let server = self.server(on)?;
        // a shard that failed too often on its way would not leave
        self.persist(on, "the allocation of shards", async || server.try_again().await).await?;
        let (mut moved, mut empty) = ((String::new(), Instant::now()), 0);
        let probe = async || {
            let looked = async { Ok((server.settled_shards().await?, server.shards_on().await?)) };
            let (shards, found) = match looked.await {
                Ok(found) => found,
                Err(error) => return Ok(Probe::Pending(passing(error)?)),
            };
            let (on_nodes, leaving) = names
                .iter()
                .filter_map(|name| found.get(name))
                .fold((0, 0), |(all, left), on| (all + on.shards, left + on.leaving));
            // one look may come between two moves: what is removed by mistake is lost
            empty = if on_nodes == 0 && shards.moving == 0 && !shards.red { empty + 1 } else { 0 };
            if empty == EMPTY_LOOKS {
                return Ok(Probe::Ready(Ok(())));
            }
            // what moves between others does not bring these to an end
            let progress = if leaving > 0 { shards.progress() } else { String::new() };
            let pending = format!("{on_nodes} shards are left on {}{progress}", names.join(" and "));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out_of_tries() -> Unassigned {
        let deciders = vec![["same_shard".to_owned()].into(), ["max_retry".to_owned()].into()];
        let reason = "shard has exceeded the maximum number of retries [5] on failed allocation attempts".to_owned();
        Unassigned { shard: "logs[0]".to_owned(), refused: true, deciders, reason }
    }

    #[test]
    fn a_replica_that_failed_again_is_given_up_soon_and_named() {
        let full = Unassigned { deciders: vec![["disk_threshold".to_owned()].into()], ..out_of_tries() };
        assert_eq!(given_up_after(true, &[out_of_tries()]), SETTLED);
        assert_eq!(given_up_after(false, &[out_of_tries()]), STALLED);
        assert_eq!(given_up_after(true, &[out_of_tries(), full]), STALLED, "a disk may get room");
        insta::assert_snapshot!(unassigned(ClusterId::FIRST, vec![out_of_tries()]), @r"
        a replica of cluster01 cannot be assigned to any node
          caused by: logs[0]: shard has exceeded the maximum number of retries [5] on failed allocation attempts

        hint: it was tried again just now, and failed: mend what it fails by, which `mesh logs` may tell; then type the same command again, which has it tried once more
        ");
    }
}
