//! How an error explains itself to the user: one trait, which each error type implements beside its own definition.
//! Pure: no I/O.

use crate::exit::Exit;

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
