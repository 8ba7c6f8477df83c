//! `mesh env`: variables for a shell.

use std::path::PathBuf;

use crate::{
    cli::EnvArgs,
    console::Console,
    error::{Error, Exit},
};

pub fn env(_args: &EnvArgs, _dir: PathBuf, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh env` is not built yet"))
}
