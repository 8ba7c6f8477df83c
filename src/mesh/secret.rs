//! A value that must not be shown by accident: passwords, keys, passphrases.
//!
//! A [`Secret`] can be kept, compared and handed on, but neither printed nor serialized: whoever needs the text says so
//! with [`Secret::expose`], and every place where a secret leaves its wrapper is found by searching for that word.
//! Pure: no I/O.

use std::fmt;

/// A text that appears in no log, no error, no plan and no debug output. It has neither `Display` nor `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// What stands for every secret in what a container is made from.
    pub fn placeholder() -> Self {
        Self::new("placeholder")
    }

    /// The text itself, for the one place that writes or sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_output_never_shows_the_value() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret(…),\n)");
    }

    #[test]
    fn the_value_comes_back_when_it_is_asked_for() {
        assert_eq!(Secret::new("hunter2").expose(), "hunter2");
        assert_eq!(Secret::new("a"), Secret::new(String::from("a")));
        assert_ne!(Secret::new("a"), Secret::new("b"));
    }
}
