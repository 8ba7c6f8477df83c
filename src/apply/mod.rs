//! CHANGING IT. Stages in order, the lanes of a stage together: all results are gathered, and a failure stops before
//! the next stage. I/O: everything; the only place that changes anything.

pub mod bench;
pub mod bundle;
mod canary;
mod certificates;
mod containers;
mod deletion;
pub mod directory;
pub mod export;
mod files;
mod gateway;
mod guests;
mod images;
mod links;
pub mod load;
mod network;
mod nodes;
pub mod pages;
mod peers;
mod ready;
mod record;
mod recover;
mod repository;
mod secure_settings;
mod security;
mod seed;
mod shards;
mod snapshots;
pub mod support;
pub mod sysctl;
mod tokens;
mod users;
mod views;
pub mod wait;
mod watch;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream};
use time::OffsetDateTime;
use tokio::sync::Mutex;

use self::wait::Patience;
use crate::{
    console::{Console, StageLine, StageTime},
    error::{Error, Exit},
    mesh::{
        Mesh, Owner,
        id::{ClusterId, NodeId},
        keystore::{Keyring, Salt},
        license::License,
        peers::{Draft, GuestKey, PartnerName, access::PeerAccess},
        secret::Secret,
        users::UserName,
    },
    plan::{Description, Effect, Order, Plan, Revoked, Stage, Step},
    session::{Session, now},
    world::{
        World,
        access::{Access, AccessError},
        disk::Tree,
        elasticsearch::Elasticsearch,
    },
};

/// How many steps of a stage run at the same time, where their order is not by cluster; those that only wait are not
/// bounded.
const TOGETHER: usize = 32;

/// The configuration files of an image, as paths with contents.
type Seed = Arc<Vec<(String, Vec<u8>)>>;

/// Everything that carrying out a plan needs.
pub struct Apply<'a> {
    pub mesh: &'a Mesh,
    pub world: &'a World,
    session: &'a Session,
    console: &'a Console,
    patience: &'a Patience,
    /// What servers are given for `--license`.
    license: Option<License>,
    /// What reaching the peers takes that are joined.
    access: BTreeMap<PartnerName, PeerAccess>,
    /// The invitation that is being made.
    draft: Option<Draft>,
    /// The keys that were made for it.
    guest_keys: RefCell<BTreeMap<ClusterId, GuestKey>>,
    /// The passwords that users are given; generated for others.
    passwords: BTreeMap<UserName, Secret>,
    /// The paths in the mesh's directory that may be deleted with their data.
    deletable: BTreeSet<String>,
    /// The access and the replicas that may be taken away; `None` for all of them.
    revocable: Option<BTreeSet<Revoked>>,
    /// The date of certificates and keys.
    now: OffsetDateTime,
    /// What each stage took, in order.
    pub timings: RefCell<Vec<StageTime>>,
    /// The salt of every keystore that is written.
    salt: Salt,
    /// The keys of keystores that were opened or written.
    keys: RefCell<Keyring>,
    seeds: Mutex<HashMap<String, Seed>>,
    /// The indices of each cluster of several nodes that were red before the first of them stopped.
    red_before: RefCell<BTreeMap<ClusterId, BTreeSet<String>>>,
    /// Clients with open connections, and what they were made with.
    servers: RefCell<HashMap<ClusterId, (Access, Elasticsearch)>>,
}

impl<'a> Apply<'a> {
    pub fn new(session: &'a Session, mesh: &'a Mesh, console: &'a Console, patience: &'a Patience) -> Self {
        Self {
            mesh,
            world: &session.world,
            session,
            console,
            patience,
            license: None,
            access: BTreeMap::new(),
            draft: None,
            guest_keys: RefCell::default(),
            passwords: BTreeMap::new(),
            deletable: BTreeSet::new(),
            revocable: Some(BTreeSet::new()),
            now: now(),
            timings: RefCell::default(),
            salt: Salt::random(&mut files::random()),
            keys: RefCell::default(),
            seeds: Mutex::default(),
            red_before: RefCell::default(),
            servers: RefCell::default(),
        }
    }

    /// With the license that servers are given.
    #[must_use]
    pub fn with_license(self, license: Option<License>) -> Self {
        Self { license, ..self }
    }

    /// With what reaching the peers takes that are joined.
    #[must_use]
    pub fn with_access(self, access: BTreeMap<PartnerName, PeerAccess>) -> Self {
        Self { access, ..self }
    }

    /// With the passwords that users are given.
    #[must_use]
    pub fn with_passwords(self, passwords: BTreeMap<UserName, Secret>) -> Self {
        Self { passwords, ..self }
    }

