//! What has a cluster notice that a remote's machine went silent: lost power, or its network. Pure: no I/O.

use std::collections::BTreeMap;

use crate::mesh::{
    Mesh,
    id::{ServiceId, ServiceKind},
    rendered::Settings,
};

/// How often Linux sends a packet again that is not answered, before it gives the connection up: about 13 s, where its
/// own 15 times are over 900 s, for which searches hang. Elastic advises it; see
/// <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/system-config-tcpretries>.
const RETRIES: (&str, &str) = ("net.ipv4.tcp_retries2", "5");

/// For connections that are idle, which send nothing that could be missed; they hold for those to remote clusters, too.
/// See <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/networking-settings>.
const KEEP_ALIVE: [(&str, &str); 4] = [
    ("transport.tcp.keep_alive", "true"),
    ("transport.tcp.keep_idle", "15"),
    ("transport.tcp.keep_interval", "5"),
    ("transport.tcp.keep_count", "3"),
];

/// What stands above them, by which they are recognized.
const HEADING: &str = "\n# Other machines are searched from here: one that goes silent is noticed in half a minute.\n";

/// Whether the text of an `elasticsearch.yml` is that of a cluster that spans machines.
pub fn spans_machines(text: &str) -> bool {
    text.contains(HEADING)
}

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

    /// Lines of `elasticsearch.yml`, without those of `others`, which may be of the user's own template: a server does
    /// not start with a setting that is there twice.
    pub(super) fn spanning_lines(&self, service: ServiceId, others: &str) -> String {
        if !self.spans_machines(service) {
            return String::new();
        }
        // invalid YAML is reported elsewhere
        let others = Settings::parse(others).unwrap_or_default();
        let lines = KEEP_ALIVE.iter().filter(|(name, _)| others.names().all(|other| other != *name));
        lines.fold(HEADING.to_owned(), |text, (name, value)| text + &format!("{name}: {value}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::id::ClusterId;

    #[test]
    fn a_setting_of_the_user_takes_the_place_of_its_line() {
        let mesh = Mesh::example(2).with_span_on(ClusterId::FIRST);
        let (first, second) = (ClusterId::FIRST.first_node(), ClusterId::new(2).unwrap().first_node());
        insta::assert_snapshot!(mesh.spanning_lines(first, "transport.tcp: {keep_idle: 60}"), @r"
        # Other machines are searched from here: one that goes silent is noticed in half a minute.
        transport.tcp.keep_alive: true
        transport.tcp.keep_interval: 5
        transport.tcp.keep_count: 3
        ");
        assert!(spans_machines(&mesh.spanning_lines(first, "")));
        assert_eq!(mesh.spanning_lines(second, ""), "");
        assert_eq!((mesh.sysctls(first).len(), mesh.sysctls(ClusterId::FIRST.kibana()).len()), (1, 0));
    }
}
