//! The mesh as it is beside the mesh as it was asked for: what `mesh status` shows, in the form that programs read. Pure.
//!
//! This is the documented form of `mesh status -o json`: fields may be added; [`VERSION`] goes up when one changes or goes.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use super::{
    check::{self, Finding},
    expiry::{
        days_between,
        soon::{EndsSoon, api_key, expiring},
    },
    verify::Cause,
};
use crate::mesh::{
    Mesh, certs,
    defaults::Revision,
    id::{ClusterId, ServiceId, ServiceKind},
    settings::StackVersion,
};
use crate::{
    facts::{
        health::{Colour, RedIndex, Watermark},
        observed::{ContainerState, LinkFacts, Observed},
    },
    plan::reconcile::{PlanInputs, reconcile},
};

pub const VERSION: u32 = 2;

#[derive(Debug, Serialize)]
pub struct Status {
    pub version: u32,
    pub dir: String,
    pub stack_version: String,
    /// Whether nothing differs from what was asked for, and no upgrade is in progress.
    pub in_sync: bool,
    /// Whether every service is ready, no index is red, and every disk takes documents.
    pub serves: bool,
    /// What `mesh create` would do, one step a line.
    pub pending_changes: Vec<String>,
    /// That the mesh is on another Docker engine than the one that was asked, so that nothing of it is seen; else `null`.
    pub other_engine: Option<OtherEngine>,
    /// What expires within 30 days, or has expired.
    pub expiring: Vec<EndsSoon>,
    /// What does not keep the mesh from serving, and somebody may want to mend.
    pub warnings: Vec<Warning>,
    /// The clusters that an upgrade has not reached yet, with the version that each has until then.
    pub pending_upgrade: BTreeMap<ClusterId, StackVersion>,
    /// Whether `mesh create --new-defaults` would take newer built-in templates or container options. It is no drift.
    pub new_defaults: bool,
    pub clusters: Vec<ClusterStatus>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct OtherEngine {
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

#[derive(Debug, Serialize)]
pub struct Warning {
    pub message: String,
    /// What to type.
    pub remedy: String,
}

impl From<Finding> for Warning {
    fn from(finding: Finding) -> Self {
        Self { message: finding.message, remedy: finding.hint }
    }
}

#[derive(Debug, Serialize)]
pub struct ClusterStatus {
    pub cluster: ClusterId,
    pub elastic: ServiceStatus,
    /// `null` for a mesh without Kibana.
    pub kibana: Option<ServiceStatus>,
    /// `null` when the server does not answer, or does not tell since its license has ended.
    pub health: Option<Colour>,
    pub red_indices: Vec<RedIndex>,
    /// Indices with a replica that has no place.
    pub yellow_indices: Vec<String>,
    pub stack_version: Option<String>,
    /// The version that an upgrade is to bring it to; `null` if none is in progress for it.
    pub upgrade_to: Option<StackVersion>,
    pub links: Links,
    pub documents: Option<u64>,
    pub store_bytes: Option<u64>,
    pub heap_percent: Option<u64>,
    pub disk_percent: Option<u64>,
    /// The watermark that the disk has passed.
    pub disk_watermark: Option<Watermark>,
    pub license: Option<License>,
    /// The API key by which others reach this cluster.
    pub api_key: Option<Expiry>,
    /// The first of its certificates to expire.
    pub certificate: Option<Expiry>,
}

#[derive(Debug, Serialize)]
pub struct ServiceStatus {
    pub state: State,
    pub url: String,
    /// Why it is not ready, where that is known.
    pub reason: Option<String>,
}

/// How a service is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ready,
    /// The container runs, and the service does not answer, or not well.
    Unready,
    Stopped,
    Paused,
    Restarting,
    Absent,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Unready => "unready",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Absent => "absent",
        }
    }
}

/// The links from a cluster to its remotes.
#[derive(Debug, Serialize)]
pub struct Links {
    pub up: usize,
    pub wanted: usize,
    /// Why the others are not.
    pub down: BTreeMap<ClusterId, String>,
}

