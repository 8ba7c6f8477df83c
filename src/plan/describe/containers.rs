//! The descriptions of steps that change a container, and of the wait for a service in it. Pure.

use super::{removes, waits};
use crate::{
    mesh::{
        container::Limits,
        id::ServiceId,
        name::{MeshName, container_name},
    },
    plan::{Deletion, Description, Effect, Subject, Transition},
};

/// The container of a service, which steps are about.
pub(super) struct Container<'m> {
    pub mesh: Option<&'m MeshName>,
    pub service: ServiceId,
}

impl Container<'_> {
    fn step(&self, effect: Effect, code: &'static str, why: &'static str) -> Description {
        let text = format!("container {}", container_name(self.mesh, self.service));
        Description::new(effect, code, Subject::Service(self.service), text, why)
    }

    pub(super) fn create(&self) -> Description {
        let why = "the service has no container, or one that is made from something else";
        self.step(Effect::Adds, "create-container", why).container(Transition::Creates)
    }

    pub(super) fn update(&self, from: &Limits, to: &Limits) -> Description {
        let why = "its limits are not those that were decided";
        self.step(Effect::Changes, "update-container", why).differing(from.changes(to))
    }

    pub(super) fn start(&self) -> Description {
        let why = "it does not run";
        self.step(Effect::Changes, "start-container", why).container(Transition::Starts).brings_up()
    }

    pub(super) fn stop(&self) -> Description {
        let why = "it is to stop, or another takes its place";
        self.step(Effect::Changes, "stop-container", why).container(Transition::Stops)
    }

    pub(super) fn restart(&self) -> Description {
        let why = "it is halted, keeps ending, or runs with earlier settings or certificates";
        self.step(Effect::Changes, "restart-container", why).container(Transition::Restarts).brings_up()
    }

    pub(super) fn remove(&self, differs: &[String]) -> Description {
        let why = "it is not wanted any more, or another takes its place";
        self.step(Effect::Removes, "remove-container", why)
            .differing(differs.to_vec())
            .container(Transition::Removes)
            .deletes(Deletion::Replaceable)
    }
}

pub(super) fn remove_orphan(name: &str) -> Description {
    let text = format!("container {name}, left by an earlier run");
    let why = "it belongs to this mesh and to none of its services";
    removes("remove-stray", Subject::Orphan(name.to_owned()), text, why)
        .container(Transition::Removes)
        .deletes(Deletion::Replaceable)
        .belongs_to_upgrade()
}

pub(super) fn await_ready(service: ServiceId) -> Description {
    let why = "what follows needs it, and one that cannot start is reported with its cause";
    waits("await-ready", Subject::Service(service), format!("{service} answers"), why).brings_up()
}
