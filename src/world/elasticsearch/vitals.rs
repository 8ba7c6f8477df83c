//! How a server fares. I/O: network.

use super::{Elasticsearch, HttpsError, read};
use crate::plan::observed::Vitals;

impl Elasticsearch {
    /// Two calls: one about the server, one about the indices that are its users'. See
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-stats>.
    pub async fn vitals(&self) -> Result<Vitals, HttpsError> {
        let cluster = "/_cluster/stats?filter_path=status,nodes.versions,nodes.fs,nodes.jvm.mem";
        let indices = "/_stats/docs,store?expand_wildcards=open&filter_path=_all.primaries";
        let (cluster, indices) = (self.get(cluster).await?, self.get(indices).await?);
        Ok(read::vitals(&cluster, &indices))
    }
}
