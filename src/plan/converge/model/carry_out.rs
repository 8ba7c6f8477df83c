//! What each step changes, and what it needs. Pure.

use time::Duration;

use super::{Model, NOW};
use crate::{
    facts::{
        gateway::GatewayFiles,
        observed::{ContainerFacts, ContainerState, KeyFacts, KeyFile, LinkFacts, NetworkFacts, SeedFacts},
    },
    mesh::{
        Mesh,
        certs::Authority,
        credentials::Credentials,
        digest::{digest_of, digest_of_secret},
        hosts_file,
        id::{NodeId, ServiceId, ServiceKind},
        keystore,
        links::{Key, Link},
        secret::Secret,
        secure_settings::Managed,
    },
    plan::Step,
};

impl Model {
    fn save_key(&mut self, key: Key, file: KeyFile) {
        let files = self.files(key.of);
        match key.searcher {
            None => files.key = Some(file),
            Some(searcher) => drop(files.link_keys.insert(searcher, file)),
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm a step, and every step is here")]
    pub(in super::super) fn carry_out(&mut self, mesh: &Mesh, step: &Step) {
        match step {
            Step::PullImage(image) => {
                self.there.images.insert(image.clone());
            }
            Step::ProveDirectory => self.proved = true,
            Step::TryImage { image, .. } => assert!(self.there.images.contains(image), "{image} should be here first"),
            Step::Record => self.there.record = Some(mesh.clone()),
            Step::Rebuild => (self.there.record, self.there.lost.record) = (Some(mesh.clone()), false),
            Step::RecoverCredentials => {
                assert!(self.there.credentials.is_some(), "should have been put together");
                self.there.lost.credentials = false;
            }
            Step::RemoveRecoveryUser(cluster) => self.first_files(*cluster).recovery_user = false,
            Step::ResetPassword(cluster) => {
                let password = self.there.credentials.as_ref().expect("should have credentials first").elastic.clone();
                self.answering(*cluster).elastic = digest_of_secret(&password);
            }
            Step::CreateAccount { .. } => self.there.account = true,
            Step::SetPermissions(misfit) => {
                let facts = self.there.permissions.as_mut().expect("should have been looked at");
                let found = facts.found.get_mut(&misfit.path).expect("should be there");
                (found.mode, found.uid, found.gid) =
                    (misfit.mode.1, misfit.uid.1, misfit.gid.1.unwrap_or(misfit.gid.0));
            }
            Step::WriteCredentials => {
                self.there.credentials = Some(Credentials {
                    elastic: Secret::new("elastic"),
                    kibana_system: Secret::new("kibana"),
                    kibana_encryption_key: Secret::new("3".repeat(64)),
                    users: std::collections::BTreeMap::new(),
                });
            }
            Step::IssueAuthority(cluster) => {
                let authority = Authority::issue(&cluster.to_string(), NOW);
                let files = self.files(*cluster);
                files.authority = Some(authority.certificate().to_owned());
                files.authority_key = Some(authority.key().clone());
            }
            Step::IssueCertificate(service) => {
                let authority = self.authority(service.cluster());
                let identity =
                    authority.sign(&mesh.certificate_names(*service).expect("should be a service of the mesh"), NOW);
                let files = self.files(service.cluster()).services.entry(*service).or_default();
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
            Step::AwaitCertificate(node) => self.read_certificates(*node),
            Step::WriteBundle(cluster) => {
                let (bundle, trusted) = (self.bundle(mesh, *cluster), self.trusted(*cluster));
                for service in mesh.services_in(*cluster) {
                    if let Some(node) = service.node() {
                        self.node_files(node).bundle = Some(bundle.clone());
                    }
                    self.files(*cluster).services.entry(service).or_default().authority = Some(trusted.clone());
                }
            }
            Step::WriteBrowserBundle => self.there.browser_bundle = Some(self.browser_bundle(mesh)),
            Step::SeedConfig(service) => {
                let image = mesh.image(*service);
                assert!(self.there.images.contains(&image), "{image} should be here to be read");
                let files = self.files(service.cluster()).services.entry(*service).or_default();
                files.seeded = true;
                let version = mesh.version(service.cluster());
                files.seed = Some(SeedFacts { version, changed: Vec::new(), missing: Vec::new() });
            }
            Step::WriteSettings(service) => {
                let credentials = self.there.credentials.clone().expect("should have credentials first");
                let formation = self.files(service.cluster()).formation();
                if let Some(node) = service.node() {
                    let files = self.node_files(node);
                    files.jvm_options = Some(mesh.render_jvm_options(node).expect("should render"));
                    files.seed_hosts = mesh.seed_hosts(node.cluster).or(files.seed_hosts.take());
                }
                let files = self.files(service.cluster()).services.entry(*service).or_default();
                assert!(files.seeded, "the image's files should be there first");
                files.settings = Some(mesh.render_settings(*service, &credentials, formation).expect("should render"));
            }
            Step::WriteKeystore(node) => {
                let password = self.there.credentials.as_ref().expect("should have credentials first").elastic.clone();
                let digest = digest_of_secret(&password);
                self.node_files(*node)
                    .keystore
                    .get_or_insert_default()
                    .insert(keystore::BOOTSTRAP_PASSWORD.to_owned(), digest);
            }
            Step::StoreSecureSettings { node, restart, .. } => {
                let service = ServiceId::from(*node);
                let started = self.there.containers.get(&service).and_then(|found| found.started.clone());
                let wanted = self.there.secure_settings[&node.cluster].wanted().expect("should be read").clone();
                let files = self.node_files(*node);
                let before = files.keystore.clone().expect("should have a keystore first");
                let managed = files.managed.take().unwrap_or_default();
                let mut keystore = before.clone();
                keystore.retain(|name, _| !managed.names.contains(name) || wanted.contains_key(name));
                keystore.extend(wanted.clone());
                let unread = if keystore == before { managed.unread } else { started };
                let path = mesh.settings(node.cluster).secure_settings.0.clone();
                files.managed = Some(Managed { path, names: wanted.into_keys().collect(), unread });
                files.keystore = Some(keystore);
                if *restart {
                    self.answering(node.cluster);
                    self.carry_out(mesh, &Step::RestartContainer(service));
                }
            }
            Step::CreateNetwork => {
                assert!(self.there.network.is_none(), "should not make a second network");
                let id = self.number().to_string();
                self.there.network = Some(NetworkFacts { id, subnet: mesh.subnet.to_string() });
            }
            Step::RemoveNetwork { id } => {
                assert_eq!(self.there.network.as_ref().map(|network| &network.id), Some(id));
                let empty = self.there.containers.is_empty() && self.there.gateway.container.is_none();
                assert!(empty, "a network with containers should not go");
                self.there.network = None;
            }
            Step::CreateContainer(service) => {
                assert!(self.proved, "the engine should be seen to have the directory first");
                let network = self.there.network.clone().expect("should have a network first");
                assert!(self.there.images.contains(&mesh.image(*service)), "should have the image first");
                let credentials = self.there.credentials.clone().expect("should have credentials first");
                let facts = ContainerFacts {
                    id: self.number().to_string(),
                    fingerprint: Some(mesh.made_from(*service, &credentials).expect("should render").fingerprint()),
                    state: ContainerState::Created,
                    network: Some(network.id),
                    address: None,
                    made: mesh.container(*service),
                    started: None,
                    refused: None,
                };
                assert!(self.there.containers.insert(*service, facts).is_none(), "the name {service} should be free");
                self.versions.insert(*service, mesh.version(service.cluster()));
            }
            Step::UpdateContainer { service, to, .. } => {
                let facts = self.there.containers.get_mut(service).expect("should have a container first");
                facts.made.as_mut().expect("should have been made").limits = *to.clone();
            }
            Step::StartContainer(service) | Step::RestartContainer(service) => {
                let born = self.number();
                let facts = self.there.containers.get_mut(service).expect("should have a container first");
                facts.started = Some(born.to_string());
                (facts.state, facts.address) =
                    (ContainerState::Running, mesh.place(*service).map(|place| place.address.into()));
                let version = self.versions[service];
                let files = &self.there.files[&service.cluster()];
                let seed = files.services[service].seed.as_ref();
                assert!(seed.is_none_or(|seed| seed.version == version), "{service} should have files of its image");
                if let Some(node) = service.node() {
                    self.start_node(node, born, version);
                } else {
                    assert!(self.answering(service.cluster()).passwords, "Kibana should find its password set");
                    let files = &self.there.files[&service.cluster()].services[service];
                    let certificate = files.certificate.clone().expect("should have a certificate first");
                    self.shown.insert(service.cluster(), certificate);
                }
            }
            Step::StopContainer(service) => {
                let facts = self.there.containers.get_mut(service).expect("should exist");
                (facts.state, facts.address) = (ContainerState::Stopped, None);
            }
            Step::RemoveContainer { service, .. } => {
                self.assert_may_go(mesh, *service);
                self.there.containers.remove(service).expect("should exist");
                self.versions.remove(service);
            }
            Step::RemoveOrphan(name) => self.there.orphans.retain(|orphan, _| orphan != name),
            Step::AwaitReady(service) => {
                let password = self.there.credentials.clone().expect("should have credentials first").elastic;
                let digest = digest_of_secret(&password);
                assert!(self.there.runs(*service), "{service} should run before it is asked");
                assert_eq!(self.answering(service.cluster()).elastic, digest, "{service} should take the password");
                if service.kind() == ServiceKind::Kibana {
                    let (trusted, shown) = (self.trusted(service.cluster()), &self.shown[&service.cluster()]);
                    assert!(Self::trusts(&trusted, shown), "{service} should show a certificate that is trusted");
                }
            }
            Step::ApplyLicense(_) => unreachable!("no license is asked for"),
            Step::Snapshots(step) => self.carry_out_of_snapshots(mesh, step),
            Step::StartTrial(cluster) => self.answering(*cluster).trial = true,
            Step::SetPasswords(cluster) => self.answering(*cluster).passwords = true,
            Step::IssueKey(which) => {
                let cluster = &which.of;
                let id = format!("key{}", self.number());
                let expires = NOW + Duration::days(mesh.spec.key_days.get().into());
                let facts = KeyFacts { id: id.clone(), names: mesh.shared_by(*which), expires: Some(expires) };
                self.answering(*cluster).keys.push(facts);
                let digest = digest_of(&[id.as_bytes()]);
                self.save_key(*which, KeyFile { id, expires, digest });
            }
            Step::UpdateKey(which) | Step::ExtendKey(which) => {
                let file = self.there.files[&which.of].key(*which).cloned().expect("should hold a key");
                let held = file.id.clone();
                let known = self.answering(which.of).keys.iter_mut().find(|key| key.id == held);
                let key = known.expect("should be known where it is updated");
                key.names = mesh.shared_by(*which);
                if matches!(step, Step::ExtendKey(_)) {
                    key.expires = Some(NOW + Duration::days(mesh.spec.key_days.get().into()));
                }
                let expires = key.expires.expect("should expire: it is ours");
                self.save_key(*which, KeyFile { expires, ..file });
            }
            Step::RevokeKeys(cluster) => {
                let wanted = mesh.keys(*cluster);
                let file = |key: &Key| self.there.files[cluster].key(*key).cloned().expect("should hold a key");
                let held: Vec<String> = wanted.iter().map(|key| file(key).id).collect();
                self.answering(*cluster).keys.retain(|key| held.contains(&key.id));
                let files = self.files(*cluster);
                files.key = files.key.take().filter(|_| wanted.contains(&Key::shared(*cluster)));
                files.link_keys.retain(|from, _| wanted.contains(&Key { of: *cluster, searcher: Some(*from) }));
            }
            Step::StoreCredentials { on, of } => {
                let keys: Vec<(String, String)> = of
                    .iter()
                    .map(|alias| {
                        let remote = alias.cluster().filter(|remote| mesh.has_cluster(*remote));
                        let digest = remote.map_or_else(
                            || self.peer_access(alias).expect("should be saved").digest.clone(),
                            |to| {
                                let key = mesh.key_of(Link { from: *on, to });
                                self.there.files[&to].key(key).expect("should be issued").digest.clone()
                            },
                        );
                        (keystore::credentials_of(alias), digest)
                    })
                    .collect();
                self.answering(*on);
                for node in mesh.nodes(*on) {
                    let file = self.node_files(node).keystore.as_mut().expect("should have a keystore");
                    file.retain(|name, _| keystore::remote_of(name).is_none());
                    file.extend(keys.clone());
                    let file = file.clone();
                    self.processes.get_mut(&node).expect("should run").loaded = file;
                }
            }
            Step::Connect { on, .. } => self.answering(*on).remotes = mesh.remote_settings(*on),
            Step::Disconnect { on, from } => {
                let gone =
                    |name: &str| from.iter().any(|remote| name.starts_with(&format!("cluster.remote.{remote}.")));
                self.answering(*on).remotes.retain(|name, _| !gone(name));
                for node in self.files(*on).nodes.values_mut() {
                    node.keystore.get_or_insert_default().retain(|name, _| !gone(name));
                }
            }
            Step::ProveLinks { on, to } => {
                // it asks for longer than servers take to read their files again
                let running: Vec<NodeId> = mesh.all_nodes().filter(|node| self.there.runs((*node).into())).collect();
                for node in running {
                    self.read_certificates(node);
                }
                for (node, remote) in mesh.nodes(*on).flat_map(|node| to.iter().map(move |remote| (node, remote))) {
                    assert_eq!(self.link_from(node, *remote), LinkFacts::Connected, "{node} → {remote}");
                }
            }
            Step::Nodes(step) => self.carry_out_of_nodes(mesh, step),
            Step::Gateway(step) => self.carry_out_of_gateway(mesh, step),
            Step::Guests(step) => panic!("no mesh is reconciled by {step:?}"),
            Step::Peers(step) => self.carry_out_of_peers(mesh, step),
            Step::Users(step) => self.carry_out_of_users(mesh, step),
            Step::Views(step) => self.carry_out_of_views(mesh, step),
            Step::RemoveFiles(cluster) => {
                let in_use = self.there.containers.keys().any(|service| service.cluster() == *cluster);
                assert!(!in_use, "files in use should not go");
                self.there.files.remove(cluster);
                self.processes.retain(|node, _| node.cluster != *cluster);
                self.servers.remove(cluster);
                self.there.repository_owners.remove(cluster);
            }
            Step::WriteHosts | Step::RemoveHosts => {
                let entries = (*step == Step::WriteHosts).then(|| mesh.host_entries());
                let text = self.there.hosts_file.take().expect("should be writable");
                self.there.hosts_file = Some(
                    hosts_file::with_block(&text, mesh.name.as_ref(), entries.as_deref()).expect("should be editable"),
                );
            }
            Step::RemoveDirectory => {
                self.there.record = None;
                self.there.credentials = None;
                self.there.browser_bundle = None;
                self.there.gateway.files = GatewayFiles::default();
                self.there.files.clear();
                self.servers.clear();
                self.processes.clear();
            }
        }
    }
}
