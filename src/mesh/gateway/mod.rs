//! One address for the whole mesh: which paths lead to which services, and the configuration of a proxy that makes it
//! so. Pure: no I/O.
//!
//! Every Kibana is at `/clusterNN/`, every Elasticsearch at `/clusterNN/elastic/`. A proxy believes a service by the
//! name in its certificate and the authority of its cluster alone.

mod conflict;
pub mod haproxy;
pub mod nginx;
mod own;
pub mod own_files;

pub use self::{
    conflict::GatewayConflict,
    own::{IMAGE, OwnGateway},
};

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    path::Path,
};

use minijinja::context;
use serde::Serialize;

use super::{
    Mesh,
    digest::digest_of,
    id::{ClusterId, NodeId, ServiceId},
    render::{RenderError, render},
    settings::SubjectName,
};
use crate::{exit::Exit, explain::Explain};

const INDEX: &str = include_str!("../../../templates/gateway/index.html");

/// The file with the start page.
pub const PAGE: &str = "index.html";

/// Where a proxy reaches the services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// At their fixed addresses in the mesh's network: it runs on the mesh's machine.
    Network,
    /// At the published ports of this host.
    Published(SubjectName),
}

/// What a proxy is to be.
#[derive(Debug, Clone)]
pub struct Gateway<'a> {
    pub mesh: &'a Mesh,
    pub upstream: Upstream,
    /// Whether it leads to Kibana alone.
    pub kibana_only: bool,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The name that it is reached by; `None` for any.
    pub server_name: Option<SubjectName>,
    /// The directory of its files, where it sees them.
    pub dir: &'a Path,
    pub certificate: &'a Path,
    /// nginx alone has it apart from the certificate.
    pub key: &'a Path,
    /// What the digest tells of besides the configuration; empty for nothing.
    pub contents: String,
}

/// A proxy that would read a path as another, or lead nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGateway {
    #[error("{0} has a character that the configuration of a proxy has another meaning for")]
    Character(String),
    #[error("{0} is a relative path, and a proxy has a directory of its own")]
    Relative(String),
    #[error("no cluster of this mesh has a Kibana, and the proxy would lead to nothing else")]
    NoKibana {
        /// The flags of `mesh create` by which every cluster has one.
        flags: String,
    },
}

impl Explain for InvalidGateway {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Character(_) => "use a path of letters, digits, spaces and `/ . _ - + , : @ =`".to_owned(),
            Self::Relative(_) => "type the whole path".to_owned(),
            Self::NoKibana { flags } => {
                format!("leave out `--kibana-only`; or make Kibanas with `mesh create {flags}`")
            }
        })
    }
}

/// One cluster behind a proxy.
#[derive(Debug, Clone, Serialize)]
struct Behind {
    id: String,
    elastic: Option<Service>,
    kibana: Option<Service>,
    /// Both, as far as they are there.
    upstreams: Vec<Service>,
}

/// One service, or the nodes of one cluster.
#[derive(Debug, Clone, Serialize)]
struct Service {
    name: String,
    /// A name that the certificates of all its servers have.
    verified_as: String,
    servers: Vec<Server>,
}

#[derive(Debug, Clone, Serialize)]
struct Server {
    name: String,
    address: String,
}

impl Gateway<'_> {
    fn clusters(&self) -> Vec<Behind> {
        self.mesh.clusters().map(|cluster| self.behind(cluster)).collect()
    }

    fn behind(&self, cluster: ClusterId) -> Behind {
        let elastic = (!self.kibana_only).then(|| self.elastic(cluster)).flatten();
        let kibana = self.server(cluster.kibana()).map(|server| Service {
            name: server.name.clone(),
            verified_as: server.name.clone(),
            servers: vec![server],
        });
        let upstreams = elastic.iter().chain(&kibana).cloned().collect();
        Behind { id: cluster.to_string(), elastic, kibana, upstreams }
    }

    /// The nodes of a cluster. nginx checks one name for all of them: what they have in common is `localhost`, which
    /// proves as much, since the authority signs for services of this cluster only.
    fn elastic(&self, cluster: ClusterId) -> Option<Service> {
        let servers: Vec<Server> =
            self.mesh.nodes(cluster).filter_map(|node: NodeId| self.server(node.into())).collect();
        let name = servers.first()?.name.clone();
        let verified_as = if servers.len() > 1 { "localhost".to_owned() } else { name.clone() };
        Some(Service { name, verified_as, servers })
    }

    fn server(&self, service: ServiceId) -> Option<Server> {
        let place = self.mesh.place(service)?;
        let address = match &self.upstream {
            Upstream::Network => format!("{}:{}", place.address, place.ports[0].container),
            Upstream::Published(SubjectName::Ip(address)) => SocketAddr::new(*address, place.https_port()).to_string(),
            Upstream::Published(SubjectName::Dns(host)) => format!("{host}:{}", place.https_port()),
        };
        Some(Server { name: self.mesh.container_name(service), address })
    }

    /// A template's text, which has its own digest where `digest` stands, and that.
    fn render(&self, name: &'static str, template: &str) -> Result<(String, String), RenderError> {
        // as clients name it: an IPv6 address has brackets in the header `Host`
        let host = self.server_name.as_ref().map(|name| match name {
            SubjectName::Ip(IpAddr::V6(address)) => format!("[{address}]"),
            name => name.to_string(),
        });
        let below = host.as_deref().and_then(|host| host.strip_prefix('*'));
        let text = |digest: &str| {
            let values = context! {
                mesh => self.mesh.dir.display().to_string(),
                clusters => self.clusters(),
                variable => self.word('_'),
                frontend => self.word('-'),
                listen => self.listen.to_string(),
                server_name => host.as_deref().unwrap_or("_"),
                host => below.or(host.as_deref()),
                any_below => below.is_some(),
                dir => self.dir.display().to_string(),
                certificate => self.certificate.display().to_string(),
                key => self.key.display().to_string(),
                digest,
            };
            render(name, template, &values)
        };
        let bare = text("")?;
        let of_all = [bare.as_bytes(), self.contents.as_bytes()];
        let digest = digest_of(if self.contents.is_empty() { &of_all[..1] } else { &of_all });
        Ok((text(&digest)?, digest))
    }

    /// What the names of one mesh's parts begin with, where a proxy leads to several.
    fn word(&self, between: char) -> String {
        let name = self.mesh.name.as_ref().map(|name| format!("-{name}")).unwrap_or_default();
        format!("mesh{name}").replace('-', &between.to_string())
    }

    /// The page that links to everything.
    pub fn page(&self) -> Result<String, RenderError> {
        let name = self.mesh.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        render(PAGE, INDEX, &context! { title => format!("Data mesh{name}"), clusters => self.clusters() })
    }

    /// # Errors
    /// A path that would be read as something else, or nothing that it leads to.
    pub fn check(&self) -> Result<(), InvalidGateway> {
        let plain = |c: char| c.is_alphanumeric() || " /._-+,:@=".contains(c);
        let paths: BTreeSet<&Path> = [self.dir, self.certificate, self.key].into();
        for path in paths {
            let text = path.to_string_lossy();
            if !text.chars().all(plain) {
                return Err(InvalidGateway::Character(text.into_owned()));
            }
            if path.is_relative() {
                return Err(InvalidGateway::Relative(text.into_owned()));
            }
        }
        let mut kibanas = self.mesh.clusters().map(ClusterId::kibana);
        if self.kibana_only && !kibanas.any(|kibana| self.mesh.place(kibana).is_some()) {
            return Err(InvalidGateway::NoKibana { flags: self.mesh.flags_for_kibana(self.mesh.clusters()) });
        }
        Ok(())
    }
}

