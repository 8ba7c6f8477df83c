//! The nodes of a cluster, as a setting: how many, or each with its roles and its memory. Pure: no I/O.

use std::{collections::BTreeSet, fmt, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    Memory, Role,
    mapping::{entries, list, scalar},
    value::{Scalar, Shape},
    yaml::{self, Node as Yaml, Value},
};
use crate::mesh::{id::NodeNumber, invalid_value::InvalidValue};

/// The nodes that a cluster is to have, the first one first; never none, at most eight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nodes(Vec<NodeSettings>);

/// What is set for one node; what is not is as for every node of its cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeSettings {
    /// `None` for all roles that its image has.
    pub roles: Option<BTreeSet<Role>>,
    pub elastic_memory: Option<Memory>,
}

impl NodeSettings {
    fn has(&self, role: Role) -> bool {
        self.roles.as_ref().is_none_or(|roles| roles.contains(&role))
    }

    /// Whether it can be elected, or at least votes.
    pub fn is_master_eligible(&self) -> bool {
        self.has(Role::Master)
    }

    /// Whether it only votes: it breaks ties.
    pub fn only_votes(&self) -> bool {
        self.roles.as_ref().is_some_and(|roles| roles.contains(&Role::VotingOnly))
    }

    /// Whether it holds indices of users.
    pub fn holds_data(&self) -> bool {
        [Role::Data, Role::DataContent].into_iter().any(|role| self.has(role))
    }

    /// Whether it holds what is new of data streams, of which Elasticsearch has some of its own.
    pub fn holds_streams(&self) -> bool {
        [Role::Data, Role::DataHot].into_iter().any(|role| self.has(role))
    }

    /// Whether it may hold shards of any kind: one that may not does not start where there are some.
    pub fn may_hold_shards(&self) -> bool {
        self.roles.as_ref().is_none_or(|roles| roles.range(Role::Data..=Role::DataFrozen).next().is_some())
    }

    /// Whether other clusters are searched by it, and searches from other clusters may come to it: Elasticsearch sniffs
    /// out no node that is a master alone.
    pub fn is_searched(&self) -> bool {
        let others = |roles: &BTreeSet<Role>| roles.iter().any(|role| !matches!(role, Role::Master | Role::VotingOnly));
        self.roles.as_ref().is_none_or(others)
    }

    pub fn searches_remotes(&self) -> bool {
        self.has(Role::RemoteClusterClient)
    }
}

impl Nodes {
    /// From 1 to 8.
    pub fn count(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(NodeNumber::MAX)
    }

    /// The number of each node, with what is set for it.
    pub fn iter(&self) -> impl Iterator<Item = (NodeNumber, &NodeSettings)> {
        (1..).filter_map(NodeNumber::new).zip(&self.0)
    }

    /// `None` for a node that is not among them.
    pub fn get(&self, number: NodeNumber) -> Option<&NodeSettings> {
        self.0.get(usize::from(number.get()) - 1)
    }

    /// How many of them hold indices of users.
    pub fn data_nodes(&self) -> u32 {
        self.0.iter().map(|node| u32::from(node.holds_data())).sum()
    }

    /// The nodes that were found; only as many where they cannot be together, and `None` where so many cannot be.
    pub(in crate::mesh) fn of_traces(found: Vec<NodeSettings>) -> Option<Self> {
        let count = found.len();
        Self::of(found).or_else(|_| Self::of(vec![NodeSettings::default(); count])).ok()
    }

