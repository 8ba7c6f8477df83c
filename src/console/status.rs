//! How `mesh status` shows a mesh to people. I/O: the terminal.

use std::collections::BTreeMap;

use super::{Cell, Column, Console, Mark, Table, bytes, plain};
use crate::mesh::id::ClusterId;
use crate::{
    facts::health::{Color, Watermark},
    judge::{
        check::Finding,
        expiry::SOON,
        snapshots::age,
        status::{ClusterStatus, Expiry, GatewayStatus, HIGH_HEAP, NodeStatus, OtherEngine, State, Status},
    },
};

/// The first columns of `mesh status`.
const FIRST: [Column<ClusterStatus>; 2] = [
    Column::left("CLUSTER", |cluster| Cell::plain(cluster.cluster)),
    Column::left("STATE", |cluster| state(cluster.elastic.state)),
];
/// The columns that follow them in a mesh that has a cluster of several nodes.
const NODES: [Column<ClusterStatus>; 2] = [
    Column::left("NODES", nodes),
    Column::left("MASTER", |cluster| Cell::known(cluster.nodes.iter().find(|node| node.master).map(within_cluster))),
];
/// The columns after these.
const REST: [Column<ClusterStatus>; 12] = [
    Column::left("HEALTH", health),
    Column::left("VERSION", |cluster| Cell::known(cluster.stack_version.as_ref())),
    Column::left("KIBANA", kibana),
    Column::left("LINKS", links),
    Column::right("DOCS", |cluster| Cell::known(cluster.documents)),
    Column::right("STORE", |cluster| Cell::known(cluster.store_bytes.map(bytes))),
    Column::right("HEAP", heap),
    Column::right("DISK", disk),
    Column::left("LICENSE", license),
    Column::left("KEY", |cluster| days(cluster.api_key.as_ref())),
    Column::left("CERTIFICATE", |cluster| days(cluster.certificate.as_ref())),
    Column::right("SNAPSHOT", snapshot),
];
/// The columns that `-o wide` adds.
const WIDE: [Column<ClusterStatus>; 2] = [
    Column::left("ELASTICSEARCH", |cluster| Cell::plain(&cluster.elastic.url)),
    Column::left("KIBANA URL", |cluster| Cell::known(cluster.kibana.as_ref().map(|kibana| &kibana.url))),
];

/// The columns of nodes.
const NODE: [Column<NodeStatus>; 5] = [
    Column::left("NODE", |node| Cell::plain(&node.name)),
    Column::left("STATE", |node| state(node.state)),
    Column::left("JOINED", |node| Cell::plain(if node.joined { "yes" } else { "no" })),
    Column::left("MASTER", |node| Cell::known(node.master.then_some("elected"))),
    Column::left("ELASTICSEARCH", |node| Cell::plain(&node.url)),
];

/// The columns of the mesh's own gateway.
const GATEWAY: [Column<GatewayStatus>; 4] = [
    Column::left("GATEWAY", |gateway| Cell::plain(&gateway.name)),
    Column::left("STATE", |gateway| state(gateway.state)),
    Column::left("CERTIFICATE", |gateway| days(gateway.certificate.as_ref())),
    Column::left("URL", |gateway| Cell::plain(format!("{}/", gateway.url))),
];

impl Console {
    /// A row a cluster; below them, where all is asked for, a row a node of the clusters that have several.
    pub fn status(&self, status: &Status, wide: bool) {
        let several = status.clusters.iter().any(ClusterStatus::has_several_nodes);
        let columns = FIRST.iter().chain(NODES.iter().filter(|_| several)).chain(&REST);
        self.table(&Table::of(columns.chain(WIDE.iter().filter(|_| wide)), &status.clusters));
        if several && wide {
            let of_several = status.clusters.iter().filter(|cluster| cluster.has_several_nodes());
            self.line("");
            self.table(&Table::of(NODE.iter(), of_several.flat_map(|cluster| &cluster.nodes)));
        }
        if let Some(gateway) = &status.gateway {
            self.line("");
            self.table(&Table::of(GATEWAY.iter(), [gateway]));
        }
        self.peers_below(&status.peers);
    }

