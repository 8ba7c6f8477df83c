//! Whether a mesh is in sync as far as a change of links, users or snapshots needs it: such a change starts no
//! container that was stopped on purpose, and deletes no data. Pure.

use super::{
    Deletion, Plan, Step, Subject, Transition, UserStep,
    reconcile::{PlanInputs, reconcile},
};
use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::{ContainerState, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, ServiceId},
        users::{RoleName, UserName},
    },
};

/// Something else would have to change first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} first: the mesh is out of sync")]
pub struct OutOfSync(String);

impl Explain for OutOfSync {
    fn exit(&self) -> Exit {
        Exit::Unhealthy
    }

    fn hint(&self) -> Option<String> {
        Some("`mesh create` brings the mesh to what was asked for; then type the same command again".to_owned())
    }
}

/// The way to a mesh that differs in links, users or roles alone: without a peer that is on its way out, for example.
pub fn without_restarts(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Result<Plan, OutOfSync> {
    if let Some(on) = mesh.clusters().find(|on| mesh.restores_users(*on)) {
        return Err(OutOfSync(format!("users that a snapshot brought back to {on} would be recorded")));
    }
    let plan = reconcile(mesh, there, inputs);
    require_untouched(mesh, there, &plan, |_| true)?;
    Ok(plan)
}

/// As [`without_restarts`], for a command that asks nothing: users and roles stay, too.
pub fn without_revocation(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Result<Plan, OutOfSync> {
    let plan = without_restarts(mesh, there, inputs)?;
    require_access_kept(&plan)?;
    Ok(plan)
}

/// # Errors
/// To bring the mesh in sync would start, stop or replace a container, delete data, or remove users or roles.
pub fn require_sync(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Result<(), OutOfSync> {
    without_revocation(mesh, there, inputs).map(drop)
}

/// # Errors
/// The plan removes users or roles.
pub(super) fn require_access_kept(plan: &Plan) -> Result<(), OutOfSync> {
    plan.removed_access().next().map_or(Ok(()), |what| Err(removed_first(&what)))
}

/// # Errors
/// The plan removes others than this user, or roles: but the role that reads what is shared goes with the last who has
/// it.
pub fn require_others_kept(plan: &Plan, user: &UserName) -> Result<(), OutOfSync> {
    let reader = RoleName::reader();
    let beyond = |names: &[String], own: &str| {
        let beyond: Vec<String> = names.iter().filter(|name| name.as_str() != own).cloned().collect();
        Some(beyond).filter(|names| !names.is_empty())
    };
    let removed = plan.steps().find_map(|step| match step {
        Step::Users(UserStep::RemoveUsers { on, users }) => {
            Some(UserStep::RemoveUsers { on: *on, users: beyond(users, user.as_str())? })
        }
        Step::Users(UserStep::RemoveRoles { on, roles }) => {
            Some(UserStep::RemoveRoles { on: *on, roles: beyond(roles, reader.as_str())? })
        }
        _ => None,
    });
    removed.map_or(Ok(()), |step| Err(removed_first(&step.describe().text)))
}

fn removed_first(what: &str) -> OutOfSync {
    OutOfSync(format!("{what} would be removed"))
}

/// # Errors
/// As [`require_sync`], but for services of this cluster.
pub fn require_others_in_sync(
    mesh: &Mesh,
    there: &Observed,
    inputs: &PlanInputs,
    of: ClusterId,
) -> Result<(), OutOfSync> {
    let plan = reconcile(mesh, there, inputs);
    require_untouched(mesh, there, &plan, |subject| subject.cluster() != Some(of))?;
    require_access_kept(&plan)
}

/// # Errors
/// The plan starts, stops or replaces a container, or deletes data, of what `counts`.
pub(super) fn require_untouched(
    mesh: &Mesh,
    there: &Observed,
    plan: &Plan,
    counts: impl Fn(&Subject) -> bool,
) -> Result<(), OutOfSync> {
    let other = plan.descriptions().filter(|step| counts(&step.subject)).find(|step| {
        let kibana = step.container == Some(Transition::Restarts);
        let continues = matches!(step.subject, Subject::Service(service) if continues(mesh, there, plan, service));
        (step.container.is_some() && !kibana && !continues) || step.deletes == Some(Deletion::Data)
    });
    other.map_or(Ok(()), |step| {
        let what = match step.subject {
            _ if step.deletes == Some(Deletion::Data) => format!("{} would be deleted", step.text),
            Subject::Service(service) => format!("{service} would have to be made, started or removed"),
            subject => format!("{subject} would be changed"),
        };
        Err(OutOfSync(what))
    })
}

/// Whether a join that was killed had begun to replace a container: its peer and its cluster's turn are recorded, and
/// the container is gone, not made anew yet, or was never started since.
fn continues(mesh: &Mesh, there: &Observed, plan: &Plan, service: ServiceId) -> bool {
    let Some(record) = there.record.as_ref().filter(|record| record.peers == mesh.peers) else { return false };
    let has_turn = record.clusters.get(&service.cluster()).is_some_and(|cluster| cluster.spans_machines);
    let is_new = there.containers.get(&service).is_some_and(|facts| facts.state == ContainerState::Created);
    has_turn && (is_new || plan.steps().any(|step| matches!(step, Step::CreateContainer(of) if *of == service)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::example::cluster;

    fn refused(step: Step, counts: impl Fn(&Subject) -> bool) -> String {
        let plan = Plan::of(None).stage("a stage", [step]);
        let refused = require_untouched(&Mesh::example(2), &Observed::default(), &plan, counts);
        refused.map_or_else(|refused| refused.to_string(), |()| "in sync".to_owned())
    }

    #[test]
    fn data_and_containers_are_left_alone() {
        let all = |_: &Subject| true;
        let start = || Step::StartContainer(cluster(2).first_node());
        let found = [refused(Step::RemoveFiles(cluster(3)), all), refused(start(), all), refused(Step::Record, all)];
        insta::assert_snapshot!(found.join("\n"), @r"
        directory of cluster03 with its data would be deleted first: the mesh is out of sync
        cluster02-elastic would have to be made, started or removed first: the mesh is out of sync
        in sync
        ");
        let but_of_second = |subject: &Subject| subject.cluster() != Some(cluster(2));
        assert_eq!(refused(start(), but_of_second), "in sync");
        assert_ne!(refused(Step::RemoveFiles(cluster(3)), but_of_second), "in sync");
    }
}
