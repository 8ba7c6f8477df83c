//! The places of the connections that are open at once. Does no I/O.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{task::AbortHandle, time::sleep};

use super::PAUSE;

/// Whether a request of a connection was let in for its token.
#[derive(Debug, Clone, Default)]
pub(super) struct Admitted(Arc<AtomicBool>);

impl Admitted {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The open connections, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<(Admitted, AbortHandle)>);

impl Places {
    /// Until fewer than `most` connections are open. The oldest one without the token is ended for that: whoever
    /// connects could keep all others out, were it waited for.
    pub(super) async fn make_room(&mut self, most: usize) {
        loop {
            self.0.retain(|(_, task)| !task.is_finished());
            if self.0.len() < most {
                return;
            }
            match self.0.iter().position(|(admitted, _)| !admitted.is_set()) {
                Some(oldest) => self.0.remove(oldest).1.abort(),
                None => sleep(PAUSE).await,
            }
        }
    }

    pub(super) fn add(&mut self, admitted: Admitted, task: AbortHandle) {
        self.0.push((admitted, task));
    }
}
