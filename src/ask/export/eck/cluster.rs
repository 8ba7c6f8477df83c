//! A cluster as ECK has it: its nodes, its remotes, its Kibana. Pure: no I/O.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Move, pod, policy::LABEL};
use crate::mesh::{
    id::ClusterId,
    links::Link,
    settings::{Memory, Role},
};

/// The volume that ECK mounts where Elasticsearch keeps its data.
const VOLUME: &str = "elasticsearch-data";

/// What nodes of one set have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NodeSet {
    roles: Option<Vec<&'static str>>,
    memory: Memory,
}

impl Move<'_> {
    pub(super) fn cluster(&self, of: ClusterId) -> Vec<Value> {
        let elasticsearch = json!({
            "apiVersion": "elasticsearch.k8s.elastic.co/v1",
            "kind": "Elasticsearch",
            "metadata": self.metadata(&of.to_string(), Some(json!({ LABEL: self.group(of) }))),
            "spec": self.elasticsearch(of),
        });
        let kibana = json!({
            "apiVersion": "kibana.k8s.elastic.co/v1",
            "kind": "Kibana",
            "metadata": self.metadata(&of.to_string(), None),
            "spec": self.kibana(of),
        });
        let has_kibana = self.mesh.has(of.kibana());
        std::iter::once(elasticsearch).chain(has_kibana.then_some(kibana)).collect()
    }

    fn elasticsearch(&self, of: ClusterId) -> Value {
        let mesh = self.mesh;
        let mut spec = json!({ "version": mesh.version(of).to_string(), "nodeSets": self.node_sets(of) });
        if let Some(image) = self.image_of("elasticsearch", of) {
            spec["image"] = image.into();
        }
        // switched on later, it restarts the cluster
        if mesh.searchers(of).next().is_some() || mesh.guests_of(of).next().is_some() {
            spec["remoteClusterServer"] = json!({ "enabled": true });
        }
        let remotes: Vec<Value> = mesh.remotes(of).map(|to| self.remote(Link { from: of, to })).collect();
        if !remotes.is_empty() {
            spec["remoteClusters"] = remotes.into();
        }
        spec
    }

    /// ECK makes the API key and stores it; the name stays what searches call it.
    fn remote(&self, link: Link) -> Value {
        let names = self.mesh.shared_by(self.mesh.key_of(link));
        json!({
            "name": link.to,
            "elasticsearchRef": { "name": link.to },
            "apiKey": { "access": { "search": { "names": names } } },
        })
    }

    fn node_sets(&self, of: ClusterId) -> Vec<Value> {
        let mesh = self.mesh;
        let mut sets: BTreeMap<NodeSet, u32> = BTreeMap::new();
        for node in mesh.nodes(of) {
            let settings = mesh.node_settings(node);
            let roles = settings.roles.map(|roles| roles.into_iter().map(Role::name).collect());
            let memory = settings.elastic_memory.unwrap_or_else(|| mesh.settings(of).elastic_memory);
            *sets.entry(NodeSet { roles, memory }).or_default() += 1;
        }
        let alone = sets.len() == 1;
        let name = |at: usize| if alone { "default".to_owned() } else { format!("set-{}", at + 1) };
        sets.into_iter().enumerate().map(|(at, (set, count))| self.node_set(of, &name(at), &set, count)).collect()
    }

    fn node_set(&self, of: ClusterId, name: &str, set: &NodeSet, count: u32) -> Value {
        let settings = self.mesh.settings(of);
        let own =
            settings.settings.names().filter_map(|name| Some((name.to_owned(), settings.settings.get(name)?.clone())));
        let mut config: Map<String, Value> = own.collect();
        // without it, every machine needs a larger vm.max_map_count than it has
        config.entry("node.store.allow_mmap").or_insert(false.into());
        if let Some(roles) = &set.roles {
            config.insert("node.roles".to_owned(), json!(roles));
        }
        let mut claim = json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": self.volume.to_string() } } });
        if let Some(class) = self.storage_class.map(ToString::to_string) {
            claim["storageClassName"] = class.into();
        }
        json!({
            "name": name,
            "count": count,
            "config": config,
            "podTemplate": pod("elasticsearch", set.memory),
            "volumeClaimTemplates": [{ "metadata": { "name": VOLUME }, "spec": claim }],
        })
    }

    /// Without the path that it has in a mesh: that is a matter of an Ingress.
    fn kibana(&self, of: ClusterId) -> Value {
        let settings = self.mesh.settings(of);
        let own = settings.kibana_settings.names();
        let own: Map<String, Value> =
            own.filter_map(|name| Some((name.to_owned(), settings.kibana_settings.get(name)?.clone()))).collect();
        let mut spec = json!({
            "version": self.mesh.version(of).to_string(),
            "count": 1,
            "elasticsearchRef": { "name": of },
            "podTemplate": pod("kibana", settings.kibana_memory),
        });
        if let Some(image) = self.image_of("kibana", of) {
            spec["image"] = image.into();
        }
        if !own.is_empty() {
            spec["config"] = own.into();
        }
        spec
    }
}
