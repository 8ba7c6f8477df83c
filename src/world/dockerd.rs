//! The engine's own process: which options it was started with that its API does not tell. I/O: `/proc`, the engine's
//! configuration file.

use std::{collections::BTreeMap, fs};

use procfs::process::{self, Process};
use serde::Deserialize;

const NAME: &str = "dockerd";
const CONFIGURATION: &str = "/etc/docker/daemon.json";

/// Options of an engine, where they were given; see <https://docs.docker.com/reference/cli/dockerd/>.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The control group that containers are put into.
    pub cgroup_parent: Option<String>,
    /// The hard limit of open files that containers get.
    pub open_files: Option<u64>,
}

/// The options of the engine whose process listens on a socket, `pid`; where that is another's, as systemd's, those of
/// the only engine here. `None` for an engine whose process cannot be seen.
pub fn options(pid: Option<i32>) -> Option<Options> {
    let is_engine = |process: &Process| process.stat().is_ok_and(|stat| stat.comm == NAME);
    let listener = pid.and_then(|pid| Process::new(pid).ok()).filter(is_engine);
    let only = || {
        let mut engines = process::all_processes().ok()?.filter_map(Result::ok).filter(is_engine);
        engines.next().filter(|_| engines.next().is_none())
    };
    let command = listener.or_else(only)?.cmdline().ok()?;
    let path = values(&command, "--config-file").pop().unwrap_or(CONFIGURATION);
    Some(given(&command, &fs::read_to_string(path).unwrap_or_default()))
}

/// An option stands in the command line or in the file: an engine that finds it in both does not start.
fn given(command: &[String], configuration: &str) -> Options {
    let file: Configuration = serde_json::from_str(configuration).unwrap_or_default();
    let limits = values(command, "--default-ulimit").into_iter().filter_map(|value| value.strip_prefix("nofile="));
    // `soft:hard`, or one for both
    let hard = |limit: &str| limit.rsplit(':').next().and_then(|hard| hard.parse::<i64>().ok());
    let open_files = limits.filter_map(hard).next_back().or(file.default_ulimits.get("nofile").map(|limit| limit.hard));
    Options {
        cgroup_parent: values(command, "--cgroup-parent").pop().map(str::to_owned).or(file.cgroup_parent),
        // a negative one is none
        open_files: open_files.map(|limit| u64::try_from(limit).unwrap_or(u64::MAX)),
    }
}

/// The values of an option, `--option value` or `--option=value`.
fn values<'a>(command: &'a [String], option: &str) -> Vec<&'a str> {
    let after = command.iter().skip(1).map(Some).chain([None]);
    let value = |(word, next): (&'a String, Option<&'a String>)| match word.strip_prefix(option)? {
        "" => next.map(String::as_str),
        rest => rest.strip_prefix('='),
    };
    command.iter().zip(after).filter_map(value).collect()
}

/// What is read of the engine's configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Configuration {
    cgroup_parent: Option<String>,
    default_ulimits: BTreeMap<String, Limit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Limit {
    hard: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str, configuration: &str) -> Options {
        given(&command.split(' ').map(str::to_owned).collect::<Vec<_>>(), configuration)
    }

    #[test]
    fn options_come_from_the_command_line_or_the_file() {
        let options = |cgroup_parent: Option<&str>, open_files| Options {
            cgroup_parent: cgroup_parent.map(str::to_owned),
            open_files,
        };
        let file = r#"{"cgroup-parent": "/box", "hosts": [], "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 64, "Hard": 1024}}}"#;
        for (command, configuration, expected) in [
            ("dockerd", "", options(None, None)),
            ("dockerd", "{damaged", options(None, None)),
            ("dockerd", file, options(Some("/box"), Some(1024))),
            ("dockerd --cgroup-parent /box --debug", "", options(Some("/box"), None)),
            (
                "dockerd --cgroup-parent=a.slice --default-ulimit=nofile=200:300",
                "",
                options(Some("a.slice"), Some(300)),
            ),
            ("dockerd --default-ulimit nproc=1 --default-ulimit nofile=1024", "", options(None, Some(1024))),
            ("dockerd --default-ulimit nofile=-1 --cgroup-parent", "", options(None, Some(u64::MAX))),
        ] {
            assert_eq!(of(command, configuration), expected, "{command} {configuration}");
        }
    }
}
