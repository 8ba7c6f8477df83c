//! WHAT MUST CHANGE. Pure: ([`Mesh`](crate::mesh::Mesh), [`Observed`](crate::facts::observed::Observed)) → [`Plan`].
//!
//! A plan is data in ordered stages: it can be shown, compared and tested, and it holds no secret and no choice.

pub mod access;
mod boot;
#[cfg(test)]
mod converge;
pub mod create;
pub mod data;
mod describe;
mod description;
mod gateway_step;
mod guest_step;
pub mod guests;
pub mod join;
pub mod leaving;
mod link_step;
pub mod manage;
mod node_step;
mod peer_step;
pub mod permissions;
pub mod reconcile;
pub mod remove;
pub mod renew;
mod revoked;
pub mod rolling;
mod round;
mod snapshot_step;
pub mod snapshots;
mod step;
pub mod sync;
mod token_step;
pub mod tokens;
mod trust_step;
mod turns;
pub mod upgrade;
mod user_step;
pub mod users;
mod view_step;
pub mod views;

use std::{collections::BTreeSet, fmt};

use self::boot::links_touching;
pub use self::{
    description::{Deletion, Description, Effect, Subject, Transition},
    gateway_step::GatewayStep,
    guest_step::GuestStep,
    link_step::LinkStep,
    node_step::NodeStep,
    peer_step::PeerStep,
    revoked::Revoked,
    round::Round,
    snapshot_step::{Restoration, SnapshotStep},
    step::Step,
    token_step::TokenStep,
    trust_step::TrustStep,
    user_step::UserStep,
    view_step::ViewStep,
};
use crate::mesh::{Mesh, id::ClusterId, name::MeshName};

/// Which steps of a stage may run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// All of them: none depends on another.
    Together,
    /// Those of one cluster one after the other, and so many clusters at a time.
    ByCluster { at_once: usize },
}

/// Steps between two points where everybody waits for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// In the imperative, lower case: `create containers`.
    pub title: &'static str,
    pub steps: Vec<Step>,
    pub order: Order,
}

impl Stage {
    /// Its steps in groups: in order within one, and no group depends on another.
    pub fn lanes(&self) -> Vec<&[Step]> {
        // no subject's cluster depends on the name of the mesh
        let cluster = |step: &Step| step.describe(None).subject.cluster();
        match self.order {
            Order::Together => self.steps.iter().map(std::slice::from_ref).collect(),
            Order::ByCluster { .. } => self.steps.chunk_by(|one, next| cluster(one) == cluster(next)).collect(),
        }
    }

    /// Whether it only looks at the machine, or pulls or tries images, which changes nothing of a mesh.
    pub fn prepares(&self) -> bool {
        self.steps.iter().all(|step| step.describe(None).prepares)
    }
}

/// All that has to be done, stage after stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The name of the mesh, which is part of the names of containers and of the network.
    pub mesh: Option<MeshName>,
    pub stages: Vec<Stage>,
}

impl Plan {
    /// An empty plan for a mesh with this name or without one.
    pub fn of(mesh: Option<&MeshName>) -> Self {
        Self { mesh: mesh.cloned(), stages: Vec::new() }
    }

    /// Adds a stage at the end, unless there is nothing to do in it.
    #[must_use]
    pub fn stage(self, title: &'static str, steps: impl IntoIterator<Item = Step>) -> Self {
        self.ordered(title, Order::Together, steps)
    }

    /// Adds a stage at the end whose steps are taken cluster by cluster.
    #[must_use]
    pub fn lanes(self, title: &'static str, at_once: usize, steps: impl IntoIterator<Item = Step>) -> Self {
        self.ordered(title, Order::ByCluster { at_once }, steps)
    }

    fn ordered(mut self, title: &'static str, order: Order, steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: Vec<Step> = steps.into_iter().collect();
        if !steps.is_empty() {
            self.stages.push(Stage { title, steps, order });
        }
        self
    }

    /// The other plan, and then this one; but what prepares this one comes before either, since it can fail and changes
    /// nothing.
    #[must_use]
    pub fn after(self, first: Plan) -> Self {
        let (preparing, rest): (Vec<Stage>, Vec<Stage>) = self.stages.into_iter().partition(Stage::prepares);
        Self { stages: preparing.into_iter().chain(first.stages).chain(rest).collect(), ..self }
    }

    /// These stages, with those of `other` once everything is prepared and before anything of the mesh changes.
    #[must_use]
    pub fn once_prepared(mut self, other: Plan) -> Self {
        let at = self.stages.iter().position(|stage| !stage.prepares()).unwrap_or(self.stages.len());
        self.stages.splice(at..at, other.stages);
        self
    }

    /// What it does for one cluster of several nodes, and for the mesh as a whole; then the links of others to that
    /// cluster are proved.
    #[must_use]
    pub(super) fn turn_of(self, mesh: &Mesh, cluster: ClusterId) -> Self {
        let of_others = |step: &Step| step.describe(None).subject.cluster().is_some_and(|of| of != cluster);
        let plan = self.without(of_others);
        let proved: Vec<Step> = plan.steps().cloned().collect();
        let links = links_touching(mesh, |of| of == cluster, |_| true).into_iter();
        plan.stage("prove links", links.filter(|link| !proved.contains(link)))
    }

