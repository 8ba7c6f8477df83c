//! Running a program inside a container, to look. I/O: Docker's socket.

use std::time::Duration;

use bollard::exec::{CreateExecOptions, StartExecResults};
use futures::StreamExt as _;
use tokio::time::timeout;

use super::{Docker, DockerError};

impl Docker {
    /// What a program that runs inside the container writes to stdout, and its exit code.
    ///
    /// # Errors
    /// The container does not run, or the program does not end within `longest`.
    pub async fn run_inside(
        &self,
        container: &str,
        command: Vec<String>,
        longest: Duration,
    ) -> Result<(i64, String), DockerError> {
        let action = || DockerError::refused(format!("look from inside {container}"));
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            // read and dropped: a pipe that is full would stop the program
            attach_stderr: Some(true),
            cmd: Some(command),
            ..CreateExecOptions::default()
        };
        let run = async {
            let exec = self.client.create_exec(container, options).await.map_err(action())?;
            let mut bytes = Vec::new();
            if let StartExecResults::Attached { mut output, .. } =
                self.client.start_exec(&exec.id, None).await.map_err(action())?
            {
                while let Some(chunk) = output.next().await {
                    if let bollard::container::LogOutput::StdOut { message } = chunk.map_err(action())? {
                        bytes.extend_from_slice(&message);
                    }
                }
            }
            let found = self.client.inspect_exec(&exec.id).await.map_err(action())?;
            Ok((found.exit_code.unwrap_or_default(), String::from_utf8_lossy(&bytes).into_owned()))
        };
        timeout(longest, run).await.unwrap_or_else(|_| Err(DockerError::Endless(container.to_owned())))
    }
}
