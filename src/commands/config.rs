//! `mesh config`: the effective settings and the source of each. Needs no Docker.

use super::settings;
use crate::{
    cli::{ConfigArgs, Format},
    console::Console,
    error::{Error, Exit},
    mesh::settings::{
        precedence::{resolve, resolve_clusters, with_record_and_defaults},
        schema::schema,
    },
    session::Place,
    world::{
        disk::{self, Tree},
        files,
    },
};

pub async fn config(args: &ConfigArgs, place: &Place, console: &Console) -> Result<Exit, Error> {
    if args.schema {
        console.show(Format::Json, &schema(), || {});
        return Ok(Exit::Done);
    }
    let sources = settings::sources(&args.settings, place, console).await?;
    let dir = disk::resolve(&place.dir)?;
    let record = Tree::open(&dir)?.map(|tree| files::mesh(&tree, &dir)).transpose()?.flatten();
    let sources = with_record_and_defaults(sources, record.as_ref());
    let clusters = resolve_clusters(&sources, record.as_ref());
    console.settings(&resolve(&sources), &clusters, args.output.format);
    Ok(Exit::Done)
}
