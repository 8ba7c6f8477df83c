//! The stages that take a whole mesh away, for `mesh reset` and `mesh create --reset`. Pure.

use std::path::Path;

use super::{GatewayStep, Plan, SnapshotStep, Step};
use crate::facts::observed::{GatewayFacts, Observed};
use crate::mesh::{hosts_file, id::ClusterId};

/// Removes all that is there of the mesh: containers before the files they use, the directory last.
/// Whatever is already gone gets no step.
///
/// Snapshots in the mesh's directory are moved into `kept` first, once no server writes any more.
pub fn remove(there: &Observed, kept: Option<&Path>) -> Plan {
    let block = there.hosts_file.as_deref().is_some_and(|text| {
        hosts_file::with_block(text, there.name.as_ref(), None).is_ok_and(|without| without != text)
    });
    let containers = there.containers.keys().copied().map(Step::remove);
    let gateway = there.gateway.container.iter().map(|_| GatewayStep::RemoveContainer { differs: Vec::new() }.into());
    // together: a file that cannot be written must not keep what can be removed
    let files = (there.record.is_some() || there.lost.record).then_some(Step::RemoveDirectory);
    let last = if block { "remove names and directory" } else { "remove the directory" };
    Plan::of(there.name.as_ref())
        .stage(
            "remove containers",
            containers.chain(gateway).chain(there.orphans.keys().cloned().map(Step::RemoveOrphan)),
        )
        .stage("keep snapshots", kept.into_iter().flat_map(|into| keep(&there.snapshots_inside, into)))
        .stage("remove the network", there.network.iter().map(|network| Step::RemoveNetwork { id: network.id.clone() }))
        .stage(last, block.then_some(Step::RemoveHosts).into_iter().chain(files))
}

/// The steps that move snapshots of clusters out of the mesh's directory.
pub fn keep<'a>(of: impl IntoIterator<Item = &'a ClusterId>, into: &'a Path) -> impl Iterator<Item = Step> {
    of.into_iter().map(move |of| SnapshotStep::Keep { of: *of, into: into.to_owned() }.into())
}

/// What is there when [`remove`] has been carried out: what is not the mesh's.
pub fn removed(there: Observed) -> Observed {
    let without = |text: Vec<u8>| hosts_file::with_block(&text, there.name.as_ref(), None).unwrap_or(text);
    Observed {
        account: there.account,
        images: there.images,
        built_here: there.built_here,
        secure_settings: there.secure_settings,
        gateway: GatewayFacts { given: there.gateway.given, ..GatewayFacts::default() },
        hosts_file: there.hosts_file.map(without),
        unmanaged: there.unmanaged,
        ..Observed::default()
    }
}

/// What is there, with what is there of the `old` mesh counted as the new one's: its ports and its memory will be free.
pub fn replacing(there: Observed, old: &Observed) -> Observed {
    Observed {
        containers: old.containers.clone(),
        gateway: GatewayFacts { container: old.gateway.container.clone(), ..there.gateway },
        orphans: old.orphans.clone(),
        network: old.network.clone(),
        unmanaged: old.unmanaged.clone(),
        ..there
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{facts::observed::NetworkFacts, mesh::Mesh};

    #[test]
    fn half_of_a_mesh_is_removed_too() {
        let there = Observed {
            network: Some(NetworkFacts { id: "n".to_owned(), subnet: "10.213.0.0/24".to_owned() }),
            ..Observed::default()
        };
        insta::assert_snapshot!(remove(&there, None), @r"
        remove the network
          - network data-mesh-network
        ");
        assert!(remove(&Observed::default(), None).is_empty());
        let files = Observed { record: Some(Mesh::example(1)), ..Observed::default() };
        assert!(remove(&files, None).destroys());
        let files = Observed { snapshots_inside: [ClusterId::FIRST].into(), ..files };
        insta::assert_snapshot!(remove(&files, Some(Path::new("/kept"))), @r"
        keep snapshots
          ~ snapshots of cluster01, moved into /kept
        remove the directory
          - directory of the mesh with all data
        ");
    }
}
