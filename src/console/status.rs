//! How `mesh status` shows a mesh to people. I/O: the terminal.

use std::collections::BTreeMap;

use super::{Console, Mark, Table, bytes, plain as plain_text};
use crate::mesh::id::ClusterId;
use crate::{
    facts::health::{Colour, Watermark},
    judge::{
        check::Finding,
        expiry::SOON,
        status::{ClusterStatus, Expiry, OtherEngine, ServiceStatus, State, Status},
    },
};

impl Console {
    /// A row a cluster.
    pub fn status(&self, status: &Status, wide: bool) {
        let mut header = vec![
            "CLUSTER",
            "STATE",
            "HEALTH",
            "VERSION",
            "KIBANA",
            "LINKS",
            "DOCS",
            "STORE",
            "HEAP",
            "DISK",
            "LICENSE",
            "KEY",
            "CERTIFICATE",
        ];
        if wide {
            header.extend(["ELASTICSEARCH", "KIBANA URL"]);
        }
        let mut table = Table::new(&header).right(&[6, 7, 8, 9]);
        for cluster in &status.clusters {
            table.row(row(cluster, wide));
        }
        self.table(&table);
    }

    /// What is wrong, below the table: to stderr, since it is no data.
    pub fn complaints(&self, status: &Status, wide: bool) {
        if let Some(OtherEngine { message, remedy }) = &status.other_engine {
            self.findings(&[Finding::problem(message, remedy)]);
        }
        for cluster in &status.clusters {
            for (name, service) in [("elastic", Some(&cluster.elastic)), ("kibana", cluster.kibana.as_ref())] {
                if let Some(reason) = service.and_then(|service| service.reason.as_ref()) {
                    self.note(&format!("{}-{name}: {reason}", cluster.cluster));
                }
            }
            if cluster.elastic.state == State::Ready {
                let is_told = |remote: &ClusterId| {
                    let found = status.clusters.iter().find(|cluster| cluster.cluster == *remote);
                    found.is_some_and(|cluster| cluster.elastic.state != State::Ready)
                };
                for (remote, reason) in cluster.links.down.iter().filter(|(remote, _)| !is_told(remote)) {
                    self.note(&format!("{} → {remote}: {reason}", cluster.cluster));
                }
            }
        }
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

    /// Which indices are red, and why; and once why some are yellow, for those who want to know all.
    fn indices(&self, status: &Status, wide: bool) {
        for cluster in &status.clusters {
            for red in &cluster.red_indices {
                self.note(&format!(
                    "{}: index {} is red: {}; `mesh es {} GET _cluster/allocation/explain` says more",
                    cluster.cluster,
                    red.index,
                    plain_text::line(&red.reason),
                    cluster.cluster.number()
                ));
            }
        }
        let yellow: Vec<&ClusterStatus> =
            status.clusters.iter().filter(|cluster| wide && !cluster.yellow_indices.is_empty()).collect();
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
        let mut told: BTreeMap<(Watermark, u64), Vec<String>> = BTreeMap::new();
        for cluster in &status.clusters {
            if let (Some(passed), Some(percent)) = (cluster.disk_watermark, cluster.disk_percent) {
                told.entry((passed, percent)).or_default().push(cluster.cluster.to_string());
            }
        }
        for ((passed, percent), clusters) in told {
            let effect = passed.effect();
            self.note(&format!("{}: the disk is {percent} % full, and {effect}: free some space", clusters.join(" ")));
        }
    }
}

fn row(cluster: &ClusterStatus, wide: bool) -> Vec<(String, Mark)> {
    let health_mark = match cluster.health {
        Some(Colour::Green) => Mark::Good,
        // all data is there, and a single node has no place for a replica
        Some(Colour::Yellow) => Mark::Plain,
        Some(Colour::Red) | None => Mark::Bad,
    };
    let links = &cluster.links;
    let links_mark = if links.up == links.wanted { Mark::Good } else { Mark::Bad };
    let license = cluster.license.as_ref().map_or((none(), Mark::Faint), |license| match license.days_left {
        _ if !license.active => (format!("{} ended", license.kind), Mark::Bad),
        Some(days) => (format!("{} {days}d", license.kind), ends(days)),
        None => (license.kind.clone(), Mark::Plain),
    });
    let mut row = vec![
        (cluster.cluster.to_string(), Mark::Plain),
        state(&cluster.elastic),
        (cluster.health.map_or_else(none, |health| health.to_string()), health_mark),
        plain(cluster.stack_version.clone()),
        cluster.kibana.as_ref().map_or((none(), Mark::Faint), state),
        (format!("{}/{}", links.up, links.wanted), links_mark),
        plain(cluster.documents.map(|count| count.to_string())),
        plain(cluster.store_bytes.map(bytes)),
        share(cluster.heap_percent, 85),
        disk(cluster),
        license,
        days(cluster.api_key.as_ref()),
        days(cluster.certificate.as_ref()),
    ];
    if wide {
        row.push((cluster.elastic.url.clone(), Mark::Plain));
        row.push(plain(cluster.kibana.as_ref().map(|kibana| kibana.url.clone())));
    }
    row
}

fn none() -> String {
    "-".to_owned()
}

fn plain(text: Option<String>) -> (String, Mark) {
    text.map_or((none(), Mark::Faint), |text| (text, Mark::Plain))
}

fn state(service: &ServiceStatus) -> (String, Mark) {
    let mark = match service.state {
        State::Ready => Mark::Good,
        State::Stopped | State::Paused | State::Absent => Mark::Poor,
        State::Unready | State::Restarting => Mark::Bad,
    };
    (service.state.word().to_owned(), mark)
}

fn disk(cluster: &ClusterStatus) -> (String, Mark) {
    let mark = match cluster.disk_watermark {
        None => Mark::Plain,
        Some(Watermark::Low | Watermark::High) => Mark::Poor,
        Some(Watermark::FloodStage) => Mark::Bad,
    };
    cluster.disk_percent.map_or((none(), Mark::Faint), |percent| (format!("{percent}%"), mark))
}

/// A heap above 85 % is short of air.
fn share(percent: Option<u64>, poor: u64) -> (String, Mark) {
    match percent {
        Some(percent) => (format!("{percent}%"), if percent >= poor { Mark::Poor } else { Mark::Plain }),
        None => (none(), Mark::Faint),
    }
}

fn ends(days: i64) -> Mark {
    match days {
        ..0 => Mark::Bad,
        0..=SOON => Mark::Poor,
        _ => Mark::Plain,
    }
}

fn days(expiry: Option<&Expiry>) -> (String, Mark) {
    expiry.map_or((none(), Mark::Faint), |expiry| (format!("{}d", expiry.days_left), ends(expiry.days_left)))
}
