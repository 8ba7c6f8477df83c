//! `mesh export rally`: a track for Elastic's load tester, with the clusters and how to log in to them.

use std::path::Path;

use super::super::require_text;
use crate::{
    apply::export::Export,
    ask::export::rally::{Race, command},
    cli::RallyArgs,
    commands::bench::chosen,
    console::Console,
    error::{Error, Exit},
    mesh::counted::counted,
    session::Recorded,
    world::disk::resolve,
};

pub fn rally(args: &RallyArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    let (from, asked) = chosen(args.from, args.on.as_ref(), &recorded.mesh)?;
    // in full: a relative path is text where the working directory is not
    let into = resolve(&args.into)?;
    require_text(&into, "it stands in the track")?;
    let (credentials, authorities) = (recorded.credentials()?, recorded.authorities()?);
    let export = Export::open(&into, Race::is_own)?;
    let race = Race { mesh: &recorded.mesh, from, asked: &asked, documents: args.documents, dir: export.dir() };
    // what lets log in comes last: an export that is not whole cannot be used
    for cluster in &asked {
        export.write(&race.corpus(*cluster))?;
    }
    for file in race.files(&credentials.elastic, &authorities) {
        export.write(&file)?;
    }
    console.note(&format!(
        "wrote a track for {} into {}; client-options.json holds the password of elastic. Race with:",
        counted(asked.len() as u64, "cluster"),
        export.dir().display()
    ));
    console.line(&command(export.dir()));
    Ok(Exit::Done)
}
