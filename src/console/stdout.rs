//! stdout, and what became of it: the first failure is kept, since a program that reads has to hear of output that is
//! lost. I/O: stdout.

use std::{
    cell::Cell,
    io::{self, IsTerminal as _},
    os::fd::AsFd as _,
};

use anstream::{AutoStream, ColorChoice, adapter::strip_str};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::stat::{SFlag, fstat},
    unistd::write,
};

use crate::{
    error::{Error, Exit},
    world::words::words,
};

/// The standard library's own takes a descriptor that cannot be written for one that swallows everything, so this
/// writes past it.
#[derive(Debug, Default)]
pub struct Stdout {
    /// Why something could not be written.
    failure: Cell<Option<Errno>>,
}

impl Stdout {
    /// A text, without its colors where they are not wanted.
    pub fn text(&self, text: &str) {
        match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => self.bytes(strip_str(text).to_string().as_bytes()),
            _ => self.bytes(text.as_bytes()),
        }
    }

    /// Bytes, untouched. After a failure nothing more is written: what a reader gets has no gap.
    pub fn bytes(&self, bytes: &[u8]) {
        if !self.failed() {
            self.failure.set(write_all(bytes).err());
        }
    }

    pub fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether another program reads it: a pipe, or a socket as `ssh` has.
    pub fn is_pipe(&self) -> bool {
        let kind = fstat(io::stdout()).map(|found| SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT);
        matches!(kind, Ok(SFlag::S_IFIFO | SFlag::S_IFSOCK))
    }

    pub fn failed(&self) -> bool {
        self.failure.get().is_some()
    }

    /// That output is lost. A reader that went away has what it wanted, so that is none.
    pub fn lost(&self) -> Option<Error> {
        let failure = self.failure.get().filter(|errno| *errno != Errno::EPIPE)?;
        let error = Error::new(Exit::Machine, "cannot write to stdout: the result is lost");
        Some(error.cause(words(&failure.into())))
    }
}

fn write_all(mut bytes: &[u8]) -> Result<(), Errno> {
    let stdout = io::stdout();
    while !bytes.is_empty() {
        match write(stdout.as_fd(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::EINTR) => {}
            // whoever shares the descriptor made it return at once
            Err(Errno::EAGAIN) => {
                poll(&mut [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)], PollTimeout::NONE)?;
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
