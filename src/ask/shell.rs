//! Variables as a shell reads them, whatever their values hold. Pure: no I/O.

use clap::ValueEnum;

use crate::{exit::Exit, explain::Explain};

/// A shell that can take variables over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// A value that no variable can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value holds a NUL, which no variable of a shell can")]
pub struct NulError;

impl Explain for NulError {
    fn exit(&self) -> Exit {
        Exit::Unhealthy
    }

    fn hint(&self) -> Option<String> {
        None
    }
}

impl Shell {
    /// The shell whose program is at `path`; `None` for others.
    pub fn at(path: &str) -> Option<Self> {
        Self::from_str(path.rsplit('/').next()?, false).ok()
    }

    /// A line for each variable that exports it. Lines for fish end with `;`, since its `eval (mesh env 3)` joins them.
    ///
    /// # Errors
    /// A value holds a NUL.
    pub fn exports(self, variables: &[(&str, String)]) -> Result<String, NulError> {
        let line = |(name, value): &(&str, String)| match self {
            Self::Bash | Self::Zsh => {
                shlex::try_quote(value).map(|quoted| format!("export {name}={quoted}\n")).map_err(|_| NulError)
            }
            Self::Fish if value.contains('\0') => Err(NulError),
            Self::Fish => Ok(format!("set -gx {name} {};\n", fish(value))),
        };
        variables.iter().map(line).collect()
    }
}

/// In single quotes, where only `\\` and `\'` are escapes; see
/// <https://fishshell.com/docs/current/language.html#quotes>.
fn fish(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What fish makes of a word in single quotes.
    fn read_by_fish(quoted: &str) -> Option<String> {
        let mut chars = quoted.strip_prefix('\'')?.chars().peekable();
        let mut read = String::new();
        loop {
            match chars.next()? {
                '\'' => return chars.next().is_none().then_some(read),
                '\\' if matches!(chars.peek(), Some('\\' | '\'')) => read.extend(chars.next()),
                other => read.push(other),
            }
        }
    }

    #[test]
    fn values_are_quoted_as_each_shell_wants_it() {
        let variables = [("A", "plain".to_owned()), ("B", "it's $HOME `x` \\ \"y\"!".to_owned())];
        insta::assert_snapshot!(Shell::Bash.exports(&variables).unwrap(), @r#"
        export A=plain
        export B="it's "'$HOME `x` '"\\ \"y\""'!'
        "#);
        insta::assert_snapshot!(Shell::Fish.exports(&variables).unwrap(), @r#"
        set -gx A 'plain';
        set -gx B 'it\'s $HOME `x` \\ "y"!';
        "#);
        assert_eq!(Shell::Zsh.exports(&variables), Shell::Bash.exports(&variables));
        for shell in [Shell::Bash, Shell::Fish] {
            assert_eq!(shell.exports(&[("A", "\0".to_owned())]), Err(NulError));
        }
    }

    #[test]
    fn a_shell_is_known_by_its_program() {
        assert_eq!(Shell::at("/usr/bin/fish"), Some(Shell::Fish));
        assert_eq!(Shell::at("zsh"), Some(Shell::Zsh));
        assert_eq!(Shell::at("/bin/sh"), None);
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in "[^\u{0}]{0,20}|['\\\\\"$`!\n]{0,8}") {
            prop_assert_eq!(read_by_fish(&fish(&value)), Some(value.clone()));
            let line = Shell::Bash.exports(&[("A", value.clone())]).unwrap();
            prop_assert_eq!(shlex::split(&line), Some(vec!["export".to_owned(), format!("A={value}")]));
        }
    }
}
