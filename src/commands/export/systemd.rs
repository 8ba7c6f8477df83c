//! `mesh export systemd`: units that look at a mesh, renew what expires of it, and serve its page.

use std::path::Path;

use crate::{
    apply::export::Export,
    ask::export::systemd::{Units, is_own},
    cli::SystemdArgs,
    console::Console,
    error::{Error, Exit},
    session::{Recorded, program, runner},
    world::docker::{Endpoint, NamedBy},
};

pub fn systemd(args: &SystemdArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    let program = args.program.clone().map_or_else(program, Ok)?;
    let runner = runner()?;
    let export = Export::open(&args.into.into, is_own)?;
    let endpoint = Endpoint::find()?;
    let socket = (endpoint.named_by != NamedBy::Default).then_some(Path::new(&endpoint.socket));
    let units = Units {
        mesh: &recorded.mesh,
        program: &program,
        runner: &runner,
        textfiles: &args.textfile_dir,
        listen: &args.listen,
        socket,
    };
    for file in units.files() {
        export.write(&file)?;
    }
    console.note(&format!("wrote the units into {}. Put them into service, as root, with:", export.dir().display()));
    for command in units.commands(export.dir()) {
        console.line(&command);
    }
    Ok(Exit::Done)
}
