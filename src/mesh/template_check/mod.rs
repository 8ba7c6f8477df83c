//! The check of texts in place of built-in templates: they are taken if all that they render to is right by itself, or
//! not at all; `conflicts.rs` judges them with what is added to them. Pure: no I/O.

mod conflicts;

use std::path::PathBuf;

use crate::mesh::{
    Mesh, Owner,
    cluster_set::ClusterSet,
    credentials::Credentials,
    decide::Circumstances,
    defaults::Revision,
    render::{Formation, RenderError},
    secret::Secret,
    service_token::ServiceToken,
    settings::Overrides,
    taken::Taken,
    templates::{Template, Templates},
};

impl Templates {
    /// The built-in ones, with these texts in their places, for clusters of these revisions of defaults.
    ///
    /// # Errors
    /// One of them does not render for every cluster there can be, or not as YAML where that is meant.
    pub fn with(
        texts: impl IntoIterator<Item = (Template, String)>,
        revisions: impl IntoIterator<Item = Revision>,
    ) -> Result<Self, RenderError> {
        let templates = Self::unchecked(texts);
        revisions.into_iter().try_for_each(|revision| templates.check(revision))?;
        Ok(templates)
    }

    /// Renders all there is to render for a mesh of 99, with made-up passwords.
    fn check(&self, revision: Revision) -> Result<(), RenderError> {
        let asked = Overrides { clusters: Some(ClusterSet::all()), ..Overrides::default() };
        let nowhere = Circumstances {
            name: None,
            dir: PathBuf::new(),
            new_id: String::new(),
            owner: Owner { uid: 0, gid: 0 },
            engine: None,
            host_name: String::new(),
            taken: Taken::default(),
            unmade: false,
        };
        let mesh = Mesh::decide(&asked, None, nowhere).expect("should be a mesh: every network is free");
        let mesh = Mesh { templates: self.clone(), ..mesh }.with_defaults(revision, None);
        let sample = || Secret::new("a-b-c-d-e-f");
        let tokens = mesh.clusters().map(|cluster| (cluster, ServiceToken::placeholder()));
        let credentials = Credentials {
            elastic: sample(),
            kibana_system: Some(sample()),
            kibana_encryption_key: sample(),
            kibana_tokens: tokens.collect(),
            users: std::collections::BTreeMap::new(),
        };
        for service in mesh.services() {
            if let Some(node) = service.node() {
                mesh.render_jvm_options(node)?;
            }
            let text = mesh.render_settings(service, &credentials, Formation::Founded)?;
            let name = Template::of_settings(service.kind()).name();
            let read: Result<serde_yaml::Mapping, _> = serde_yaml::from_str(text.expose());
            read.map_err(|error| RenderError::NoYaml { name, service, reason: error.to_string() })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(template: Template, text: &str) -> String {
        Templates::with([(template, text.to_owned())], [Revision::NEWEST]).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_ones_render() {
        assert_eq!(Templates::with([], [Revision::FIRST, Revision::NEWEST]), Ok(Templates::default()));
    }

    #[test]
    fn a_template_is_checked_by_the_revisions_that_it_is_for() {
        let login = |revisions: &[Revision]| {
            let text = "elasticsearch.password: {{ password }}\n".to_owned();
            Templates::with([(Template::Kibana, text)], revisions.iter().copied()).map_err(|error| error.to_string())
        };
        assert!(login(&[Revision::FIRST]).is_ok(), "the mesh that it was written for keeps it");
        insta::assert_snapshot!(login(&[Revision::FIRST, Revision::NEWEST]).unwrap_err(), @"kibana.yml:1: undefined variable; available: `banner`, `base_path`, `elasticsearch`, `elasticsearch_hosts`, `encryption_key`, `major`, `minor`, `name`, `port`, `profile`, `public_url`, `token`, `version`");
        let either = "{% if token is defined %}a: {{ token }}{% else %}b: {{ password }}{% endif %}\n".to_owned();
        assert!(Templates::with([(Template::Kibana, either)], [Revision::FIRST, Revision::NEWEST]).is_ok());
    }

    #[test]
    fn one_stands_in_and_the_others_stay() {
        let templates =
            Templates::with([(Template::JvmOptions, "-Xmx{{ heap }}m\n".to_owned())], [Revision::FIRST]).unwrap();
        let mesh = Mesh { templates, ..Mesh::example(1) };
        assert_eq!(
            mesh.render_jvm_options(crate::mesh::id::ClusterId::FIRST.node(crate::mesh::id::NodeNumber::FIRST))
                .unwrap(),
            "-Xmx974m\n"
        );
        let built_in = mesh.defaults.defaults();
        assert_eq!(mesh.templates.text(Template::Kibana, built_in), built_in.kibana_yml);
    }

    #[test]
    fn what_does_not_render_is_reported_with_its_name_and_line() {
        insta::assert_snapshot!(refusal(Template::Elasticsearch, "a: 1\nb: {{ clutser }}\n"), @"elasticsearch.yml:2: undefined variable; available: `cluster`, `discovery`, `major`, `minor`, `node`, `profile`, `remote`, `rest`, `roles`, `transport`, `version`");
        insta::assert_snapshot!(refusal(Template::Kibana, "a: {{ name\n"), @"kibana.yml:1: unexpected end of input, expected end of variable block");
        insta::assert_snapshot!(refusal(Template::JvmOptions, "-Xmx{{ heap|nofilter }}m"), @"jvm.options:1: filter nofilter is unknown");
        insta::assert_snapshot!(refusal(Template::Kibana, "port: {{ port + name }}"), @"kibana.yml:1: invalid operation");
        // only the third of the clusters has it
        insta::assert_snapshot!(refusal(Template::Elasticsearch, "{% if cluster == 'cluster03' %}{{ x }}{% endif %}a: 1"), @"elasticsearch.yml:1: undefined variable; available: `cluster`, `discovery`, `major`, `minor`, `node`, `profile`, `remote`, `rest`, `roles`, `transport`, `version`");
    }

    #[test]
    fn what_renders_to_no_yaml_is_refused() {
        insta::assert_snapshot!(refusal(Template::Elasticsearch, "a: 1\nb: [\n"), @"elasticsearch.yml does not render to valid YAML for cluster01-elastic: did not find expected node content at line 3 column 1, while parsing a flow node");
        insta::assert_snapshot!(refusal(Template::Elasticsearch, "a: 1\nb: 2\na: 3\n"), @r#"elasticsearch.yml does not render to valid YAML for cluster01-elastic: duplicate entry with key "a""#);
        insta::assert_snapshot!(refusal(Template::Kibana, "- {{ name }}"), @"kibana.yml does not render to valid YAML for cluster01-kibana: invalid type: sequence, expected a YAML mapping");
    }
}
