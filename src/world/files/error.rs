//! Why a file of the mesh cannot be used, and what brings it back. No I/O.

use std::path::{Path, PathBuf};

use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{
        credentials::CredentialsError, keystore::KeystoreError, layout, peers::PartnerName, record::RecordError,
        shell_word::file_word,
    },
    world::disk::DiskError,
};

/// A file of the mesh that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("{} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{} was made by a newer `mesh`: {cause}", path.display())]
    Newer { path: PathBuf, cause: RecordError },
    #[error("{}: {cause}", path.display())]
    Credentials { path: PathBuf, cause: CredentialsError },
    #[error("{}: {cause}", path.display())]
    Keystore { path: PathBuf, cause: KeystoreError },
}

impl Explain for FilesError {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Disk(error) => return error.hint(),
            Self::Newer { .. } => "use the `mesh` that made it, or a newer one".to_owned(),
            Self::Damaged { path, .. } if path.ends_with(layout::RECORD) => {
                away(path, "`mesh create`, which rebuilds it from what is there")
            }
            Self::Damaged { path, .. } => match peer_of(path) {
                Some(peer) => away(path, &rejoin(&peer)),
                None => away(path, "`mesh create`, which makes it again where it can be made"),
            },
            Self::Keystore { path, .. } => away(path, "`mesh create`, which writes it again"),
            Self::Credentials { path, .. } => format!(
                "correct it; or {}",
                away(path, "`mesh create --recover-credentials`, which puts it together again")
            ),
        })
    }
}

/// The peer whose file it is.
fn peer_of(path: &Path) -> Option<PartnerName> {
    let is_of_peers = path.parent().is_some_and(|dir| dir.ends_with(layout::PEERS));
    layout::peer_of(path.file_name().filter(|_| is_of_peers)?.to_str()?)
}

/// What only another owner can hand over again.
fn rejoin(peer: &PartnerName) -> String {
    format!(
        "`mesh join FILE --peer {peer}` with a new invitation, or, of a cluster that mesh does not run, \
         `mesh join --remote {peer} --address HOST:PORT --key-file FILE [--ca FILE]`; or `mesh leave {peer}`"
    )
}

/// The remedy for a file that is there and cannot be used.
fn away(path: &Path, then: &str) -> String {
    let path = file_word(path);
    format!("bring the file back from a backup, or move it away (`mv {path} {path}.broken`) and type {then}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_used_is_reported_with_what_brings_it_back() {
        let damaged = |path: &str| FilesError::Damaged { path: path.into(), reason: "it is no JSON".to_owned() };
        let password = KeystoreError::Password;
        let missing = CredentialsError::Missing { name: "elastic" };
        let errors = [
            damaged("/m/mesh.json"),
            damaged("/m/cluster01/api-key.json"),
            damaged("/m/peers/london.json"),
            FilesError::Newer { path: "/m/mesh.json".into(), cause: RecordError::Newer(9) },
            FilesError::Keystore { path: "/m/a keystore".into(), cause: password },
            FilesError::Credentials { path: "/m/credentials.txt".into(), cause: missing },
        ];
        let messages = errors.map(|error| format!("{error}\n  {}", error.hint().unwrap()));
        insta::assert_snapshot!(messages.join("\n"), @r"
        /m/mesh.json is damaged: it is no JSON
          bring the file back from a backup, or move it away (`mv /m/mesh.json /m/mesh.json.broken`) and type `mesh create`, which rebuilds it from what is there
        /m/cluster01/api-key.json is damaged: it is no JSON
          bring the file back from a backup, or move it away (`mv /m/cluster01/api-key.json /m/cluster01/api-key.json.broken`) and type `mesh create`, which makes it again where it can be made
        /m/peers/london.json is damaged: it is no JSON
          bring the file back from a backup, or move it away (`mv /m/peers/london.json /m/peers/london.json.broken`) and type `mesh join FILE --peer london` with a new invitation, or, of a cluster that mesh does not run, `mesh join --remote london --address HOST:PORT --key-file FILE [--ca FILE]`; or `mesh leave london`
        /m/mesh.json was made by a newer `mesh`: its format is 9, and this one knows 2
          use the `mesh` that made it, or a newer one
        /m/a keystore: the keystore is protected by a password
          bring the file back from a backup, or move it away (`mv '/m/a keystore' '/m/a keystore'.broken`) and type `mesh create`, which writes it again
        /m/credentials.txt: `elastic` is missing
          correct it; or bring the file back from a backup, or move it away (`mv /m/credentials.txt /m/credentials.txt.broken`) and type `mesh create --recover-credentials`, which puts it together again
        ");
        let full = FilesError::from(DiskError::NoModes("/m".into()));
        assert!(full.hint().unwrap().contains("`--dir`"));
    }
}
