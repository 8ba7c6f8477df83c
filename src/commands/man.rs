//! `mesh man`: the manual pages.

use crate::{
    cli::ManArgs,
    console::Console,
    error::{Error, Exit},
};

pub fn man(_args: &ManArgs, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh man` is not built yet"))
}
