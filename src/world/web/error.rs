//! Why the page cannot be served. No I/O.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::{exit::Exit, explain::Explain, facts::host::Process, mesh::shell_word::file_word, world::words::words};

/// The port of `mesh serve` where none is named.
const USUAL_PORT: u16 = 9500;

#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("cannot listen on {at}: {}", by(owner.as_ref()))]
    Taken { at: SocketAddr, owner: Option<Process> },
    #[error("cannot listen on {at}: {}", words(cause))]
    Refused { at: SocketAddr, cause: io::Error },
    #[error("{} cannot be read: {}", path.display(), words(cause))]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("{} has mode {mode:o}, and others may read it", path.display())]
    Mode { path: PathBuf, mode: u32 },
    #[error("{} cannot be used for TLS: {reason}", path.display())]
    Identity { path: PathBuf, reason: String },
    #[error("{} holds no token: expected a line of 20 letters, digits, `-`, `_`, `.` or `~` at least", .0.display())]
    NoToken(PathBuf),
}

fn by(owner: Option<&Process>) -> String {
    match owner {
        Some(Process { pid, name }) => format!("{name} (process {pid}) has the port"),
        None => "another program has the port".to_owned(),
    }
}

impl Explain for WebError {
    fn exit(&self) -> Exit {
        match self {
            Self::Taken { .. } => Exit::Machine,
            _ => Exit::Request,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Taken { at, .. } => {
                let other = SocketAddr::new(at.ip(), at.port().checked_add(1).unwrap_or(USUAL_PORT));
                format!(
                    "type the same command again with `--listen {other}`; a unit is written anew by \
                     `mesh export systemd --into DIR --listen {other}`"
                )
            }
            Self::Refused { at, cause } if cause.kind() == io::ErrorKind::PermissionDenied => format!(
                "a port below 1024 needs root or CAP_NET_BIND_SERVICE: type the same command again with `--listen {}`, \
                 or another port",
                SocketAddr::new(at.ip(), USUAL_PORT)
            ),
            Self::Refused { .. } => "`ip address` shows the addresses of this machine".to_owned(),
            Self::Unreadable { path, .. } => format!("`ls -l {}` shows whose it is", file_word(path)),
            Self::Mode { path, .. } => format!("`chmod 600 {}`", file_word(path)),
            Self::Identity { .. } => {
                "name a certificate with `--tls-certificate`, its chain behind it, and its key with `--tls-key`, as PEM"
                    .to_owned()
            }
            Self::NoToken(path) => format!("`rm {}`, and the next run makes one", file_word(path)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_port_is_named_for_the_same_certificate() {
        let taken = |at: &str| WebError::Taken { at: at.parse().unwrap(), owner: None }.hint().unwrap();
        insta::assert_snapshot!(taken("192.0.2.11:9500"), @"type the same command again with `--listen 192.0.2.11:9501`; a unit is written anew by `mesh export systemd --into DIR --listen 192.0.2.11:9501`");
        insta::assert_snapshot!(taken("[::1]:65535"), @"type the same command again with `--listen [::1]:9500`; a unit is written anew by `mesh export systemd --into DIR --listen [::1]:9500`");
    }

    #[test]
    fn a_port_that_may_not_be_bound_is_not_an_address_of_another_machine() {
        let refused = |kind: io::ErrorKind| {
            let error = WebError::Refused { at: "192.0.2.11:443".parse().unwrap(), cause: kind.into() };
            error.hint().unwrap()
        };
        insta::assert_snapshot!(refused(io::ErrorKind::PermissionDenied), @"a port below 1024 needs root or CAP_NET_BIND_SERVICE: type the same command again with `--listen 192.0.2.11:9500`, or another port");
        insta::assert_snapshot!(refused(io::ErrorKind::AddrNotAvailable), @"`ip address` shows the addresses of this machine");
    }
}