    /// With the invitation that is being made.
    #[must_use]
    pub fn with_draft(self, draft: Draft) -> Self {
        Self { draft: Some(draft), ..self }
    }

    /// Carries out a plan. What was done before a failure stays, for the next run to go on from.
    ///
    /// # Errors
    /// A step failed, the run was interrupted, or the plan deletes data or takes access away that was not agreed to:
    /// then nothing is done.
    pub async fn apply(&self, plan: &Plan) -> Result<(), Error> {
        self.require_agreed(plan)?;
        if plan.restarts() {
            Box::pin(self.require_firewall()).await?;
        }
        let mut changed = false;
        self.console.titles(plan.stages.iter().map(|stage| stage.title));
        for stage in &plan.stages {
            if self.patience.is_interrupted() {
                return Err(Patience::interruption());
            }
            let prepares = stage.prepares();
            changed |= !prepares;
            let done = self.stage(stage).await.map_err(|error| if changed { error.part_way() } else { error });
            done.map_err(|error| error.or_hint("when the cause is gone, type the same command again"))?;
            if prepares {
                self.patience.restart();
            }
        }
        Ok(())
    }

    async fn stage(&self, stage: &Stage) -> Result<(), Error> {
        let line = self.console.stage(stage.title, stage.steps.len());
        let lanes = stage.lanes();
        let together = match stage.order {
            // every server is watched from the start, however many there are
            Order::Together if stage.steps.iter().all(|step| self.describe(step).effect == Effect::Waits) => {
                lanes.len()
            }
            Order::Together => TOGETHER,
            Order::ByCluster { at_once } => at_once,
        };
        let (begun, slowest) = (Instant::now(), Cell::new((Duration::ZERO, None)));
        let errors: Vec<Error> = stream::iter(lanes)
            .map(|lane| self.lane(lane, &line, &slowest))
            .buffer_unordered(together)
            .filter_map(async |outcome| outcome.err())
            .collect()
            .await;
        let (longest, slowest) = slowest.into_inner();
        let slowest = slowest.map(|step| (self.describe(step).text, longest));
        self.timings.borrow_mut().push(StageTime {
            title: stage.title,
            steps: stage.steps.len(),
            took: begun.elapsed(),
            slowest,
        });
        self.patience.abandon(false);
        if errors.is_empty() {
            line.done();
            Ok(())
        } else {
            line.failed();
            Err(gathered(stage, errors))
        }
    }

    /// Steps one after the other, up to the first that fails.
    async fn lane<'s>(
        &self,
        steps: &'s [Step],
        line: &StageLine,
        slowest: &Cell<(Duration, Option<&'s Step>)>,
    ) -> Result<(), Error> {
        for step in steps {
            if self.patience.is_over() {
                return Err(Patience::interruption());
            }
            let begun = Instant::now();
            let outcome = self.step(step, line).await;
            let took = begun.elapsed();
            if took >= slowest.get().0 {
                slowest.set((took, Some(step)));
            }
            // what keeps a server from coming up fails the run at once; links are all looked at, to name each that is
            // down
            if outcome.is_err() && self.describe(step).brings_up {
                self.patience.abandon(true);
            }
            outcome?;
        }
        Ok(())
    }

