//! `mesh config`: the settings in force, and where each comes from. Needs no Docker.

use super::{Place, settings};
use crate::{
    cli::ConfigArgs,
    console::{Console, Notation},
    error::{Error, Exit},
    mesh::settings::{
        precedence::{resolve, resolve_clusters, with_record_and_defaults},
        schema::schema,
    },
    world::{
        disk::{self, Tree},
        files,
    },
};

pub fn config(args: &ConfigArgs, place: &Place, console: &Console) -> Result<Exit, Error> {
    if args.schema {
        console.value(Notation::Json, &schema());
        return Ok(Exit::Done);
    }
    let sources = settings::sources(&args.settings, place, console)?;
    let dir = disk::resolve(&place.dir)?;
    let record = Tree::open(&dir)?.map(|tree| files::mesh(&tree, &dir)).transpose()?.flatten();
    let sources = with_record_and_defaults(sources, record.as_ref());
    let clusters = resolve_clusters(&sources, record.as_ref());
    console.settings(&resolve(&sources), &clusters, args.output.unwrap_or_default());
    Ok(Exit::Done)
}
