//! What each step changes, and what it needs. Pure.

use super::Model;
use crate::{
    facts::{
        gateway::GatewayFiles,
        observed::{ContainerFacts, ContainerState, NetworkFacts, SeedFacts},
    },
    mesh::{
        Mesh,
        credentials::Credentials,
        digest::digest_of_secret,
        hosts_file,
        id::{ServiceId, ServiceKind},
        keystore,
        secret::Secret,
        secure_settings::Managed,
    },
    plan::Step,
};

impl Model {
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
                let credentials = Credentials {
                    elastic: Secret::new("elastic"),
                    kibana_system: None,
                    kibana_encryption_key: Secret::new("3".repeat(64)),
                    kibana_tokens: std::collections::BTreeMap::new(),
                    users: std::collections::BTreeMap::new(),
                };
                self.there.credentials = Some(mesh.complete(credentials, &mut self.chance()));
            }
            Step::Trust(step) => self.carry_out_of_trust(mesh, step),
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
                let cluster = service.cluster();
                assert!(self.has_repository_dir(mesh, cluster), "Docker mounts no path that is missing");
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
                    self.log_in_kibana(service.cluster());
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
            Step::SetPasswords(cluster) => {
                let server = self.answering(*cluster);
                (server.passwords, server.users.kibana_system_disabled) = (true, false);
            }
            Step::Links(step) => self.carry_out_of_links(mesh, step),
            Step::Nodes(step) => self.carry_out_of_nodes(mesh, step),
            Step::Gateway(step) => self.carry_out_of_gateway(mesh, step),
            Step::Guests(step) => panic!("no mesh is reconciled by {step:?}"),
            Step::Peers(step) => self.carry_out_of_peers(mesh, step),
            Step::Users(step) => self.carry_out_of_users(mesh, step),
            Step::Views(step) => self.carry_out_of_views(mesh, step),
            Step::Tokens(step) => self.carry_out_of_tokens(mesh, step),
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
