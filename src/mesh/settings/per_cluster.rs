//! Settings of single clusters: the `overrides` of a file, and what `--set` records until `--unset`. Pure: no I/O.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Overrides, SETTINGS, Setting, define::Scope, near, value::Shape};
use crate::mesh::{cluster_set::ClusterSet, id::ClusterId, invalid_value::InvalidValue};

/// Settings that clusters can have by themselves; what is not set is as in the whole mesh.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Json>", into = "BTreeMap<String, Json>")]
pub struct ClusterSettings(Overrides);

/// Settings of some clusters: an entry of `overrides`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterOverride {
    pub clusters: ClusterSet,
    #[serde(flatten)]
    pub settings: ClusterSettings,
}

/// A setting that `--unset` takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unset {
    pub clusters: ClusterSet,
    pub setting: &'static str,
    /// One name of a mapping; all of it without one.
    pub name: Option<String>,
}

/// What one source sets of single clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PerCluster {
    /// In place of those that are recorded; later ones win.
    pub overrides: Option<Vec<ClusterOverride>>,
    /// On top of what is recorded.
    pub set: Vec<ClusterOverride>,
    /// Before `set`.
    pub unset: Vec<Unset>,
}

impl PerCluster {
    /// This, and where it has no list of overrides, that of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            overrides: self.overrides.or(other.overrides),
            set: other.set.into_iter().chain(self.set).collect(),
            unset: other.unset.into_iter().chain(self.unset).collect(),
        }
    }

    /// What was set by `--set`, with what is set and unset now.
    pub fn recorded_with(
        &self,
        mut recorded: BTreeMap<ClusterId, ClusterSettings>,
    ) -> BTreeMap<ClusterId, ClusterSettings> {
        for Unset { clusters, setting, name } in &self.unset {
            for cluster in clusters.iter() {
                let known = recorded.remove(&cluster).unwrap_or_default();
                recorded.insert(cluster, known.without(setting, name.as_deref()));
            }
        }
        for ClusterOverride { clusters, settings } in &self.set {
            for cluster in clusters.iter() {
                recorded.entry(cluster).or_default().overlay(settings);
            }
        }
        recorded.retain(|_, settings| !settings.is_empty());
        recorded
    }
}

impl ClusterSettings {
    /// Those of `overrides` that clusters can have by themselves.
    pub fn of(overrides: &Overrides) -> Self {
        let mut values = overrides.values();
        values.retain(|name, _| Setting::of(name).scope == Scope::Cluster);
        let values: BTreeMap<String, Json> = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        values.try_into().expect("should be values: they are written as they are read")
    }

    pub fn as_overrides(&self) -> &Overrides {
        &self.0
    }

    pub(super) fn overrides_mut(&mut self) -> &mut Overrides {
        &mut self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0 == Overrides::default()
    }

    /// Takes what `later` sets on top of this.
    pub fn overlay(&mut self, later: &Self) {
        self.0.overlay(&later.0);
    }

    /// This without a setting, or without one name of a mapping.
    #[must_use]
    fn without(self, setting: &str, name: Option<&str>) -> Self {
        let mut values = BTreeMap::from(self);
        match (name, values.get_mut(setting)) {
            (Some(name), Some(Json::Object(fields))) => {
                fields.remove(name);
                if fields.is_empty() {
                    values.remove(setting);
                }
            }
            _ => drop(values.remove(setting)),
        }
        values.try_into().expect("should be values: they were before")
    }
}

impl From<ClusterSettings> for BTreeMap<String, Json> {
    fn from(settings: ClusterSettings) -> Self {
        settings.0.values().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl TryFrom<BTreeMap<String, Json>> for ClusterSettings {
    type Error = InvalidValue;

    fn try_from(values: BTreeMap<String, Json>) -> Result<Self, InvalidValue> {
        if let Some(name) = values.keys().find(|name| of_clusters(name).is_none()) {
            return Err(InvalidValue::new(format!("`{name}` is not a setting of a cluster")));
        }
        Overrides::of_record(&values).map(Self).map_err(|error| InvalidValue::new(error.to_string()))
    }
}

/// The settings that clusters can have by themselves.
pub fn all_of_clusters() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| setting.scope == Scope::Cluster)
}

