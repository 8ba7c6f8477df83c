//! `mesh bundle load`: verifies the file, loads what is missing, and pushes where that is asked for.

use crate::{
    apply::bundle::{Arrived, load_images, push_images},
    ask::bundle::Manifest,
    cli::UnpackArgs,
    console::{Console, bytes},
    error::{Error, Exit},
    mesh::{counted::counted, gateway::IMAGE, settings::Registry},
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
    match &args.to {
        Some(registry) => require_names_of_their_own(manifest, registry)?,
        None => require_same_architecture(manifest)?,
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

/// Pushed by one name, the last image would be what every mesh pulls.
fn require_names_of_their_own(manifest: &Manifest, registry: &Registry) -> Result<(), Error> {
    let Some([image, other]) = manifest.of_one_name() else { return Ok(()) };
    let name = format!("{registry}/{}", image.below_registry);
    let message = format!("{} and {} are two images, and both would be pushed as {name}", image.name, other.name);
    Err(Error::new(Exit::Request, message).hint(format!(
        "save {other} in a file of its own, with `mesh bundle save --images {other} --into FILE`, and load that with \
         `--to {registry}/other`; without `--to`, this file brings both by their names",
        other = other.name
    )))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::bundle::{Contents, image_name::ImageName};

    #[test]
    fn no_image_is_pushed_over_another_of_the_file() {
        let image = |name: &str| {
            let contents = Contents { id: name.to_owned(), layers: Vec::new(), created: None };
            (name.parse::<ImageName>().unwrap(), "x/elasticsearch:9".to_owned(), contents)
        };
        let images = ["a.example/x/elasticsearch:9", "b.example/x/elasticsearch:9"].map(image);
        let registry: Registry = "vm:5000".parse().unwrap();
        assert!(require_names_of_their_own(&Manifest::pending("x86_64", images[..1].to_vec()), &registry).is_ok());
        let refused = require_names_of_their_own(&Manifest::pending("x86_64", images), &registry).unwrap_err();
        insta::assert_snapshot!(refused, @r"
        a.example/x/elasticsearch:9 and b.example/x/elasticsearch:9 are two images, and both would be pushed as vm:5000/x/elasticsearch:9

        hint: save b.example/x/elasticsearch:9 in a file of its own, with `mesh bundle save --images b.example/x/elasticsearch:9 --into FILE`, and load that with `--to vm:5000/other`; without `--to`, this file brings both by their names
        ");
    }
}
