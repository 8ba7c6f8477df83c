//! Files for other programs that work with a mesh: what each is made of. Pure: no I/O.

pub mod eck;
pub mod logs;
pub mod prometheus;
pub mod rally;
pub mod systemd;
mod unit_text;

/// A file that is written for another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub name: String,
    pub text: Vec<u8>,
    /// Whether it holds secrets, so that its owner alone may read it.
    pub is_private: bool,
}

impl Exported {
    pub fn new(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), text: text.into(), is_private: false }
    }
}
