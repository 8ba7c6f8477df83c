//! A directory of templates that stand in for the built-in ones. I/O: disk; changes nothing.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::disk::{self, DiskError, Tree};
use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{
        Mesh,
        defaults::Revision,
        render::RenderError,
        templates::{Template, Templates},
    },
};

/// Templates that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplatesError {
    #[error("there is no directory of templates at {}", .0.display())]
    Missing(PathBuf),
    #[error("no template is in {}", .0.display())]
    Empty(PathBuf),
    #[error("a template in {} does not render: {cause}", dir.display())]
    Render { dir: PathBuf, cause: RenderError },
    #[error("{} is not valid UTF-8", .0.display())]
    NotText(PathBuf),
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Explain for TemplatesError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        let names = Template::ALL.map(|template| format!("`{}`", template.name())).join(", ");
        match self {
            Self::Missing(_) => Some(
                "name one that exists, `mesh create` with `--templates DIR`, or go back, with `--no-templates`"
                    .to_owned(),
            ),
            Self::Empty(_) => Some(format!("the files that are looked for there are {names}")),
            Self::Render { .. } | Self::NotText(_) => {
                Some("correct it, or go back to the built-in templates: `mesh create` with `--no-templates`".to_owned())
            }
            Self::Disk(error) => error.hint(),
        }
    }
}

/// The templates of a directory, checked for clusters of these revisions; the built-in ones without a directory.
fn read(dir: Option<&Path>, revisions: BTreeSet<Revision>) -> Result<Templates, TemplatesError> {
    let Some(dir) = dir else { return Ok(Templates::default()) };
    if Tree::open(dir)?.is_none() {
        return Err(TemplatesError::Missing(dir.to_owned()));
    }
    let mut found = Vec::new();
    for template in Template::ALL {
        // links are followed: the directory is not the mesh's
        let path = disk::resolve(&dir.join(template.name()))?;
        if let Some(bytes) = disk::read_outside(&path)? {
            found.push((template, String::from_utf8(bytes).map_err(|_| TemplatesError::NotText(path))?));
        }
    }
    if found.is_empty() {
        return Err(TemplatesError::Empty(dir.to_owned()));
    }
    Templates::with(found, revisions).map_err(|cause| TemplatesError::Render { dir: dir.to_owned(), cause })
}

/// Refuses a directory of templates that no mesh could be made by.
pub fn require_usable(dir: &Path) -> Result<(), TemplatesError> {
    let read_for = |revision: Revision| read(Some(dir), [revision].into()).map(drop);
    read_for(Revision::NEWEST).or_else(|refused| read_for(Revision::FIRST).map_err(|_| refused))
}

/// The mesh with the templates it is recorded with.
pub fn of(mesh: Mesh) -> Result<Mesh, TemplatesError> {
    let mesh = Mesh { templates: read(mesh.spec.templates.path(), mesh.revisions())?, ..mesh };
    if let Some(dir) = mesh.spec.templates.path() {
        let refused = |cause| TemplatesError::Render { dir: dir.to_owned(), cause };
        mesh.require_settings_once().map_err(refused)?;
    }
    Ok(mesh)
}
