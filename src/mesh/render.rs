//! Templates and a mesh make the texts that services are configured by. Pure: no I/O.

use minijinja::{Environment, UndefinedBehavior, context};

use super::{
    Mesh,
    credentials::Credentials,
    id::{ClusterId, KIBANA, REMOTE, REST, ServiceId, ServiceKind, TRANSPORT},
    secret::Secret,
};

const ELASTICSEARCH: &str = include_str!("../../templates/elasticsearch.yml");
const KIBANA_YML: &str = include_str!("../../templates/kibana.yml");
const JVM_OPTIONS: &str = include_str!("../../templates/jvm.options");

/// Templates with every substituted value quoted as JSON, which is YAML too, and an error for a variable nobody defines.
fn render(name: &str, template: &str, values: minijinja::Value) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_keep_trailing_newline(true);
    environment
        .render_named_str(name, template, values)
        .expect("should render: the tests render every template")
}

impl Mesh {
    /// The service's main configuration file. Kibana's holds its password and keys.
    pub fn render_settings(&self, service: ServiceId, credentials: &Credentials) -> Secret {
        Secret::new(match service.kind {
            ServiceKind::Elastic => self.render_elasticsearch(service.cluster),
            ServiceKind::Kibana => self.render_kibana(service.cluster, credentials),
        })
    }

    fn render_elasticsearch(&self, cluster: ClusterId) -> String {
        let values = context! {
            cluster => cluster.to_string(),
            node => cluster.elastic().to_string(),
            rest => REST,
            transport => TRANSPORT,
            remote => REMOTE,
        };
        render("elasticsearch.yml", ELASTICSEARCH, values)
    }

    fn render_kibana(&self, cluster: ClusterId, credentials: &Credentials) -> String {
        let values = context! {
            name => cluster.kibana().to_string(),
            port => KIBANA,
            base_path => format!("/{cluster}"),
            public_url => self.url(cluster.kibana()),
            banner => format!("Data Mesh - Cluster{:02}", cluster.number()),
            elasticsearch => format!("https://{}:{REST}", cluster.elastic()),
            password => credentials.kibana_system.expose(),
            encryption_key => credentials.kibana_encryption_key.expose(),
        };
        render("kibana.yml", KIBANA_YML, values)
    }

    /// The heap of an Elasticsearch server, on top of the image's own options.
    pub fn render_jvm_options(&self) -> String {
        render("jvm.options", JVM_OPTIONS, context! { heap => self.spec.elastic_memory.heap_mebibytes() })
    }
}
