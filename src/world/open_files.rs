//! How many files this process may hold open, connections among them. I/O: asks the kernel, and raises the limit.

use std::{error::Error, io};

use nix::{
    errno::Errno,
    sys::resource::{Resource, getrlimit, setrlimit},
};

use crate::{exit::Exit, explain::Explain};

/// Fewer are not enough for any command: the runtime, the lock, directories, Docker and one cluster.
const FEWEST: u64 = 64;

/// Something was not even tried: this process may hold no more files open, which says nothing of what it was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many open files: `ulimit -n` allows {limit}")]
pub struct TooManyOpenFiles {
    limit: u64,
}

impl TooManyOpenFiles {
    /// What to type next.
    pub const HINT: &str = "type `ulimit -n 4096` and the same command again; a service has `LimitNOFILE=4096`";

    /// This, where it lies under an error.
    pub fn under(error: &(dyn Error + 'static)) -> Option<Self> {
        let of_limit = |error: &(dyn Error + 'static)| {
            let code = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
            code == Some(Errno::EMFILE as i32)
        };
        std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source())
            .any(of_limit)
            .then(|| Self { limit: limits().0 })
    }
}

impl Explain for TooManyOpenFiles {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        Some(Self::HINT.to_owned())
    }
}

/// The limit that holds, and the one up to which it can be raised.
fn limits() -> (u64, u64) {
    getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((u64::MAX, u64::MAX))
}

/// Allows this process as many as it may allow itself: the lower limit of shells is for programs that use `select(2)`,
/// and a mesh of many clusters has more connections than that.
///
/// # Errors
/// They are too few for any command.
pub fn allow_more() -> Result<(), TooManyOpenFiles> {
    let (soft, hard) = limits();
    if soft < hard {
        // where it fails, the lower one holds
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
    let limit = limits().0;
    if limit < FEWEST { Err(TooManyOpenFiles { limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no connection")]
    struct NoConnection(#[source] io::Error);

    #[test]
    fn the_limit_is_found_below_other_errors() {
        let under = |errno: Errno| TooManyOpenFiles::under(&NoConnection(errno.into()));
        assert!(under(Errno::EMFILE).is_some_and(|error| error.to_string().starts_with("too many open files: ")));
        assert_eq!(under(Errno::ECONNREFUSED), None);
    }
}
