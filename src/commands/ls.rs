//! `mesh ls`: the meshes of the engine.

use time::OffsetDateTime;

use crate::{
    cli::MeshesArgs,
    console::Console,
    error::{Error, Exit},
    plan::meshes::Meshes,
    world::docker::Docker,
};

pub async fn ls(args: &MeshesArgs, console: &Console) -> Result<Exit, Error> {
    let meshes = Meshes::new(Docker::connect().await?.meshes().await?, OffsetDateTime::now_utc());
    console.show(args.output.format, &meshes, || console.meshes(&meshes));
    Ok(Exit::Done)
}
