//! From what is there to what is wanted: create, complete, grow, shrink, repair and renew are this one function. Pure.

mod containers;
mod due;
mod gateway;
mod links;
mod nodes;
mod peers;
mod secure_settings;
mod settings;
mod snapshots;
mod start;
mod tokens;
mod trust;
mod users;
mod views;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use time::{Duration, OffsetDateTime};

pub use self::due::{renew_due, unread_certificates};
use super::{LinkStep, NodeStep, Plan, SnapshotStep, Step, TokenStep, TrustStep, permissions::misfits, renew::Renewal};
use crate::facts::observed::{ClusterFiles, Observed, ServerFacts, ServiceFiles};
use crate::mesh::{
    Mesh,
    digest::digest_of_secret,
    hosts_file,
    id::{ClusterId, NodeId, ServiceId, ServiceKind},
    keystore,
    peers::{Alias, PartnerName, access::RemoteAccessFacts},
};

/// What reaching peers takes, without its secrets.
pub type Offered = BTreeMap<PartnerName, BTreeMap<Alias, RemoteAccessFacts>>;

/// What a plan depends on besides the mesh and the facts.
#[derive(Debug, Clone)]
pub struct PlanInputs {
    pub now: OffsetDateTime,
    /// The uid of the license that every cluster should have; `None` for whichever allows links.
    pub license: Option<String>,
    /// Whether the user agreed to give a server another password.
    pub recover: bool,
    /// The machine's cores.
    pub cores: usize,
    /// What is to be saved of peers that are joined by this run.
    pub offered: Offered,
    /// Whether users and roles stay that the mesh does not have: those of a server that could not be asked when a lost
    /// record was rebuilt are not known, and those that a snapshot brings back are not recorded yet.
    pub keep_users: bool,
    /// Whether keys and certificates are good until they expire: to tell drift from what a timer is about to renew by
    /// [`renew_due`].
    pub due_is_good: bool,
    /// Where the snapshots of clusters that are deleted are moved to before; `None` to delete them.
    pub keep_snapshots: Option<PathBuf>,
}

impl PlanInputs {
    pub fn new(now: OffsetDateTime, cores: usize) -> Self {
        Self {
            now,
            license: None,
            recover: false,
            cores,
            offered: Offered::new(),
            keep_users: false,
            due_is_good: false,
            keep_snapshots: None,
        }
    }

    /// How many of `clusters` are worked on at the same time: one more than there are cores, or as many less as make
    /// turns of the same length. A server that boots keeps more than one core busy, so more of them at once only keep
    /// each other waiting, and the first is there so much later. docs/performance.md has the figures.
    fn at_once(&self, clusters: usize) -> usize {
        let turns = clusters.div_ceil(self.cores + 1).max(1);
        clusters.div_ceil(turns).max(1)
    }
}

