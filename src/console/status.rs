//! How `mesh status` shows a mesh to people. I/O: the terminal.

use super::{Console, Mark, Table, bytes};
use crate::plan::{
    lifetimes::SOON,
    status::{ClusterStatus, Expiry, ServiceStatus, State, Status},
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
            "LICENCE",
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
    pub fn complaints(&self, status: &Status) {
        for cluster in &status.clusters {
            for (name, service) in [("elastic", Some(&cluster.elastic)), ("kibana", cluster.kibana.as_ref())] {
                if let Some(reason) = service.and_then(|service| service.reason.as_ref()) {
                    self.note(&format!("{}-{name}: {reason}", cluster.cluster));
                }
            }
            if cluster.elastic.state == State::Ready {
                for (remote, reason) in &cluster.links.down {
                    self.note(&format!("{} → {remote}: {reason}", cluster.cluster));
                }
            }
        }
        self.endings(&status.ends_soon);
        if !status.differs.is_empty() {
            let steps = match status.differs.len() {
                1 => format!("one step ({})", status.differs[0]),
                count => format!("{count} steps"),
            };
            self.note(&format!(
                "not as asked: {steps} to go; `mesh create --dry-run` shows what `mesh create` would do, `mesh verify` says why links are down"
            ));
        }
    }
}

fn row(cluster: &ClusterStatus, wide: bool) -> Vec<(String, Mark)> {
    let health = cluster.health.as_deref();
    let health_mark = match health {
        Some("green") => Mark::Good,
        Some("yellow") => Mark::Poor,
        _ => Mark::Bad,
    };
    let links = &cluster.links;
    let links_mark = if links.up == links.wanted { Mark::Good } else { Mark::Bad };
    let licence = cluster.licence.as_ref().map_or((none(), Mark::Faint), |licence| match licence.days_left {
        Some(days) => (format!("{} {days}d", licence.kind), ends(days)),
        None => (licence.kind.clone(), Mark::Plain),
    });
    let mut row = vec![
        (cluster.cluster.to_string(), Mark::Plain),
        state(&cluster.elastic),
        (health.map_or_else(none, str::to_owned), health_mark),
        plain(cluster.stack_version.clone()),
        cluster.kibana.as_ref().map_or((none(), Mark::Faint), state),
        (format!("{}/{}", links.up, links.wanted), links_mark),
        plain(cluster.documents.map(|count| count.to_string())),
        plain(cluster.store_bytes.map(bytes)),
        share(cluster.heap_percent, 85),
        share(cluster.disk_percent, 90),
        licence,
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

/// Elasticsearch stops assigning shards to a disk that is 90 % full, and a heap above 85 % is short of air.
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
