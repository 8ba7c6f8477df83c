//! What a container is made from, as one value whose digest tells whether another one is needed. Pure: no I/O.
//!
//! The digest is a label of the container, and is compared by every later program: whatever changes it replaces every
//! container of every mesh. So it covers what texts say and not how they say it, and the label begins with the number
//! of the scheme.

use serde::Serialize;

use super::{
    Mesh,
    container_spec::ContainerSpec,
    credentials::Credentials,
    digest::digest_of,
    id::{ClusterId, ServiceId},
    render::{Formation, RenderError},
    rendered::{self, Settings},
    secret::Secret,
    service_token::ServiceToken,
    templates::Template,
};

/// How this program makes a label of a [`MadeFrom`]. Labels of scheme 1 have no number: it was a digest of Rust's
/// `Debug`.
const SCHEME: u32 = 2;

/// All of what a container is made from. The bundle of authorities, the keystore and the number of clusters are not
/// among it: they change while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MadeFrom {
    pub container: ContainerSpec,
    /// With placeholders for `secrets`.
    pub settings: Settings,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jvm_options: Vec<String>,
    /// The digest of what a Kibana logs in with and its 256-bit key, so that neither can be guessed from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<String>,
}

impl MadeFrom {
    /// The label: the number of the scheme and a digest, which have no meaning apart, hence in one text: `2:5f70…`.
    pub fn fingerprint(&self) -> String {
        format!("{SCHEME}:{}", digest_of(&[canonical(self).as_bytes()]))
    }
}

impl MadeFrom {
    /// The differences from what is `wanted`, such as `setting xpack.ml.enabled false → true`; empty only where there
    /// are none.
    pub fn differences(&self, wanted: &Self) -> Vec<String> {
        if self == wanted {
            return Vec::new();
        }
        let mut found = self.container.differences(&wanted.container);
        found.extend(self.settings.changes(&wanted.settings));
        found.extend(rendered::option_changes(&self.jvm_options, &wanted.jvm_options));
        if self.secrets != wanted.secrets {
            found.push("other secrets".to_owned());
        }
        if found.is_empty() {
            found.push(UNKNOWN_CHANGE.to_owned());
        }
        found
    }
}

/// Stands for a difference that only the fingerprint shows.
pub const UNKNOWN_CHANGE: &str = "unknown change (only the fingerprint differs)";

/// JSON with all names sorted, whatever the order of fields.
fn canonical(value: &impl Serialize) -> String {
    let mut value = serde_json::to_value(value).expect("should be JSON: the tests write it");
    value.sort_all_objects();
    value.to_string()
}

/// Whether a fingerprint was made as this program makes it, so that it tells alone whether a container is as wanted.
pub fn is_of_this_scheme(fingerprint: &str) -> bool {
    fingerprint.split_once(':').is_some_and(|(scheme, _)| scheme.parse() == Ok(SCHEME))
}

impl Mesh {
    /// # Errors
    /// A template does not render, or not as YAML, or the mesh does not have the service.
    pub fn made_from(&self, service: ServiceId, credentials: &Credentials) -> Result<MadeFrom, RenderError> {
        let (jvm_options, secrets) = match service {
            ServiceId::Node(node) => (rendered::jvm_options(&self.render_jvm_options(node)?), None),
            ServiceId::Kibana(cluster) => {
                let secrets = [self.login(cluster, credentials), Some(&credentials.kibana_encryption_key)];
                // no container has the digest of a login that has yet to be made
                let secrets = secrets.map(|secret| secret.map_or("", Secret::expose).as_bytes());
                (Vec::new(), Some(digest_of(&secrets)))
            }
        };
        let settings = self.parsed_settings(service, &placeholders(service.cluster()))?;
        let container = self.container_spec(self.service(service).ok_or(RenderError::NoService(service))?);
        Ok(MadeFrom { container, settings, jvm_options, secrets })
    }

    /// What the service's configuration file says, with the secrets that it holds.
    ///
    /// # Errors
    /// A template does not render, or not as YAML.
    pub fn parsed_settings(&self, service: ServiceId, credentials: &Credentials) -> Result<Settings, RenderError> {
        let text = self.render_settings(service, credentials, Formation::Founded)?;
        Settings::parse(text.expose()).map_err(|error| {
            let name = Template::of_settings(service.kind()).name();
            RenderError::NoYaml { name, service, reason: error.to_string() }
        })
    }
}

