//! The document that proves a link: what it is, and what keeps a cluster from taking it. Pure.

use serde_json::{Value, json};

use crate::{
    facts::evidence::{CanaryRefusal, Untried},
    mesh::{Mesh, id::ClusterId, links::canary_prefix},
};

/// The beginning of the names of this mesh's canaries. Every key shares them, as it does all that begins with `mesh`;
/// templates and rules for users' `mesh-*` do not match them.
pub fn prefix(mesh: &Mesh) -> String {
    canary_prefix(&mesh.id)
}

/// The indices that a run of `mesh verify` may have left when it was killed. Older versions named them like users'
/// indices.
pub fn leftovers(mesh: &Mesh) -> String {
    format!("{}*,mesh-verify-{}-*", prefix(mesh), mesh.id)
}

/// Hidden, so that no search by a pattern counts it; and explicit in what a template of a user's could spoil: what a
/// request says comes before it. See
/// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create>.
pub fn index() -> Value {
    json!({
        "settings": { "index": {
            "hidden": true,
            "number_of_shards": 1,
            "number_of_replicas": 0,
            "default_pipeline": "_none",
            "final_pipeline": "_none",
            "blocks": { "read": false, "write": false, "read_only": false },
            "routing.allocation": {
                "enable": "all",
                "total_shards_per_node": -1,
                "require._name": "", "include._name": "", "exclude._name": "",
            },
        } },
        "mappings": {
            "dynamic": true,
            "_source": { "enabled": true },
            "properties": { "canary_of": { "type": "keyword" } },
        },
    })
}

pub fn document(cluster: ClusterId) -> Value {
    json!({ "canary_of": cluster })
}

impl CanaryRefusal {
    /// The links that were not tried for this reason, with the remedy.
    pub fn untried(&self, of: ClusterId, index: &str) -> Untried {
        let number = of.number();
        let (reason, remedy) = match self {
            Self::Blocked(words) => (
                words.clone(),
                format!(
                    "free some space where `mesh status` says that the disk is full; a block that was set by hand is removed by \
                     `mesh es {number} PUT _cluster/settings '{{\"persistent\": {{\"cluster.blocks.read_only\": null, \
                     \"cluster.blocks.read_only_allow_delete\": null}}}}'`"
                ),
            ),
            Self::ShardLimit(words) => (
                words.clone(),
                format!(
                    "delete indices that are not needed, or allow more with `mesh es {number} PUT _cluster/settings \
                     '{{\"persistent\": {{\"cluster.max_shards_per_node\": 2000}}}}'`"
                ),
            ),
            Self::Unassigned(words) => (
                format!("its index is not assigned: {words}"),
                format!(
                    "`mesh status` says how full the disk is; `mesh es {number} GET '_cluster/settings?flat_settings'` shows \
                     rules that keep indices away"
                ),
            ),
            Self::Busy(words) => (words.clone(), "the cluster is busy: type `mesh verify` again".to_owned()),
            Self::Refused(words) => (
                words.clone(),
                format!(
                    "`mesh es {number} POST _index_template/_simulate_index/{index}` shows the template that matches it"
                ),
            ),
        };
        Untried { reason: format!("{of} did not take the document: {reason}"), remedy: Some(remedy) }
    }
}
