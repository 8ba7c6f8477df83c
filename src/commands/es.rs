//! `mesh es`: one request to a cluster's Elasticsearch.

use std::path::PathBuf;

use crate::{
    cli::EsArgs,
    console::Console,
    error::{Error, Exit},
};

pub async fn es(_args: &EsArgs, _dir: PathBuf, _console: &Console) -> Result<Exit, Error> {
    Err(Error::new(Exit::Request, "`mesh es` is not built yet"))
}
