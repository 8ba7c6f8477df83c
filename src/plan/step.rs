//! One change, as data. Pure.

use super::{
    GatewayStep, GuestStep, LinkStep, NodeStep, PeerStep, SnapshotStep, TokenStep, TrustStep, UserStep, ViewStep,
    permissions::Misfit,
};
use crate::mesh::{
    container::Limits,
    id::{ClusterId, NodeId, ServiceId, ServiceKind},
};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    PullImage(String),
    /// Sees that Docker's engine has the mesh's directory where this program has it: containers mount the engine's
    /// files.
    ProveDirectory,
    /// Starts the image of a product once, beside what runs, and asks it for its version.
    TryImage {
        kind: ServiceKind,
        image: String,
    },
    /// Writes `mesh.json`.
    Record,
    /// Writes a lost `mesh.json` again.
    Rebuild,
    /// Makes the system user that owns the files and runs the containers.
    CreateAccount {
        uid: u32,
    },
    /// Gives a file or directory the mode and the owner that it was written with.
    SetPermissions(Misfit),
    WriteCredentials,
    /// Writes a lost `credentials.txt` again, with what other files hold of it.
    RecoverCredentials,
    /// A change of authorities, certificates and bundles.
    Trust(TrustStep),
    /// Copies the image's own files into the configuration directory, except over those that were changed by hand.
    SeedConfig(ServiceId),
    /// Writes the files of the configuration directory that are made from templates.
    WriteSettings(ServiceId),
    /// Writes what a node's keystore holds before the first start; other entries stay.
    WriteKeystore(NodeId),
    /// Brings the entries of a keystore that come from a file of secure settings to what that says; those that were put
    /// there by hand stay.
    StoreSecureSettings {
        node: NodeId,
        /// The names that are concerned, each with what becomes of it.
        changes: Vec<String>,
        /// Whether the server is restarted, and waited for until it answers: many of them are only read when it starts.
        restart: bool,
    },
    /// Takes away the superuser that an interrupted [`Step::ResetPassword`] left.
    RemoveRecoveryUser(ClusterId),
    CreateNetwork,
    /// By Docker's id, since names are not unique and an older mesh's network has another label.
    RemoveNetwork {
        id: String,
    },
    CreateContainer(ServiceId),
    /// Gives the container other limits; one that runs goes on running.
    UpdateContainer {
        service: ServiceId,
        from: Box<Limits>,
        to: Box<Limits>,
    },
    StartContainer(ServiceId),
    StopContainer(ServiceId),
    RestartContainer(ServiceId),
    /// Stops the container if it runs, then removes it; its directories stay.
    RemoveContainer {
        service: ServiceId,
        /// In what it differs from the one that takes its place, such as `memory 2g → 3g`.
        differs: Vec<String>,
    },
    /// Removes a container of this mesh that is no service's: an interrupted run left it, or it was renamed.
    RemoveOrphan(String),
    /// Gives `elastic` the password of `credentials.txt`, by a superuser that is there for that long only.
    ResetPassword(ClusterId),
    AwaitReady(ServiceId),
    ApplyLicense(ClusterId),
    StartTrial(ClusterId),
    SetPasswords(ClusterId),
    /// A change of what clusters reach each other by.
    Links(LinkStep),
    /// A change of snapshots, or of where they are kept.
    Snapshots(SnapshotStep),
    /// A change of how a cluster of several nodes is formed.
    Nodes(NodeStep),
    /// A change that has to do with another mesh.
    Peers(PeerStep),
    /// A change that has to do with a guest.
    Guests(GuestStep),
    /// A change of the mesh's own gateway.
    Gateway(GatewayStep),
    /// A change of users and roles.
    Users(UserStep),
    /// A change of data views.
    Views(ViewStep),
    /// A change of what Kibanas log in with.
    Tokens(TokenStep),
    /// Deletes the cluster's directory with its data.
    RemoveFiles(ClusterId),
    WriteHosts,
    RemoveHosts,
    /// Deletes the mesh's own files and directories, `mesh.json` last.
    RemoveDirectory,
}

impl From<LinkStep> for Step {
    fn from(step: LinkStep) -> Self {
        Self::Links(step)
    }
}

impl From<TrustStep> for Step {
    fn from(step: TrustStep) -> Self {
        Self::Trust(step)
    }
}

impl From<SnapshotStep> for Step {
    fn from(step: SnapshotStep) -> Self {
        Self::Snapshots(step)
    }
}

impl From<PeerStep> for Step {
    fn from(step: PeerStep) -> Self {
        Self::Peers(step)
    }
}

impl From<GatewayStep> for Step {
    fn from(step: GatewayStep) -> Self {
        Self::Gateway(step)
    }
}

impl From<GuestStep> for Step {
    fn from(step: GuestStep) -> Self {
        Self::Guests(step)
    }
}

impl From<UserStep> for Step {
    fn from(step: UserStep) -> Self {
        Self::Users(step)
    }
}

impl From<ViewStep> for Step {
    fn from(step: ViewStep) -> Self {
        Self::Views(step)
    }
}

impl Step {
    /// Whether users can do less afterwards.
    pub fn takes_access_away(&self) -> bool {
        matches!(self, Self::Users(UserStep::RemoveUsers { .. } | UserStep::RemoveRoles { .. }))
    }

    /// The removal of a container that no other replaces.
    pub fn remove(service: ServiceId) -> Self {
        Self::RemoveContainer { service, differs: Vec::new() }
    }
}
