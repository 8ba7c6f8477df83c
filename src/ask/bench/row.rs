//! The rows of a benchmark: who is asked, in which way and under which load. Pure: no I/O.

use std::fmt;

use serde::Serialize;

use crate::mesh::{counted::counted, id::ClusterId};

/// How clusters are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Each by a search of its own, all at once.
    Direct,
    /// All by one search of the cluster that searches, over its links.
    Links,
}

impl Way {
    pub fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Links => "links",
        }
    }
}

/// How many searches come, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// How many are under way at most.
    pub clients: u16,
    /// How many are planned a second, whenever answers come: an open loop. `None`: each client sends its next one when
    /// it has the answer to the last, a closed loop.
    pub rate: Option<u32>,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rate {
            Some(rate) => write!(f, "{rate}/s by {}", self.clients),
            None => write!(f, "{} at once", self.clients),
        }
    }
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Never empty.
    pub asked: Vec<ClusterId>,
    pub way: Way,
    pub load: Load,
}

impl Row {
    pub fn subject(&self) -> String {
        match self.asked.as_slice() {
            [only] => only.to_string(),
            several => counted(several.len() as u64, "cluster"),
        }
    }
}

/// The rows for a cluster that searches and the clusters to ask, in order: one of them, 2, 4 and so on, and all; each
/// number directly and over links, so that what is compared is measured in a row.
pub fn rows(from: ClusterId, asked: &[ClusterId], loads: &[Load]) -> Vec<Row> {
    let mut rows = Vec::new();
    for load in loads {
        for count in counts(asked.len()) {
            let asked = asked[..count].to_vec();
            let is_itself = asked == [from];
            rows.push(Row { asked: asked.clone(), way: Way::Direct, load: *load });
            if !is_itself {
                rows.push(Row { asked, way: Way::Links, load: *load });
            }
        }
    }
    rows
}

/// 1, 2, 4 and so on, up to all.
fn counts(all: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(1), |count| Some(count * 2)).take_while(move |count| *count < all).chain([all])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::example::cluster;

    #[test]
    fn each_number_of_clusters_is_asked_directly_and_over_links() {
        let loads = [Load { clients: 8, rate: None }, Load { clients: 2, rate: Some(50) }];
        let of = |from: u8, asked: &[u8], loads: &[Load]| {
            let asked: Vec<ClusterId> = asked.iter().map(|number| cluster(*number)).collect();
            let line = |row: &Row| format!("{} {} {}", row.subject(), row.way.word(), row.load);
            rows(cluster(from), &asked, loads).iter().map(line).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(of(1, &[1, 2, 3], &loads), @r"
        cluster01 direct 8 at once
        2 clusters direct 8 at once
        2 clusters links 8 at once
        3 clusters direct 8 at once
        3 clusters links 8 at once
        cluster01 direct 50/s by 2
        2 clusters direct 50/s by 2
        2 clusters links 50/s by 2
        3 clusters direct 50/s by 2
        3 clusters links 50/s by 2
        ");
        insta::assert_snapshot!(of(1, &[2], &loads[..1]), @r"
        cluster02 direct 8 at once
        cluster02 links 8 at once
        ");
        assert_eq!(of(1, &[1], &loads[..1]), "cluster01 direct 8 at once");
        assert_eq!(counts(8).collect::<Vec<_>>(), [1, 2, 4, 8]);
    }
}
