//! How an index that was loaded into is found, and which clusters do not see it. Pure: no I/O.

use std::collections::BTreeMap;

use super::IndexName;
use crate::{
    ask::search::{searchers, unlinked},
    mesh::{
        Mesh,
        cluster_set::ClusterSet,
        data_set::LOCAL,
        id::ClusterId,
        links::{Link, OWN_SHARE},
        pattern::covers,
    },
};

/// The notes about an index of clusters: who does not see it and what changes that, and the search that finds it.
pub fn notes(mesh: &Mesh, clusters: &ClusterSet, index: &IndexName) -> Vec<String> {
    let name = index.to_string();
    let mut notes: Vec<String> = clusters.iter().flat_map(|cluster| unseen(mesh, cluster, &name)).collect();
    notes.push(format!("find it: {}", search(mesh, clusters, &name)));
    notes
}

/// How all data of the mesh is found by its alias: the search, and the expressions for requests to these clusters.
pub fn everything(mesh: &Mesh, clusters: &ClusterSet, alias: &str) -> String {
    let mut patterns: BTreeMap<String, Vec<ClusterId>> = BTreeMap::new();
    for cluster in clusters.iter() {
        patterns.entry(mesh.everywhere(cluster, alias)).or_default().push(cluster);
    }
    let is_one = patterns.len() == 1;
    let of = |(pattern, clusters): (String, Vec<ClusterId>)| match ClusterSet::new(clusters).filter(|_| !is_one) {
        Some(clusters) => format!("{pattern} in {}", clusters.named()),
        None => pattern,
    };
    let patterns = patterns.into_iter().map(of).collect::<Vec<_>>().join("; ");
    format!("all data of the mesh: `mesh search {alias}`; for requests and data views: {patterns}")
}

/// Who does not see an index of a cluster, and what changes that.
fn unseen(mesh: &Mesh, cluster: ClusterId, name: &str) -> Vec<String> {
    let by = |by_alias: bool| if by_alias && mesh.spec.data_set.0 { " by its own name" } else { "" };
    let (common, own) = mesh.searchers_by_list(cluster);
    let shared = mesh.shared(cluster);
    let shared_with = |from: ClusterId| mesh.shared_by(mesh.key_of(Link { from, to: cluster }));
    let mut notes = Vec::new();
    if let Some(common) = ClusterSet::new(common).filter(|_| !shows(&shared, name)) {
        let who = if own.is_empty() { "other clusters do not see".to_owned() } else { blind(&common) };
        notes.push(format!(
            "{who} {name}{}: {cluster} shares {}; `mesh create {}` shares it, too",
            by(true),
            shared.join(", "),
            mesh.flags_to_share([cluster], name)
        ));
    }
    if let Some(own) = ClusterSet::new(own.into_iter().filter(|from| !shows(&shared_with(*from), name))) {
        let by_alias = own.iter().all(|from| shows(&shared_with(from), LOCAL));
        notes.push(format!("{} {name} of {cluster}{}: {OWN_SHARE}", blind(&own), by(by_alias)));
    }
    notes
}

/// The search that finds an index of these clusters, or, where no cluster sees all of it, one part of it.
fn search(mesh: &Mesh, clusters: &ClusterSet, name: &str) -> String {
    let sees = |from: ClusterId, to: ClusterId| {
        let link = Link { from, to };
        from == to || (mesh.has_link(link) && shows(&mesh.shared_by(mesh.key_of(link)), name))
    };
    let finds = |on: Option<&ClusterSet>| {
        searchers(mesh, on).first().is_some_and(|from| clusters.iter().all(|to| sees(*from, to)))
    };
    let is_shared = |of: ClusterId| shows(&mesh.shared(of), name);
    let is_alone = mesh.count().get() == 1 && mesh.peers.is_empty();
    if is_alone || (mesh.clusters().all(is_shared) && finds(None)) {
        return format!("`mesh search {name}`");
    }
    if clusters.single().is_some() || (clusters.iter().all(is_shared) && finds(Some(clusters))) {
        return format!("`mesh search {name} --on {clusters}`");
    }
    // one that is not the first to be asked; of its own indices a search names only what it shares
    let finds_from = |from: &ClusterId| {
        let is_found = |to: ClusterId| sees(*from, to) && (to != *from || is_shared(to));
        unlinked(mesh, *from, clusters).is_none() && clusters.iter().all(is_found)
    };
    if let Some(from) = mesh.clusters().find(finds_from) {
        return format!("`mesh search {name} --on {clusters} --from {}`", from.number());
    }
    let first = clusters.iter().next().map_or(1, ClusterId::number);
    format!(
        "`mesh search {name} --on {first}`, and so with each other number: no cluster sees that of all {}",
        clusters.named()
    )
}

fn shows(shared: &[String], name: &str) -> bool {
    shared.iter().any(|share| covers(share, name))
}