/// The stages that lead from `there` to `mesh`, in the order of events.
///
/// Every step decides from its own fact whether it is needed, never from a neighbour's, so that a run that stopped
/// anywhere is completed by the next. What could not be asked counts as not being so; the steps for it change nothing
/// where it is.
pub fn reconcile(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Plan {
    renew(mesh, there, inputs, &Renewal::default())
}

/// A plan that reconciles, and makes what `renewal` names anew on the way though it is good.
///
/// Where an authority takes over from another, both are trusted before the next signs anything, and until nothing shows
/// a certificate of the old one. The files tell how far that is, so every plan completes what another began.
pub fn renew(mesh: &Mesh, there: &Observed, inputs: &PlanInputs, renewal: &Renewal) -> Plan {
    let reconciler = Reconciler::new(mesh, there, inputs, renewal);
    let plan = with_foundations(Plan::of(mesh.name.as_ref()), &reconciler);
    let plan = with_removals(plan, &reconciler);
    let plan = with_files(plan, &reconciler);
    let plan = with_services(plan, &reconciler);
    with_links(plan, &reconciler)
}

/// What is looked at, pulled and recorded before anything is changed, and what the mesh stands on: user, modes, places.
fn with_foundations(plan: Plan, reconciler: &Reconciler<'_>) -> Plan {
    let (mesh, there) = (reconciler.mesh, reconciler.there);
    let recorded = there.record.as_ref().is_some_and(|record| mesh.is_recorded_in(record));
    let makes = reconciler.gateway_stale() || mesh.services().any(|service| reconciler.container_stale(service));
    plan.stage("prove the directory", makes.then_some(Step::ProveDirectory))
        .stage("pull images", reconciler.images().into_iter().chain(reconciler.gateway_image()))
        .stage("try the new images", reconciler.trials())
        .stage("record the mesh", (!recorded).then_some(if there.lost.record { Step::Rebuild } else { Step::Record }))
        .stage("save keys and authorities of peers", reconciler.saved_peers())
        .stage("create the system user", (!there.account).then_some(Step::CreateAccount { uid: mesh.owner.uid }))
        .stage("set modes and owners", misfits(mesh, there).into_iter().map(Step::SetPermissions))
        .stage(
            "prepare repositories",
            mesh.clusters().filter(|c| reconciler.unprepared(*c)).map(|c| SnapshotStep::PrepareRepository(c).into()),
        )
}

/// The removal of what is not wanted any more, before what takes its place.
fn with_removals(plan: Plan, reconciler: &Reconciler<'_>) -> Plan {
    let (mesh, there) = (reconciler.mesh, reconciler.there);
    let held = mesh.clusters().filter(|cluster| reconciler.holds_shards(*cluster));
    let excluding = mesh.clusters().filter(|cluster| reconciler.clears_exclusions(*cluster));
    plan.stage("unregister repositories that move", reconciler.moving_repositories())
        .stage("disconnect remotes", reconciler.disconnects())
        .stage("release shards", held.map(|c| NodeStep::ReleaseShards(c).into()))
        .lanes("start nodes that stay", 1, mesh.clusters().flat_map(|c| reconciler.callbacks(c)))
        .lanes("move links to nodes that stay", 1, mesh.clusters().flat_map(|c| reconciler.moved_links(c)))
        .lanes("move shards and votes to nodes that stay", 1, mesh.clusters().flat_map(|c| reconciler.farewells(c)))
        .stage("remove containers", reconciler.removals())
        .stage("clear exclusions of nodes", excluding.map(|c| NodeStep::ClearExclusions(c).into()))
        .stage("remove nodes", mesh.clusters().flat_map(|c| reconciler.abandoned(c)))
        .stage("keep snapshots", reconciler.kept_snapshots())
        .stage("remove clusters", there.files.keys().filter(|c| !mesh.has_cluster(**c)).map(|c| Step::RemoveFiles(*c)))
        .stage("remove the gateway", reconciler.gateway_files_removal())
        .stage("remove the network", reconciler.removed_network())
}

/// Everything that services read when they start, and bundles that those which run read by themselves.
fn with_files(plan: Plan, reconciler: &Reconciler<'_>) -> Plan {
    let mesh = reconciler.mesh;
    plan.stage("write credentials", reconciler.credentials_file())
        .stage("save passwords of users", reconciler.passwords_to_save())
        .stage(
            "issue authorities",
            mesh.clusters()
                .filter_map(|c| reconciler.authority(c))
                .map(Step::from)
                .chain(reconciler.gateway_authority()),
        )
        .stage("write bundles", reconciler.bundles())
        .stage("issue the gateway's certificate", reconciler.gateway_certificate())
        .lanes("write the gateway's files", 1, reconciler.gateway_files())
        // after the bundles: see `TrustStep::AwaitCertificate`
        .stage("issue certificates", reconciler.reissued.iter().copied().map(|s| TrustStep::IssueCertificate(s).into()))
        .stage(
            "forget clusters without data",
            mesh.clusters().filter(|c| reconciler.forgets_uuid(*c)).map(|c| NodeStep::ForgetUuid(c).into()),
        )
        .stage(
            "record UUIDs",
            mesh.clusters().filter(|c| reconciler.records_uuid(*c)).map(|c| NodeStep::RecordUuid(c).into()),
        )
        .stage(
            "copy the images' files",
            mesh.services().filter(|s| !reconciler.seed_good(*s) && !reconciler.has_its_turn(*s)).map(Step::SeedConfig),
        )
        .stage(
            "write settings",
            mesh.services()
                .filter(|s| !reconciler.settings_good(*s) && !reconciler.has_its_turn(*s))
                .map(Step::WriteSettings),
        )
        .stage("write keystores", mesh.all_nodes().filter(|n| !reconciler.bootstrapped(*n)).map(Step::WriteKeystore))
        .stage(
            "write service tokens",
            mesh.all_nodes().filter(|n| reconciler.lacks_token(*n)).map(|n| TokenStep::Write(n).into()),
        )
        .stage("write secure settings", mesh.all_nodes().filter_map(|n| reconciler.secure_at_rest(n)))
        .stage(
            "remove superusers",
            mesh.clusters().filter(|c| reconciler.has_recovery_user(*c)).map(Step::RemoveRecoveryUser),
        )
}

/// Containers, until every service answers with the certificate that it is to show.
fn with_services(plan: Plan, reconciler: &Reconciler<'_>) -> Plan {
    let mesh = reconciler.mesh;
    plan.stage("create the network", reconciler.network_stale().then_some(Step::CreateNetwork))
        .stage(
            "create containers",
            mesh.services()
                .filter(|s| reconciler.container_stale(*s) && !reconciler.has_its_turn(*s))
                .map(Step::CreateContainer)
                .chain(reconciler.gateway_creation()),
        )
        .stage("update containers", mesh.services().filter_map(|s| reconciler.limits(s)))
        .lanes(reconciler.readying(), reconciler.at_once(), mesh.clusters().flat_map(|c| reconciler.ready(c).steps()))
        .lanes("bring in and restart nodes", 1, mesh.clusters().flat_map(|c| reconciler.turns(c)))
        .stage(
            "wait for certificates",
            mesh.all_nodes().filter(|n| reconciler.unread(*n)).map(|n| TrustStep::AwaitCertificate(n).into()),
        )
        .stage(
            "put the next authorities in force",
            reconciler
                .changing
                .iter()
                .copied()
                .filter(|c| reconciler.authority_good(*c))
                .map(|c| TrustStep::PromoteAuthority(c).into()),
        )
        .stage(
            "issue certificates by the next authorities",
            mesh.services().filter(|s| reconciler.changes(s.cluster())).map(|s| TrustStep::IssueCertificate(s).into()),
        )
        .stage(
            "wait for the next certificates",
            reconciler.changing.iter().flat_map(|c| mesh.nodes(*c)).map(|n| TrustStep::AwaitCertificate(n).into()),
        )
        .stage(
            "restart Kibana",
            mesh.services_of(ServiceKind::Kibana)
                .filter(|s| reconciler.kibana_outdated(*s))
                .map(Step::RestartContainer),
        )
}

/// What is set in servers that run: snapshots, users and links; then what nothing uses any more.
fn with_links(plan: Plan, reconciler: &Reconciler<'_>) -> Plan {
    let mesh = reconciler.mesh;
    // one cluster at a time: what Elasticsearch does not know keeps it from starting
    plan.lanes("change secure settings", 1, mesh.clusters().flat_map(|c| reconciler.secure_in_service(c)))
        .stage("register snapshot repositories", mesh.clusters().flat_map(|c| reconciler.snapshots(c)))
        .lanes("set roles and users", mesh.clusters.len(), mesh.clusters().flat_map(|c| reconciler.users(c)))
        .stage("forget passwords of users", reconciler.passwords_to_forget())
        .lanes("link clusters", reconciler.linked_at_once(), mesh.clusters().flat_map(|c| reconciler.link(c)))
        .stage("prove links", mesh.clusters().filter_map(|c| reconciler.prove(c)))
        .stage(
            "revoke stale API keys",
            mesh.clusters().filter(|c| reconciler.keys_to_revoke(*c)).map(|c| LinkStep::RevokeKeys(c).into()),
        )
        .stage(
            "remove old authorities",
            mesh.clusters().filter(|c| reconciler.retires(*c)).map(|c| TrustStep::RetireAuthority(c).into()),
        )
        .stage("write bundles without them", reconciler.last_bundles())
        .lanes("write the gateway's files without them", 1, reconciler.last_gateway_files())
        .stage(
            "wait for Kibana",
            mesh.services_of(ServiceKind::Kibana).filter(|s| reconciler.kibana_not_ready(*s)).map(Step::AwaitReady),
        )
        // once no Kibana uses them
        .stage(
            "forget service tokens",
            mesh.all_nodes().filter(|n| reconciler.has_old_tokens(*n)).map(|n| TokenStep::Forget(n).into()),
        )
        .stage("make data views", mesh.clusters().filter_map(|c| reconciler.views(c)))
        .lanes("start the gateway", 1, reconciler.gateway_start())
        .stage("update /etc/hosts", reconciler.hosts())
        // last: a machine of another owner that is away keeps nothing of this mesh from being done
        .stage("prove links to peers", mesh.clusters().filter_map(|c| reconciler.prove_peers(c)))
        .stage("forget peers", reconciler.forgotten_peers())
}

/// The questions that the stages ask, each about one fact.
struct Reconciler<'a> {
    mesh: &'a Mesh,
    there: &'a Observed,
    inputs: &'a PlanInputs,
    renewal: &'a Renewal,
    /// Answers that are asked for again and again, so they are found once a service or cluster.
    authorities: BTreeSet<ClusterId>,
    next_authorities: BTreeSet<ClusterId>,
    stale: BTreeSet<ServiceId>,
    written: BTreeSet<ServiceId>,
    answering: BTreeSet<ClusterId>,
    changing: BTreeSet<ClusterId>,
    reissued: BTreeSet<ServiceId>,
}

