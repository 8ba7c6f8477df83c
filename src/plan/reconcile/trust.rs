//! The questions about authorities, certificates and bundles. Pure.
//!
//! An authority changes by an overlap, and the files tell how far that is: with a next authority the cluster is to
//! trust two and shows what the first signed; with an old one it trusts two and is to show what the second signed.
//! Guests trust what their invitations had, so for them the next one waits until they have joined by new ones.

use std::cell::LazyCell;

use time::Duration;

use super::Reconciler;
use crate::{
    facts::{observed::Answer, trust::known_authorities},
    mesh::{
        certs::{self, Authority},
        id::{ClusterId, NodeId, ServiceId, ServiceKind},
    },
    plan::{Step, TrustStep},
};

impl Reconciler<'_> {
    /// Whether the authority can sign: certificate and key belong together, and it has not ended.
    pub(super) fn authority_good(&self, cluster: ClusterId) -> bool {
        self.authorities.contains(&cluster)
    }

    pub(super) fn can_sign(&self, cluster: ClusterId) -> bool {
        self.files(cluster).is_some_and(|files| match (&files.authority, &files.authority_key) {
            (Some(certificate), Some(key)) => {
                Authority::open(certificate, key).is_ok() && self.lasts(certificate, Duration::ZERO)
            }
            _ => false,
        })
    }

    pub(super) fn lasts(&self, certificate: &str, longer_than: Duration) -> bool {
        certs::examine(certificate).is_ok_and(|facts| facts.not_after > self.inputs.now + longer_than)
    }

    fn next_good(&self, cluster: ClusterId) -> bool {
        self.next_authorities.contains(&cluster)
    }

    pub(super) fn can_take_over(&self, cluster: ClusterId) -> bool {
        self.files(cluster).is_some_and(|files| match (&files.next_authority, &files.next_authority_key) {
            (Some(certificate), Some(key)) => Authority::open(certificate, key).is_ok(),
            _ => false,
        })
    }

    fn has_old(&self, cluster: ClusterId) -> bool {
        self.files(cluster).is_some_and(|files| files.old_authority.is_some())
    }

    /// Whether guests are invited to the cluster, and are not known to trust the next authority.
    fn waits_for_guests(&self, cluster: ClusterId) -> bool {
        self.mesh.guests_of(cluster).next().is_some() && !self.renewal.peers_joined
    }

    /// Whether an authority that cannot sign stays in force, since guests trust it and no command was given to replace
    /// it. One that was interrupted while it took over is no longer what they trust alone.
    fn is_kept(&self, cluster: ClusterId) -> bool {
        !self.authority_good(cluster)
            && self.mesh.guests_of(cluster).next().is_some()
            && self.files(cluster).is_some_and(|files| files.authority.is_some())
            && !self.renewal.authorities.contains(&cluster)
            && !(self.has_old(cluster) && self.next_good(cluster))
    }

    /// Whether the change of an authority begins now: it is asked for or due, and no other is under way.
    fn begins(&self, cluster: ClusterId) -> bool {
        let due = || {
            // by itself, nothing is begun that takes new invitations
            if self.waits_for_guests(cluster) {
                return false;
            }
            let authority = self.files(cluster).and_then(|files| files.authority.as_ref());
            authority.is_some_and(|authority| !self.lasts(authority, certs::MARGIN))
        };
        self.authority_good(cluster)
            && !self.next_good(cluster)
            && !self.has_old(cluster)
            && (self.renewal.authorities.contains(&cluster) || due())
    }

    /// Whether a next authority is to take over: one that is there, or one that is issued now.
    pub(super) fn is_to_change(&self, cluster: ClusterId) -> bool {
        (self.next_good(cluster) || self.begins(cluster)) && !self.waits_for_guests(cluster)
    }

    pub(super) fn changes(&self, cluster: ClusterId) -> bool {
        self.changing.contains(&cluster)
    }

    /// One that was interrupted while it took over has left a pair that does not belong together: it is completed,
    /// since no cluster would trust a new one.
    pub(super) fn authority(&self, cluster: ClusterId) -> Option<TrustStep> {
        if self.begins(cluster) {
            return Some(TrustStep::IssueNextAuthority(cluster));
        }
        if self.authority_good(cluster) || self.is_kept(cluster) {
            return None;
        }
        Some(if self.next_good(cluster) {
            TrustStep::PromoteAuthority(cluster)
        } else {
            TrustStep::IssueAuthority(cluster)
        })
    }

    pub(super) fn certificate_good(&self, service: ServiceId) -> bool {
        let good = || {
            let files = self.service_files(service)?;
            let certificate = files.certificate.as_ref()?;
            let authority = self.files(service.cluster())?.authority.as_ref()?;
            let names = self.mesh.certificate_names(service)?;
            let facts = certs::examine(certificate).ok()?;
            certs::verify_trusted(certificate, files.certificate_key.as_ref(), authority, self.inputs.now).ok()?;
            Some(
                files.certificate_key.is_some()
                    && facts.dns == names.dns
                    && facts.ip == names.ip
                    && (facts.not_after > self.inputs.now + self.least_left(certs::MARGIN)
                        || certs::ends_with(certificate, authority)),
            )
        };
        self.authority_good(service.cluster()) && good().unwrap_or(false)
    }

    /// Whether the service gets a new certificate by the authority in force. While an authority changes, every server
    /// gets one, since only a new certificate shows that a server has read the bundles.
    pub(super) fn is_to_be_reissued(&self, service: ServiceId) -> bool {
        // no authority can sign for it
        !self.is_kept(service.cluster())
            && (!self.certificate_good(service)
                || self.renewal.certificates.contains(&service.cluster())
                || (service.kind() == ServiceKind::Elastic && !self.changing.is_empty()))
    }

    pub(super) fn reissued(&self, service: ServiceId) -> bool {
        self.reissued.contains(&service)
    }

    /// Whether a node that runs already shows another certificate than its file will have.
    pub(super) fn unread(&self, node: NodeId) -> bool {
        let elastic = ServiceId::from(node);
        let file = || self.service_files(elastic).and_then(|files| certs::fingerprint(files.certificate.as_ref()?));
        let differs = || self.shown(node).is_some_and(|shown| Some(shown) != file().as_ref());
        self.start(elastic).is_none() && (self.reissued(elastic) || differs())
    }

    /// The certificate that a node shows, of one that answers.
    fn shown(&self, node: NodeId) -> Option<&String> {
        match self.there.nodes.get(&node) {
            Some(answer) => answer.ready().map(|facts| &facts.certificate),
            None => self.server(node.cluster).map(|server| &server.certificate),
        }
    }

    /// What a cluster's own services trust; `None` while an authority has yet to be issued.
    pub(super) fn wanted_trust(&self, cluster: ClusterId) -> Option<String> {
        match self.authority(cluster) {
            Some(TrustStep::IssueAuthority(_) | TrustStep::IssueNextAuthority(_)) => None,
            _ => self.files(cluster)?.trusted(),
        }
    }

    /// The bundle of these clusters' authorities and those of peers; `None` while one of them has yet to be issued.
    fn wanted_bundle(&self, of: impl Iterator<Item = ClusterId>, of_peers: &[&str]) -> Option<String> {
        let trusted: Option<Vec<String>> = of.map(|cluster| self.wanted_trust(cluster)).collect();
        let trusted = trusted?;
        Some(certs::bundle(trusted.iter().map(String::as_str).chain(of_peers.iter().copied())))
    }

    pub(super) fn bundles(&self) -> Vec<Step> {
        let stale = |bundle: Option<&String>, wanted: Option<&String>| wanted.is_none() || bundle != wanted;
        let stale_own = |service: ServiceId| {
            let own = self.service_files(service).and_then(|files| files.authority.as_ref());
            own.is_none() || own != self.wanted_trust(service.cluster()).as_ref()
        };
        let known = LazyCell::new(|| known_authorities(self.mesh, self.there.files.values(), &self.there.peers));
        // what it has besides may be the authorities of a peer whose file is gone
        let has_all = |bundle: &String, wanted: &String| {
            let (has, wanted) = (certs::fingerprints(bundle), certs::fingerprints(wanted));
            wanted.is_subset(&has) && has.difference(&wanted).all(|other| !known.contains(other))
        };
        let clusters = self
            .mesh
            .clusters()
            .filter(|cluster| {
                let wanted = self.wanted_bundle(self.mesh.trusted_by(*cluster), &self.peer_authorities(*cluster));
                let bundle = |node| self.node_files(node).and_then(|files| files.bundle.as_ref());
                let is_enough = |bundle: Option<&String>| {
                    let both = bundle.zip(wanted.as_ref()).filter(|_| self.lacks_access(*cluster));
                    both.is_some_and(|(bundle, wanted)| has_all(bundle, wanted))
                };
                let is_stale = |bundle: Option<&String>| stale(bundle, wanted.as_ref()) && !is_enough(bundle);
                self.mesh.nodes(*cluster).any(|node| is_stale(bundle(node)))
                    || self.mesh.services().filter(|service| service.cluster() == *cluster).any(stale_own)
            })
            .map(TrustStep::WriteBundle);
        let gateway = self.trusted_gateway().map(|authority| authority.into_iter().collect::<Vec<_>>());
        let all = gateway.ok().and_then(|gateway| self.wanted_bundle(self.mesh.clusters(), &gateway));
        let browser = stale(self.there.browser_bundle.as_ref(), all.as_ref()).then_some(TrustStep::WriteBrowserBundle);
        clusters.chain(browser).map(Step::from).collect()
    }

    /// Whether something of an earlier authority, or of one that cannot take over, is to leave the disk and the
    /// bundles.
    pub(super) fn retires(&self, cluster: ClusterId) -> bool {
        let useless =
            self.files(cluster).is_some_and(|files| files.next_authority.is_some() && !self.next_good(cluster));
        self.changes(cluster) || self.has_old(cluster) || useless
    }

    pub(super) fn last_bundles(&self) -> Vec<Step> {
        if !self.mesh.clusters().any(|cluster| self.retires(cluster)) {
            return Vec::new();
        }
        self.mesh
            .clusters()
            .map(TrustStep::WriteBundle)
            .chain([TrustStep::WriteBrowserBundle])
            .map(Step::from)
            .collect()
    }

    /// Whether Kibana runs with another certificate than its file's: it reads that only when it starts, unlike
    /// Elasticsearch. One that is not ready shows none, so where a certificate is new or an authority is about to go,
    /// it counts as outdated.
    pub(super) fn kibana_outdated(&self, service: ServiceId) -> bool {
        let file = || self.service_files(service).and_then(|files| certs::fingerprint(files.certificate.as_ref()?));
        let cluster = service.cluster();
        // what starts before the next authority signs starts too early
        self.changes(cluster)
            || (self.start(service).is_none()
                && match self.there.kibanas.get(&cluster) {
                    Some(Answer::Ready(kibana)) => {
                        self.reissued(service) || Some(&kibana.certificate) != file().as_ref()
                    }
                    Some(Answer::Untrusted(_)) => true,
                    _ => self.reissued(service) || self.has_old(cluster),
                })
    }
}
