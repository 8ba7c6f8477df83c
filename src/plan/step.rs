//! One change, as data: what it is, what it is about, and what people read of it. Pure.

use std::fmt;

use super::permissions::Misfit;
use crate::mesh::{
    container::Limits,
    id::{ClusterId, ServiceId, ServiceKind},
    links::Key,
    network, recover,
};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    PullImage(String),
    /// Sees that Docker's engine has the mesh's directory where this program has it: containers mount the engine's files.
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
    IssueAuthority(ClusterId),
    /// Makes the authority that is going to take over from the one in force.
    IssueNextAuthority(ClusterId),
    /// Puts the next authority in force; the one before stays as the old one.
    PromoteAuthority(ClusterId),
    /// Deletes the old authority.
    RetireAuthority(ClusterId),
    IssueCertificate(ServiceId),
    /// Waits until the cluster's Elasticsearch shows the certificate that its file has, and so has read all its certificates.
    AwaitCertificate(ClusterId),
    /// Writes all authorities into the bundle by which this cluster trusts its remotes, and its own to its services.
    WriteBundle(ClusterId),
    /// Writes the bundle for browsers.
    WriteBrowserBundle,
    /// Copies the image's own files into the configuration directory, except over those that somebody changed.
    SeedConfig(ServiceId),
    /// Writes the files of the configuration directory that are made from templates.
    WriteSettings(ServiceId),
    /// Writes what the keystore holds before the first start; other entries stay.
    WriteKeystore(ClusterId),
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
    /// Removes a container of this mesh that is no service's: an interrupted run left it, or somebody renamed it.
    RemoveOrphan(String),
    /// Gives `elastic` the password of `credentials.txt`, by a superuser that is there for that long only.
    ResetPassword(ClusterId),
    AwaitReady(ServiceId),
    ApplyLicense(ClusterId),
    StartTrial(ClusterId),
    SetPasswords(ClusterId),
    /// Makes a cross-cluster API key and saves it.
    IssueKey(Key),
    /// Changes which indices the API key lets others search, and saves when it expires.
    UpdateKey(Key),
    /// Gives the API key its whole life again.
    ExtendKey(Key),
    /// Invalidates keys of this mesh that no file holds or nobody is to search by, and removes the files of those.
    RevokeKeys(ClusterId),
    /// Writes the credentials of all remotes into `on`'s keystore and has the server read it again.
    StoreCredentials {
        on: ClusterId,
        of: Vec<ClusterId>,
    },
    /// Sets all remotes of `on`, and takes away the settings `without`, which nobody wanted.
    Connect {
        on: ClusterId,
        to: Vec<ClusterId>,
        without: Vec<String>,
    },
    /// Takes remotes away from a cluster that stays: its settings first, then its credentials.
    Disconnect {
        on: ClusterId,
        from: Vec<ClusterId>,
    },
    /// Waits until `on` reaches every one of `to`.
    ProveLinks {
        on: ClusterId,
        to: Vec<ClusterId>,
    },
    /// Deletes the cluster's directory with its data.
    RemoveFiles(ClusterId),
    WriteHosts,
    RemoveHosts,
    /// Deletes the mesh's own files and directories, `mesh.json` last.
    RemoveDirectory,
}

/// What a step does to its subject, for the reader of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Adds,
    Changes,
    Removes,
    Waits,
}