/// `cluster03 does not see`, or `clusters 1-3 do not see`.
fn blind(clusters: &ClusterSet) -> String {
    let verb = if clusters.single().is_some() { "does" } else { "do" };
    format!("{} {verb} not see", clusters.named())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::{DataSet, Topology, per_cluster::read_set};

    fn shown(mesh: &Mesh, cluster: u8, index: &str) -> String {
        notes(mesh, &ClusterId::new(cluster).unwrap().into(), &index.parse().unwrap()).join("\n")
    }

    #[test]
    fn what_a_link_shares_by_a_list_of_its_own_is_changed_by_no_flag() {
        let mut mesh = Mesh::example(3);
        let links = serde_json::json!([
            { "from": "1", "to": "2", "share": ["logs-*"] },
            { "from": "3", "to": "2", "share": ["mesh-a", "local-data-set"] },
        ]);
        mesh.spec.topology = serde_json::from_value(links).unwrap();
        insta::assert_snapshot!(shown(&mesh, 2, "mesh-a"), @r"
        cluster01 does not see mesh-a of cluster02: a link with a `share` of its own shares that alone; `links` in the settings file change it: `mesh create -f FILE`
        find it: `mesh search mesh-a --on 2`
        ");
        insta::assert_snapshot!(shown(&mesh, 2, "hr"), @r"
        clusters 1,3 do not see hr of cluster02: a link with a `share` of its own shares that alone; `links` in the settings file change it: `mesh create -f FILE`
        find it: `mesh search hr --on 2`
        ");
        let links = serde_json::json!([
            { "from": "1", "to": "2-3" },
            { "from": "3", "to": "2", "share": ["mesh-a", "local-data-set"] },
        ]);
        mesh.spec.topology = serde_json::from_value(links).unwrap();
        assert_eq!(shown(&mesh, 2, "mesh-a"), "find it: `mesh search mesh-a`");
        insta::assert_snapshot!(shown(&mesh, 2, "hr"), @r"
        cluster01 does not see hr by its own name: cluster02 shares local-data-set, mesh*; `mesh create --share hr` shares it, too
        cluster03 does not see hr of cluster02 by its own name: a link with a `share` of its own shares that alone; `links` in the settings file change it: `mesh create -f FILE`
        find it: `mesh search hr --on 2`
        ");
    }

    #[test]
    fn the_search_that_is_named_finds_it() {
        let mut mesh = Mesh::example(2);
        assert_eq!(shown(&mesh, 2, "mesh-a"), "find it: `mesh search mesh-a`");
        mesh.set.insert(ClusterId::new(2).unwrap(), read_set("cluster02.share=hr").unwrap().settings);
        assert_eq!(shown(&mesh, 2, "hr"), "find it: `mesh search hr --on 2`", "cluster01 does not share it");
        mesh.spec.topology = Topology::None;
        assert_eq!(shown(&mesh, 2, "mesh-a"), "find it: `mesh search mesh-a --on 2`", "none searches it");
        let mut one = Mesh::example(1);
        one.spec.data_set = DataSet(false);
        assert_eq!(shown(&one, 1, "hr"), "find it: `mesh search hr`");
    }

    #[test]
    fn a_cluster_that_sees_all_of_it_is_named_though_another_would_be_asked_first() {
        let mut mesh = Mesh::example(3);
        let links = serde_json::json!([
            { "from": "1", "to": "2" },
            { "from": "1", "to": "3", "share": ["logs-*"] },
            { "from": "2", "to": "1,3" },
        ]);
        mesh.spec.topology = serde_json::from_value(links).unwrap();
        let index = "mesh-a".parse().unwrap();
        let found = |clusters: &ClusterSet| notes(&mesh, clusters, &index).pop().unwrap_or_default();
        let all = ClusterSet::first(3).unwrap();
        assert_eq!(found(&all), "find it: `mesh search mesh-a --on 1-3 --from 2`");
    }

    #[test]
    fn what_every_cluster_has_is_noted_for_each() {
        let all = ClusterSet::first(3).unwrap();
        let shown = |mesh: &Mesh| {
            let lines = notes(mesh, &all, &"mesh-a".parse().unwrap());
            lines.into_iter().chain([everything(mesh, &all, LOCAL)]).collect::<Vec<_>>().join("\n")
        };
        let mut mesh = Mesh::example(3);
        insta::assert_snapshot!(shown(&mesh), @r"
        find it: `mesh search mesh-a`
        all data of the mesh: `mesh search local-data-set`; for requests and data views: local-data-set,cluster*:local-data-set
        ");
        let links = serde_json::json!([{ "from": "2", "to": "1" }, { "from": "2", "to": "3", "share": ["logs-*"] }]);
        mesh.spec.topology = serde_json::from_value(links).unwrap();
        insta::assert_snapshot!(shown(&mesh), @r"
        cluster02 does not see mesh-a of cluster03: a link with a `share` of its own shares that alone; `links` in the settings file change it: `mesh create -f FILE`
        find it: `mesh search mesh-a --on 1`, and so with each other number: no cluster sees that of all clusters 1-3
        all data of the mesh: `mesh search local-data-set`; for requests and data views: local-data-set in clusters 1,3; local-data-set,cluster*:local-data-set in cluster02
        ");
        mesh.spec.topology = serde_json::from_value(serde_json::json!([{ "from": "2", "to": "1" }])).unwrap();
        let some = ClusterSet::first(2).unwrap();
        let found = |clusters: &ClusterSet| notes(&mesh, clusters, &"mesh-a".parse().unwrap()).join("\n");
        assert_eq!(found(&some), "find it: `mesh search mesh-a`");
        assert!(found(&all).starts_with("find it: `mesh search mesh-a --on 1`, and so with each other"));
    }
}
