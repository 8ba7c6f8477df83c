//! `mesh status`: show every cluster and every link, and what is not as it was asked for.

use std::path::PathBuf;

use crate::{
    cli::StatusArgs,
    console::Console,
    error::{Error, Exit},
};

pub async fn status(_args: &StatusArgs, _dir: PathBuf, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh status` is not built yet"))
}
