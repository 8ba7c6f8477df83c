//! The metrics of clusters: whether they serve, how full they are, and what of them expires. Pure.

use super::{
    text::{Family, Sample, Text},
    unix,
};
use crate::{
    facts::health::{Color, Watermark},
    judge::status::{ClusterStatus, License, NodeStatus, State, Status},
};

const UP: Family = Family::new("mesh_cluster_up", "Whether the cluster's Elasticsearch serves.");
const NODE_UP: Family = Family::new("mesh_node_up", "Whether the node answers and belongs to its cluster.");
const KIBANA_UP: Family = Family::new("mesh_kibana_up", "Whether the cluster's Kibana serves.");
const HEALTH: Family =
    Family::new("mesh_cluster_health", "Whether the cluster's health, as Elasticsearch has it, is of this color.");
const SHARDS: Family = Family::new("mesh_cluster_unassigned_shards", "Shards that no node has.");
const DOCUMENTS: Family = Family::new("mesh_cluster_documents", "Documents in indices that are not hidden.");
const STORE: Family = Family::new("mesh_cluster_store_bytes", "Size of the indices that are not hidden.");
const HEAP: Family =
    Family::new("mesh_cluster_heap_used_ratio", "Part of the heap in use, of the node that uses the most.");
const DISK: Family = Family::new(
    "mesh_cluster_disk_used_ratio",
    "Part of the disk with the data that is in use, of the node with the fullest one.",
);
const WATERMARK: Family = Family::new(
    "mesh_cluster_disk_watermark",
    "Whether this is the highest of Elasticsearch's watermarks that the disk with the data has passed.",
);
const KEY: Family = Family::new(
    "mesh_api_key_expiry_timestamp_seconds",
    "When the first API key by which others search the cluster expires, in Unix seconds.",
);
const CERTIFICATE: Family = Family::new(
    "mesh_certificate_expiry_timestamp_seconds",
    "When the first of the cluster's certificates and authorities expires, in Unix seconds.",
);
const LICENSE: Family =
    Family::new("mesh_license_expiry_timestamp_seconds", "When the cluster's license expires, in Unix seconds.");
const LICENSED: Family = Family::new("mesh_license_active", "Whether the cluster's license is in force.");
const SNAPSHOT: Family = Family::new(
    "mesh_snapshot_last_good_timestamp_seconds",
    "When the last good snapshot of the cluster ended, in Unix seconds.",
);
const LATE: Family = Family::new(
    "mesh_snapshot_late",
    "Whether the last good snapshot of the cluster is older than it may be, or there is none.",
);

pub(super) fn metrics(text: &mut Text, status: &Status) {
    let clusters = &status.clusters;
    let mut each = |family: &Family, value: &dyn Fn(&ClusterStatus) -> Option<f64>| {
        let sample = |of: &ClusterStatus| Some(sample(of, &[], value(of)?));
        text.family(family, clusters.iter().filter_map(sample));
    };
    each(&UP, &|of| Some(f64::from(of.elastic.state.serves())));
    each(&KIBANA_UP, &|of| of.kibana.as_ref().map(|kibana| f64::from(kibana.state.serves())));
    each(&SHARDS, &|of| of.unassigned_shards.map(|shards| shards as f64));
    each(&DOCUMENTS, &|of| of.documents.map(|documents| documents as f64));
    each(&STORE, &|of| of.store_bytes.map(|bytes| bytes as f64));
    each(&HEAP, &|of| of.heap_percent.map(ratio));
    each(&DISK, &|of| of.disk_percent.map(ratio));
    each(&KEY, &|of| of.api_key.as_ref().map(|key| unix(key.expires)));
    each(&CERTIFICATE, &|of| of.certificate.as_ref().map(|certificate| unix(certificate.expires)));
    each(&SNAPSHOT, &|of| of.last_snapshot.as_ref().map(|snapshot| unix(snapshot.ended)));
    each(&LATE, &|of| of.snapshot_late.map(f64::from));
    text.family(&NODE_UP, clusters.iter().flat_map(nodes));
    text.family(&HEALTH, clusters.iter().flat_map(health));
    text.family(&WATERMARK, clusters.iter().flat_map(watermark));
    text.family(&LICENSE, clusters.iter().filter_map(|of| license(of, |license| license.expires.map(unix))));
    text.family(&LICENSED, clusters.iter().filter_map(|of| license(of, |license| Some(f64::from(license.active)))));
}

fn sample(of: &ClusterStatus, more: &[(&'static str, &str)], value: f64) -> Sample {
    let more = more.iter().map(|(label, of)| (*label, (*of).to_owned()));
    Sample { labels: std::iter::once(("cluster", of.cluster.to_string())).chain(more).collect(), value }
}

fn nodes(of: &ClusterStatus) -> impl Iterator<Item = Sample> {
    let is_up = |node: &NodeStatus| node.joined && node.state == State::Ready;
    of.nodes.iter().map(move |node| sample(of, &[("node", &node.name)], f64::from(is_up(node))))
}

/// A sample a color, so that a change of the color ends no series.
fn health(of: &ClusterStatus) -> impl Iterator<Item = Sample> {
    let colors = [Color::Green, Color::Yellow, Color::Red].into_iter();
    let of_color =
        move |(color, is): (Color, Color)| sample(of, &[("color", &color.to_string())], f64::from(color == is));
    of.health.into_iter().flat_map(move |is| colors.clone().map(move |color| of_color((color, is))))
}

/// A sample a level, so that a disk that fills ends no series; none where the disk is not known.
fn watermark(of: &ClusterStatus) -> impl Iterator<Item = Sample> {
    let levels = [Watermark::Low, Watermark::High, Watermark::FloodStage].into_iter();
    let of_level = move |level: Watermark| {
        sample(of, &[("level", &level.to_string())], f64::from(of.disk_watermark == Some(level)))
    };
    levels.filter(move |_| of.disk_percent.is_some()).map(of_level)
}

fn license(of: &ClusterStatus, value: impl Fn(&License) -> Option<f64>) -> Option<Sample> {
    let license = of.license.as_ref()?;
    Some(sample(of, &[("type", &license.kind)], value(license)?))
}

fn ratio(percent: u64) -> f64 {
    percent as f64 / 100.0
}
