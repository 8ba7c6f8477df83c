//! `mesh export systemd`: units that look at a mesh, renew what expires of it, and serve its page.

use std::path::{Path, PathBuf};

use super::super::{require_text, serve::identity};
use crate::{
    apply::export::Export,
    ask::export::systemd::{Page, Units, is_own},
    cli::SystemdArgs,
    console::Console,
    error::{Error, Exit},
    session::{Recorded, program, runner},
    world::docker::{Endpoint, NamedBy},
};

pub fn systemd(args: &SystemdArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    let program = args.program.as_deref().map_or_else(program, whole)?;
    let textfiles = whole(&args.textfile_dir)?;
    let identity = match identity(&args.page)? {
        Some((certificate, key)) => Some([whole(certificate)?, whole(key)?]),
        None => None,
    };
    let runner = runner()?;
    let endpoint = Endpoint::find()?;
    let export = Export::open(&args.into.into, is_own)?;
    let socket = (endpoint.named_by != NamedBy::Default).then_some(Path::new(&endpoint.socket));
    let page = Page {
        listen: args.page.listen,
        names: &args.page.san,
        identity: identity.as_ref().map(|[certificate, key]: &[PathBuf; 2]| [certificate.as_path(), key]),
    };
    let units =
        Units { mesh: &recorded.mesh, program: &program, runner: &runner, textfiles: &textfiles, page: &page, socket };
    for file in units.files() {
        export.write(&file)?;
    }
    console.note(&format!("wrote the units into {}. Put them into service, as root, with:", export.dir().display()));
    for command in units.commands(export.dir()) {
        console.line(&command);
    }
    Ok(Exit::Done)
}

/// A path for a unit, which runs in no directory of the user's.
fn whole(path: &Path) -> Result<PathBuf, Error> {
    let path = std::path::absolute(path).map_err(|error| {
        Error::new(Exit::Request, format!("{} is no path", path.display()))
            .cause(error.to_string())
            .hint("type the whole path")
    })?;
    require_text(&path, "it stands in a unit")?;
    Ok(path)
}
