//! `mesh support`: a file for a bug report, with all that is known of a mesh but its secrets. What cannot be looked at
//! is named in it, since a mesh that needs support may be one that does not answer.

use std::collections::VecDeque;

use futures::StreamExt as _;
use time::OffsetDateTime;

use super::doctor;
use crate::{
    apply::support::write,
    ask::support::{Bundle, Redactor},
    cli::SupportArgs,
    console::Console,
    error::{Error, Exit},
    judge::{scope::Scope, status::status},
    mesh::{Mesh, gateway::nginx, id::GATEWAY, layout},
    plan::{data::PlanData, reconcile::reconcile},
    session::{Place, Session, now},
    world::{
        World,
        disk::{Tree, resolve},
        files,
        new_file::require_new,
        secrets,
    },
};

/// How many of the last lines of each container are kept.
const LINES: usize = 2_000;

pub async fn support(args: &SupportArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    require_new(&args.into)?;
    let dir = resolve(&place.dir)?;
    let tree = Tree::open(&dir)?;
    let record = tree.as_ref().map(|tree| files::mesh(tree, &dir)).transpose();
    let mesh = record.as_ref().ok().cloned().flatten().flatten();
    let known = tree.as_ref().map(|tree| secrets::known(tree, mesh.as_ref())).unwrap_or_default();
    let mut bundle = Bundle::new(Redactor::new(known));
    if let Err(error) = record {
        bundle.try_add("mesh.json", Err::<String, _>(error));
    }
    bundle.try_add("doctor.json", doctor::report(&place).await.map(|report| json(&report)));
    if let (Some(tree), Some(mesh)) = (&tree, &mesh) {
        of_disk(&mut bundle, tree, mesh);
    }
    match Session::to_look(place).await {
        Ok(session) => of_engine(&mut bundle, &session, mesh.as_ref()).await,
        Err(error) => bundle.try_add("versions.txt", Err::<String, _>(error)),
    }
    write(&bundle, &args.into)?;
    for failure in bundle.failures() {
        console.note(failure);
    }
    console.done(&format!("wrote {}: secrets are taken out of it, and names are not", args.into.display()));
    Ok(Exit::Done)
}

/// What was decided, and what the services are configured by.
fn of_disk(bundle: &mut Bundle, tree: &Tree, mesh: &Mesh) {
    let mut add = |name: &str, path: &str| match files::text(tree, path) {
        Ok(text) => bundle.add(name, &text.unwrap_or_default()),
        Err(error) => bundle.try_add(name, Err::<String, _>(error)),
    };
    add("mesh.json", layout::RECORD);
    for service in mesh.services() {
        let file = layout::settings(service);
        add(&format!("config/{service}.yml"), &file);
    }
    if mesh.gateway.is_some() {
        add("config/gateway.conf", &layout::gateway_file(nginx::FILE));
    }
}

async fn of_engine(bundle: &mut Bundle, session: &Session, mesh: Option<&Mesh>) {
    let (world, survey) = (&session.world, &session.survey);
    let version = env!("CARGO_PKG_VERSION");
    bundle.add("versions.txt", &format!("mesh {version}\n{:#?}\n{:#?}\n", survey.engine, survey.host));
    let Some(mesh) = mesh else { return };
    match session.recorded_with_templates() {
        Ok(mesh) => match world.observe_closely(&mesh, survey).await {
            Ok(there) => {
                bundle.add("observed.txt", &format!("{there:#?}\n"));
                bundle.add("status.json", &json(&status(&mesh, Scope::Mesh, &there, now())));
                bundle.add("plan.json", &json(&PlanData::new(&mesh, &reconcile(&mesh, &there, &session.inputs()))));
            }
            Err(error) => bundle.try_add("observed.txt", Err::<String, _>(Error::from(error))),
        },
        Err(error) => bundle.try_add("observed.txt", Err::<String, _>(error)),
    }
    for service in mesh.services() {
        of_container(bundle, world, &mesh.container_name(service), &service.to_string()).await;
    }
    if mesh.gateway.is_some() {
        of_container(bundle, world, &mesh.gateway_name(), GATEWAY).await;
    }
}

async fn of_container(bundle: &mut Bundle, world: &World, name: &str, service: &str) {
    bundle.try_add(&format!("inspect/{service}.json"), world.docker.inspect(name).await);
    let mut lines = VecDeque::new();
    let mut written = world.docker.logs(name, OffsetDateTime::UNIX_EPOCH, false);
    while let Some(line) = written.next().await {
        match line {
            Ok(line) => lines.push_back(line.line + "\n"),
            Err(error) => return bundle.try_add(&format!("logs/{service}.log"), Err::<String, _>(error)),
        }
        if lines.len() > LINES {
            lines.pop_front();
        }
    }
    bundle.add(&format!("logs/{service}.log"), &lines.into_iter().collect::<Vec<_>>().concat());
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("should be JSON: keys are texts") + "\n"
}
