//! `mesh search`: one search over the whole mesh.

use std::path::PathBuf;

use crate::{
    cli::SearchArgs,
    console::Console,
    error::{Error, Exit},
};

pub async fn search(_args: &SearchArgs, _dir: PathBuf, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh search` is not built yet"))
}
