//! What is there of the links of a mesh whose record is lost. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::observed::{ClusterFiles, Observed};
use crate::mesh::{cluster_set::ClusterSet, id::ClusterId, keystore, peers::Alias, rebuild::LinkTrace};

impl Observed {
    /// What each cluster's files and its server tell of its links.
    pub fn link_traces(&self) -> BTreeMap<ClusterId, LinkTrace> {
        let trace = |(cluster, files): (&ClusterId, &ClusterFiles)| {
            let known = self.server(*cluster).map(|server| &server.keys);
            let names = |id: &str| Some(known?.iter().find(|key| key.id == id)?.names.clone());
            let trace = LinkTrace {
                remotes: self.remotes_of(*cluster, files),
                key: files.key.is_some(),
                keys_of_links: files.link_keys.iter().map(|(searcher, key)| (*searcher, names(&key.id))).collect(),
            };
            (*cluster, trace)
        };
        self.files.iter().map(trace).collect()
    }

    /// The clusters whose server cannot tell what the key on disk shares.
    pub fn unknown_shares(&self) -> Option<ClusterSet> {
        let shared = self.shared();
        let has_key = |(_, files): &(&ClusterId, &ClusterFiles)| files.key.is_some();
        let clusters = self.files.iter().filter(has_key).map(|(cluster, _)| *cluster);
        ClusterSet::new(clusters.filter(|cluster| !shared.contains_key(cluster)))
    }

    /// The clusters that one searches: those that it trusts, since that is written before it first starts; where an
    /// authority is lost, those that it has credentials or settings for.
    fn remotes_of(&self, cluster: ClusterId, files: &ClusterFiles) -> Option<BTreeSet<ClusterId>> {
        let held = files
            .first()
            .and_then(|node| node.keystore.as_ref())
            .map(|entries| entries.keys().filter_map(|name| keystore::remote_of(name)?.cluster()));
        let set = self
            .server(cluster)
            .map(|server| server.remotes.keys().filter_map(|name| Alias::of_setting(name)?.cluster()));
        let is_known = held.is_some() || set.is_some();
        let linked: BTreeSet<ClusterId> = held.into_iter().flatten().chain(set.into_iter().flatten()).collect();
        let bundle =
            files.first().and_then(|node| node.bundle.as_deref()).filter(|bundle| trusts(bundle, files) == Some(true));
        if bundle.is_none() && !is_known {
            return None;
        }
        let others = self.files.iter().filter(|(other, _)| **other != cluster);
        let trusted = others.filter_map(|(other, files)| Some((*other, trusts(bundle?, files)?)));
        let trusted: BTreeMap<ClusterId, bool> = trusted.collect();
        let of_bundle = trusted.iter().filter(|(_, trusted)| **trusted).map(|(other, _)| *other);
        let of_others = linked.into_iter().filter(|other| !trusted.contains_key(other));
        Some(of_bundle.chain(of_others).collect())
    }
}

/// Whether a bundle has an authority of a cluster; `None` where that has none.
fn trusts(bundle: &str, files: &ClusterFiles) -> Option<bool> {
    let authorities = [&files.authority, &files.next_authority, &files.old_authority];
    let authorities: Vec<&str> = authorities.into_iter().flatten().map(|pem| pem.trim()).collect();
    (!authorities.is_empty()).then(|| authorities.iter().any(|pem| bundle.contains(pem)))
}
