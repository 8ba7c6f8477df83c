//! How a server fares. I/O: network.

use super::{Elasticsearch, HttpsError, read};
use crate::facts::observed::Vitals;

impl Elasticsearch {
    /// Three calls: about the health, about the server, and about the indices that are its users'; `None` where the license has
    /// ended, and none of them is answered. See
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-stats>.
    pub async fn vitals(&self) -> Result<Option<Vitals>, HttpsError> {
        let Some(health) = self.health().await? else { return Ok(None) };
        let cluster = "/_cluster/stats?filter_path=nodes.versions,nodes.fs,nodes.jvm.mem";
        let indices = "/_stats/docs,store?expand_wildcards=open&filter_path=_all.primaries";
        let (cluster, indices) = (self.get(cluster).await?, self.get(indices).await?);
        Ok(Some(read::vitals(health, &cluster, &indices)))
    }
}
