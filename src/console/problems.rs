//! What is wrong with a mesh, above each picture of `mesh status --watch`: the words and marks of the live page. I/O:
//! the terminal.

use super::{BOLD_RED, BOLD_YELLOW, Console, err, plain, styled};
use crate::page::{Level, Problem};

impl Console {
    /// A line and a hint each, the worst first. To stderr, since it is no data.
    pub fn problems(&self, problems: &[Problem]) {
        if self.is_quiet() {
            return;
        }
        for problem in problems {
            let sign = match problem.level {
                Level::Problem => styled(BOLD_RED, "✗"),
                Level::Warning => styled(BOLD_YELLOW, "!"),
            };
            err(&format!("{sign} {}", plain::lines(&self.same_mesh.in_text(&in_words(problem)))));
        }
        if !problems.is_empty() {
            err("");
        }
    }
}

/// A remedy that is a command alone gets the backticks by which it is known as one.
fn in_words(problem: &Problem) -> String {
    let Problem { text, remedy, .. } = problem;
    let remedy = if remedy.contains('`') { remedy.clone() } else { format!("`{remedy}`") };
    format!("{text}\n  hint: {remedy}")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_command_is_known_as_one() {
        let problem = |remedy: &str| Problem {
            level: Level::Problem,
            text: "no cluster reaches cluster02".to_owned(),
            remedy: remedy.to_owned(),
            about: Vec::new(),
        };
        assert_snapshot!(in_words(&problem("mesh verify --fix")), @r"
        no cluster reaches cluster02
          hint: `mesh verify --fix`
        ");
        assert_snapshot!(in_words(&problem("`mesh verify --fix`, or a new key")), @r"
        no cluster reaches cluster02
          hint: `mesh verify --fix`, or a new key
        ");
    }
}
