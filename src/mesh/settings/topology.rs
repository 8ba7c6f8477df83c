//! Who is to search whom, as a setting: a topology by name, or rules for single links. Pure: no I/O.

use std::{fmt, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    IndexPattern,
    mapping::{list, mapping, scalar, switch},
    value::{Scalar, Shape},
    yaml::Node,
};
use crate::mesh::{cluster_set::ClusterSet, id::ClusterId, invalid_value::InvalidValue, links::Link};

/// Which links a mesh is to have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Topology {
    /// Every cluster searches every other.
    #[default]
    All,
    None,
    /// One searches the others and, with `both`, they search it.
    Hub {
        hub: ClusterId,
        both: bool,
    },
    /// Those of the setting `links`; where rules name a link twice, the later one counts.
    Links(Vec<LinkRule>),
}

/// One rule of `links`: `from` searches `to`. No cluster is linked to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRule {
    pub from: ClusterSet,
    pub to: ClusterSet,
    /// Whether `to` searches `from`, too.
    pub both: bool,
    /// What may be searched by these links alone; `None` for what the remotes share with everybody.
    pub share: Option<Vec<IndexPattern>>,
}

impl Topology {
    /// Whether a link between two clusters of the mesh is wanted.
    pub fn has(&self, link: Link) -> bool {
        let Link { from, to } = link;
        from != to
            && match self {
                Self::All => true,
                Self::None => false,
                Self::Hub { hub, both } => from == *hub || (*both && to == *hub),
                Self::Links(_) => self.rule(link).is_some(),
            }
    }

    /// What a link shares by a list of its own.
    pub fn share(&self, link: Link) -> Option<&[IndexPattern]> {
        self.rule(link)?.share.as_deref()
    }

    /// The rule of `links` that counts for a link.
    fn rule(&self, link: Link) -> Option<&LinkRule> {
        match self {
            Self::Links(rules) => rules.iter().rev().find(|rule| rule.names(link)),
            Self::All | Self::None | Self::Hub { .. } => None,
        }
    }

    /// The clusters that it names.
    pub fn clusters(&self) -> Vec<ClusterId> {
        match self {
            Self::All | Self::None => Vec::new(),
            Self::Hub { hub, .. } => vec![*hub],
            Self::Links(rules) => rules.iter().flat_map(|rule| rule.from.iter().chain(rule.to.iter())).collect(),
        }
    }

    /// Its name, as the flag takes it.
    fn name(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::None => "none".to_owned(),
            Self::Hub { hub, both: false } => format!("hub:{}", hub.number()),
            Self::Hub { hub, both: true } => format!("hub:{},both", hub.number()),
            Self::Links(_) => "links".to_owned(),
        }
    }
}

