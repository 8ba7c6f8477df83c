//! The signals that end the program. I/O: signals.

use std::io;

use procfs::process::Process;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for them. While one of these is there, no signal ends the program by itself.
#[derive(Debug)]
pub struct Endings {
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    /// `None` where it was ignored when the program began, as `nohup` has it.
    hangup: Option<Signal>,
}

/// Who wants the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A signal of the user, who may send it again.
    Asked,
    /// The terminal is gone. The kernel says so, and the shell again.
    TerminalLost,
}

impl Endings {
    pub fn listen() -> io::Result<Self> {
        let hangup = SignalKind::hangup();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: if is_ignored(hangup) { None } else { Some(signal(hangup)?) },
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Ending {
        let lost = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Ending::Asked,
            _ = self.quit.recv() => Ending::Asked,
            _ = self.terminate.recv() => Ending::Asked,
            _ = lost => Ending::TerminalLost,
        }
    }
}

/// Whether this process ignores a signal; see `SigIgn` in `proc_pid_status(5)`.
fn is_ignored(kind: SignalKind) -> bool {
    let ignored = Process::myself().and_then(|process| process.status()).map_or(0, |status| status.sigign);
    ignored >> (kind.as_raw_value() - 1) & 1 == 1
}
