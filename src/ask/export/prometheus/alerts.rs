//! The alerts on a mesh: what to wake whom for, and what to type. Pure: no I/O.
//!
//! One fault is one alert: what follows from a cluster that is down, such as its links and its Kibana, has none of its
//! own, and a difference to what was asked for only where everything is up.

use super::{Annotations, Labels, Rule, Severity, Watch};

mod expiring;

/// The number of a cluster, out of its name.
const NUMBER: &str = r#"{{ reReplaceAll "cluster0?" "" $labels.cluster }}"#;

/// A rule before the mesh is known that it is about.
struct Draft {
    alert: &'static str,
    /// With `$M` for what selects the mesh.
    expr: String,
    held: Option<&'static str>,
    severity: Severity,
    summary: &'static str,
    description: &'static str,
    command: &'static str,
}

pub(super) fn alerts(watch: &Watch<'_>) -> Vec<Rule> {
    let mesh = watch.mesh.name.as_ref().map(ToString::to_string).unwrap_or_default();
    let selector = format!("mesh=\"{mesh}\"");
    let job = super::job(watch.mesh.name.as_ref());
    let rule = |draft: Draft| Rule {
        alert: draft.alert,
        expr: draft.expr.replace("$M", &selector).replace("$JOB", &job),
        held: draft.held,
        labels: Labels { severity: draft.severity },
        annotations: Annotations {
            summary: draft.summary.to_owned(),
            description: draft.description.to_owned(),
            command: (watch.command)(&draft.command.replace("$N", NUMBER)),
        },
    };
    let drafts = looking()
        .into_iter()
        .chain(serving())
        .chain(expiring::alerts(watch))
        .chain(filling(watch.high_heap))
        .chain(drifting());
    drafts.map(rule).collect()
}

/// A look every minute is 5 minutes old only if it failed several times; one that takes long is taken less often, and
/// one of `mesh serve` as often as its user wants.
fn looking() -> [Draft; 2] {
    [
        Draft {
            alert: "MeshNotLookedAt",
            expr: "time() - mesh_look_timestamp_seconds{$M} > 300 + 40 * mesh_look_duration_seconds{$M}\n\
                   unless time() - mesh_look_timestamp_seconds{$M} <= 300 + 2 * mesh_look_interval_seconds{$M}\n\
                   or up{job=\"$JOB\"} == 0\n\
                   or absent(mesh_look_timestamp_seconds{$M})"
                .to_owned(),
            held: Some("2m"),
            severity: Severity::Critical,
            summary: "the mesh is not looked at",
            description: "Its last look is old or was never made, so no other alert on it can be relied on: the timer or \
                          `mesh serve` does not run, or the Docker engine does not answer.",
            command: "mesh status",
        },
        Draft {
            alert: "MeshMissing",
            expr: "mesh_clusters{$M} == 0".to_owned(),
            held: Some("5m"),
            severity: Severity::Warning,
            summary: "there is no mesh any more",
            description: "The directory that is looked at holds no mesh. If it was removed on purpose, remove the timer and \
                          these rules, too.",
            command: "mesh ls",
        },
    ]
}

fn serving() -> [Draft; 7] {
    [
        Draft {
            alert: "MeshClusterDown",
            expr: "mesh_cluster_up{$M} == 0".to_owned(),
            held: Some("2m"),
            severity: Severity::Critical,
            summary: "{{ $labels.cluster }} does not serve",
            description: "Searches over the mesh leave its data out without an error.",
            command: "mesh status --on $N",
        },
        Draft {
            alert: "MeshNodeDown",
            expr: "mesh_node_up{$M} == 0 and on (instance, mesh, cluster) mesh_cluster_up{$M} == 1".to_owned(),
            held: Some("5m"),
            severity: Severity::Warning,
            summary: "{{ $labels.node }} is down",
            description: "{{ $labels.cluster }} serves without it, and with fewer copies of its data.",
            command: "mesh status --on $N",
        },
        Draft {
            alert: "MeshKibanaDown",
            expr: "mesh_kibana_up{$M} == 0 and on (instance, mesh, cluster) mesh_cluster_up{$M} == 1".to_owned(),
            held: Some("5m"),
            severity: Severity::Warning,
            summary: "the Kibana of {{ $labels.cluster }} does not serve",
            description: "Its Elasticsearch does.",
            command: "mesh logs $N --service kibana",
        },
        Draft {
            alert: "MeshGatewayDown",
            expr: "mesh_gateway_up{$M} == 0".to_owned(),
            held: Some("2m"),
            severity: Severity::Critical,
            summary: "the gateway does not serve",
            description: "Who comes by it reaches no Kibana and no Elasticsearch. Searches over links do without it.",
            command: "mesh logs gateway",
        },
        Draft {
            alert: "MeshLinkDown",
            expr: "mesh_link_down{$M, reason!~\"searcher-down|remote-down|license\"} == 1".to_owned(),
            held: Some("2m"),
            severity: Severity::Critical,
            summary: "searches from {{ $labels.from }} do not reach {{ $labels.to }}",
            description: "Both serve, and the link between them is down ({{ $labels.reason }}): searches from \
                          {{ $labels.from }} are incomplete without an error.",
            command: "mesh verify",
        },
        // While the link is up, the keystores have the key; once it is down, the alert above has its reason.
        Draft {
            alert: "MeshPeerKeyLost",
            expr: "mesh_peer_key_lost{$M} == 1\n\
                   unless on (instance, mesh, peer, to) \
                   mesh_link_down{$M, reason!~\"searcher-down|remote-down|license\"} == 1"
                .to_owned(),
            held: Some("10m"),
            severity: Severity::Warning,
            summary: "the key for {{ $labels.to }} is lost, or damaged on disk",
            description: "Its links last only as long as keystores have the key, and while the file is damaged nothing is \
                          renewed.",
            command: "mesh peers ls",
        },
        Draft {
            alert: "MeshClusterRed",
            expr: "mesh_cluster_health{$M, color=\"red\"} == 1".to_owned(),
            held: Some("5m"),
            severity: Severity::Critical,
            summary: "{{ $labels.cluster }} is red",
            description: "A primary shard of an index has no node, so that part of its data cannot be searched.",
            command: "mesh status --on $N",
        },
    ]
}