    /// What is wrong, below the table: to stderr, since it is no data.
    pub fn complaints(&self, status: &Status, wide: bool) {
        if let Some(OtherEngine { message, remedy }) = &status.other_engine {
            self.findings(&[Finding::problem(message, remedy)]);
        }
        for cluster in &status.clusters {
            self.services(cluster);
            if cluster.elastic.state.serves() {
                let is_reported = |remote: &ClusterId| {
                    let found = status.clusters.iter().find(|cluster| cluster.cluster == *remote);
                    found.is_some_and(|cluster| !cluster.elastic.state.serves())
                };
                for (remote, reason) in cluster.links.down.iter().filter(|(remote, _)| !is_reported(remote)) {
                    self.note(&format!("{} → {remote}: {reason}", cluster.cluster));
                }
                let is_shown = |other: &ClusterId| status.clusters.iter().any(|cluster| cluster.cluster == *other);
                for (searcher, reason) in cluster.searched_by.down.iter().filter(|(other, _)| !is_shown(other)) {
                    self.note(&format!("{searcher} → {}: {reason}", cluster.cluster));
                }
            }
        }
        if let Some((gateway, reason)) = status.gateway.as_ref().and_then(|it| Some((it, it.reason.as_ref()?))) {
            self.note(&format!("{}: {reason}", gateway.name));
        }
        self.peers_down(&status.peers);
        self.indices(status, wide);
        self.disks(status);
        for warning in &status.warnings {
            self.warning(&warning.message, &warning.remedy);
        }
        self.endings(&status.expiring);
        if !status.pending_changes.is_empty() {
            let pending = match status.pending_changes.len() {
                1 => format!("1 pending change ({})", status.pending_changes[0]),
                count => format!("{count} pending changes"),
            };
            self.note(&format!(
                "out of sync: {pending}; `mesh create --dry-run` shows them, `mesh create` makes them, `mesh verify` says why links are down"
            ));
        }
    }

    /// What does not serve of a cluster, and why.
    fn services(&self, cluster: &ClusterStatus) {
        for node in &cluster.nodes {
            if let Some(reason) = &node.reason {
                self.note(&format!("{}: {reason}", node.name));
            }
        }
        if let Some(reason) = cluster.elastic.reason.as_ref().filter(|_| cluster.has_several_nodes()) {
            self.note(&format!("{}: {reason}", cluster.cluster));
        }
        if let Some(reason) = cluster.kibana.as_ref().and_then(|kibana| kibana.reason.as_ref()) {
            self.note(&format!("{}-kibana: {reason}", cluster.cluster));
        }
        if let Some(count) = cluster.unassigned_shards.filter(|count| *count > 0 && cluster.has_several_nodes()) {
            let why = cluster
                .unassigned
                .first()
                .map(|lacking| format!(" ({}: {})", plain::line(&lacking.index), plain::line(&lacking.reason)));
            let shards = if count == 1 { "1 shard is".to_owned() } else { format!("{count} shards are") };
            self.note(&format!("{}: {shards} unassigned{}", cluster.cluster, why.unwrap_or_default()));
        }
    }

    /// Which indices are red, and why; and once why some are yellow, for those who want to know all.
    fn indices(&self, status: &Status, wide: bool) {
        for cluster in &status.clusters {
            for red in &cluster.red_indices {
                self.note(&format!(
                    "{}: index {} is red: {}; `mesh es {} GET _cluster/allocation/explain` says more",
                    cluster.cluster,
                    red.index,
                    plain::line(&red.reason),
                    cluster.cluster.number()
                ));
            }
        }
        let yellow: Vec<&ClusterStatus> = status.clusters.iter().filter(|cluster| wide && is_yellow(cluster)).collect();
        let Some(first) = yellow.first() else { return };
        let names: Vec<String> = yellow.iter().map(|cluster| cluster.cluster.to_string()).collect();
        let (index, number) = (&first.yellow_indices[0], first.cluster.number());
        self.note(&format!(
            "{}: yellow, since indices have replicas, and a single node has no place for them; nothing is lost. \
             `mesh es {number} PUT {index}/_settings '{{\"index.number_of_replicas\": 0}}'` makes one green",
            names.join(" ")
        ));
    }

