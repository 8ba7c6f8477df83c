//! Data views: what Kibana's users choose from, each a name for a pattern of indices. Pure: no I/O.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Mesh, cluster_set::ClusterSet, data_set::LOCAL, id::ClusterId, invalid_value::InvalidValue};

/// What the view of the whole mesh is called.
pub const WHOLE: &str = "mesh-data-set";

/// The name of a view that `mesh` makes: letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ViewName(String);

/// A view that was asked for by a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    pub pattern: ViewPattern,
    /// The clusters whose Kibanas have it; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<ClusterSet>,
}

/// An expression of index patterns, of remotes too: `logs-*,cluster*:logs-*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ViewPattern(String);

/// A view as a Kibana is to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataView {
    /// Dashboards refer to views by their ids, so it never changes.
    pub id: String,
    pub name: String,
    /// Kibana's word for the pattern.
    pub title: String,
}

impl Mesh {
    /// The views that a cluster's Kibana is to have; none where there is no Kibana.
    pub fn data_views(&self, on: ClusterId) -> Vec<DataView> {
        if !self.has(on.kibana()) {
            return Vec::new();
        }
        let built_in = [(LOCAL, LOCAL.to_owned()), (WHOLE, self.everywhere(on, LOCAL))];
        let built_in = built_in.into_iter().filter(|_| self.spec.data_set.0).map(|(name, title)| view(name, title));
        let asked =
            self.views.iter().filter(|(_, of)| of.is_on(on)).map(|(name, of)| view(&name.0, of.pattern.0.clone()));
        built_in.chain(asked).collect()
    }
}

impl View {
    /// Whether the Kibana of a cluster is to have it, if there is one.
    pub fn is_on(&self, cluster: ClusterId) -> bool {
        self.on.as_ref().is_none_or(|clusters| clusters.contains(cluster))
    }

    /// The clusters whose Kibanas are to have it.
    pub fn shown_on(&self, mesh: &Mesh) -> impl Iterator<Item = ClusterId> {
        mesh.clusters().filter(move |cluster| self.is_on(*cluster) && mesh.has(cluster.kibana()))
    }
}

fn view(name: &str, title: String) -> DataView {
    DataView { id: id_of(name), name: name.to_owned(), title }
}

/// The id under which `mesh` makes the view of a name.
pub fn id_of(name: &str) -> String {
    format!("mesh-{name}")
}

impl FromStr for ViewName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if text.is_empty() || text.len() > 100 || !text.chars().all(fits) {
            return Err(InvalidValue::new(format!(
                "`{}` is not a name of a data view such as `web-logs`: up to 100 of letters, digits, `-` and `_`",
                text.escape_debug()
            )));
        }
        if [LOCAL, WHOLE].contains(&text) {
            return Err(InvalidValue::new(format!("the view `{text}` is there already; take another name")));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for ViewPattern {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let fits = |c: char| !c.is_whitespace() && !c.is_control() && !r#"\/?"<>|"#.contains(c);
        if text.is_empty() || !text.chars().all(fits) {
            return Err(InvalidValue::new(format!(
                "`{}` is not a pattern of indices such as `logs-*,cluster*:logs-*`",
                text.escape_debug()
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

/// What both texts have in common.
macro_rules! text {
    ($($type:ty),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> Self {
                text.0
            }
        }
    )*};
}
text!(ViewName, ViewPattern);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::DataSet;

    #[test]
    fn every_kibana_has_a_local_view_and_one_of_the_whole_mesh() {
        let mut mesh = Mesh::example(2);
        let titles = |mesh: &Mesh| {
            let views = mesh.data_views(ClusterId::FIRST).into_iter();
            views.map(|view| format!("{} = {}", view.id, view.title)).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(titles(&mesh), @r"
        mesh-local-data-set = local-data-set
        mesh-mesh-data-set = local-data-set,cluster*:local-data-set
        ");
        mesh.spec.data_set = DataSet(false);
        let view = View { pattern: "logs-*,cluster*:logs-*".parse().unwrap(), on: ClusterSet::new([ClusterId::FIRST]) };
        mesh.views.insert("logs".parse().unwrap(), view);
        insta::assert_snapshot!(titles(&mesh), @"mesh-logs = logs-*,cluster*:logs-*");
        assert_eq!(mesh.data_views(ClusterId::new(2).unwrap()), []);
        let logs = mesh.views.values().next().unwrap().clone();
        assert_eq!(logs.shown_on(&mesh).collect::<Vec<_>>(), [ClusterId::FIRST]);
        let without = mesh.without_kibana();
        assert_eq!((without.data_views(ClusterId::FIRST), logs.shown_on(&without).count()), (Vec::new(), 0));
    }

    #[test]
    fn names_and_patterns_are_those_that_kibana_takes() {
        for wrong in ["", "a b", "local-data-set", "../x"] {
            assert!(wrong.parse::<ViewName>().is_err(), "{wrong}");
        }
        for wrong in ["", "a b", "a/b", "a\\b", "a\n"] {
            assert!(wrong.parse::<ViewPattern>().is_err(), "{wrong}");
        }
        assert_eq!("*:logs-*,-logs-old".parse::<ViewPattern>().unwrap().to_string(), "*:logs-*,-logs-old");
    }
}
