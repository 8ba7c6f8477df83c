//! Whether a template of the user's own leaves room for what is set besides it. Pure: no I/O.

use super::Template;
use crate::mesh::{
    Mesh,
    cluster::Discovery,
    fingerprint::placeholders,
    id::{ServiceId, ServiceKind},
    render::RenderError,
    rendered::Settings,
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

    /// A template of the user's own may tell every node that it is the only one.
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
        Ok(())
    }
}
