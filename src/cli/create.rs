//! The arguments of `mesh create`, and what they say of a mesh. No behaviour.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::Args;

use super::count;
use crate::mesh::{
    id::ClusterId,
    network::Subnet,
    spec::{Asked, IndexPattern, KeyDays, Memory, SpecError, StackVersion, SubjectName},
};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct CreateArgs {
    /// How many clusters, 1 to 99 [default: as many as there are]
    #[arg(value_name = "N", value_parser = count)]
    clusters: Option<ClusterId>,
    /// Remove the mesh that exists, with its data, and start afresh
    #[arg(long)]
    pub reset: bool,
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
    /// Print the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Go on when memory or disk seem too small
    #[arg(long)]
    pub force: bool,
    /// Version of Elasticsearch and Kibana [default: 9.5.3]
    #[arg(long, value_name = "VERSION")]
    stack_version: Option<StackVersion>,
    /// Registry of the images [default: docker.elastic.co]
    #[arg(long, value_name = "HOST", env = "MESH_REGISTRY")]
    registry: Option<String>,
    /// Elasticsearch only
    #[arg(long, overrides_with = "kibana")]
    no_kibana: bool,
    /// Kibana, too, after `--no-kibana`
    #[arg(long, overrides_with = "no_kibana")]
    kibana: bool,
    /// Address of this machine that ports are published on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
    /// The mesh's Docker network, /16 to /24 [default: a free one]
    #[arg(long, value_name = "NETWORK")]
    subnet: Option<Subnet>,
    /// Memory limit of an Elasticsearch container; the heap is half of it [default: 2g]
    #[arg(long, value_name = "SIZE")]
    elastic_memory: Option<Memory>,
    /// Memory limit of a Kibana container [default: 2g]
    #[arg(long, value_name = "SIZE")]
    kibana_memory: Option<Memory>,
    /// Indices that the other clusters may search, besides `mesh*`; can be given again
    #[arg(long, value_name = "PATTERN")]
    share: Vec<IndexPattern>,
    /// A name or address that certificates are valid for, besides the mesh's own; can be given again
    #[arg(long, value_name = "NAME")]
    san: Vec<SubjectName>,
    /// Lifetime of the API keys between clusters, in days [default: 365]
    #[arg(long, value_name = "DAYS")]
    key_days: Option<KeyDays>,
    /// A licence file for every cluster; a trial of 30 days otherwise
    #[arg(long, value_name = "FILE")]
    pub license: Option<PathBuf>,
    /// Leave `/etc/hosts` alone
    #[arg(long, overrides_with = "hosts")]
    no_hosts: bool,
    /// Write `/etc/hosts` (root only), after `--no-hosts`
    #[arg(long, overrides_with = "no_hosts")]
    hosts: bool,
    /// Give up after this long, for example `90s` or `10m` [default: 5m and 1m a cluster]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,
}

impl CreateArgs {
    /// What the flags say of the mesh.
    ///
    /// # Errors
    /// The registry is none. It is looked at here, since an empty `MESH_REGISTRY` is to mean "not said".
    pub fn asked(&self) -> Result<Asked, SpecError> {
        let switch = |on: bool, off: bool| if on { Some(true) } else { off.then_some(false) };
        let list = |values: &[_]| (!values.is_empty()).then(|| values.to_vec());
        Ok(Asked {
            clusters: self.clusters,
            stack_version: self.stack_version,
            registry: self.registry.as_deref().filter(|name| !name.is_empty()).map(str::parse).transpose()?,
            kibana: switch(self.kibana, self.no_kibana),
            bind: self.bind,
            elastic_memory: self.elastic_memory,
            kibana_memory: self.kibana_memory,
            share: list(&self.share),
            san: (!self.san.is_empty()).then(|| self.san.clone()),
            key_days: self.key_days,
            hosts: switch(self.hosts, self.no_hosts),
            subnet: self.subnet,
        })
    }
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print the JSON Schema of the settings file instead
    #[arg(long)]
    pub schema: bool,
}
