//! Snapshots and restores. I/O: network, disk.
//!
//! A snapshot and a restore go on in the server when this program ends: it only begins them, watches and judges.

use std::{path::Path, time::Duration};

use super::{Apply, wait::Probe};
use crate::{
    console::{StageLine, bytes},
    error::{Error, Exit},
    facts::{
        health::RedIndex,
        snapshots::{SnapshotFacts, Worth, stream_of},
    },
    judge::snapshots::deletion,
    mesh::{
        id::ClusterId,
        snapshots::{REPOSITORY, directory, place},
    },
    plan::{Restoration, SnapshotStep},
    world::{
        disk::Tree,
        elasticsearch::{Elasticsearch, Progress, Wanted},
        https::HttpsError,
    },
};

/// A snapshot or a restore of which nothing has moved for so long does not end well.
const STALLED: Duration = Duration::from_mins(10);

impl Apply<'_> {
    pub(super) async fn snapshot_step(&self, step: &SnapshotStep, line: &StageLine) -> Result<(), Error> {
        match step {
            SnapshotStep::PrepareRepository(cluster) => self.prepare_repository(*cluster),
            SnapshotStep::AdoptRepository(cluster) => self.own_repository(*cluster),
            SnapshotStep::UnregisterRepository(cluster) => self.unregister_repository(*cluster).await,
            SnapshotStep::RegisterRepository(cluster) => self.register_repository(*cluster).await,
            SnapshotStep::WritePolicy(cluster) => self.write_snapshot_policy(*cluster).await,
            SnapshotStep::RemovePolicy(cluster) => self.remove_snapshot_policy(*cluster).await,
            SnapshotStep::Take { on, name } => self.take_snapshot(*on, name, line).await,
            SnapshotStep::Delete { on, name } => self.delete_snapshot(*on, name).await,
            SnapshotStep::Restore(restoration) => self.restore(restoration, line).await,
            SnapshotStep::RestoreFeatures { on, snapshot, features } => {
                self.restore_features(*on, snapshot, features).await
            }
            SnapshotStep::Keep { of, into } => self.keep_snapshots(*of, into),
        }
    }

    async fn write_snapshot_policy(&self, cluster: ClusterId) -> Result<(), Error> {
        let Some(policy) = self.mesh.snapshot_policy(cluster) else { return Ok(()) };
        let server = self.server(cluster)?;
        let written = self.persist(cluster, "the snapshot policy", async || {
            match server.put_snapshot_policy(&policy).await {
                // no handler: the server takes none by itself, which `mesh status` reports
                Err(HttpsError::Refused { status: 400 | 405, reason, .. }) if reason.starts_with("no handler") => {
                    Ok(())
                }
                written => written,
            }
        });
        written.await
    }

    async fn remove_snapshot_policy(&self, cluster: ClusterId) -> Result<(), Error> {
        let server = self.server(cluster)?;
        self.persist(cluster, "the snapshot policy", async || server.remove_snapshot_policy().await).await
    }

    async fn take_snapshot(&self, on: ClusterId, name: &str, line: &StageLine) -> Result<(), Error> {
        let server = self.server(on)?;
        let request = self.mesh.snapshot_request(on);
        let refused = |error: Error| error.under(format!("{on} takes no snapshot")).hint(self.look_at_repository(on));
        let begin = async || match server.begin_snapshot(name, &request).await {
            // the answer to an earlier try was lost
            Err(HttpsError::Refused { kind: Some(kind), .. }) if kind == "snapshot_name_already_in_use_exception" => {
                Ok(())
            }
            begun => begun,
        };
        self.persist_or(on, "the snapshot", refused, begin).await?;
        let ended = self
            .patience
            .while_moving(&format!("snapshot {name} of {on}"), STALLED, async || {
                let found = match server.snapshot(name).await {
                    Ok(found) => found,
                    Err(error) => return self.pending(on, &error).await,
                };
                match found {
                    None => Err(self.lost(on, name, &server).await),
                    Some(found) if found.worth() == Worth::InProgress => {
                        let progress = server.snapshot_progress(name).await.unwrap_or_default();
                        line.now(&format!("{on}: {}", shown(progress)));
                        Ok(Probe::Pending(shown(progress)))
                    }
                    Some(found) => Ok(Probe::Ready(found)),
                }
            })
            .await?;
        self.judge_snapshot(on, &ended)
    }

    /// A snapshot counts when everything is in it.
    fn judge_snapshot(&self, on: ClusterId, found: &SnapshotFacts) -> Result<(), Error> {
        let fault = match found.worth() {
            Worth::Good => return Ok(()),
            Worth::Empty if self.mesh.snapshots(on).saves_everything() => {
                self.console.note(&format!("{on} has no index yet, so {} is empty", found.name));
                return Ok(());
            }
            Worth::Empty => "no index matches the patterns in `snapshots`, so nothing is in it".to_owned(),
            Worth::InProgress => "it has not ended".to_owned(),
            Worth::Partial => format!("{} of {} shards are missing", found.failed_shards, found.shards),
            Worth::Failed => "it failed".to_owned(),
        };
        let error = Error::new(Exit::Unhealthy, format!("snapshot {} of {on} is not good: {fault}", found.name));
        let error = found.failure.iter().fold(error, |error, reason| error.cause(reason.trim().to_owned()));
        Err(error.hint(self.look_at_repository(on)))
    }

    /// A server that cannot write to the repository forgets the snapshot, and so does one that restarts.
    async fn lost(&self, on: ClusterId, name: &str, server: &Elasticsearch) -> Error {
        let error = Error::new(Exit::Unhealthy, format!("snapshot {name} of {on} is gone"));
        match server.verify_repository().await {
            Err(cannot) => error.cause(cannot.cause()).hint(self.look_at_repository(on)),
            Ok(_) => error.cause("the server restarted, or it was deleted").hint("type the same command again"),
        }
    }

    fn look_at_repository(&self, on: ClusterId) -> String {
        let number = on.number();
        let of_disk = self.mesh.repository_dir(on).map_or_else(String::new, |dir| {
            format!("see that {} has room and can be written by {}, and ", dir.display(), self.mesh.user())
        });
        format!("{of_disk}try the repository with `mesh es {number} POST _snapshot/{REPOSITORY}/_verify`")
    }

    async fn delete_snapshot(&self, on: ClusterId, name: &str) -> Result<(), Error> {
        let server = self.server(on)?;
        let refused = |error: Error| error.hint(self.look_at_repository(on));
        self.persist_or(on, &format!("the deletion of snapshot {name}"), refused, async || {
            match server.remove_snapshot(name).await {
                // another snapshot or deletion is going on
                Err(HttpsError::Refused { kind: Some(kind), reason, .. })
                    if kind == "concurrent_snapshot_execution_exception" =>
                {
                    Err(HttpsError::Refused { what: "the deletion".to_owned(), status: 503, kind: Some(kind), reason })
                }
                deleted => deleted,
            }
        })
        .await
    }

    /// Begins what is not on its way, and waits until every shard is there.
    async fn restore(&self, restoration: &Restoration, line: &StageLine) -> Result<(), Error> {
        let Restoration { on, snapshot, begin, rename, becomes } = restoration;
        let (on, server) = (*on, self.server(*on)?);
        if !begin.is_empty() {
            let wanted = Wanted { names: begin, rename: rename.as_deref() };
            let refused = |error: Error| error.under(format!("{on} does not restore from snapshot {snapshot}"));
            self.persist_or(on, "the restore", refused, async || server.begin_restore(snapshot, wanted).await).await?;
        }
        self.patience
            .while_moving(&format!("the restore of {on}"), STALLED, async || {
                let (recoveries, health) = match futures::join!(server.recoveries(), server.health()) {
                    (Ok(recoveries), Ok(Some(health))) => (recoveries, health),
                    (Err(error), _) | (_, Err(error)) => return self.pending(on, &error).await,
                    (_, Ok(None)) => return Ok(Probe::Pending("its license has ended".to_owned())),
                };
                let ours = recoveries.iter().filter(|shard| shard.snapshot == *snapshot);
                let progress = ours.fold(Progress::default(), |sum, shard| Progress {
                    shards: sum.shards + 1,
                    shards_done: sum.shards_done + u64::from(shard.done),
                    bytes: sum.bytes + shard.bytes,
                    bytes_done: sum.bytes_done + shard.bytes_done,
                });
                line.now(&format!("{on}: {}", shown(progress)));
                // an index of a data stream is red with it
                let of_ours = |red: &&RedIndex| becomes.iter().any(|name| is_of(&red.index, name));
                let reds: Vec<&RedIndex> = health.red.iter().filter(of_ours).collect();
                if let Some(red) = reds.iter().find(|red| red.stays) {
                    let broken = becomes.iter().filter(|name| reds.iter().any(|red| is_of(&red.index, name)));
                    return Err(Error::new(Exit::Unhealthy, format!("{} of {on} was not restored", red.index))
                        .cause(red.reason.clone())
                        .hint(format!(
                            "the server restarted meanwhile, or cannot read the repository: delete what is not whole \
                             with {}; then type the same command again",
                            deletion(on, broken, |name| reds.iter().any(|red| is_of_stream(&red.index, name)))
                        )));
                }
                if reds.is_empty() && progress.shards_done == progress.shards && !health.in_motion {
                    return Ok(Probe::Ready(()));
                }
                Ok(Probe::Pending(shown(progress)))
            })
            .await
    }

    async fn restore_features(&self, on: ClusterId, snapshot: &str, features: &[String]) -> Result<(), Error> {
        let server = self.server(on)?;
        let restored = async { Ok(server.restore_features(snapshot, features).await?) };
        restored.await.map_err(|error: Error| {
            error.under(format!("{on} does not restore the states of features")).hint(
                "`mesh create --recover-credentials` gives the server the mesh's passwords, if it has others by now",
            )
        })?;
        // it may have taken longer than the rest is given
        self.patience.restart();
        Ok(())
    }

    /// Moves a cluster's snapshots to where a mesh of this name looks for them that has the repository `into`.
    fn keep_snapshots(&self, of: ClusterId, into: &Path) -> Result<(), Error> {
        let place = into.join(place(self.mesh.name.as_ref(), of));
        let (above, name) = (place.parent().unwrap_or(into), of.to_string());
        Ok(self.tree()?.move_into(&directory(of), &Tree::create(above, 0o755)?, &name)?)
    }

    /// A server that does not answer for a moment; one that has ended ends the wait.
    async fn pending<T>(&self, on: ClusterId, error: &HttpsError) -> Result<Probe<T>, Error> {
        let whatever_life = self.mesh.nodes(on).map(|node| (node, Some(i64::MAX))).collect();
        self.watch_one(&whatever_life).await?;
        Ok(Probe::Pending(error.cause()))
    }
}

/// Whether an index has a name, or belongs to a data stream of that name.
fn is_of(index: &str, name: &str) -> bool {
    index == name || is_of_stream(index, name)
}

fn is_of_stream(index: &str, name: &str) -> bool {
    stream_of(index).is_some_and(|stream| stream == name)
}

fn shown(Progress { shards, shards_done, bytes: all, bytes_done }: Progress) -> String {
    format!("{shards_done} of {shards} shards, {} of {}", bytes(bytes_done), bytes(all))
}
