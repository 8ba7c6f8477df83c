//! The settings of a mesh as arguments, of `mesh create` and `mesh config`, and what they say. No behaviour.

use std::{net::IpAddr, path::PathBuf};

use clap::Args;

use super::count;
use crate::mesh::{
    id::ClusterId,
    network::Subnet,
    settings::{
        IndexPattern, KeyDays, Memory, Overrides, PassphraseWords, Profile, Registry, StackVersion, SubjectName,
        Timeout,
    },
};

/// Where else settings are said, for the end of the help.
pub const ELSEWHERE: &str = "\
Every setting can be said in the environment, too, as in MESH_ELASTIC_MEMORY=3g, MESH_KIBANA=false or \
MESH_SHARE='logs-*,metrics-*'; an empty variable says nothing. Flags come first, then the environment, then \
the file, then what the mesh has, then the default: `mesh config` tells which.";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct SettingsArgs {
    /// How many clusters, 1 to 99 [default: as many as there are]
    #[arg(value_name = "N", value_parser = count)]
    clusters: Option<ClusterId>,
    /// Settings from a file, `mesh.yaml`; `-` reads it from stdin
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Version of Elasticsearch and Kibana [default: 9.5.3]
    #[arg(long, value_name = "VERSION")]
    stack_version: Option<StackVersion>,
    /// Registry of the images [default: docker.elastic.co]
    #[arg(long, value_name = "HOST")]
    registry: Option<Registry>,
    /// Elasticsearch only
    #[arg(long, overrides_with = "kibana")]
    no_kibana: bool,
    /// Kibana, too, after `--no-kibana`
    #[arg(long, overrides_with = "no_kibana")]
    kibana: bool,
    /// `server`, or `smoke` for smoke tests and laptops: small heaps, JVMs that boot soon and are slower later [default: server]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<Profile>,
    /// Address of this machine that ports are published on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
    /// The mesh's Docker network, /16 to /24 [default: a free one]
    #[arg(long, value_name = "NETWORK")]
    subnet: Option<Subnet>,
    /// Memory limit of an Elasticsearch container; the heap is somewhat less than half of it [default: 2g, smoke 1536m]
    #[arg(long, value_name = "SIZE")]
    elastic_memory: Option<Memory>,
    /// Memory limit of a Kibana container [default: 2g, smoke 1g, before 9.4 1536m]
    #[arg(long, value_name = "SIZE")]
    kibana_memory: Option<Memory>,
    /// Indices that the other clusters may search, besides `mesh*`; once a pattern, in place of those given before
    #[arg(long, value_name = "PATTERN")]
    share: Vec<IndexPattern>,
    /// A name or address that certificates are valid for, besides the mesh's own; once a name, in place of those given before
    #[arg(long, value_name = "NAME")]
    san: Vec<SubjectName>,
    /// Lifetime of the API keys between clusters, in days [default: 365]
    #[arg(long, value_name = "DAYS")]
    key_days: Option<KeyDays>,
    /// A licence file for every cluster, of this run only: again when the mesh grows [default: a trial of 30 days]
    #[arg(long, value_name = "FILE")]
    license: Option<PathBuf>,
    /// How many words a generated password has, 3 to 20 [default: 6]
    #[arg(long, value_name = "COUNT")]
    passphrase_words: Option<PassphraseWords>,
    /// A directory whose `elasticsearch.yml`, `kibana.yml` or `jvm.options` stand in for the built-in templates
    #[arg(long, value_name = "DIR", overrides_with = "no_templates")]
    templates: Option<PathBuf>,
    /// The built-in templates again, after `--templates`
    #[arg(long, overrides_with = "templates")]
    no_templates: bool,
    /// Keep the services' names out of `/etc/hosts`
    #[arg(long, overrides_with = "hosts")]
    no_hosts: bool,
    /// Write `/etc/hosts` (root only), after `--no-hosts`
    #[arg(long, overrides_with = "no_hosts")]
    hosts: bool,
    /// Give up after this long, for example `90s` or `10m` [default: 5m and 1m a cluster]
    #[arg(long, value_name = "TIME")]
    timeout: Option<Timeout>,
}

impl SettingsArgs {
    /// What the flags say.
    pub fn asked(&self) -> Overrides {
        let switch = |on: bool, off: bool| if on { Some(true) } else { off.then_some(false) };
        Overrides {
            clusters: self.clusters,
            stack_version: self.stack_version,
            registry: self.registry.clone(),
            kibana: switch(self.kibana, self.no_kibana),
            profile: self.profile,
            bind: self.bind,
            elastic_memory: self.elastic_memory,
            kibana_memory: self.kibana_memory,
            share: (!self.share.is_empty()).then(|| self.share.clone()),
            san: (!self.san.is_empty()).then(|| self.san.clone()),
            key_days: self.key_days,
            hosts: switch(self.hosts, self.no_hosts),
            subnet: self.subnet,
            templates: if self.no_templates { Some(PathBuf::new()) } else { self.templates.clone() },
            passphrase_words: self.passphrase_words,
            license: self.license.clone(),
            timeout: self.timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::*;
    use crate::mesh::settings::file::NAMES;

    #[test]
    fn every_setting_of_a_file_is_a_flag() {
        let command = SettingsArgs::augment_args(clap::Command::new("mesh"));
        let flags: Vec<&str> = command.get_arguments().map(|argument| argument.get_id().as_str()).collect();
        for name in NAMES {
            assert!(flags.contains(&name), "{name}");
        }
    }
}
