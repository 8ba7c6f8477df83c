//! From what is there to what is wanted: create, complete, grow, shrink and repair are this one function. Pure.

use std::collections::{BTreeMap, BTreeSet};

use time::{Duration, OffsetDateTime};

use super::{
    Plan, Step,
    observed::{ClusterFiles, ContainerState, LinkFacts, Observed, ServerFacts, ServiceFiles},
};
use crate::mesh::{
    Mesh, certs, hosts_file,
    id::{ClusterId, ServiceId, ServiceKind},
    keystore,
    service::digest_of,
};

/// A certificate with less time than this is issued anew.
const CERTIFICATE_MARGIN: Duration = Duration::days(30);

/// What a plan depends on besides the mesh and the facts.
#[derive(Debug, Clone)]
pub struct Moment {
    pub now: OffsetDateTime,
    /// The uid of the licence that every cluster should have; `None` for whichever allows links.
    pub licence: Option<String>,
}

/// The stages that lead from `there` to `mesh`, in the order of events.
///
/// Every step decides from its own fact whether it is needed, never from a neighbour's, so that a run that stopped anywhere
/// is completed by the next. What could not be asked counts as not being so; the steps for it change nothing where it is.
pub fn reach(mesh: &Mesh, there: &Observed, moment: &Moment) -> Plan {
    let reach = Reach { mesh, there, moment };
    let elastic = || mesh.services_of(ServiceKind::Elastic);
    let kibana = || mesh.services_of(ServiceKind::Kibana);
    let recorded = there.record.as_ref().is_some_and(|record| mesh.is_recorded_in(record));
    Plan::default()
        .stage("pull images", reach.images())
        .stage("record the mesh", (!recorded).then_some(Step::Record))
        .stage("create the system user", (!there.account).then_some(Step::CreateAccount { uid: mesh.owner.uid }))
        .stage("disconnect clusters that leave", reach.disconnects())
        .stage("remove containers", reach.removals())
        .stage(
            "remove clusters",
            there.files.keys().filter(|c| **c > mesh.spec.clusters).map(|c| Step::RemoveFiles(*c)),
        )
        .stage(
            "remove the network",
            there
                .network
                .iter()
                .filter(|_| reach.network_stale())
                .map(|network| Step::RemoveNetwork { id: network.id.clone() }),
        )
        .stage("write credentials", there.credentials.is_none().then_some(Step::WriteCredentials))
        .stage("issue authorities", mesh.clusters().filter(|c| !reach.authority_good(*c)).map(Step::IssueAuthority))
        .stage(
            "issue certificates",
            mesh.services().filter(|s| !reach.certificate_good(*s)).map(Step::IssueCertificate),
        )
        .stage("write bundles", reach.bundles())
        .stage("copy the images' files", mesh.services().filter(|s| !reach.seed_good(*s)).map(Step::SeedConfig))
        .stage("write settings", mesh.services().filter(|s| !reach.settings_good(*s)).map(Step::WriteSettings))
        .stage("write keystores", mesh.clusters().filter(|c| !reach.bootstrapped(*c)).map(Step::WriteKeystore))
        .stage("create the network", reach.network_stale().then_some(Step::CreateNetwork))
        .stage("create containers", mesh.services().filter(|s| reach.container_stale(*s)).map(Step::CreateContainer))
        .stage("start Elasticsearch", elastic().filter_map(|s| reach.start(s)))
        .stage("wait for Elasticsearch", elastic().filter(|s| reach.server(s.cluster).is_none()).map(Step::AwaitReady))
        .stage("license", mesh.clusters().filter_map(|c| reach.licence(c)))
        .stage(
            "set passwords",
            mesh.clusters().filter(|c| !reach.server(*c).is_some_and(|s| s.passwords)).map(Step::SetPasswords),
        )
        .stage("start Kibana", kibana().filter_map(|s| reach.start(s)))
        .stage("issue API keys", mesh.clusters().filter_map(|c| reach.key(c)))
        .stage("store credentials", mesh.clusters().filter_map(|c| reach.credentials(c)))
        .stage("connect clusters", mesh.clusters().filter_map(|c| reach.connect(c)))
        .stage("revoke stale API keys", mesh.clusters().filter(|c| reach.keys_to_revoke(*c)).map(Step::RevokeKeys))
        .stage("restart Kibana", kibana().filter(|s| reach.kibana_outdated(*s)).map(Step::RestartContainer))
        .stage("prove links", mesh.clusters().filter_map(|c| reach.prove(c)))
        .stage("wait for Kibana", kibana().filter(|s| reach.kibana_not_ready(*s)).map(Step::AwaitReady))
        .stage("update /etc/hosts", reach.hosts())
}

/// The questions that the stages ask, each about one fact.
struct Reach<'a> {
    mesh: &'a Mesh,
    there: &'a Observed,
    moment: &'a Moment,
}

