//! `mesh bundle save`: pulls what is missing, and writes the file.

use super::super::{doctor, settings};
use crate::{
    apply::bundle::{begin, pull_missing, save as write},
    ask::bundle::{Manifest, image_name::ImageName},
    cli::SaveArgs,
    console::{Console, bytes},
    error::{Error, Exit},
    mesh::{counted::counted, invalid_value::InvalidValue, settings::Registry, shell_word::file_word},
    session::Place,
    world::{docker::Docker, new_file::require_new},
};

pub async fn save(args: &SaveArgs, place: Result<Place, Error>, console: &Console) -> Result<Exit, Error> {
    require_new(&args.into)?;
    let file = begin(&args.into)?;
    let images = images(args, place, console).await?;
    let docker = Docker::connect().await?;
    let names: Vec<ImageName> = images.iter().map(|(name, _)| name.clone()).collect();
    let line = console.stage("pull missing images", images.len());
    let pulled = pull_missing(&docker, &names, &line).await;
    line.end_as(pulled)?;
    let line = console.stage("write the file", images.len() + 1);
    let written = write(&docker, &images, file, &line).await;
    let (manifest, sum) = line.end_as(written)?;
    announce(args, &manifest, &sum, console);
    Ok(Exit::Done)
}

/// The images to save, with their names below a registry: those that were named, else those that `mesh create` would
/// pull, or `mesh upgrade` to the version that is asked for.
async fn images(
    args: &SaveArgs,
    place: Result<Place, Error>,
    console: &Console,
) -> Result<Vec<(ImageName, String)>, Error> {
    let (mut names, registry) = if args.images.is_empty() {
        let place = place?;
        let asked = settings::requested(&args.settings, &place, console).await?;
        let mesh = doctor::decided(&asked, &place).await?;
        let images = asked.stack_version.map_or_else(|| mesh.images(), |version| mesh.images_at(version));
        let names =
            images.into_iter().chain(mesh.gateway_image()).map(|image| named(&image)).collect::<Result<Vec<_>, _>>()?;
        (names, mesh.spec.registry)
    } else {
        (args.images.clone(), Registry::default())
    };
    names.sort();
    names.dedup();
    Ok(names.into_iter().map(|name| (name.clone(), name.below(&registry))).collect())
}

fn named(image: &str) -> Result<ImageName, Error> {
    image
        .parse()
        .map_err(|error: InvalidValue| Error::new(Exit::Request, error.to_string()).hint("name images with `--images`"))
}

fn announce(args: &SaveArgs, manifest: &Manifest, sum: &str, console: &Console) {
    let file = file_word(&args.into);
    let size = manifest.members().map(|member| member.bytes).sum();
    let images = counted(manifest.images.len() as u64, "image");
    console.done(&format!("wrote {}: mesh {} and {images}, {}", args.into.display(), manifest.mesh, bytes(size)));
    for image in &manifest.images {
        console.note(&format!("  {}", image.name));
    }
    if let Some([image, other]) = manifest.of_one_name() {
        let what = format!("{} and {} have one name in any other registry", image.name, other.name);
        console.note(&format!("{what}: a load with `--to` refuses a file with both; save each in one of its own"));
    }
    console.note(&format!("its manifest has the SHA-256 {sum}, which the load prints, too"));
    console.note(&format!("on the other machine: `tar -xf {file} mesh`, then `./mesh bundle load {file}`"));
}
