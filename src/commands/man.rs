//! `mesh man`: the manual pages.

use std::io;

use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::{
    apply::pages::write_pages,
    cli::{Cli, ManArgs},
    console::Console,
    error::{Error, Exit},
    mesh::shell_word::file_word,
};

/// What the help does not contain: variables, files.
const MORE: &str = include_str!("../../templates/mesh.1.roff");

pub fn man(args: ManArgs, console: &Console) -> Result<Exit, Error> {
    let pages = pages().map_err(|error| Error::new(Exit::Machine, "cannot write a page").cause(error.to_string()))?;
    let dir = args.into_dir();
    write_pages(&dir, &pages).map_err(|error| error.hint("name a directory of your own, or run it with `sudo`"))?;
    let main = dir.join("mesh.1");
    console.done(&format!("wrote {} pages: `man {}`", pages.len(), file_word(main)));
    Ok(Exit::Done)
}

/// The section of the exit codes, as the source of a page.
fn exit_status() -> String {
    let entry = |exit: Exit| format!(".TP\n{}\n{}.\n", exit as u8, exit.meaning().replace('-', "\\-"));
    format!(".SH \"EXIT STATUS\"\n{}", Exit::ALL.map(entry).concat())
}

/// The names and texts of the pages: first `mesh` itself, then each command and its subcommands.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut mesh = Cli::command().disable_help_subcommand(true);
    mesh.build();
    let below = |command: &clap::Command| command.get_subcommands().cloned().collect::<Vec<_>>();
    let commands = below(&mesh).into_iter().flat_map(|command| [vec![command.clone()], below(&command)].concat());
    let commands: Vec<clap::Command> = commands.filter(|command| command.get_name() != "help").collect();
    let version = concat!("mesh ", env!("CARGO_PKG_VERSION"));
    let page = |command: clap::Command, more: &str| {
        let man = Man::new(command).source(version);
        let mut text = Vec::new();
        man.render(&mut text)?;
        text.extend_from_slice(more.as_bytes());
        Ok((man.get_filename(), text))
    };
    std::iter::once(page(mesh, &(exit_status() + MORE)))
        .chain(commands.into_iter().map(|command| page(command, "")))
        .collect()
}