impl Reach<'_> {
    fn files(&self, cluster: ClusterId) -> Option<&ClusterFiles> {
        self.there.files.get(&cluster)
    }

    fn service_files(&self, service: ServiceId) -> Option<&ServiceFiles> {
        self.files(service.cluster)?.services.get(&service.kind)
    }

    /// The server as it answers now; `None` also when its container is about to be replaced or restarted.
    fn server(&self, cluster: ClusterId) -> Option<&ServerFacts> {
        let elastic = cluster.elastic();
        if self.container_stale(elastic) || !self.settings_good(elastic) {
            return None;
        }
        self.there.servers.get(&cluster)
    }

    /// Images are pulled only for containers that have to be made; those of an upgrade before its first cluster stops.
    fn images(&self) -> Vec<Step> {
        let now = self
            .mesh
            .services()
            .filter(|service| self.container_stale(*service) || !self.seed_good(*service))
            .map(|service| self.mesh.service(service).image);
        let later = if self.mesh.behind.is_empty() { BTreeSet::new() } else { self.mesh.images() };
        let images: BTreeSet<String> = now.chain(later).filter(|image| !self.there.images.contains(image)).collect();
        images.into_iter().map(Step::PullImage).collect()
    }

    fn network_stale(&self) -> bool {
        self.there.network.as_ref().is_none_or(|network| network.subnet != self.mesh.subnet.to_string())
    }

    /// Whether the container is missing, or made from something else than what is wanted.
    fn container_stale(&self, service: ServiceId) -> bool {
        let (Some(container), Some(credentials)) = (self.there.containers.get(&service), &self.there.credentials)
        else {
            return true;
        };
        // Docker looks the network up when it starts a container, and names no id before
        let started = container.state != ContainerState::Created;
        self.network_stale()
            || self.there.network.as_ref().is_some_and(|network| started && network.id != container.network)
            || container.address.is_some_and(|address| address != self.mesh.service(service).address)
            || self.mesh.fingerprint(service, credentials).as_ref() != Ok(&container.fingerprint)
    }

    fn removals(&self) -> Vec<Step> {
        let unwanted = |service: ServiceId| !self.mesh.has(service) || self.container_stale(service);
        let services =
            self.there.containers.keys().copied().filter(|service| unwanted(*service)).map(Step::RemoveContainer);
        services.chain(self.there.strays.iter().cloned().map(Step::RemoveStray)).collect()
    }

    fn authority_good(&self, cluster: ClusterId) -> bool {
        self.files(cluster).is_some_and(|files| match (&files.authority, &files.authority_key) {
            (Some(certificate), Some(key)) => certs::Authority::open(certificate, key).is_ok(),
            _ => false,
        })
    }

    fn certificate_good(&self, service: ServiceId) -> bool {
        let good = || {
            let files = self.service_files(service)?;
            let certificate = files.certificate.as_ref()?;
            let authority = self.files(service.cluster)?.authority.as_ref()?;
            let names = self.mesh.certificate_names(service);
            let facts = certs::examine(certificate).ok()?;
            certs::verify(certificate, files.certificate_key.as_ref(), authority, self.moment.now).ok()?;
            Some(
                files.certificate_key.is_some()
                    && files.authority.as_ref() == Some(authority)
                    && facts.dns == names.dns
                    && facts.ip == names.ip
                    && facts.not_after > self.moment.now + CERTIFICATE_MARGIN,
            )
        };
        self.authority_good(service.cluster) && good().unwrap_or(false)
    }

    /// The bundle of all authorities; `None` while one of them has yet to be issued.
    fn wanted_bundle(&self) -> Option<String> {
        let authorities: Option<Vec<&str>> = self
            .mesh
            .clusters()
            .map(|cluster| self.files(cluster).filter(|_| self.authority_good(cluster))?.authority.as_deref())
            .collect();
        Some(certs::bundle(authorities?.into_iter()))
    }

    fn bundles(&self) -> Vec<Step> {
        let wanted = self.wanted_bundle();
        let stale = |bundle: Option<&String>| wanted.is_none() || bundle != wanted.as_ref();
        let clusters = self
            .mesh
            .clusters()
            .filter(|cluster| stale(self.files(*cluster).and_then(|files| files.bundle.as_ref())))
            .map(Step::WriteBundle);
        let browser = stale(self.there.browser_bundle.as_ref()).then_some(Step::WriteBrowserBundle);
        clusters.chain(browser).collect()
    }

    /// Whether the configuration directory was filled from the image that is wanted. Where nobody wrote that down, it is
    /// when it has to be: while the image can still be compared with.
    fn seed_good(&self, service: ServiceId) -> bool {
        let Some(files) = self.service_files(service).filter(|files| files.seeded) else {
            return false;
        };
        let image_gone = || !self.there.images.contains(&self.mesh.service(service).image);
        match &files.seed {
            Some(seed) => seed.version == self.mesh.version(service.cluster),
            None => !self.container_stale(service) && image_gone(),
        }
    }

    fn settings_good(&self, service: ServiceId) -> bool {
        let (Some(files), Some(credentials)) = (self.service_files(service), &self.there.credentials) else {
            return false;
        };
        let options = self.files(service.cluster).and_then(|files| files.jvm_options.as_ref());
        let options_good = match service.kind {
            ServiceKind::Elastic => self.mesh.render_jvm_options().is_ok_and(|wanted| options == Some(&wanted)),
            ServiceKind::Kibana => true,
        };
        let version = self.mesh.version(service.cluster);
        let seed_good = files.seeded && files.seed.as_ref().is_none_or(|seed| seed.version == version);
        let wanted = self.mesh.render_settings(service, credentials);
        seed_good && options_good && wanted.is_ok_and(|wanted| files.settings.as_ref() == Some(&wanted))
    }

    /// Whether the keystore holds the password that the server starts with.
    fn bootstrapped(&self, cluster: ClusterId) -> bool {
        let wanted =
            self.there.credentials.as_ref().map(|credentials| digest_of(&[credentials.elastic.expose().as_bytes()]));
        let found = self.files(cluster).and_then(|files| files.keystore.as_ref()?.get(keystore::BOOTSTRAP_PASSWORD));
        wanted.is_some() && found == wanted.as_ref()
    }

    fn start(&self, service: ServiceId) -> Option<Step> {
        if self.container_stale(service) {
            return Some(Step::StartContainer(service));
        }
        match self.there.containers.get(&service)?.state {
            // nobody can tell whether it runs with the settings that somebody edited
            ContainerState::Running if !self.settings_good(service) => Some(Step::RestartContainer(service)),
            ContainerState::Running => None,
            ContainerState::Created | ContainerState::Stopped => Some(Step::StartContainer(service)),
            // Docker waits longer and longer before it starts one again that keeps ending
            ContainerState::Paused | ContainerState::Restarting => Some(Step::RestartContainer(service)),
        }
    }

    fn licence(&self, cluster: ClusterId) -> Option<Step> {
        let found = self.server(cluster).map(|server| &server.licence);
        match &self.moment.licence {
            Some(uid) => found.is_none_or(|licence| &licence.uid != uid).then_some(Step::ApplyLicence(cluster)),
            // a new cluster gives itself a trial licence, so only one that says otherwise needs a step
            None => found.is_some_and(|licence| !licence.allows_links()).then_some(Step::StartTrial(cluster)),
        }
    }

    /// Whether the saved key can be handed to others: it has not expired and the server, if it answers, knows it.
    fn key_good(&self, cluster: ClusterId) -> bool {
        let Some(key) = self.files(cluster).and_then(|files| files.key.as_ref()) else {
            return false;
        };
        let soon = self.moment.now + self.key_margin();
        // the server's own word counts: a key can be made to expire sooner than when it was saved
        let known = |server: &ServerFacts| {
            let facts = server.keys.iter().find(|facts| facts.id == key.id);
            facts.is_some_and(|facts| facts.expires.is_none_or(|expires| expires > soon))
        };
        key.expires > soon && self.server(cluster).is_none_or(known)
    }

    /// A key with less time than this is replaced: a month, or a quarter of a short life.
    fn key_margin(&self) -> Duration {
        Duration::days(30).min(Duration::hours(i64::from(self.mesh.spec.key_days.get()) * 24 / 4))
    }

    fn key(&self, cluster: ClusterId) -> Option<Step> {
        if !self.key_good(cluster) {
            return Some(Step::IssueKey(cluster));
        }
        let id = &self.files(cluster)?.key.as_ref()?.id;
        let facts = self.server(cluster)?.keys.iter().find(|facts| &facts.id == id)?;
        (facts.names != self.mesh.shared()).then_some(Step::UpdateKey(cluster))
    }

    /// Whether the server has keys of this mesh that no file holds, or will have when a new one is issued.
    fn keys_to_revoke(&self, cluster: ClusterId) -> bool {
        let held = self.files(cluster).and_then(|files| files.key.as_ref()).filter(|_| self.key_good(cluster));
        self.server(cluster)
            .is_some_and(|server| server.keys.iter().any(|facts| held.is_none_or(|key| key.id != facts.id)))
    }

    /// Whether the keystore file holds exactly the keys of the remotes, as their files have them.
    fn stored(&self, on: ClusterId) -> bool {
        let Some(keystore) = self.files(on).and_then(|files| files.keystore.as_ref()) else {
            return false;
        };
        let current = |remote: ClusterId| {
            let key = self.files(remote).and_then(|files| files.key.as_ref());
            self.key_good(remote)
                && key.is_some_and(|key| keystore.get(&keystore::credentials_of(remote)) == Some(&key.digest))
        };
        let wanted: Vec<String> = self.mesh.remotes(on).map(keystore::credentials_of).collect();
        self.mesh.remotes(on).all(current)
            && keystore.keys().filter(|name| keystore::remote_of(name).is_some()).all(|name| wanted.contains(name))
    }

    /// A link that is down is reason enough to have the server read its keystore again: it may have missed the last write.
    fn credentials(&self, on: ClusterId) -> Option<Step> {
        let of: Vec<ClusterId> = self.mesh.remotes(on).collect();
        let missed = self.server(on).is_some_and(|server| self.down(server, on).next().is_some());
        (!self.stored(on) || missed).then_some(Step::StoreCredentials { on, of })
    }

    /// Remotes that are set on the server though the mesh does not have them.
    fn extra_remotes(&self, on: ClusterId) -> Vec<ClusterId> {
        let set = self.server(on).into_iter().flat_map(|server| server.remotes.keys());
        let mut extra: Vec<ClusterId> = set
            .filter_map(|setting| alias(setting))
            .filter(|remote| !self.mesh.remotes(on).any(|wanted| wanted == *remote))
            .collect();
        extra.dedup();
        extra
    }

    /// The settings of remotes that the mesh does not have are the business of [`Reach::disconnects`].
    fn connect(&self, on: ClusterId) -> Option<Step> {
        let wanted = self.mesh.remote_settings(on);
        let ours = |name: &String| alias(name).is_some_and(|alias| self.mesh.remotes(on).any(|remote| remote == alias));
        let set: Option<BTreeMap<String, String>> =
            self.server(on).map(|server| server.remotes.clone().into_iter().filter(|(name, _)| ours(name)).collect());
        if set.as_ref() == Some(&wanted) || (set.is_none() && wanted.is_empty()) {
            return None;
        }
        let without = set.unwrap_or_default().into_keys().filter(|name| !wanted.contains_key(name)).collect();
        Some(Step::Connect { on, to: self.mesh.remotes(on).collect(), without })
    }

    /// Only from clusters that stay and answer, and before the others are stopped, so that no search meets a dead remote.
    fn disconnects(&self) -> Vec<Step> {
        self.mesh
            .clusters()
            .map(|on| Step::Disconnect { on, from: self.extra_remotes(on) })
            .filter(|step| matches!(step, Step::Disconnect { from, .. } if !from.is_empty()))
            .collect()
    }

    /// The remotes that the server does not reach, of those that it can search.
    fn down(&self, server: &ServerFacts, on: ClusterId) -> impl Iterator<Item = ClusterId> {
        self.mesh.searchable(on).filter(move |remote| server.links.get(remote) != Some(&LinkFacts::Connected))
    }

    fn prove(&self, on: ClusterId) -> Option<Step> {
        let renewed = |remote: &ClusterId| !self.key_good(*remote) || self.server(*remote).is_none();
        let to: Vec<ClusterId> = match self.server(on) {
            Some(server) if self.stored(on) => self
                .mesh
                .searchable(on)
                .filter(|r| renewed(r) || self.down(server, on).any(|down| down == *r))
                .collect(),
            _ => self.mesh.searchable(on).collect(),
        };
        (!to.is_empty()).then_some(Step::ProveLinks { on, to })
    }

    fn kibana_not_ready(&self, service: ServiceId) -> bool {
        self.container_stale(service)
            || !self.there.kibanas.contains_key(&service.cluster)
            || self.kibana_outdated(service)
    }

    /// Whether Kibana runs with another certificate than its file's: it reads that only when it starts, unlike Elasticsearch.
    fn kibana_outdated(&self, service: ServiceId) -> bool {
        let file = self.service_files(service).and_then(|files| certs::fingerprint(files.certificate.as_ref()?));
        let shown = self.there.kibanas.get(&service.cluster).filter(|_| !self.container_stale(service));
        shown.is_some_and(|shown| Some(shown) != file.as_ref() || !self.certificate_good(service))
    }

    fn hosts(&self) -> Option<Step> {
        let text = self.there.hosts_file.as_deref()?;
        let entries = self.mesh.spec.hosts.then(|| self.mesh.host_entries());
        let wanted = hosts_file::with_block(text, entries.as_deref());
        if wanted.is_ok_and(|wanted| wanted == text) {
            return None;
        }
        Some(if self.mesh.spec.hosts { Step::WriteHosts } else { Step::RemoveHosts })
    }
}

/// The remote that a setting such as `cluster.remote.cluster03.mode` is about.
fn alias(setting: &str) -> Option<ClusterId> {
    setting.split('.').nth(2)?.parse().ok()
}