/// The levels are Elasticsearch's watermarks of a disk, which for a large one are amounts and not shares: the share in
/// use is only the value to show.
fn filling(high_heap: u64) -> [Draft; 4] {
    let disk = |level: &str| {
        format!(
            "mesh_cluster_disk_used_ratio{{$M}}\n\
             and on (instance, mesh, cluster) mesh_cluster_disk_watermark{{$M, level=\"{level}\"}} == 1"
        )
    };
    let used = "{{ $value | humanizePercentage }} of the disk of {{ $labels.cluster }} is in use";
    [
        Draft {
            alert: "MeshDiskLow",
            expr: disk("low"),
            held: Some("5m"),
            severity: Severity::Warning,
            summary: used,
            description: "Elasticsearch assigns no new replicas to it.",
            command: "mesh status --on $N",
        },
        Draft {
            alert: "MeshDiskHigh",
            expr: disk("high"),
            held: Some("5m"),
            severity: Severity::Critical,
            summary: used,
            description: "Elasticsearch moves shards away from it, where there is another node.",
            command: "mesh status --on $N",
        },
        Draft {
            alert: "MeshDiskFull",
            expr: disk("flood_stage"),
            held: Some("1m"),
            severity: Severity::Critical,
            summary: used,
            description: "Elasticsearch takes no more documents into its indices.",
            command: "mesh status --on $N",
        },
        Draft {
            alert: "MeshHeapHigh",
            expr: format!("mesh_cluster_heap_used_ratio{{$M}} > 0.{high_heap:02}"),
            held: Some("15m"),
            severity: Severity::Warning,
            summary: "{{ $value | humanizePercentage }} of the heap of {{ $labels.cluster }} is in use",
            description: "It collects garbage more often than it works, and refuses requests when it runs out. SIZE is \
                          more than it has.",
            command: "mesh create --set {{ $labels.cluster }}.elastic_memory=SIZE",
        },
    ]
}

fn drifting() -> [Draft; 3] {
    [
        Draft {
            alert: "MeshSnapshotLate",
            expr: "mesh_snapshot_late{$M} == 1".to_owned(),
            held: Some("1h"),
            severity: Severity::Warning,
            summary: "{{ $labels.cluster }} has no recent good snapshot",
            description: "Its last good one is older than `late_after` allows, or there is none.",
            command: "mesh snapshots ls $N",
        },
        Draft {
            alert: "MeshOutOfSync",
            expr: "mesh_drift{$M} > 0\n\
                   unless on (instance, mesh) mesh_cluster_up{$M} == 0\n\
                   unless on (instance, mesh) mesh_node_up{$M} == 0\n\
                   unless on (instance, mesh) mesh_kibana_up{$M} == 0\n\
                   unless on (instance, mesh) mesh_gateway_up{$M} == 0\n\
                   unless on (instance, mesh) mesh_link_up{$M} == 0\n\
                   unless on (instance, mesh) mesh_pending_upgrades{$M} > 0"
                .to_owned(),
            held: Some("15m"),
            severity: Severity::Warning,
            summary: "the mesh is out of sync",
            description: "Everything is up, and something differs from what was asked for that no timer renews.",
            command: "mesh create --dry-run",
        },
        Draft {
            alert: "MeshUpgradePending",
            expr: "mesh_pending_upgrades{$M} > 0".to_owned(),
            held: Some("6h"),
            severity: Severity::Warning,
            summary: "an upgrade has not reached {{ $value }} clusters",
            description: "The same command as before continues it.",
            command: "mesh status",
        },
    ]
}
