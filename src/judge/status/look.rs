//! The status of one cluster, from facts. Pure.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{ClusterStatus, Expiry, LastSnapshot, License, Links, ServiceStatus, State};
use crate::{
    facts::{
        health::Watermark,
        observed::{ContainerState, Observed},
        snapshots::last_good,
    },
    judge::{
        container_exit::of_docker,
        expiry::{days_between, soon::api_key},
        links, snapshots,
        verify::LinkCause,
    },
    mesh::{
        Mesh, certs,
        id::{ClusterId, ServiceId},
        links::Link,
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
        let saves = !self.mesh.snapshots(cluster).is_off();
        let unreadable = snapshots::unreadable(self.there, cluster).filter(|_| saves);
        let nodes = self.nodes(cluster);
        Some(ClusterStatus {
            cluster,
            elastic: self.elastic(cluster, &nodes)?,
            nodes,
            kibana: self.kibana(cluster),
            health: vitals.map(|vitals| vitals.health.color),
            red_indices: vitals.map(|vitals| vitals.health.red.clone()).unwrap_or_default(),
            yellow_indices: vitals.map(|vitals| vitals.health.yellow.clone()).unwrap_or_default(),
            unassigned_shards: vitals.map(|vitals| vitals.health.unassigned),
            unassigned: vitals.map(|vitals| vitals.health.lacking.clone()).unwrap_or_default(),
            stack_version: vitals.map(|vitals| vitals.version.clone()),
            upgrade_to: Some(self.mesh.target_version(cluster)).filter(|to| *to != self.mesh.version(cluster)),
            links: self.links(cluster),
            searched_by: self.searched_by(cluster),
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
            last_snapshot: self.last_snapshot(cluster).filter(|_| saves),
            snapshot_late: snapshots::is_late(self.mesh, cluster, self.there, self.now),
            snapshots_unreadable: unreadable.map(|error| error.to_string()),
        })
    }

    /// `None` for a cluster that has none.
    fn kibana(&self, cluster: ClusterId) -> Option<ServiceStatus> {
        let service = cluster.kibana();
        let url = self.mesh.url(service)?;
        let state = State::of(self.container(service), self.there.kibana(cluster).is_some());
        let silence = || self.there.kibanas.get(&cluster).and_then(|answer| answer.reason(self.now));
        let unready = || self.refused(cluster).unwrap_or_else(|| silent(silence()));
        let reason = self.halted(service, state).or_else(|| (state == State::Unready).then(unready));
        Some(ServiceStatus { state, url, reason })
    }

    /// The reason that a Kibana is not let in, of one whose token the server does not know.
    fn refused(&self, cluster: ClusterId) -> Option<String> {
        let knows = self.there.server(cluster)?.kibana_token;
        let refused = self.mesh.logs_in_by_token(cluster) && !knows;
        refused.then(|| {
            "is not let in: Elasticsearch does not know its service token; `mesh create` writes it again".to_owned()
        })
    }

    pub(super) fn container(&self, service: ServiceId) -> Option<ContainerState> {
        self.there.containers.get(&service).map(|container| container.state)
    }

    /// Why a service is not ready whose container does not run.
    pub(super) fn halted(&self, service: ServiceId, state: State) -> Option<String> {
        let refused = || self.there.containers.get(&service)?.refused.as_deref();
        match (state, refused()) {
            (State::Stopped, Some(words)) => Some(match of_docker(self.mesh, Some(service), words) {
                Some(known) => format!("could not be started: {}; {}", known.cause, known.remedy),
                None => format!("could not be started: {words}"),
            }),
            (State::Stopped, None) => {
                Some(format!("is stopped; `mesh manage start {}` starts it", service.cluster().number()))
            }
            (State::Paused, _) => {
                Some(format!("is paused; `docker unpause {}` lets it go on", self.mesh.container_name(service)))
            }
            _ => None,
        }
    }

    fn last_snapshot(&self, cluster: ClusterId) -> Option<LastSnapshot> {
        if snapshots::unreadable(self.there, cluster).is_some() {
            return None;
        }
        let last = last_good(snapshots::of(self.there, cluster)?)?;
        let (name, ended) = (last.name.clone(), last.ended?);
        let age = self.now - ended;
        Some(LastSnapshot { name, ended, age_hours: age.whole_hours(), age })
    }

    /// The links from a cluster.
    fn links(&self, cluster: ClusterId) -> Links {
        let reason = |remote| self.reason(Link { from: cluster, to: remote });
        Links::new(self.mesh.remotes(cluster).map(|remote| (remote, reason(remote))))
    }

    /// The links to a cluster.
    fn searched_by(&self, cluster: ClusterId) -> Links {
        let reason = |searcher| self.reason(Link { from: searcher, to: cluster });
        Links::new(self.mesh.searchers(cluster).map(|searcher| (searcher, reason(searcher))))
    }

    /// The reason that a link is down; `None` for one that is up: from every node that is there and searches.
    fn reason(&self, link: Link) -> Option<String> {
        let Link { from, to } = link;
        let why = links::down(self.standings(), link)?;
        let fault = [from, to].into_iter().find_map(|end| LinkCause::of_container(self.mesh, self.there, end));
        let fault = fault.or_else(|| [from, to].into_iter().find_map(|end| LinkCause::of_license(self.there, end)));
        Some(fault.map_or(why, |fault| fault.to_string()))
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

impl Links {
    /// Each with the reason that it is down; `None` for one that is up.
    fn new(links: impl Iterator<Item = (ClusterId, Option<String>)>) -> Self {
        let links: Vec<_> = links.collect();
        let wanted = links.len();
        let down: BTreeMap<_, _> = links.into_iter().filter_map(|(other, reason)| Some((other, reason?))).collect();
        Self { up: wanted - down.len(), wanted, down }
    }
}

/// Why a service does not answer that runs.
pub(super) fn silent(why: Option<String>) -> String {
    why.unwrap_or_else(|| "its authority or its password is lost".to_owned())
}

pub(super) fn percent(part: u64, whole: u64) -> Option<u64> {
    (part * 100).checked_div(whole)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{
        facts::observed::{Answer, ContainerFacts, ServerFacts},
        mesh::defaults::Revision,
    };

    #[test]
    fn a_kibana_whose_token_is_refused_is_not_only_unready() {
        let now = datetime!(2026-11-26 12:00 UTC);
        let mesh = Mesh::example(1).with_defaults(Revision::NEWEST, None);
        let reason = |mesh: &Mesh, kibana_token: bool| {
            let server = ServerFacts { kibana_token, ..ServerFacts::licensed("trial", now) };
            let running = ContainerFacts::in_state(ContainerState::Running);
            let there = Observed {
                containers: [(ClusterId::FIRST.kibana(), running)].into(),
                servers: [(ClusterId::FIRST, Answer::Ready(server))].into(),
                kibanas: [(ClusterId::FIRST, Answer::NotReady("status 503".to_owned()))].into(),
                ..Observed::default()
            };
            Look { mesh, there: &there, now }.kibana(ClusterId::FIRST).unwrap().reason.unwrap()
        };
        insta::assert_snapshot!(reason(&mesh, false), @"is not let in: Elasticsearch does not know its service token; `mesh create` writes it again");
        assert_eq!(reason(&mesh, true), "is not ready: status 503");
        assert_eq!(reason(&Mesh::example(1), false), "is not ready: status 503", "it logs in with a password");
    }

    #[test]
    fn a_container_that_docker_could_not_start_is_not_called_stopped_on_purpose() {
        let (mesh, service) = (Mesh::example(1), ClusterId::FIRST.first_node());
        let reason = |refused: Option<&str>| {
            let refused = refused.map(str::to_owned);
            let facts = ContainerFacts { refused, ..ContainerFacts::in_state(ContainerState::Stopped) };
            let there = Observed { containers: [(service, facts)].into(), ..Observed::default() };
            Look { mesh: &mesh, there: &there, now: datetime!(2026-11-26 12:00 UTC) }.halted(service, State::Stopped)
        };
        let refusal = "failed to bind host port 192.0.2.11:9401/tcp: cannot assign requested address";
        insta::assert_snapshot!(reason(Some(refusal)).unwrap(), @"could not be started: this machine had no such address when Docker started it, and Docker does not try again; when `ip address` shows it, `mesh manage start 1`; `sysctl -w net.ipv4.ip_nonlocal_bind=1`, kept in /etc/sysctl.d, lets Docker start it before; another address: `mesh create --advertise ADDRESS`, or `--bind ADDRESS`");
        insta::assert_snapshot!(reason(Some("unheard of")).unwrap(), @"could not be started: unheard of");
        insta::assert_snapshot!(reason(None).unwrap(), @"is stopped; `mesh manage start 1` starts it");
    }
}
