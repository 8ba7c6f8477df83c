//! Where a mesh's own templates are. Pure: no I/O.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The directory of templates that stand in for built-in ones; by default none, and so all are built in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TemplateDir(pub Option<PathBuf>);

impl TemplateDir {
    pub fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}