impl<'a> Reconciler<'a> {
    fn new(mesh: &'a Mesh, there: &'a Observed, inputs: &'a PlanInputs, renewal: &'a Renewal) -> Self {
        let mut reconciler = Self {
            mesh,
            there,
            inputs,
            renewal,
            authorities: BTreeSet::new(),
            next_authorities: BTreeSet::new(),
            stale: BTreeSet::new(),
            written: BTreeSet::new(),
            answering: BTreeSet::new(),
            changing: BTreeSet::new(),
            reissued: BTreeSet::new(),
        };
        reconciler.authorities = mesh.clusters().filter(|cluster| reconciler.can_sign(*cluster)).collect();
        reconciler.next_authorities = mesh.clusters().filter(|cluster| reconciler.can_take_over(*cluster)).collect();
        reconciler.stale = mesh.services().filter(|service| reconciler.is_stale(*service)).collect();
        reconciler.written = mesh.services().filter(|service| reconciler.are_settings_written(*service)).collect();
        let stays = |cluster: &ClusterId| {
            reconciler.rolls(*cluster)
                || !reconciler.container_stale(cluster.first_node())
                    && reconciler.settings_in_force(cluster.first_node())
        };
        reconciler.answering = mesh.clusters().filter(stays).collect();
        reconciler.changing = mesh.clusters().filter(|cluster| reconciler.is_to_change(*cluster)).collect();
        reconciler.reissued = mesh.services().filter(|service| reconciler.is_to_be_reissued(*service)).collect();
        reconciler
    }

