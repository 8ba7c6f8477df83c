//! What `mesh create` is asked for, and what follows from it. I/O: the environment, disk, stdin, the terminal; changes
//! nothing.

use std::{collections::BTreeMap, path::Path};

use crate::{
    cli::CreateArgs,
    commands::settings,
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::{check, guests::waiting_authorities},
    mesh::{
        Mesh,
        cluster_set::ClusterSet,
        defaults::Revision,
        license::{License, LicenseError},
        peers::{
            Endpoint, PartnerName,
            access::PeerAccess,
            join::{ForeignCluster, JoinError},
        },
        settings::{Overrides, RemoteRule},
    },
    plan::{
        create::{Before, Creation},
        reconcile::PlanInputs,
        rolling::Turns,
    },
    session::{Place, Session, now},
    world::{
        disk,
        handed_over::{self, HandedOverError},
        templates,
    },
};

/// What was asked for, from all its sources.
pub struct Request<'a> {
    args: &'a CreateArgs,
    pub settings: Overrides,
    pub license: Option<License>,
    /// The clusters that `mesh` does not run, where a settings file names some or none.
    remotes: Option<Vec<(ForeignCluster, Option<ClusterSet>)>>,
}

impl<'a> Request<'a> {
    pub async fn read(args: &'a CreateArgs, place: &Place, console: &Console) -> Result<Self, Error> {
        let settings = settings::requested(&args.settings, place, console).await?;
        let license = match &settings.license {
            Some(path) => Some(read_license(path).await?),
            None => None,
        };
        let remotes = settings.remotes.as_deref().map(read_remotes).transpose()?;
        Ok(Self { args, settings, license, remotes })
    }

    /// The mesh with every name, port and address, and the texts of templates.
    pub fn decide(&self, session: &Session) -> Result<Mesh, Error> {
        let (args, recorded, mut settings) = (self.args, session.survey.known(), self.settings.clone());
        if args.reset {
            settings.clusters = settings.clusters.or(recorded.map(Mesh::cluster_set));
        }
        let kept = recorded.filter(|_| !args.reset);
        let mesh = Mesh::decide(&settings, kept, session.circumstances()?)?;
        let mesh = if args.new_defaults { mesh.with_defaults(Revision::NEWEST, recorded) } else { mesh };
        let mesh = templates::of(mesh)?;
        let mesh = self.joined(mesh, kept)?.0;
        Ok(Mesh { engine: Some(session.survey.engine.clone()), ..mesh })
    }

    /// The mesh with the clusters that `mesh` does not run, and what reaching those takes.
    fn joined(
        &self,
        mesh: Mesh,
        recorded: Option<&Mesh>,
    ) -> Result<(Mesh, BTreeMap<PartnerName, PeerAccess>), JoinError> {
        match &self.remotes {
            Some(remotes) => mesh.join_all_foreign(remotes.clone(), recorded),
            None => Ok((mesh, BTreeMap::new())),
        }
    }

    /// What reaching the clusters takes that `mesh` does not run, by their names.
    pub fn access(&self, mesh: &Mesh) -> Result<BTreeMap<PartnerName, PeerAccess>, JoinError> {
        Ok(self.joined(mesh.clone(), None)?.1)
    }

    pub fn inputs(&self, session: &Session, recover: bool, access: &BTreeMap<PartnerName, PeerAccess>) -> PlanInputs {
        let license = self.license.as_ref().map(|license| license.uid.clone());
        let offered = access.iter().map(|(name, access)| (name.clone(), access.facts())).collect();
        PlanInputs { license, recover, offered, keep_snapshots: self.args.keep_snapshots.clone(), ..session.inputs() }
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
            if self.args.dry_run {
                console.lost_guests(session.survey.known(), whole);
            }
            return;
        }
        console.in_progress(mesh);
        console.findings(&waiting_authorities(mesh, there, now()));
        console.guests_shut_out(session.survey.known(), &mesh.settled());
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
            console.changes_of_settings(recorded.moved_kibana(mesh).as_slice());
        }
        console.lost_access(lost_access);
        console.outages(away);
        console.lowered_replicas(whole);
    }
}

/// The remotes of a settings file, with the keys and authorities that its other files hold.
fn read_remotes(rules: &[RemoteRule]) -> Result<Vec<(ForeignCluster, Option<ClusterSet>)>, HandedOverError> {
    let remote = |rule: &RemoteRule| {
        let RemoteRule { name, address, server_name, key_file, ca, on } = rule.clone();
        let access = handed_over::access(&key_file, &ca)?;
        Ok((ForeignCluster { name, at: Endpoint { address, others: Vec::new(), server_name }, access }, on))
    };
    rules.iter().map(remote).collect()
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
