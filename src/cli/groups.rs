//! The commands by what they are for, as `mesh --help` shows them. No I/O.

use std::fmt::Write as _;

use clap::{Command, builder::StyledStr};

const GROUPS: [(&str, &[&str]); 7] = [
    ("Life of a mesh", &["create", "manage", "upgrade", "reset", "ls"]),
    ("Health", &["status", "serve", "verify", "doctor", "logs", "support"]),
    ("Data", &["load", "snapshots"]),
    ("Use", &["search", "es", "open", "views", "bench", "export", "credentials", "env"]),
    ("Trust", &["users", "keys", "certs"]),
    ("Other meshes", &["invites", "join", "peers", "leave"]),
    ("This program", &["bundle", "config", "completions", "man", "help"]),
];

/// The command line with its commands in groups.
pub fn grouped(command: Command) -> Command {
    let mut command = command;
    command.build();
    // among the commands of this help, their options are the only ones
    command = command.mut_args(|argument| argument.help_heading(None));
    let help = template(&command);
    command.help_template(help)
}

fn template(command: &Command) -> StyledStr {
    let (header, literal) = (command.get_styles().get_header(), command.get_styles().get_literal());
    let width = command.get_subcommands().map(|of| of.get_name().len()).max().unwrap_or_default();
    let mut text = String::from("{about-with-newline}\n{usage-heading} {usage}\n");
    for (title, names) in GROUPS {
        let _ = write!(text, "\n{header}{title}:{header:#}\n");
        for of in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let (name, about) = (of.get_name(), of.get_about().map(ToString::to_string).unwrap_or_default());
            let _ = writeln!(text, "  {literal}{name:<width$}{literal:#}  {about}");
        }
    }
    let _ = write!(text, "\n{header}Options:{header:#}\n{{options}}{{after-help}}");
    text.into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_command_is_in_one_group() {
        let mut command = Cli::command();
        command.build();
        for of in command.get_subcommands().filter(|of| !of.is_hide_set()) {
            let groups = GROUPS.iter().filter(|(_, names)| names.contains(&of.get_name())).count();
            assert_eq!(groups, 1, "{}", of.get_name());
        }
    }
}
