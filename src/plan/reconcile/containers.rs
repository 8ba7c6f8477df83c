//! The questions about containers: which are in sync, and how the others differ. Pure.

use std::net::IpAddr;

use super::Reconciler;
use crate::{
    facts::observed::{ContainerFacts, ContainerState},
    mesh::{
        credentials::Credentials,
        fingerprint::{MadeFrom, UNKNOWN_CHANGE, is_of_this_scheme},
        id::ServiceId,
        render::INITIAL_MASTER_NODES,
        rendered::{self, Settings},
    },
    plan::Step,
};

impl Reconciler<'_> {
    /// Whether the container is missing, or made from something else than what is wanted.
    pub(super) fn container_stale(&self, service: ServiceId) -> bool {
        self.stale.contains(&service)
    }

    /// Computes what [`Self::container_stale`] remembers.
    pub(super) fn is_stale(&self, service: ServiceId) -> bool {
        let (Some(container), Some(credentials)) = (self.there.containers.get(&service), &self.there.credentials)
        else {
            return true;
        };
        self.network_stale()
            || self.in_another_network(container)
            || container.lacks_network()
            || container.address.is_some_and(|address| Some(address) != self.address(service))
            || !self
                .mesh
                .made_from(service, credentials)
                .is_ok_and(|wanted| self.is_made_from(service, container, &wanted, credentials))
    }

    fn address(&self, service: ServiceId) -> Option<IpAddr> {
        self.mesh.place(service).map(|place| place.address.into())
    }

    pub(super) fn in_another_network(&self, container: &ContainerFacts) -> bool {
        // Docker looks the network up when it starts a container, and names no id before
        let started = container.state != ContainerState::Created;
        self.there.network.as_ref().is_some_and(|network| started && !container.is_in(network))
    }

    fn is_made_from(
        &self,
        service: ServiceId,
        container: &ContainerFacts,
        wanted: &MadeFrom,
        credentials: &Credentials,
    ) -> bool {
        let inspected = wanted.container.as_inspected();
        let Some(fingerprint) = &container.fingerprint else { return false };
        if is_of_this_scheme(fingerprint) {
            // it may have been made by hand, with the labels of another
            let by_hand = container.made.as_ref().is_some_and(|made| made.fixed != inspected.fixed);
            return *fingerprint == wanted.fingerprint() && !by_hand;
        }
        // the label of another scheme cannot be compared: what Docker tells of the container, and the files that it
        // mounts, can
        let made_so = container
            .made
            .as_ref()
            .is_some_and(|made| made.fixed == inspected.fixed && made.limits.has_memory_of(&inspected.limits));
        made_so
            && self.options_on_disk(service).is_some_and(|options| options == wanted.jvm_options)
            && self
                .mesh
                .parsed_settings(service, credentials)
                .is_ok_and(|wanted| self.settings_on_disk(service) == Some(wanted))
    }

    /// What the service's configuration file says; `None` where there is none, or it is not YAML. What founds a cluster
    /// is not among it: a server does not read it again.
    pub(super) fn settings_on_disk(&self, service: ServiceId) -> Option<Settings> {
        let settings = Settings::parse(self.service_files(service)?.settings.as_ref()?.expose()).ok()?;
        Some(settings.without(INITIAL_MASTER_NODES))
    }

    /// The JVM options that the service has on top of its image's own.
    pub(super) fn options_on_disk(&self, service: ServiceId) -> Option<Vec<String>> {
        match service {
            ServiceId::Node(node) => Some(rendered::jvm_options(self.node_files(node)?.jvm_options.as_ref()?)),
            ServiceId::Kibana(_) => Some(Vec::new()),
        }
    }

    /// The differences between a container and the one that replaces it, as far as Docker and the files on disk tell: a
    /// fingerprint tells only that there are some.
    fn differences(&self, service: ServiceId) -> Vec<String> {
        let (Some(container), Some(credentials)) = (self.there.containers.get(&service), &self.there.credentials)
        else {
            return Vec::new();
        };
        let mut found = Vec::new();
        if self.network_stale() || self.in_another_network(container) {
            found.push("new network".to_owned());
        } else if container.lacks_network() {
            found.push("not attached to its network".to_owned());
        }
        if let (Some(has), Some(wanted)) = (container.address, self.address(service))
            && has != wanted
        {
            found.push(format!("address {has} → {wanted}"));
        }
        let Ok(wanted) = self.mesh.made_from(service, credentials) else { return found };
        if self.is_made_from(service, container, &wanted, credentials) {
            return found;
        }
        let before = found.len();
        if let Some(made) = &container.made {
            found.extend(made.differences(&wanted.container.as_inspected()));
        }
        if let (Some(has), Ok(wanted)) =
            (self.settings_on_disk(service), self.mesh.parsed_settings(service, credentials))
        {
            found.extend(has.changes(&wanted));
        }
        if let Some(has) = self.options_on_disk(service) {
            found.extend(rendered::option_changes(&has, &wanted.jvm_options));
        }
        if found.len() == before {
            found.push(UNKNOWN_CHANGE.to_owned());
        }
        found
    }

    /// What `docker update` changed is changed back.
    pub(super) fn limits(&self, service: ServiceId) -> Option<Step> {
        let from = &self.there.containers.get(&service)?.made.as_ref()?.limits;
        let to = self.mesh.container(service)?.limits;
        let differ = !self.container_stale(service) && !from.changes(&to).is_empty();
        differ.then(|| Step::UpdateContainer { service, from: Box::new(from.clone()), to: Box::new(to) })
    }

    /// What takes a container away for another one.
    pub(super) fn removal(&self, service: ServiceId) -> Step {
        Step::RemoveContainer { service, differs: self.differences(service) }
    }

    pub(super) fn removals(&self) -> Vec<Step> {
        let step = |service: ServiceId| match (self.mesh.has(service), self.container_stale(service)) {
            (false, _) => Some(Step::remove(service)),
            (true, true) => Some(self.removal(service)),
            (true, false) => None,
        };
        let stays = |service: &ServiceId| self.has_its_turn(*service) || self.cannot_leave(*service);
        let services = self.there.containers.keys().copied().filter(|service| !stays(service)).filter_map(step);
        services
            .chain(self.gateway_removal())
            .chain(self.there.orphans.keys().cloned().map(Step::RemoveOrphan))
            .collect()
    }
}
