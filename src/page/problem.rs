//! What is wrong with a mesh, in words, each with what to type: the top of the page. Pure.
//!
//! The words are those of `mesh status`; what is added is the shape of the links that are down.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    matrix::Matrix,
    shape::{Shape, shapes},
};
use crate::{
    facts::health::Watermark,
    judge::{
        peers::PeerState,
        status::{ClusterStatus, ServiceStatus, State, Status},
    },
    mesh::{counted::counted, id::ClusterId},
};

/// The most links that are named one by one.
const NAMED: usize = 5;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub level: Level,
    /// Lower case, no full stop.
    pub text: String,
    /// What to type, or a text with that between backticks.
    pub remedy: String,
    /// The cluster or the row and the column that it is about, by their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The mesh does not serve as it should.
    Problem,
    /// It will not, or it is not as it was asked for.
    Warning,
}

/// All that is wrong, the worst first.
pub fn problems(status: &Status, matrix: &Matrix) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Some(other) = &status.other_engine {
        found.push(Problem::new(Level::Problem, &other.message, &other.remedy));
    }
    for cluster in &status.clusters {
        services(cluster, &mut found);
    }
    gateway(status, &mut found);
    links(status, matrix, &mut found);
    for peer in status.peers.iter().filter(|peer| matches!(peer.state, PeerState::Expired | PeerState::Lost)) {
        let text = format!(
            "the keys of {} are {}",
            peer.alias,
            if peer.state == PeerState::Lost { "lost or damaged on disk" } else { "expired" }
        );
        found.push(Problem::new(Level::Problem, text, &peer.renewal).about([peer.alias.to_string()]));
    }
    indices(status, &mut found);
    disks(status, &mut found);
    for ending in &status.expiring {
        let level = if ending.days_left < 0 { Level::Problem } else { Level::Warning };
        found.push(Problem::new(level, ending.in_words(), &ending.remedy));
    }
    let warnings = status.warnings.iter();
    found.extend(warnings.map(|warning| Problem::new(Level::Warning, &warning.message, &warning.remedy)));
    changes(status, &mut found);
    found.sort_by_key(|problem| problem.level);
    found
}

/// What does not serve of a cluster, and why.
fn services(cluster: &ClusterStatus, found: &mut Vec<Problem>) {
    let (id, number) = (cluster.cluster, cluster.cluster.number());
    let mut add = |level, name: String, service: (State, Option<&str>), logs: &str| {
        let (state, reason) = service;
        let (text, remedy) = match (state, reason) {
            (_, Some(reason)) => in_two(reason, &format!("mesh logs {number} --service {logs}")),
            (State::Absent, None) => ("has no container".to_owned(), format!("mesh manage up {number}")),
            (State::Restarting, None) => {
                ("keeps ending and starting again".to_owned(), format!("mesh logs {number} --service {logs}"))
            }
            (state, None) => (format!("is {}", state.word()), format!("mesh logs {number} --service {logs}")),
        };
        found.push(Problem::new(level, format!("{name} {text}"), remedy).about([id.to_string()]));
    };
    let several = cluster.has_several_nodes();
    if cluster.elastic.state == State::Degraded || !cluster.elastic.state.serves() {
        for node in cluster.nodes.iter().filter(|node| node.state != State::Ready || node.reason.is_some()) {
            let level = if cluster.elastic.state.serves() { Level::Warning } else { Level::Problem };
            add(level, node.name.clone(), (node.state, node.reason.as_deref()), "elastic");
        }
        if several && !cluster.elastic.state.serves() {
            add(Level::Problem, id.to_string(), (cluster.elastic.state, cluster.elastic.reason.as_deref()), "elastic");
        }
    }
    if let Some(ServiceStatus { state, reason, .. }) = cluster.kibana.as_ref().filter(|kibana| !kibana.state.serves()) {
        add(Level::Problem, format!("{id}-kibana"), (*state, reason.as_deref()), "kibana");
    }
}

/// The mesh's own gateway, where it does not serve.
fn gateway(status: &Status, found: &mut Vec<Problem>) {
    let Some(gateway) = status.gateway.as_ref().filter(|gateway| !gateway.state.serves()) else { return };
    let word = format!("is {}", gateway.state.word());
    let (text, remedy) = in_two(gateway.reason.as_deref().unwrap_or(&word), "mesh logs gateway");
    found.push(Problem::new(Level::Problem, format!("{} {text}", gateway.name), remedy));
}

/// A reason and what it says to type: `is stopped; `mesh manage start 2` starts it`.
fn in_two(reason: &str, otherwise: &str) -> (String, String) {
    match reason.split_once("; ") {
        Some((reason, remedy)) if remedy.contains('`') => (reason.to_owned(), remedy.to_owned()),
        _ => (reason.to_owned(), otherwise.to_owned()),
    }
}

