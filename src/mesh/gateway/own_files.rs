//! The files of the mesh's own gateway: its configuration, the authorities that it verifies, its certificate. Pure: no
//! I/O.
//!
//! nginx reads them when it starts and when it gets SIGHUP. What it answers at `/_mesh/health` is a digest of all
//! of them with a stamp that every write renews, so that it tells which of them it has read.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use super::{Gateway, PAGE, Upstream, authorities, nginx};
use crate::mesh::{
    Mesh,
    digest::{digest_of, digest_of_secret},
    id::ClusterId,
    render::RenderError,
    secret::Secret,
};

/// Where its container has them.
pub const INSIDE: &str = "/etc/mesh-gateway";
/// The port in its container, which takes no privilege.
pub const PORT: u16 = 8443;
/// The file names of its certificate and its key.
pub const CERTIFICATE: &str = "tls.crt";
pub const KEY: &str = "tls.key";
/// The name of the file with the stamp of the last write.
pub const STAMP: &str = "stamp";

/// What they depend on besides the mesh.
#[derive(Debug, Clone)]
pub struct Contents<'a> {
    /// Every authority that may have signed what a cluster's services show, as PEM.
    pub authorities: BTreeMap<ClusterId, String>,
    pub certificate: &'a str,
    pub key: &'a Secret,
    pub stamp: &'a str,
}

/// All of them but certificate and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFiles {
    /// By their names, in the order that they are to be written in: nginx may start at any moment.
    pub texts: Vec<(String, String)>,
    /// What nginx answers at `/_mesh/health` that has read them.
    pub digest: String,
}

impl Mesh {
    /// # Errors
    /// A template does not render.
    pub fn gateway_files(&self, contents: &Contents<'_>) -> Result<OwnFiles, RenderError> {
        let (certificate, key) = (format!("{INSIDE}/{CERTIFICATE}"), format!("{INSIDE}/{KEY}"));
        let gateway = Gateway {
            mesh: self,
            upstream: Upstream::Network,
            kibana_only: false,
            listen: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT),
            server_name: None,
            dir: Path::new(INSIDE),
            certificate: Path::new(&certificate),
            key: Path::new(&key),
            contents: String::new(),
        };
        let mut texts = vec![(STAMP.to_owned(), contents.stamp.to_owned())];
        texts.extend(contents.authorities.iter().map(|(cluster, pem)| (authorities(*cluster), pem.clone())));
        texts.push((PAGE.to_owned(), gateway.page()?));
        texts.push((nginx::MAIN.to_owned(), gateway.nginx_main()?));
        let key = digest_of_secret(contents.key);
        let all = texts.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]);
        let all: Vec<&[u8]> = all.chain([contents.certificate.as_bytes(), key.as_bytes()]).collect();
        let (text, digest) = Gateway { contents: digest_of(&all), ..gateway }.nginx_with_digest()?;
        // last: it names the others
        texts.push((nginx::FILE.to_owned(), text));
        Ok(OwnFiles { texts, digest })
    }
}

/// Whether a file of this name is one that is written for the mesh's own gateway, besides certificate and key.
pub fn is_own_file(name: &str) -> bool {
    name == STAMP || super::is_own(name)
}

/// What nginx answers at `/_mesh/health` that has read this configuration.
pub fn digest_in(configuration: &str) -> Option<String> {
    let (_, rest) = configuration.split_once("return 200 \"")?;
    Some(rest.split_once("\\n\"")?.0.to_owned())
}

/// A file of the gateway without what nginx answers at `/_mesh/health`, so with nothing that depends on the
/// certificate.
pub fn without_digest(text: &str) -> String {
    let answer = |digest: &str| format!("return 200 \"{digest}\\n\"");
    digest_in(text).map_or_else(|| text.to_owned(), |digest| text.replacen(&answer(&digest), &answer(""), 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::example::cluster;

    #[test]
    fn the_digest_tells_what_nginx_has_read() {
        let mesh = Mesh::example(2);
        let (key, other) = (Secret::new("key"), Secret::new("other"));
        let authorities: BTreeMap<ClusterId, String> = mesh.clusters().map(|of| (of, of.to_string())).collect();
        let contents = Contents { authorities, certificate: "certificate", key: &key, stamp: "1" };
        let digest = |contents: &Contents<'_>| mesh.gateway_files(contents).unwrap().digest;
        let first = digest(&contents);
        assert_eq!(digest(&contents.clone()), first);
        let renewed = [(cluster(1), "other".to_owned())];
        for changed in [
            Contents { certificate: "other", ..contents.clone() },
            Contents { key: &other, ..contents.clone() },
            Contents { stamp: "2", ..contents.clone() },
            Contents {
                authorities: contents.authorities.clone().into_iter().chain(renewed).collect(),
                ..contents.clone()
            },
        ] {
            assert_ne!(digest(&changed), first, "{changed:?}");
        }
        let files = mesh.gateway_files(&contents).unwrap();
        let names: Vec<&str> = files.texts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["stamp", "cluster01.crt", "cluster02.crt", "index.html", "nginx.conf", "mesh.conf"]);
        assert!(names.iter().all(|name| is_own_file(name)));
        assert_eq!(digest_in(&files.texts[5].1), Some(files.digest));
        let renewed = mesh.gateway_files(&Contents { certificate: "other", ..contents }).unwrap();
        let [before, after] = [&files.texts, &renewed.texts]
            .map(|texts| texts.iter().map(|(name, text)| (name.clone(), without_digest(text))).collect::<Vec<_>>());
        assert_eq!(before, after, "a certificate should change nothing but the digest");
        assert_ne!(files.texts, renewed.texts);
    }
}