impl Step {
    pub fn effect(&self) -> Effect {
        match self {
            Self::PullImage(_)
            | Self::CreateAccount { .. }
            | Self::WriteCredentials
            | Self::IssueAuthority(_)
            | Self::IssueNextAuthority(_)
            | Self::IssueCertificate(_)
            | Self::CreateNetwork
            | Self::CreateContainer(_)
            | Self::IssueKey(_) => Effect::Adds,
            Self::Record
            | Self::Rebuild
            | Self::RecoverCredentials
            | Self::SetPermissions(_)
            | Self::ResetPassword(_)
            | Self::PromoteAuthority(_)
            | Self::WriteBundle(_)
            | Self::WriteBrowserBundle
            | Self::SeedConfig(_)
            | Self::WriteSettings(_)
            | Self::WriteKeystore(_)
            | Self::UpdateContainer { .. }
            | Self::StartContainer(_)
            | Self::RestartContainer(_)
            | Self::StopContainer(_)
            | Self::ApplyLicense(_)
            | Self::StartTrial(_)
            | Self::SetPasswords(_)
            | Self::UpdateKey(_)
            | Self::ExtendKey(_)
            | Self::StoreCredentials { .. }
            | Self::Connect { .. }
            | Self::WriteHosts => Effect::Changes,
            Self::RemoveNetwork { .. }
            | Self::RemoveContainer { .. }
            | Self::RemoveOrphan(_)
            | Self::RetireAuthority(_)
            | Self::RevokeKeys(_)
            | Self::RemoveRecoveryUser(_)
            | Self::Disconnect { .. }
            | Self::RemoveFiles(_)
            | Self::RemoveHosts
            | Self::RemoveDirectory => Effect::Removes,
            Self::TryImage { .. }
            | Self::ProveDirectory
            | Self::AwaitReady(_)
            | Self::AwaitCertificate(_)
            | Self::ProveLinks { .. } => Effect::Waits,
        }
    }

    /// The cluster whose services, files or settings it is about, if it is one cluster's.
    pub fn cluster(&self) -> Option<ClusterId> {
        match self {
            Self::IssueAuthority(cluster)
            | Self::IssueNextAuthority(cluster)
            | Self::PromoteAuthority(cluster)
            | Self::RetireAuthority(cluster)
            | Self::AwaitCertificate(cluster)
            | Self::WriteBundle(cluster)
            | Self::WriteKeystore(cluster)
            | Self::RemoveRecoveryUser(cluster)
            | Self::ResetPassword(cluster)
            | Self::ApplyLicense(cluster)
            | Self::StartTrial(cluster)
            | Self::SetPasswords(cluster)
            | Self::RevokeKeys(cluster)
            | Self::RemoveFiles(cluster) => Some(*cluster),
            Self::IssueKey(key) | Self::UpdateKey(key) | Self::ExtendKey(key) => Some(key.of),
            Self::SetPermissions(misfit) => misfit.cluster(),
            Self::StoreCredentials { on, .. }
            | Self::Connect { on, .. }
            | Self::Disconnect { on, .. }
            | Self::ProveLinks { on, .. } => Some(*on),
            Self::IssueCertificate(service)
            | Self::SeedConfig(service)
            | Self::WriteSettings(service)
            | Self::CreateContainer(service)
            | Self::UpdateContainer { service, .. }
            | Self::StartContainer(service)
            | Self::StopContainer(service)
            | Self::RestartContainer(service)
            | Self::RemoveContainer { service, .. }
            | Self::AwaitReady(service) => Some(service.cluster()),
            Self::PullImage(_)
            | Self::ProveDirectory
            | Self::TryImage { .. }
            | Self::Record
            | Self::Rebuild
            | Self::CreateAccount { .. }
            | Self::WriteCredentials
            | Self::RecoverCredentials
            | Self::WriteBrowserBundle
            | Self::CreateNetwork
            | Self::RemoveNetwork { .. }
            | Self::RemoveOrphan(_)
            | Self::WriteHosts
            | Self::RemoveHosts
            | Self::RemoveDirectory => None,
        }
    }

    /// Removes a container that none takes the place of.
    pub fn remove(service: ServiceId) -> Self {
        Self::RemoveContainer { service, differs: Vec::new() }
    }

    /// Whether data or a container is gone afterwards that no later run brings back.
    pub fn destroys(&self) -> bool {
        matches!(self, Self::RemoveFiles(_) | Self::RemoveDirectory)
    }
}

