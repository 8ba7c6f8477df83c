//! Sets of clusters, written `1-3,7`. Pure: no I/O.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    id::{ClusterId, Count},
    invalid_value::InvalidValue,
};
use crate::{exit::Exit, explain::Explain};

/// One cluster or more.
///
/// Its canonical form names every range once and in order: `7,2,1-1,3` is shown as `1-3,7`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ClusterSet(BTreeSet<ClusterId>);

impl ClusterSet {
    /// `None` if there is no cluster.
    pub fn new(clusters: impl IntoIterator<Item = ClusterId>) -> Option<Self> {
        Some(clusters.into_iter().collect()).filter(|clusters: &BTreeSet<_>| !clusters.is_empty()).map(Self)
    }

    /// Reads the clusters that a mesh is to have: a single number is their count, so that `8` means 1 to 8. Anything
    /// else is a set: `5-8`, `1-4,7`.
    pub fn of_mesh(text: &str) -> Result<Self, InvalidValue> {
        match number(text) {
            Some(count) => Ok(Self((1..=count.number()).filter_map(ClusterId::new).collect())),
            None if text.contains(['-', ',']) => text.parse(),
            None => Err(InvalidValue::new(format!(
                "`{text}` is neither a number of clusters from 1 to 99 nor a set such as `5-8`"
            ))),
        }
    }

    /// Every cluster that a mesh can have.
    pub fn all() -> Self {
        Self(Count::MAX.clusters().collect())
    }

    /// The clusters 1 to `count`, for tests; `None` where these are none.
    #[cfg(test)]
    pub fn first(count: u8) -> Option<Self> {
        Self::new(Count::new(count)?.clusters())
    }

    /// The text that [`of_mesh`](Self::of_mesh) reads as this set: `8` for 1 to 8, and `7-7` for the seventh cluster
    /// alone.
    pub fn to_mesh_text(&self) -> String {
        let text = self.to_string();
        match (self.count_from_first(), number(&text)) {
            (Some(count), _) => count.to_string(),
            (None, Some(_)) => format!("{text}-{text}"),
            (None, None) => text,
        }
    }

    /// The set as a settings file and JSON write it: a number for 1 to that many, else a text.
    pub fn to_mesh_json(&self) -> Value {
        self.count_from_first().map_or_else(|| self.to_mesh_text().into(), Value::from)
    }

    /// Their names in a message: `cluster03`, or `clusters 1-3,7`.
    pub fn named(&self) -> String {
        match self.single() {
            Some(cluster) => cluster.to_string(),
            None => format!("clusters {self}"),
        }
    }

    /// The text that stands before the setting in `--set` and `--unset`: `cluster03`, or `1-3,7`.
    pub fn to_target(&self) -> String {
        self.single().map_or_else(|| self.to_string(), |cluster| cluster.to_string())
    }

    /// How many they are, if they are 1 to that many.
    fn count_from_first(&self) -> Option<u8> {
        let last = self.0.last()?.number();
        (usize::from(last) == self.0.len()).then_some(last)
    }

    /// These, and one more.
    #[must_use]
    pub fn with(mut self, cluster: ClusterId) -> Self {
        self.0.insert(cluster);
        self
    }

    /// The cluster, if it is one.
    pub fn single(&self) -> Option<ClusterId> {
        self.0.first().copied().filter(|_| self.0.len() == 1)
    }

    pub fn contains(&self, cluster: ClusterId) -> bool {
        self.0.contains(&cluster)
    }

    /// In the order of their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ClusterId> + Clone + use<'_> {
        self.0.iter().copied()
    }
}

impl From<ClusterSet> for String {
    fn from(set: ClusterSet) -> Self {
        set.to_string()
    }
}

impl TryFrom<String> for ClusterSet {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<ClusterId> for ClusterSet {
    fn from(cluster: ClusterId) -> Self {
        Self([cluster].into())
    }
}

impl fmt::Display for ClusterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for number in self.iter().map(ClusterId::number) {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == number => *last = number,
                _ => ranges.push((number, number)),
            }
        }
        for (index, (first, last)) in ranges.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if first == last { write!(f, "{comma}{first}")? } else { write!(f, "{comma}{first}-{last}")? }
        }
        Ok(())
    }
}

impl FromStr for ClusterSet {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let mut clusters = BTreeSet::new();
        for part in text.split(',').map(str::trim) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Some(first), Some(last)) = (number(first), number(last)) else {
                let reason = format!("`{text}` is not a set of clusters from 1 to 99 such as `1-3,7`");
                return Err(InvalidValue::new(reason));
            };
            if first > last {
                let (first, last) = (first.number(), last.number());
                return Err(InvalidValue::new(format!("`{part}` is not a range: write `{last}-{first}`")));
            }
            clusters.extend((first.number()..=last.number()).filter_map(ClusterId::new));
        }
        Ok(Self(clusters))
    }
}

/// The cluster of a number that is written in digits alone.
fn number(text: &str) -> Option<ClusterId> {
    text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten().and_then(ClusterId::new)
}

