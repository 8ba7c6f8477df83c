//! The questions about the mesh's own gateway. Pure.
//!
//! Its files tell whose certificates it is to believe, so they are written after each change of an authority, and nginx
//! reads them again before a service shows a certificate of another one.

use std::{collections::BTreeMap, net::IpAddr};

use time::Duration;

use super::Reconciler;
use crate::{
    facts::{
        gateway::{GatewayFacts, GatewayFiles, GivenIdentity},
        observed::{Answer, ContainerState},
    },
    mesh::{
        certs::{self, Authority},
        container::Container,
        fingerprint::UNKNOWN_CHANGE,
        gateway::own_files::{Contents, OwnFiles},
        id::ClusterId,
        secret::Secret,
    },
    plan::{GatewayStep, Step, renew::GatewayRenewal},
};

impl Reconciler<'_> {
    fn gateway(&self) -> &GatewayFacts {
        &self.there.gateway
    }

    fn gateway_on_disk(&self) -> &GatewayFiles {
        &self.there.gateway.files
    }

    /// Whether its container is missing, or made from something else than what is wanted.
    pub(super) fn gateway_stale(&self) -> bool {
        self.mesh.gateway.is_some() && self.gateway_differences().is_none_or(|differences| !differences.is_empty())
    }

    /// In what its container differs from what is wanted; `None` where there is none.
    fn gateway_differences(&self) -> Option<Vec<String>> {
        let (found, wanted) = (self.gateway().container.as_ref()?, self.mesh.gateway_made_from()?);
        let mut differences = Vec::new();
        if self.network_stale() || self.in_another_network(found) {
            differences.push("new network".to_owned());
        } else if found.lacks_network() {
            differences.push("not attached to its network".to_owned());
        }
        let address = self.mesh.gateway.as_ref().map(|own| IpAddr::from(own.address));
        if let (Some(has), Some(wanted)) = (found.address, address)
            && has != wanted
        {
            differences.push(format!("address {has} → {wanted}"));
        }
        let inspected = wanted.container.as_inspected();
        let differs =
            |made: &Container| made.fixed != inspected.fixed || !made.limits.changes(&inspected.limits).is_empty();
        let by_hand = found.made.as_ref().is_some_and(differs);
        if found.fingerprint.as_ref() == Some(&wanted.fingerprint()) && !by_hand {
            return Some(differences);
        }
        let made = found.made.as_ref().map(|made| made.differences(&inspected)).unwrap_or_default();
        differences.extend(made);
        if differences.is_empty() {
            differences.push(UNKNOWN_CHANGE.to_owned());
        }
        Some(differences)
    }

    pub(super) fn gateway_image(&self) -> Option<Step> {
        let image = self.mesh.gateway_image().filter(|_| self.gateway_stale())?;
        (!self.there.images.contains(&image)).then_some(Step::PullImage(image))
    }

    /// What is taken away, with the container, if it is not as it is to be.
    pub(super) fn gateway_removal(&self) -> Option<Step> {
        self.gateway().container.as_ref()?;
        if self.mesh.gateway.is_none() {
            return Some(GatewayStep::RemoveContainer { differs: Vec::new() }.into());
        }
        let differs = self.gateway_differences().filter(|differs| !differs.is_empty())?;
        Some(GatewayStep::RemoveContainer { differs }.into())
    }

    pub(super) fn gateway_files_removal(&self) -> Option<Step> {
        (self.mesh.gateway.is_none() && self.gateway_on_disk().present).then(|| GatewayStep::RemoveFiles.into())
    }

    fn gateway_authority_good(&self) -> bool {
        let files = self.gateway_on_disk();
        files.authority.as_ref().zip(files.authority_key.as_ref()).is_some_and(|(certificate, key)| {
            Authority::open(certificate, key).is_ok() && self.lasts(certificate, certs::MARGIN)
        })
    }

    pub(super) fn gateway_authority(&self) -> Option<Step> {
        let asked = self.renewal.gateway == Some(GatewayRenewal::Authority);
        let issues = self.mesh.has_gateway_authority() && (asked || !self.gateway_authority_good());
        issues.then(|| GatewayStep::IssueAuthority.into())
    }

    /// The authority of the gateway that browsers are to trust; `Err` while it has yet to be issued.
    pub(super) fn trusted_gateway(&self) -> Result<Option<&str>, ()> {
        match (self.mesh.has_gateway_authority(), self.gateway_authority()) {
            (false, _) => Ok(None),
            (true, None) => Ok(self.gateway_on_disk().authority.as_deref()),
            (true, Some(_)) => Err(()),
        }
    }

    /// Whether its own certificate has all its names, and lasts as long as that from now.
    pub(super) fn gateway_certificate_good(&self, margin: Duration) -> bool {
        let files = self.gateway_on_disk();
        let good = || {
            let (certificate, key) = (files.certificate.as_ref()?, files.certificate_key.as_ref()?);
            let (facts, names) = (certs::examine(certificate).ok()?, self.mesh.gateway_names()?);
            certs::verify_trusted(certificate, Some(key), files.authority.as_ref()?, self.inputs.now).ok()?;
            Some(facts.dns == names.dns && facts.ip == names.ip && self.lasts(certificate, margin))
        };
        self.gateway_authority_good() && good().unwrap_or(false)
    }

    /// A user's certificate that cannot be read now leaves the one that the gateway has.
    pub(super) fn gateway_certificate(&self) -> Option<Step> {
        self.mesh.gateway.as_ref()?;
        let files = self.gateway_on_disk();
        match &self.gateway().given {
            Some(Ok(GivenIdentity { certificate, key })) => {
                let has =
                    files.certificate.as_ref() == Some(certificate) && files.certificate_key.as_ref() == Some(key);
                (!has).then(|| GatewayStep::TakeCertificate.into())
            }
            None if self.mesh.has_gateway_authority() => {
                let good = self.gateway_certificate_good(self.least_left(certs::MARGIN));
                let issues = self.renewal.gateway.is_some() || !good;
                issues.then(|| GatewayStep::IssueCertificate.into())
            }
            Some(Err(_)) | None => None,
        }
    }

    /// Its files as they are to be; `None` while something of them has yet to be issued.
    fn wanted_gateway_files(&self) -> Option<OwnFiles> {
        if self.gateway_certificate().is_some() {
            return None;
        }
        self.gateway_files_with(|cluster| self.wanted_trust(cluster))
    }

    /// Its files with the certificate that is there, and for each cluster these authorities.
    pub(super) fn gateway_files_with(&self, trusted: impl Fn(ClusterId) -> Option<String>) -> Option<OwnFiles> {
        let files = self.gateway_on_disk();
        let trusted = |cluster: ClusterId| Some((cluster, trusted(cluster)?));
        let authorities: BTreeMap<ClusterId, String> = self.mesh.clusters().map(trusted).collect::<Option<_>>()?;
        let (certificate, key): (&String, &Secret) = (files.certificate.as_ref()?, files.certificate_key.as_ref()?);
        self.mesh.gateway_files(&Contents { authorities, certificate, key, stamp: files.stamp() }).ok()
    }

    fn gateway_files_good(&self) -> bool {
        let found = &self.gateway_on_disk().texts;
        self.wanted_gateway_files().is_some_and(|wanted| wanted.texts.into_iter().collect::<BTreeMap<_, _>>() == *found)
    }

    /// Where files are written, they are read; and where nginx has read others than those that are there.
    pub(super) fn gateway_files(&self) -> Vec<Step> {
        if self.mesh.gateway.is_none() {
            return Vec::new();
        }
        let write = (!self.gateway_files_good()).then(|| GatewayStep::WriteFiles.into());
        let has_read = || match (&self.gateway().answer, self.wanted_gateway_files()) {
            (Some(Answer::Ready(answer)), Some(wanted)) => answer.digest == wanted.digest,
            _ => true,
        };
        let reload = self.gateway().runs() && !self.gateway_stale() && (write.is_some() || !has_read());
        write.into_iter().chain(reload.then(|| GatewayStep::Reload.into())).collect()
    }

    /// Once more, where old authorities leave the bundles.
    pub(super) fn last_gateway_files(&self) -> Vec<Step> {
        let again = self.mesh.gateway.is_some() && !self.last_bundles().is_empty();
        let reload = self.gateway().runs() && !self.gateway_stale();
        let steps = [Some(GatewayStep::WriteFiles), reload.then_some(GatewayStep::Reload)];
        steps.into_iter().flatten().filter(|_| again).map(Step::from).collect()
    }

    pub(super) fn gateway_creation(&self) -> Option<Step> {
        self.gateway_stale().then(|| GatewayStep::CreateContainer.into())
    }

    /// `docker update` is undone by another container: this one is there again within a moment.
    pub(super) fn gateway_start(&self) -> Vec<Step> {
        let steps: &[GatewayStep] = match &self.gateway().container {
            _ if self.mesh.gateway.is_none() => &[],
            _ if self.gateway_stale() => &[GatewayStep::StartContainer, GatewayStep::AwaitReady],
            None => &[],
            Some(container) => match container.state {
                ContainerState::Created | ContainerState::Stopped => {
                    &[GatewayStep::StartContainer, GatewayStep::AwaitReady]
                }
                ContainerState::Paused | ContainerState::Restarting => {
                    &[GatewayStep::RestartContainer, GatewayStep::AwaitReady]
                }
                ContainerState::Running if self.gateway().answer.as_ref().is_none_or(|it| it.ready().is_none()) => {
                    &[GatewayStep::AwaitReady]
                }
                ContainerState::Running => &[],
            },
        };
        steps.iter().cloned().map(Step::from).collect()
    }
}
