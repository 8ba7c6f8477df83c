//! Roles as Elasticsearch takes them and gives them back. Pure: no I/O. See
//! <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-put-role>.

use serde_json::{Value as Json, json};

use super::{IndexGrant, RemoteGrant, Role};
use crate::mesh::id::METADATA;

/// The application under which Kibana keeps its privileges.
const KIBANA: &str = "kibana-.kibana";

/// The whole of a role that belongs to the mesh with this id.
pub fn body_of(role: &Role, mesh: &str) -> Json {
    let Role { indices, remote, cluster, kibana, on: _ } = role;
    let grant = |IndexGrant { names, privileges }: &IndexGrant| json!({ "names": names, "privileges": privileges });
    let remote_grant = |RemoteGrant { clusters, names, privileges }: &RemoteGrant| json!({ "clusters": clusters, "names": names, "privileges": privileges });
    let mut body = json!({ "metadata": { METADATA: mesh } });
    if !cluster.is_empty() {
        body["cluster"] = json!(cluster);
    }
    if !indices.is_empty() {
        body["indices"] = indices.iter().map(grant).collect();
    }
    if !remote.is_empty() {
        body["remote_indices"] = remote.iter().map(remote_grant).collect();
    }
    if !kibana.is_empty() {
        body["applications"] = json!([{ "application": KIBANA, "privileges": kibana, "resources": ["*"] }]);
    }
    body
}

impl Role {
    /// The role that a server has, as far as `mesh` makes such roles; where it is on, a server cannot tell.
    pub fn of_body(body: &Json) -> Self {
        let texts = |value: &Json| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let each = |field: &str| body[field].as_array().cloned().unwrap_or_default();
        let grant =
            |grant: &Json| IndexGrant { names: texts(&grant["names"]), privileges: texts(&grant["privileges"]) };
        let remote = |grant: &Json| RemoteGrant {
            clusters: texts(&grant["clusters"]),
            names: texts(&grant["names"]),
            privileges: texts(&grant["privileges"]),
        };
        let kibana = each("applications").into_iter().filter(|one| one["application"] == KIBANA);
        Self {
            indices: each("indices").iter().map(grant).collect(),
            remote: each("remote_indices").iter().map(remote).collect(),
            cluster: texts(&body["cluster"]),
            kibana: kibana.flat_map(|one| texts(&one["privileges"])).collect(),
            on: None,
        }
    }
}

/// A role without what says nothing: two that let their users do the same are equal, whoever wrote them down. A list of
/// texts is a set for Elasticsearch, and what is empty or `false` need not be there.
pub fn normal(body: &Json) -> Json {
    match body {
        Json::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| name.as_str() != "transient_metadata");
            let kept = kept.map(|(name, value)| (name.clone(), normal(value))).filter(|(_, value)| says(value));
            Json::Object(kept.collect())
        }
        Json::Array(items) => {
            let mut items: Vec<Json> = items.iter().map(normal).collect();
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        plain => plain.clone(),
    }
}

fn says(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_the_same_however_the_server_writes_it() {
        let role = Role::reader(vec!["mesh*".to_owned()], vec!["mesh*".to_owned(), "logs-*".to_owned()]);
        let mut served = body_of(&role, "0123456789abcdef");
        served["run_as"] = json!([]);
        served["transient_metadata"] = json!({ "enabled": true });
        served["indices"][0]["allow_restricted_indices"] = json!(false);
        served["remote_indices"][0]["names"] = json!(["logs-*", "mesh*"]);
        let wanted = body_of(&role, "0123456789abcdef");
        assert_eq!(normal(&served), normal(&wanted));
        served["run_as"] = json!(["elastic"]);
        assert_ne!(normal(&served), normal(&wanted), "what was added by hand is drift");
    }
}
