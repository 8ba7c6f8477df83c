//! What a mesh is given besides its settings: built-in templates and the constants of its containers, by revision.
//! Pure: no I/O.
//!
//! A mesh keeps the revision that it was made with until `mesh create --new-defaults`, so a newer program replaces no
//! container. A revision that was released never changes, not even in a comment: what is to be different is another
//! revision, with its templates in `templates/<revision>/`.

use serde::{Deserialize, Serialize};

/// The number of a revision, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub struct Revision(u32);

/// A revision that this program does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its defaults are of revision {0}, which a newer mesh has")]
pub struct UnknownRevision(u32);

/// One revision.
#[derive(Debug)]
pub struct Defaults {
    pub elasticsearch_yml: &'static str,
    pub kibana_yml: &'static str,
    pub kibana_login: KibanaLogin,
    pub jvm_options: &'static str,
    pub health_check: HealthTimes,
    /// The options of Docker's log driver `json-file`.
    pub log_options: &'static [(&'static str, &'static str)],
    /// Time between SIGTERM and SIGKILL.
    pub stop_timeout_seconds: u32,
}

/// What a Kibana logs in to its Elasticsearch with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KibanaLogin {
    /// The password of the user `kibana_system`, one for the whole mesh.
    Password,
    /// A service token of its own, which its Elasticsearch reads from a file.
    Token,
}

#[derive(Debug)]
pub struct HealthTimes {
    pub interval_seconds: u32,
    pub timeout_seconds: u32,
    pub retries: u32,
    pub start_period_seconds: u32,
}

const FIRST: Defaults = Defaults {
    elasticsearch_yml: include_str!("../../templates/1/elasticsearch.yml"),
    kibana_yml: include_str!("../../templates/1/kibana.yml"),
    kibana_login: KibanaLogin::Password,
    jvm_options: include_str!("../../templates/1/jvm.options"),
    // Docker's own default: a look is a process in the container and a handshake of its server, and nothing waits for
    // it
    health_check: HealthTimes { interval_seconds: 30, timeout_seconds: 10, retries: 3, start_period_seconds: 120 },
    log_options: &[("max-size", "10m"), ("max-file", "3")],
    // Elasticsearch flushes its indices before it ends
    stop_timeout_seconds: 120,
};

/// The first one in which Kibana logs in with a service token.
const SECOND: Defaults =
    Defaults { kibana_yml: include_str!("../../templates/2/kibana.yml"), kibana_login: KibanaLogin::Token, ..FIRST };

const REVISIONS: &[Defaults] = &[
    FIRST,
    SECOND,
    // two that no program has yet: one that changes Elasticsearch alone, and one that changes every container
    #[cfg(test)]
    Defaults {
        elasticsearch_yml: concat!(include_str!("../../templates/1/elasticsearch.yml"), "\nxpack.ml.enabled: false\n"),
        ..SECOND
    },
    #[cfg(test)]
    Defaults { health_check: HealthTimes { interval_seconds: 60, ..SECOND.health_check }, ..SECOND },
];

impl Revision {
    /// The revision of the meshes of programs that recorded none.
    pub const FIRST: Self = Self(1);
    /// The revision of a new mesh.
    pub const NEWEST: Self = Self(2);
    #[cfg(test)]
    pub const NEXT: Self = Self(Self::NEWEST.0 + 1);
    #[cfg(test)]
    pub const LAST: Self = Self(Self::NEWEST.0 + 2);

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    pub fn is_first(&self) -> bool {
        *self == Self::FIRST
    }

    /// The revision that a container's label tells: the first without one, and the newest where a newer program made
    /// it.
    pub fn of_label(label: Option<&str>) -> Self {
        let parsed = |label: &str| label.parse::<u32>().ok().and_then(|number| Self::try_from(number).ok());
        label.map_or(Self::FIRST, |label| parsed(label).unwrap_or(Self::NEWEST))
    }