    /// These stages, and then those of another plan.
    #[must_use]
    pub fn then(mut self, next: Plan) -> Self {
        self.stages.extend(next.stages);
        self
    }

    /// The steps but those that are not wanted.
    #[must_use]
    pub(super) fn without(self, unwanted: impl Fn(&Step) -> bool) -> Self {
        let rest = |Stage { title, steps, order }| {
            let steps: Vec<Step> = steps.into_iter().filter(|step| !unwanted(step)).collect();
            Some(Stage { title, steps, order }).filter(|stage| !stage.steps.is_empty())
        };
        Self { stages: self.stages.into_iter().filter_map(rest).collect(), ..self }
    }

    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    pub fn descriptions(&self) -> impl Iterator<Item = Description> {
        self.steps().map(|step| step.describe(self.mesh.as_ref()))
    }

    /// How many containers of services undergo the change.
    pub fn count(&self, transition: Transition) -> usize {
        let of_service = |step: &Description| matches!(step.subject, Subject::Service(_) | Subject::Gateway);
        self.descriptions().filter(|step| of_service(step) && step.container == Some(transition)).count()
    }

    /// Whether something stops that is to start again.
    pub fn restarts(&self) -> bool {
        use Transition::{Creates, Removes, Restarts, Starts, Stops};
        let any = |transitions: &[Transition]| transitions.iter().any(|transition| self.count(*transition) > 0);
        any(&[Restarts]) || (any(&[Stops, Removes]) && any(&[Starts, Creates]))
    }

    /// The paths in the mesh's directory that it deletes with all that lies below; the directory itself is the empty
    /// one.
    pub fn deleted_paths(&self) -> impl Iterator<Item = String> {
        self.steps().filter_map(|step| match step {
            Step::RemoveDirectory => Some(String::new()),
            Step::RemoveFiles(cluster) => Some(cluster.to_string()),
            _ => None,
        })
    }

    /// Whether it deletes the directory of a cluster, alone or with that of the mesh.
    pub fn deletes(&self, cluster: ClusterId) -> bool {
        self.steps().any(|step| match step {
            Step::RemoveDirectory => true,
            Step::RemoveFiles(of) => *of == cluster,
            _ => false,
        })
    }

    /// The first of these paths that is not among those that were agreed to.
    pub fn deleted_beyond(&self, agreed: &BTreeSet<String>) -> Option<String> {
        self.deleted_paths().find(|path| !agreed.contains(path))
    }

    /// The steps that leave indices with fewer replicas than their owners asked for.
    pub fn lowered_replicas(&self) -> impl Iterator<Item = Description> {
        let lowers = |step: &&Step| matches!(step, Step::Nodes(NodeStep::LowerReplicas { .. }));
        self.steps().filter(lowers).map(|step| step.describe(self.mesh.as_ref()))
    }

    /// The users and roles that it removes: `users of cluster01: anna`.
    pub fn removed_access(&self) -> impl Iterator<Item = String> {
        let removing = self.steps().filter(|step| step.takes_access_away());
        removing.map(|step| step.describe(self.mesh.as_ref()).text)
    }

    /// Whether carrying it out deletes data.
    pub fn destroys(&self) -> bool {
        self.descriptions().any(|step| step.deletes == Some(Deletion::Data))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for stage in &self.stages {
            write!(f, "{}", stage.title)?;
            match stage.order {
                Order::ByCluster { at_once: 1 } if stage.lanes().len() > 1 => writeln!(f, ", one cluster at a time")?,
                Order::ByCluster { at_once } if at_once < stage.lanes().len() => {
                    writeln!(f, ", {at_once} clusters at a time")?;
                }
                _ => writeln!(f)?,
            }
            for step in &stage.steps {
                let Description { effect, text, .. } = step.describe(self.mesh.as_ref());
                writeln!(f, "  {} {text}", effect.sign())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::example::cluster;

    #[test]
    fn what_was_not_agreed_to_is_found_in_a_later_plan() {
        let deleting = |numbers: &[u8]| {
            let steps = numbers.iter().map(|number| Step::RemoveFiles(cluster(*number)));
            Plan::of(None).stage("remove clusters", steps.collect::<Vec<_>>())
        };
        let agreed: BTreeSet<String> = deleting(&[3, 4]).deleted_paths().collect();
        assert_eq!(deleting(&[4]).deleted_beyond(&agreed), None);
        assert_eq!(deleting(&[4, 5]).deleted_beyond(&agreed), Some("cluster05".to_owned()));
        let all = Plan::of(None).stage("remove the directory", [Step::RemoveDirectory]);
        assert_eq!(all.deleted_beyond(&agreed), Some(String::new()));
        assert_eq!(deleting(&[4]).deleted_beyond(&BTreeSet::new()), Some("cluster04".to_owned()));
    }
}
