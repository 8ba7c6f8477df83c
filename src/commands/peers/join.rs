//! `mesh join`: an invitation, or a cluster that `mesh` does not run, becomes a peer.

use std::{path::Path, time::Instant};

use crate::{
    apply::{Apply, wait::Patience},
    cli::{ForeignArgs, JoinArgs},
    commands::{interruptible, steady::reconcile_until_steady, steady::turns, time_for},
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::peers::require_free_aliases,
    mesh::{
        Mesh,
        peers::{
            Address,
            access::RemoteAccess,
            join::{ForeignCluster, JoinOptions, Joined},
        },
    },
    plan::{join::joining, reconcile::PlanInputs, rolling, rolling::Turns},
    session::{Place, Session, now},
    world::handed_over::{self, HandedOverError},
};

pub async fn join(args: &JoinArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    // before the lock: what is wrong with a file is known without the mesh
    let handed_over = HandedOver::read(args)?;
    let session = Session::to_change(place, args.plan.dry_run).await?;
    let recorded = session.recorded_with_templates()?;
    let Joined { mesh, name, access } = handed_over.join(recorded, args)?;
    let there = session.observe_recorded(&mesh).await?;
    require_free_aliases(&mesh, &name, &there)?;
    let inputs = session.inputs();
    let plan = joining(&mesh, &name, &access, &there, &inputs)?;
    if args.plan.dry_run {
        console.plan(&mesh, &plan.whole, args.plan.format);
        return Ok(Exit::Done);
    }
    console.invitation(&mesh, &name, handed_over.digest().as_deref());
    console.intent(&mesh, &plan.whole);
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience).with_access(access);
    apply.lift_record()?;
    interruptible(&patience, console, async {
        apply.apply(&plan.first).await?;
        reconcile_until_steady(&apply, inputs).await?;
        let next =
            |mesh: &Mesh, there: &Observed, inputs: &PlanInputs| rolling::next(mesh, there, inputs, Turns::Settings);
        Box::pin(turns(&session, mesh.clone(), &patience, console, &next)).await?;
        patience.restart();
        apply.apply(&plan.last).await
    })
    .await?;
    console.joined(&mesh, &name, args.invitation.as_deref(), begun.elapsed());
    Ok(Exit::Done)
}

/// What another owner handed over.
enum HandedOver {
    Invitation(crate::mesh::peers::Invitation),
    Foreign(ForeignFiles),
}

/// What is known of a cluster that `mesh` does not run.
struct ForeignFiles {
    access: RemoteAccess,
}

impl HandedOver {
    fn read(args: &JoinArgs) -> Result<Self, HandedOverError> {
        match &args.invitation {
            Some(path) => Ok(Self::Invitation(handed_over::invitation(path, now())?)),
            None => Ok(Self::Foreign(ForeignFiles::read(&args.foreign)?)),
        }
    }

    fn join(&self, mesh: Mesh, args: &JoinArgs) -> Result<Joined, Error> {
        let on = args.on.clone();
        Ok(match self {
            Self::Invitation(invitation) => {
                mesh.join(invitation, JoinOptions { peer: args.peer.clone(), suffix: args.suffix.clone(), on })?
            }
            Self::Foreign(files) => {
                let ForeignArgs { remote, address, server_name, .. } = &args.foreign;
                let (name, address) = remote.clone().zip(address.clone()).ok_or_else(unnamed)?;
                let at = Address { address, server_name: server_name.clone() };
                mesh.join_foreign(ForeignCluster { name, at, access: files.access.clone() }, on)?
            }
        })
    }

    fn digest(&self) -> Option<String> {
        match self {
            Self::Invitation(invitation) => Some(invitation.digest()),
            Self::Foreign(_) => None,
        }
    }
}

impl ForeignFiles {
    fn read(args: &ForeignArgs) -> Result<Self, HandedOverError> {
        let key = args.key_file.as_deref().map(handed_over::key).transpose()?;
        let encoded = key.map(|key| key.expose().to_owned()).unwrap_or_default();
        let authorities = match args.ca.as_deref().filter(|path| *path != Path::new("system")) {
            Some(path) => handed_over::authorities(path)?,
            None => handed_over::system_authorities()?,
        };
        Ok(Self { access: RemoteAccess { authorities, encoded, expires: None, shares: Vec::new(), version: None } })
    }
}

fn unnamed() -> Error {
    Error::new(Exit::Request, "neither an invitation nor a remote is named").hint("see `mesh join --help`")
}
