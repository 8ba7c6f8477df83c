//! How a command begins: which mesh it is about, its lock, Docker, a first look. I/O: the environment, disk, Docker,
//! the terminal; changes nothing but lock files.
//!
//! A [`Session`] works with Docker. [`Recorded`] is for commands that need the mesh's directory alone.

mod locks;
mod lost;
mod place;
mod recorded;

pub use self::{
    locks::lock_of,
    place::{Place, default_dir, is_by_sudo, program, runner},
    recorded::{Recorded, no_mesh},
};

use rand::{RngExt as _, rand_core::UnwrapErr, rngs::SysRng};
use time::OffsetDateTime;

use self::locks::Locks;
use crate::{
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::{check, snapshots::require_owners},
    mesh::{Mesh, Owner, decide::Circumstances, shell_word::shell_word},
    plan::reconcile::PlanInputs,
    world::{Survey, World, templates},
};

/// The names file of the host.
pub const HOSTS_FILE: &str = "/etc/hosts";

/// A command at work: the world that it is about, and what it found there.
#[derive(Debug)]
pub struct Session {
    pub world: World,
    pub survey: Survey,
    /// Held until the command ends; none are where it only looks.
    locks: Locks,
}

impl Session {
    /// A look that changes nothing, whoever else changes the mesh meanwhile.
    pub async fn to_look(place: Place) -> Result<Self, Error> {
        let mut session = Self::begin(place, Locks::none()).await?;
        session.world.only_looks = true;
        Ok(session)
    }

    /// A change of a mesh that exists, on the engine that it was made on. A dry run takes no lock.
    pub async fn to_change(place: Place, dry_run: bool) -> Result<Self, Error> {
        let session = Self::to_make(place, dry_run).await?;
        session.require_same_engine()?;
        Ok(session)
    }

    /// A change of whatever is there, if there is a mesh at all. A dry run takes no lock.
    pub async fn to_make(place: Place, dry_run: bool) -> Result<Self, Error> {
        let locks = if dry_run { Locks::none() } else { Locks::of(&place)? };
        let mut session = Self::begin(place, locks).await?;
        if !dry_run && session.locks.add(session.world.name_of(&session.survey))? {
            // whoever had that lock may have changed what was seen
            session.look_again().await?;
        }
        Ok(session)
    }

    async fn begin(place: Place, locks: Locks) -> Result<Self, Error> {
        let world = open(place).await?;
        let survey = world.survey().await?;
        Ok(Self { world, survey, locks })
    }

    /// Looks again at what is known before anything is decided.
    pub async fn look_again(&mut self) -> Result<(), Error> {
        let survey = self.world.survey().await?;
        let Survey { rebuilt, recovered, owner_exists, .. } = &mut self.survey;
        let owner_exists = if rebuilt.is_some() { *owner_exists } else { survey.owner_exists };
        self.survey = Survey { rebuilt: rebuilt.take(), recovered: recovered.take(), owner_exists, ..survey };
        Ok(())
    }

    /// Decides by what is taken on this machine. What the known mesh does not have, or all of it where that is
    /// `replaced` or unmade, is chosen by one run at a time, and no other run chooses it from then on until this one
    /// ends.
    pub async fn choose(
        &mut self,
        replaced: bool,
        console: &Console,
        decide: impl Fn(&Self) -> Result<Mesh, Error>,
    ) -> Result<Mesh, Error> {
        if self.locks.is_empty() {
            let mesh = decide(self)?;
            self.find_owners(&mesh)?;
            return Ok(mesh);
        }
        let _machine = locks::machine(console).await?;
        let mut mesh = decide(self)?;
        if mesh.chooses(self.survey.known().filter(|_| !replaced)) || self.survey.is_unmade() {
            // by what is taken now
            self.look_again().await?;
            mesh = decide(self)?;
        }
        self.find_owners(&mesh)?;
        self.locks.reserve(&mesh)?;
        Ok(mesh)
    }

    /// Finds out who has the port that a gateway is to have, where it does not have it yet.
    fn find_owners(&mut self, mesh: &Mesh) -> Result<(), Error> {
        let at = mesh.gateway_at().filter(|at| self.survey.known().and_then(Mesh::gateway_at) != Some(*at));
        Ok(at.map_or(Ok(()), |at| self.survey.find_owners(at.port()))?)
    }

