//! `mesh credentials`: the passwords.

use std::path::PathBuf;

use crate::{
    cli::CredentialsArgs,
    console::Console,
    error::{Error, Exit},
};

pub fn credentials(_args: &CredentialsArgs, _dir: PathBuf, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh credentials` is not built yet"))
}
