//! The ports that other meshes and programs have, as listeners and labels tell. No I/O, no decisions.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
};

use super::{
    Survey,
    docker::{ContainerSummary, NetworkSummary, label},
};
use crate::mesh::{allocate, ports};

/// Ports that are listened on, or that labels and Docker show for others than the mesh with the id `own`: Docker
/// forgets those of a container that is stopped, and knows none of one that is still to come.
pub(super) fn taken_ports(survey: &Survey, own: Option<&str>) -> BTreeSet<u16> {
    let is_own = |labels: &HashMap<String, String>| own.is_some() && labels.get(label::MESH).map(String::as_str) == own;
    let (ours, others): (Vec<_>, Vec<_>) = survey.containers.iter().partition(|found| is_own(&found.labels));
    let published = |found: &&ContainerSummary| found.ports.iter().map(|(_, port)| *port).collect::<Vec<_>>();
    let ours: BTreeSet<u16> = ours.iter().flat_map(published).collect();
    let listeners = survey.listeners.iter().map(|listener| listener.port).filter(|port| !ours.contains(port));
    let networks =
        survey.networks.iter().filter(|found| found.labels.contains_key(label::MESH) && !is_own(&found.labels));
    let of_network = |found: &NetworkSummary| {
        found.labels.get(label::PORTS).map_or_else(allocate::published, |label| ports::of_label(label))
    };
    let labeled = others.iter().filter_map(|found| found.labels.get(label::PORTS));
    let labeled = labeled.flat_map(|label| ports::of_label(label));
    let (_, gateways) = reserved(survey, own);
    let labeled = labeled.chain(gateways.into_iter().map(|at| at.port()));
    listeners.chain(others.iter().flat_map(published)).chain(networks.flat_map(of_network)).chain(labeled).collect()
}

/// The ports that clusters of meshes other than the one with the id `own` have, and where their gateways are
/// published, though none of it may run.
pub(super) fn reserved(survey: &Survey, own: Option<&str>) -> (BTreeSet<u16>, BTreeSet<SocketAddr>) {
    let is_other = |labels: &HashMap<String, String>| {
        labels.contains_key(label::MESH) && (own.is_none() || labels.get(label::MESH).map(String::as_str) != own)
    };
    let labeled = survey.labels().filter(|labels| is_other(labels)).filter_map(|labels| labels.get(label::PORTS));
    let labeled = labeled.flat_map(|ports| ports::of_label(ports));
    let others = || survey.containers.iter().filter(|found| is_other(&found.labels));
    let plain = others().filter(|found| !found.labels.contains_key(label::PORTS));
    let by_number = plain.filter_map(ContainerSummary::service).flat_map(allocate::ports_by_number);
    let gateways = others().filter_map(|found| found.labels.get(label::GATEWAY)?.parse().ok());
    (labeled.chain(by_number).collect(), gateways.collect())
}
