//! Snapshots before what cannot be undone: upgrades, and deletions.

use std::path::{Component, Path};

use super::usable;
use crate::{
    console::bytes,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::snapshots::{may_have_data, require_room},
    mesh::{
        Mesh,
        id::ClusterId,
        snapshots::{directory, place},
    },
    plan::{self, Plan, SnapshotStep, Step},
    session::now,
    world::{
        World,
        disk::{self, Tree},
        host,
    },
};

/// The plan that takes a snapshot of each cluster that is to be upgraded and may have data, and its name.
pub fn take_before(mesh: &Mesh, there: &Observed) -> Result<Option<(String, Plan)>, Error> {
    let with_data = |cluster: &ClusterId| !mesh.snapshots(*cluster).is_off() && may_have_data(there, *cluster);
    let clusters: Vec<ClusterId> = mesh.pending_upgrade().map(|(cluster, _)| cluster).filter(with_data).collect();
    if clusters.is_empty() {
        return Ok(None);
    }
    let or_without =
        |error: Error| error.under("a snapshot cannot be taken before").or_hint("`--no-snapshot` goes on without one");
    let found = usable(mesh, there, clusters.iter().copied(), true).map_err(|error| or_without(error.into()))?;
    require_room(mesh, there, &clusters, |place| host::space(place).ok())?;
    let name = plan::snapshots::free_name(&found, now());
    let plan = plan::snapshots::take(mesh, &name, &found, now());
    Ok(Some((name, plan)))
}

/// Requires that snapshots can be moved where a plan moves them: to a directory outside the mesh's, with none of these
/// clusters in it, and with room for them.
pub fn require_place(world: &World, mesh: &Mesh, plan: &Plan) -> Result<(), Error> {
    for step in plan.steps() {
        let Step::Snapshots(SnapshotStep::Keep { of, into }) = step else { continue };
        let refuse = |why: String| {
            Error::new(Exit::Request, format!("the snapshots of {of} cannot be kept in {}: {why}", into.display()))
                .hint("name a directory outside the mesh's that has none of these clusters")
        };
        // what is in the mesh's directory is deleted with it, and a link or `..` may lead there
        let outside =
            |path: &Path| !path.starts_with(&world.dir) && path.components().all(|part| part != Component::ParentDir);
        if !into.is_absolute() || !outside(into) || !outside(&disk::resolve(into)?) {
            return Err(refuse("it is no absolute path outside the mesh's directory".to_owned()));
        }
        let Some(tree) = Tree::open(into)? else { continue };
        if tree.metadata(place(mesh.name.as_ref(), *of))?.is_some() {
            return Err(refuse(format!("there is a {of} already")));
        }
    }
    require_room_to_keep(world, mesh, plan)
}

/// Requires that what a plan copies to another file system fits there. What an earlier run left of a copy goes first.
fn require_room_to_keep(world: &World, mesh: &Mesh, plan: &Plan) -> Result<(), Error> {
    let Some(tree) = world.tree()? else { return Ok(()) };
    let kept = plan.steps().filter_map(|step| match step {
        Step::Snapshots(SnapshotStep::Keep { of, into }) => Some((*of, into)),
        _ => None,
    });
    let kept: Vec<_> = kept.collect();
    let Some((_, into)) = kept.first() else { return Ok(()) };
    let (there, disk) = (Tree::open(into)?, host::nearest_existing(into)?);
    let (mut needed, mut free) = (0, host::space(&disk)?.0);
    for (of, _) in &kept {
        needed += tree.needed_to_move(&directory(*of), &disk)?;
        let part = format!("{}.part", place(mesh.name.as_ref(), *of));
        free += there.as_ref().map_or(Ok(0), |there| there.size(part))?;
    }
    if needed <= free {
        return Ok(());
    }
    let message = format!("the snapshots take {}, and {} has {} free", bytes(needed), into.display(), bytes(free));
    Err(Error::new(Exit::Machine, message)
        .hint("free some space there, or name a directory on another disk with `--keep-snapshots`"))
}
