//! `mesh bundle`: this program and its images in one file, for a machine that reaches no registry.

mod load;
mod save;

use crate::{
    cli::BundleAction,
    console::Console,
    error::{Error, Exit},
    session::Place,
};

/// Only images that are those of a mesh need its place.
pub async fn bundle(action: &BundleAction, place: Result<Place, Error>, console: &Console) -> Result<Exit, Error> {
    match action {
        BundleAction::Save(args) => save::save(args, place, console).await,
        BundleAction::Load(args) => load::load(args, console).await,
    }
}