    /// The disks that are nearly full, each with the clusters on it.
    fn disks(&self, status: &Status) {
        let mut disks: BTreeMap<(Watermark, u64), Vec<String>> = BTreeMap::new();
        for cluster in &status.clusters {
            if let (Some(passed), Some(percent)) = (cluster.disk_watermark, cluster.disk_percent) {
                disks.entry((passed, percent)).or_default().push(cluster.cluster.to_string());
            }
        }
        for ((passed, percent), clusters) in disks {
            let effect = passed.effect();
            self.note(&format!("{}: the disk is {percent} % full, and {effect}: free some space", clusters.join(" ")));
        }
    }
}

/// Whether a cluster lacks replicas since it has one node.
fn is_yellow(cluster: &ClusterStatus) -> bool {
    !cluster.yellow_indices.is_empty() && !cluster.has_several_nodes()
}

/// How many of the nodes have joined.
fn nodes(cluster: &ClusterStatus) -> Cell {
    let (joined, wanted) = (cluster.nodes.iter().filter(|node| node.joined).count(), cluster.nodes.len());
    Cell::new(format!("{joined}/{wanted}"), if joined == wanted { Mark::Good } else { Mark::Bad })
}

/// The name of a node without that of its cluster: `elastic-2`.
fn within_cluster(node: &NodeStatus) -> &str {
    node.name.split_once('-').map_or(node.name.as_str(), |(_, word)| word)
}

fn kibana(cluster: &ClusterStatus) -> Cell {
    cluster.kibana.as_ref().map_or_else(Cell::none, |kibana| state(kibana.state))
}

fn health(cluster: &ClusterStatus) -> Cell {
    let mark = match cluster.health {
        Some(Color::Green) => Mark::Good,
        // all data is there, and a single node has no place for a replica
        Some(Color::Yellow) => Mark::Plain,
        Some(Color::Red) => Mark::Bad,
        None => return Cell::new("-", Mark::Bad),
    };
    Cell::new(cluster.health.map_or_else(String::new, |health| health.to_string()), mark)
}

fn links(cluster: &ClusterStatus) -> Cell {
    let links = &cluster.links;
    Cell::new(format!("{}/{}", links.up, links.wanted), if links.up == links.wanted { Mark::Good } else { Mark::Bad })
}

fn license(cluster: &ClusterStatus) -> Cell {
    let Some(license) = &cluster.license else { return Cell::none() };
    match license.days_left {
        _ if !license.active => Cell::new(format!("{} ended", license.kind), Mark::Bad),
        Some(days) => Cell::new(format!("{} {days}d", license.kind), urgency(days)),
        None => Cell::plain(&license.kind),
    }
}

fn state(state: State) -> Cell {
    let mark = match state {
        State::Ready => Mark::Good,
        State::Degraded | State::Stopped | State::Paused | State::Absent => Mark::Poor,
        State::Unready | State::Restarting => Mark::Bad,
    };
    Cell::new(state.word(), mark)
}

/// How old the last good one is; the reason why that cannot be known stands below the table.
fn snapshot(cluster: &ClusterStatus) -> Cell {
    match &cluster.snapshots_unreadable {
        Some(_) => Cell::new("unreadable", Mark::Bad),
        None => Cell::known(cluster.last_snapshot.as_ref().map(|last| age(last.age))),
    }
}

fn disk(cluster: &ClusterStatus) -> Cell {
    let mark = match cluster.disk_watermark {
        None => Mark::Plain,
        Some(Watermark::Low | Watermark::High) => Mark::Poor,
        Some(Watermark::FloodStage) => Mark::Bad,
    };
    cluster.disk_percent.map_or_else(Cell::none, |percent| Cell::new(format!("{percent}%"), mark))
}

fn heap(cluster: &ClusterStatus) -> Cell {
    let mark = |percent| if percent >= HIGH_HEAP { Mark::Poor } else { Mark::Plain };
    cluster.heap_percent.map_or_else(Cell::none, |percent| Cell::new(format!("{percent}%"), mark(percent)))
}

/// The mark of something that expires in so many days.
fn urgency(days: i64) -> Mark {
    match days {
        ..0 => Mark::Bad,
        0..=SOON => Mark::Poor,
        _ => Mark::Plain,
    }
}

fn days(expiry: Option<&Expiry>) -> Cell {
    expiry.map_or_else(Cell::none, |expiry| Cell::new(format!("{}d", expiry.days_left), urgency(expiry.days_left)))
}
