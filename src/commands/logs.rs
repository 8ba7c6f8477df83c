//! `mesh logs`: what the services write, a prefix a service.

use std::path::PathBuf;

use crate::{
    cli::LogsArgs,
    console::Console,
    error::{Error, Exit},
};

pub async fn logs(_args: &LogsArgs, _dir: PathBuf, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh logs` is not built yet"))
}