/// The file with the authorities of a cluster.
pub fn authorities(cluster: ClusterId) -> String {
    format!("{cluster}.crt")
}

/// Whether a file of this name has the authorities of a cluster.
pub fn is_authorities(name: &str) -> bool {
    name.strip_suffix(".crt").is_some_and(|name| name.parse::<ClusterId>().is_ok())
}

/// The directory of the mesh that a configuration leads to, by its first line.
pub fn mesh_of(line: &str) -> Option<&str> {
    Some(line.strip_prefix("# A gateway to the mesh in ")?.rsplit_once(", made by `mesh`: ")?.0)
}

/// Whether a file of this name is one that is written for a proxy.
pub fn is_own(name: &str) -> bool {
    is_authorities(name) || [PAGE, nginx::FILE, nginx::MAIN, haproxy::FILE].contains(&name)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::mesh::settings::per_cluster::read_set;

    /// A gateway with every default.
    pub fn of(mesh: &Mesh) -> Gateway<'_> {
        Gateway {
            mesh,
            upstream: Upstream::Network,
            kibana_only: false,
            listen: "0.0.0.0:443".parse().unwrap(),
            server_name: None,
            dir: Path::new("/srv/door"),
            certificate: Path::new("/srv/tls.crt"),
            key: Path::new("/srv/tls.key"),
            contents: String::new(),
        }
    }

    #[test]
    fn the_page_links_to_what_is_there() {
        let mesh = Mesh::example(2);
        let page = of(&mesh).page().unwrap();
        assert!(page.contains(r#"<a href="/cluster02/elastic/">"#) && page.contains(r#"<a href="/cluster01/">"#));
        let page = Gateway { kibana_only: true, ..of(&mesh) }.page().unwrap();
        assert!(!page.contains("elastic"), "{page}");
    }

    #[test]
    fn a_path_with_a_meaning_of_its_own_is_refused() {
        let mesh = Mesh::example(1);
        for awkward in ["/srv/$HOME", "/srv/a\"b", "/srv/a;b", "/srv/a\nb", "/srv/{}"] {
            assert!(Gateway { dir: Path::new(awkward), ..of(&mesh) }.check().is_err(), "{awkward}");
        }
        assert_eq!(Gateway { dir: Path::new("/srv/the door"), ..of(&mesh) }.check(), Ok(()));
    }

    #[test]
    fn a_proxy_that_leads_nowhere_is_refused() {
        let (with, without) = (Mesh::example(2), Mesh::example(2).without_kibana());
        let check = |mesh, kibana_only| Gateway { kibana_only, ..of(mesh) }.check();
        let hint = |mesh| check(mesh, true).unwrap_err().hint().unwrap();
        assert_eq!(hint(&without), "leave out `--kibana-only`; or make Kibanas with `mesh create --kibana`");
        let mut alone = without.clone();
        alone.overrides = ["1", "2"].map(|of| read_set(&format!("{of}.kibana=false")).unwrap()).into();
        assert!(hint(&alone).ends_with(" with `mesh create --set 1-2.kibana=true`"), "{}", hint(&alone));
        assert_eq!((check(&without, false), check(&with, true)), (Ok(()), Ok(())));
    }

    #[test]
    fn only_what_is_written_for_a_proxy_is_its_own() {
        assert!(is_own("cluster07.crt") && is_own("mesh.conf") && !is_own("mesh.json") && !is_own("cluster07.key"));
    }
}
