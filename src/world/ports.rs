//! Who listens on which TCP port of this machine. Reads `/proc`; changes nothing.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
};

use procfs::{
    ProcError, ProcResult,
    net::{TcpNetEntry, TcpState},
    process::{self, FDTarget},
};

use crate::{
    exit::Exit,
    explain::Explain,
    facts::host::{Listener, Process},
};

/// The table of sockets could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{path}`: {cause}")]
pub struct PortsError {
    path: &'static str,
    cause: ProcError,
}

impl Explain for PortsError {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        None
    }
}

/// Every listening TCP socket, IPv4 and IPv6, sorted by port. The owners of those that `in_question` tells take one
/// walk through `/proc`, however many there are, and none where nothing is in question: it looks at every file that
/// every process has open.
///
/// # Errors
/// `/proc/net/tcp` cannot be read. A process that cannot be looked into only costs its sockets their `owner`.
pub fn listeners(in_question: impl Fn(SocketAddr) -> bool) -> Result<Vec<Listener>, PortsError> {
    let mut entries = procfs::net::tcp().map_err(|cause| PortsError { path: "/proc/net/tcp", cause })?;
    match procfs::net::tcp6() {
        Ok(more) => entries.extend(more),
        // A kernel without IPv6.
        Err(ProcError::NotFound(_)) => {}
        Err(cause) => return Err(PortsError { path: "/proc/net/tcp6", cause }),
    }
    entries.retain(|entry| entry.state == TcpState::Listen);
    let asked: HashSet<u64> =
        entries.iter().filter(|entry| in_question(entry.local_address)).map(|entry| entry.inode).collect();
    let owners = if asked.is_empty() { HashMap::new() } else { owners(&asked) };
    let listener = |TcpNetEntry { local_address, inode, .. }: TcpNetEntry| listener(local_address, owners.get(&inode));
    let mut listeners: Vec<_> = entries.into_iter().map(listener).collect();
    listeners.sort_by_key(|listener| (listener.port, listener.address));
    Ok(listeners)
}

fn listener(bound: SocketAddr, owner: Option<&Process>) -> Listener {
    Listener { address: bound.ip(), port: bound.port(), owner: owner.cloned() }
}

fn owners(inodes: &HashSet<u64>) -> HashMap<u64, Process> {
    let mut owners = HashMap::new();
    for process in process::all_processes().into_iter().flatten().filter_map(ProcResult::ok) {
        let sockets = process.fd().into_iter().flatten().filter_map(ProcResult::ok);
        let held: Vec<u64> =
            sockets.filter_map(|fd| if let FDTarget::Socket(inode) = fd.target { Some(inode) } else { None }).collect();
        for inode in held.into_iter().filter(|inode| inodes.contains(inode)) {
            if let Ok(stat) = process.stat() {
                // A socket that a child inherited belongs to the parent, whose number is usually lower.
                let owner = owners.entry(inode).or_insert_with(|| Process { pid: stat.pid, name: stat.comm.clone() });
                if stat.pid < owner.pid {
                    *owner = Process { pid: stat.pid, name: stat.comm };
                }
            }
        }
    }
    owners
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_socket_of_our_own_is_found_with_us_as_its_owner() {
        let ours: Vec<_> =
            ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"].iter().filter_map(|bind| TcpListener::bind(bind).ok()).collect();
        assert!(ours.len() >= 2);
        let found = listeners(|_| true).unwrap();
        for bound in ours.iter().map(|socket| socket.local_addr().unwrap()) {
            let listener =
                found.iter().find(|listener| (listener.address, listener.port) == (bound.ip(), bound.port())).unwrap();
            assert_eq!(listener.owner.as_ref().map(|owner| owner.pid), Some(std::process::id().cast_signed()));
        }
        assert!(listeners(|_| false).unwrap().iter().all(|listener| listener.owner.is_none()), "not in question");
    }

    #[test]
    fn a_socket_that_is_closed_or_only_connected_is_not_listed() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let local = client.local_addr().unwrap().port();
        drop(server);
        let found = listeners(|_| true).unwrap();
        let ours = |listener: &&Listener| {
            listener.owner.as_ref().is_some_and(|owner| owner.pid == std::process::id().cast_signed())
        };
        assert!(!found.iter().filter(ours).any(|listener| listener.port == local));
        assert!(found.is_sorted_by_key(|listener| listener.port));
    }
}
