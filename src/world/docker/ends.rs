//! How containers end: whether one still runs, and what is known of its end when it does not. I/O: Docker's socket.

use std::{collections::HashMap, pin::pin};

use bollard::{
    models::ContainerStateStatusEnum,
    query_parameters::{EventsOptionsBuilder, InspectContainerOptions, LogsOptionsBuilder},
};
use futures::StreamExt as _;
use time::OffsetDateTime;

use super::{Docker, DockerError};

/// A container that does not run, and what Docker knows of its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `None` where Docker has forgotten it.
    pub exit_code: Option<i64>,
    pub out_of_memory: bool,
    /// Docker's own words, where the container could not even be started.
    pub error: String,
    /// The last lines of its log, oldest first.
    pub log: Vec<String>,
}

impl Docker {
    /// How often Docker has started the container again by itself since somebody last did; `None` while it does not run.
    pub async fn restarts(&self, name: &str) -> Result<Option<i64>, DockerError> {
        let found = self.client.inspect_container(name, None::<InspectContainerOptions>).await;
        let found = found.map_err(DockerError::refused(format!("inspect {name}")))?;
        let runs = found.state.and_then(|state| state.status) == Some(ContainerStateStatusEnum::RUNNING);
        Ok(runs.then(|| found.restart_count.unwrap_or_default()))
    }

    /// How a container ended that does not run, or the last time that it did not.
    pub async fn ended(&self, name: &str) -> Result<Ended, DockerError> {
        let found = self
            .client
            .inspect_container(name, None::<InspectContainerOptions>)
            .await
            .map_err(DockerError::refused(format!("inspect {name}")))?;
        let state = found.state.unwrap_or_default();
        // the state of a container that Docker has started again tells nothing of its end
        let (exit_code, out_of_memory) = if state.status == Some(ContainerStateStatusEnum::RUNNING) {
            self.last_end(name).await
        } else {
            (state.exit_code, state.oom_killed.unwrap_or_default())
        };
        Ok(Ended {
            exit_code,
            out_of_memory,
            error: state.error.unwrap_or_default(),
            log: self.log_tail(name, 20).await,
        })
    }

    /// The exit code of the last end that Docker's events tell of, and whether it was for want of memory.
    async fn last_end(&self, name: &str) -> (Option<i64>, bool) {
        let now = OffsetDateTime::now_utc();
        let since = (now.unix_timestamp() - 60).to_string();
        // to the nanosecond: whole seconds would leave out the one that goes on
        let until = format!("{}.{:09}", now.unix_timestamp(), now.nanosecond());
        let filters = HashMap::from([("container", vec![name]), ("event", vec!["die", "oom"])]);
        let options = EventsOptionsBuilder::default().since(&since).until(&until).filters(&filters);
        let (mut exit_code, mut out_of_memory, mut lacked) = (None, false, false);
        let mut stream = pin!(self.client.events(Some(options.build())));
        while let Some(Ok(event)) = stream.next().await {
            let attributes = event.actor.and_then(|actor| actor.attributes).unwrap_or_default();
            let code = attributes.get("exitCode").and_then(|code| code.parse().ok());
            if code.is_some() {
                (exit_code, out_of_memory, lacked) = (code, lacked, false);
            } else {
                (out_of_memory, lacked) = (true, true);
            }
        }
        (exit_code, out_of_memory)
    }

    /// The last lines that a container wrote; none if Docker cannot tell.
    async fn log_tail(&self, name: &str, lines: u8) -> Vec<String> {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let mut log = Vec::new();
        let mut stream = self.client.logs(name, Some(options));
        while let Some(Ok(output)) = stream.next().await {
            log.extend(String::from_utf8_lossy(output.as_ref()).lines().map(str::to_owned));
        }
        log
    }
}
