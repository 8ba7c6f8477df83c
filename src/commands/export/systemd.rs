//! `mesh export systemd`: units that look at a mesh, renew what expires of it, and serve its page.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::super::{require_text, serve::identity};
use crate::{
    apply::export::{Export, names, texts},
    ask::export::systemd::{Page, Taken, Units, is_own, is_serve},
    cli::SystemdArgs,
    console::Console,
    error::{Error, Exit},
    judge::check::Finding,
    session::{Recorded, program, runner},
    world::{
        disk,
        docker::{Endpoint, NamedBy},
    },
};

/// Where units are that are in service, those of packages at the end: the first of a name counts.
const INSTALLED: [&str; 3] = ["/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"];
/// What systemd starts with the machine; a package brings units that it may not start.
const ENABLED: &str = "/etc/systemd/system/multi-user.target.wants";

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
    let units = Units {
        mesh: &recorded.mesh,
        program: &program,
        runner: &runner,
        textfiles: &textfiles,
        writes_textfiles: disk::may_write(&textfiles),
        page: &page,
        socket,
    };
    for file in units.files() {
        export.write(&file)?;
    }
    console.note(&format!("wrote the units into {}. Put them into service, as root, with:", export.dir().display()));
    for command in units.commands(export.dir()) {
        console.line(&command);
    }
    if let Some(Taken { unit, free }) = units.page_taken(&serving(export.dir())) {
        console.findings(&[Finding::warning(
            format!("the page of {unit} is at {}, too, and the one that starts later cannot be served", page.listen),
            format!(
                "type the same command again with `--listen {free}`; `mesh export prometheus` takes it as \
                 `--target {free}`"
            ),
        )]);
    }
    Ok(Exit::Done)
}

/// The units that serve a page, with their texts: those of the export's directory, and those in service.
fn serving(exported: &Path) -> Vec<(String, String)> {
    let enabled = names(Path::new(ENABLED));
    let mut in_service = BTreeMap::new();
    for dir in INSTALLED {
        for (name, text) in texts(Path::new(dir), |name| is_serve(name) && enabled.iter().any(|other| other == name)) {
            in_service.entry(name).or_insert(text);
        }
    }
    texts(exported, is_serve).into_iter().chain(in_service).collect()
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
