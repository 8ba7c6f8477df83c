//! The stages that take a whole mesh away, for `mesh reset` and `mesh create --reset`. Pure.

use super::{Plan, Step};
use crate::facts::observed::Observed;
use crate::mesh::hosts_file;

/// Removes all that is there of the mesh: containers before the files they use, the directory last.
/// Whatever is already gone gets no step.
pub fn remove(there: &Observed) -> Plan {
    let block = there.hosts_file.as_deref().is_some_and(|text| {
        hosts_file::with_block(text, there.name.as_ref(), None).is_ok_and(|without| without != text)
    });
    let containers = there.containers.keys().copied().map(Step::remove);
    // together: a file that cannot be written must not keep what can be removed
    let files = (there.record.is_some() || there.lost.record).then_some(Step::RemoveDirectory);
    let last = if block { "remove names and directory" } else { "remove the directory" };
    Plan::of(there.name.as_ref())
        .stage("remove containers", containers.chain(there.orphans.keys().cloned().map(Step::RemoveOrphan)))
        .stage("remove the network", there.network.iter().map(|network| Step::RemoveNetwork { id: network.id.clone() }))
        .stage(last, block.then_some(Step::RemoveHosts).into_iter().chain(files))
}

/// What is there when [`remove`] has been carried out: what is not the mesh's.
pub fn removed(there: Observed) -> Observed {
    let without = |text: Vec<u8>| hosts_file::with_block(&text, there.name.as_ref(), None).unwrap_or(text);
    Observed {
        account: there.account,
        images: there.images,
        built_here: there.built_here,
        hosts_file: there.hosts_file.map(without),
        unmanaged: there.unmanaged,
        ..Observed::default()
    }
}

/// What is there, with what `goes` counted as the new mesh's: its ports and its memory will be free.
pub fn replacing(there: Observed, goes: &Observed) -> Observed {
    Observed {
        containers: goes.containers.clone(),
        orphans: goes.orphans.clone(),
        network: goes.network.clone(),
        unmanaged: goes.unmanaged.clone(),
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
        insta::assert_snapshot!(remove(&there), @r"
        remove the network
          - network data-mesh-network
        ");
        assert!(remove(&Observed::default()).is_empty());
        let files = Observed { record: Some(Mesh::example(1)), ..Observed::default() };
        assert!(remove(&files).destroys());
    }
}