    /// # Errors
    /// No cluster can live by these nodes, with the remedy.
    pub(in crate::mesh) fn of(nodes: Vec<NodeSettings>) -> Result<Self, InvalidValue> {
        let refuse = |reason: String| Err(InvalidValue::new(reason));
        let most = NodeNumber::MAX;
        if nodes.is_empty() || nodes.len() > usize::from(most) {
            return refuse(format!("a cluster has 1 node or 3 to {most}, and not {}", nodes.len()));
        }
        if nodes.iter().any(|node| node.only_votes() && !node.is_master_eligible()) {
            return refuse(
                "`voting_only` needs `master`: `[master, voting_only]` is a node that breaks ties".to_owned(),
            );
        }
        let eligible = nodes.iter().filter(|node| node.is_master_eligible());
        match (eligible.clone().count(), eligible.filter(|node| !node.only_votes()).count()) {
            (_, 0) => return refuse("no node can be elected: one needs the role `master`".to_owned()),
            (2, _) => {
                return refuse(
                    "two nodes that can be elected are worse than one: when either dies, the cluster stops; \
                     set `nodes: 3`, or make the third one a tie-breaker with `roles: [master, voting_only]`"
                        .to_owned(),
                );
            }
            _ => {}
        }
        if !nodes.iter().any(NodeSettings::holds_data) {
            return refuse("no node holds data: one needs the role `data`".to_owned());
        }
        if !nodes.iter().any(NodeSettings::searches_remotes) {
            return refuse("no node can search other clusters: one needs the role `remote_cluster_client`".to_owned());
        }
        Ok(Self(nodes))
    }
}

impl Default for Nodes {
    fn default() -> Self {
        Self(vec![NodeSettings::default()])
    }
}

impl fmt::Display for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json().fmt(f)
    }
}

/// Read as a number, or as a list of mappings such as `[{}, {elastic_memory: 4g}, {roles: [master, voting_only]}]`.
impl Scalar for Nodes {
    const SHAPE: Shape = Shape::Sequence;
    const PLACEHOLDER: &'static str = "COUNT";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        let text = text.trim();
        if text.starts_with('[') {
            let parsed = yaml::parse(text).map_err(|error| InvalidValue::new(error.reason))?;
            let items = list("nodes", "[{}, {}, {roles: [master, voting_only]}]", &parsed)?;
            return Self::of(items.iter().cloned().map(node).collect::<Result<_, _>>()?);
        }
        let count = text.parse().map_err(|_| {
            InvalidValue::new(format!("`{text}` is not a number of nodes: 1 or 3 to {}", NodeNumber::MAX))
        })?;
        Self::of(vec![NodeSettings::default(); count])
    }

    fn schema() -> Json {
        let names: Vec<&str> = Role::names().collect();
        json!({ "anyOf": [
            { "type": "integer", "enum": [1, 3, 4, 5, 6, 7, 8] },
            {
                "type": "array",
                "minItems": 1,
                "maxItems": NodeNumber::MAX,
                "items": {
                    "type": ["object", "null"],
                    "properties": {
                        "roles": { "type": "array", "items": { "enum": names } },
                        "elastic_memory": Memory::schema(),
                    },
                    "additionalProperties": false,
                },
            },
        ] })
    }

    fn json(&self) -> Json {
        if self.0.iter().all(|node| *node == NodeSettings::default()) {
            return self.0.len().into();
        }
        let node = |node: &NodeSettings| {
            let mut json = json!({});
            if let Some(roles) = &node.roles {
                json["roles"] = roles.iter().map(|role| role.name()).collect();
            }
            if let Some(memory) = &node.elastic_memory {
                json["elastic_memory"] = memory.json();
            }
            json
        };
        self.0.iter().map(node).collect()
    }
}

fn node(yaml: Yaml) -> Result<NodeSettings, InvalidValue> {
    let mut node = NodeSettings::default();
    if matches!(yaml.value, Value::Null) {
        return Ok(node);
    }
    for (key, value) in entries(yaml, &["roles", "elastic_memory"])? {
        match key.as_str() {
            "roles" => {
                let names = list("roles", "[data, ingest]", &value)?;
                node.roles =
                    Some(names.iter().map(|item| Role::named(scalar("roles", item)?)).collect::<Result<_, _>>()?);
            }
            _ => node.elastic_memory = Some(scalar("elastic_memory", &value)?.parse()?),
        }
    }
    Ok(node)
}

impl Serialize for Nodes {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Json::deserialize(from)?.to_string();
        <Self as Scalar>::read(&text, Path::new("")).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Nodes, InvalidValue> {
        <Nodes as Scalar>::read(text, Path::new(""))
    }