fn list(clusters: &[ClusterId]) -> String {
    clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PullImage(image) => write!(f, "image {image}"),
            Self::ProveDirectory => write!(f, "Docker sees the mesh's directory"),
            Self::TryImage { image, .. } => write!(f, "image {image} starts on this machine"),
            Self::Record => write!(f, "mesh.json"),
            Self::CreateAccount { uid } => write!(f, "system user elastic, uid {uid}"),
            Self::Rebuild => write!(f, "mesh.json, rebuilt from what is there"),
            Self::RecoverCredentials => write!(f, "credentials.txt, recovered from what is there"),
            Self::RemoveRecoveryUser(cluster) => {
                write!(f, "superuser {} of {cluster}, left by an earlier run", recover::USER)
            }
            Self::ResetPassword(cluster) => {
                write!(f, "password of elastic on {cluster}, by a superuser that is there for that long only")
            }
            Self::SetPermissions(misfit) => misfit.fmt(f),
            Self::WriteCredentials => write!(f, "credentials.txt"),
            Self::IssueAuthority(cluster) => write!(f, "authority of {cluster}"),
            Self::IssueNextAuthority(cluster) => write!(f, "next authority of {cluster}"),
            Self::PromoteAuthority(cluster) => write!(f, "next authority of {cluster} takes over"),
            Self::RetireAuthority(cluster) => write!(f, "old authority of {cluster}"),
            Self::AwaitCertificate(cluster) => write!(f, "{} shows its certificate", cluster.first_node()),
            Self::IssueCertificate(service) => write!(f, "certificate of {service}"),
            Self::WriteBundle(cluster) => write!(f, "authorities that {cluster} trusts"),
            Self::WriteBrowserBundle => write!(f, "ca.crt for browsers"),
            Self::SeedConfig(service) => write!(f, "files of {service} from its image"),
            Self::WriteSettings(service) => write!(f, "settings of {service}"),
            Self::WriteKeystore(cluster) => write!(f, "keystore of {cluster}"),
            Self::CreateNetwork | Self::RemoveNetwork { .. } => write!(f, "network {}", network::NAME),
            Self::CreateContainer(service)
            | Self::StartContainer(service)
            | Self::StopContainer(service)
            | Self::RestartContainer(service) => write!(f, "container {service}"),
            Self::RemoveContainer { service, differs } => {
                write!(f, "container {service}")?;
                if differs.is_empty() { Ok(()) } else { write!(f, ": {}", differs.join(", ")) }
            }
            Self::UpdateContainer { service, from, to } => {
                write!(f, "container {service}: {}", from.changes(to).join(", "))
            }
            Self::RemoveOrphan(name) => write!(f, "container {name}, left by an earlier run"),
            Self::AwaitReady(service) => write!(f, "{service} answers"),
            Self::ApplyLicense(cluster) => write!(f, "license of {cluster}"),
            Self::StartTrial(cluster) => write!(f, "trial license of {cluster}"),
            Self::SetPasswords(cluster) => write!(f, "passwords of elastic and kibana_system on {cluster}"),
            Self::IssueKey(key) | Self::UpdateKey(key) => key.fmt(f),
            Self::ExtendKey(key) => write!(f, "{key}, its whole life again"),
            Self::RevokeKeys(cluster) => write!(f, "API keys of {cluster} that are no longer used"),
            Self::StoreCredentials { on, of } if of.is_empty() => {
                write!(f, "keystore of {on}: no credentials of remotes")
            }
            Self::StoreCredentials { on, of } => write!(f, "keystore of {on}: credentials of {}", list(of)),
            Self::Connect { on, to, without } => {
                write!(f, "remotes of {on}: {}", list(to))?;
                if without.is_empty() { Ok(()) } else { write!(f, ", no longer {}", without.join(" ")) }
            }
            Self::Disconnect { on, from } => write!(f, "remotes of {on}: {}", list(from)),
            Self::ProveLinks { on, to } => write!(f, "links from {on} to {}", list(to)),
            Self::RemoveFiles(cluster) => write!(f, "directory of {cluster} with its data"),
            Self::WriteHosts | Self::RemoveHosts => write!(f, "block in /etc/hosts"),
            Self::RemoveDirectory => write!(f, "directory of the mesh with all data"),
        }
    }
}
