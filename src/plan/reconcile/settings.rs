//! The questions about configuration files: which are as the image and the templates make them. Pure.

use super::Reconciler;
use crate::mesh::id::{NodeId, ServiceId};

impl Reconciler<'_> {
    /// Whether the configuration directory was filled from the image that is wanted. Where that is not recorded, it
    /// is when it has to be: while the image can still be compared with.
    pub(super) fn seed_good(&self, service: ServiceId) -> bool {
        let Some(files) = self.service_files(service).filter(|files| files.seeded) else {
            return false;
        };
        let image_gone = || !self.there.images.contains(&self.mesh.image(service));
        match &files.seed {
            Some(seed) => seed.version == self.mesh.version(service.cluster()) && seed.missing.is_empty(),
            None => !self.container_stale(service) && image_gone(),
        }
    }

    /// Whether the files that are made from templates are there, word for word.
    pub(super) fn settings_good(&self, service: ServiceId) -> bool {
        self.written.contains(&service)
    }

    /// Computes what [`Self::settings_good`] remembers.
    pub(super) fn are_settings_written(&self, service: ServiceId) -> bool {
        let (Some(files), Some(credentials)) = (self.service_files(service), &self.there.credentials) else {
            return false;
        };
        let options_good = |node: NodeId| {
            let files = self.node_files(node);
            let options = files.and_then(|files| files.jvm_options.as_ref());
            let hosts = files.and_then(|files| files.seed_hosts.as_ref());
            self.mesh.render_jvm_options(node).is_ok_and(|wanted| options == Some(&wanted))
                && self.mesh.seed_hosts(node.cluster).is_none_or(|wanted| hosts == Some(&wanted))
        };
        let wanted = || self.mesh.render_settings(service, credentials, self.formation(service.cluster()));
        self.seeded_by_version(service)
            && service.node().is_none_or(options_good)
            && wanted().is_ok_and(|wanted| files.settings.as_ref() == Some(&wanted))
    }

    /// Whether those files say what is wanted, in whatever words: a service that runs need not read them again.
    pub(super) fn settings_in_force(&self, service: ServiceId) -> bool {
        let unchanged = || {
            let made_from = self.mesh.made_from(service, self.there.credentials.as_ref()?).ok()?;
            let settings = self.mesh.parsed_settings(service, self.there.credentials.as_ref()?).ok()?;
            let same = self.settings_on_disk(service)? == settings;
            Some(same && self.options_on_disk(service)? == made_from.jvm_options)
        };
        self.settings_good(service) || (self.seeded_by_version(service) && unchanged().unwrap_or(false))
    }

    /// Whether the image's own files are there, of the version that is wanted where that was written down.
    pub(super) fn seeded_by_version(&self, service: ServiceId) -> bool {
        let version = self.mesh.version(service.cluster());
        self.service_files(service)
            .is_some_and(|files| files.seeded && files.seed.as_ref().is_none_or(|seed| seed.version == version))
    }
}
