//! Meshes as tests need them: one with every default, and what can be different of it. Pure: no I/O.

use std::{collections::BTreeMap, path::Path};

use super::{
    FORMAT, Mesh, Owner, allocate,
    cluster::{Cluster, Conditions, Discovery},
    cluster_set::ClusterSet,
    defaults::Revision,
    gateway::OwnGateway,
    id::ClusterId,
    network::Subnet,
    settings::{GatewayAddress, LinkRule, MeshSpec, Overrides, SETTINGS, Setting, StackVersion, per_cluster::read_set},
    templates::Templates,
};

/// The settings that a mesh keeps, each with the value that is its example.
pub fn recorded_settings() -> Vec<(&'static str, Overrides)> {
    let kept = Overrides::from(MeshSpec::default()).values();
    let recorded = SETTINGS.iter().filter(|setting| kept.contains_key(setting.name));
    let example = |setting: &'static Setting| {
        let texts = |other: &'static Setting| (other.name == setting.name).then(|| setting.texts(setting.example));
        (setting.name, Overrides::read(Path::new("/"), texts).expect("should be a value: it is the example"))
    };
    recorded.map(example).collect()
}

/// The cluster of this number.
pub fn cluster(number: u8) -> ClusterId {
    ClusterId::new(number).expect("should be a number of a cluster")
}

/// A rule by which clusters search others, with what it shares if that is not what the mesh shares.
pub fn link_rule(from: &str, to: &str, share: Option<&str>) -> LinkRule {
    let set = |text: &str| text.parse().expect("should be a set of clusters");
    let share = share.map(|pattern| vec![pattern.parse().expect("should be a pattern")]);
    LinkRule { from: set(from), to: set(to), both: false, share }
}

impl Mesh {
    /// A mesh with every default.
    pub fn example(clusters: u8) -> Self {
        Self {
            format: FORMAT,
            id: "0123456789abcdef".to_owned(),
            name: None,
            dir: "/mnt/data/mesh".into(),
            defaults: Revision::FIRST,
            spec: MeshSpec::default(),
            overrides: Vec::new(),
            set: BTreeMap::new(),
            clusters: BTreeMap::new(),
            peers: BTreeMap::new(),
            guests: BTreeMap::new(),
            users: BTreeMap::new(),
            views: BTreeMap::new(),
            gateway: None,
            subnet: "10.213.0.0/24".parse().expect("should be a subnet"),
            ports: None,
            owner: Owner { uid: 999, gid: 0 },
            engine: None,
            host_name: "vm".to_owned(),
            templates: Templates::default(),
        }
        .with_count(clusters)
    }

    /// This mesh with another version everywhere.
    #[must_use]
    pub fn of_version(mut self, version: StackVersion) -> Self {
        self.spec.stack_version = version;
        self.clusters.values_mut().for_each(|cluster| (cluster.version, cluster.upgrade) = (version, None));
        self
    }

    /// Its clusters, where it has these.
    fn places(&self, clusters: impl Iterator<Item = ClusterId>) -> BTreeMap<ClusterId, Cluster> {
        let wanted = |id: ClusterId| {
            let settings = self.settings(id);
            let conditions = Conditions {
                version: self.spec.stack_version,
                defaults: self.defaults,
                discovery: Discovery::of(&settings.nodes),
                spans_machines: false,
                nodes: settings.nodes.count(),
                kibana: settings.kibana,
            };
            (id, (conditions, self.clusters.get(&id).cloned()))
        };
        allocate::places(clusters.map(wanted).collect(), self.subnet).expect("should have enough addresses")
    }

    /// This mesh with so many clusters.
    #[must_use]
    pub fn with_count(self, count: u8) -> Self {
        self.with_clusters(&count.to_string())
    }

    /// This mesh with these clusters.
    #[must_use]
    pub fn with_clusters(mut self, set: &str) -> Self {
        self.clusters = self.places(ClusterSet::of_mesh(set).expect("should be a set").iter());
        self
    }

    /// This mesh with other settings for all of its clusters.
    #[must_use]
    pub fn with_settings(mut self, settings: &Overrides) -> Self {
        self.spec = self.spec.with(settings);
        self.clusters = self.places(self.clusters());
        if self.spec.gateway.0.is_some() {
            self.gateway = OwnGateway::decide(self.gateway.as_ref(), &self.clusters, self.subnet);
        }
        let version = self.spec.stack_version;
        self.of_version(version)
    }

    /// This mesh in another network.
    #[must_use]
    pub fn moved_to(mut self, subnet: Subnet) -> Self {
        self.subnet = subnet;
        self.clusters = self.places(self.clusters());
        self
    }

    /// This mesh with so many nodes in a cluster.
    #[must_use]
    pub fn with_nodes(mut self, cluster: u8, nodes: u8) -> Self {
        self.overrides.push(read_set(&format!("{cluster}.nodes={nodes}")).expect("should be a setting"));
        self.clusters = self.places(self.clusters());
        self
    }

    /// This mesh with a gateway of its own.
    #[must_use]
    pub fn with_gateway(mut self, at: &str) -> Self {
        self.spec.gateway = GatewayAddress(at.parse().ok());
        self.gateway = OwnGateway::decide(self.gateway.as_ref(), &self.clusters, self.subnet);
        self
    }

    /// This mesh with a name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.parse().expect("should be a name")), ..self }
    }

    /// This mesh without Kibana.
    #[must_use]
    pub fn without_kibana(mut self) -> Self {
        self.spec.kibana = false;
        for cluster in self.clusters.values_mut() {
            cluster.kibana = None;
        }
        self
    }
}
