//! `mesh ls`: the meshes of the engine.

use time::OffsetDateTime;

use crate::{
    cli::{ListFormat, MeshesArgs},
    console::{Console, Notation},
    error::{Error, Exit},
    plan::meshes::Meshes,
    world::docker::Docker,
};

pub async fn ls(args: &MeshesArgs, console: &Console) -> Result<Exit, Error> {
    let meshes = Meshes::new(Docker::connect().await?.meshes().await?, OffsetDateTime::now_utc());
    match args.output {
        ListFormat::Table => console.meshes(&meshes),
        ListFormat::Json => console.value(Notation::Json, &meshes),
        ListFormat::Yaml => console.value(Notation::Yaml, &meshes),
    }
    Ok(Exit::Done)
}
