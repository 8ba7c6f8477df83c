//! The signals that end the program. I/O: signals.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
};

use nix::sys::signal::{SigSet, Signal as Number};
use procfs::process::Process;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How many [`Endings`] there are that a step listens to. Signals are the process's, and so is this.
static LISTENERS: AtomicUsize = AtomicUsize::new(0);

/// The signals that end the program, held back until this is dropped: one that comes before the program can say how it
/// ends waits, and is not lost.
#[derive(Debug)]
pub struct HeldBack(SigSet);

impl HeldBack {
    /// For this thread, and those that it starts meanwhile. Programs that are started do not inherit it.
    pub fn begin() -> Self {
        let signals: SigSet = [Number::SIGINT, Number::SIGQUIT, Number::SIGTERM, Number::SIGHUP].into_iter().collect();
        // where it fails, one that comes too early ends the program by itself
        let _ = signals.thread_block();
        Self(signals)
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        let _ = self.0.thread_unblock();
    }
}

/// The signals of this process. From the first of these on, no signal ends the program by itself.
#[derive(Debug)]
struct Signals {
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

impl Signals {
    fn listen() -> io::Result<Self> {
        let hangup = SignalKind::hangup();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: if is_ignored(hangup) { None } else { Some(signal(hangup)?) },
        })
    }

    async fn next(&mut self) -> Ending {
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

/// Waits for the signals, in place of [`Unheard`].
#[derive(Debug)]
pub struct Endings(Signals);

impl Endings {
    pub fn listen() -> io::Result<Self> {
        let signals = Signals::listen()?;
        LISTENERS.fetch_add(1, Ordering::Relaxed);
        Ok(Self(signals))
    }

    /// The next one.
    pub async fn next(&mut self) -> Ending {
        self.0.next().await
    }
}

impl Drop for Endings {
    fn drop(&mut self) {
        LISTENERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits for a signal that no [`Endings`] is there to hear: before, between and after the steps that finish first.
#[derive(Debug)]
pub struct Unheard(Signals);

impl Unheard {
    pub fn listen() -> io::Result<Self> {
        Ok(Self(Signals::listen()?))
    }

    /// Polled before the work that may listen by itself: it has to see whether that listened when the signal came.
    pub async fn next(&mut self) {
        loop {
            self.0.next().await;
            if LISTENERS.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    }
}

/// Whether this process ignores a signal; see `SigIgn` in `proc_pid_status(5)`.
fn is_ignored(kind: SignalKind) -> bool {
    let ignored = Process::myself().and_then(|process| process.status()).map_or(0, |status| status.sigign);
    ignored >> (kind.as_raw_value() - 1) & 1 == 1
}
