//! Questions to the user. I/O: the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use tokio::task::spawn_blocking;

use super::{Console, err};

/// Whether the line on stderr is to be ended, when this is dropped at the latest.
struct OpenLine(bool);

impl Drop for OpenLine {
    fn drop(&mut self) {
        if self.0 {
            err("");
        }
    }
}

impl Console {
    /// Whether the user can be asked at all.
    pub fn can_ask(&self) -> bool {
        self.interactive
    }

    /// Whether a user sits here, who may be out of reach for questions: stdin may be a settings file, or stderr a pipe.
    pub fn is_attended() -> bool {
        io::stdin().is_terminal() || io::stderr().is_terminal()
    }

    /// Asks a question that only `yes` agrees to. A signal can end the wait for the answer.
    pub async fn agreed(&self, question: &str) -> bool {
        let _ = write!(io::stderr(), "{question} [yes/no] ");
        let mut line = OpenLine(true);
        let answer = spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).map(|_| answer)
        });
        let answer = answer.await.ok().and_then(Result::ok).unwrap_or_default();
        line.0 = !answer.ends_with('\n');
        matches!(answer.trim(), "yes" | "y")
    }
}
