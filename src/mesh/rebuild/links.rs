//! Who searches whom in a mesh whose record is lost, as files and servers tell. Pure: no I/O.

use std::collections::{BTreeMap, BTreeSet};

use super::RebuildError;
use crate::mesh::{
    Mesh,
    cluster_set::ClusterSet,
    id::ClusterId,
    links::{Link, canary_prefix},
    settings::{IndexPattern, LinkRule, Topology},
};

/// What a cluster's files and its server tell of its links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkTrace {
    /// The clusters that it searches; `None` where nothing tells.
    pub remotes: Option<BTreeSet<ClusterId>>,
    /// Whether there is a key of the cluster for everybody.
    pub key: bool,
    /// The index patterns of the keys for single searchers, where the server tells them.
    pub keys_of_links: BTreeMap<ClusterId, Option<Vec<String>>>,
}

impl Mesh {
    /// Takes over the links that traces tell of, as single rules where they are not those of a whole or of an unlinked
    /// mesh: no cluster is to search more than it did. Says what there is to know of that.
    ///
    /// # Errors
    /// A link shares by a list of its own, and that list is not known.
    pub fn relink(&mut self, traces: &BTreeMap<ClusterId, LinkTrace>) -> Result<Option<String>, RebuildError> {
        let known = |from: &ClusterId| traces.get(from).and_then(|trace| trace.remotes.as_ref());
        let (linked, unknown): (Vec<_>, Vec<_>) = self.clusters().partition(|from| known(from).is_some());
        // one that nothing tells of searches the others if all of those have keys
        let has_key = |to: ClusterId| traces.get(&to).is_some_and(|trace| trace.key);
        let searches = |Link { from, to }| known(&from).map_or_else(|| has_key(to), |remotes| remotes.contains(&to));
        let mut whole = self.clone();
        whole.spec.topology = Topology::All;
        let of_whole: Vec<Link> = whole.links().into_iter().collect();
        let own = |link: &Link| traces.get(&link.to).and_then(|trace| trace.keys_of_links.get(&link.from));
        let has_lists = of_whole.iter().any(|link| searches(*link) && own(link).is_some());
        let unknown =
            ClusterSet::new(unknown).map(|clusters| format!("nothing tells the remotes of {}", clusters.named()));
        if linked.is_empty() || (!has_lists && of_whole.iter().all(|link| searches(*link))) {
            return Ok(unknown.map(|unknown| unknown + ", so they are all others; `--topology` or `links` name others"));
        }
        let links: Vec<Link> =
            of_whole.into_iter().filter(|link| known(&link.from).is_some() && searches(*link)).collect();
        let mut shared = Vec::new();
        for link in &links {
            let share = match own(link) {
                Some(names) => {
                    let list = names.as_ref().map(|names| patterns(names)).filter(|list| !list.is_empty());
                    Some(list.ok_or(RebuildError::UnknownShare(*link))?)
                }
                None => None,
            };
            shared.push((*link, share));
        }
        self.spec.topology = if links.is_empty() { Topology::None } else { Topology::Links(rules(&shared)) };
        let note = match &self.spec.topology {
            Topology::Links(rules) => {
                let list = |share: &Vec<IndexPattern>| {
                    let names: Vec<String> = share.iter().map(ToString::to_string).collect();
                    format!(" ({})", names.join(", "))
                };
                let rule = |rule: &LinkRule| {
                    format!("{} → {}{}", rule.from, rule.to, rule.share.as_ref().map(list).unwrap_or_default())
                };
                let rules: Vec<String> = rules.iter().map(rule).collect();
                format!("the links are rebuilt one by one, as they are: {}", rules.join(", "))
            }
            _ => "the topology is rebuilt as `none`, since no cluster has a remote".to_owned(),
        };
        let unknown = unknown.map_or_else(String::new, |unknown| format!("; {unknown}, so there are none"));
        Ok(Some(format!("{note}{unknown}; `--topology` or `links` name others")))
    }
}

/// The patterns of a link's own key, without the one by which the link is proved.
fn patterns(names: &[String]) -> Vec<IndexPattern> {
    let proof = canary_prefix("");
    let proof = proof.trim_end_matches('-');
    names.iter().filter(|name| !name.starts_with(proof)).filter_map(|name| name.parse().ok()).collect()
}

/// Rules for these links; searchers that search the same by the same list have one.
fn rules(links: &[(Link, Option<Vec<IndexPattern>>)]) -> Vec<LinkRule> {
    let mut of_searchers: Vec<LinkRule> = Vec::new();
    for (Link { from, to }, share) in links {
        let (from, to) = (ClusterSet::from(*from), ClusterSet::from(*to));
        match of_searchers.iter_mut().find(|rule| rule.from == from && rule.share == *share) {
            Some(rule) => rule.to = united(&rule.to, &to),
            None => of_searchers.push(LinkRule { from, to, both: false, share: share.clone() }),
        }
    }
    let mut rules: Vec<LinkRule> = Vec::new();
    for one in of_searchers {
        match rules.iter_mut().find(|rule| rule.to == one.to && rule.share == one.share) {
            Some(rule) => rule.from = united(&rule.from, &one.from),
            None => rules.push(one),
        }
    }
    rules
}