impl LinkRule {
    fn names(&self, Link { from, to }: Link) -> bool {
        (self.from.contains(from) && self.to.contains(to))
            || (self.both && self.from.contains(to) && self.to.contains(from))
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Serialize for Topology {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Links(rules) => rules.serialize(to),
            Self::All | Self::None | Self::Hub { .. } => self.name().serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Topology {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Json::deserialize(from)?;
        let read = match &value {
            Json::String(name) => <Self as Scalar>::read(name, Path::new("")),
            Json::Array(rules) => {
                let rules = rules.iter().map(|rule| <LinkRule as Scalar>::read(&rule.to_string(), Path::new("")));
                rules.collect::<Result<_, _>>().map(Self::Links)
            }
            _ => Err(InvalidValue::new(format!("`{value}` is not a topology"))),
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl Serialize for LinkRule {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(to)
    }
}

/// Read as `all`, `none`, `hub:1` or `hub:1,both`, or as a mapping such as `{hub: 1, both: true}`.
impl Scalar for Topology {
    const SHAPE: Shape = Shape::Mapping;
    const PLACEHOLDER: &'static str = "TOPOLOGY";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        let refuse =
            || InvalidValue::new(format!("`{text}` is not a topology: `all`, `none`, `hub:1` or `hub:1,both`"));
        if text.starts_with('{') {
            let (mut hub, mut both) = (None, false);
            for (key, value) in mapping(text, &["hub", "both"])? {
                match key.as_str() {
                    "hub" => hub = Some(cluster(scalar("hub", &value)?)?),
                    _ => both = switch("both", &value)?,
                }
            }
            let hub = hub.ok_or_else(|| InvalidValue::new("`hub` is missing: the cluster that searches the others"))?;
            return Ok(Self::Hub { hub, both });
        }
        match text {
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            _ => {
                let (hub, both) = match text.strip_prefix("hub:").ok_or_else(refuse)?.split_once(',') {
                    Some((hub, "both")) => (hub, true),
                    Some(_) => return Err(refuse()),
                    None => (text.trim_start_matches("hub:"), false),
                };
                Ok(Self::Hub { hub: cluster(hub)?, both })
            }
        }
    }

    fn schema() -> Json {
        json!({ "anyOf": [
            { "type": "string", "pattern": "^(all|none|hub:[0-9]{1,2}(,both)?)$" },
            {
                "type": "object",
                "properties": { "hub": { "type": "integer", "minimum": 1, "maximum": 99 }, "both": { "type": "boolean" } },
                "required": ["hub"],
                "additionalProperties": false,
            },
        ] })
    }
}

/// Read as a mapping such as `{from: 1, to: 2-4, both: true, share: [hr-*]}`.
impl Scalar for LinkRule {
    const LIST_SHAPE: Shape = Shape::Mappings;
    const PLACEHOLDER: &'static str = "LINK";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        let (mut from, mut to, mut both, mut share) = (None, None, false, None);
        for (key, value) in mapping(text, &["from", "to", "both", "share"])? {
            match key.as_str() {
                "from" => from = Some(scalar("from", &value)?.parse::<ClusterSet>()?),
                "to" => to = Some(scalar("to", &value)?.parse::<ClusterSet>()?),
                "both" => both = switch("both", &value)?,
                _ => share = Some(patterns(&value)?),
            }
        }
        let missing = |key: &str| InvalidValue::new(format!("`{key}` is missing, as in `{{from: 1, to: 2-4}}`"));
        let (from, to) = (from.ok_or_else(|| missing("from"))?, to.ok_or_else(|| missing("to"))?);
        if from.iter().chain(to.iter()).all(|cluster| from.iter().next() == Some(cluster)) {
            return Err(InvalidValue::new(format!("it links cluster {from} with itself only")));
        }
        Ok(Self { from, to, both, share })
    }

    fn schema() -> Json {
        let clusters = <ClusterSet as Scalar>::schema();
        json!({
            "type": "object",
            "properties": {
                "from": clusters,
                "to": clusters,
                "both": { "type": "boolean" },
                "share": { "type": "array", "items": <IndexPattern as Scalar>::schema() },
            },
            "required": ["from", "to"],
            "additionalProperties": false,
        })
    }

    fn json(&self) -> Json {
        let mut json = json!({ "from": self.from.to_string(), "to": self.to.to_string() });
        if self.both {
            json["both"] = true.into();
        }
        if let Some(share) = &self.share {
            json["share"] = share.iter().map(ToString::to_string).collect();
        }
        json
    }
}

fn cluster(text: &str) -> Result<ClusterId, InvalidValue> {
    let number = text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number
        .and_then(ClusterId::new)
        .ok_or_else(|| InvalidValue::new(format!("`{text}` is not the number of a cluster from 1 to 99")))
}

/// At least one: a link that shares nothing proves nothing.
fn patterns(node: &Node) -> Result<Vec<IndexPattern>, InvalidValue> {
    let items = list("share", "[hr-*]", node)?;
    if items.is_empty() {
        return Err(InvalidValue::new("`share` is empty: leave it out for what its cluster shares with all"));
    }
    items.iter().map(|item| scalar("share", item)?.parse()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(text: &str) -> Result<Topology, InvalidValue> {
        <Topology as Scalar>::read(text, Path::new(""))
    }

    fn rule(text: &str) -> Result<LinkRule, InvalidValue> {
        <LinkRule as Scalar>::read(text, Path::new(""))
    }

    /// Every link of four clusters, such as `1→2`.
    fn links(topology: &Topology) -> String {
        let ids = || (1..=4).filter_map(ClusterId::new);
        let all = ids().flat_map(|from| ids().map(move |to| Link { from, to }));
        let wanted = all.filter(|link| topology.has(*link));
        wanted.map(|link| format!("{}→{}", link.from.number(), link.to.number())).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_topology_is_read_from_its_name_or_a_mapping() {
        for text in ["all", "none", "hub:1", "hub:2,both"] {
            assert_eq!(topology(text).unwrap().to_string(), text);
        }
        assert_eq!(topology("{hub: 2, both: true}"), topology("hub:2,both"));
        assert_eq!(topology(r#"{"hub": "1"}"#), topology("hub:1"));
        let refused = |text| topology(text).unwrap_err().to_string();
        insta::assert_snapshot!(refused("ring"), @"`ring` is not a topology: `all`, `none`, `hub:1` or `hub:1,both`");
        insta::assert_snapshot!(refused("hub:1,all"), @"`hub:1,all` is not a topology: `all`, `none`, `hub:1` or `hub:1,both`");
        insta::assert_snapshot!(refused("hub:0"), @"`0` is not the number of a cluster from 1 to 99");
        insta::assert_snapshot!(refused("{both: true}"), @"`hub` is missing: the cluster that searches the others");
        insta::assert_snapshot!(refused("{hub: 1, all: true}"), @"unknown `all`, expected `hub`, `both`");
    }

    #[test]
    fn the_links_of_each_topology() {
        let of = |text| links(&topology(text).unwrap());
        insta::assert_snapshot!(of("all"), @"1→2 1→3 1→4 2→1 2→3 2→4 3→1 3→2 3→4 4→1 4→2 4→3");
        insta::assert_snapshot!(of("none"), @"");
        insta::assert_snapshot!(of("hub:2"), @"2→1 2→3 2→4");
        insta::assert_snapshot!(of("hub:2,both"), @"1→2 2→1 2→3 2→4 3→2 4→2");
        let rules = ["{from: 1, to: 2-4}", "{from: 2, to: 3, both: true, share: [hr-*]}", "{from: 3, to: 2}"];
        let linked = Topology::Links(rules.map(|text| rule(text).unwrap()).into());
        insta::assert_snapshot!(links(&linked), @"1→2 1→3 1→4 2→3 3→2");
        let share = |from, to| {
            let id = |number| ClusterId::new(number).unwrap();
            linked.share(Link { from: id(from), to: id(to) }).map(<[IndexPattern]>::len)
        };
        assert_eq!([share(1, 2), share(2, 3), share(3, 2)], [None, Some(1), None], "the later rule counts");
    }

    #[test]
    fn a_rule_names_its_fault() {
        let refused = |text| rule(text).unwrap_err().to_string();
        insta::assert_snapshot!(refused("{from: 1}"), @"`to` is missing, as in `{from: 1, to: 2-4}`");
        insta::assert_snapshot!(refused("{from: 1, to: 1}"), @"it links cluster 1 with itself only");
        insta::assert_snapshot!(refused("{from: 1, to: 2, shared: x}"), @"unknown `shared`, expected `from`, `to`, `both`, `share`");
        insta::assert_snapshot!(refused("{from: 1, to: 2, share: hr-*}"), @"`share` is a list such as `[hr-*]`, found `hr-*`");
        insta::assert_snapshot!(refused("{from: 1, to: 2, share: []}"), @"`share` is empty: leave it out for what its cluster shares with all");
        insta::assert_snapshot!(refused("{from: 1, to: 2, both: maybe}"), @"`maybe` is not `true` or `false`");
        insta::assert_snapshot!(refused("1"), @"expected a mapping of `from`, `to`, `both`, `share`, found `1`");
    }

    #[test]
    fn what_is_recorded_is_read_back() {
        let rules = Topology::Links(vec![rule("{from: 1-2, to: '3,5', both: true, share: [hr-*]}").unwrap()]);
        for topology in [Topology::None, topology("hub:7,both").unwrap(), rules, Topology::Links(Vec::new())] {
            let text = serde_json::to_string(&topology).unwrap();
            assert_eq!(serde_json::from_str::<Topology>(&text).unwrap(), topology, "{text}");
        }
        assert!(serde_json::from_str::<Topology>("7").is_err());
    }
}
