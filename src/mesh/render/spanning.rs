//! What has a cluster notice that a remote's machine went silent: lost power, or its network. Pure: no I/O.

use std::collections::BTreeMap;

use crate::mesh::{
    Mesh,
    id::{ServiceId, ServiceKind},
};

/// How often Linux sends a packet again that is not answered, before it gives the connection up: about 13 s, where its
/// own 15 times are over 900 s, for which searches hang. Elastic advises it; see
/// <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/system-config-tcpretries>.
const RETRIES: (&str, &str) = ("net.ipv4.tcp_retries2", "5");

/// For connections that are idle, which send nothing that could be missed; they hold for those to remote clusters, too.
/// See <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/networking-settings>.
const KEEP_ALIVE: &str = "
# Other machines are searched from here: one that goes silent is noticed in half a minute.
transport.tcp.keep_alive: true
transport.tcp.keep_idle: 15
transport.tcp.keep_interval: 5
transport.tcp.keep_count: 3
";

impl Mesh {
    fn spans_machines(&self, service: ServiceId) -> bool {
        let spans = self.clusters.get(&service.cluster()).is_some_and(|cluster| cluster.spans_machines);
        spans && service.kind() == ServiceKind::Elastic
    }

    /// Settings of the kernel for the service's container alone: the machine keeps its own.
    pub(in crate::mesh) fn sysctls(&self, service: ServiceId) -> BTreeMap<String, String> {
        let retries = self.spans_machines(service).then(|| (RETRIES.0.to_owned(), RETRIES.1.to_owned()));
        retries.into_iter().collect()
    }

    /// Lines of `elasticsearch.yml`.
    pub(super) fn spanning_lines(&self, service: ServiceId) -> &'static str {
        if self.spans_machines(service) { KEEP_ALIVE } else { "" }
    }
}