/// Placeholders for the secrets of a cluster's services.
pub(super) fn placeholders(cluster: ClusterId) -> Credentials {
    Credentials {
        elastic: Secret::placeholder(),
        kibana_system: Some(Secret::placeholder()),
        kibana_encryption_key: Secret::placeholder(),
        kibana_tokens: [(cluster, ServiceToken::placeholder())].into(),
        users: std::collections::BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        defaults::Revision,
        id::{Count, ServiceKind},
        settings::{Memory, per_cluster::read_set},
        templates::Templates,
    };

    fn credentials() -> Credentials {
        Credentials {
            elastic: Secret::new("one"),
            kibana_system: Some(Secret::new("two")),
            kibana_encryption_key: Secret::new("3".repeat(64)),
            kibana_tokens: std::collections::BTreeMap::new(),
            users: std::collections::BTreeMap::new(),
        }
    }

    fn fingerprint(mesh: &Mesh, service: ServiceId) -> String {
        mesh.made_from(service, &credentials()).unwrap().fingerprint()
    }

    #[test]
    fn a_fingerprint_stays_what_it_is_for_ever() {
        let mut mesh = Mesh::example(3);
        // other defaults of settings replace nothing: a mesh keeps those that it was made with
        mesh.spec.stack_version = "9.5.3".parse().unwrap();
        (mesh.spec.elastic_memory, mesh.spec.kibana_memory) = (Memory::gibibytes(2), Memory::gibibytes(2));
        let mut credentials = credentials();
        credentials.kibana_tokens.insert(ClusterId::FIRST, ServiceToken::placeholder());
        let second = mesh.clone().with_defaults(Revision::NEWEST, None);
        for (mesh, service, digest) in [
            (&mesh, ClusterId::FIRST.first_node(), "2:deec089531b77db97a9df3d0298679c4"),
            (&mesh, ClusterId::FIRST.kibana(), "2:511ada3aef128bcd8cd7852a4d302123"),
            (&second, ClusterId::FIRST.first_node(), "2:deec089531b77db97a9df3d0298679c4"),
            (&second, ClusterId::FIRST.kibana(), "2:dce5b85a3892b8e4565cf095c11185f7"),
        ] {
            let made_from = mesh.made_from(service, &credentials).unwrap();
            assert_eq!(
                made_from.fingerprint(),
                digest,
                "this change replaces every container of every mesh: put it into a new revision of defaults.rs. What {service} is made from is now\n{}",
                serde_json::to_string_pretty(&made_from).unwrap()
            );
        }
    }

    #[test]
    fn growing_the_mesh_needs_no_new_container() {
        let (three, four) = (Mesh::example(3), Mesh::example(4));
        for service in three.services() {
            assert_eq!(fingerprint(&three, service), fingerprint(&four, service));
        }
    }

    #[test]
    fn what_a_container_is_made_from_needs_a_new_one_when_it_changes() {
        let mesh = Mesh::example(1);
        let first = ClusterId::FIRST;
        let before = fingerprint(&mesh, first.first_node());
        let changes: [fn(&mut Mesh); 8] = [
            |mesh| mesh.spec.elastic_memory = Memory::gibibytes(3),
            |mesh| mesh.spec.bind = [0, 0, 0, 0].into(),
            |mesh| mesh.spec.registry = "mesh.local".parse().unwrap(),
            |mesh| *mesh = mesh.clone().moved_to("10.213.1.0/24".parse().unwrap()),
            |mesh| mesh.owner.uid = 1000,
            |mesh| mesh.dir = "/elsewhere".into(),
            |mesh| mesh.templates = Templates::around_the_built_in([""; 3], ["\npath.logs: /elsewhere\n", "", ""]),
            |mesh| mesh.templates = Templates::around_the_built_in([""; 3], ["", "", "\n-XX:+UseSerialGC\n"]),
        ];
        for change in changes {
            let mut other = mesh.clone();
            change(&mut other);
            assert_ne!(fingerprint(&other, first.first_node()), before);
        }
        let mut password = credentials();
        password.kibana_system = Some(Secret::new("other"));
        let made_from = |service, credentials| mesh.made_from(service, credentials).unwrap();
        assert_eq!(made_from(first.first_node(), &password).fingerprint(), before);
        let (old, new) = (made_from(first.kibana(), &credentials()), made_from(first.kibana(), &password));
        assert_ne!(old.fingerprint(), new.fingerprint());
        assert_eq!(old.settings, new.settings, "no secret is in what a container is made from");
    }

    #[test]
    fn raw_settings_are_of_their_cluster_and_set_once() {
        let (mesh, mut with) = (Mesh::example(2), Mesh::example(2));
        with.overrides = vec![read_set("2.settings.xpack.ml.enabled=false").unwrap()];
        let second = ClusterId::new(2).unwrap();
        let changed: Vec<ServiceId> =
            mesh.services().filter(|service| fingerprint(&mesh, *service) != fingerprint(&with, *service)).collect();
        assert_eq!(changed, [second.first_node()]);
        let differences = |a: &Mesh, b: &Mesh| {
            let made = |mesh: &Mesh| mesh.made_from(second.first_node(), &credentials()).unwrap();
            made(a).differences(&made(b)).join("\n")
        };
        insta::assert_snapshot!(differences(&mesh, &with), @"setting xpack.ml.enabled none → false");
        assert_eq!(with.require_settings_once(), Ok(()));
        with.templates = Templates::around_the_built_in([""; 3], ["\nxpack: {ml: {enabled: true}}\n", "", ""]);
        insta::assert_snapshot!(with.require_settings_once().unwrap_err(), @"elasticsearch.yml sets `xpack.ml.enabled` already, and so do the lines that are added to it for cluster02-elastic");
    }

    #[test]
    fn a_comment_in_a_template_needs_no_new_container() {
        let mesh = Mesh::example(1);
        let mut commented = mesh.clone();
        commented.templates = Templates::around_the_built_in(["# why\n\n"; 3], ["\n# why\n"; 3]);
        for service in mesh.services() {
            assert_eq!(fingerprint(&commented, service), fingerprint(&mesh, service));
        }
    }

    #[test]
    fn a_renamed_field_or_a_new_one_with_its_default_is_the_same() {
        #[derive(Serialize)]
        struct Before {
            image: &'static str,
            user: u32,
        }
        #[derive(Serialize)]
        struct After {
            user: u32,
            #[serde(skip_serializing_if = "Option::is_none")]
            shared_memory: Option<u64>,
            #[serde(rename = "image")]
            picture: &'static str,
        }
        let before = canonical(&Before { image: "i", user: 1 });
        assert_eq!(canonical(&After { user: 1, shared_memory: None, picture: "i" }), before);
        assert_ne!(canonical(&After { user: 1, shared_memory: Some(1), picture: "i" }), before);
    }

    #[test]
    fn a_label_tells_its_scheme() {
        let label = fingerprint(&Mesh::example(1), ClusterId::FIRST.first_node());
        assert!(is_of_this_scheme(&label), "{label}");
        for other in ["", "0123456789abcdef0123456789abcdef", "3:0123456789abcdef0123456789abcdef", ":"] {
            assert!(!is_of_this_scheme(other), "{other}");
        }
    }

    /// A mesh without Kibana, and one that a cluster leaves, are asked about services of before: the answer is that
    /// there are none.
    #[test]
    fn nothing_is_decided_for_a_service_that_the_mesh_does_not_have() {
        let meshes = [
            Mesh::example(3),
            Mesh::example(3).without_kibana(),
            Mesh::example(1).with_clusters("2-3"),
            Mesh::example(1).with_clusters("4").without_kibana(),
        ];
        for mesh in meshes {
            for cluster in Count::new(4).unwrap().clusters() {
                for service in ServiceKind::ALL.map(|kind| cluster.service(kind)) {
                    let has = mesh.has_cluster(cluster)
                        && (service.kind() == ServiceKind::Elastic || mesh.clusters[&cluster].kibana.is_some());
                    assert_eq!(mesh.place(service).is_some(), has, "{service}");
                    assert_eq!(mesh.service(service).is_some(), has, "{service}");
                    assert_eq!(mesh.url(service).is_some(), has, "{service}");
                    assert_eq!(mesh.container(service).is_some(), has, "{service}");
                    assert_eq!(mesh.certificate_names(service).is_some(), has, "{service}");
                    assert_eq!(mesh.made_from(service, &credentials()).is_ok(), has, "{service}");
                }
                let remotes = mesh.remote_settings(cluster);
                assert_eq!(remotes.is_empty(), mesh.remotes(cluster).next().is_none(), "{cluster}");
            }
        }
    }
}
