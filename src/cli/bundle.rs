//! The arguments of `mesh bundle`. No behavior.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::settings::{self, SettingsArgs};
use crate::{
    ask::bundle::image_name::ImageName,
    mesh::{invalid_value::InvalidValue, settings::Registry},
};

#[derive(Debug, Subcommand)]
pub enum BundleAction {
    /// Write this program and the images of a mesh into one file, on a machine that reaches a registry
    ///
    /// The images are those that `mesh create` would pull with the same settings; one that is not here is pulled. The
    /// file is a tar: `tar -xf FILE mesh` takes the program out of it.
    Save(Box<SaveArgs>),
    /// Verify such a file, and load its images into this machine's Docker engine
    ///
    /// Nothing is loaded before all of the file was read once and is as it was written. Images that are here are
    /// skipped, so that a second run continues an interrupted one.
    Load(UnpackArgs),
}

#[derive(Debug, Args)]
#[command(after_help = settings::ELSEWHERE)]
pub struct SaveArgs {
    /// The file to write, such as `mesh-bundle.tar`; it must not exist
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub into: PathBuf,
    /// Save these images in place of a mesh's
    #[arg(long, value_name = "IMAGE", num_args = 1..)]
    pub images: Vec<ImageName>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Debug, Args)]
pub struct UnpackArgs {
    /// The file that `mesh bundle save` wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Push the images to this registry, too, for `mesh create --registry` on other machines; with the login of
    /// `docker login`
    #[arg(long, value_name = "REGISTRY", value_parser = registry_of_its_own)]
    pub to: Option<Registry>,
}

/// A registry that is not Docker Hub by mistake, to which the images would go with the user's login there.
fn registry_of_its_own(text: &str) -> Result<Registry, InvalidValue> {
    let registry: Registry = text.parse()?;
    if registry.is_on_docker_hub() {
        let host = registry.host();
        return Err(InvalidValue::new(format!(
            "Docker takes `{host}` for a name on Docker Hub: write it with its port, `{host}:PORT`, or its full name"
        )));
    }
    Ok(registry)
}
