//! A model of the world, not a mock of Docker: it knows what a step changes and what it needs, and refuses a step whose
//! needs are not met, as the real world would. Pure.

use std::collections::BTreeMap;

use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    mesh::{
        Mesh, certs,
        certs::Authority,
        credentials::Credentials,
        hosts_file,
        id::{ClusterId, ServiceId, ServiceKind},
        keystore,
        secret::Secret,
        service::digest_of,
        spec::StackVersion,
    },
    plan::{
        Step,
        observed::{
            ClusterFiles, ContainerFacts, ContainerState, KeyFacts, KeyFile, LicenceFacts, LinkFacts, NetworkFacts,
            Observed, SeedFacts, ServerFacts,
        },
        reach::{Moment, reach},
    },
};

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
pub(super) const HOSTS: &[u8] = b"127.0.0.1 localhost\n";

/// What a server keeps in its data directory, and what it has in memory.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// Tells one life of the data from another.
    pub(super) born: u32,
    /// The digest of the password of `elastic`.
    pub(super) elastic: String,
    pub(super) passwords: bool,
    pub(super) keys: Vec<KeyFacts>,
    pub(super) remotes: BTreeMap<String, String>,
    /// The keystore as it was last read.
    pub(super) loaded: BTreeMap<String, String>,
    pub(super) trial: bool,
    /// Its certificate and its bundle as they were last read.
    pub(super) certificate: String,
    pub(super) bundle: String,
    /// What the data was last written by.
    pub(super) version: StackVersion,
}

#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) there: Observed,
    pub(super) servers: BTreeMap<ClusterId, Server>,
    /// The certificate that each Kibana started with.
    shown: BTreeMap<ClusterId, String>,
    /// The version that each container was made from.
    pub(super) versions: BTreeMap<ServiceId, StackVersion>,
    /// Counts everything that is made, so that nothing is taken for another.
    made: u32,
}

pub(super) fn moment() -> Moment {
    Moment { now: NOW, licence: None, recover: false }
}

impl Model {
    pub(super) fn empty() -> Self {
        let there = Observed { hosts_file: Some(HOSTS.to_vec()), ..Observed::default() };
        Self { there, servers: BTreeMap::new(), shown: BTreeMap::new(), versions: BTreeMap::new(), made: 0 }
    }

