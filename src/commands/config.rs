//! `mesh config`: the settings in force, and where each comes from. Needs no Docker.

use std::path::Path;

use super::settings;
use crate::{
    cli::ConfigArgs,
    console::{Console, Notation},
    error::{Error, Exit},
    mesh::spec::{
        Asked, file,
        force::{Source, in_force},
    },
    world::{
        disk::{self, Tree},
        files,
    },
};

pub fn config(args: &ConfigArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    if args.schema {
        console.value(Notation::Json, &file::schema());
        return Ok(Exit::Done);
    }
    let mut sources = settings::sources(&args.settings)?;
    let dir = disk::resolve(dir)?;
    let record = Tree::open(&dir)?.map(|tree| files::record(&tree, &dir)).transpose()?.flatten();
    sources.extend(record.map(|mesh| (Source::Record, Asked::of(&mesh))));
    sources.push((Source::Default, Asked::defaults()));
    console.settings(&in_force(&sources), args.output.unwrap_or_default());
    Ok(Exit::Done)
}
