//! The error for a cluster that does not answer a request, or answers with an error. No I/O.

use crate::{exit::Exit, explain::Explain, mesh::id::ClusterId, world::https::HttpsError};

/// A cluster without the answer that a command is about.
#[derive(Debug, thiserror::Error)]
#[error("{}", match error {
    HttpsError::NoAnswer { .. } => format!("{cluster} does not answer"),
    other => other.to_string(),
})]
pub struct Unanswered {
    pub cluster: ClusterId,
    pub error: HttpsError,
}

impl Explain for Unanswered {
    fn exit(&self) -> Exit {
        match &self.error {
            HttpsError::OpenFiles(error) => error.exit(),
            _ => Exit::Unhealthy,
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.error {
            HttpsError::NoAnswer { .. } => {
                Some(format!("`mesh status` shows what runs; `mesh manage start {}` starts it", self.cluster.number()))
            }
            other => other.hint(),
        }
    }

    fn reason(&self) -> Option<String> {
        match &self.error {
            HttpsError::NoAnswer { .. } => Some(self.error.cause()),
            other => other.reason(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Error, world::https::Silence};

    #[test]
    fn a_cluster_that_is_silent_is_reported_otherwise_than_one_that_refuses() {
        let shown = |error: HttpsError| {
            let error = Error::from(Unanswered { cluster: ClusterId::FIRST, error });
            format!("exit code {}: {error}", error.exit as u8)
        };
        let address = "127.0.0.1:9201".parse().unwrap();
        insta::assert_snapshot!(shown(HttpsError::NoAnswer { address, cause: Silence::TimedOut }), @r"
        exit code 1: cluster01 does not answer
          caused by: operation timed out

        hint: `mesh status` shows what runs; `mesh manage start 1` starts it
        ");
        let refused = HttpsError::Refused {
            what: "GET /".to_owned(),
            status: 401,
            kind: None,
            reason: "unable to authenticate user [elastic]".to_owned(),
        };
        insta::assert_snapshot!(shown(refused), @r"
        exit code 1: GET / was refused with status 401: unable to authenticate user [elastic]

        hint: `mesh create --recover-credentials` gives the server the password in credentials.txt
        ");
    }
}
