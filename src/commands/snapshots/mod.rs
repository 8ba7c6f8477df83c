//! `mesh snapshots`: take, list, restore and delete the snapshots of each cluster.

mod adopt;
mod before;
mod remove;
mod restore;
mod take;

use std::collections::BTreeMap;

pub use self::{
    before::{require_place, take_before},
    restore::record_restored,
};
use super::renew::chosen;
use crate::{
    cli::{LsArgs, SnapshotsAction},
    console::Console,
    error::{Error, Exit},
    facts::{observed::Observed, snapshots::SnapshotFacts},
    judge::{
        peers::damaged,
        snapshots::{SnapshotList, Unusable},
    },
    mesh::{Mesh, id::ClusterId},
    session::{Place, Session, now},
};

pub async fn snapshots(action: &SnapshotsAction, place: Place, console: &Console) -> Result<Exit, Error> {
    match action {
        SnapshotsAction::Create(args) => take::take(args, place, console).await,
        SnapshotsAction::Ls(args) => ls(args, place, console).await,
        SnapshotsAction::Restore(args) => Box::pin(restore::restore(args, place, console)).await,
        SnapshotsAction::Rm(args) => remove::remove(args, place, console).await,
        SnapshotsAction::Adopt(args) => Box::pin(adopt::adopt(args, place, console)).await,
    }
}

async fn ls(args: &LsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let chosen = chosen(&place.dir, &args.clusters)?;
    let session = Session::to_look(place).await?;
    let mesh = session.recorded()?;
    let there = session.world.observe_saved(&mesh, &session.survey).await?;
    let list = SnapshotList::new(&mesh, &there, &chosen, now());
    console.show(args.output.format, &list, || console.snapshots(&list));
    console.findings(&damaged(&there));
    Ok(if list.unreadable.is_empty() { Exit::Done } else { Exit::Unhealthy })
}

/// The snapshots of clusters whose repositories can be read and, if `writes`, written to.
fn usable(
    mesh: &Mesh,
    there: &Observed,
    clusters: impl IntoIterator<Item = ClusterId>,
    writes: bool,
) -> Result<BTreeMap<ClusterId, Vec<SnapshotFacts>>, Unusable> {
    let of = |cluster: ClusterId| {
        if let Some(off) = Unusable::off(mesh, there, cluster, writes) {
            return Err(off);
        }
        if let Some(hidden) = Unusable::hidden(there, cluster).filter(|_| writes) {
            return Err(hidden);
        }
        let Some(server) = there.server(cluster) else { return Err(Unusable::unasked(there, cluster, now())) };
        match &server.repository {
            None => return Err(Unusable::Unregistered(cluster)),
            Some(repository) if writes && repository.is_read_only() => return Err(Unusable::ReadOnly(cluster)),
            Some(_) => {}
        }
        match server.vitals.as_ref().and_then(|vitals| vitals.snapshots.clone()) {
            Some(Ok(found)) => Ok((cluster, found)),
            Some(Err(reason)) => Err(Unusable::Unreadable(cluster, reason)),
            None => Err(Unusable::Silent(
                cluster,
                "does not say what it has: no license of it is in force, or it refused the question".to_owned(),
            )),
        }
    };
    clusters.into_iter().map(of).collect()
}
