//! The arguments of `mesh export`. No behavior.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Subcommand, ValueHint, value_parser};

use super::{cluster_number, serve::PageArgs};
use crate::{
    ask::export::eck::{Namespace, StorageClass, VolumeSize},
    mesh::{
        cluster_set::ClusterSet,
        id::ClusterId,
        invalid_value::InvalidValue,
        settings::{Registry, SubjectName},
    },
};

#[derive(Debug, Subcommand)]
pub enum ExportAction {
    /// Write a track for Elastic's load tester Rally, with the clusters and how to log in to them
    ///
    /// The command that races is printed. Rally makes an index `mesh-bench` in each cluster, fills it, searches one
    /// cluster and then all over links, and removes it.
    Rally(RallyArgs),
    /// Write a configuration of nginx that leads to the whole mesh by one address
    ///
    /// Every Kibana is at `/clusterNN/`, every Elasticsearch at `/clusterNN/elastic/`; `/` has a page of links.
    /// Services are believed by the mesh's authorities alone. The mesh itself is not changed. `--check` finds out
    /// whether the files are those of the mesh as it is now.
    Nginx(NginxArgs),
    /// Write a configuration of HAProxy that leads to the whole mesh by one address, as `nginx` does
    ///
    /// HAProxy asks every service every ten seconds whether it answers, and its statistics show which do.
    Haproxy(ProxyArgs),
    /// Write alerting rules and a scrape job for Prometheus
    ///
    /// The metrics come from `mesh status -o prometheus --into FILE` by way of the node exporter, or from `mesh serve`.
    Prometheus(PrometheusArgs),
    /// Write units for systemd: look at the mesh every minute, renew keys and certificates every day, serve the page
    Systemd(SystemdArgs),
    /// Write manifests for Elastic's operator on Kubernetes, ECK: the clusters as they were decided
    ///
    /// They hold no secrets and no data. ECK 2.16 or newer makes the certificates, the API keys and the links; a README
    /// beside them says what is different there, and what of the mesh is left out.
    Eck(EckArgs),
    /// Write an input for Filebeat that finds the logs of the mesh's containers
    Filebeat(IntoArgs),
    /// Write a source for Vector that finds the logs of the mesh's containers
    Vector(IntoArgs),
}

#[derive(Debug, Args)]
pub struct NginxArgs {
    #[command(flatten)]
    pub proxy: ProxyArgs,
    /// The certificate's key, where the proxy sees it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: PathBuf,
}

#[derive(Debug, Args)]
pub struct ProxyArgs {
    /// The directory to write the files to; it is made if it is missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub into: PathBuf,
    /// The directory that the files will be in on the proxy's machine [default: that of `--into`]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub at: Option<PathBuf>,
    /// The certificate that the proxy shows, where the proxy sees it; for HAProxy with its key in the same file, or
    /// beside it in FILE.key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub certificate: PathBuf,
    /// Where the proxy listens
    #[arg(long, value_name = "[ADDRESS:]PORT", default_value = "443", value_parser = listen)]
    pub listen: SocketAddr,
    /// The name that clients reach the proxy by [default: any]
    #[arg(long, value_name = "NAME", value_parser = str::parse::<SubjectName>)]
    pub server_name: Option<SubjectName>,
    /// The host whose published ports the proxy reaches, for one on another machine [default: the mesh's network]
    #[arg(long, value_name = "HOST", value_parser = str::parse::<SubjectName>)]
    pub upstream: Option<SubjectName>,
    /// Lead to Kibana alone, and to no Elasticsearch
    #[arg(long)]
    pub kibana_only: bool,
    /// Compare the files with those that would be written, and write nothing; exit code 1 if they differ
    #[arg(long)]
    pub check: bool,
}

/// A port, of one address or of all.
fn listen(text: &str) -> Result<SocketAddr, InvalidValue> {
    let port = || text.parse().ok().map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
    let found = text.parse().ok().or_else(port).filter(|found: &SocketAddr| found.port() > 0);
    found.ok_or_else(|| InvalidValue::new(format!("`{text}` is not a port such as `443` or `192.0.2.1:443`")))
}

#[derive(Debug, Args)]
pub struct IntoArgs {
    /// The directory to write the files to; it is made if it is missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub into: PathBuf,
}

#[derive(Debug, Args)]
pub struct PrometheusArgs {
    #[command(flatten)]
    pub into: IntoArgs,
    /// Where `mesh serve` listens, as Prometheus reaches it: by HTTPS, unless that is loopback
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9500")]
    pub target: String,
    /// A file with the token of `mesh serve` that Prometheus may read [default: /etc/prometheus/mesh.token, or
    /// mesh-NAME.token there for a mesh with a name]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,
    /// A file with the authority of the certificate of `mesh serve`, where that has one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct EckArgs {
    #[command(flatten)]
    pub into: IntoArgs,
    /// The namespace of everything [default: mesh, or mesh-NAME for a mesh with a name]
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<Namespace>,
    /// The registry with the images, where it is a mirror
    #[arg(long, value_name = "REGISTRY")]
    pub image: Option<Registry>,
    /// The size of each node's volume
    #[arg(long, value_name = "SIZE", default_value = "10Gi")]
    pub volume: VolumeSize,
    /// The storage class of the volumes [default: that of Kubernetes]
    #[arg(long, value_name = "NAME")]
    pub storage_class: Option<StorageClass>,
}

#[derive(Debug, Args)]
pub struct SystemdArgs {
    #[command(flatten)]
    pub into: IntoArgs,
    /// The program that the units start [default: this one]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::ExecutablePath)]
    pub program: Option<PathBuf>,
    /// The directory in which the node exporter looks for metrics
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "/var/lib/prometheus/node-exporter")]
    pub textfile_dir: PathBuf,
    #[command(flatten)]
    pub page: PageArgs,
}

#[derive(Debug, Args)]
pub struct RallyArgs {
    /// The directory to write the files to; it is made if it is missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub into: PathBuf,
    /// The cluster that searches [default: the first of those that search most others]
    #[arg(long, value_name = "CLUSTER", value_parser = cluster_number)]
    pub from: Option<ClusterId>,
    /// The clusters to search, such as `1-3,7` [default: the one that searches, and all that it searches]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    /// How many documents each cluster is given
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub documents: u64,
}
