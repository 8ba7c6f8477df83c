//! The root of the command line: the options that every command has, and reading all of it. No behavior.

use std::{env, ffi::OsStr, path::PathBuf};

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, parser::ValueSource};

use super::{Command, Format, StatusFormat, groups};
use crate::{exit::Exit, mesh::name::MeshName};

/// The end of the help: where to begin, and the exit codes.
fn after_help() -> String {
    let codes: String = Exit::ALL.map(|exit| format!("\n  {}  {}", exit as u8, exit.meaning())).concat();
    format!("First `mesh doctor 2`, then `mesh create 2 --dry-run`, then `mesh create 2`.\n\nExit codes:{codes}")
}

/// A data mesh: Elasticsearch clusters on one Docker host, each a remote cluster of every other
#[derive(Debug, Parser)]
// The last of a flag's values wins: the same command is typed again with another.
#[command(args_override_self = true)]
#[command(version, max_term_width = 100, after_help = after_help(), next_help_heading = "Global options")]
pub struct Cli {
    /// The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
    #[arg(long, global = true, env = "MESH_DIR", hide_env_values = true, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The mesh's name, for several on one engine: a prefix of its containers' names; its directory is `mesh-NAME`,
    /// beside the default one
    #[arg(long, global = true, env = "MESH_NAME", hide_env_values = true, value_name = "NAME", value_parser = str::parse::<MeshName>)]
    pub name: Option<MeshName>,
    #[arg(skip)]
    pub typed: Typed,
    /// Print errors and the result only
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Log each step; with -vv each call to Docker and Elasticsearch (`MESH_LOG` filters in detail)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[command(flatten)]
    pub color: colorchoice_clap::Color,
    #[command(subcommand)]
    pub command: Command,
}

/// Which of the options that can be variables, too, were typed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Typed {
    pub dir: bool,
    pub name: bool,
}

impl Cli {
    /// The parsed command line, and the format of its result, which is that of errors, too.
    ///
    /// # Errors
    /// What clap prints instead of a run: a usage error, help or the version.
    pub fn read() -> Result<(Self, Format), clap::Error> {
        let matches = groups::grouped(without_empty_variables(Self::command())).try_get_matches()?;
        let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let typed = Typed { dir: typed("dir"), name: typed("name") };
        Ok((Self { typed, ..Self::from_arg_matches(&matches)? }, output_format(&matches)))
    }
}

/// The command line by which an empty variable sets nothing, as one of a setting.
#[expect(clippy::disallowed_methods, reason = "clap reads these variables, and takes an empty one for a value")]
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
    command.mut_args(|argument| {
        let empty = argument.get_env().is_some_and(is_empty);
        if empty { argument.env(None::<&'static str>) } else { argument }
    })
}

/// What `-o` of the command that was typed says.
fn output_format(matches: &ArgMatches) -> Format {
    if let Some((_, of)) = matches.subcommand() {
        return output_format(of);
    }
    let common = matches.try_get_one::<Format>("output").ok().flatten().copied();
    let of_status = || matches.try_get_one::<StatusFormat>("output").ok().flatten();
    common.or_else(|| Some(of_status()?.format())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_flag_wins() {
        let typed = ["mesh", "status", "--name", "a", "--dir", "/srv/a", "--name", "b", "--dir", "/srv/b"];
        let cli = Cli::try_parse_from(typed).unwrap();
        assert_eq!((cli.name, cli.dir), ("b".parse::<MeshName>().ok(), Some("/srv/b".into())));
        let typed = ["mesh", "serve", "--listen", "192.0.2.11:9500", "--listen", "192.0.2.11:9501"];
        let Command::Serve(args) = Cli::try_parse_from(typed).unwrap().command else { panic!("another command") };
        assert_eq!(args.page.listen.port(), 9501);
        let created = |flags: &[&str]| {
            let typed = ["mesh", "create"].iter().chain(flags);
            let Command::Create(args) = Cli::try_parse_from(typed).unwrap().command else { panic!("another command") };
            args.settings.overrides
        };
        let twice = created(&["2", "--subnet", "10.0.0.0/24", "--no-kibana", "--subnet", "10.0.1.0/24", "--no-kibana"]);
        assert_eq!(twice, created(&["2", "--no-kibana", "--subnet", "10.0.1.0/24"]));
        let gateways = ["--gateway", "127.0.0.1:8443", "--gateway", "127.0.0.1:9443"];
        assert_eq!(created(&gateways), created(&gateways[2..]));
        let shared = created(&["--share", "a-*", "--share", "b-*"]);
        assert_ne!(shared, created(&["--share", "b-*"]), "of a list, each is kept");
    }
}
