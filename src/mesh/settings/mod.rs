//! What is asked for: the settings of a mesh, whole and as somebody says them. Pure: no I/O.
//!
//! Flags, the environment ([`read`]) and a file ([`file`]) each say some of them; [`precedence`] tells which of them holds.

pub mod file;
pub mod near;
mod numbers;
pub mod precedence;
mod profile;
pub mod read;
mod registry;
mod values;

use std::{net::IpAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

pub use self::{
    numbers::{KeyDays, PassphraseWords, Timeout},
    profile::Profile,
    registry::Registry,
    values::{DEFAULT_VERSION, IndexPattern, InvalidValue, Memory, StackVersion, SubjectName},
};
use super::{Mesh, id::ClusterId, network::Subnet};

/// The indices of a cluster that the others may search, whatever `--share` adds.
pub const SHARED: &str = "mesh*";

/// What the user asked for, whole: every field has a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeshSpec {
    /// The last cluster: the mesh is 1 to this.
    pub clusters: ClusterId,
    pub stack_version: StackVersion,
    pub registry: Registry,
    pub kibana: bool,
    /// The host's address that the ports are published on.
    pub bind: IpAddr,
    /// Memory limit of an Elasticsearch container, which its heap follows.
    pub elastic_memory: Memory,
    pub kibana_memory: Memory,
    /// Index patterns that the others may search, besides [`SHARED`].
    pub share: Vec<IndexPattern>,
    /// Names and addresses that certificates are valid for, besides the mesh's own.
    pub san: Vec<SubjectName>,
    /// Lifetime of a cross-cluster API key, in days.
    pub key_days: KeyDays,
    /// Whether `/etc/hosts` gets the services' names.
    pub hosts: bool,
    /// The directory, by its full path, of the templates that stand in for built-in ones.
    #[serde(default)]
    pub templates: Option<PathBuf>,
    #[serde(default)]
    pub passphrase_words: PassphraseWords,
    #[serde(default)]
    pub profile: Profile,
}

/// What one source says of a [`MeshSpec`] and of the run that makes it so; `None` is "not said".
///
/// Serialized, it is a settings file: its fields have the names and its values the form that [`file`] reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Overrides {
    #[serde(serialize_with = "as_number")]
    pub clusters: Option<ClusterId>,
    pub stack_version: Option<StackVersion>,
    pub registry: Option<Registry>,
    pub kibana: Option<bool>,
    pub profile: Option<Profile>,
    pub bind: Option<IpAddr>,
    pub elastic_memory: Option<Memory>,
    pub kibana_memory: Option<Memory>,
    pub share: Option<Vec<IndexPattern>>,
    pub san: Option<Vec<SubjectName>>,
    pub key_days: Option<KeyDays>,
    pub hosts: Option<bool>,
    pub subnet: Option<Subnet>,
    /// An empty path goes back to the built-in ones.
    #[serde(serialize_with = "as_path")]
    pub templates: Option<PathBuf>,
    pub passphrase_words: Option<PassphraseWords>,
    /// A licence file for every cluster. Like `timeout`, of this run only.
    #[serde(serialize_with = "as_path")]
    pub license: Option<PathBuf>,
    pub timeout: Option<Timeout>,
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn as_number<S: serde::Serializer>(clusters: &Option<ClusterId>, to: S) -> Result<S::Ok, S::Error> {
    clusters.map(ClusterId::number).serialize(to)
}

#[expect(clippy::ref_option, reason = "serde asks for it")]
fn as_path<S: serde::Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.display().to_string()).serialize(to)
}

