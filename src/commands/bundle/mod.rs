//! `mesh bundle`: this program and its images in one file, for a machine that reaches no registry.

mod load;
mod save;

use crate::{
    cli::BundleAction,
    console::Console,
    error::{Error, Exit},
    session::Place,
};

pub async fn bundle(action: &BundleAction, place: Place, console: &Console) -> Result<Exit, Error> {
    match action {
        BundleAction::Save(args) => save::save(args, place, console).await,
        BundleAction::Load(args) => load::load(args, console).await,
    }
}
