//! The certificate of the page, where it is not only for this machine. I/O: disk.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio_rustls::TlsAcceptor;

use super::WebError;

/// The permission bits of the group and of others.
const OTHERS: u32 = 0o077;

/// A certificate and its key.
#[derive(Clone)]
pub struct Identity(Arc<ServerConfig>);

impl Identity {
    /// # Errors
    /// One of them cannot be read or is no such thing, or others may read the key.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, WebError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |cause: io::Error| WebError::Unreadable { path, cause }
        };
        let unusable = |path: &Path, reason: &dyn ToString| WebError::Identity {
            path: path.to_owned(),
            reason: reason.to_string(),
        };
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
        Ok(Self(Arc::new(config.map_err(|error| unusable(certificate, &error))?)))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0))
    }
}