#[derive(Debug, Serialize)]
pub struct License {
    #[serde(rename = "type")]
    pub kind: String,
    pub active: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    /// Whole days; below 0 when it has ended.
    pub days_left: Option<i64>,
}

#[derive(Debug, Serialize)]
pub struct Expiry {
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// Whole days; below 0 when it has ended.
    pub days_left: i64,
}

/// Puts together what is wanted and what is there.
pub fn status(mesh: &Mesh, there: &Observed, now: OffsetDateTime) -> Status {
    let pending_changes: Vec<String> =
        reconcile(mesh, there, &PlanInputs::new(now, 1)).descriptions().map(|step| step.text).collect();
    let look = Look { mesh, there, now };
    let other_engine = there.engine.as_ref().and_then(|engine| {
        let Finding { message, hint, .. } = check::other_engine(mesh, engine)?;
        Some(OtherEngine { message, remedy: hint })
    });
    let clusters: Vec<ClusterStatus> = mesh.clusters().map(|cluster| look.cluster(cluster)).collect();
    Status {
        version: VERSION,
        dir: mesh.dir.display().to_string(),
        stack_version: mesh.spec.stack_version.to_string(),
        in_sync: pending_changes.is_empty() && mesh.next_upgrade().is_none() && other_engine.is_none(),
        serves: clusters.iter().all(ClusterStatus::serves),
        pending_changes,
        other_engine,
        expiring: expiring(mesh, there, now),
        warnings: check::hosts(mesh, there).findings().into_iter().map(Warning::from).collect(),
        pending_upgrade: mesh.pending_upgrade().collect(),
        new_defaults: mesh.has_older_defaults_than(Revision::NEWEST),
        clusters,
    }
}

impl ClusterStatus {
    fn serves(&self) -> bool {
        let ready = |service: &ServiceStatus| service.state == State::Ready;
        ready(&self.elastic)
            && self.kibana.as_ref().is_none_or(ready)
            && self.health != Some(Colour::Red)
            && self.disk_watermark != Some(Watermark::FloodStage)
    }
}

struct Look<'a> {
    mesh: &'a Mesh,
    there: &'a Observed,
    now: OffsetDateTime,
}

