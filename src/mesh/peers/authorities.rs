//! Where the authorities of a cluster that `mesh` does not run are found. Pure: no I/O.

use std::{
    convert::Infallible,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// `system`, or the path of a PEM file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Authorities {
    /// Those that this machine trusts.
    #[default]
    System,
    File(PathBuf),
}

impl Authorities {
    /// By the text that stands for them; a path is relative to `base`.
    pub fn read(text: &str, base: &Path) -> Self {
        if text == "system" { Self::System } else { Self::File(base.join(text)) }
    }
}

impl FromStr for Authorities {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::read(text, Path::new("")))
    }
}

impl fmt::Display for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
