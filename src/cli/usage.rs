//! A usage error of clap as an error of `mesh`, for programs. Pure: no I/O.

use crate::error::{Error, Exit};

impl From<&clap::Error> for Error {
    /// The first paragraph of the text is the message, the usage names the command to ask for help, the rest are tips.
    fn from(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let mut paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
        let message = paragraphs.next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut error = Self::new(Exit::Request, message.strip_prefix("error: ").unwrap_or(&message));
        let mut command = "mesh".to_owned();
        for paragraph in paragraphs {
            if let Some(usage) = paragraph.strip_prefix("Usage: ") {
                let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
                command = usage.split_whitespace().take_while(is_name).collect::<Vec<_>>().join(" ");
            } else if !paragraph.starts_with("For more information") {
                error = error.cause(paragraph);
            }
        }
        error.hint(format!("`{command} --help`"))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn a_usage_error_has_a_message_tips_and_a_command() {
        let error = Cli::command().try_get_matches_from(["mesh", "keys", "rotate", "--yess"]).unwrap_err();
        insta::assert_debug_snapshot!(Error::from(&error), @r#"
        Error {
            exit: Request,
            message: "unexpected argument '--yess' found",
            causes: [
                "tip: a similar argument exists: '--yes'",
            ],
            hint: Some(
                "`mesh keys rotate --help`",
            ),
            interrupted: false,
        }
        "#);
    }
}