impl Look<'_> {
    fn cluster(&self, cluster: ClusterId) -> ClusterStatus {
        let server = self.there.server(cluster);
        let vitals = server.and_then(|server| server.vitals.as_ref());
        let kibana = cluster.kibana();
        ClusterStatus {
            cluster,
            elastic: self.service(cluster.first_node(), server.is_some()),
            kibana: self.mesh.has(kibana).then(|| self.service(kibana, self.there.kibana(cluster).is_some())),
            health: vitals.map(|vitals| vitals.health.colour),
            red_indices: vitals.map(|vitals| vitals.health.red.clone()).unwrap_or_default(),
            yellow_indices: vitals.map(|vitals| vitals.health.yellow.clone()).unwrap_or_default(),
            stack_version: vitals.map(|vitals| vitals.version.clone()),
            upgrade_to: Some(self.mesh.target_version(cluster)).filter(|to| *to != self.mesh.version(cluster)),
            links: self.links(cluster),
            documents: vitals.map(|vitals| vitals.documents),
            store_bytes: vitals.map(|vitals| vitals.store),
            heap_percent: vitals.and_then(|vitals| percent(vitals.heap_used, vitals.heap_max)),
            disk_percent: vitals
                .and_then(|vitals| percent(vitals.disk_total.saturating_sub(vitals.disk_free), vitals.disk_total)),
            disk_watermark: vitals.and_then(|vitals| Watermark::passed(vitals.disk_free, vitals.disk_total)),
            license: server.map(|server| License {
                kind: server.license.kind.clone(),
                active: server.license.active,
                expires: server.license.expires,
                days_left: server.license.expires.map(|expires| self.days_until(expires)),
            }),
            api_key: api_key(self.there, cluster).map(|expires| self.expiry(expires)),
            certificate: self.certificate(cluster).map(|expires| self.expiry(expires)),
        }
    }

    fn service(&self, service: ServiceId, ready: bool) -> ServiceStatus {
        let state = match self.there.containers.get(&service).map(|container| container.state) {
            None => State::Absent,
            Some(ContainerState::Running) if ready => State::Ready,
            Some(ContainerState::Running) => State::Unready,
            Some(ContainerState::Paused) => State::Paused,
            Some(ContainerState::Restarting) => State::Restarting,
            Some(ContainerState::Created | ContainerState::Stopped) => State::Stopped,
        };
        let number = service.cluster().number();
        let reason = match (state, service.kind()) {
            (State::Stopped, _) => Some(format!("is stopped; `mesh manage start {number}` starts it")),
            (State::Paused, _) => {
                Some(format!("is paused; `docker unpause {}` lets it go on", self.mesh.container_name(service)))
            }
            (State::Unready, kind) => {
                let cluster = service.cluster();
                let reason = match kind {
                    ServiceKind::Elastic => self.there.servers.get(&cluster).and_then(|answer| answer.reason(self.now)),
                    ServiceKind::Kibana => self.there.kibanas.get(&cluster).and_then(|answer| answer.reason(self.now)),
                };
                Some(reason.unwrap_or_else(|| "its authority or its password is lost".to_owned()))
            }
            _ => None,
        };
        ServiceStatus { state, url: self.mesh.url(service), reason }
    }

    fn links(&self, cluster: ClusterId) -> Links {
        let facts = self.there.server(cluster).map(|server| &server.links);
        let down = |remote: ClusterId| match facts.map(|links| links.get(&remote)) {
            Some(Some(LinkFacts::Connected)) => None,
            Some(Some(LinkFacts::Down(reason))) => Some(reason.clone()),
            Some(None) => Some("it is not set as a remote".to_owned()),
            None => Some(format!("{} does not answer", cluster.first_node())),
        };
        let unlicensed = |of: &ClusterId| {
            let license = &self.there.server(*of)?.license;
            let (kind, active) = (license.kind.clone(), license.active);
            (!license.allows_links()).then(|| Cause::License { of: *of, kind, active }.to_string())
        };
        let asleep = |remote: ClusterId| {
            let reason = match self.there.containers.get(&remote.first_node()).map(|container| container.state) {
                Some(ContainerState::Running) if self.there.is_reachable(remote) => return None,
                Some(ContainerState::Running) => "is not attached to the mesh's network",
                Some(ContainerState::Paused) => "is paused",
                Some(_) => "is stopped",
                None => "has no container",
            };
            Some(format!("{} {reason}", remote.first_node()))
        };
        let reason = |remote: ClusterId| {
            let why = down(remote)?;
            Some(asleep(remote).or_else(|| [cluster, remote].iter().find_map(unlicensed)).unwrap_or(why))
        };
        let wanted = self.mesh.remotes(cluster).count();
        let down: BTreeMap<ClusterId, String> =
            self.mesh.remotes(cluster).filter_map(|remote| Some((remote, reason(remote)?))).collect();
        Links { up: wanted - down.len(), wanted, down }
    }

    fn certificate(&self, cluster: ClusterId) -> Option<OffsetDateTime> {
        let files = self.there.files.get(&cluster)?;
        let of_services = files.services.values().filter_map(|service| service.certificate.as_deref());
        let all = of_services.chain(files.authority.as_deref());
        all.filter_map(|pem| Some(certs::examine(pem).ok()?.not_after)).min()
    }

    fn expiry(&self, expires: OffsetDateTime) -> Expiry {
        Expiry { expires, days_left: self.days_until(expires) }
    }

    fn days_until(&self, end: OffsetDateTime) -> i64 {
        days_between(self.now, end)
    }
}

fn percent(part: u64, whole: u64) -> Option<u64> {
    (part * 100).checked_div(whole)
}
