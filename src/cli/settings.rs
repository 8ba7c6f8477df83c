//! The settings of a mesh as arguments of `mesh create`, `mesh config` and `mesh doctor`, made from the table of
//! settings. No behavior.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint, builder::ValueParser};

use crate::mesh::settings::{
    Flags, Overrides, SETTINGS, Setting, Shape,
    per_cluster::{read_set, read_unset},
};

/// The other sources of settings, for the end of the help.
pub const ELSEWHERE: &str = "\
Every setting with a flag can be set in the environment, too, as in MESH_ELASTIC_MEMORY=3g, MESH_KIBANA=false or \
MESH_SHARE='logs-*,metrics-*'; an empty variable is ignored. Only a file has roles, users, links and remotes. Flags take precedence over the environment, then come \
the file, the mesh's record and the default: `mesh config` shows the source of each.";

/// The id of the argument that names a settings file.
const FILE: &str = "file";
/// The ids of those that are about single clusters.
const SET: &str = "set";
const UNSET: &str = "unset";

#[derive(Debug)]
pub struct SettingsArgs {
    /// The settings file.
    pub file: Option<PathBuf>,
    /// What the flags set.
    pub overrides: Overrides,
}

impl Args for SettingsArgs {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE)
            .long(FILE)
            .short('f')
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("Settings from a file, `mesh.yaml`; `-` reads it from stdin");
        // the file comes first of all that is not given by position
        let (positions, flags): (Vec<_>, Vec<_>) =
            SETTINGS.iter().partition(|setting| setting.flags == Flags::Position);
        let flags = flags.into_iter().flat_map(arguments);
        command.args(positions.into_iter().flat_map(arguments)).arg(file).args(flags).args(of_clusters())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let overrides = Overrides::read(Path::new(""), |setting| texts(setting, matches));
        let mut overrides = overrides.expect("should be values: each was checked as an argument");
        overrides.per_cluster.set = matches.get_many(SET).into_iter().flatten().cloned().collect();
        overrides.per_cluster.unset = matches.get_many(UNSET).into_iter().flatten().cloned().collect();
        Ok(Self { file: matches.get_one(FILE).cloned(), overrides })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The arguments for settings of single clusters.
fn of_clusters() -> [Arg; 2] {
    let repeated =
        |id: &'static str, name: &'static str| Arg::new(id).long(id).value_name(name).action(ArgAction::Append);
    [
        repeated(SET, "SETTING")
            .value_parser(ValueParser::new(read_set))
            .help("A setting of single clusters, as in `cluster03.elastic_memory=4g`; until `--unset`"),
        repeated(UNSET, "SETTING")
            .value_parser(ValueParser::new(read_unset))
            .help("Take back what `--set` recorded, as in `cluster03.elastic_memory`"),
    ]
}

/// The arguments of a setting. The one that sets it has its name as the id.
fn arguments(setting: &'static Setting) -> Vec<Arg> {
    let (check, name, long) = (setting.check, setting.name, setting.flag().split_off(2));
    let no_long = format!("no-{long}");
    let value = |help: String| {
        Arg::new(name)
            .value_name(setting.placeholder)
            .value_parser(ValueParser::new(move |text: &str| check(text).map(|()| text.to_owned())))
            .value_hint(if setting.shape == Shape::Path { ValueHint::AnyPath } else { ValueHint::Unknown })
            .help(format!("{help} [default: {}]", setting.default))
    };
    let switch =
        |id: String, long: String, help: &'static str| Arg::new(id).long(long).action(ArgAction::SetTrue).help(help);
    match setting.flags {
        Flags::Global | Flags::FileOnly => Vec::new(),
        Flags::Position => vec![value(setting.help.to_owned())],
        Flags::Value if matches!(setting.shape, Shape::List | Shape::Map) => {
            let help = format!("{}; once for each, in place of those given before", setting.help);
            vec![value(help).long(long).action(ArgAction::Append)]
        }
        Flags::Value => vec![value(setting.help.to_owned()).long(long)],
        Flags::Switch { off, on } => {
            vec![
                switch(no(name), no_long, off).overrides_with(name),
                switch(name.to_owned(), long, on).overrides_with(no(name)),
            ]
        }
        Flags::Reset { off } => vec![
            value(setting.help.to_owned()).long(long).overrides_with(no(name)),
            switch(no(name), no_long, off).overrides_with(name),
        ],
    }
}

/// The id of the argument that turns a setting off.
fn no(name: &str) -> String {
    format!("no_{name}")
}

/// The texts that the arguments of a setting give; `None` if none is given.
fn texts(setting: &Setting, matches: &ArgMatches) -> Option<Vec<String>> {
    let given = |text: &str| Some(vec![text.to_owned()]);
    match setting.flags {
        Flags::Switch { .. } if matches.get_flag(setting.name) => given("true"),
        Flags::Switch { .. } if matches.get_flag(&no(setting.name)) => given("false"),
        Flags::Switch { .. } | Flags::Global | Flags::FileOnly => None,
        Flags::Reset { .. } if matches.get_flag(&no(setting.name)) => given(""),
        Flags::Position | Flags::Value | Flags::Reset { .. } => {
            Some(matches.get_many::<String>(setting.name)?.cloned().collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(arguments: &[&str]) -> Overrides {
        let command = SettingsArgs::augment_args(Command::new("mesh").no_binary_name(true));
        SettingsArgs::from_arg_matches(&command.get_matches_from(arguments)).unwrap().overrides
    }

    #[test]
    fn every_setting_is_an_argument() {
        for setting in SETTINGS.iter().filter(|setting| setting.flags != Flags::FileOnly) {
            let arguments: Vec<String> = match setting.flags {
                Flags::Global => continue,
                Flags::Position => vec![setting.example.to_owned()],
                Flags::Switch { .. } | Flags::FileOnly => vec![setting.flag()],
                Flags::Value | Flags::Reset { .. } => {
                    setting.texts(setting.example).into_iter().flat_map(|text| [setting.flag(), text]).collect()
                }
            };
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let expected = match setting.flags {
                Flags::Switch { .. } => vec!["true".to_owned()],
                _ => setting.texts(setting.example),
            };
            let expected =
                Overrides::read(Path::new(""), |other| (other.name == setting.name).then(|| expected.clone()));
            assert_eq!(overrides(&arguments), expected.unwrap(), "{}", setting.name);
        }
    }

    #[test]
    fn the_last_of_a_pair_of_flags_wins() {
        assert_eq!(overrides(&[]), Overrides::default());
        assert_eq!(overrides(&["--kibana", "--no-kibana"]).kibana, Some(false));
        assert_eq!(overrides(&["--no-kibana", "--kibana"]).kibana, Some(true));
        assert_eq!(overrides(&["--templates", "a", "--no-templates"]).values()["templates"], "");
        assert_eq!(overrides(&["--no-templates", "--templates", "a"]).values()["templates"], "a");
    }
}
