//! How an index that was loaded into is found, and which clusters do not see it. Pure: no I/O.

use super::IndexName;
use crate::{
    ask::search::searchers,
    mesh::{
        Mesh,
        cluster_set::ClusterSet,
        data_set::LOCAL,
        id::ClusterId,
        links::{Link, OWN_SHARE},
        pattern::covers,
    },
};

/// The notes about an index of a cluster: who does not see it and what changes that, and the search that finds it.
pub fn notes(mesh: &Mesh, cluster: ClusterId, index: &IndexName) -> Vec<String> {
    let name = index.to_string();
    let shows = |shared: &[String], name: &str| shared.iter().any(|share| covers(share, name));
    let by = |by_alias: bool| if by_alias && mesh.spec.data_set.0 { " by its own name" } else { "" };
    let (common, own) = mesh.searchers_by_list(cluster);
    let shared = mesh.shared(cluster);
    let shared_with = |from: ClusterId| mesh.shared_by(mesh.key_of(Link { from, to: cluster }));
    let mut notes = Vec::new();
    if let Some(common) = ClusterSet::new(common).filter(|_| !shows(&shared, &name)) {
        let who = if own.is_empty() { "other clusters do not see".to_owned() } else { blind(&common) };
        notes.push(format!(
            "{who} {name}{}: {cluster} shares {}; `mesh create {}` shares it, too",
            by(true),
            shared.join(", "),
            mesh.flags_to_share([cluster], &name)
        ));
    }
    if let Some(own) = ClusterSet::new(own.into_iter().filter(|from| !shows(&shared_with(*from), &name))) {
        let by_alias = own.iter().all(|from| shows(&shared_with(from), LOCAL));
        notes.push(format!("{} {name} of {cluster}{}: {OWN_SHARE}", blind(&own), by(by_alias)));
    }
    let is_reached = |from: ClusterId| {
        from == cluster || (mesh.has_link(Link { from, to: cluster }) && shows(&shared_with(from), &name))
    };
    let is_alone = mesh.count().get() == 1 && mesh.peers.is_empty();
    let is_shared_by_all = mesh.clusters().all(|of| shows(&mesh.shared(of), &name));
    let of_all = is_alone || (is_shared_by_all && searchers(mesh, None).first().is_some_and(|from| is_reached(*from)));
    let on = if of_all { String::new() } else { format!(" --on {}", cluster.number()) };
    notes.push(format!("find it: `mesh search {name}{on}`"));
    notes
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
        notes(mesh, ClusterId::new(cluster).unwrap(), &index.parse().unwrap()).join("\n")
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
}