impl Overrides {
    /// What this says, and where it says nothing, what `other` says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            clusters: self.clusters.or(other.clusters),
            stack_version: self.stack_version.or(other.stack_version),
            registry: self.registry.or(other.registry),
            kibana: self.kibana.or(other.kibana),
            profile: self.profile.or(other.profile),
            bind: self.bind.or(other.bind),
            elastic_memory: self.elastic_memory.or(other.elastic_memory),
            kibana_memory: self.kibana_memory.or(other.kibana_memory),
            share: self.share.or(other.share),
            san: self.san.or(other.san),
            key_days: self.key_days.or(other.key_days),
            hosts: self.hosts.or(other.hosts),
            subnet: self.subnet.or(other.subnet),
            templates: self.templates.or(other.templates),
            passphrase_words: self.passphrase_words.or(other.passphrase_words),
            license: self.license.or(other.license),
            timeout: self.timeout.or(other.timeout),
        }
    }

    /// Every setting of a mesh that exists.
    pub fn of(mesh: &Mesh) -> Self {
        Self { subnet: Some(mesh.subnet), ..Self::whole(mesh.spec.clone()) }
    }

    /// What holds with this profile and this version when nobody says anything else: all but how many clusters, and which
    /// network is free.
    pub fn defaults(profile: Profile, version: StackVersion) -> Self {
        let asked = Self { profile: Some(profile), stack_version: Some(version), ..Self::default() };
        Self { clusters: None, ..Self::whole(MeshSpec::new(ClusterId::FIRST).with(&asked)) }
    }

    /// This, as what a mesh has, without what gives way to another profile.
    #[must_use]
    pub fn without_defaults_of(self, profile: Profile, version: StackVersion) -> Self {
        Self {
            elastic_memory: self.elastic_memory.filter(|memory| *memory != profile.elastic_memory()),
            kibana_memory: self.kibana_memory.filter(|memory| *memory != profile.kibana_memory(version)),
            ..self
        }
    }

    fn whole(spec: MeshSpec) -> Self {
        Self {
            clusters: Some(spec.clusters),
            stack_version: Some(spec.stack_version),
            registry: Some(spec.registry),
            kibana: Some(spec.kibana),
            profile: Some(spec.profile),
            bind: Some(spec.bind),
            elastic_memory: Some(spec.elastic_memory),
            kibana_memory: Some(spec.kibana_memory),
            share: Some(spec.share),
            san: Some(spec.san),
            key_days: Some(spec.key_days),
            hosts: Some(spec.hosts),
            subnet: None,
            templates: Some(spec.templates.unwrap_or_default()),
            passphrase_words: Some(spec.passphrase_words),
            license: None,
            timeout: None,
        }
    }
}

impl MeshSpec {
    /// A mesh of `clusters` with every default.
    pub fn new(clusters: ClusterId) -> Self {
        let profile = Profile::default();
        Self {
            clusters,
            stack_version: DEFAULT_VERSION,
            registry: Registry::default(),
            kibana: true,
            bind: IpAddr::from([127, 0, 0, 1]),
            elastic_memory: profile.elastic_memory(),
            kibana_memory: profile.kibana_memory(DEFAULT_VERSION),
            share: Vec::new(),
            san: Vec::new(),
            key_days: KeyDays::default(),
            hosts: true,
            templates: None,
            passphrase_words: PassphraseWords::default(),
            profile,
        }
    }

    /// This specification with what is said now. What is not said stays as it was, so that
    /// `mesh create 4` after `mesh create 3 --registry R` does not go back to another registry.
    #[must_use]
    pub fn with(mut self, asked: &Overrides) -> Self {
        fn set<T: Clone>(field: &mut T, asked: Option<&T>) {
            if let Some(value) = asked {
                field.clone_from(value);
            }
        }
        set(&mut self.clusters, asked.clusters.as_ref());
        let before = (self.profile, self.stack_version);
        set(&mut self.stack_version, asked.stack_version.as_ref());
        set(&mut self.profile, asked.profile.as_ref());
        // nobody keeps who chose a size: one that was the profile's gives way to what is the profile's now
        if self.elastic_memory == before.0.elastic_memory() {
            self.elastic_memory = self.profile.elastic_memory();
        }
        if self.kibana_memory == before.0.kibana_memory(before.1) {
            self.kibana_memory = self.profile.kibana_memory(self.stack_version);
        }
        set(&mut self.registry, asked.registry.as_ref());
        set(&mut self.kibana, asked.kibana.as_ref());
        set(&mut self.bind, asked.bind.as_ref());
        set(&mut self.elastic_memory, asked.elastic_memory.as_ref());
        set(&mut self.kibana_memory, asked.kibana_memory.as_ref());
        set(&mut self.share, asked.share.as_ref());
        set(&mut self.san, asked.san.as_ref());
        set(&mut self.key_days, asked.key_days.as_ref());
        set(&mut self.hosts, asked.hosts.as_ref());
        set(&mut self.passphrase_words, asked.passphrase_words.as_ref());
        if let Some(dir) = &asked.templates {
            self.templates = Some(dir.clone()).filter(|dir| !dir.as_os_str().is_empty());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_stays_as_it_was() {
        let three = ClusterId::new(3).unwrap();
        let first = MeshSpec::new(three).with(&Overrides {
            registry: Some("mesh.local".parse().unwrap()),
            kibana: Some(false),
            ..Overrides::default()
        });
        let second = first.clone().with(&Overrides { clusters: ClusterId::new(4), ..Overrides::default() });
        assert_eq!(second, MeshSpec { clusters: ClusterId::new(4).unwrap(), ..first });
    }

    #[test]
    fn a_specification_is_read_back_from_what_it_is_written_as() {
        let spec = MeshSpec::new(ClusterId::new(3).unwrap());
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<MeshSpec>(&text).unwrap(), spec);
        assert!(serde_json::from_str::<MeshSpec>(&text.replace("hosts", "hostz")).is_err());
    }
}