    pub fn defaults(self) -> &'static Defaults {
        &REVISIONS[self.0 as usize - 1]
    }
}

impl Default for Revision {
    fn default() -> Self {
        Self::FIRST
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Revision> for u32 {
    fn from(revision: Revision) -> Self {
        revision.0
    }
}

impl TryFrom<u32> for Revision {
    type Error = UnknownRevision;

    fn try_from(number: u32) -> Result<Self, UnknownRevision> {
        let known = 1..=u32::try_from(REVISIONS.len()).unwrap_or(u32::MAX);
        known.contains(&number).then_some(Self(number)).ok_or(UnknownRevision(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        Mesh, credentials::Credentials, digest::digest_of, id::ClusterId, render::Formation, secret::Secret,
        service_token::ServiceToken, settings::Profile,
    };

    fn credentials() -> Credentials {
        let secret = || Secret::new("secret");
        let mesh = Mesh::example(2);
        let tokens = mesh.clusters().map(|cluster| (cluster, ServiceToken::placeholder()));
        Credentials {
            elastic: secret(),
            kibana_system: Some(secret()),
            kibana_encryption_key: secret(),
            kibana_tokens: tokens.collect(),
            users: std::collections::BTreeMap::new(),
        }
    }

    /// What a mesh of a revision is rendered to, as one digest.
    fn rendered(revision: Revision) -> String {
        let texts = [Profile::Server, Profile::Smoke].into_iter().flat_map(|profile| {
            let mut mesh = Mesh::example(2).with_defaults(revision, None);
            mesh.spec.profile = profile;
            mesh.spec.elastic_memory = "2g".parse().unwrap();
            let options = mesh.all_nodes().map(|node| mesh.render_jvm_options(node).unwrap());
            let credentials = credentials();
            let settings = mesh.services().map(|service| {
                mesh.render_settings(service, &credentials, Formation::Founded).unwrap().expose().to_owned()
            });
            options.chain(settings).collect::<Vec<_>>()
        });
        digest_of(&[texts.collect::<String>().as_bytes()])
    }

    #[test]
    fn a_released_revision_never_changes() {
        for (number, digest) in [(1, "efacff08e58f62859368365278c15c74"), (2, "3bace8fcd92e860d812bd71478bccf57")] {
            assert_eq!(
                rendered(Revision(number)),
                digest,
                "a mesh keeps the defaults it was made with: put the change into another revision than {number}"
            );
        }
        assert_eq!(usize::try_from(Revision::LAST.0).unwrap(), REVISIONS.len());
    }

    #[test]
    fn the_record_names_a_revision_that_is_not_the_first() {
        let mesh = Mesh::example(2);
        let text = serde_json::to_string(&mesh).unwrap();
        assert!(!text.contains("defaults"), "{text}");
        let next = mesh.clone().with_defaults(Revision::NEXT, Some(&Mesh::example(1)));
        assert_eq!(next.pending_defaults().collect::<Vec<_>>(), [ClusterId::FIRST]);
        let text = serde_json::to_string(&next).unwrap();
        assert_eq!(text.matches(r#""defaults":3"#).count(), 2, "of the mesh and of its second cluster: {text}");
        let read: Mesh = serde_json::from_str(&text).unwrap();
        assert!(next.is_recorded_in(&Mesh { dir: next.dir.clone(), ..read }));
        let newer = text.replace(r#""defaults":3"#, r#""defaults":99"#);
        let refused = serde_json::from_str::<Mesh>(&newer).unwrap_err().to_string();
        assert!(refused.contains("revision 99"), "{refused}");
    }

    #[test]
    fn a_label_tells_a_revision() {
        let label = Revision::NEXT.to_string();
        let revisions = [None, Some("1"), Some(label.as_str()), Some("99"), Some("x")].map(Revision::of_label);
        assert_eq!(revisions, [Revision::FIRST, Revision::FIRST, Revision::NEXT, Revision::NEWEST, Revision::NEWEST]);
    }
}
