//! `mesh config`: the settings in force, and where each comes from.

use std::path::PathBuf;

use crate::{
    cli::ConfigArgs,
    console::Console,
    error::{Error, Exit},
};

pub fn config(_args: &ConfigArgs, _dir: PathBuf, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh config` is not built yet"))
}