fn united(one: &ClusterSet, other: &ClusterSet) -> ClusterSet {
    other.iter().fold(one.clone(), ClusterSet::with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{explain::Explain as _, mesh::example::cluster};

    /// What a mesh of three clusters with these links leaves, but for its shares.
    fn link_traces(topology: &str) -> BTreeMap<ClusterId, LinkTrace> {
        let mut mesh = Mesh::example(3);
        mesh.spec.topology = serde_json::from_value(topology.into()).unwrap();
        let trace = |of: ClusterId| LinkTrace {
            remotes: Some(mesh.remotes(of).collect()),
            key: !mesh.keys(of).is_empty(),
            keys_of_links: BTreeMap::new(),
        };
        mesh.clusters().map(|cluster| (cluster, trace(cluster))).collect()
    }

    fn relinked(traces: &BTreeMap<ClusterId, LinkTrace>) -> (Mesh, String) {
        let mut mesh = Mesh::example(3);
        let note = mesh.relink(traces).unwrap().unwrap_or_default();
        (mesh, note)
    }

    #[test]
    fn links_are_rebuilt_and_never_widened() {
        let links = |mesh: &Mesh| {
            let links = mesh.links().into_iter().map(|Link { from, to }| format!("{}→{}", from.number(), to.number()));
            links.collect::<Vec<_>>().join(" ")
        };
        let (mesh, note) = relinked(&link_traces("all"));
        assert_eq!((mesh.spec.topology, note.as_str()), (Topology::All, ""));
        assert_eq!(relinked(&BTreeMap::new()).0.spec.topology, Topology::All, "nothing tells");
        let (mesh, note) = relinked(&link_traces("hub:1"));
        assert_eq!(links(&mesh), "1→2 1→3");
        insta::assert_snapshot!(note, @"the links are rebuilt one by one, as they are: 1 → 2-3; `--topology` or `links` name others");
        let text = serde_json::to_string(&mesh).unwrap();
        assert_eq!(crate::mesh::record::read(&text).unwrap().mesh.spec, mesh.spec, "it can be recorded");
        assert_eq!(links(&relinked(&link_traces("hub:2,both")).0), "1→2 2→1 2→3 3→2");
        let (mesh, note) = relinked(&link_traces("none"));
        assert_eq!(mesh.spec.topology, Topology::None);
        insta::assert_snapshot!(note, @"the topology is rebuilt as `none`, since no cluster has a remote; `--topology` or `links` name others");
        // nothing tells what the second searches
        let without = |topology: &str| {
            let mut left = link_traces(topology);
            left.get_mut(&cluster(2)).unwrap().remotes = None;
            relinked(&left)
        };
        let (mesh, note) = without("all");
        assert_eq!(mesh.spec.topology, Topology::All, "all others have keys");
        insta::assert_snapshot!(note, @"nothing tells the remotes of cluster02, so they are all others; `--topology` or `links` name others");
        let (mesh, note) = without("hub:1,both");
        assert_eq!(links(&mesh), "1→2 1→3 3→1");
        insta::assert_snapshot!(note, @"the links are rebuilt one by one, as they are: 1 → 2-3, 3 → 1; nothing tells the remotes of cluster02, so there are none; `--topology` or `links` name others");
    }

    #[test]
    fn a_link_keeps_a_list_of_its_own_or_is_not_rebuilt() {
        let mut left = link_traces("hub:1,both");
        let names = ["hr-*", "mesh_verify-0123456789abcdef-*"].map(str::to_owned).to_vec();
        left.get_mut(&cluster(1)).unwrap().keys_of_links = [(cluster(3), Some(names))].into();
        let (mesh, note) = relinked(&left);
        insta::assert_snapshot!(note, @"the links are rebuilt one by one, as they are: 1 → 2-3, 2 → 1, 3 → 1 (hr-*); `--topology` or `links` name others");
        let share = |from, to| mesh.spec.topology.share(Link { from: cluster(from), to: cluster(to) });
        assert_eq!(share(3, 1), Some(&["hr-*".parse().unwrap()][..]));
        assert_eq!(share(2, 1), None);
        left.get_mut(&cluster(1)).unwrap().keys_of_links = [(cluster(3), None)].into();
        let error = Mesh::example(3).relink(&left).unwrap_err();
        insta::assert_snapshot!(error, @"mesh.json is lost, and only cluster01, which does not answer, knows what cluster03 may search of it");
        insta::assert_snapshot!(error.hint().unwrap(), @"start the container of cluster01 with `docker start` and type the same command again, or name the `links` in a settings file");
    }
}
