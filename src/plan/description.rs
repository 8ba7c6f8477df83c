//! The description of a step: everything that is read of one, by people, by programs and by the code that runs it.
//! Pure.

use std::fmt;

use serde::Serialize;

use crate::mesh::{
    id::{ClusterId, GATEWAY, ServiceId},
    links::Key,
    peers::PartnerName,
};

/// A description of one step; [`Step::describe`](super::Step::describe) makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The name of the step in the JSON of a plan.
    pub code: &'static str,
    pub effect: Effect,
    pub subject: Subject,
    /// The subject in the words of people, with what is particular to the step.
    pub text: String,
    /// The reason that a mesh needs such a step.
    pub why: &'static str,
    /// The differences between a container and the one that replaces it, or between its limits.
    pub differences: Vec<String>,
    /// The change of state of a container of the mesh.
    pub container: Option<Transition>,
    /// What is gone afterwards, of what a user would look for.
    pub deletes: Option<Deletion>,
    /// Whether it changes nothing of a mesh: it only looks at the machine, or pulls or tries images.
    pub prepares: bool,
    /// Whether the other clusters cannot become useful when it fails, so that nothing else of its stage is begun.
    pub brings_up: bool,
    /// Whether an upgrade itself takes the step, so that a mesh that needs it has not drifted.
    pub belongs_to_upgrade: bool,
}

/// What a step does to its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Adds,
    Changes,
    Removes,
    Waits,
}

impl Effect {
    /// The sign in front of the step in a plan.
    pub fn sign(self) -> char {
        match self {
            Self::Adds => '+',
            Self::Changes => '~',
            Self::Removes => '-',
            Self::Waits => '?',
        }
    }
}

/// A change of the state of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    Creates,
    Starts,
    Stops,
    Restarts,
    Removes,
}

/// What a step deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Something that a later run makes again: a container, a network, names in the hosts file.
    Replaceable,
    /// Data, which no later run brings back.
    Data,
}

/// What a step is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The mesh as a whole.
    Mesh,
    /// A file of the mesh or of the machine.
    File(&'static str),
    /// A file or directory of the mesh, by its path in the mesh's directory.
    Path {
        path: String,
        cluster: Option<ClusterId>,
    },
    /// A system user, by its uid.
    Account(u32),
    Image(String),
    /// The mesh's network, by its name in Docker.
    Network(String),
    /// A container of the mesh that is no service's, by its name in Docker.
    Orphan(String),
    Cluster(ClusterId),
    Service(ServiceId),
    Key(Key),
    /// The mesh's own gateway.
    Gateway,
    /// Another mesh, by the name that it has here.
    Peer(PartnerName),
}

impl Subject {
    /// The cluster that it belongs to, if it is one cluster's: what is done for different clusters can be done at the
    /// same time.
    pub fn cluster(&self) -> Option<ClusterId> {
        match self {
            Self::Cluster(cluster) => Some(*cluster),
            Self::Service(service) => Some(service.cluster()),
            Self::Key(key) => Some(key.of),
            Self::Path { cluster, .. } => *cluster,
            Self::Mesh
            | Self::Gateway
            | Self::File(_)
            | Self::Account(_)
            | Self::Image(_)
            | Self::Network(_)
            | Self::Orphan(_)
            | Self::Peer(_) => None,
        }
    }
}

/// The form that programs read.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mesh => f.write_str("all"),
            Self::Gateway => f.write_str(GATEWAY),
            Self::File(name) => f.write_str(name),
            Self::Path { path, .. } => f.write_str(path),
            Self::Account(uid) => uid.fmt(f),
            Self::Image(name) | Self::Network(name) | Self::Orphan(name) => f.write_str(name),
            Self::Cluster(cluster) => cluster.fmt(f),
            Self::Service(service) => service.fmt(f),
            Self::Peer(name) => name.fmt(f),
            Self::Key(Key { of, searcher: None }) => of.fmt(f),
            Self::Key(Key { of, searcher: Some(searcher) }) => write!(f, "{of} {searcher}"),
        }
    }
}

impl Description {
    pub(super) fn new(
        effect: Effect,
        code: &'static str,
        subject: Subject,
        text: impl Into<String>,
        why: &'static str,
    ) -> Self {
        Self {
            code,
            effect,
            subject,
            text: text.into(),
            why,
            differences: Vec::new(),
            container: None,
            deletes: None,
            prepares: false,
            brings_up: false,
            belongs_to_upgrade: false,
        }
    }

    pub(super) fn differing(self, differences: Vec<String>) -> Self {
        let text =
            if differences.is_empty() { self.text } else { format!("{}: {}", self.text, differences.join(", ")) };
        Self { text, differences, ..self }
    }

    pub(super) fn container(self, transition: Transition) -> Self {
        Self { container: Some(transition), ..self }
    }

    pub(super) fn deletes(self, deletion: Deletion) -> Self {
        Self { deletes: Some(deletion), ..self }
    }

    pub(super) fn prepares(self) -> Self {
        Self { prepares: true, ..self }
    }

    pub(super) fn brings_up(self) -> Self {
        Self { brings_up: true, ..self }
    }

    pub(super) fn belongs_to_upgrade(self) -> Self {
        Self { belongs_to_upgrade: true, ..self }
    }
}