fn of_clusters(name: &str) -> Option<&'static Setting> {
    Setting::named(name).filter(|setting| setting.scope == Scope::Cluster)
}

/// Reads what `--set` takes: `cluster03.elastic_memory=4g`.
pub fn read_set(text: &str) -> Result<ClusterOverride, InvalidValue> {
    const EXAMPLE: &str = "cluster03.elastic_memory=4g";
    let refuse =
        || InvalidValue::new(format!("`{text}` is not a setting of a cluster with its value, such as `{EXAMPLE}`"));
    let (path, value) = text.split_once('=').ok_or_else(refuse)?;
    let Target { clusters, setting, name } = target(path)?;
    let texts = match (name, setting.shape) {
        (Some(name), _) => vec![format!("{name}={value}")],
        (None, Shape::Map) => {
            return Err(InvalidValue::new(format!("`{path}` needs a name, such as `{path}.{}`", setting.example)));
        }
        (None, _) if setting.shape == Shape::List && value.is_empty() => Vec::new(),
        (None, _) => setting.texts(value),
    };
    let read = |other: &'static Setting| (other.name == setting.name).then(|| texts.clone());
    let overrides = Overrides::read(Path::new(""), read).map_err(|mut flaws| flaws.remove(0).reason)?;
    Ok(ClusterOverride { clusters, settings: ClusterSettings(overrides) })
}

/// Reads what `--unset` takes: `cluster03.elastic_memory`.
pub fn read_unset(text: &str) -> Result<Unset, InvalidValue> {
    let Target { clusters, setting, name } = target(text)?;
    Ok(Unset { clusters, setting: setting.name, name })
}

struct Target {
    clusters: ClusterSet,
    setting: &'static Setting,
    name: Option<String>,
}

/// Reads `cluster03.elastic_memory`, `1-3.elastic_memory` or `cluster03.settings.a.b`.
fn target(text: &str) -> Result<Target, InvalidValue> {
    let refuse =
        || InvalidValue::new(format!("`{text}` is not a setting of a cluster, such as `cluster03.elastic_memory`"));
    let (clusters, rest) = text.split_once('.').ok_or_else(refuse)?;
    let clusters = match clusters.parse::<ClusterId>() {
        Ok(cluster) => ClusterSet::new([cluster]).ok_or_else(refuse)?,
        Err(_) => clusters.parse()?,
    };
    let (name, inner) = rest.split_once('.').map_or((rest, None), |(name, inner)| (name, Some(inner.to_owned())));
    let setting = of_clusters(name).ok_or_else(|| InvalidValue::new(unknown(name)))?;
    if inner.is_some() && setting.shape != Shape::Map {
        return Err(refuse());
    }
    Ok(Target { clusters, setting, name: inner })
}