/// Clusters that the mesh does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {missing}: the mesh has {has}")]
pub struct NoSuchCluster {
    /// The first of them: `cluster 9`.
    missing: String,
    /// The mesh's: `8`, `5-8` or `cluster07 alone`.
    has: String,
}

impl NoSuchCluster {
    pub fn new(missing: u16, mesh: &ClusterSet) -> Self {
        let alone = mesh.single().is_some() && mesh.count_from_first().is_none();
        let has = if alone { format!("{} alone", mesh.named()) } else { mesh.to_mesh_text() };
        Self { missing: format!("cluster {missing}"), has }
    }
}

impl Explain for NoSuchCluster {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some("`mesh status` shows the clusters".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(set: &ClusterSet) -> Vec<u8> {
        set.iter().map(ClusterId::number).collect()
    }

    #[test]
    fn a_set_is_written_as_numbers_and_ranges() {
        for (text, expected, shown) in [
            ("1", vec![1], "1"),
            ("1-3,7", vec![1, 2, 3, 7], "1-3,7"),
            ("7, 2,1-1,3", vec![1, 2, 3, 7], "1-3,7"),
            ("1-4,3-5", vec![1, 2, 3, 4, 5], "1-5"),
            ("01-02", vec![1, 2], "1-2"),
            ("98,99", vec![98, 99], "98-99"),
        ] {
            let set: ClusterSet = text.parse().unwrap();
            assert_eq!((numbers(&set), set.to_string().as_str()), (expected, shown), "{text}");
        }
        let refusal = |text: &str| text.parse::<ClusterSet>().unwrap_err().to_string();
        for text in ["", "0", "100", "1-100", "1,", ",1", "1-2-3", "-1", "1-", "+1", "a", "1 2", "cluster01", "300"] {
            assert_eq!(refusal(text), format!("`{text}` is not a set of clusters from 1 to 99 such as `1-3,7`"));
        }
        insta::assert_snapshot!(refusal("1,7-5"), @"`7-5` is not a range: write `5-7`");
    }

    #[test]
    fn the_clusters_of_a_mesh_may_be_a_count() {
        let of_mesh = |text| numbers(&ClusterSet::of_mesh(text).unwrap());
        assert_eq!(of_mesh("3"), [1, 2, 3]);
        assert_eq!(of_mesh("5-7"), [5, 6, 7]);
        assert_eq!(of_mesh("7-7"), [7]);
        assert_eq!(of_mesh("1-2,7"), [1, 2, 7]);
        let json = |text| ClusterSet::of_mesh(text).unwrap().to_mesh_json();
        assert_eq!(
            ["1", "3", "1-3", "2-3", "7-7", "1,3"].map(json),
            [1.into(), 3.into(), 3.into(), "2-3".into(), "7-7".into(), "1,3".into()] as [serde_json::Value; 6]
        );
        assert!(ClusterSet::of_mesh("0").is_err() && ClusterSet::of_mesh("100").is_err());
    }

    #[test]
    fn a_message_names_the_clusters_that_there_are() {
        let message = |mesh: &str| NoSuchCluster::new(9, &ClusterSet::of_mesh(mesh).unwrap()).to_string();
        insta::assert_snapshot!(["8", "1", "5-8", "1-3,7", "7-7"].map(message).join("\n"), @r"
        there is no cluster 9: the mesh has 8
        there is no cluster 9: the mesh has 1
        there is no cluster 9: the mesh has 5-8
        there is no cluster 9: the mesh has 1-3,7
        there is no cluster 9: the mesh has cluster07 alone
        ");
        let named = |set: &str| set.parse::<ClusterSet>().unwrap().named();
        assert_eq!(["3", "1-3,7"].map(named), ["cluster03", "clusters 1-3,7"]);
    }

    #[test]
    fn no_set_is_empty() {
        assert_eq!(ClusterSet::new([]), None);
        assert!(ClusterSet::new([ClusterId::FIRST]).unwrap().contains(ClusterId::FIRST));
    }

    fn any_set() -> impl Strategy<Value = ClusterSet> {
        proptest::collection::btree_set(1..=99_u8, 1..99)
            .prop_map(|numbers| ClusterSet::new(numbers.into_iter().filter_map(ClusterId::new)).unwrap())
    }

    proptest! {
        #[test]
        fn a_set_is_read_back_from_what_it_is_shown_as(set in any_set()) {
            prop_assert_eq!(set.to_string().parse(), Ok(set.clone()));
            prop_assert_eq!(ClusterSet::of_mesh(&set.to_mesh_text()), Ok(set));
        }

        #[test]
        fn what_is_shown_is_canonical(text in "([0-9]{1,2}(-[0-9]{1,2})?,){0,4}[0-9]{1,3}") {
            if let Ok(set) = text.parse::<ClusterSet>() {
                let shown = set.to_string();
                prop_assert_eq!(shown.parse::<ClusterSet>().unwrap().to_string(), shown);
            }
        }
    }
}
