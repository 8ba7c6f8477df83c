//! How the indices and the disk of a server fare. Health is one fact beside the others: a server that answers is asked,
//! whatever its health. Pure.

use std::fmt;

use serde::Serialize;

/// The worst state of a server's indices: yellow is one that lacks a replica, red one that lacks a primary shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    Green,
    Yellow,
    Red,
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        })
    }
}

/// How the indices of a server are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub color: Color,
    /// Shards are being recovered or looked for, so a color other than green may still change by itself.
    pub in_motion: bool,
    pub red: Vec<RedIndex>,
    /// The indices that lack only replicas.
    pub yellow: Vec<String>,
    /// How many shards no node has.
    pub unassigned: u64,
    /// Why replicas are not assigned, index by index, of a cluster that has nodes for them; the first few.
    pub lacking: Vec<LackingIndex>,
}

/// An index that lacks a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LackingIndex {
    pub index: String,
    /// In Elasticsearch's words.
    pub reason: String,
}

/// An index of which a primary shard is not assigned: what is in it cannot be searched in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedIndex {
    pub index: String,
    /// In Elasticsearch's words.
    pub reason: String,
    /// Whether Elasticsearch has decided that the shard goes nowhere: waiting does not change that.
    #[serde(skip)]
    pub stays: bool,
}

impl Health {
    /// One of which no more is known, for tests.
    #[cfg(test)]
    pub fn of(color: Color) -> Self {
        let (red, yellow, lacking) = (Vec::new(), Vec::new(), Vec::new());
        Self { color, in_motion: false, red, yellow, unassigned: 0, lacking }
    }

    /// Whether the server serves as far as it can: nothing is red that waiting would mend.
    pub fn is_settled(&self) -> bool {
        self.color != Color::Red || (!self.in_motion && !self.red.is_empty() && self.red.iter().all(|red| red.stays))
    }
}

const GIBIBYTE: u64 = 1 << 30;

/// What Elasticsearch withholds from a disk that is nearly full, at its default settings; see
/// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/cluster-level-shard-allocation-routing-settings>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Watermark {
    Low,
    High,
    FloodStage,
}

impl fmt::Display for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::High => "high",
            Self::FloodStage => "flood_stage",
        })
    }
}

impl Watermark {
    /// The highest one that is passed. A disk of terabytes may be fuller, since there less than a fixed amount has to
    /// be free.
    pub fn passed(free: u64, total: u64) -> Option<Self> {
        [(Self::FloodStage, 5, 100), (Self::High, 10, 150), (Self::Low, 15, 200)]
            .into_iter()
            .find(|(_, percent, headroom)| total > 0 && free < (total / 100 * percent).min(headroom * GIBIBYTE))
            .map(|(passed, ..)| passed)
    }

    /// What Elasticsearch does about it.
    pub fn effect(self) -> &'static str {
        match self {
            Self::Low => "past 90 % Elasticsearch puts no new index on it, past 95 % it takes no more documents",
            Self::High => "Elasticsearch puts no new index on it, and past 95 % it takes no more documents",
            Self::FloodStage => "Elasticsearch takes no more documents",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn red_is_settled_when_nothing_of_it_can_come_back_by_itself() {
        let red = |stays| RedIndex { index: "red".to_owned(), reason: String::new(), stays };
        let health = |in_motion, red| Health { in_motion, red, ..Health::of(Color::Red) };
        assert!(health(false, vec![red(true)]).is_settled());
        assert!(!health(true, vec![red(true)]).is_settled());
        assert!(!health(false, vec![red(true), red(false)]).is_settled());
        assert!(!health(false, Vec::new()).is_settled(), "the reason for red is unknown");
        assert!(Health { color: Color::Yellow, ..health(true, Vec::new()) }.is_settled());
    }

    #[test]
    fn watermarks_are_shares_of_a_disk_and_amounts_of_a_large_one() {
        let small = |percent: u64| Watermark::passed((100 - percent) * GIBIBYTE / 25, 4 * GIBIBYTE);
        assert_eq!(small(84), None);
        assert_eq!(small(86), Some(Watermark::Low));
        assert_eq!(small(92), Some(Watermark::High));
        assert_eq!(small(97), Some(Watermark::FloodStage));
        assert_eq!(Watermark::passed(250 * GIBIBYTE, 4000 * GIBIBYTE), None);
        assert_eq!(Watermark::passed(120 * GIBIBYTE, 4000 * GIBIBYTE), Some(Watermark::High));
        assert_eq!(Watermark::passed(0, 0), None);
    }
}