/// The message for a name that is not a setting of clusters.
fn unknown(name: &str) -> String {
    let names: Vec<&str> = all_of_clusters().map(|setting| setting.name).collect();
    if Setting::named(name).is_some() {
        format!("`{name}` cannot be set for one cluster, only for the whole mesh")
    } else if let Some(meant) = near::setting(name).filter(|meant| names.contains(meant)) {
        format!("unknown setting `{name}`; did you mean `{meant}`?")
    } else {
        format!("unknown setting `{name}`, expected one of {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mesh::{example::recorded_settings, settings::MeshSpec};

    fn set(text: &str) -> ClusterOverride {
        read_set(text).unwrap()
    }

    fn json(settings: &impl Serialize) -> String {
        serde_json::to_string(settings).unwrap()
    }

    #[test]
    fn a_setting_of_a_cluster_is_read() {
        insta::assert_snapshot!(json(&set("cluster03.elastic_memory=4g")), @r#"{"clusters":"3","elastic_memory":"4g"}"#);
        insta::assert_snapshot!(json(&set("1-3,7.share=hr-*,logs-*")), @r#"{"clusters":"1-3,7","share":["hr-*","logs-*"]}"#);
        insta::assert_snapshot!(json(&set("cluster01.kibana=false")), @r#"{"clusters":"1","kibana":false}"#);
        insta::assert_snapshot!(json(&set("cluster01.share=")), @r#"{"clusters":"1","share":[]}"#);
        insta::assert_snapshot!(json(&set("cluster02.settings.indices.a=4096")), @r#"{"clusters":"2","settings":{"indices.a":4096}}"#);
    }

    #[test]
    fn what_is_not_one_is_refused() {
        let refusal = |text: &str| read_set(text).unwrap_err().to_string();
        insta::assert_snapshot!(refusal("cluster03.elastic_memory"), @"`cluster03.elastic_memory` is not a setting of a cluster with its value, such as `cluster03.elastic_memory=4g`");
        insta::assert_snapshot!(refusal("elastic_memory=4g"), @"`elastic_memory` is not a setting of a cluster, such as `cluster03.elastic_memory`");
        insta::assert_snapshot!(refusal("cluster3.elastic_memory=4g"), @"`cluster3` is not a set of clusters from 1 to 99 such as `1-3,7`");
        insta::assert_snapshot!(refusal("cluster03.elastic-memory=4g"), @"unknown setting `elastic-memory`; did you mean `elastic_memory`?");
        insta::assert_snapshot!(refusal("cluster03.bind=0.0.0.0"), @"`bind` cannot be set for one cluster, only for the whole mesh");
        insta::assert_snapshot!(refusal("cluster03.elastic_memory=4"), @"`4` is not an amount of memory such as `2g` or `1536m`");
        insta::assert_snapshot!(refusal("cluster03.settings=4"), @"`cluster03.settings` needs a name, such as `cluster03.settings.indices.query.bool.max_clause_count=4096`");
        insta::assert_snapshot!(refusal("cluster03.settings.path.data=/x"), @"mesh sets `path.*` itself");
    }

    #[test]
    fn what_was_set_stays_until_it_is_unset() {
        let three = ClusterId::new(3).unwrap();
        let now = |set: &[&str], unset: &[&str]| PerCluster {
            overrides: None,
            set: set.iter().map(|text| read_set(text).unwrap()).collect(),
            unset: unset.iter().map(|text| read_unset(text).unwrap()).collect(),
        };
        let first =
            now(&["cluster03.elastic_memory=4g", "cluster03.settings.a.b=1"], &[]).recorded_with(BTreeMap::new());
        let more = now(&["cluster03.settings.a.c=2", "cluster03.elastic_memory=5g"], &[]).recorded_with(first);
        insta::assert_snapshot!(json(&more), @r#"{"cluster03":{"elastic_memory":"5g","settings":{"a.b":1,"a.c":2}}}"#);
        let less = now(&[], &["cluster03.settings.a.b", "cluster03.elastic_memory"]).recorded_with(more);
        insta::assert_snapshot!(json(&less[&three]), @r#"{"settings":{"a.c":2}}"#);
        assert_eq!(now(&[], &["cluster03.settings", "cluster03.kibana"]).recorded_with(less), BTreeMap::new());
    }

    /// Names that are refused today were not always, and more will be.
    #[test]
    fn a_record_is_read_whatever_is_refused_since() {
        let text = r#"{"clusters":"2","kibana_settings":{"server.name":"x"},"settings":{"path.data":"/x"}}"#;
        assert_eq!(json(&serde_json::from_str::<ClusterOverride>(text).unwrap()), text);
    }

    #[test]
    fn every_setting_of_a_cluster_is_read_back() {
        let usual = Overrides::from(MeshSpec::default());
        for settings in recorded_settings().into_iter().map(|(_, example)| example).chain([usual]) {
            let settings = ClusterSettings::of(&settings);
            assert_eq!(serde_json::from_str::<ClusterSettings>(&json(&settings)).unwrap(), settings);
        }
    }

    proptest! {
        #[test]
        fn what_is_recorded_is_read_back(memory in 512..9000_u32, kibana: bool, value: i32, name in "[a-w][a-z_]{0,5}(\\.[a-z]{1,5}){1,3}") {
            let texts = [
                format!("1-3,7.elastic_memory={memory}m"),
                format!("1-3,7.kibana={kibana}"),
                format!("1-3,7.settings.{name}={value}"),
            ];
            let mut one = set(&texts[0]);
            for text in &texts[1..] {
                if let Ok(more) = read_set(text) {
                    one.settings.overlay(&more.settings);
                }
            }
            prop_assert_eq!(serde_json::from_str::<ClusterOverride>(&json(&one)).unwrap(), one);
        }
    }
}
