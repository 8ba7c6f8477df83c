//! `mesh doctor`: is this machine ready for a mesh? Looks, mends what is safe to mend, looks again, tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use futures::future::try_join_all;
use nix::unistd::geteuid;
use tokio::time::timeout;

use super::settings;
use crate::{
    apply::{directory, sysctl},
    cli::DoctorArgs,
    console::Console,
    error::{Error, Exit},
    facts::{
        host::{EngineFacts, HostFacts, ImageFacts, Limits},
        observed::{Observed, PermissionFacts},
    },
    judge::check::{self, Finding, Report, Sight},
    mesh::{Mesh, Owner, cluster_set::ClusterSet, decide::Circumstances, settings::Overrides, taken::Taken},
    session::{HOSTS_FILE, Place, lost},
    world::{
        account, clock,
        disk::{self, Tree},
        docker::{ANSWER, ContainerSummary, Docker, DockerError, NetworkSummary},
        files, host, kernel, observe, on_engine, permissions, ports, survey, traces,
    },
};

/// Where settings of the kernel are kept for its next start.
const KEPT: &str = "/etc/sysctl.d/99-mesh.conf";
/// For which clusters a machine is looked at that has none.
const CLUSTERS: &str = "2";

pub async fn doctor(args: &DoctorArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let dir = disk::resolve(&place.dir)?;
    let place = Place { dir, ..place };
    let asked = settings::requested(&args.settings, &place, console)?;
    let (mut mesh, mut sight) = look(&asked, &place).await?;
    let mut mended = Ok(());
    if args.fix {
        let settings = check::lacking(&mesh, &sight.limits);
        if settings.is_empty() {
            console.note("nothing to mend: no kernel setting is too low");
        } else {
            mended = sysctl::raise(&settings, Path::new(kernel::SETTINGS), Path::new(KEPT), console);
            (mesh, sight) = look(&asked, &place).await?;
        }
    }
    let report = Report::new(&mesh.cluster_set(), check::doctor(&mesh, &sight));
    console.checks(&report, args.output.format);
    mended?;
    Ok(if report.is_ready() { Exit::Done } else { Exit::Machine })
}

/// An engine that answers.
struct Engine {
    docker: Docker,
    facts: EngineFacts,
    containers: Vec<ContainerSummary>,
    networks: Vec<NetworkSummary>,
}

async fn engine() -> Result<Engine, Error> {
    let asked = async {
        let docker = Docker::connect().await?;
        let (facts, containers, networks) = futures::try_join!(docker.facts(), docker.containers(), docker.networks())?;
        Ok(Engine { docker, facts, containers, networks })
    };
    timeout(ANSWER, asked).await.unwrap_or(Err(DockerError::Silent)).map_err(Error::from)
}

/// Everything that can be known, whatever else cannot, and the mesh that it is held against: the one that is recorded, or
/// one of defaults, with what is asked for.
async fn look(asked: &Overrides, place: &Place) -> Result<(Mesh, Sight), Error> {
    let (engine, dir) = (engine().await, &*place.dir);
    let (containers, networks) =
        engine.as_ref().map_or((&[][..], &[][..]), |engine| (&engine.containers, &engine.networks));
    let host = host::facts(dir).map_err(|error| error.to_string());
    let host = match &engine {
        Ok(engine) => host.map(|host| host::with_engine(host, &engine.facts)),
        Err(_) => host,
    };
    let (kept, entries) = on_disk(dir);
    let mesh = decide(asked, place, kept.record.as_ref(), host.as_ref().ok(), networks)?;
    let images = match &engine {
        Ok(engine) => images(&engine.docker, &mesh).await.map_err(|error| error.to_string()),
        Err(_) => Err("Docker cannot be asked".to_owned()),
    };
    let here = match &engine {
        Ok(engine) => engine.docker.images(&mesh).await.unwrap_or_default(),
        Err(_) => BTreeMap::new(),
    };
    let hosts_file = host
        .as_ref()
        .is_ok_and(|host| host.is_root)
        .then(|| disk::read_outside(&disk::resolve(Path::new(HOSTS_FILE))?));
    let there = Observed {
        record: kept.record,
        credentials: kept.credentials,
        files: kept.files,
        permissions: kept.permissions,
        hosts_fault: hosts_file.as_ref().and_then(|read| read.as_ref().err()).map(ToString::to_string),
        hosts_file: hosts_file.and_then(Result::ok).flatten(),
        built_here: here.iter().filter(|(_, image)| image.is_built_here).map(|(name, _)| name.clone()).collect(),
        images: here.into_keys().collect(),
        engine: engine.as_ref().ok().map(|engine| engine.docker.engine.clone()),
        way: observe::way(&mesh),
        before_main: observe::before_main(&mesh),
        ..on_engine::on_engine(&mesh, containers, networks)
    };
    let writable = host.as_ref().map_or(true, |host| disk::may_write(&host.disk));
    let shared = match &engine {
        Ok(engine) if writable => directory::is_shared(&engine.docker, dir).await.map_err(|error| error.message),
        Ok(_) => Err("this user may not put a file there to ask by".to_owned()),
        Err(_) => Err("Docker cannot be asked".to_owned()),
    };
    let sight = Sight {
        there,
        images,
        shared,
        directory: entries.map(|entries| (entries, writable)).map_err(finding),
        listeners: ports::listeners(|_| true).map_err(|error| error.to_string()),
        limits: Limits {
            given_files: engine.as_ref().ok().and_then(|engine| engine.facts.open_files),
            ..kernel::limits()
        },
        clock: clock::facts(),
        engine: engine.map(|engine| engine.facts).map_err(finding),
        host,
    };
    Ok((mesh, sight))
}