    #[test]
    fn a_count_or_a_list_is_read_back_as_it_is_recorded() {
        let tie_breaker = "[{}, {elastic_memory: 4g}, {roles: [master, voting_only]}]";
        for text in ["1", "3", "8", tie_breaker, "[{roles: [master, data, remote_cluster_client]}, {roles: [data]}]"] {
            let nodes = read(text).unwrap();
            let recorded = serde_json::to_string(&nodes).unwrap();
            assert_eq!(serde_json::from_str::<Nodes>(&recorded).unwrap(), nodes, "{recorded}");
        }
        insta::assert_snapshot!(read(tie_breaker).unwrap(), @r#"[{},{"elastic_memory":"4g"},{"roles":["master","voting_only"]}]"#);
        let nodes = read(tie_breaker).unwrap();
        assert_eq!((nodes.count(), nodes.data_nodes()), (3, 2));
        assert_eq!(read("[{}, {}, {}]").unwrap().to_string(), "3");
    }

    #[test]
    fn what_no_cluster_can_live_by_is_refused_with_the_remedy() {
        let counts = ["0", "2", "9", "three", "[]", "[{}, {}]", "[{roles: [boss]}]", "[{memory: 4g}]"];
        let votes = ["[{roles: [data, remote_cluster_client]}]", "[{roles: [master, voting_only]}]"];
        let roles = ["[{}, {roles: [voting_only, data]}]", "[{roles: [master, remote_cluster_client]}]"];
        let wrong = counts.into_iter().chain(votes).chain(roles).chain(["[{roles: [master, data]}]"]);
        let refused: Vec<String> = wrong.map(|text| format!("{text}: {}", read(text).unwrap_err())).collect();
        insta::assert_snapshot!(refused.join("\n"), @r"
        0: a cluster has 1 node or 3 to 8, and not 0
        2: two nodes that can be elected are worse than one: when either dies, the cluster stops; set `nodes: 3`, or make the third one a tie-breaker with `roles: [master, voting_only]`
        9: a cluster has 1 node or 3 to 8, and not 9
        three: `three` is not a number of nodes: 1 or 3 to 8
        []: a cluster has 1 node or 3 to 8, and not 0
        [{}, {}]: two nodes that can be elected are worse than one: when either dies, the cluster stops; set `nodes: 3`, or make the third one a tie-breaker with `roles: [master, voting_only]`
        [{roles: [boss]}]: `boss` is not a role of a node, expected one of master, voting_only, data, data_content, data_hot, data_warm, data_cold, data_frozen, ingest, ml, transform, remote_cluster_client
        [{memory: 4g}]: unknown `memory`, expected `roles`, `elastic_memory`
        [{roles: [data, remote_cluster_client]}]: no node can be elected: one needs the role `master`
        [{roles: [master, voting_only]}]: no node can be elected: one needs the role `master`
        [{}, {roles: [voting_only, data]}]: `voting_only` needs `master`: `[master, voting_only]` is a node that breaks ties
        [{roles: [master, remote_cluster_client]}]: no node holds data: one needs the role `data`
        [{roles: [master, data]}]: no node can search other clusters: one needs the role `remote_cluster_client`
        ");
    }

    /// Whatever roles three nodes have: it is taken only where a majority can lose one that can be elected.
    #[test]
    fn no_list_that_is_taken_has_two_that_can_be_elected() {
        let kinds = [
            "{}",
            "{roles: [data, remote_cluster_client]}",
            "{roles: [master]}",
            "{roles: [master, voting_only]}",
            "{roles: []}",
        ];
        let mut taken = 0;
        for number in 0..kinds.len().pow(3) {
            let kind = |digit: u32| kinds[number / kinds.len().pow(digit) % kinds.len()];
            let text = format!("[{}, {}, {}]", kind(0), kind(1), kind(2));
            let Ok(nodes) = read(&text) else { continue };
            taken += 1;
            let eligible = nodes.iter().filter(|(_, node)| node.is_master_eligible()).count();
            assert!(eligible == 1 || eligible == 3, "{text}");
            assert!(nodes.data_nodes() > 0 && nodes.iter().any(|(_, node)| node.searches_remotes()), "{text}");
        }
        assert!(taken > 20, "{taken}");
    }
}
