//! How containers end: whether one still runs, and what is known of its end when it does not. I/O: Docker's socket.

use std::{collections::HashMap, pin::pin, time::Duration};

use bollard::{
    models::ContainerStateStatusEnum,
    query_parameters::{EventsOptionsBuilder, InspectContainerOptions, LogsOptionsBuilder},
};
use futures::StreamExt as _;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Docker, DockerError, absent_is_none};

/// A container that does not run, and what Docker knows of its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `None` where Docker has forgotten it.
    pub exit_code: Option<i64>,
    pub out_of_memory: bool,
    /// Docker's own words, where the container could not even be started.
    pub error: Option<String>,
    /// The last lines that it wrote since it was last started, oldest first.
    pub log: Vec<String>,
}

/// A container that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// As of [`Docker::restarts`].
    pub restarts: Option<i64>,
    pub paused: bool,
    pub attached: bool,
}

impl Docker {
    /// How often Docker has started the container again by itself since it was last started by hand; `None` while it
    /// does not run.
    pub async fn restarts(&self, name: &str) -> Result<Option<i64>, DockerError> {
        let found = self.client.inspect_container(name, None::<InspectContainerOptions>).await;
        let found = found.map_err(DockerError::refused(format!("inspect {name}")))?;
        let runs = found.state.and_then(|state| state.status) == Some(ContainerStateStatusEnum::RUNNING);
        Ok(runs.then(|| found.restart_count.unwrap_or_default()))
    }

    /// All that Docker has of a container, as JSON.
    pub async fn inspect(&self, name: &str) -> Result<String, DockerError> {
        let found = self.client.inspect_container(name, None::<InspectContainerOptions>).await;
        let found = found.map_err(DockerError::refused(format!("inspect {name}")))?;
        Ok(serde_json::to_string_pretty(&found).expect("should be JSON: it was") + "\n")
    }

    /// Whether a container has a process; one that is gone has none.
    pub async fn runs(&self, name: &str) -> Result<bool, DockerError> {
        let found = self.client.inspect_container(name, None::<InspectContainerOptions>).await;
        let found = absent_is_none(found.map_err(DockerError::refused(format!("inspect {name}"))))?;
        Ok(found.and_then(|found| found.state?.running).unwrap_or_default())
    }

    /// The state of a container that is waited for, and whether it is in the network of this name.
    pub async fn watched(&self, name: &str, network: &str) -> Result<Watched, DockerError> {
        let found = self.client.inspect_container(name, None::<InspectContainerOptions>).await;
        let found = found.map_err(DockerError::refused(format!("inspect {name}")))?;
        let status = found.state.and_then(|state| state.status);
        let networks = found.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        Ok(Watched {
            restarts: (status == Some(ContainerStateStatusEnum::RUNNING))
                .then(|| found.restart_count.unwrap_or_default()),
            paused: status == Some(ContainerStateStatusEnum::PAUSED),
            attached: networks.contains_key(network),
        })
    }

    /// When the container was last started.
    pub async fn started(&self, name: &str) -> Result<Option<OffsetDateTime>, DockerError> {
        let found = self.client.inspect_container(name, None::<InspectContainerOptions>).await;
        let found = found.map_err(DockerError::refused(format!("inspect {name}")))?;
        let started = found.state.and_then(|state| state.started_at);
        Ok(started.and_then(|inputs| OffsetDateTime::parse(&inputs, &Rfc3339).ok()))
    }

    /// How a container ended that does not run, or the last time that it did not.
    pub async fn ended(&self, name: &str) -> Result<Ended, DockerError> {
        let found = self
            .client
            .inspect_container(name, None::<InspectContainerOptions>)
            .await
            .map_err(DockerError::refused(format!("inspect {name}")))?;
        let state = found.state.unwrap_or_default();
        let error = state.error.filter(|words| !words.is_empty());
        // the state of a container that Docker has started again tells nothing of its end
        let begun = state.started_at.as_deref().and_then(nanoseconds);
        let run = if state.status == Some(ContainerStateStatusEnum::RUNNING) {
            Run { over: begun, ..self.last_run(name).await }
        } else {
            Run { exit_code: state.exit_code, out_of_memory: state.oom_killed.unwrap_or_default(), begun, over: None }
        };
        // one that could not be started wrote nothing: what its log has is of an earlier run
        let log = if error.is_none() { self.log_of(name, run.begun, run.over).await } else { Vec::new() };
        Ok(Ended { exit_code: run.exit_code, out_of_memory: run.out_of_memory, error, log })
    }

    /// The last lines that a container wrote since it was last started, and not longer ago than `within`, oldest first.
    pub async fn last_lines(&self, name: &str, within: Option<Duration>) -> Result<Vec<String>, DockerError> {
        let found = self.client.inspect_container(name, None::<InspectContainerOptions>).await;
        let found = found.map_err(DockerError::refused(format!("inspect {name}")))?;
        let begun = found.state.and_then(|state| nanoseconds(state.started_at.as_deref()?));
        let since = within.map(|within| OffsetDateTime::now_utc() - within);
        let since = since.and_then(|since| since.unix_timestamp_nanos().try_into().ok());
        Ok(self.log_of(name, begun.max(since), None).await)
    }

