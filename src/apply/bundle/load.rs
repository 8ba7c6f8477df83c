//! Loading what a bundle holds, and pushing it to a site's registry. I/O: disk, Docker.

use std::sync::{Arc, atomic::AtomicU64};

use super::super::images::{FULL, is_full};
use crate::{
    ask::bundle::{BundledImage, Verified, image_name::ImageName},
    console::{StageLine, bytes},
    error::{Error, Exit},
    explain::Explain as _,
    judge::registry::way_to_push,
    mesh::{invalid_value::InvalidValue, settings::Registry},
    world::{
        bundle::BundleFile,
        docker::{Docker, DockerError},
    },
};

/// An image of a bundle, once the engine has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// It was there before.
    Present,
    Loaded,
    /// Loaded, and its name was that of another image, which the engine keeps without one.
    LoadedInPlace,
}

/// Has the engine load those images of a verified bundle that it has not. Each is looked at again: an engine names an
/// image once it has all of it, so that what is left half-way is not there.
///
/// # Errors
/// The images do not run `here`, and one would take the name of another.
pub async fn load_images(
    docker: &Docker,
    file: &BundleFile,
    verified: &Verified,
    here: &str,
    line: &StageLine,
) -> Result<Vec<Arrived>, Error> {
    let manifest = &verified.manifest;
    let mut found = Vec::new();
    for image in &manifest.images {
        let same = has_contents(docker, image).await?;
        if same == Some(false) && manifest.architecture != here {
            return Err(Error::new(
                Exit::Request,
                format!(
                    "{} is another image here, whose name one for {} would take",
                    image.name, manifest.architecture
                ),
            )
            .hint(format!(
                "push from an engine without that image, or remove it with `docker image rm {}`",
                image.name
            )));
        }
        found.push(same);
    }
    let mut arrived = Vec::new();
    for ((image, start), same) in manifest.images.iter().zip(&verified.starts).zip(found) {
        if same == Some(true) {
            arrived.push(Arrived::Present);
            continue;
        }
        let (taken, whole) = (Arc::new(AtomicU64::new(0)), image.file.bytes);
        let report = |taken| line.now(&format!("{} {} of {}", image.name, bytes(taken), bytes(whole)));
        let archive = file.part(*start, whole, &taken);
        let loaded = docker.load_image(&image.name, archive, &taken, report).await;
        loaded.map_err(|error| cannot_load(&image.name, &error))?;
        if has_contents(docker, image).await? != Some(true) {
            return Err(Error::new(Exit::Unfinished, format!("Docker took {}, and has another image", image.name))
                .hint("another program may have changed it meanwhile: type the same command again"));
        }
        arrived.push(if same.is_some() { Arrived::LoadedInPlace } else { Arrived::Loaded });
    }
    Ok(arrived)
}

/// Whether the image of this name has these contents; `None` where the engine has none of this name.
async fn has_contents(docker: &Docker, image: &BundledImage) -> Result<Option<bool>, Error> {
    Ok(docker.contents(&image.name).await?.map(|(contents, _)| contents.is(&image.contents)))
}

/// Gives images that the engine has the names by which a registry is to have them, and pushes them there.
pub async fn push_images(
    docker: &Docker,
    images: &[BundledImage],
    registry: &Registry,
    line: &StageLine,
) -> Result<Vec<ImageName>, Error> {
    let mut pushed = Vec::new();
    for image in images {
        let name: ImageName =
            format!("{registry}/{}", image.below_registry).parse().map_err(|error: InvalidValue| {
                Error::new(Exit::Request, error.to_string()).hint("name the registry with `--to HOST[/PATH]`")
            })?;
        docker.tag(&image.name, &name).await?;
        let report = |status: &str| line.now(&format!("{name} {status}"));
        docker.push(&name, report).await.map_err(|error| cannot_push(&name, registry, &error))?;
        pushed.push(name);
    }
    Ok(pushed)
}

fn cannot_load(image: &ImageName, error: &DockerError) -> Error {
    let words = error.words();
    let hint = if is_full(&words) {
        FULL.to_owned()
    } else {
        let usual = "see what it met with `journalctl -u docker` and `docker system df`; then type the same command \
                     again: what is there is skipped";
        error.hint().unwrap_or_else(|| usual.to_owned())
    };
    Error::new(Exit::Unfinished, format!("Docker could not load {image}")).cause(words).hint(hint)
}

fn cannot_push(image: &ImageName, registry: &Registry, error: &DockerError) -> Error {
    let words = error.words();
    let hint = error.hint().unwrap_or_else(|| way_to_push(registry.host(), &words));
    Error::new(Exit::Unfinished, format!("Docker could not push {image}")).cause(words).hint(hint)
}
