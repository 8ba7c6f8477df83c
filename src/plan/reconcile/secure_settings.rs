//! The questions about the secure settings that come from files of the user's. Pure.

use std::collections::BTreeSet;

use super::Reconciler;
use crate::{
    mesh::{
        id::{ClusterId, ServiceId, ServiceKind},
        secure_settings::Managed,
    },
    plan::Step,
};

impl Reconciler<'_> {
    fn managed(&self, cluster: ClusterId) -> Option<&Managed> {
        self.files(cluster)?.managed.as_ref()
    }

    /// The names whose entries in the keystore are not those of the file, each with what is to become of it. Entries
    /// that the user put there by hand are no business of the file.
    fn secure_changes(&self, cluster: ClusterId) -> Vec<String> {
        let Some(wanted) = self.there.secure_settings.get(&cluster).and_then(|facts| facts.wanted()) else {
            return Vec::new();
        };
        let held = self.files(cluster).and_then(|files| files.keystore.as_ref());
        let entry = |name: &String| held.and_then(|held| held.get(name));
        let differing = wanted.iter().filter_map(|(name, digest)| match entry(name) {
            None => Some(format!("{name} (new)")),
            Some(found) if found != digest => Some(format!("{name} (changed)")),
            Some(_) => None,
        });
        let names = self.managed(cluster).into_iter().flat_map(|managed| &managed.names);
        let gone = names.filter(|name| !wanted.contains_key(*name) && entry(name).is_some());
        differing.chain(gone.map(|name| format!("{name} (removed)"))).collect()
    }

    /// Whether `keystore.json` tells which entries come from which file.
    fn secure_recorded(&self, cluster: ClusterId) -> bool {
        let Some(wanted) = self.there.secure_settings.get(&cluster).and_then(|facts| facts.wanted()) else {
            return true;
        };
        let names: BTreeSet<&String> = wanted.keys().collect();
        let path = self.mesh.settings(cluster).secure_settings.0.clone();
        match self.managed(cluster) {
            None => names.is_empty() && path.is_none(),
            Some(managed) => managed.names.iter().collect::<BTreeSet<_>>() == names && managed.path == path,
        }
    }

    /// Whether the container has not been started since its keystore was last changed.
    fn secure_unread(&self, cluster: ClusterId) -> bool {
        let started = self.there.containers.get(&cluster.first_node()).and_then(|found| found.started.as_ref());
        started.is_some() && self.managed(cluster).and_then(|managed| managed.unread.as_ref()) == started
    }

    /// Whether the server has to start again to have the settings of the file.
    pub(super) fn secure_outdated(&self, cluster: ClusterId) -> bool {
        self.secure_unread(cluster) || !self.secure_changes(cluster).is_empty()
    }

    /// Whether a service that runs and does not answer is a server that has to start again for them.
    pub(super) fn secure_needs_start(&self, service: ServiceId) -> bool {
        let cluster = service.cluster();
        service.kind() == ServiceKind::Elastic && self.server(cluster).is_none() && self.secure_outdated(cluster)
    }

    /// What is written before the server starts, or without it noticing.
    pub(super) fn secure_at_rest(&self, cluster: ClusterId) -> Option<Step> {
        let changes = self.secure_changes(cluster);
        let later = self.server(cluster).is_some() && self.secure_outdated(cluster);
        let differs = !changes.is_empty() || !self.secure_recorded(cluster);
        (differs && !later).then_some(Step::StoreSecureSettings { cluster, changes, restart: false })
    }

    /// What a server that serves is restarted for.
    pub(super) fn secure_in_service(&self, cluster: ClusterId) -> Option<Step> {
        let serves = self.server(cluster).is_some();
        (serves && self.secure_outdated(cluster)).then(|| {
            let changes = self.secure_changes(cluster);
            Step::StoreSecureSettings { cluster, changes, restart: true }
        })
    }
}
