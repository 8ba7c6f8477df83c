//! The stages of `mesh manage` for the mesh's own gateway. Pure.

use super::{Action, Lacking};
use crate::{
    facts::observed::{ContainerState, Observed},
    mesh::{Mesh, id::GATEWAY},
    plan::{GatewayStep, Plan, Step},
};

/// What the action needs and is not there.
pub(super) fn lacks(mesh: &Mesh, there: &Observed, action: Action) -> Option<Lacking> {
    let found = &there.gateway;
    let parts = match action {
        Action::Stop | Action::Down => false,
        Action::Up => there.network.is_none() || !found.files.present,
        Action::Start | Action::Restart => there.network.is_none(),
    };
    if parts {
        return Some(Lacking::Parts { clusters: mesh.cluster_set() });
    }
    let missing = matches!(action, Action::Start | Action::Restart) && found.container.is_none();
    missing.then(|| Lacking::Container { missing: mesh.gateway_name(), selected: GATEWAY.to_owned() })
}

pub(super) fn plan(mesh: &Mesh, there: &Observed, action: Action) -> Plan {
    let state = there.gateway.container.as_ref().map(|container| container.state);
    let up = state.is_some_and(ContainerState::is_up);
    let steps = |steps: &[GatewayStep]| steps.iter().cloned().map(Step::from).collect::<Vec<_>>();
    let start = match state {
        Some(ContainerState::Paused) => steps(&[GatewayStep::RestartContainer, GatewayStep::AwaitReady]),
        _ if up => Vec::new(),
        _ => steps(&[GatewayStep::StartContainer, GatewayStep::AwaitReady]),
    };
    let plan = Plan::of(mesh.name.as_ref());
    match action {
        Action::Stop => plan.stage("stop the gateway", up.then(|| GatewayStep::StopContainer.into())),
        Action::Down => plan.stage(
            "remove the gateway's container",
            state.map(|_| GatewayStep::RemoveContainer { differs: Vec::new() }.into()),
        ),
        Action::Start => plan.lanes("start the gateway", 1, start),
        Action::Up => plan
            .stage("prove the directory", state.is_none().then_some(Step::ProveDirectory))
            .stage("create containers", state.is_none().then(|| GatewayStep::CreateContainer.into()))
            .lanes("start the gateway", 1, start),
        Action::Restart => {
            plan.lanes("restart the gateway", 1, steps(&[GatewayStep::RestartContainer, GatewayStep::AwaitReady]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::ContainerFacts,
        mesh::part::Part,
        plan::manage::{Selection, select},
    };

    fn planned(state: Option<ContainerState>, action: Action) -> String {
        let mesh = Mesh::example(1).with_gateway("127.0.0.1:8443");
        let mut there = Observed::default();
        there.gateway.container = state.map(ContainerFacts::in_state);
        let selection = Selection::new(&mesh, Part::Gateway).unwrap();
        select(&mesh, &there, &selection, action).to_string()
    }

    #[test]
    fn the_gateway_alone_is_managed() {
        let running = Some(ContainerState::Running);
        insta::assert_snapshot!(planned(running, Action::Stop), @r"
        stop the gateway
          ~ container mesh-gateway
        ");
        insta::assert_snapshot!(planned(running, Action::Restart), @r"
        restart the gateway
          ~ container mesh-gateway
          ? the gateway answers
        ");
        insta::assert_snapshot!(planned(running, Action::Down), @r"
        remove the gateway's container
          - container mesh-gateway
        ");
        insta::assert_snapshot!(planned(None, Action::Up), @r"
        prove the directory
          ? Docker sees the mesh's directory
        create containers
          + container mesh-gateway
        start the gateway
          ~ container mesh-gateway
          ? the gateway answers
        ");
        insta::assert_snapshot!(planned(Some(ContainerState::Stopped), Action::Start), @r"
        start the gateway
          ~ container mesh-gateway
          ? the gateway answers
        ");
        assert_eq!(planned(running, Action::Start), "");
        assert_eq!(planned(None, Action::Stop), "");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let mesh = Mesh::example(1).with_gateway("127.0.0.1:8443");
        assert!(matches!(lacks(&mesh, &Observed::default(), Action::Start), Some(Lacking::Parts { .. })));
        assert_eq!(lacks(&mesh, &Observed::default(), Action::Stop), None);
        assert!(Selection::new(&Mesh::example(1), Part::Gateway).is_err(), "a mesh without one");
    }
}
