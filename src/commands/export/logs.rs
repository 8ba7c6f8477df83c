//! `mesh export filebeat` and `mesh export vector`: inputs for the logs of a mesh's containers.

use std::path::Path;

use crate::{
    apply::export::Export,
    ask::export::logs::Shipper,
    cli::IntoArgs,
    console::Console,
    error::{Error, Exit},
    session::Recorded,
};

pub fn logs(shipper: Shipper, args: &IntoArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    let export = Export::open(&args.into, |name| shipper.is_own(name))?;
    let file = shipper.file(&recorded.mesh);
    export.write(&file)?;
    console.line(&export.dir().join(&file.name).display().to_string());
    Ok(Exit::Done)
}
