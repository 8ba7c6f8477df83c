//! How a server fares. I/O: network.

use super::{Elasticsearch, HttpsError};
use crate::plan::observed::Vitals;

impl Elasticsearch {
    /// Two calls: one about the server, one about the indices that are its users'. See
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-stats>.
    pub async fn vitals(&self) -> Result<Vitals, HttpsError> {
        let cluster = "/_cluster/stats?filter_path=status,nodes.versions,nodes.fs,nodes.jvm.mem";
        let indices = "/_stats/docs,store?expand_wildcards=open&filter_path=_all.primaries";
        let (cluster, indices) = futures::try_join!(self.get(cluster), self.get(indices))?;
        let (nodes, indices) = (&cluster["nodes"], &indices["_all"]["primaries"]);
        let number = |value: &serde_json::Value| value.as_u64().unwrap_or_default();
        Ok(Vitals {
            health: cluster["status"].as_str().unwrap_or("unknown").to_owned(),
            version: nodes["versions"][0].as_str().unwrap_or_default().to_owned(),
            documents: number(&indices["docs"]["count"]),
            store: number(&indices["store"]["size_in_bytes"]),
            heap_used: number(&nodes["jvm"]["mem"]["heap_used_in_bytes"]),
            heap_max: number(&nodes["jvm"]["mem"]["heap_max_in_bytes"]),
            disk_free: number(&nodes["fs"]["available_in_bytes"]),
            disk_total: number(&nodes["fs"]["total_in_bytes"]),
        })
    }
}