    /// The last run that Docker's events of the last minute tell the end of.
    async fn last_run(&self, name: &str) -> Run {
        let now = OffsetDateTime::now_utc();
        let since = (now.unix_timestamp() - 60).to_string();
        // to the nanosecond: whole seconds would leave out the one that goes on
        let until = format!("{}.{:09}", now.unix_timestamp(), now.nanosecond());
        let filters = HashMap::from([("container", vec![name]), ("event", vec!["start", "die", "oom"])]);
        let options = EventsOptionsBuilder::default().since(&since).until(&until).filters(&filters);
        let (mut run, mut begun, mut lacked) = (Run::default(), None, false);
        let mut stream = pin!(self.client.events(Some(options.build())));
        while let Some(Ok(event)) = stream.next().await {
            match event.action.as_deref() {
                Some("start") => (begun, lacked) = (event.time_nano, false),
                Some("oom") => (lacked, run.out_of_memory) = (true, true),
                _ => {
                    let attributes = event.actor.and_then(|actor| actor.attributes).unwrap_or_default();
                    let exit_code = attributes.get("exitCode").and_then(|code| code.parse().ok());
                    run = Run { exit_code, out_of_memory: lacked, begun: begun.take(), over: None };
                }
            }
        }
        run
    }

    /// The last lines that a container wrote from `begun` to `over`; none if Docker cannot tell.
    async fn log_of(&self, name: &str, begun: Option<i64>, over: Option<i64>) -> Vec<String> {
        // Docker's own `since` knows whole seconds only, in which a container can end and be started again
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).tail(TAIL).build();
        let mut pieces = Vec::new();
        let mut stream = self.client.logs(name, Some(options));
        while let Some(Ok(output)) = stream.next().await {
            pieces.push(String::from_utf8_lossy(output.as_ref()).into_owned());
        }
        written(&pieces, begun, over)
    }
}

/// How many lines of a log are read, from its end.
const TAIL: &str = "200";
/// Docker notes the start of a container a moment after its process may have begun to write. Nanoseconds; less than
/// Docker waits before it starts one again.
const EARLY: i64 = 100_000_000;

/// A run of a container's process; the times are nanoseconds since 1970.
#[derive(Debug, Default)]
struct Run {
    exit_code: Option<i64>,
    out_of_memory: bool,
    begun: Option<i64>,
    /// When the next run began, where there is one.
    over: Option<i64>,
}

fn nanoseconds(inputs: &str) -> Option<i64> {
    OffsetDateTime::parse(inputs, &Rfc3339).ok()?.unix_timestamp_nanos().try_into().ok()
}

/// The lines from `begun` until `over` of a log that comes in stamped pieces: Docker cuts lines after 16 KiB.
fn written(pieces: &[String], begun: Option<i64>, over: Option<i64>) -> Vec<String> {
    let (begun, over) = (begun.map(|begun| begun.saturating_sub(EARLY)), over.map(|over| over.saturating_sub(EARLY)));
    let (mut lines, mut whole): (Vec<String>, bool) = (Vec::new(), true);
    for piece in pieces {
        let (stamp, text) = piece.split_once(' ').unwrap_or((piece, ""));
        let at = nanoseconds(stamp);
        let before = at.zip(begun).is_some_and(|(at, begun)| at < begun);
        let after = at.zip(over).is_some_and(|(at, over)| at >= over);
        if before || after {
            continue;
        }
        let end = text.trim_end_matches(['\r', '\n']);
        match lines.last_mut().filter(|_| !whole) {
            Some(last) => last.push_str(end),
            None => lines.push(end.to_owned()),
        }
        whole = text.ends_with('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_run_counts_and_long_lines_are_whole() {
        let pieces = [
            "2026-11-22T15:00:00.000000001Z of the run before\n",
            "2026-11-22T15:00:00.290000000Z {\"message\": \"long ",
            "2026-11-22T15:00:00.310000000Z line\"}\n",
            "2026-11-22T15:00:01.000000000Z \n",
            "2026-11-22T15:00:09.000000000Z of the run after\n",
        ]
        .map(str::to_owned);
        let (begun, over) = (nanoseconds("2026-11-22T15:00:00.3Z"), nanoseconds("2026-11-22T15:00:02Z"));
        assert!(begun.is_some() && over.is_some());
        assert_eq!(written(&pieces, begun, over), ["{\"message\": \"long line\"}", ""]);
        assert_eq!(written(&pieces, None, None).len(), 4);
        assert_eq!(nanoseconds("0001-01-01T00:00:00Z"), None);
    }
}
