//! What the user reads when something is wrong: the cause, a remedy, an exit code. Pure: no I/O.

use std::fmt;

pub use crate::exit::Exit;
use crate::explain::Explain;

/// One thing that went wrong, in the user's words.
#[derive(Debug)]
pub struct Error {
    pub exit: Exit,
    /// Lower case, no full stop.
    pub message: String,
    /// What lies under it, outermost first.
    pub causes: Vec<String>,
    /// What to type next.
    pub hint: Option<String>,
    /// The run was interrupted; nothing is wrong.
    pub interrupted: bool,
}

impl Error {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), hint: None, interrupted: false }
    }

    /// An interruption keeps its own: nothing is wrong that another could mend.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if !self.interrupted {
            self.hint = Some(hint.into());
        }
        self
    }

    /// For an error that has none.
    #[must_use]
    pub fn or_hint(self, hint: &str) -> Self {
        if self.hint.is_none() { self.hint(hint) } else { self }
    }

    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// The error once something was changed: a machine that stops being ready has stopped the run part-way.
    #[must_use]
    pub fn part_way(self) -> Self {
        if self.exit == Exit::Machine { self.exit(Exit::Unfinished) } else { self }
    }

    /// This as the cause of `message`; an interruption stays one.
    #[must_use]
    pub fn under(self, message: impl Into<String>) -> Self {
        if self.interrupted {
            return self;
        }
        let causes = std::iter::once(self.message).chain(self.causes).collect();
        Self { message: message.into(), causes, ..self }
    }

    /// The error with another exit code.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for cause in &self.causes {
            write!(f, "\n  caused by: {cause}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl<E: Explain> From<E> for Error {
    fn from(error: E) -> Self {
        Self {
            exit: error.exit(),
            message: error.message(),
            causes: error.reason().into_iter().collect(),
            hint: error.hint(),
            interrupted: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot lift")]
    struct TooHeavy;

    impl Explain for TooHeavy {
        fn exit(&self) -> Exit {
            Exit::Machine
        }

        fn hint(&self) -> Option<String> {
            Some("put something down".to_owned())
        }

        fn reason(&self) -> Option<String> {
            Some("9 kg".to_owned())
        }
    }

    #[test]
    fn an_error_type_says_all_that_the_user_reads() {
        let error = Error::from(TooHeavy);
        assert_eq!((error.exit, error.interrupted), (Exit::Machine, false));
        assert_eq!(error.to_string(), "cannot lift\n  caused by: 9 kg\n\nhint: put something down");
    }

    #[test]
    fn an_interruption_gets_no_hint_for_something_else() {
        let interrupted = Error { interrupted: true, ..Error::new(Exit::Unfinished, "interrupted") };
        assert_eq!(interrupted.under("no trial").hint("give a license").to_string(), "interrupted");
        let refused = Error::new(Exit::Unfinished, "refused");
        assert_eq!(refused.hint("first").or_hint("second").to_string(), "refused\n\nhint: first");
    }
}
