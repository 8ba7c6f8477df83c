//! `mesh bundle load`: verifies the file, loads what is missing, and pushes where that is asked for.

use crate::{
    apply::bundle::{Arrived, load_images, push_images},
    ask::bundle::Manifest,
    cli::UnpackArgs,
    console::{Console, bytes},
    error::{Error, Exit},
    mesh::{counted::counted, gateway::IMAGE},
    world::{
        bundle::{ARCHITECTURE, BundleFile},
        docker::Docker,
    },
};

pub async fn load(args: &UnpackArgs, console: &Console) -> Result<Exit, Error> {
    let file = BundleFile::open(&args.file)?;
    let docker = Docker::connect().await?;
    let line = console.stage("verify the file", 1);
    let whole = bytes(file.length());
    let read = file.verify(|read| line.now(&format!("{} of {whole}", bytes(read)))).await;
    let verified = line.end_as(read.map_err(Error::from))?;
    let manifest = &verified.manifest;
    if args.to.is_none() {
        require_same_architecture(manifest)?;
    }
    let line = console.stage("load missing images", manifest.images.len());
    let arrived = load_images(&docker, &file, &verified, ARCHITECTURE, &line).await;
    let arrived = line.end_as(arrived)?;
    let present = arrived.iter().filter(|image| **image == Arrived::Present).count() as u64;
    let loaded = counted(arrived.len() as u64 - present, "image");
    for (image, _) in manifest.images.iter().zip(&arrived).filter(|(_, of)| **of == Arrived::LoadedInPlace) {
        console.note(&format!("{} was another image before, which the engine keeps without a name", image.name));
    }
    if let Some(registry) = &args.to {
        let line = console.stage("push images", manifest.images.len());
        let pushed = push_images(&docker, &manifest.images, registry, &line).await;
        let pushed = line.end_as(pushed)?;
        for name in &pushed {
            console.note(&format!("  {name}"));
        }
        let gateway = manifest.images.iter().zip(&pushed).find(|(image, _)| image.name.to_string() == IMAGE);
        let gateway = gateway.map(|(_, name)| format!(", and the gateway's with `--gateway-image {name}`"));
        let gateway = gateway.unwrap_or_default();
        let options = manifest.options(Some(registry)).join(" ");
        console.note(&format!("meshes on other machines find them with `{options}`{gateway}"));
    } else {
        let options = manifest.options(None).join(" ");
        if !options.is_empty() {
            console.note(&format!("a new mesh takes them with `mesh create {options}`"));
        }
    }
    console.note(&format!("the file's manifest has the SHA-256 {}", verified.sum));
    if manifest.mesh != env!("CARGO_PKG_VERSION") {
        console.note(&format!("the `mesh` in the file is {}, and this one is not", manifest.mesh));
    }
    console.done(&format!("loaded {loaded}; {present} were here before"));
    Ok(Exit::Done)
}

/// An engine loads what it cannot run.
fn require_same_architecture(manifest: &Manifest) -> Result<(), Error> {
    let here = ARCHITECTURE;
    if manifest.architecture == here {
        return Ok(());
    }
    Err(Error::new(Exit::Request, format!("the bundle is for {}, and this machine is {here}", manifest.architecture))
        .hint(format!("save one with `mesh bundle save --into FILE` on a machine that is {here}")))
}
