//! Warnings before an upgrade begins. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::{
    facts::observed::Observed,
    mesh::{
        Mesh,
        id::ClusterId,
        layout,
        peers::{Alias, PartnerName},
        settings::StackVersion,
    },
};

/// All of it is known from versions and files.
pub fn upgrade(mesh: &Mesh, there: &Observed) -> Vec<Finding> {
    let gaps = mesh.gaps().into_iter().map(|(from, to)| {
        Finding::warning(
            format!("while it runs, there are no supported searches from clusters on {from} in those still on {to}"),
            format!(
                "simple ones may work all the same: Elastic supports remotes that are newer or one minor version older; \
                 when no cluster is on {to} any more, every wanted search is supported again",
            ),
        )
    });
    let kept: Vec<String> = mesh.pending_upgrade().flat_map(|(cluster, _)| changed(mesh, there, cluster)).collect();
    let kept = (!kept.is_empty()).then(|| {
        Finding::warning(
            format!("changed by hand, so kept as they are: {}", kept.join(" ")),
            "see whether the new version takes them; a file that is removed is copied from the new image",
        )
    });
    gaps.chain(peers(mesh, there)).chain(kept).collect()
}

/// The clusters of peers that are searched no more when it is done. Another owner upgrades them, so it is no refusal,
/// and they may have come to another version since they were joined.
fn peers(mesh: &Mesh, there: &Observed) -> Vec<Finding> {
    let mut lost: BTreeMap<(&PartnerName, StackVersion, StackVersion), BTreeSet<&Alias>> = BTreeMap::new();
    for (cluster, _) in mesh.pending_upgrade() {
        let from = mesh.target_version(cluster);
        for (peer, alias, _) in mesh.peer_remotes(cluster) {
            let access = there.peers.get(peer).and_then(|remotes| remotes.get(alias));
            if let Some(to) = access.and_then(|access| access.version).filter(|to| !from.searches(*to)) {
                lost.entry((peer, from, to)).or_default().insert(alias);
            }
        }
    }
    let finding = |((peer, from, to), aliases): ((&PartnerName, StackVersion, StackVersion), BTreeSet<&Alias>)| {
        let names: Vec<String> = aliases.into_iter().map(ToString::to_string).collect();
        Finding::warning(
            format!(
                "clusters on {from} would search {} of the peer {peer} on {to}, which Elastic does not support",
                names.join(" ")
            ),
            format!(
                "first have {peer} upgraded by its owner, to {from} at best; where that was done since the join, \
                 `mesh join FILE --peer {peer}` with a new invitation records it"
            ),
        )
    };
    lost.into_iter().map(finding).collect()
}

/// The files of a cluster's services that were changed by hand, seen from the mesh's directory.
fn changed(mesh: &Mesh, there: &Observed, cluster: ClusterId) -> Vec<String> {
    mesh.services_in(cluster)
        .filter_map(|service| {
            let seed = there.files.get(&cluster)?.services.get(&service)?.seed.as_ref()?;
            Some(seed.changed.iter().map(move |name| layout::config(service, name)))
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        cluster_set::ClusterSet,
        peers::{Endpoint, Peer, access::RemoteAccessFacts},
    };

    fn version(text: &str) -> StackVersion {
        text.parse().unwrap()
    }

    /// A mesh of two clusters on 8.19.21, whose first has joined a mesh with clusters of these versions.
    fn joined(versions: &[(&str, Option<&str>)]) -> (Mesh, Observed) {
        let (mut mesh, mut there) = (Mesh::example(2).of_version(version("8.19.21")), Observed::default());
        let alias = |name: &str| name.parse::<Alias>().unwrap();
        let at = Endpoint { address: "192.0.2.12:9402".to_owned(), others: Vec::new(), server_name: None };
        let remotes = versions.iter().map(|(name, _)| (alias(name), at.clone())).collect();
        let access = |of: Option<&str>| RemoteAccessFacts {
            authorities: String::new(),
            digest: String::new(),
            expires: None,
            shares: Vec::new(),
            version: of.map(version),
        };
        let london: PartnerName = "london".parse().unwrap();
        let kept = versions.iter().map(|(name, of)| (alias(name), access(*of))).collect();
        there.peers.insert(london.clone(), kept);
        let peer = Peer { mesh: Some("f".repeat(16)), suffix: None, on: ClusterSet::first(1), remotes, leaving: false };
        mesh.peers.insert(london, peer);
        (mesh, there)
    }

    #[test]
    fn clusters_of_peers_that_the_new_version_does_not_search_are_named() {
        let versions = [
            ("cluster05", Some("8.19.21")),
            ("cluster06", Some("8.19.20")),
            ("cluster07", Some("8.19.21")),
            ("cluster08", Some("9.5.3")),
            ("cluster09", None),
        ];
        let (mesh, there) = joined(&versions);
        let warnings = |to: &str, on: &str| {
            let on: ClusterSet = on.parse().unwrap();
            peers(&mesh.upgrade_to(version(to), Some(&on)).unwrap(), &there)
        };
        let shown: Vec<String> =
            warnings("9.5.3", "1-2").iter().map(|found| format!("{found}\n  {}", found.hint)).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        clusters on 9.5.3 would search cluster06 of the peer london on 8.19.20, which Elastic does not support
          first have london upgraded by its owner, to 9.5.3 at best; where that was done since the join, `mesh join FILE --peer london` with a new invitation records it
        clusters on 9.5.3 would search cluster05 cluster07 of the peer london on 8.19.21, which Elastic does not support
          first have london upgraded by its owner, to 9.5.3 at best; where that was done since the join, `mesh join FILE --peer london` with a new invitation records it
        ");
        assert_eq!(warnings("8.19.22", "1-2"), []);
        let whole = mesh.upgrade_to(version("9.5.3"), None).unwrap();
        assert_eq!(upgrade(&whole, &there).len(), 3, "the gap of the mesh itself, too");
        assert_eq!(peers(&whole.with_upgraded(ClusterId::FIRST), &there), [], "the other one does not search it");
    }
}
