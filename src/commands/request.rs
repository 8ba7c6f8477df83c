//! What `mesh create` is asked for, and what follows from it. I/O: the environment, disk, stdin, the terminal; changes
//! nothing.

use std::path::Path;

use super::settings;
use crate::{
    cli::CreateArgs,
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::check,
    mesh::{
        Mesh,
        defaults::Revision,
        license::{License, LicenseError},
        settings::Overrides,
    },
    plan::{
        create::{Before, Creation},
        reconcile::PlanInputs,
        rolling::Turns,
    },
    session::{Place, Session, now},
    world::{disk, templates},
};

/// What was asked for, from all its sources.
pub struct Request<'a> {
    args: &'a CreateArgs,
    pub settings: Overrides,
    pub license: Option<License>,
}

impl<'a> Request<'a> {
    pub async fn read(args: &'a CreateArgs, place: &Place, console: &Console) -> Result<Self, Error> {
        let settings = settings::requested(&args.settings, place, console).await?;
        let license = match &settings.license {
            Some(path) => Some(read_license(path).await?),
            None => None,
        };
        Ok(Self { args, settings, license })
    }

    /// The mesh with every name, port and address, and the texts of templates.
    pub fn decide(&self, session: &Session) -> Result<Mesh, Error> {
        let (args, recorded, mut settings) = (self.args, session.survey.known(), self.settings.clone());
        if args.reset {
            settings.clusters = settings.clusters.or(recorded.map(Mesh::cluster_set));
        }
        let kept = recorded.filter(|_| !args.reset);
        let mesh = templates::of(Mesh::decide(&settings, kept, session.circumstances()?)?)?;
        let mesh = if args.new_defaults { mesh.with_defaults(Revision::NEWEST, recorded) } else { mesh };
        Ok(Mesh { engine: Some(session.survey.engine.clone()), ..mesh })
    }

    pub fn inputs(&self, session: &Session, recover: bool) -> PlanInputs {
        let license = self.license.as_ref().map(|license| license.uid.clone());
        PlanInputs { license, recover, keep_snapshots: self.args.keep_snapshots.clone(), ..session.inputs() }
    }

    pub fn plan(
        &self,
        session: &Session,
        wanted: Mesh,
        there: Observed,
        inputs: &PlanInputs,
    ) -> Result<Creation, Error> {
        let before = match session.survey.known() {
            None => Before::Nothing,
            Some(kept) if !self.args.reset => Before::Kept(kept),
            // as the old mesh knows it
            Some(old) => Before::Replaced(Box::new(session.remains(old)?)),
        };
        Ok(Creation::new(wanted, there, &before, inputs, self.args.new_defaults))
    }

    /// What the user should know of before agreeing.
    pub fn announce(
        &self,
        session: &Session,
        Creation { mesh, there, whole, turns, lost_access, away, .. }: &Creation,
        console: &Console,
    ) {
        if self.license.is_none() {
            console.findings(check::trial_only(mesh, there).as_slice());
        }
        if self.args.reset {
            return;
        }
        console.in_progress(mesh);
        if let Some(recorded) = session.survey.record.as_ref().filter(|_| session.survey.is_unmade())
            && let Some(note) = mesh.chosen_again(recorded, session.survey.overlapping(recorded))
        {
            console.note(&note);
        }
        if *turns != Some(Turns::Defaults) && mesh.next_defaults().is_some() {
            console.new_defaults(mesh);
        }
        if let Some(recorded) = session.survey.known() {
            console.changes_of_settings(&recorded.lines_that_go(mesh));
            console.changes_of_settings(&recorded.changes_of_clusters(&mesh.settled()));
            console.changes_of_settings(&recorded.repositories_left(mesh));
        }
        console.lost_access(lost_access);
        console.outages(away);
        console.lowered_replicas(whole);
    }
}

async fn read_license(path: &Path) -> Result<License, Error> {
    let refuse = |why: &str| {
        Error::new(Exit::Request, format!("{} is not a usable license: {why}", path.display())).hint(LicenseError::HINT)
    };
    let bytes = disk::read_given(path, disk::LARGEST).await.map_err(|error| {
        if error.is_missing() { refuse("there is no such file") } else { refuse(&error.to_string()) }
    })?;
    License::parse(&bytes, now()).map_err(|error| refuse(&error.to_string()))
}
