//! One search over the whole mesh: what is sent, and what the answer says. Pure: no I/O.

mod notes;

use std::{cmp::Reverse, collections::BTreeMap, str::FromStr};

use serde::Serialize;
use serde_json::{Value, json};

pub use self::notes::notes;
use super::log_line::plain;
use crate::mesh::{
    Mesh, cluster_set::ClusterSet, id::ClusterId, invalid_value::InvalidValue, links::Link, pattern::covers,
    peers::Alias, settings::IndexPattern,
};

/// The version of the form in which [`Found`] is printed for programs.
const VERSION: u32 = 1;
/// More indices than a mesh can have: each counts the hits of one, and a cluster holds 1,000 shards.
const INDICES: u32 = 65_535;

/// Index patterns as typed: `mesh-*,-mesh-old*`, those with `-` taken away from what those before them name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indices(Vec<(bool, IndexPattern)>);

impl FromStr for Indices {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let one = |(at, part): (usize, &str)| match part.strip_prefix('-') {
            Some(rest) if at > 0 => Ok((false, rest.parse()?)),
            _ => Ok((true, part.parse()?)),
        };
        text.split(',').enumerate().map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl Indices {
    /// The expression that names them in the clusters `on`, or in all of the mesh, for the cluster `from` that
    /// searches; see <https://www.elastic.co/docs/explore-analyze/cross-cluster-search>.
    pub fn expression(&self, mesh: &Mesh, from: ClusterId, on: Option<&ClusterSet>) -> String {
        let prefixes: Vec<String> = if let Some(on) = on {
            on.iter().map(|on| if on == from { String::new() } else { format!("{on}:") }).collect()
        } else {
            std::iter::once(String::new()).chain(mesh.remote_prefixes(from)).collect()
        };
        let of = |prefix: &String| {
            let named = |(wanted, pattern): &(bool, IndexPattern)| {
                format!("{prefix}{}{pattern}", if *wanted { "" } else { "-" })
            };
            self.0.iter().map(named).collect::<Vec<_>>().join(",")
        };
        prefixes.iter().map(of).collect::<Vec<_>>().join(",")
    }

    /// The first pattern that names more than the clusters share: of that, Elasticsearch would show the searching
    /// cluster's part and be silent about the rest.
    pub fn beyond(&self, shared: &[String]) -> Option<&IndexPattern> {
        let wanted = self.0.iter().filter(|(wanted, _)| *wanted).map(|(_, pattern)| pattern);
        wanted.into_iter().find(|pattern| !shared.iter().any(|share| covers(share, &pattern.to_string())))
    }
}

/// The clusters that can search all of `on`, or the whole mesh, in the order in which they are asked: those that search
/// most others come first. One beside `on` is asked where none of these searches all the others, as those around a hub.
pub fn searchers(mesh: &Mesh, on: Option<&ClusterSet>) -> Vec<ClusterId> {
    let can = |from: &ClusterId| on.is_none_or(|on| unlinked(mesh, *from, on).is_none());
    let all: Vec<ClusterId> = mesh.clusters().filter(can).collect();
    let within: Vec<ClusterId> = all.iter().copied().filter(|from| on.is_none_or(|on| on.contains(*from))).collect();
    let mut in_turn = if within.is_empty() { all } else { within };
    in_turn.sort_by_key(|cluster| Reverse(mesh.aliases(*cluster).len()));
    in_turn
}

/// A cluster of `on` that `from` does not search.
pub fn unlinked(mesh: &Mesh, from: ClusterId, on: &ClusterSet) -> Option<ClusterId> {
    on.iter().find(|to| *to != from && mesh.remotes(from).all(|remote| remote != *to))
}

/// A link to one of `on` that shares all of a pattern by a list of its own, which other links do not have.
pub fn link_that_shares(mesh: &Mesh, pattern: &IndexPattern, on: &ClusterSet) -> Option<Link> {
    let shares = |link: &Link| {
        let key = mesh.key_of(*link);
        key.searcher.is_some() && mesh.shared_by(key).iter().any(|share| covers(share, &pattern.to_string()))
    };
    mesh.links().into_iter().filter(|link| on.contains(link.to)).find(shares)
}

/// Whether a search leaves the cluster that does it: `from`, or where none is chosen, the only one of `on` itself.
pub fn has_remotes(mesh: &Mesh, from: Option<ClusterId>, on: Option<&ClusterSet>) -> bool {
    match on {
        None => mesh.count().get() > 1 || !mesh.peers.is_empty(),
        Some(on) => on.single().is_none_or(|only| from.is_some_and(|from| from != only)),
    }
}

/// The clusters of which `from` may not see all that the patterns name, since its links to them share by lists of their
/// own: of a pattern with a wildcard, Elasticsearch omits what is not shared without an error.
pub fn unseen(mesh: &Mesh, indices: &Indices, from: ClusterId, on: Option<&ClusterSet>) -> Option<ClusterSet> {
    ClusterSet::new(mesh.remotes(from).filter(|to| {
        let key = mesh.key_of(Link { from, to: *to });
        let is_searched = on.is_none_or(|on| on.contains(*to));
        is_searched && key.searcher.is_some() && indices.beyond(&mesh.shared_by(key)).is_some()
    }))
}

/// The body of the search. Hits are counted by index, whose name begins with its cluster's: `_clusters` does not count
/// them.
pub fn body(query: Option<&str>, size: u16) -> Value {
    let query = match query {
        Some(query) => json!({ "query_string": { "query": query } }),
        None => json!({ "match_all": {} }),
    };
    json!({
        "query": query,
        "size": size,
        "track_total_hits": true,
        "aggs": { "indices": { "terms": { "field": "_index", "size": INDICES } } },
    })
}

/// What was found, and where.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    version: u32,
    /// The cluster that searched.
    pub from: ClusterId,
    pub total: u64,
    pub clusters: Vec<Part>,
    /// Best first.
    pub hits: Vec<Hit>,
}