    async fn step(&self, step: &Step, line: &StageLine) -> Result<(), Error> {
        let begun = Instant::now();
        let outcome = match step {
            Step::PullImage(image) => self.pull_image(image, line).await,
            Step::ProveDirectory => self.prove_directory().await,
            Step::TryImage { kind, image } => self.try_image(*kind, image, line).await,
            Step::Record | Step::Rebuild => self.record(),
            Step::CreateAccount { uid } => self.create_account(*uid),
            Step::SetPermissions(misfit) => self.set_permissions(misfit),
            Step::WriteCredentials => self.write_credentials(),
            Step::RecoverCredentials => self.recover_credentials(),
            Step::RemoveRecoveryUser(cluster) => self.remove_recovery_user(*cluster),
            Step::ResetPassword(cluster) => self.reset_password(*cluster).await,
            Step::Trust(step) => self.trust_step(step, line).await,
            Step::SeedConfig(service) => self.seed_config(*service).await,
            Step::WriteSettings(service) => self.write_settings(*service),
            Step::WriteKeystore(node) => self.write_keystore(*node),
            Step::StoreSecureSettings { node, restart, .. } => self.store_secure_settings(*node, *restart, line).await,
            Step::CreateNetwork => self.create_network().await,
            Step::RemoveNetwork { id } => self.remove_network(id).await,
            Step::CreateContainer(service) => self.create_container(*service).await,
            Step::UpdateContainer { service, from, to } => self.update_container(*service, from, to).await,
            Step::StartContainer(service) => self.start_container(*service).await,
            Step::StopContainer(service) => self.stop_container(*service, line).await,
            Step::RestartContainer(service) => self.restart_container(*service).await,
            Step::RemoveContainer { service, .. } => {
                self.remove_container(&self.mesh.container_name(*service), line).await
            }
            Step::RemoveOrphan(name) => self.remove_container(name, line).await,
            Step::AwaitReady(service) => self.await_ready(*service, line).await,
            Step::ApplyLicense(cluster) => self.apply_license(*cluster).await,
            Step::StartTrial(cluster) => self.start_trial(*cluster).await,
            Step::SetPasswords(cluster) => self.set_passwords(*cluster).await,
            Step::Links(step) => self.link_step(step, line).await,
            Step::Snapshots(step) => self.snapshot_step(step, line).await,
            Step::Nodes(step) => self.node_step(step, line).await,
            Step::Peers(step) => self.peer_step(step, line).await,
            Step::Guests(step) => self.guest_step(step).await,
            Step::Gateway(step) => self.gateway_step(step, line).await,
            Step::Users(step) => self.user_step(step).await,
            Step::Views(step) => self.view_step(step).await,
            Step::Tokens(step) => self.token_step(step, line).await,
            Step::RemoveFiles(cluster) => self.remove_files(*cluster),
            Step::WriteHosts => self.write_hosts(true),
            Step::RemoveHosts => self.write_hosts(false),
            Step::RemoveDirectory => self.remove_directory(),
        };
        let end = if outcome.is_ok() { "done" } else { "failed" };
        tracing::info!("{}: {end} after {:.1?}", self.describe(step).text, begun.elapsed());
        outcome
    }

    fn describe(&self, step: &Step) -> Description {
        step.describe(self.mesh.name.as_ref())
    }

    /// The mesh's directory. It exists once the mesh is recorded.
    fn tree(&self) -> Result<Tree, Error> {
        self.world.tree()?.ok_or_else(|| {
            Error::new(Exit::Unfinished, format!("{} is gone", self.mesh.dir.display()))
                .hint(format!("`mesh create {}` makes it again", self.mesh.cluster_set().to_mesh_text()))
        })
    }

    /// Who files for containers belong to: root gives them away, anybody else is the user that the containers run as.
    fn owner(&self) -> Option<Owner> {
        self.session.survey.host.is_root.then_some(self.mesh.owner)
    }

    /// A cluster's REST API, with the authorities and the password that are on disk now. Connections stay open from one
    /// step to the next.
    fn server(&self, cluster: ClusterId) -> Result<Elasticsearch, Error> {
        let access = self.access(cluster)?;
        if let Some((_, server)) = self.servers.borrow().get(&cluster).filter(|(made_with, _)| *made_with == access) {
            return Ok(server.clone());
        }
        let server = Elasticsearch::new(self.mesh, cluster, access.clone())?;
        self.servers.borrow_mut().insert(cluster, (access, server.clone()));
        Ok(server)
    }

    /// A node's REST API over a connection of its own, to see what that one shows now.
    fn server_on(&self, node: NodeId) -> Result<Elasticsearch, Error> {
        Ok(Elasticsearch::on(self.mesh, node, self.access(node.cluster)?)?)
    }

    fn access(&self, cluster: ClusterId) -> Result<Access, Error> {
        Access::read(&self.tree()?, cluster).map_err(gone)
    }
}

/// What is missing now was there when the run began.
fn gone(error: AccessError) -> Error {
    match error {
        AccessError::Files(error) => error.into(),
        missing => Error::from(missing).exit(Exit::Unfinished),
    }
}

/// One error of all that a stage's steps returned; those that were only cut short say nothing.
fn gathered(stage: &Stage, errors: Vec<Error>) -> Error {
    let (cut, mut errors): (Vec<Error>, Vec<Error>) = errors.into_iter().partition(|error| error.interrupted);
    match errors.len() {
        0 => return cut.into_iter().next().unwrap_or_else(Patience::interruption),
        1 => return errors.remove(0),
        _ => {}
    }
    errors.sort_by(|a, b| a.message.cmp(&b.message));
    let same = errors.iter().all(|error| error.exit == errors[0].exit);
    let exit = if same { errors[0].exit } else { Exit::Unfinished };
    let hint = errors[0].hint.clone();
    let mut failure =
        Error::new(exit, format!("{} of {} steps failed: {}", errors.len(), stage.steps.len(), stage.title));
    for error in errors {
        failure = failure.cause(std::iter::once(error.message).chain(error.causes).collect::<Vec<_>>().join(": "));
    }
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