    /// What a key or a certificate has to have left that [`renew_due`] renews.
    fn least_left(&self, margin: Duration) -> Duration {
        if self.inputs.due_is_good { Duration::ZERO } else { margin }
    }

    fn files(&self, cluster: ClusterId) -> Option<&ClusterFiles> {
        self.there.files.get(&cluster)
    }

    fn service_files(&self, service: ServiceId) -> Option<&ServiceFiles> {
        self.files(service.cluster())?.services.get(&service)
    }

    /// The server as it answers now; `None` also when its container is about to be replaced or restarted.
    fn server(&self, cluster: ClusterId) -> Option<&ServerFacts> {
        self.there.server(cluster).filter(|_| self.answering.contains(&cluster))
    }

    /// Images are pulled only for containers that have to be made; those of an upgrade before its first cluster stops.
    fn images(&self) -> Vec<Step> {
        let now = self
            .mesh
            .services()
            .filter(|service| self.container_stale(*service) || !self.seed_good(*service))
            .map(|service| self.mesh.image(service));
        let later = if self.mesh.next_upgrade().is_some() { self.mesh.images() } else { BTreeSet::new() };
        let images: BTreeSet<String> = now.chain(later).filter(|image| !self.there.images.contains(image)).collect();
        images.into_iter().map(Step::PullImage).collect()
    }

