//! The certificate of the page, where it is not only for this machine. I/O: disk.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio_rustls::TlsAcceptor;

use super::WebError;
use crate::mesh::permissions::OTHERS;

/// A certificate and its key, as their files have them: others renew it while the page is served.
#[derive(Clone)]
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    read_from: [Option<Stamp>; 2],
    config: Arc<ServerConfig>,
}

/// What tells a file from what it was, and from one that takes its place: device, inode, and when it changed last, in
/// seconds and nanoseconds.
type Stamp = (u64, u64, i64, i64);

impl Identity {
    /// # Errors
    /// One of them cannot be read or is no such thing, or others may read the key.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, WebError> {
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        let read_from = [stamp(&certificate), stamp(&key)];
        let config = config(&certificate, &key)?;
        Ok(Self { certificate, key, read_from, config })
    }

    /// What a connection is accepted by. Files that changed are read again; as long as they cannot be used, one of them
    /// being still the old one, what was read before stays in force.
    pub(super) fn acceptor(&mut self) -> TlsAcceptor {
        let found = [stamp(&self.certificate), stamp(&self.key)];
        if found != self.read_from {
            match config(&self.certificate, &self.key) {
                Ok(config) => (self.config, self.read_from) = (config, found),
                // the same files may be readable a moment later
                Err(error @ WebError::Unreadable { .. }) => tracing::warn!(%error, "the page keeps its certificate"),
                Err(error) => {
                    self.read_from = found;
                    tracing::warn!(%error, "the page keeps its certificate");
                }
            }
        }
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

/// `None` where there is no such file.
fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino(), found.ctime(), found.ctime_nsec()))
}

fn config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, WebError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |cause: io::Error| WebError::Unreadable { path, cause }
    };
    let unusable =
        |path: &Path, reason: &dyn ToString| WebError::Identity { path: path.to_owned(), reason: reason.to_string() };
    let mode = fs::metadata(key).map_err(unreadable(key))?.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(WebError::Mode { path: key.to_owned(), mode });
    }
    let chain = fs::read(certificate).map_err(unreadable(certificate))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let chain = chain.map_err(|error| unusable(certificate, &error))?;
    if chain.is_empty() {
        return Err(unusable(certificate, &"it holds no certificate"));
    }
    let pem = fs::read(key).map_err(unreadable(key))?;
    let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unusable(key, &error))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private);
    Ok(Arc::new(config.map_err(|error| unusable(certificate, &error))?))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::mesh::certs::{Authority, Names};

    #[test]
    fn a_certificate_that_was_renewed_is_read_once_its_key_is_there_too() {
        let temp = tempfile::tempdir().unwrap();
        let [certificate, key] = ["page.crt", "page.key"].map(|name| temp.path().join(name));
        let put = |path: &Path, text: &str| {
            let new = temp.path().join("new");
            fs::write(&new, text).unwrap();
            fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
            fs::rename(&new, path).unwrap();
        };
        let now = datetime!(2026-11-28 12:00 UTC);
        let issue = || Authority::issue("page", now).sign(&Names::example(), now);
        let (first, second) = (issue(), issue());
        put(&certificate, &first.certificate);
        put(&key, first.key.expose());
        let mut identity = Identity::read(&certificate, &key).unwrap();
        let before = Arc::clone(&identity.config);
        let mut is_as_before = || {
            let _ = identity.acceptor();
            Arc::ptr_eq(&identity.config, &before)
        };
        assert!(is_as_before());
        put(&certificate, &second.certificate);
        assert!(is_as_before(), "its key is that of the one before");
        put(&key, second.key.expose());
        assert!(!is_as_before());
        fs::remove_file(&key).unwrap();
        let renewed = Arc::clone(&identity.config);
        let _ = identity.acceptor();
        assert!(Arc::ptr_eq(&identity.config, &renewed), "what was read stays in force");
    }
}