/// Links that are down, by their shape.
fn links(status: &Status, matrix: &Matrix, found: &mut Vec<Problem>) {
    let name = |at: usize| matrix.names[at].clone();
    let number = |at: usize| status.clusters.get(at).map(|cluster| cluster.cluster.number().to_string());
    let mut cells = Vec::new();
    for shape in shapes(matrix) {
        let why =
            |from: usize, to: usize| why(status, matrix, from, to).map_or_else(String::new, |why| format!(": {why}"));
        let first = |of: &dyn Fn(usize, usize) -> bool| {
            let bad = matrix
                .links()
                .find(|(from, to, mark)| mark.is_bad() && matrix.serves[*from] && matrix.serves[*to] && of(*from, *to));
            bad.map_or_else(String::new, |(from, to, _)| why(from, to))
        };
        match shape {
            Shape::Everything => {
                let text = format!("no link is up{}", first(&|_, _| true));
                found.push(Problem::new(Level::Problem, text, "mesh doctor"));
            }
            Shape::Cross(at) => {
                let text =
                    format!("{} is cut off, though it answers{}", name(at), first(&|from, to| from == at || to == at));
                found.push(Problem::new(Level::Problem, text, "mesh verify --fix").about([name(at)]));
            }
            Shape::Column(at) => {
                let text = format!("no cluster reaches {}{}", name(at), first(&|_, to| to == at));
                let remedy = match number(at) {
                    Some(number) => {
                        format!("`mesh verify --fix`, or `mesh keys rotate {number}` where its key is the cause")
                    }
                    None => "mesh verify".to_owned(),
                };
                found.push(Problem::new(Level::Problem, text, remedy).about([name(at)]));
            }
            Shape::Row(at) => {
                let text = format!("{} reaches no other cluster{}", name(at), first(&|from, _| from == at));
                found.push(Problem::new(Level::Problem, text, "mesh verify --fix").about([name(at)]));
            }
            Shape::Cell(from, to) => cells.push((from, to)),
        }
    }
    let more = cells.len().saturating_sub(NAMED);
    for (from, to) in cells.into_iter().take(NAMED) {
        let why = why(status, matrix, from, to).map_or_else(String::new, |why| format!(": {why}"));
        let text = format!("searches from {} do not reach {}{why}", name(from), name(to));
        found.push(Problem::new(Level::Problem, text, "mesh verify --fix").about([name(from), name(to)]));
    }
    if more > 0 {
        let text = if more == 1 { "1 more link is down".to_owned() } else { format!("{more} more links are down") };
        found.push(Problem::new(Level::Problem, text, "mesh verify"));
    }
}

/// Why a link is down.
fn why<'a>(status: &'a Status, matrix: &Matrix, from: usize, to: usize) -> Option<&'a str> {
    let searcher = status.clusters.get(from)?;
    let reason = match to.checked_sub(matrix.own) {
        Some(peer) => status.peers.get(peer)?.down.get(&searcher.cluster),
        None => searcher.links.down.get(&status.clusters.get(to)?.cluster),
    };
    reason.map(String::as_str)
}

fn indices(status: &Status, found: &mut Vec<Problem>) {
    for cluster in &status.clusters {
        let number = cluster.cluster.number();
        for red in &cluster.red_indices {
            let text = format!("index {} of {} is red: {}", red.index, cluster.cluster, red.reason);
            let remedy = format!("mesh es {number} GET _cluster/allocation/explain");
            found.push(Problem::new(Level::Problem, text, remedy).about([cluster.cluster.to_string()]));
        }
        let unassigned = cluster.unassigned_shards.filter(|count| *count > 0 && cluster.has_several_nodes());
        if let (Some(count), true) = (unassigned, cluster.red_indices.is_empty()) {
            let why = cluster.unassigned.first().map_or_else(String::new, |lacking| format!(": {}", lacking.reason));
            let text = format!(
                "{} of {} {} unassigned{why}",
                counted(count, "shard"),
                cluster.cluster,
                if count == 1 { "is" } else { "are" }
            );
            let remedy = format!("mesh es {number} GET _cat/shards");
            found.push(Problem::new(Level::Warning, text, remedy).about([cluster.cluster.to_string()]));
        }
    }
}

/// The disks that are nearly full, each with the clusters on it.
fn disks(status: &Status, found: &mut Vec<Problem>) {
    let mut disks: BTreeMap<(Watermark, u64), Vec<ClusterId>> = BTreeMap::new();
    for cluster in &status.clusters {
        if let (Some(passed), Some(percent)) = (cluster.disk_watermark, cluster.disk_percent) {
            disks.entry((passed, percent)).or_default().push(cluster.cluster);
        }
    }
    for ((passed, percent), clusters) in disks {
        let names: Vec<String> = clusters.iter().map(ToString::to_string).collect();
        let level = if passed == Watermark::FloodStage { Level::Problem } else { Level::Warning };
        let text = format!("the disk of {} is {percent} % full, and {}", names.join(" "), passed.effect());
        let remedy = format!(
            "free some space: `mesh es {} GET _cat/indices?s=store.size:desc` shows the largest indices",
            clusters[0].number()
        );
        found.push(Problem::new(level, text, remedy).about(names));
    }
}

/// What `mesh create` or `mesh upgrade` would change.
fn changes(status: &Status, found: &mut Vec<Problem>) {
    if let (Some((first, _)), Some(command)) = (status.pending_upgrade.first_key_value(), &status.upgrade_command) {
        let text = format!(
            "an upgrade has not reached {} yet, {first} first",
            counted(status.pending_upgrade.len(), "cluster")
        );
        found.push(Problem::new(Level::Warning, text, command));
    }
    let text = match &status.pending_changes[..] {
        [] => return,
        [only] => format!("out of sync: 1 pending change ({only})"),
        all => format!("out of sync: {}", counted(all.len(), "pending change")),
    };
    let remedy = "`mesh create` makes them, `mesh create --dry-run` shows them";
    found.push(Problem::new(Level::Warning, text, remedy));
}

impl Problem {
    fn new(level: Level, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level, text: text.into(), remedy: remedy.into(), about: Vec::new() }
    }

    fn about(self, names: impl IntoIterator<Item = String>) -> Self {
        Self { about: names.into_iter().collect(), ..self }
    }
}