/// One cluster's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    pub cluster: String,
    pub hits: u64,
    /// How many shards were searched; 0 where no index fits.
    pub shards: u64,
    /// `successful`, `partial`, `skipped` or `failed`.
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Why a cluster's part is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Elasticsearch's name for it.
    #[serde(rename = "type")]
    pub kind: String,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    pub cluster: String,
    pub index: String,
    pub id: String,
    pub score: Option<f64>,
    pub source: Value,
}

impl Part {
    pub fn is_whole(&self) -> bool {
        self.status == "successful"
    }

    fn read(cluster: String, facts: &Value) -> Self {
        let failure = facts["failures"].get(0).or_else(|| facts["_shards"]["failures"].get(0));
        let shards = &facts["_shards"];
        let status = match facts["status"].as_str() {
            Some(status) => status,
            // an answer without remotes
            None if shards["failed"] == 0 && facts["timed_out"] == false => "successful",
            None => "partial",
        };
        Self {
            cluster,
            hits: 0,
            shards: shards["total"].as_u64().unwrap_or_default(),
            status: status.to_owned(),
            failure: failure.map(|failure| Failure {
                kind: plain(failure["reason"]["type"].as_str().unwrap_or_default()),
                reason: plain(failure["reason"]["reason"].as_str().unwrap_or("no reason given")),
            }),
        }
    }

    /// A remote that the searching cluster has no settings for.
    fn unknown(remote: &Alias, from: ClusterId) -> Self {
        let reason = format!("{from} does not have it as a remote");
        let failure = Failure { kind: "no_such_remote_cluster_exception".to_owned(), reason };
        Self { cluster: remote.to_string(), hits: 0, shards: 0, status: "failed".to_owned(), failure: Some(failure) }
    }
}

impl Found {
    /// Reads the answer to a search that `from` did, in the clusters `on` or in all of the mesh. A searching cluster in
    /// which no index fits is not in its own answer, nor is a remote that it does not have.
    pub fn read(mesh: &Mesh, from: ClusterId, on: Option<&ClusterSet>, answer: &Value) -> Self {
        let searched = |cluster: &ClusterId| on.is_none_or(|on| on.contains(*cluster));
        let place = |index: &str| match index.split_once(':') {
            Some((cluster, index)) => (cluster.to_owned(), index.to_owned()),
            None => (from.to_string(), index.to_owned()),
        };
        let name = |alias: &str| if alias == "(local)" { from.to_string() } else { alias.to_owned() };
        let details = answer["_clusters"]["details"].as_object();
        let mut parts: BTreeMap<String, Part> =
            details.into_iter().flatten().map(|(alias, facts)| (name(alias), Part::read(name(alias), facts))).collect();
        let none = json!({ "status": "successful" });
        if searched(&from) {
            parts
                .entry(from.to_string())
                .or_insert_with(|| Part::read(from.to_string(), if details.is_some() { &none } else { answer }));
        }
        let of_peers = mesh.peer_remotes(from).map(|(_, alias, _)| alias.clone()).filter(|_| on.is_none());
        for remote in mesh.remotes(from).filter(searched).map(Alias::from).chain(of_peers) {
            parts.entry(remote.to_string()).or_insert_with(|| Part::unknown(&remote, from));
        }
        for bucket in answer["aggregations"]["indices"]["buckets"].as_array().into_iter().flatten() {
            let (cluster, _) = place(bucket["key"].as_str().unwrap_or_default());
            if let Some(part) = parts.get_mut(&cluster) {
                part.hits += bucket["doc_count"].as_u64().unwrap_or_default();
            }
        }
        let hit = |hit: &Value| {
            let (cluster, index) = place(hit["_index"].as_str().unwrap_or_default());
            let id = hit["_id"].as_str().unwrap_or_default().to_owned();
            Hit { cluster, index, id, score: hit["_score"].as_f64(), source: hit["_source"].clone() }
        };
        Self {
            version: VERSION,
            from,
            total: answer["hits"]["total"]["value"].as_u64().unwrap_or_default(),
            clusters: parts.into_values().collect(),
            hits: answer["hits"]["hits"].as_array().into_iter().flatten().map(hit).collect(),
        }
    }

    /// The clusters of which not all was searched.
    pub fn lacking(&self) -> impl Iterator<Item = &Part> {
        self.clusters.iter().filter(|part| !part.is_whole())
    }

    /// Whether no cluster has an index that fits, as far as they were searched.
    pub fn has_no_index(&self) -> bool {
        self.clusters.iter().all(|part| part.shards == 0)
    }
}

#[cfg(test)]
mod tests;