    fn number(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    pub(super) fn runs(&self, cluster: ClusterId) -> bool {
        self.there.containers.get(&cluster.elastic()).is_some_and(|facts| facts.state == ContainerState::Running)
    }

    pub(super) fn files(&mut self, cluster: ClusterId) -> &mut ClusterFiles {
        self.there.files.entry(cluster).or_default()
    }

    pub(super) fn stop_all(&mut self) {
        for facts in self.there.containers.values_mut() {
            facts.state = ContainerState::Stopped;
        }
    }

    fn authority(&self, cluster: ClusterId) -> Authority {
        let files = &self.there.files[&cluster];
        let pair = files.authority.as_ref().zip(files.authority_key.as_ref()).expect("should have an authority first");
        Authority::open(pair.0, pair.1).expect("should be a pair")
    }

    fn trusted(&self, cluster: ClusterId) -> String {
        self.there.files[&cluster].trusted().expect("should have an authority first")
    }

    fn bundle(&self, mesh: &Mesh) -> String {
        let trusted: Vec<String> = mesh.clusters().map(|cluster| self.trusted(cluster)).collect();
        certs::bundle(trusted.iter().map(String::as_str))
    }

    pub(super) fn answering(&mut self, cluster: ClusterId) -> &mut Server {
        assert!(self.runs(cluster), "{cluster} should run before it is asked");
        self.servers.get_mut(&cluster).expect("should have data: it runs")
    }

    pub(super) fn observe(&self) -> Observed {
        let mut there = self.there.clone();
        for (cluster, server) in self.servers.iter().filter(|(cluster, _)| self.runs(**cluster)) {
            let password =
                there.credentials.as_ref().map(|credentials| digest_of(&[credentials.elastic.expose().as_bytes()]));
            if password.as_ref() != Some(&server.elastic) {
                there.refusing.insert(*cluster);
                continue;
            }
            let aliases = server.remotes.keys().filter_map(|name| name.split('.').nth(2)?.parse::<ClusterId>().ok());
            let kind = if server.trial { "trial" } else { "basic" };
            let facts = ServerFacts {
                passwords: server.passwords,
                licence: LicenceFacts { kind: kind.to_owned(), active: true, uid: String::new(), expires: None },
                keys: server.keys.clone(),
                remotes: server.remotes.clone(),
                links: aliases.map(|to| (to, self.link(*cluster, to))).collect(),
                certificate: certs::fingerprint(&server.certificate).expect("should be a certificate"),
            };
            there.servers.insert(*cluster, facts);
        }
        there.kibanas =
            self.shown.iter().filter(|(cluster, _)| self.runs(**cluster)).map(|(c, f)| (*c, f.clone())).collect();
        there.kibanas.retain(|cluster, _| {
            self.there.containers.get(&cluster.kibana()).is_some_and(|facts| facts.state == ContainerState::Running)
        });
        there
    }

    #[allow(clippy::too_many_lines, reason = "one arm a step, and every step is here")]
    pub(super) fn carry_out(&mut self, mesh: &Mesh, step: &Step) {
        match step {
            Step::PullImage(image) => {
                self.there.images.insert(image.clone());
            }
            Step::Record => self.there.record = Some(mesh.clone()),
            Step::Rebuild => (self.there.record, self.there.lost.record) = (Some(mesh.clone()), false),
            Step::RecoverCredentials => {
                assert!(self.there.credentials.is_some(), "should have been put together");
                (self.there.lost.credentials, self.there.lost.elastic) = (false, false);
            }
            Step::RemoveRecoveryUser(cluster) => self.files(*cluster).recovery_user = false,
            Step::ResetPassword(cluster) => {
                let password = self.there.credentials.as_ref().expect("should have credentials first").elastic.clone();
                self.answering(*cluster).elastic = digest_of(&[password.expose().as_bytes()]);
            }
            Step::CreateAccount { .. } => self.there.account = true,
            Step::WriteCredentials => {
                self.there.credentials = Some(Credentials {
                    elastic: Secret::new("elastic"),
                    kibana_system: Secret::new("kibana"),
                    kibana_encryption_key: Secret::new("3".repeat(64)),
                });
            }
            Step::IssueAuthority(cluster) => {
                let authority = Authority::issue(&cluster.to_string(), NOW);
                let files = self.files(*cluster);
                files.authority = Some(authority.certificate().to_owned());
                files.authority_key = Some(authority.key().clone());
            }
            Step::IssueCertificate(service) => {
                let authority = self.authority(service.cluster);
                let identity = authority.sign(&mesh.certificate_names(*service), NOW);
                let files = self.files(service.cluster).services.entry(service.kind).or_default();
                files.certificate = Some(identity.certificate);
                files.certificate_key = Some(identity.key);
            }
            Step::IssueNextAuthority(cluster) => {
                let authority = Authority::issue(&cluster.to_string(), NOW);
                let files = self.files(*cluster);
                files.next_authority = Some(authority.certificate().to_owned());
                files.next_authority_key = Some(authority.key().clone());
            }
            Step::PromoteAuthority(cluster) => {
                let files = self.files(*cluster);
                if let (Some(certificate), Some(key)) = (files.next_authority.take(), files.next_authority_key.take()) {
                    files.old_authority = files.old_authority.take().or(files.authority.take());
                    (files.authority, files.authority_key) = (Some(certificate), Some(key));
                }
            }
            Step::RetireAuthority(cluster) => {
                let files = self.files(*cluster);
                (files.next_authority, files.next_authority_key, files.old_authority) = (None, None, None);
            }
            Step::AwaitCertificate(cluster) => self.read_certificates(*cluster),
            Step::WriteBundle(cluster) => {
                let (bundle, trusted) = (self.bundle(mesh), self.trusted(*cluster));
                let files = self.files(*cluster);
                files.bundle = Some(bundle);
                for service in mesh.services().filter(|service| service.cluster == *cluster) {
                    files.services.entry(service.kind).or_default().authority = Some(trusted.clone());
                }
            }
            Step::WriteBrowserBundle => self.there.browser_bundle = Some(self.bundle(mesh)),
            Step::SeedConfig(service) => {
                let image = mesh.service(*service).image;
                assert!(self.there.images.contains(&image), "{image} should be here to be read");
                let files = self.files(service.cluster).services.entry(service.kind).or_default();
                files.seeded = true;
                files.seed = Some(SeedFacts { version: mesh.version(service.cluster), changed: Vec::new() });
            }
            Step::WriteSettings(service) => {
                let credentials = self.there.credentials.clone().expect("should have credentials first");
                let files = self.files(service.cluster);
                files.jvm_options = Some(mesh.render_jvm_options().expect("should render"));
                let files = files.services.entry(service.kind).or_default();
                assert!(files.seeded, "the image's files should be there first");
                files.settings = Some(mesh.render_settings(*service, &credentials).expect("should render"));
            }
            Step::WriteKeystore(cluster) => {
                let password = self.there.credentials.as_ref().expect("should have credentials first").elastic.clone();
                let digest = digest_of(&[password.expose().as_bytes()]);
                self.files(*cluster)
                    .keystore
                    .get_or_insert_default()
                    .insert(keystore::BOOTSTRAP_PASSWORD.to_owned(), digest);
            }
            Step::CreateNetwork => {
                assert!(self.there.network.is_none(), "should not make a second network");
                let id = self.number().to_string();
                self.there.network = Some(NetworkFacts { id, subnet: mesh.subnet.to_string() });
            }
            Step::RemoveNetwork { id } => {
                assert_eq!(self.there.network.as_ref().map(|network| &network.id), Some(id));
                assert!(self.there.containers.is_empty(), "a network with containers should not go");
                self.there.network = None;
            }
            Step::CreateContainer(service) => {
                let network = self.there.network.clone().expect("should have a network first");
                assert!(self.there.images.contains(&mesh.service(*service).image), "should have the image first");
                let credentials = self.there.credentials.clone().expect("should have credentials first");
                let facts = ContainerFacts {
                    id: self.number().to_string(),
                    fingerprint: mesh.fingerprint(*service, &credentials).expect("should render"),
                    state: ContainerState::Created,
                    network: network.id,
                    address: None,
                };
                assert!(self.there.containers.insert(*service, facts).is_none(), "the name {service} should be free");
                self.versions.insert(*service, mesh.version(service.cluster));
            }
            Step::StartContainer(service) | Step::RestartContainer(service) => {
                let born = self.number();
                let facts = self.there.containers.get_mut(service).expect("should have a container first");
                facts.state = ContainerState::Running;
                let version = self.versions[service];
                let files = &self.there.files[&service.cluster];
                let seed = files.services[&service.kind].seed.as_ref();
                assert!(seed.is_none_or(|seed| seed.version == version), "{service} should have files of its image");
                if service.kind == ServiceKind::Elastic {
                    assert!(files.services[&service.kind].settings.is_some() && files.bundle.is_some());
                    let loaded = files.keystore.clone().expect("should have a keystore first");
                    let new = Server {
                        born,
                        elastic: loaded[keystore::BOOTSTRAP_PASSWORD].clone(),
                        passwords: false,
                        keys: Vec::new(),
                        remotes: BTreeMap::new(),
                        loaded: BTreeMap::new(),
                        trial: true,
                        certificate: String::new(),
                        bundle: String::new(),
                        version,
                    };
                    let server = self.servers.entry(service.cluster).or_insert(new);
                    assert!(server.version <= version, "Elasticsearch should not be asked to go back");
                    (server.loaded, server.version) = (loaded, version);
                    self.read_certificates(service.cluster);
                } else {
                    assert!(self.answering(service.cluster).passwords, "Kibana should find its password set");
                    let files = &self.there.files[&service.cluster].services[&service.kind];
                    let certificate = files.certificate.as_ref().expect("should have a certificate first");
                    self.shown
                        .insert(service.cluster, certs::fingerprint(certificate).expect("should be a certificate"));
                }
            }
            Step::StopContainer(service) => {
                self.there.containers.get_mut(service).expect("should exist").state = ContainerState::Stopped;
            }
            Step::RemoveContainer(service) => {
                self.there.containers.remove(service).expect("should exist");
                self.versions.remove(service);
            }
            Step::RemoveStray(name) => self.there.strays.retain(|stray| stray != name),
            Step::AwaitReady(service) => {
                let password = self.there.credentials.clone().expect("should have credentials first").elastic;
                let digest = digest_of(&[password.expose().as_bytes()]);
                assert_eq!(self.answering(service.cluster).elastic, digest, "{service} should take the password");
            }
            Step::ApplyLicence(_) => unreachable!("no licence is asked for"),
            Step::StartTrial(cluster) => self.answering(*cluster).trial = true,
            Step::SetPasswords(cluster) => self.answering(*cluster).passwords = true,
            Step::IssueKey(cluster) => {
                let id = format!("key{}", self.number());
                let expires = NOW + Duration::days(mesh.spec.key_days.get().into());
                let facts = KeyFacts { id: id.clone(), names: mesh.shared(), expires: Some(expires) };
                self.answering(*cluster).keys.push(facts);
                let digest = digest_of(&[id.as_bytes()]);
                self.files(*cluster).key = Some(KeyFile { id, expires, digest });
            }
            Step::UpdateKey(cluster) | Step::ExtendKey(cluster) => {
                let held = self.there.files[cluster].key.clone().expect("should hold a key").id;
                let known = self.answering(*cluster).keys.iter_mut().find(|key| key.id == held);
                let key = known.expect("should be known where it is updated");
                key.names = mesh.shared();
                if matches!(step, Step::ExtendKey(_)) {
                    key.expires = Some(NOW + Duration::days(mesh.spec.key_days.get().into()));
                }
                let expires = key.expires.expect("should expire: it is ours");
                self.files(*cluster).key.as_mut().expect("should hold a key").expires = expires;
            }
            Step::RevokeKeys(cluster) => {
                let held = self.there.files[cluster].key.clone().expect("should hold a key").id;
                self.answering(*cluster).keys.retain(|key| key.id == held);
            }
            Step::StoreCredentials { on, of } => {
                let keys: Vec<(String, String)> = of
                    .iter()
                    .map(|remote| {
                        (
                            keystore::credentials_of(*remote),
                            self.there.files[remote].key.clone().expect("should be issued").digest,
                        )
                    })
                    .collect();
                let file = self.files(*on).keystore.as_mut().expect("should have a keystore");
                file.retain(|name, _| keystore::remote_of(name).is_none());
                file.extend(keys);
                let file = file.clone();
                self.answering(*on).loaded = file;
            }
            Step::Connect { on, .. } => self.answering(*on).remotes = mesh.remote_settings(*on),
            Step::Disconnect { on, from } => {
                let gone =
                    |name: &str| from.iter().any(|remote| name.starts_with(&format!("cluster.remote.{remote}.")));
                self.answering(*on).remotes.retain(|name, _| !gone(name));
                self.files(*on).keystore.as_mut().expect("should have a keystore").retain(|name, _| !gone(name));
            }
            Step::ProveLinks { on, to } => {
                // it asks for longer than servers take to read their files again
                let running: Vec<ClusterId> = mesh.clusters().filter(|cluster| self.runs(*cluster)).collect();
                for cluster in running {
                    self.read_certificates(cluster);
                }
                for remote in to {
                    assert_eq!(self.link(*on, *remote), LinkFacts::Connected, "{on} → {remote}");
                }
            }
            Step::RemoveFiles(cluster) => {
                let service = |kind| self.there.containers.contains_key(&cluster.service(kind));
                assert!(!ServiceKind::ALL.into_iter().any(service), "files in use should not go");
                self.there.files.remove(cluster);
                self.servers.remove(cluster);
            }
            Step::WriteHosts | Step::RemoveHosts => {
                let entries = (*step == Step::WriteHosts).then(|| mesh.host_entries());
                let text = self.there.hosts_file.take().expect("should be writable");
                self.there.hosts_file =
                    Some(hosts_file::with_block(&text, entries.as_deref()).expect("should be editable"));
            }
            Step::RemoveDirectory => {
                self.there.record = None;
                self.there.credentials = None;
                self.there.browser_bundle = None;
                self.there.files.clear();
                self.servers.clear();
            }
        }
    }

    pub(super) fn carry_out_all<'a>(mut self, mesh: &Mesh, steps: impl IntoIterator<Item = &'a Step>) -> Self {
        for step in steps {
            self.carry_out(mesh, step);
        }
        self
    }