/// What the mesh's directory tells, as far as it can be read, and the names in it.
fn on_disk(dir: &Path) -> (Observed, Result<Vec<String>, Error>) {
    let mut there = Observed::default();
    let mut read = || -> Result<Vec<String>, Error> {
        let Some(tree) = Tree::open(dir)? else { return Ok(Vec::new()) };
        there.record = files::mesh(&tree, dir)?;
        if there.record.is_some() {
            there.credentials = files::credentials(&tree)?;
            there.files = observe::cluster_files(&tree)?;
            let found = permissions::found(&tree, there.files.keys().copied())?;
            let account = account::find(survey::ACCOUNT)?.map(|account| account.uid);
            there.permissions = Some(PermissionFacts { user: geteuid().as_raw(), account, found });
        } else if traces::holds_a_mesh(&tree) {
            return Err(lost(dir));
        }
        Ok(files::entries(&tree)?)
    };
    let entries = read();
    (there, entries)
}

fn decide(
    asked: &Overrides,
    place: &Place,
    record: Option<&Mesh>,
    host: Option<&HostFacts>,
    networks: &[NetworkSummary],
) -> Result<Mesh, Error> {
    let usual = || ClusterSet::of_mesh(CLUSTERS).ok().filter(|_| record.is_none());
    let clusters = asked.clusters.clone().or_else(usual);
    let asked = Overrides { clusters, ..asked.clone() };
    let now = Circumstances {
        dir: place.dir.clone(),
        new_id: String::new(),
        name: place.name.clone(),
        owner: Owner { uid: 0, gid: 0 },
        engine: None,
        host_name: host.map(|host| host.hostname.clone()).unwrap_or_default(),
        taken: host.map(|host| survey::taken(host, networks, record.map(|mesh| mesh.id.as_str()))).unwrap_or_default(),
    };
    // where no network is free, the check of the network tells what is in the way of the first
    let first = Mesh::decide(&asked, record, now.clone());
    Ok(first.or_else(|_| Mesh::decide(&asked, record, Circumstances { taken: Taken::default(), ..now }))?)
}

/// Every image of the mesh, and whether it can be had.
async fn images(docker: &Docker, mesh: &Mesh) -> Result<Vec<(String, ImageFacts)>, DockerError> {
    let wanted: BTreeSet<String> = mesh.services().map(|service| mesh.image(service)).collect();
    try_join_all(wanted.into_iter().map(async |image| {
        let facts = docker.image_facts(&image).await?;
        Ok((image, facts))
    }))
    .await
}

/// An error as a finding: its causes belong to the message.
fn finding(error: Error) -> Finding {
    let message = std::iter::once(error.message).chain(error.causes).collect::<Vec<_>>().join(": ");
    Finding::problem(
        message,
        error.hint.unwrap_or_else(|| "when the cause is gone, type the same command again".to_owned()),
    )
}
