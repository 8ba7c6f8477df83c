//! Who searches whom, and by which key: the links that a mesh is to have. Pure: no I/O.

use std::collections::BTreeSet;

use time::Duration;

use super::{
    Mesh,
    cluster_set::ClusterSet,
    id::ClusterId,
    links::{Key, Link, canary_prefix},
    settings::{IndexPattern, Topology},
};

/// The index patterns that are shared, sorted.
fn patterns<'a>(of_mesh: &str, more: impl IntoIterator<Item = &'a IndexPattern>) -> Vec<String> {
    let mut names: Vec<String> = more.into_iter().map(ToString::to_string).chain([of_mesh.to_owned()]).collect();
    names.sort();
    names.dedup();
    names
}

impl Mesh {
    /// Every link that is wanted.
    pub fn links(&self) -> BTreeSet<Link> {
        self.clusters().flat_map(|from| self.remotes(from).map(move |to| Link { from, to })).collect()
    }

    /// Whether a link is wanted. Whoever asks for links asks here, and not the topology.
    pub fn has_link(&self, link: Link) -> bool {
        self.has_cluster(link.from) && self.has_cluster(link.to) && self.spec.topology.has(link)
    }

    /// The clusters whose authorities a cluster's Elasticsearch trusts: its own and those of its remotes.
    pub fn trusted_by(&self, of: ClusterId) -> impl Iterator<Item = ClusterId> + Clone + use<'_> {
        self.clusters().filter(move |to| of == *to || self.has_link(Link { from: of, to: *to }))
    }

    /// The key that the searcher of a link presents: the link's own where it shares by a list of its own.
    pub fn key_of(&self, link: Link) -> Key {
        let own = self.spec.topology.share(link).map(|_| link.from);
        Key { of: link.to, searcher: own }
    }

    /// The keys that a cluster is to have: those by which other clusters search it. In a full mesh, a single cluster
    /// keeps its own for the clusters to come.
    pub fn keys(&self, of: ClusterId) -> BTreeSet<Key> {
        match self.spec.topology {
            Topology::All => [Key::shared(of)].into(),
            _ => self.searchers(of).map(|from| self.key_of(Link { from, to: of })).collect(),
        }
    }

    /// A key with less time left than this is replaced: a month, or a quarter of a short life.
    pub fn key_margin(&self) -> Duration {
        Duration::days(30).min(Duration::hours(i64::from(self.spec.key_days.get()) * 24 / 4))
    }

    /// The index patterns that a key lets its holders search.
    pub fn shared_by(&self, key: Key) -> Vec<String> {
        let own = key.searcher.and_then(|from| self.spec.topology.share(Link { from, to: key.of }));
        // a link that shares nothing of `mesh*` is proved by a document all the same
        own.map_or_else(|| self.shared(key.of), |own| patterns(&format!("{}*", canary_prefix(&self.id)), own))
    }

    /// How many pairs of clusters are linked, in whichever direction.
    pub fn linked_pairs(&self) -> usize {
        self.links().into_iter().map(|Link { from, to }| (from.min(to), from.max(to))).collect::<BTreeSet<_>>().len()
    }

    /// The clusters that `of` searches.
    pub fn remotes(&self, of: ClusterId) -> impl Iterator<Item = ClusterId> + Clone + use<'_> {
        self.clusters().filter(move |to| self.has_link(Link { from: of, to: *to }))
    }

    /// The other clusters that `of` does not search.
    pub fn unsearched_by(&self, of: ClusterId) -> Option<ClusterSet> {
        ClusterSet::new(self.clusters().filter(|to| *to != of && !self.has_link(Link { from: of, to: *to })))
    }

    /// The clusters that search `of`.
    pub fn searchers(&self, of: ClusterId) -> impl Iterator<Item = ClusterId> + Clone + use<'_> {
        self.clusters().filter(move |from| self.has_link(Link { from: *from, to: of }))
    }

    /// The clusters that search `of`: those that see what it shares with all, and those whose links share by lists of
    /// their own.
    pub fn searchers_by_list(&self, of: ClusterId) -> (Vec<ClusterId>, Vec<ClusterId>) {
        self.searchers(of).partition(|from| self.key_of(Link { from: *from, to: of }).searcher.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cluster_searches_every_other_and_not_itself() {
        let mesh = Mesh::example(8);
        assert_eq!(mesh.links().len(), 56);
        for cluster in mesh.clusters() {
            for pairs in [mesh.remotes(cluster).collect::<Vec<_>>(), mesh.searchers(cluster).collect()] {
                assert_eq!(pairs.len(), 7);
                assert!(!pairs.contains(&cluster));
            }
        }
    }

    #[test]
    fn what_a_cluster_does_not_search_is_known() {
        let mut mesh = Mesh::example(4);
        assert_eq!(mesh.unsearched_by(ClusterId::FIRST), None);
        let links = serde_json::json!([{ "from": "1", "to": "2" }, { "from": "3", "to": "4" }]);
        mesh.spec.topology = serde_json::from_value(links).unwrap();
        assert_eq!(mesh.unsearched_by(ClusterId::FIRST).unwrap().to_string(), "3-4");
    }
}
