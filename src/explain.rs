//! How an error explains itself to the user: one trait, which each error type implements beside its own definition.
//! Pure: no I/O.

/// How a run ends, for whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// As asked.
    Done = 0,
    /// The mesh is not as it should be.
    Unhealthy = 1,
    /// The request is wrong.
    Request = 2,
    /// The machine is not ready.
    Machine = 3,
    /// Stopped part-way, or before it began by whoever was asked; run it again.
    Unfinished = 4,
    /// Another run holds the lock.
    Locked = 5,
}

/// An error that can end a run: its exit code, and all that the user reads. `?` turns it into the user's
/// [`Error`](crate::error::Error).
pub trait Explain: std::error::Error {
    /// How a run ends that meets this error and does nothing about it.
    fn exit(&self) -> Exit;

    /// What to type next; `None` where nothing is known to help.
    fn hint(&self) -> Option<String>;

    /// The line that the user reads first: lower case, no full stop.
    fn message(&self) -> String {
        self.to_string()
    }

    /// What lies under the message, in the words of whoever refused; `None` where the message has it all.
    fn reason(&self) -> Option<String> {
        None
    }
}
