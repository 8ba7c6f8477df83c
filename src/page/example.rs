//! Meshes as a look finds them, for tests: all of it well, and parts of it broken. Pure: no I/O.

use std::collections::BTreeMap;

use time::{OffsetDateTime, macros::datetime};

use super::{Attempt, Chronicle, Documents, Feed, Latencies, LinksDocument, Matrix, Summary, problems};
use crate::{
    facts::{
        health::Color,
        observed::{Answer, ContainerFacts, ContainerState, LinkFacts, NetworkFacts, Observed, ServerFacts},
    },
    judge::{
        scope::Scope,
        status::{self, Expiry, License, ServiceStatus, State, Status},
    },
    mesh::{Mesh, example::cluster, id::ClusterId},
};

pub const NOW: OffsetDateTime = datetime!(2026-11-27 14:00 UTC);

/// A number that is another for each input, and the same in every run.
pub fn varied(seed: usize, below: u64) -> u64 {
    (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) % below
}

/// A mesh of which nothing is wrong.
pub fn well(count: u8) -> (Mesh, Status) {
    let mesh = Mesh::example(count);
    let network = Some(NetworkFacts { id: "n".to_owned(), subnet: String::new() });
    let mut there = Observed { network, ..Observed::default() };
    for cluster in mesh.clusters() {
        let running = ContainerFacts::in_state(ContainerState::Running);
        there.containers.insert(cluster.first_node(), ContainerFacts { network: Some("n".to_owned()), ..running });
        let mut server = ServerFacts::licensed("enterprise", NOW + time::Duration::days(300));
        server.links = mesh.remotes(cluster).map(|remote| (remote.into(), LinkFacts::Connected)).collect();
        there.servers.insert(cluster, Answer::Ready(server));
    }
    let mut status = status::status(&mesh, Scope::Mesh, &there, NOW);
    (status.in_sync, status.serves) = (true, true);
    status.pending_changes.clear();
    status.drift.clear();
    status.expiring.clear();
    status.warnings.clear();
    for (at, of) in status.clusters.iter_mut().enumerate() {
        let expiry = |days: i64| Some(Expiry { expires: NOW + time::Duration::days(days), days_left: days });
        if let Some(kibana) = &mut of.kibana {
            *kibana = ServiceStatus { state: State::Ready, reason: None, url: kibana.url.clone() };
        }
        of.health = Some(if varied(at, 5) == 0 { Color::Yellow } else { Color::Green });
        of.stack_version = Some("9.5.3".to_owned());
        of.documents = Some(9_000 + varied(at, 4_000) * varied(at + 3, 700));
        of.heap_percent = Some(20 + varied(at + 1, 50));
        of.disk_percent = Some(61);
        (of.api_key, of.certificate) = (expiry(364 - i64::from(of.cluster.number()) % 9), expiry(1088));
        of.license = Some(License { kind: "enterprise".to_owned(), active: true, expires: None, days_left: Some(300) });
    }
    (mesh, status)
}

/// Milliseconds of every link that is up; those from one cluster and those to another take longer.
pub fn latencies(mesh: &Mesh, turn: usize, busy: &[(u8, u8)]) -> Latencies {
    let one = |from: ClusterId, to: ClusterId| {
        let seed = usize::from(from.number()) * 131 + usize::from(to.number()) * 17 + turn * 7919;
        let slow = busy.iter().any(|(searcher, remote)| *searcher == from.number() || *remote == to.number());
        let base = if slow { 9 + varied(seed, 9) } else { 2 + varied(seed, 3) };
        u16::try_from(base + if varied(seed + 5, 29) == 0 { 6 } else { 0 }).unwrap_or_default()
    };
    let of = |from: ClusterId| mesh.remotes(from).map(|to| (to.into(), one(from, to))).collect();
    mesh.clusters().map(|from| (from, of(from))).collect()
}

/// The feed after one more look.
pub fn after_a_look(
    last: &Feed,
    (mesh, status, latencies): (&Mesh, &Status, &Latencies),
    at: OffsetDateTime,
    chronicle: &mut Chronicle,
) -> Feed {
    let matrix = Matrix::new(mesh, status);
    let problems = problems(status, &matrix);
    chronicle.add(at, status, &matrix, &BTreeMap::new());
    let links = LinksDocument::new(&matrix, latencies, &chronicle.since);
    let documents = Documents {
        metrics: String::new(),
        summary: Summary::new(mesh, status, &matrix, &problems),
        status: serde_json::to_value(status).unwrap(),
        links: serde_json::to_value(&links).unwrap(),
        problems: serde_json::to_value(&problems).unwrap(),
    };
    last.with(documents, chronicle, &attempt(at))
}

pub fn attempt(now: OffsetDateTime) -> Attempt {
    let (took, next) = (std::time::Duration::from_millis(400), std::time::Duration::from_secs(8));
    Attempt { now, took, next, at_work: None }
}

/// A link goes down.
pub fn cut(status: &mut Status, from: u8, to: u8, why: &str) {
    let (from, to) = (cluster(from), cluster(to));
    for of in &mut status.clusters {
        if of.cluster == from && of.links.down.insert(to, why.to_owned()).is_none() {
            of.links.up -= 1;
        }
        if of.cluster == to && of.searched_by.down.insert(from, why.to_owned()).is_none() {
            of.searched_by.up -= 1;
        }
    }
}

/// A server is stopped, or does not answer.
pub fn stop(status: &mut Status, number: u8, state: State, reason: &str) {
    let numbers: Vec<u8> = status.clusters.iter().map(|of| of.cluster.number()).filter(|of| *of != number).collect();
    for other in numbers {
        let why = format!("container {}-elastic is stopped", cluster(number));
        cut(status, number, other, &why);
        cut(status, other, number, &why);
    }
    let Some(of) = status.clusters.iter_mut().find(|of| of.cluster.number() == number) else { return };
    for node in &mut of.nodes {
        (node.state, node.reason, node.joined) = (state, Some(reason.to_owned()), false);
    }
    (of.elastic.state, of.elastic.reason) = (state, Some(reason.to_owned()));
    (of.health, of.documents, of.heap_percent, of.disk_percent) = (None, None, None, None);
    status.serves = false;
}
