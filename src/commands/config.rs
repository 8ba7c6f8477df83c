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
    let asked = sources.iter().find_map(|(_, asked)| asked.profile);
    let recorded = record.as_ref().map(|mesh| mesh.spec.profile);
    let profile = asked.or(recorded).unwrap_or_default();
    sources.extend(record.map(|mesh| {
        let has = Asked::of(&mesh);
        (Source::Record, if profile == mesh.spec.profile { has } else { has.without_defaults_of(mesh.spec.profile) })
    }));
    sources.push((Source::Default, Asked::defaults(profile)));
    console.settings(&in_force(&sources), args.output.unwrap_or_default());
    Ok(Exit::Done)
}
