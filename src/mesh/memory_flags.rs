//! The flags of `mesh create` that give services another limit of memory. Pure: no I/O.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use serde_json::{Value as Json, json};

use super::{
    Mesh,
    cluster_set::ClusterSet,
    id::{ClusterId, NodeId, NodeNumber, ServiceId, ServiceKind},
    shell_word::shell_word,
};

impl Mesh {
    /// Whether a flag for the whole mesh does not change the limit of a service, since it is set for its cluster or
    /// for its node alone.
    pub fn has_memory_alone(&self, service: ServiceId) -> bool {
        self.has_memory_as_node(service)
            || self.is_set_alone(service.cluster(), |of| match service.kind() {
                ServiceKind::Elastic => of.elastic_memory.is_some(),
                ServiceKind::Kibana => of.kibana_memory.is_some(),
            })
    }

    fn has_memory_as_node(&self, service: ServiceId) -> bool {
        service.node().is_some_and(|node| self.node_settings(node).elastic_memory.is_some())
    }

    /// The flags by which services have a limit of this size, each by the setting that it has its limit from.
    pub fn memory_flags(&self, services: impl IntoIterator<Item = ServiceId>, size: impl Display) -> String {
        let mut of_all: BTreeSet<ServiceKind> = BTreeSet::new();
        let mut of_clusters: BTreeMap<ServiceKind, Vec<ClusterId>> = BTreeMap::new();
        let mut of_nodes: BTreeMap<ClusterId, Vec<NodeId>> = BTreeMap::new();
        for service in services {
            let (cluster, kind) = (service.cluster(), service.kind());
            match service.node() {
                Some(node) if self.has_memory_as_node(service) => of_nodes.entry(cluster).or_default().push(node),
                _ if self.has_memory_alone(service) => of_clusters.entry(kind).or_default().push(cluster),
                _ => of_all.extend([kind]),
            }
        }
        let for_all = of_all.into_iter().map(|kind| format!("{} {size}", kind.memory_flag()));
        let for_clusters = of_clusters.into_iter().filter_map(|(kind, clusters)| {
            let target = ClusterSet::new(clusters)?.to_target();
            Some(format!("--set {target}.{}={size}", kind.memory_setting()))
        });
        let for_nodes = of_nodes.into_iter().map(|(cluster, nodes)| {
            let setting = self.nodes_with_memory(cluster, &nodes, &size);
            format!("--set {}", shell_word(format!("{cluster}.nodes={setting}")))
        });
        for_all.chain(for_clusters).chain(for_nodes).collect::<Vec<_>>().join(" ")
    }

    /// The setting `nodes` of a cluster with another size for some of them.
    fn nodes_with_memory(&self, cluster: ClusterId, nodes: &[NodeId], size: &impl Display) -> Json {
        let mut setting = json!(self.settings(cluster).nodes);
        let list = setting.as_array_mut().into_iter().flatten();
        for (number, node) in (1..).filter_map(NodeNumber::new).zip(list) {
            if nodes.contains(&cluster.node(number)) {
                node["elastic_memory"] = json!(size.to_string());
            }
        }
        setting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::{Memory, per_cluster::read_set};

    #[test]
    fn each_limit_is_changed_by_the_setting_that_it_comes_from() {
        let mut mesh = Mesh::example(4).with_nodes(4, 3);
        let set = ["2-3.elastic_memory=8g", "3.kibana_memory=700m"];
        let nodes = "4.nodes=[{elastic_memory: 4g}, {}, {roles: [master, voting_only], elastic_memory: 3g}]";
        mesh.overrides.extend(set.into_iter().chain([nodes]).map(|text| read_set(text).unwrap()));
        let size = Memory::LEAST_OF_ELASTIC;
        let flags = mesh.memory_flags(mesh.services(), size);
        insta::assert_snapshot!(flags, @r#"--elastic-memory 1g --kibana-memory 1g --set 2-3.elastic_memory=1g --set cluster03.kibana_memory=1g --set 'cluster04.nodes=[{"elastic_memory":"1g"},{},{"elastic_memory":"1g","roles":["master","voting_only"]}]'"#);
        // what is typed gives each of them that size
        for text in shlex::split(&flags).unwrap().iter().filter(|word| word.contains('=')) {
            mesh.overrides.push(read_set(text).unwrap());
        }
        (mesh.spec.elastic_memory, mesh.spec.kibana_memory) = (size, size);
        assert!(mesh.services().all(|service| mesh.memory(service) == size));
    }
}
