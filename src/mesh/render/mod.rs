//! Templates and a mesh make the texts that services are configured by. Pure: no I/O.

mod formation;
mod kernel;
mod spanning;
mod template;

use minijinja::{context, value::merge_maps};

pub(super) use self::template::render;
pub use self::{
    formation::{Formation, INITIAL_MASTER_NODES},
    kernel::kernel_settings,
    spanning::spans_machines,
    template::RenderError,
};
use super::{
    Mesh,
    credentials::Credentials,
    id::{ClusterId, KIBANA, NodeId, REMOTE, REST, ServiceId, ServiceKind, TRANSPORT},
    secret::Secret,
    settings::Role,
    templates::Template,
};

impl Mesh {
    /// The service's main configuration file. Kibana's holds its password and keys.
    pub fn render_settings(
        &self,
        service: ServiceId,
        credentials: &Credentials,
        formation: Formation,
    ) -> Result<Secret, RenderError> {
        let settings = self.settings(service.cluster());
        let lines = match service.kind() {
            ServiceKind::Elastic => settings.settings.lines(),
            ServiceKind::Kibana => settings.kibana_settings.lines(),
        };
        let text = self.render_template(service, credentials)?;
        let spanning = self.spanning_lines(service, &format!("{text}\n{lines}"));
        let founding = self.founding_lines(service, formation);
        Ok(Secret::new(text + &spanning + &lines + &founding))
    }

    /// The template's text, without the lines of the user's settings.
    pub(super) fn render_template(&self, service: ServiceId, credentials: &Credentials) -> Result<String, RenderError> {
        match service {
            ServiceId::Node(node) => self.render_elasticsearch(node),
            ServiceId::Kibana(cluster) => self.render_kibana(cluster, credentials),
        }
    }

    /// What every template may ask for. A setting that a version does not know keeps it from starting, so a template
    /// for several versions has to tell them apart: `{% if [major, minor] >= [9, 6] %}`.
    fn values(&self, cluster: ClusterId) -> minijinja::Value {
        let version = self.version(cluster);
        context! {
            profile => self.spec.profile.to_string(),
            version => version.to_string(),
            major => version.major,
            minor => version.minor,
        }
    }

    fn render_elasticsearch(&self, node: NodeId) -> Result<String, RenderError> {
        let cluster = node.cluster;
        let roles = self.node_settings(node).roles;
        let values = context! {
            cluster => cluster.to_string(),
            node => self.container_name(node.into()),
            discovery => self.discovery(cluster),
            roles => roles.map(|roles| roles.into_iter().map(Role::name).collect::<Vec<_>>()),
            rest => REST,
            transport => TRANSPORT,
            remote => REMOTE,
            ..self.values(cluster)
        };
        self.render(Template::Elasticsearch, cluster, &values)
    }

    fn render_kibana(&self, cluster: ClusterId, credentials: &Credentials) -> Result<String, RenderError> {
        let url = self.url(cluster.kibana()).ok_or(RenderError::NoService(cluster.kibana()))?;
        let hosts = |node: NodeId| format!("https://{}:{REST}", self.container_name(node.into()));
        let values = context! {
            name => self.container_name(cluster.kibana()),
            port => KIBANA,
            base_path => format!("/{cluster}"),
            public_url => url,
            banner => format!("Data Mesh - Cluster{:02}", cluster.number()),
            elasticsearch => format!("https://{}:{REST}", self.container_name(cluster.first_node())),
            elasticsearch_hosts => self.nodes(cluster).map(hosts).collect::<Vec<_>>(),
            encryption_key => credentials.kibana_encryption_key.expose(),
            ..merge_maps([self.login_variable(cluster, credentials), self.values(cluster)])
        };
        self.render(Template::Kibana, cluster, &values)
    }

    /// Options of a node's JVM, on top of the image's own.
    pub fn render_jvm_options(&self, node: NodeId) -> Result<String, RenderError> {
        let values = context! {
            heap => self.memory(node.into()).heap_mebibytes(),
            discovery => self.discovery(node.cluster),
            ..self.values(node.cluster)
        };
        self.render(Template::JvmOptions, node.cluster, &values)
    }

