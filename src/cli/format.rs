//! The arguments that several commands share: the format of what is printed, and dry runs. No behavior.

use std::ffi::OsString;

use clap::{Args, ValueEnum, builder::PossibleValue};

/// How a command prints its result. `-o` is always one of these, and files are written by `--into`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    #[value(alias = "text")]
    Table,
    /// For people with a wide terminal: a table with all its columns, where it has more than usual
    Wide,
    /// For programs
    Json,
    /// For programs
    Yaml,
}

impl Format {
    pub fn is_for_people(self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }

    /// The format that a command line asks for which clap refuses, so that its error can have that format, too.
    pub fn of_words(words: impl IntoIterator<Item = OsString>) -> Self {
        let words: Vec<String> = words.into_iter().map_while(|word| word.into_string().ok()).collect();
        let options = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let named = |(at, word): (usize, &String)| match word.as_str() {
            "-o" | "--output" => words.get(at + 1).cloned(),
            word => ["--output=", "-o="].iter().find_map(|option| word.strip_prefix(option).map(str::to_owned)),
        };
        let named = words[..options].iter().enumerate().filter_map(named).next_back();
        named.and_then(|name| Self::from_str(&name, true).ok()).unwrap_or_default()
    }
}

/// How the status of a mesh is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusFormat {
    /// As any list.
    Common(Format),
    /// As metrics, in the text format of Prometheus.
    Prometheus,
}

impl Default for StatusFormat {
    fn default() -> Self {
        Self::Common(Format::default())
    }
}

impl ValueEnum for StatusFormat {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [StatusFormat; 5] = [
            StatusFormat::Common(Format::Table),
            StatusFormat::Common(Format::Wide),
            StatusFormat::Common(Format::Json),
            StatusFormat::Common(Format::Yaml),
            StatusFormat::Prometheus,
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Common(format) => format.to_possible_value(),
            Self::Prometheus => Some(PossibleValue::new("prometheus").help("For Prometheus: its text format")),
        }
    }
}

impl StatusFormat {
    /// This format as any command has it; metrics stand beside a text for people, which errors are.
    pub fn format(self) -> Format {
        match self {
            Self::Common(format) => format,
            Self::Prometheus => Format::Table,
        }
    }
}

/// How a list or a report is printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct OutputArgs {
    /// How to print it: `table`, `json` or `yaml`
    #[arg(id = "output", long = "output", short = 'o', value_name = "FORMAT")]
    #[arg(value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
}

/// The options of every command that changes something.
#[derive(Debug, Clone, Copy, Args)]
pub struct PlanArgs {
    /// Print the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to print the plan: `table`, `json` or `yaml`
    #[arg(id = "output", long = "output", short = 'o', value_name = "FORMAT")]
    #[arg(value_enum, default_value_t, requires = "dry_run", hide_possible_values = true)]
    pub format: Format,
}

/// The options of a command that asks before it deletes or revokes something.
#[derive(Debug, Clone, Copy, Args)]
pub struct ConsentArgs {
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub plan: PlanArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_every_format_of_a_list() {
        let common: Vec<StatusFormat> = Format::value_variants().iter().copied().map(StatusFormat::Common).collect();
        assert_eq!(StatusFormat::value_variants(), [&common[..], &[StatusFormat::Prometheus]].concat());
    }

    #[test]
    fn the_format_of_an_error_is_the_one_of_the_result() {
        let format = |line: &str| Format::of_words(line.split(' ').map(Into::into));
        assert_eq!(format("mesh status -o json --wrong"), Format::Json);
        assert_eq!(format("mesh ls --output=YAML --wrong"), Format::Yaml);
        assert_eq!(format("mesh ls -o"), Format::Table);
        assert_eq!(format("mesh search --wrong -- -o json"), Format::Table);
    }
}
