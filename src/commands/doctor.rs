//! `mesh doctor`: is this machine ready for a mesh? Looks, mends what is safe to mend, looks again, tells.

use std::path::Path;

use super::settings;
use crate::{
    apply::{directory, sysctl},
    cli::DoctorArgs,
    console::Console,
    error::{Error, Exit},
    judge::check::{self, Report, Sight},
    mesh::{Mesh, Owner, cluster_set::ClusterSet, decide::Circumstances, settings::Overrides, taken::Taken},
    session::{HOSTS_FILE, Place},
    world::{disk, glance::Glance, kernel},
};

/// Where settings of the kernel are kept for its next start. The last name wins, and `99-sysctl.conf` is Debian's link
/// to `/etc/sysctl.conf`; earlier versions wrote `99-mesh.conf`, whose settings stay in force where no other file has
/// them.
const KEPT: &str = "/etc/sysctl.d/zz-mesh.conf";
/// For which clusters a machine is looked at that has none.
const CLUSTERS: &str = "2";

pub async fn doctor(args: &DoctorArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let dir = disk::resolve(&place.dir)?;
    let place = Place { dir, ..place };
    let asked = settings::requested(&args.settings, &place, console).await?;
    let (mut mesh, mut sight) = look(&asked, &place).await?;
    let mut mended = Ok(());
    if args.fix {
        let settings = sight.host.as_ref().map(|host| check::lacking(&mesh, &host.limits)).unwrap_or_default();
        if settings.is_empty() {
            console.note("nothing to mend: no kernel setting is too low");
        } else {
            let again = place.typed_for_root();
            mended = sysctl::raise(&settings, Path::new(kernel::SETTINGS), Path::new(KEPT), &again, console);
            (mesh, sight) = look(&asked, &place).await?;
        }
    }
    let report = Report::new(&mesh, check::doctor(&mesh, &sight));
    console.checks(&report, args.output.format);
    mended?;
    Ok(if report.is_ready() { Exit::Done } else { Exit::Machine })
}

/// The checks of this machine for the mesh that is recorded, or one of two clusters.
pub(super) async fn report(place: &Place) -> Result<Report, Error> {
    let place = Place { dir: disk::resolve(&place.dir)?, ..place.clone() };
    let (mesh, sight) = look(&Overrides::default(), &place).await?;
    Ok(Report::new(&mesh, check::doctor(&mesh, &sight)))
}

/// The mesh that is recorded, or one of two clusters, with what is asked for; one that is recorded keeps its version.
pub(super) async fn decided(asked: &Overrides, place: &Place) -> Result<Mesh, Error> {
    let place = Place { dir: disk::resolve(&place.dir)?, ..place.clone() };
    let glance = Glance::take(&place.dir).await;
    let stack_version = asked.stack_version.filter(|_| glance.kept.record.is_none());
    decide(&Overrides { stack_version, ..asked.clone() }, &place, &glance)
}

/// Everything that can be known, whatever else cannot, and the mesh that it is held against.
async fn look(asked: &Overrides, place: &Place) -> Result<(Mesh, Sight), Error> {
    let glance = Glance::take(&place.dir).await;
    let mesh = decide(asked, place, &glance)?;
    let shared = match &glance.engine {
        Ok(engine) if glance.is_writable() => {
            directory::is_shared(&engine.docker, &place.dir).await.map_err(|error| with_causes(&error))
        }
        Ok(_) => Err("this user may not put a file there to ask by".to_owned()),
        Err(_) => Err("Docker cannot be asked".to_owned()),
    };
    let sight = glance.sight(&mesh, shared, Path::new(HOSTS_FILE)).await;
    Ok((mesh, sight))
}

fn with_causes(Error { message, causes, .. }: &Error) -> String {
    std::iter::once(message).chain(causes).map(String::as_str).collect::<Vec<_>>().join(": ")
}

/// The mesh that is recorded, or one of defaults, with what is asked for.
fn decide(asked: &Overrides, place: &Place, glance: &Glance) -> Result<Mesh, Error> {
    let record = glance.kept.record.as_ref();
    let usual = || ClusterSet::of_mesh(CLUSTERS).ok().filter(|_| record.is_none());
    let clusters = asked.clusters.clone().or_else(usual);
    let asked = Overrides { clusters, ..asked.clone() };
    let now = Circumstances {
        dir: place.dir.clone(),
        new_id: String::new(),
        name: place.name.clone(),
        owner: Owner { uid: 0, gid: 0 },
        engine: None,
        host_name: glance.host.as_ref().map(|host| host.hostname.clone()).unwrap_or_default(),
        taken: glance.taken(),
        unmade: glance.is_unmade(),
    };
    // where no network is free, the check of the network tells what is in the way of the first
    let first = Mesh::decide(&asked, record, now.clone());
    Ok(first.or_else(|_| Mesh::decide(&asked, record, Circumstances { taken: Taken::default(), ..now }))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_after_the_settings_of_the_machine() {
        let name = Path::new(KEPT).file_name().unwrap().to_str().unwrap();
        assert!(["99-mesh.conf", "99-sysctl.conf", "99-zz.conf"].iter().all(|earlier| *earlier < name), "{name}");
    }
}