    /// An upgrade has no way back once data was opened, so its images are started before it is recorded, and those that
    /// have to be pulled again.
    fn trials(&self) -> Vec<Step> {
        let begins = || {
            let same = |record: &Mesh, id: ClusterId| record.target_version(id) == self.mesh.target_version(id);
            let in_progress = |record: &Mesh| self.mesh.clusters().all(|cluster| same(record, cluster));
            !self.there.record.as_ref().is_some_and(in_progress)
        };
        let new = self.mesh.new_images();
        let untried = new.into_iter().filter(|(_, image)| begins() || !self.there.images.contains(image));
        untried.map(|(service, image)| Step::TryImage { kind: service.kind(), image }).collect()
    }

    /// The network that another takes the place of.
    fn removed_network(&self) -> Option<Step> {
        let network = self.there.network.as_ref().filter(|_| self.network_stale())?;
        Some(Step::RemoveNetwork { id: network.id.clone() })
    }

    fn network_stale(&self) -> bool {
        self.there.network.as_ref().is_none_or(|network| network.subnet != self.mesh.subnet.to_string())
    }

    fn credentials_file(&self) -> Option<Step> {
        if self.there.lost.credentials {
            return Some(Step::RecoverCredentials);
        }
        match &self.there.credentials {
            None => Some(Step::WriteCredentials),
            Some(credentials) => (!self.mesh.completes(credentials)).then(|| TokenStep::Complete.into()),
        }
    }

    fn has_recovery_user(&self, cluster: ClusterId) -> bool {
        self.files(cluster).is_some_and(|files| files.nodes.values().any(|node| node.recovery_user))
    }

    /// Whether a node's keystore holds the password that the server starts with.
    fn bootstrapped(&self, node: NodeId) -> bool {
        let wanted = self.there.credentials.as_ref().map(|credentials| digest_of_secret(&credentials.elastic));
        let found = self.node_files(node).and_then(|files| files.keystore.as_ref()?.get(keystore::BOOTSTRAP_PASSWORD));
        wanted.is_some() && found == wanted.as_ref()
    }

    /// What links a cluster to its remotes, whose keys are there.
    fn link(&self, on: ClusterId) -> Vec<Step> {
        [self.credentials(on), self.connect(on)].into_iter().flatten().map(Step::from).collect()
    }

    fn linked_at_once(&self) -> usize {
        self.inputs.at_once(self.mesh.clusters().filter(|on| !self.link(*on).is_empty()).count())
    }

    fn kibana_not_ready(&self, service: ServiceId) -> bool {
        self.container_stale(service) || self.there.kibana(service.cluster()).is_none() || self.kibana_outdated(service)
    }

    fn hosts(&self) -> Option<Step> {
        let text = self.there.hosts_file.as_deref()?;
        let entries = self.mesh.spec.hosts.then(|| self.mesh.host_entries());
        let wanted = hosts_file::with_block(text, self.mesh.name.as_ref(), entries.as_deref());
        if wanted.is_ok_and(|wanted| wanted == text) {
            return None;
        }
        Some(if self.mesh.spec.hosts { Step::WriteHosts } else { Step::RemoveHosts })
    }
}
