//! `mesh verify`: prove every link, and say why one is down.

use std::path::PathBuf;

use crate::{
    cli::VerifyArgs,
    console::Console,
    error::{Error, Exit},
};

pub async fn verify(_args: &VerifyArgs, _dir: PathBuf, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh verify` is not built yet"))
}
