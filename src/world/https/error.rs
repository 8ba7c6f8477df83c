//! Why an HTTPS request has no answer, or not the expected one. No I/O.

use std::{error::Error, net::SocketAddr};

use crate::{
    exit::Exit,
    explain::Explain,
    mesh::id::ServiceId,
    world::{
        open_files::TooManyOpenFiles,
        words::{causes, innermost},
    },
};

/// Why there is no answer, or not the one that was hoped for.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    #[error("the authority's certificate cannot be used: {0}")]
    Authority(String),
    /// The mesh that was asked with has no such service, so no port of it.
    #[error("{0} is not a service of the mesh")]
    NoService(ServiceId),
    #[error("the mesh has no gateway")]
    NoGateway,
    #[error("the request cannot be sent")]
    Request(#[from] hyper::http::Error),
    #[error(transparent)]
    OpenFiles(TooManyOpenFiles),
    #[error("https://{address} does not answer")]
    NoAnswer {
        address: SocketAddr,
        #[source]
        cause: Silence,
    },
    #[error("the answer of https://{address} is longer than {} MiB", longest >> 20)]
    TooLong { address: SocketAddr, longest: usize },
    #[error("{what} was refused with status {status}: {reason}")]
    Refused {
        what: String,
        status: u16,
        /// Elasticsearch's name of the error, where it gave one.
        kind: Option<String>,
        reason: String,
    },
    #[error("the answer to {what} has not the form that is documented: {reason}")]
    Unexpected { what: String, reason: String },
}

/// What came instead of an answer.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    #[error("operation timed out")]
    TimedOut,
    #[error(transparent)]
    Connection(#[from] hyper_util::client::legacy::Error),
    /// The answer broke off.
    #[error(transparent)]
    Answer(#[from] hyper::Error),
}

impl HttpsError {
    /// Whether something answered with a certificate that is not trusted: it is not signed by the authority, is for
    /// another name, or has expired.
    pub fn is_distrust(&self) -> bool {
        let of_certificate =
            |error: &(dyn Error + 'static)| matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)));
        matches!(self, Self::NoAnswer { .. }) && causes(self).any(of_certificate)
    }

    /// Whether the server was reached, and our own request ran out of time.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::NoAnswer { cause: Silence::TimedOut, .. })
    }

    /// Whether no connection was made, so that nothing of the request arrived.
    pub fn never_arrived(&self) -> bool {
        let of_connecting = |cause: &Silence| matches!(cause, Silence::Connection(error) if error.is_connect());
        matches!(self, Self::NoAnswer { cause, .. } if of_connecting(cause))
    }

    /// What the innermost cause says.
    pub fn cause(&self) -> String {
        innermost(self)
    }
}

impl Explain for HttpsError {
    fn exit(&self) -> Exit {
        match self {
            Self::OpenFiles(error) => error.exit(),
            _ => Exit::Unfinished,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::OpenFiles(error) => return error.hint(),
            Self::Refused { status: 401, .. } => {
                "`mesh create --recover-credentials` gives the server the password in credentials.txt"
            }
            Self::TooLong { .. } => "ask for less: fewer documents at a time, or fewer fields with `filter_path`",
            _ => "`mesh verify` says what is wrong with each cluster",
        };
        Some(hint.to_owned())
    }

    fn reason(&self) -> Option<String> {
        Some(self.cause()).filter(|cause| *cause != self.to_string())
    }
}
