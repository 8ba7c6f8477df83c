//! `mesh export eck`: manifests of a mesh for Elastic's operator on Kubernetes.

use std::path::Path;

use crate::{
    apply::export::Export,
    ask::export::eck::{CLUSTERS, Move, Namespace, is_own, mesh_of, place},
    cli::EckArgs,
    console::Console,
    error::{Error, Exit},
    mesh::Mesh,
    session::Recorded,
};

pub fn eck(args: &EckArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    let namespace = args.namespace.clone().unwrap_or_else(|| Namespace::of(recorded.mesh.name.as_ref()));
    let export = Export::open(&args.into.into, is_own)?;
    require_same_mesh(&export, &recorded.mesh)?;
    let moved = Move {
        mesh: &recorded.mesh,
        namespace: &namespace,
        image: args.image.as_ref(),
        volume: &args.volume,
        storage_class: args.storage_class.as_ref(),
    };
    let files = moved.files();
    for file in &files {
        export.write(file)?;
        console.line(&export.dir().join(&file.name).display().to_string());
    }
    export.keep_only(|name| files.iter().any(|file| file.name == name))?;
    console.note("README.md says what to type, what is different on Kubernetes, and what was left out");
    Ok(Exit::Done)
}

/// Files of two meshes have the same names.
fn require_same_mesh(export: &Export, mesh: &Mesh) -> Result<(), Error> {
    let line = export.first_line(CLUSTERS)?;
    let Some(other) = line.as_deref().and_then(mesh_of).filter(|other| *other != place(mesh)) else { return Ok(()) };
    Err(Error::new(Exit::Request, format!("{} is of the mesh in {other}", export.dir().join(CLUSTERS).display()))
        .hint("name a directory of its own with `--into`"))
}
