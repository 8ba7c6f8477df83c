//! `mesh export`: files for other programs that work with a mesh.

mod eck;
mod logs;
mod prometheus;
mod proxy;
mod rally;
mod systemd;

use std::path::Path;

use crate::{
    ask::export::logs::Shipper,
    cli::ExportAction,
    console::Console,
    error::{Error, Exit},
};

pub fn export(action: &ExportAction, dir: &Path, console: &Console) -> Result<Exit, Error> {
    match action {
        ExportAction::Rally(args) => rally::rally(args, dir, console),
        ExportAction::Nginx(args) => proxy::nginx(args, dir, console),
        ExportAction::Haproxy(args) => proxy::haproxy(args, dir, console),
        ExportAction::Prometheus(args) => prometheus::prometheus(args, dir, console),
        ExportAction::Systemd(args) => systemd::systemd(args, dir, console),
        ExportAction::Eck(args) => eck::eck(args, dir, console),
        ExportAction::Filebeat(args) => logs::logs(Shipper::Filebeat, args, dir, console),
        ExportAction::Vector(args) => logs::logs(Shipper::Vector, args, dir, console),
    }
}
