//! What files of a mesh say that its rebuilt record does not: a template that is not named, or edits by hand. Pure: no
//! I/O.

use std::collections::BTreeMap;

use super::Traces;
use crate::mesh::{
    Mesh,
    cluster_set::ClusterSet,
    fingerprint::placeholders,
    id::{ClusterId, NodeNumber, ServiceId, ServiceKind},
    rendered::{Settings, jvm_options, option_changes},
    secret::Secret,
    templates::Template,
};

impl Mesh {
    /// What a run would undo in configuration files, in words, such as `elasticsearch.yml of clusters 1-3: setting
    /// node.attr.zone "a" → none`. No secret is in it.
    pub fn unexplained(&self, traces: &Traces) -> Vec<String> {
        let mut found: BTreeMap<(&str, String), Vec<ClusterId>> = BTreeMap::new();
        for (cluster, kept) in &traces.directories {
            for (kind, text) in &kept.settings {
                for change in self.setting_changes(cluster.service(*kind), text.expose()) {
                    found.entry((Template::of_settings(*kind).name(), change)).or_default().push(*cluster);
                }
            }
            let wanted = self
                .has(cluster.service(ServiceKind::Elastic))
                .then(|| self.render_jvm_options(cluster.node(NodeNumber::FIRST)));
            if let (Some(Ok(wanted)), Some(options)) = (wanted, &kept.options)
                && let Some(change) = option_changes(&jvm_options(options), &jvm_options(&wanted))
            {
                found.entry((Template::JvmOptions.name(), change)).or_default().push(*cluster);
            }
        }
        let line = |((file, change), clusters): ((&str, String), Vec<ClusterId>)| {
            Some(format!("{file} of {}: {change}", ClusterSet::new(clusters)?.named()))
        };
        found.into_iter().filter_map(line).collect()
    }

    /// A text that is not YAML says nothing that could be kept.
    fn setting_changes(&self, service: ServiceId, found: &str) -> Vec<String> {
        let wanted = self.parsed_settings(service, &placeholders(service.cluster()));
        let (Ok(wanted), Ok(found)) = (wanted, Settings::parse(found)) else { return Vec::new() };
        // passwords, tokens and keys are those of `credentials.txt`
        found.changes(&wanted.with_values_of(&found, Secret::placeholder().expose()))
    }
}
