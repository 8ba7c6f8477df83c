//! `mesh ls`: the meshes of the engine.

use crate::{
    cli::MeshesArgs,
    console::Console,
    error::{Error, Exit},
    judge::meshes::Meshes,
    session::now,
    world::docker::Docker,
};

pub async fn ls(args: &MeshesArgs, console: &Console) -> Result<Exit, Error> {
    let meshes = Meshes::new(Docker::connect().await?.meshes().await?, now());
    console.show(args.output.format, &meshes, || console.meshes(&meshes));
    Ok(Exit::Done)
}
