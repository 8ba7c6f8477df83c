//! The file of `mesh bundle`, where it is read, and this program's own file. I/O: disk; changes nothing.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::{Stream, stream};
use hyper::body::Bytes;

use super::words::words;
use crate::{
    ask::bundle::{Damage, Verified, Verifier},
    exit::Exit,
    explain::Explain,
    mesh::shell_word::file_word,
};

/// The bytes that are read at a time.
pub const PIECE: usize = 1 << 20;
/// This program, also where its file was replaced or removed; see `proc_pid_exe(5)`.
const SELF: &str = "/proc/self/exe";

/// What this program runs on, in Rust's words.
pub const ARCHITECTURE: &str = std::env::consts::ARCH;

/// A bundle that can be read.
#[derive(Debug)]
pub struct BundleFile {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
}

/// A bundle that cannot be used; every case names it.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("there is no file at {}", .0.display())]
    Missing(PathBuf),
    #[error("{} is not a regular file, and it is read twice", .0.display())]
    NotAFile(PathBuf),
    #[error("{} cannot be read: {}", path.display(), words(cause))]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("{} cannot be used: {cause}", path.display())]
    Damaged { path: PathBuf, cause: Damage },
}

impl Explain for BundleError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing(_) | Self::NotAFile(_) => {
                "name the file that `mesh bundle save --into FILE` wrote".to_owned()
            }
            Self::Unreadable { .. } => "name a file that you may read, on a disk that is not damaged".to_owned(),
            Self::Damaged { path, cause } => {
                let file = file_word(path);
                match cause {
                    Damage::Foreign | Damage::NoMore => {
                        "name the file that `mesh bundle save --into FILE` wrote".to_owned()
                    }
                    Damage::Newer { .. } => format!(
                        "take the newer `mesh` out of it with `tar -xf {file} mesh`; then `./mesh bundle load {file}`"
                    ),
                    Damage::CutOff { .. } | Damage::Altered(_) | Damage::Between(_) => format!(
                        "copy it again from where it was saved; `sha256sum {file}` prints the same there and here"
                    ),
                }
            }
        })
    }
}

impl BundleFile {
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let named = || path.to_owned();
        let failed = |cause: io::Error| match cause.kind() {
            ErrorKind::NotFound => BundleError::Missing(named()),
            _ => BundleError::Unreadable { path: named(), cause },
        };
        // a pipe without a writer would be waited for
        let facts = std::fs::metadata(path).map_err(failed)?;
        if !facts.is_file() {
            return Err(BundleError::NotAFile(named()));
        }
        let file = File::open(path).map_err(failed)?;
        Ok(Self { path: named(), file: Arc::new(file), length: facts.len() })
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads all of it, and reports the bytes that were read.
    ///
    /// # Errors
    /// A byte is not as it was written.
    pub async fn verify(&self, mut report: impl FnMut(u64)) -> Result<Verified, BundleError> {
        let damaged = |cause| BundleError::Damaged { path: self.path.clone(), cause };
        let mut verifier = Verifier::new(self.length);
        let (mut at, mut piece) = (0, vec![0; PIECE]);
        loop {
            let count = read_at(&self.file, &mut piece, at)
                .map_err(|cause| BundleError::Unreadable { path: self.path.clone(), cause })?;
            if count == 0 {
                return verifier.finish().map_err(damaged);
            }
            verifier.feed(&piece[..count]).map_err(damaged)?;
            at += count as u64;
            report(at);
            // so that Ctrl-C is heard
            tokio::task::yield_now().await;
        }
    }

    /// So many bytes from there on, counted as they are taken.
    pub fn part(
        &self,
        from: u64,
        bytes: u64,
        taken: &Arc<AtomicU64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static + use<> {
        let (file, taken) = (Arc::clone(&self.file), Arc::clone(taken));
        stream::try_unfold(0, move |at| {
            let (file, taken) = (Arc::clone(&file), Arc::clone(&taken));
            async move {
                let left = usize::try_from(bytes - at).unwrap_or(usize::MAX).min(PIECE);
                if left == 0 {
                    return Ok(None);
                }
                let mut piece = vec![0; left];
                let count = read_at(&file, &mut piece, from + at)?;
                if count == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                piece.truncate(count);
                taken.fetch_add(count as u64, Ordering::Relaxed);
                Ok(Some((Bytes::from(piece), at + count as u64)))
            }
        })
    }
}

fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match file.read_at(into, at) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// This program's own file.
pub fn this_program() -> io::Result<File> {
    File::open(SELF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_a_file_that_tar_finds_on_this_machine() {
        let hint = |path: &str| {
            BundleError::Damaged { path: path.into(), cause: Damage::Newer { format: 2, mesh: "9.9.9".to_owned() } }
                .hint()
        };
        insta::assert_snapshot!(hint("mesh-05:22:10.tar").unwrap(), @"take the newer `mesh` out of it with `tar -xf ./mesh-05:22:10.tar mesh`; then `./mesh bundle load ./mesh-05:22:10.tar`");
    }
}
