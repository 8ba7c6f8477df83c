//! The status of one cluster, from facts. Pure.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{ClusterStatus, Expiry, License, Links, ServiceStatus, State};
use crate::{
    facts::{
        health::Watermark,
        observed::{ContainerState, LinkFacts, Observed},
    },
    judge::{
        expiry::{days_between, soon::api_key},
        verify::Cause,
    },
    mesh::{
        Mesh, certs,
        id::{ClusterId, ServiceId, ServiceKind},
    },
};

/// A mesh, what is there of it, and when.
pub(super) struct Look<'a> {
    pub mesh: &'a Mesh,
    pub there: &'a Observed,
    pub now: OffsetDateTime,
}

impl Look<'_> {
    /// `None` for a cluster that the mesh does not have.
    pub(super) fn cluster(&self, cluster: ClusterId) -> Option<ClusterStatus> {
        let server = self.there.server(cluster);
        let vitals = server.and_then(|server| server.vitals.as_ref());
        let kibana = cluster.kibana();
        Some(ClusterStatus {
            cluster,
            elastic: self.service(cluster.first_node(), server.is_some())?,
            kibana: self.service(kibana, self.there.kibana(cluster).is_some()),
            health: vitals.map(|vitals| vitals.health.color),
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
        })
    }

    /// `None` for a service that the mesh does not have.
    fn service(&self, service: ServiceId, ready: bool) -> Option<ServiceStatus> {
        let url = self.mesh.url(service)?;
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
        Some(ServiceStatus { state, url, reason })
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

    pub(super) fn days_until(&self, end: OffsetDateTime) -> i64 {
        days_between(self.now, end)
    }
}

pub(super) fn percent(part: u64, whole: u64) -> Option<u64> {
    (part * 100).checked_div(whole)
}
