//! Whether snapshots before an upgrade have room. Pure.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    exit::Exit,
    explain::Explain,
    facts::{health::Watermark, observed::Observed},
    mesh::{Mesh, id::ClusterId},
};

/// That a snapshot would fill a disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a snapshot of each cluster may take {} MiB, which would fill {} past 90 %", needed >> 20, place.display())]
pub struct NoRoom {
    place: PathBuf,
    needed: u64,
    /// The flags of `mesh create` by which they are kept elsewhere.
    flags: String,
}

impl Explain for NoRoom {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        Some(format!(
            "free some space; or keep snapshots elsewhere, with `mesh create {}`; or go on without one, with \
             `--no-snapshot`",
            self.flags
        ))
    }
}

/// Whether all that clusters hold fits below the high watermark of each disk that their snapshots are on. What is in a
/// repository already needs no room again, so this is the most that it can take. `space` says what is free on a disk,
/// and how large it is.
pub fn require_room(
    mesh: &Mesh,
    there: &Observed,
    clusters: &[ClusterId],
    space: impl Fn(&PathBuf) -> Option<(u64, u64)>,
) -> Result<(), NoRoom> {
    let mut needs: BTreeMap<PathBuf, (u64, Vec<ClusterId>)> = BTreeMap::new();
    for cluster in clusters {
        let store =
            there.server(*cluster).and_then(|server| Some(server.vitals.as_ref()?.whole_store)).unwrap_or_default();
        if let Some((place, _)) = mesh.repository_place(*cluster) {
            let (needed, of) = needs.entry(place).or_default();
            *needed += store;
            of.push(*cluster);
        }
    }
    let full = |place: &PathBuf, needed: u64| {
        space(place).is_some_and(|(free, total)| {
            let passed = Watermark::passed(free.saturating_sub(needed), total);
            matches!(passed, Some(Watermark::High | Watermark::FloodStage))
        })
    };
    match needs.into_iter().find(|(place, (needed, _))| full(place, *needed)) {
        Some((place, (needed, of))) => Err(NoRoom { place, needed, flags: mesh.flags_for_snapshots(of, "/PATH") }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::snapshots::tests::{server, there},
        mesh::settings::per_cluster::read_set,
    };

    #[test]
    fn a_snapshot_leaves_a_tenth_of_the_disk() {
        let mut mesh = Mesh::example(1);
        let mut found = server(1, Ok(Vec::new()));
        found.vitals.as_mut().unwrap().whole_store = 1 << 30;
        let there = there(found);
        let room =
            |mesh: &Mesh, free: u64| require_room(mesh, &there, &[ClusterId::FIRST], |_| Some((free << 20, 10 << 30)));
        assert_eq!(room(&mesh, 2 * 1024 + 10), Ok(()));
        let full = room(&mesh, 2 * 1024 - 10).unwrap_err();
        assert!(full.hint().is_some_and(|hint| hint.contains("`mesh create --snapshots /PATH`")), "{full:?}");
        insta::assert_snapshot!(full, @"a snapshot of each cluster may take 1024 MiB, which would fill /mnt/data/mesh past 90 %");
        mesh.overrides = vec![read_set("1.snapshots=fs").unwrap()];
        let full = room(&mesh, 2 * 1024 - 10).unwrap_err();
        let of_cluster = "`mesh create --set cluster01.snapshots=/PATH`";
        assert!(full.hint().is_some_and(|hint| hint.contains(of_cluster)), "{full:?}");
    }
}
