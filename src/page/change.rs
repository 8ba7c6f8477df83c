//! What changed between two looks, a line each, with the time. Pure.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use time::OffsetDateTime;

use super::matrix::{Mark, Matrix, clock};
use crate::judge::status::{State, Status};

/// The lines that are kept.
const KEPT: usize = 200;
/// So many links with one end in common are one line.
const TOGETHER: usize = 3;

/// A line of what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Lines are numbered from 1 on.
    pub number: u64,
    pub at: String,
    pub kind: Kind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Worse,
    Better,
    Other,
}

/// All that changed since the first look, as far as it is kept, and since when links are down.
#[derive(Debug, Default)]
pub struct Chronicle {
    lines: VecDeque<Change>,
    written: u64,
    /// When each link was first seen down that had been up.
    pub since: BTreeMap<(String, String), OffsetDateTime>,
    last: Option<Seen>,
}

/// What is compared.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// By the names of services: the state, and when the container was started.
    services: BTreeMap<String, (State, Option<String>)>,
    versions: BTreeMap<String, String>,
    links: BTreeMap<(String, String), Mark>,
    in_sync: bool,
}

impl Seen {
    fn new(status: &Status, matrix: &Matrix, started: &BTreeMap<String, String>) -> Self {
        let mut services = BTreeMap::new();
        for cluster in &status.clusters {
            let nodes = cluster.nodes.iter().map(|node| (node.name.clone(), node.state));
            let kibana = cluster.kibana.iter().map(|kibana| (format!("{}-kibana", cluster.cluster), kibana.state));
            for (name, state) in nodes.chain(kibana) {
                let at = started.get(&name).cloned();
                services.insert(name, (state, at));
            }
        }
        let version = |(name, version): (String, &Option<String>)| Some((name, version.clone()?));
        let versions = status.clusters.iter().map(|of| (of.cluster.to_string(), &of.stack_version)).filter_map(version);
        Self { services, versions: versions.collect(), links: matrix.by_name(), in_sync: status.in_sync }
    }
}

impl Chronicle {
    /// Writes down what changed since the look before. The first is compared with nothing.
    pub fn add(&mut self, at: OffsetDateTime, status: &Status, matrix: &Matrix, started: &BTreeMap<String, String>) {
        let seen = Seen::new(status, matrix, started);
        if let Some(last) = self.last.take() {
            for (kind, text) in differences(&last, &seen) {
                self.write(at, kind, text);
            }
            for (link, mark) in &seen.links {
                if *mark == Mark::Up {
                    self.since.remove(link);
                } else if last.links.get(link) == Some(&Mark::Up) {
                    self.since.insert(link.clone(), at);
                }
            }
        }
        self.since.retain(|link, _| seen.links.contains_key(link));
        self.last = Some(seen);
    }

    fn write(&mut self, at: OffsetDateTime, kind: Kind, text: String) {
        self.written += 1;
        self.lines.push_back(Change { number: self.written, at: clock(at), kind, text });
        if self.lines.len() > KEPT {
            self.lines.pop_front();
        }
    }

    /// That the mesh cannot be looked at any more, or can again.
    pub fn note(&mut self, at: OffsetDateTime, better: bool, text: String) {
        self.write(at, if better { Kind::Better } else { Kind::Worse }, text);
    }

    pub fn lines(&self) -> impl Iterator<Item = &Change> {
        self.lines.iter()
    }
}

/// What is other in the second of two looks.
fn differences(before: &Seen, after: &Seen) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    for (name, (state, started)) in &after.services {
        match before.services.get(name) {
            None => found.push((Kind::Other, format!("{name} is new: {}", state.word()))),
            Some((was, _)) if was != state => {
                let kind = if *state == State::Ready { Kind::Better } else { Kind::Worse };
                found.push((kind, format!("{name} {}, was {}", state.word(), was.word())));
            }
            Some((_, was)) if was.is_some() && started.is_some() && was != started => {
                found.push((Kind::Other, format!("{name} restarted")));
            }
            Some(_) => {}
        }
    }
    for name in before.services.keys().filter(|name| !after.services.contains_key(*name)) {
        found.push((Kind::Other, format!("{name} is no longer part of the mesh")));
    }
    for (name, version) in &after.versions {
        if let Some(was) = before.versions.get(name).filter(|was| *was != version) {
            found.push((Kind::Other, format!("{name} runs {version}, was {was}")));
        }
    }
    found.extend(links(before, after));
    match (before.in_sync, after.in_sync) {
        (true, false) => found.push((Kind::Worse, "the mesh is out of sync".to_owned())),
        (false, true) => found.push((Kind::Better, "the mesh is in sync".to_owned())),
        _ => {}
    }
    found
}

/// Links that went down or came up, without those of servers whose own line says it.
fn links(before: &Seen, after: &Seen) -> Vec<(Kind, String)> {
    let serves = |seen: &Seen, name: &str| {
        let of = seen.services.iter().filter(|(service, _)| service.starts_with(&format!("{name}-elastic")));
        of.map(|(_, (state, _))| *state).any(State::serves)
    };
    let turned = |name: &str| serves(before, name) != serves(after, name);
    let mut found = Vec::new();
    for (kind, word, mark) in [(Kind::Worse, "down", Mark::Down), (Kind::Better, "up again", Mark::Up)] {
        let is_new = |((from, to), now): &(&(String, String), &Mark)| {
            let was = before.links.get(&(from.clone(), to.clone()));
            let other = was.is_some_and(|was| was != *now && (mark == Mark::Down || was.is_bad()));
            **now == mark && other && !turned(from) && !turned(to)
        };
        let mut left: Vec<(&str, &str)> =
            after.links.iter().filter(is_new).map(|((from, to), _)| (from.as_str(), to.as_str())).collect();
        let ends = |of: fn(&(&str, &str)) -> String, left: &[(&str, &str)]| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for link in left {
                *counts.entry(of(link)).or_default() += 1;
            }
            counts.into_iter().filter(|(_, count)| *count >= TOGETHER).collect::<Vec<_>>()
        };
        for (to, count) in ends(|link| link.1.to_owned(), &left) {
            found.push((kind, format!("{count} links to {to} {word}")));
            left.retain(|link| link.1 != to);
        }
        for (from, count) in ends(|link| link.0.to_owned(), &left) {
            found.push((kind, format!("{count} links from {from} {word}")));
            left.retain(|link| link.0 != from);
        }
        found.extend(left.iter().map(|(from, to)| (kind, format!("{from} → {to} {word}"))));
    }
    found
}