    fn render(&self, template: Template, cluster: ClusterId, values: &minijinja::Value) -> Result<String, RenderError> {
        let text = self.templates.text(template, self.revision(cluster).defaults());
        render(template.name(), text, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{defaults::Revision, fingerprint::placeholders, id::NodeNumber, templates::Templates};

    fn credentials() -> Credentials {
        Credentials {
            elastic: Secret::new("one"), // and what YAML could take for something else
            kibana_system: Some(Secret::new("a: \"b\" # {c} \\ 'd'")),
            kibana_encryption_key: Secret::new("3".repeat(64)),
            ..placeholders(first())
        }
    }

    fn settings(mesh: &Mesh, service: ServiceId) -> String {
        mesh.render_settings(service, &credentials(), Formation::Founded).unwrap().expose().to_owned()
    }

    fn first() -> ClusterId {
        ClusterId::new(1).unwrap()
    }

    #[test]
    fn a_profile_adds_to_the_settings_and_options_and_changes_nothing_else() {
        let (server, mut smoke) = (Mesh::example(3), Mesh::example(3));
        smoke.spec.profile = crate::mesh::settings::Profile::Smoke;
        let more = settings(&smoke, first().first_node());
        let more = more.strip_prefix(settings(&server, first().first_node()).trim_end()).unwrap();
        insta::assert_snapshot!(more, @r"
        # The least that Elasticsearch takes: a password is hashed when it is set, and again at the first request after each start.
        xpack.security.authc.password_hashing.algorithm: bcrypt4
        ");
        let options = smoke.render_jvm_options(first().node(NodeNumber::FIRST)).unwrap();
        let options = options
            .strip_prefix(server.render_jvm_options(first().node(NodeNumber::FIRST)).unwrap().trim_end())
            .unwrap();
        insta::assert_snapshot!(options, @r"
        ## A boot is compilation for the most part. One compiler, one collector, and memory that is touched when it is used.
        -XX:TieredStopAtLevel=1
        ## With one compiler, Java reserves 48 MiB for what it makes; once that is full, it only interprets.
        -XX:ReservedCodeCacheSize=96m
        -XX:-UseG1GC
        -XX:+UseSerialGC
        -XX:-AlwaysPreTouch
        ");
    }

    #[test]
    fn elasticsearch_yml() {
        insta::assert_snapshot!(settings(&Mesh::example(3), first().first_node()), @r#"
        # Made by mesh from templates/elasticsearch.yml: the next `mesh create` undoes edits.
        cluster.name: "cluster01"
        node.name: "cluster01-elastic"
        discovery.type: single-node

        network.host: 0.0.0.0
        network.publish_host: "cluster01-elastic"
        http.port: 9200
        transport.port: 9300

        # Other clusters come in by a port of their own, with an API key.
        remote_cluster_server.enabled: true
        remote_cluster.host: 0.0.0.0
        remote_cluster.port: 9443
        remote_cluster.publish_host: "cluster01-elastic"
        # A dead remote must not hold up a start for the default of 30 s.
        cluster.remote.initial_connect_timeout: 10s

        path.repo: ["/usr/share/elasticsearch/backup"]
        ingest.geoip.downloader.enabled: false

        xpack.license.self_generated.type: trial
        xpack.security.enabled: true
        xpack.security.http.ssl:
          enabled: true
          key: certs/elastic.key
          certificate: certs/elastic.crt
          certificate_authorities: ["certs/ca.crt"]
        # Only this cluster's own authority: another's here would open the old certificate trust on port 9300.
        xpack.security.transport.ssl:
          enabled: true
          verification_mode: full
          key: certs/elastic.key
          certificate: certs/elastic.crt
          certificate_authorities: ["certs/ca.crt"]
        xpack.security.remote_cluster_server.ssl:
          enabled: true
          key: certs/elastic.key
          certificate: certs/elastic.crt
        # One bundle for all remotes: the server reads it again when it changes, so a new cluster needs no restart.
        xpack.security.remote_cluster_client.ssl:
          enabled: true
          verification_mode: full
          certificate_authorities: ["certs/mesh-ca.crt"]
        "#);
    }

    #[test]
    fn kibana_yml() {
        insta::assert_snapshot!(settings(&Mesh::example(3), first().kibana()), @r#"
        # Made by mesh from templates/kibana.yml: the next `mesh create` undoes edits.
        server.name: "cluster01-kibana"
        server.host: "0.0.0.0"
        server.port: 5601
        server.basePath: "/cluster01"
        server.rewriteBasePath: true
        server.publicBaseUrl: "https://localhost:5601/cluster01"
        # As in the image's own file; Kibana's default of 30 s holds up a restart for every browser that polls.
        server.shutdownTimeout: 5s
        server.ssl.enabled: true
        server.ssl.certificate: /usr/share/kibana/config/certs/kibana.crt
        server.ssl.key: /usr/share/kibana/config/certs/kibana.key

        elasticsearch.hosts: ["https://cluster01-elastic:9200"]
        elasticsearch.username: kibana_system
        elasticsearch.password: "a: \"b\" # {c} \\ 'd'"
        elasticsearch.ssl.certificateAuthorities: ["/usr/share/kibana/config/certs/ca.crt"]
        elasticsearch.ssl.verificationMode: full

        xpack.security.encryptionKey: "3333333333333333333333333333333333333333333333333333333333333333"
        xpack.encryptedSavedObjects.encryptionKey: "3333333333333333333333333333333333333333333333333333333333333333"
        xpack.reporting.encryptionKey: "3333333333333333333333333333333333333333333333333333333333333333"

        xpack.banners.placement: top
        xpack.banners.textContent: "Data Mesh - Cluster01"

        monitoring.ui.container.elasticsearch.enabled: true

        # Nothing of this machine calls home, and no browser asks for maps; see docs/operating.md.
        telemetry.optIn: false
        telemetry.allowChangingOptInStatus: false
        newsfeed.enabled: false
        xpack.fleet.isAirGapped: true
        map.includeElasticMapsService: false
        "#);
    }

    #[test]
    fn jvm_options() {
        insta::assert_snapshot!(Mesh::example(3).render_jvm_options(first().node(NodeNumber::FIRST)).unwrap(), @r"
        ## Made by mesh from templates/jvm.options: the heap that the image itself would take of the container's memory
        -Xms974m
        -Xmx974m
        ## The image's own log of the collector grows to 2 GiB. Java cannot resize a log that is open, so it is closed for another.
        -Xlog:all=off:file=logs/gc.log
        -Xlog:gc*,gc+age=trace,safepoint:file=logs/gc-mesh.log:utctime,level,pid,tags:filecount=4,filesize=8m
        ");
    }

    /// In an upgrade, each cluster is rendered for the version that it has.
    #[test]
    fn a_template_can_tell_versions_apart() {
        let mut mesh = Mesh::example(2).of_version("9.10.1".parse().unwrap());
        mesh.clusters.get_mut(&ClusterId::new(2).unwrap()).unwrap().version = "9.4.0".parse().unwrap();
        let text = "a: {{ version }}\n{% if [major, minor] >= [9, 6] %}b: {{ profile }}\n{% endif %}";
        let options = "## {{ version }} {{ minor }}\n";
        let texts = [(Template::Kibana, text), (Template::Elasticsearch, text), (Template::JvmOptions, options)];
        mesh.templates =
            Templates::with(texts.map(|(template, text)| (template, text.to_owned())), [Revision::FIRST]).unwrap();
        let second = ClusterId::new(2).unwrap();
        for kind in ServiceKind::ALL {
            assert_eq!(settings(&mesh, first().service(kind)), "a: \"9.10.1\"\nb: \"server\"\n");
            assert_eq!(settings(&mesh, second.service(kind)), "a: \"9.4.0\"\n");
        }
        assert_eq!(mesh.render_jvm_options(second.node(NodeNumber::FIRST)).unwrap(), "## 9.4.0 4\n");
    }

    #[test]
    fn every_value_is_read_back_from_yaml_as_it_was() {
        let mesh = Mesh::example(99);
        for service in mesh.services() {
            let read: serde_yaml::Value = serde_yaml::from_str(&settings(&mesh, service)).unwrap();
            match service.kind() {
                ServiceKind::Elastic => assert_eq!(read["cluster.name"], service.cluster().to_string()),
                ServiceKind::Kibana => {
                    assert_eq!(read["elasticsearch.password"], credentials().kibana_system.unwrap().expose());
                    assert_eq!(read["server.basePath"], format!("/{}", service.cluster()));
                }
            }
        }
    }
}
