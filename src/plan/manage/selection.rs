//! The clusters or the node that an action is about, and what they lack for it. Pure.

use std::fmt;

use super::{Action, gateway, lacking::Lacking};
use crate::{
    facts::observed::Observed,
    mesh::{
        Mesh, certs,
        cluster_set::{ClusterSet, NoSuchCluster},
        id::{ClusterId, Count, ServiceId, ServiceKind},
        part::{NoSuchPart, Part},
    },
};

/// Some clusters of a mesh, or one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection(Part);

impl Selection {
    /// # Errors
    /// The mesh does not have all of it.
    pub fn new(mesh: &Mesh, part: Part) -> Result<Self, NoSuchPart> {
        mesh.require_part(&part).map(|()| Self(part))
    }

    /// `count` clusters from `first` on.
    ///
    /// # Errors
    /// The mesh does not have one of them.
    pub fn from(mesh: &Mesh, first: ClusterId, count: Count) -> Result<Self, NoSuchPart> {
        let last = u16::from(first.number()) + u16::from(count.get()) - 1;
        let cluster = |number: u16| u8::try_from(number).ok().and_then(ClusterId::new);
        let clusters: Option<Vec<ClusterId>> = (first.number().into()..=last).map(cluster).collect();
        match clusters.and_then(ClusterSet::new) {
            Some(clusters) => Self::new(mesh, Part::Clusters(clusters)),
            None => Err(NoSuchCluster::new(last, &mesh.cluster_set()).into()),
        }
    }

    /// What the action needs and is not there.
    pub fn lacks(&self, mesh: &Mesh, there: &Observed, action: Action) -> Option<Lacking> {
        if self.is_gateway() {
            return gateway::lacks(mesh, there, action);
        }
        let wanted: Vec<ServiceId> = mesh.services().filter(|service| self.contains(*service)).collect();
        let clusters = || mesh.cluster_set();
        let missing = wanted.iter().find(|service| !there.containers.contains_key(service)).copied();
        let exchanged = wanted.iter().filter(|_| !action.ends()).find_map(|service| {
            let files = there.files.get(&service.cluster())?.services.get(service)?;
            let name = certs::examine(files.certificate.as_ref()?).ok()?.common_name;
            let of = name.parse::<ServiceId>().ok().filter(|of| of != service)?;
            Some(Lacking::Exchanged { of: of.cluster(), at: mesh.dir.join(service.cluster().to_string()) })
        });
        let parts = match action {
            Action::Stop | Action::Down => false,
            Action::Up => {
                there.network.is_none() || wanted.iter().any(|service| !there.files.contains_key(&service.cluster()))
            }
            // Docker starts no container in a network that is gone
            Action::Start | Action::Restart => there.network.is_none(),
        };
        if parts {
            return Some(Lacking::Parts { clusters: clusters() });
        }
        // it would start on another's data, and no link would trust its certificate
        if exchanged.is_some() {
            return exchanged;
        }
        // one that runs unseen would be reported as stopped, or hold what another needs
        let renamed = there.orphans.iter().filter(|(_, orphan)| orphan.state.is_up()).find_map(|(name, orphan)| {
            let service = orphan.service.map_or(missing, |service| Some(service).filter(|s| wanted.contains(s)))?;
            let free = !there.containers.contains_key(&service);
            let (orphan, name) = (name.clone(), mesh.container_name(service));
            Some(Lacking::Renamed { service, free, orphan, name, clusters: clusters() })
        });
        renamed.or_else(|| match action {
            Action::Start | Action::Restart => {
                Some(Lacking::Container { missing: mesh.container_name(missing?), selected: self.0.to_string() })
            }
            Action::Stop | Action::Down | Action::Up => None,
        })
    }

    /// Whether it is the mesh's own gateway.
    pub(super) fn is_gateway(&self) -> bool {
        self.0 == Part::Gateway
    }

    /// Whether it is a node, and not all of its cluster.
    pub fn is_node(&self) -> bool {
        matches!(self.0, Part::Node(_))
    }

    /// The clusters that it is of.
    pub(super) fn clusters(&self) -> impl Iterator<Item = ClusterId> + use<> {
        let clusters: Vec<ClusterId> = match &self.0 {
            Part::Clusters(clusters) => clusters.iter().collect(),
            Part::Node(node) => vec![node.cluster],
            Part::Gateway => Vec::new(),
        };
        clusters.into_iter()
    }

    /// Whether something of a cluster is selected.
    pub(super) fn touches(&self, cluster: ClusterId) -> bool {
        match &self.0 {
            Part::Clusters(clusters) => clusters.contains(cluster),
            Part::Node(node) => node.cluster == cluster,
            Part::Gateway => false,
        }
    }

    pub(super) fn contains(&self, service: ServiceId) -> bool {
        match &self.0 {
            Part::Clusters(clusters) => clusters.contains(service.cluster()),
            Part::Node(node) => service.node() == Some(*node),
            Part::Gateway => false,
        }
    }

    pub(super) fn services(&self, mesh: &Mesh, kind: ServiceKind) -> impl Iterator<Item = ServiceId> {
        mesh.services_of(kind).filter(move |service| self.contains(*service))
    }

    /// The services of whole clusters that are there and that the mesh does not have any more: they leave, and the run
    /// that was to remove them was interrupted.
    pub(super) fn leaving(&self, mesh: &Mesh, there: &Observed, kind: ServiceKind) -> impl Iterator<Item = ServiceId> {
        let leaves =
            move |service: &ServiceId| service.kind() == kind && self.contains(*service) && !mesh.has(*service);
        there.containers.keys().copied().filter(leaves)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Part::Clusters(clusters) => f.write_str(&clusters.named()),
            Part::Node(node) => node.fmt(f),
            Part::Gateway => f.write_str("the gateway"),
        }
    }
}
