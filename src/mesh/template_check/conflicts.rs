//! Whether a template of the user's own leaves room for what is set besides it. Pure: no I/O.

use crate::mesh::{
    Mesh,
    cluster::Discovery,
    fingerprint::placeholders,
    id::{ServiceId, ServiceKind},
    render::{INITIAL_MASTER_NODES, RenderError},
    rendered::Settings,
    templates::Template,
};

impl Mesh {
    /// # Errors
    /// A template of the user's own sets what `settings` or `kibana_settings` set, too: no server starts with that.
    pub fn require_settings_once(&self) -> Result<(), RenderError> {
        for service in self.services() {
            self.require_discovery(service)?;
            let settings = self.settings(service.cluster());
            let added: Vec<&str> = match service.kind() {
                ServiceKind::Elastic => settings.settings.names().collect(),
                ServiceKind::Kibana => settings.kibana_settings.names().collect(),
            };
            if added.is_empty() {
                continue;
            }
            // invalid YAML is reported elsewhere
            let template =
                Settings::parse(&self.render_template(service, &placeholders(service.cluster()))?).unwrap_or_default();
            if let Some(setting) = template.names().find(|name| added.contains(name)) {
                let name = Template::of_settings(service.kind()).name();
                return Err(RenderError::SetTwice { name, service, setting: setting.to_owned() });
            }
        }
        Ok(())
    }

    /// A template of the user's own may tell every node that it is the only one, or have each found a cluster.
    fn require_discovery(&self, service: ServiceId) -> Result<(), RenderError> {
        let several = self.discovery(service.cluster()) == Discovery::SeedHosts;
        if service.kind() == ServiceKind::Kibana || !several {
            return Ok(());
        }
        let template =
            Settings::parse(&self.render_template(service, &placeholders(service.cluster()))?).unwrap_or_default();
        let sets = |setting: &str| template.names().any(|name| name == setting);
        if sets("discovery.type") || !sets("discovery.seed_providers") {
            return Err(RenderError::NoDiscovery { name: Template::of_settings(service.kind()).name(), service });
        }
        if sets(INITIAL_MASTER_NODES) {
            let (name, setting) = (Template::of_settings(service.kind()).name(), INITIAL_MASTER_NODES.to_owned());
            return Err(RenderError::SetTwice { name, service, setting });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{id::ClusterId, templates::Templates};

    /// With lines at the end of the template `elasticsearch.yml`.
    fn with(mesh: Mesh, lines: &str) -> Mesh {
        Mesh { templates: Templates::around_the_built_in([""; 3], [lines, "", ""]), ..mesh }
    }

    #[test]
    fn a_template_may_set_what_is_added_for_other_machines() {
        let mesh = with(Mesh::example(2).with_span_on(ClusterId::FIRST), "\ntransport.tcp: {keep_alive: false}\n");
        assert_eq!(mesh.require_settings_once(), Ok(()));
        let node = ClusterId::FIRST.first_node();
        let settings = mesh.parsed_settings(node, &placeholders(ClusterId::FIRST)).unwrap();
        let value = |name: &str| settings.get(name).map(|value| value.to_string());
        assert_eq!(value("transport.tcp.keep_alive").as_deref(), Some("false"));
        assert_eq!(value("transport.tcp.keep_idle").as_deref(), Some("15"));
    }

    #[test]
    fn a_template_founds_no_cluster_of_several_nodes() {
        let line = "\ncluster: {initial_master_nodes: [cluster02-elastic]}\n";
        let mesh = with(Mesh::example(2).with_nodes(2, 3), line);
        insta::assert_snapshot!(mesh.require_settings_once().unwrap_err(), @"elasticsearch.yml sets `cluster.initial_master_nodes` already, and so do the lines that are added to it for cluster02-elastic");
    }
}
