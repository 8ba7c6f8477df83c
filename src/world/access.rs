//! What a client of a cluster's Elasticsearch has to have: authorities that it trusts, a password that it presents.
//! I/O: disk.

use std::path::PathBuf;

use super::{
    disk::Tree,
    files::{self, FilesError},
};
use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::{ClusterFiles, Observed},
    mesh::{credentials::Credentials, id::ClusterId, layout, secret::Secret},
};

/// Access to one cluster as `elastic`. The password is checked by the server, not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Every authority that may have signed what the server shows, as PEM.
    pub authorities: String,
    pub password: Secret,
}

/// Why there is no access to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("the authority of {cluster} is missing in {}", dir.display())]
    Authority { cluster: ClusterId, dir: PathBuf },
    #[error("{} is lost", .0.display())]
    Credentials(PathBuf),
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl Explain for AccessError {
    fn exit(&self) -> Exit {
        match self {
            Self::Files(error) => error.exit(),
            Self::Authority { .. } | Self::Credentials(_) => Exit::Unhealthy,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Files(error) => return error.hint(),
            Self::Authority { .. } => "`mesh create` makes it again",
            Self::Credentials(_) => "`mesh create --recover-credentials` brings its passwords back, or sets new ones",
        };
        Some(hint.to_owned())
    }

    fn reason(&self) -> Option<String> {
        if let Self::Files(error) = self { error.reason() } else { None }
    }
}

impl Access {
    /// Access by what the mesh's directory holds now.
    pub fn read(tree: &Tree, cluster: ClusterId) -> Result<Self, AccessError> {
        let files = files::authorities(tree, cluster)?;
        let credentials = credentials(tree)?;
        Self::new(&files, &credentials).ok_or_else(|| AccessError::Authority { cluster, dir: tree.root().to_owned() })
    }

    /// Access by what was found there; `None` where authority or credentials were not.
    pub fn observed(there: &Observed, cluster: ClusterId) -> Option<Self> {
        Self::new(there.files.get(&cluster)?, there.credentials.as_ref()?)
    }

    fn new(files: &ClusterFiles, credentials: &Credentials) -> Option<Self> {
        Some(Self { authorities: files.trusted()?, password: credentials.elastic.clone() })
    }
}

/// The mesh's credentials, where they have to be there.
pub fn credentials(tree: &Tree) -> Result<Credentials, AccessError> {
    files::credentials(tree)?.ok_or_else(|| AccessError::Credentials(tree.path(layout::CREDENTIALS)))
}