    /// Nothing is changed of a mesh that is on another engine than this one.
    pub fn require_same_engine(&self) -> Result<(), Error> {
        let other = self.survey.record.as_ref().and_then(|record| check::other_engine(record, &self.survey.engine));
        other.map_or(Ok(()), |finding| Err(finding.into()))
    }

    /// A name leads to the directory that is its own: where the mesh of that name lives elsewhere, that has to be
    /// named.
    pub fn require_own_name(&self, command: &str) -> Result<(), Error> {
        let Self { world, survey, .. } = self;
        let Some(dir) = world.namesake(survey).filter(|_| survey.known().is_none()) else { return Ok(()) };
        let name = world.name.as_ref().map(ToString::to_string).unwrap_or_default();
        Err(Error::new(Exit::Request, format!("the mesh {name} is in {dir}, and not in {}", world.dir.display()))
            .hint(format!("`mesh {command} --dir {}`", shell_word(dir))))
    }

    /// Whether there is no mesh, nor what is left of one.
    pub fn found_nothing(&self) -> bool {
        self.survey.record.is_none() && !recorded::holds_traces(&self.world.dir)
    }

    /// The mesh that is recorded, with the built-in templates where its own cannot be used.
    pub fn recorded(&self) -> Result<Mesh, Error> {
        self.survey.record.clone().ok_or_else(|| no_mesh(&self.world.dir))
    }

    /// The mesh that is recorded, with its templates: by others, its containers would seem to differ.
    pub fn recorded_with_templates(&self) -> Result<Mesh, Error> {
        Ok(templates::of(self.recorded()?)?)
    }

    /// Everything that a plan for `mesh` depends on.
    pub async fn observe(&self, mesh: &Mesh) -> Result<Observed, Error> {
        Ok(self.world.observe(mesh, &self.survey).await?)
    }

    /// What there is to remove of `mesh`: nothing that a damaged file or a hung server could hide.
    pub fn remains(&self, mesh: &Mesh) -> Result<Observed, Error> {
        Ok(self.world.remains(mesh, &self.survey)?)
    }

    /// Everything that a plan for `mesh` depends on, of a mesh that is there as it is recorded, and of whose
    /// repositories it is known who writes to them.
    pub async fn observe_recorded(&self, mesh: &Mesh) -> Result<Observed, Error> {
        let there = self.observe(mesh).await?;
        self.require_recorded(&there)?;
        require_owners(&there)?;
        Ok(there)
    }

    /// Whether Docker's containers of this directory are those of the mesh that is recorded there: by another record, a
    /// command would leave them alone and report success.
    pub fn require_recorded(&self, there: &Observed) -> Result<(), Error> {
        check::recorded(&self.world.dir, there).map_or(Ok(()), |finding| Err(finding.into()))
    }

    /// What plans depend on besides the mesh and the facts.
    pub fn inputs(&self) -> PlanInputs {
        let inputs = PlanInputs::new(now(), self.survey.host.cores);
        PlanInputs { keep_users: self.survey.rebuilt.is_some(), ..inputs }
    }

    /// What decisions depend on besides the request.
    pub fn circumstances(&self) -> Result<Circumstances, Error> {
        let Self { world, survey, .. } = self;
        let host = &survey.host;
        let uid = match (host.is_root, survey.elastic, survey.free_uid) {
            (false, ..) => host.uid,
            (true, Some(uid), _) | (true, None, Some(uid)) => uid,
            (true, None, None) => {
                return Err(Error::new(Exit::Machine, "no number is free for the system user elastic")
                    .hint("make it yourself with `useradd --system elastic`"));
            }
        };
        Ok(Circumstances {
            dir: world.dir.clone(),
            new_id: format!("{:016x}", UnwrapErr(SysRng).random::<u64>()),
            name: world.name_of(survey),
            owner: Owner { uid, gid: 0 },
            engine: Some(survey.engine.clone()),
            host_name: host.hostname.clone(),
            taken: world.taken(survey).with(locks::reserved(world.name_of(survey).as_ref())),
            unmade: survey.is_unmade(),
        })
    }
}

/// The world that a command is about, before any look at it.
pub async fn open(Place { dir, name }: Place) -> Result<World, Error> {
    Ok(World::open(dir, name, HOSTS_FILE.into()).await?)
}

/// The time of a look.
#[expect(clippy::disallowed_methods, reason = "where the clock comes in, for what is decided from it")]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
