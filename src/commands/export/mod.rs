//! `mesh export`: files for other programs that work with a mesh.

mod proxy;
mod rally;

use std::path::Path;

use crate::{
    cli::ExportAction,
    console::Console,
    error::{Error, Exit},
};

pub fn export(action: &ExportAction, dir: &Path, console: &Console) -> Result<Exit, Error> {
    match action {
        ExportAction::Rally(args) => rally::rally(args, dir, console),
        ExportAction::Nginx(args) => proxy::nginx(args, dir, console),
        ExportAction::Haproxy(args) => proxy::haproxy(args, dir, console),
    }
}
