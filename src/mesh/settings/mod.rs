//! The settings of a mesh: what they are, where they come from and which source wins. Pure: no I/O.
//!
//! Each is written down once, in the [`table`]. Flags, the [`environment`] and a [`file`] each set some of them;
//! [`precedence`] decides between them.

mod advertise;
mod data_set;
mod define;
pub mod environment;
pub mod file;
mod gateway;
mod mapping;
pub mod near;
mod nodes;
mod numbers;
pub mod per_cluster;
pub mod precedence;
mod profile;
mod raw;
#[cfg(test)]
mod read_back;
mod reader;
#[cfg(test)]
mod reference;
mod registry;
mod remotes;
mod reserved;
mod role;
mod roles;
pub mod schema;
mod snapshots;
mod table;
mod template_dir;
mod topology;
mod user_file;
mod users;
mod value;
mod values;
pub(super) mod yaml;

use self::define::Basis;
pub use self::{
    advertise::{AdvertiseBind, Advertised},
    data_set::DataSet,
    define::{Flags, Setting},
    gateway::{GatewayAddress, GatewayImage},
    nodes::{NodeSettings, Nodes},
    numbers::{KeyDays, PassphraseWords, Timeout},
    per_cluster::{ClusterOverride, ClusterSettings, PerCluster},
    profile::Profile,
    raw::{ElasticSettings, KibanaSettings, RawSettings},
    registry::{Registry, meant_as_a_host, registry_of},
    remotes::RemoteRule,
    role::Role,
    roles::Roles,
    snapshots::{Keep, Repository, Snapshots},
    table::{MeshSpec, Overrides, SETTINGS},
    template_dir::TemplateDir,
    topology::{LinkRule, Topology},
    user_file::UserFile,
    users::Users,
    value::Shape,
    values::{DEFAULT_VERSION, IndexPattern, Memory, StackVersion, SubjectName},
};
use super::Mesh;

/// The indices of a cluster that the others may search, whatever `--share` adds.
pub const SHARED: &str = "mesh*";

impl Overrides {
    /// Every setting of a mesh that exists.
    pub fn of(mesh: &Mesh) -> Self {
        let overrides = (!mesh.overrides.is_empty()).then(|| mesh.overrides.clone());
        let per_cluster = PerCluster { overrides, ..PerCluster::default() };
        let of_spec = Self {
            clusters: Some(mesh.cluster_set()),
            name: mesh.name.clone(),
            ports: mesh.ports,
            subnet: Some(mesh.subnet),
            per_cluster,
            ..mesh.spec.clone().into()
        };
        match &mesh.spec.topology {
            Topology::Links(rules) => Self { topology: None, links: Some(rules.clone()), ..of_spec },
            Topology::All | Topology::None | Topology::Hub { .. } => of_spec,
        }
    }

    /// This without what `stronger` sets by another name: `topology` and `links` say the same thing.
    #[must_use]
    pub(super) fn giving_way_to(mut self, stronger: &Self) -> Self {
        if stronger.links.is_some() {
            self.topology = None;
        }
        if stronger.topology.is_some() {
            self.links = None;
        }
        self
    }

    /// What holds where nothing is set but a profile and a version: all but which clusters, and what is found out
    /// by the run.
    pub fn defaults(profile: Profile, version: StackVersion) -> Self {
        MeshSpec::defaults(&Basis { profile, version, of_record: false }).into()
    }
}

impl Default for MeshSpec {
    fn default() -> Self {
        Self::defaults(&Basis::default())
    }
}

impl MeshSpec {
    /// What holds for a mesh that was recorded before there were such settings.
    pub(in crate::mesh) fn of_record(profile: Profile, version: StackVersion) -> Self {
        Self::defaults(&Basis { profile, version, of_record: true })
    }

    /// This specification with what is set now. What is not set stays as it was, so that
    /// `mesh create 4` after `mesh create 3 --registry R` does not go back to another registry.
    #[must_use]
    pub fn with(self, overrides: &Overrides) -> Self {
        let (profile, version) = (self.profile, self.stack_version);
        let defaults = |overrides: &Overrides| {
            let (profile, version) = (overrides.profile.unwrap_or(profile), overrides.stack_version.unwrap_or(version));
            Overrides::defaults(profile, version)
        };
        let (before, after) = (defaults(&Overrides::default()), defaults(overrides));
        // the record does not tell who chose a value: a default gives way to what is the default now
        let kept = Overrides::from(self.clone()).without(&before, &after);
        let mut spec = self;
        let overrides = overrides.clone().or(kept).or(after);
        spec.set(&overrides);
        if let Some(rules) = overrides.links {
            spec.topology = Topology::Links(rules);
        }
        spec
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_stays_as_it_was() {
        let first = MeshSpec::default().with(&Overrides {
            registry: Some("mesh.local".parse().unwrap()),
            kibana: Some(false),
            ..Overrides::default()
        });
        let second = first.clone().with(&Overrides { hosts: Some(false), ..Overrides::default() });
        assert_eq!(second, MeshSpec { hosts: false, ..first });
    }

    #[test]
    fn a_specification_is_read_back_from_what_it_is_written_as() {
        let spec = MeshSpec::default();
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<MeshSpec>(&text).unwrap(), spec);
        assert!(serde_json::from_str::<MeshSpec>(&text.replace("hosts", "hostz")).is_err());
    }

    #[test]
    fn a_setting_that_a_record_does_not_have_has_the_default_of_its_profile() {
        let spec: MeshSpec = serde_json::from_str(r#"{"profile": "smoke"}"#).unwrap();
        let smoke = Overrides { profile: Some(Profile::Smoke), ..Overrides::default() };
        let (snapshots, data_set) = (Snapshots::off(), DataSet(false));
        let expected = MeshSpec { data_set, snapshots, ..MeshSpec::default().with(&smoke) };
        assert_eq!(spec, expected, "it was made before there were such settings");
    }
}
