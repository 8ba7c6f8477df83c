//! The links of a mesh as a matrix: a row a cluster that searches, a column a remote. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    judge::status::{State, Status},
    mesh::{Mesh, id::ClusterId, links::Link, peers::Alias},
};

/// The version of the form of a [`LinksDocument`].
const VERSION: u32 = 1;

/// What the searches of each cluster took on the way to each remote and back, in milliseconds.
pub type Latencies = BTreeMap<ClusterId, BTreeMap<Alias, u16>>;

/// What is known of a link, or of a cell that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A cluster and itself.
    Own,
    Up,
    Down,
    /// The cluster that searches does not tell.
    Unknown,
    /// No link is wanted here, or it is one of another mesh.
    None,
}

impl Mark {
    fn letter(self) -> char {
        match self {
            Self::Own => '·',
            Self::Up => '1',
            Self::Down => '0',
            Self::Unknown => '?',
            Self::None => '-',
        }
    }

    /// Whether a link is wanted here.
    pub fn is_link(self) -> bool {
        matches!(self, Self::Up | Self::Down | Self::Unknown)
    }

    /// Whether a link is wanted here, and not known to be up.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Down | Self::Unknown)
    }
}

/// Every cluster of a mesh and of its peers, and the links between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// The clusters of the mesh, then those of its peers.
    pub names: Vec<String>,
    /// How many of them are of the mesh itself.
    pub own: usize,
    /// Whether each cluster of the mesh serves, and each peer's is not known to be lost.
    pub serves: Vec<bool>,
    /// By row and column.
    marks: Vec<Mark>,
}

impl Matrix {
    pub fn new(mesh: &Mesh, status: &Status) -> Self {
        let own: Vec<ClusterId> = status.clusters.iter().map(|cluster| cluster.cluster).collect();
        let mut names: Vec<String> = own.iter().map(ToString::to_string).collect();
        names.extend(status.peers.iter().map(|peer| peer.alias.to_string()));
        let mut serves: Vec<bool> = status.clusters.iter().map(|cluster| cluster.elastic.state.serves()).collect();
        serves.resize(names.len(), true);
        let mut matrix = Self { own: own.len(), serves, marks: vec![Mark::None; names.len() * names.len()], names };
        for (from, cluster) in status.clusters.iter().enumerate() {
            let silent = cluster.elastic.state == State::Unready;
            let mark = |down: bool| match down {
                true if silent => Mark::Unknown,
                true => Mark::Down,
                false => Mark::Up,
            };
            for (to, remote) in own.iter().enumerate() {
                if from == to {
                    matrix.set(from, to, Mark::Own);
                } else if mesh.has_link(Link { from: cluster.cluster, to: *remote }) {
                    matrix.set(from, to, mark(cluster.links.down.contains_key(remote)));
                }
            }
            for (at, peer) in status.peers.iter().enumerate() {
                if peer.down.contains_key(&cluster.cluster) {
                    matrix.set(from, own.len() + at, mark(true));
                } else if peer.reached_by.contains(&cluster.cluster) {
                    matrix.set(from, own.len() + at, mark(false));
                }
            }
        }
        for peer in own.len()..matrix.names.len() {
            matrix.set(peer, peer, Mark::Own);
        }
        matrix
    }

    pub fn size(&self) -> usize {
        self.names.len()
    }

    pub fn mark(&self, from: usize, to: usize) -> Mark {
        self.marks[from * self.names.len() + to]
    }

    fn set(&mut self, from: usize, to: usize, mark: Mark) {
        let size = self.names.len();
        self.marks[from * size + to] = mark;
    }

    /// Every link that is wanted, with its mark.
    pub fn links(&self) -> impl Iterator<Item = (usize, usize, Mark)> + '_ {
        let cells = (0..self.size()).flat_map(|from| (0..self.size()).map(move |to| (from, to)));
        cells.map(|(from, to)| (from, to, self.mark(from, to))).filter(|(_, _, mark)| mark.is_link())
    }

    /// The links by the names of their ends.
    pub fn by_name(&self) -> BTreeMap<(String, String), Mark> {
        self.links().map(|(from, to, mark)| ((self.names[from].clone(), self.names[to].clone()), mark)).collect()
    }

    /// How many links are up, and how many are wanted.
    pub fn counts(&self) -> (usize, usize) {
        self.links().fold((0, 0), |(up, all), (_, _, mark)| (up + usize::from(mark == Mark::Up), all + 1))
    }
}

/// The documented form of `GET /api/links`.
#[derive(Debug, Serialize)]
pub struct LinksDocument<'a> {
    version: u32,
    /// What rows and columns are, in order.
    clusters: &'a [String],
    /// How many of them are the mesh's own; the rest are those of peers.
    own: usize,
    /// A row each: `·` itself, `1` up, `0` down, `?` unknown, `-` no link.
    rows: Vec<String>,
    /// What the last search took there and back, in milliseconds; `null` where none came back.
    ms: Vec<Vec<Option<u16>>>,
    /// Since when each link that is not up has been down, by `FROM>TO`; absent for those that were down at the first
    /// look.
    since: BTreeMap<String, String>,
}

impl<'a> LinksDocument<'a> {
    pub fn new(matrix: &'a Matrix, latencies: &Latencies, since: &BTreeMap<(String, String), OffsetDateTime>) -> Self {
        let all = 0..matrix.size();
        let row = |from: usize| all.clone().map(|to| matrix.mark(from, to).letter()).collect();
        let ms = |from: usize| {
            let of: Option<&BTreeMap<Alias, u16>> =
                matrix.names[from].parse().ok().and_then(|from: ClusterId| latencies.get(&from));
            let to = |to: usize| {
                let up = matrix.mark(from, to) == Mark::Up;
                of.filter(|_| up)?.get(&matrix.names[to].parse().ok()?).copied()
            };
            all.clone().map(to).collect()
        };
        Self {
            version: VERSION,
            clusters: &matrix.names,
            own: matrix.own,
            rows: all.clone().map(row).collect(),
            ms: all.clone().map(ms).collect(),
            since: since.iter().map(|((from, to), at)| (format!("{from}>{to}"), clock(*at))).collect(),
        }
    }
}

/// A time as the page reads it.
pub(super) fn clock(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0)
        .unwrap_or(at)
        .format(&time::format_description::well_known::Rfc3339)
        .expect("should be a time with a year of four digits")
}
