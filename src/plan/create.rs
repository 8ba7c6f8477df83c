//! The whole plan of `mesh create`: with the mesh that it replaces, and the clusters that are changed one by one. Pure.

use super::{
    Plan,
    access::{LostAccess, lost_access},
    reconcile::{PlanInputs, reconcile},
    remove::{remove, removed, replacing},
    rolling::{self, Turns},
};
use crate::facts::observed::Observed;
use crate::mesh::{Mesh, cluster::Discovery, id::ClusterId};

/// What a mesh follows.
#[derive(Debug)]
pub enum Before<'a> {
    Nothing,
    /// The mesh that is there, recorded or rebuilt: what it decided stays.
    Kept(&'a Mesh),
    /// What is there of a mesh that is removed first.
    Replaced(Box<Observed>),
}

/// A mesh that is to be, and the way to it.
#[derive(Debug)]
pub struct Creation {
    /// Clusters that have their turn later keep what they have until then.
    pub mesh: Mesh,
    /// What is there; what is replaced counts as the mesh's own, and what is offered of peers as kept.
    pub there: Observed,
    /// What is done before looking again.
    pub first: Plan,
    /// Everything that is done, if nothing happens meanwhile.
    pub whole: Plan,
    /// What clusters then have their turn for, one after the other.
    pub turns: Option<Turns>,
    /// What clusters that stay can no longer search.
    pub lost_access: Vec<LostAccess>,
    /// Clusters that serve, and are away while their only node restarts, so that others can join it.
    pub away: Vec<ClusterId>,
}

impl Creation {
    /// The way to `wanted`, whose clusters come to newer defaults one after the other where these were asked for.
    pub fn new(wanted: Mesh, there: Observed, before: &Before<'_>, inputs: &PlanInputs, new_defaults: bool) -> Self {
        let lost_access = match before {
            Before::Kept(kept) => lost_access(kept, &wanted),
            Before::Nothing | Before::Replaced(_) => Vec::new(),
        };
        let away = match before {
            Before::Kept(kept) => opened(kept, &wanted, &there),
            Before::Nothing | Before::Replaced(_) => Vec::new(),
        };
        let mesh = match before {
            Before::Kept(kept) => wanted.in_turns(kept, |cluster| there.server(cluster).is_some()),
            Before::Nothing | Before::Replaced(_) => wanted,
        };
        if let Before::Replaced(old) = before {
            let there = replacing(there, old);
            // images first: one that cannot be pulled must not be found missing when the old mesh is gone
            let plan =
                reconcile(&mesh, &removed(there.clone()), inputs).after(remove(old, inputs.keep_snapshots.as_deref()));
            let there = with_offered(there, inputs);
            return Self { mesh, there, first: plan.clone(), whole: plan, turns: None, lost_access, away };
        }
        let first = reconcile(&mesh, &there, inputs);
        let turns = Turns::of(&mesh, new_defaults);
        let whole = turns.map_or_else(|| first.clone(), |of| rolling::whole(&mesh, &there, inputs, of));
        Self { mesh, there: with_offered(there, inputs), first, whole, turns, lost_access, away }
    }
}

fn with_offered(mut there: Observed, inputs: &PlanInputs) -> Observed {
    there.peers.extend(inputs.offered.clone());
    there
}

/// The clusters that get more than their one node.
fn opened(kept: &Mesh, wanted: &Mesh, there: &Observed) -> Vec<ClusterId> {
    let is_alone = |cluster: &ClusterId| kept.discovery(*cluster) == Discovery::SingleNode;
    let opens = |cluster: &ClusterId| wanted.discovery(*cluster) == Discovery::SeedHosts;
    let serving = kept.clusters().filter(|cluster| there.server(*cluster).is_some());
    serving.filter(|cluster| is_alone(cluster) && opens(cluster)).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::facts::observed::{ContainerState, NetworkFacts, Orphan};

    fn create(before: &Before<'_>, there: Observed) -> Creation {
        let inputs = PlanInputs::new(datetime!(2026-11-26 12:00 UTC), 4);
        Creation::new(Mesh::example(1).without_kibana(), there, before, &inputs, false)
    }

    fn titles(plan: &Plan) -> Vec<&'static str> {
        plan.stages.iter().map(|stage| stage.title).collect()
    }

    #[test]
    fn a_mesh_that_is_replaced_goes_after_images_and_before_anything_else() {
        let network = NetworkFacts { id: "old".to_owned(), subnet: "10.213.0.0/24".to_owned() };
        let old = Observed {
            record: Some(Mesh::example(2)),
            network: Some(network.clone()),
            orphans: [("old".to_owned(), Orphan { state: ContainerState::Running, service: None })].into(),
            ..Observed::default()
        };
        let creation = create(&Before::Replaced(Box::new(old)), Observed { images: [].into(), ..Observed::default() });
        insta::assert_snapshot!(titles(&creation.whole)[..6].join("\n"), @r"
        prove the directory
        pull images
        remove containers
        remove the network
        remove the directory
        record the mesh
        ");
        assert_eq!(creation.first, creation.whole);
        assert_eq!(creation.there.network, Some(network), "its ports and addresses are not in the way");
        assert!(creation.whole.destroys() && creation.turns.is_none());
    }

    #[test]
    fn what_is_kept_loses_nothing() {
        let kept = Mesh::example(1).without_kibana();
        let there = Observed { record: Some(kept.clone()), ..Observed::default() };
        let creation = create(&Before::Kept(&kept), there);
        assert!(!creation.whole.destroys() && !titles(&creation.whole).contains(&"record the mesh"));
        let creation = create(&Before::Nothing, Observed::default());
        assert!(titles(&creation.whole).contains(&"record the mesh"));
    }
}
