//! Runs that end anywhere on their way: every state that they would leave. Pure.

use std::collections::BTreeSet;

use super::{
    model::{Model, inputs},
    orders,
};
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, id::ClusterId},
    plan::{Plan, Round, Step, reconcile::PlanInputs},
};

/// A run, as the states before its first step and after each.
pub(super) struct Walk(Vec<Model>);

impl Walk {
    /// The states of a run that does not come to its end, from the one where it begins. A proof leaves none of its own.
    pub(super) fn stops(&self) -> Vec<&Model> {
        let mut states: Vec<&Model> = self.0[..self.0.len() - 1].iter().collect();
        states.dedup();
        states
    }

    /// All states, the end among them.
    pub(super) fn states(&self) -> &[Model] {
        &self.0
    }

    pub(super) fn end(mut self) -> Model {
        self.0.pop().expect("should begin somewhere")
    }
}

impl Model {
    /// The states in which a run of a plan may stop, in either order of its steps, and the one at its end, each once.
    pub(super) fn states_of(&self, mesh: &Mesh, plan: &Plan) -> Vec<Self> {
        let [mut states, others] = orders(plan).map(|steps| self.walk(mesh, steps).0);
        // after as many steps, the two orders meet in places
        let apart = others.into_iter().zip(&states).filter(|(other, state)| other != *state);
        let apart: Vec<Self> = apart.map(|(other, _)| other).collect();
        states.extend(apart);
        states.dedup();
        states
    }

    /// Carries out steps of one plan.
    pub(super) fn walk<'a>(&self, mesh: &Mesh, steps: impl IntoIterator<Item = &'a Step>) -> Walk {
        let mut states = vec![self.clone().carry_out_all(mesh, [])];
        for step in steps {
            let mut next = states[states.len() - 1].clone();
            next.carry_out(mesh, step);
            states.push(next);
        }
        Walk(states)
    }

    /// Carries out rounds until there is none, as commands do that take one cluster after the other: at most one
    /// cluster is down at a time, or those that were down before.
    pub(super) fn rounds(&self, mut mesh: Mesh, next: impl Fn(&Mesh, &Observed, &PlanInputs) -> Option<Round>) -> Walk {
        let down = |model: &Self, mesh: &Mesh| -> BTreeSet<ClusterId> {
            mesh.clusters().filter(|cluster| !model.runs(*cluster)).collect()
        };
        let most = down(self, &mesh).len().max(1);
        let (mut states, mut repaired) = (vec![self.clone()], 0);
        while let Some(round) = next(&mesh, &states[states.len() - 1].observe_for(&mesh), &inputs()) {
            repaired = if round.cluster.is_some() { 0 } else { repaired + 1 };
            assert!(repaired < 4, "still to do after three rounds:\n{}", round.plan);
            let of_round = states[states.len() - 1].walk(&round.mesh, round.plan.steps());
            for (state, step) in of_round.0.into_iter().skip(1).zip(round.plan.steps()) {
                let down = down(&state, &mesh);
                assert!(down.len() <= most, "{down:?} should not be down at once: {step:?}");
                states.push(state);
            }
            mesh = round.mesh;
        }
        Walk(states)
    }

    /// The data of every cluster that is in both is that of `before`.
    pub(super) fn assert_keeps_data_of(&self, before: &Self) {
        for (cluster, server) in &before.servers {
            if let Some(now) = self.servers.get(cluster) {
                assert_eq!(now.born, server.born, "the data of {cluster} should survive");
            }
        }
    }

    /// Every cluster has the data and the API keys that it had `before`.
    pub(super) fn assert_keeps_data_and_keys_of(&self, before: &Self) {
        self.assert_keeps_data_of(before);
        for (cluster, server) in &before.servers {
            assert_eq!(self.servers[cluster].keys, server.keys, "{cluster} should keep its keys");
        }
    }
}