    /// What `mesh create` does: plan, carry out, look again; as often as it does at most.
    pub(super) fn converge(self, mesh: &Mesh) -> Self {
        self.converge_at(mesh, &moment())
    }

    pub(super) fn converge_at(mut self, mesh: &Mesh, moment: &Moment) -> Self {
        for _ in 0..3 {
            let plan = reach(mesh, &self.observe(), moment);
            if plan.is_empty() {
                return self;
            }
            self = self.carry_out_all(mesh, plan.steps());
        }
        let rest = reach(mesh, &self.observe(), moment);
        assert!(rest.is_empty(), "still to do after three rounds:\n{rest}");
        self
    }

    /// Everything that makes a mesh the one that was asked for.
    pub(super) fn assert_is(&self, mesh: &Mesh) {
        assert!(reach(mesh, &self.observe(), &moment()).is_empty());
        assert_eq!(self.there.containers.keys().copied().collect::<Vec<_>>(), mesh.services().collect::<Vec<_>>());
        assert_eq!(self.servers.keys().copied().collect::<Vec<_>>(), mesh.clusters().collect::<Vec<_>>());
        for on in mesh.clusters() {
            assert_eq!(self.servers[&on].keys.len(), 1, "one key on {on}");
            assert_eq!(self.servers[&on].remotes, mesh.remote_settings(on));
            for to in mesh.searchable(on) {
                assert_eq!(self.link(on, to), LinkFacts::Connected);
            }
        }
    }
}
