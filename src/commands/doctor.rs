//! `mesh doctor`: is this machine ready for a mesh?.

use std::path::PathBuf;

use crate::{
    cli::DoctorArgs,
    console::Console,
    error::{Error, Exit},
};

pub async fn doctor(_args: &DoctorArgs, _dir: PathBuf, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh doctor` is not built yet"))
}
