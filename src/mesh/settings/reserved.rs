//! Names of raw settings that are not the user's to set. Pure: no I/O.

use crate::mesh::invalid_value::InvalidValue;

/// What `mesh` sets itself or relies on: a name, or all names below one that ends with `.*`.
const OF_ELASTICSEARCH: &[&str] = &[
    "xpack.security.*",
    "cluster.remote.*",
    "discovery.*",
    "path.*",
    "network.*",
    "remote_cluster.*",
    "remote_cluster_server.*",
    "cluster.name",
    "cluster.initial_master_nodes",
    "node.name",
    "node.roles",
    "http.port",
    "http.host",
    "http.bind_host",
    "http.publish_host",
    "http.publish_port",
    "transport.port",
    "transport.host",
    "transport.bind_host",
    "transport.publish_host",
    "transport.publish_port",
    "ingest.geoip.downloader.enabled",
    "xpack.license.self_generated.type",
];
const OF_KIBANA: &[&str] = &[
    "server.*",
    "elasticsearch.*",
    "xpack.security.*",
    "xpack.encryptedSavedObjects.*",
    "xpack.reporting.encryptionKey",
    "xpack.banners.placement",
    "xpack.banners.textContent",
    "monitoring.ui.container.elasticsearch.enabled",
    "telemetry.optIn",
    "telemetry.allowChangingOptInStatus",
    "newsfeed.enabled",
    "xpack.fleet.isAirGapped",
    "map.includeElasticMapsService",
];

/// Whether a raw setting of this name may be added: of Kibana, or of Elasticsearch.
///
/// # Errors
/// It is no name, or it is not the user's to set, with the reason.
pub(super) fn accept<const KIBANA: bool>(name: &str) -> Result<(), InvalidValue> {
    let segment =
        |segment: &str| !segment.is_empty() && segment.chars().all(|c| c.is_ascii_alphanumeric() || "_-*@".contains(c));
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.split('.').all(segment) {
        return Err(InvalidValue::new(format!("`{name}` is not the name of a setting")));
    }
    let reserved = if KIBANA { OF_KIBANA } else { OF_ELASTICSEARCH };
    let below = format!("{name}.");
    let covers = |reserved: &&&str| match reserved.strip_suffix('*') {
        Some(prefix) => below.starts_with(prefix),
        None => **reserved == name || name.starts_with(&format!("{reserved}.")),
    };
    if let Some(found) = reserved.iter().find(covers) {
        return Err(InvalidValue::new(format!("mesh sets `{found}` itself")));
    }
    if name.split('.').any(|segment| segment.starts_with("secure_")) {
        let elsewhere = if KIBANA { "" } else { ": the file of `secure_settings` may" };
        return Err(InvalidValue::new(format!(
            "`{name}` is a secret, which no configuration file may hold{elsewhere}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        Mesh, credentials::Credentials, defaults::Revision, id::ClusterId, rendered::Settings, secret::Secret,
        settings::Profile,
    };

    #[test]
    fn every_setting_of_the_built_in_templates_is_refused() {
        let mut mesh = Mesh::example(2);
        mesh.spec.profile = Profile::Smoke;
        let secret = || Secret::new("secret");
        let credentials = Credentials {
            elastic: secret(),
            kibana_system: Some(secret()),
            kibana_encryption_key: secret(),
            kibana_tokens: std::collections::BTreeMap::new(),
            users: std::collections::BTreeMap::new(),
        };
        for mesh in [mesh.clone(), mesh.with_defaults(Revision::NEWEST, None)] {
            let names = |service| -> Vec<String> {
                let settings: Settings = mesh.parsed_settings(service, &credentials).unwrap();
                settings.names().map(str::to_owned).collect()
            };
            for name in names(ClusterId::FIRST.first_node()) {
                assert!(accept::<false>(&name).is_err(), "{name}");
            }
            for name in names(ClusterId::FIRST.kibana()) {
                assert!(accept::<true>(&name).is_err(), "{name}");
            }
        }
    }
}
