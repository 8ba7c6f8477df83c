//! The plan of `mesh views rm`, and where a view is besides. Pure.

use super::{Plan, Step, ViewStep};
use crate::{
    facts::observed::Observed,
    mesh::{
        Mesh,
        cluster_set::ClusterSet,
        data_views::{ViewName, id_of},
        id::ClusterId,
    },
};

/// The mesh without a view, and the way there: it is forgotten when no Kibana has it, those included that had it before
/// it was asked for on fewer clusters. `None` for one that the mesh does not have.
pub fn without(mesh: &Mesh, view: &ViewName, there: &Observed) -> Option<(Mesh, Plan)> {
    let mut remaining = mesh.clone();
    let removed = remaining.views.remove(view)?;
    let holds = |on: &ClusterId| has(there, *on, view) || removed.shown_on(mesh).any(|shown| shown == *on);
    let removals = mesh.clusters().filter(holds).map(|on| ViewStep::Remove { on, view: view.to_string() }.into());
    let plan = Plan::of(mesh.name.as_ref())
        .stage("remove the data view", removals)
        .stage("record the mesh", Some(Step::Record));
    Some((remaining, plan))
}

/// The clusters whose Kibanas have a view that the mesh does not want there any more: it was asked for on fewer. It
/// stays, since dashboards may refer to it.
pub fn left_on(mesh: &Mesh, view: &ViewName, there: &Observed) -> Option<ClusterSet> {
    let wanted = |on: ClusterId| mesh.views.get(view).is_none_or(|view| view.is_on(on));
    ClusterSet::new(mesh.clusters().filter(|on| !wanted(*on) && has(there, *on, view)))
}

fn has(there: &Observed, on: ClusterId, view: &ViewName) -> bool {
    let found = there.kibana(on).and_then(|kibana| kibana.views.as_ref());
    found.is_some_and(|found| found.contains_key(&id_of(&view.to_string())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        facts::observed::{Answer, KibanaFacts, ViewFacts},
        mesh::{data_views::View, example::cluster},
    };

    #[test]
    fn a_view_is_removed_also_where_it_was_before_it_was_on_fewer_clusters() {
        let mut mesh = Mesh::example(3);
        let name: ViewName = "logs".parse().unwrap();
        let view = View { pattern: "logs-*".parse().unwrap(), on: ClusterSet::new([cluster(1)]) };
        mesh.views.insert(name.clone(), view);
        let found = ViewFacts { name: "logs".to_owned(), title: "logs-*".to_owned() };
        let views = Some(BTreeMap::from([(id_of("logs"), found)]));
        let second = Answer::Ready(KibanaFacts { certificate: String::new(), views });
        let there = Observed { kibanas: BTreeMap::from([(cluster(2), second)]), ..Observed::default() };
        assert_eq!(left_on(&mesh, &name, &there), ClusterSet::new([cluster(2)]));
        let everywhere = View { on: None, ..mesh.views[&name].clone() };
        let of_all = Mesh { views: BTreeMap::from([(name.clone(), everywhere)]), ..mesh.clone() };
        assert_eq!(left_on(&of_all, &name, &there), None);
        let (remaining, plan) = without(&mesh, &name, &there).unwrap();
        assert!(remaining.views.is_empty());
        insta::assert_snapshot!(plan, @r"
        remove the data view
          - data view logs of cluster01-kibana
          - data view logs of cluster02-kibana
        record the mesh
          ~ mesh.json
        ");
    }
}
