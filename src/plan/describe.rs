//! The one place that describes steps: effect, subject, text, reason, and all that depends on the kind of a step.
//! Families of steps, such as [`LinkStep`](super::LinkStep), describe themselves; the others are described in the rooms
//! here, by what they are about. Pure.

mod clusters;
mod containers;
mod files;
mod machine;
#[cfg(test)]
mod tests;

use self::containers::Container;
use super::{
    Step,
    description::{Description, Effect, Subject},
};
use crate::mesh::{id::ServiceId, name::MeshName};

fn adds(code: &'static str, subject: Subject, text: impl Into<String>, why: &'static str) -> Description {
    Description::new(Effect::Adds, code, subject, text, why)
}

fn changes(code: &'static str, subject: Subject, text: impl Into<String>, why: &'static str) -> Description {
    Description::new(Effect::Changes, code, subject, text, why)
}

fn removes(code: &'static str, subject: Subject, text: impl Into<String>, why: &'static str) -> Description {
    Description::new(Effect::Removes, code, subject, text, why)
}

fn waits(code: &'static str, subject: Subject, text: impl Into<String>, why: &'static str) -> Description {
    Description::new(Effect::Waits, code, subject, text, why)
}

impl Step {
    /// The description of the step in a mesh with this name or without one.
    pub fn describe(&self, mesh: Option<&MeshName>) -> Description {
        let container = |service: &ServiceId| Container { mesh, service: *service };
        match self {
            Self::PullImage(image) => machine::pull_image(image),
            Self::ProveDirectory => machine::prove_directory(),
            Self::TryImage { image, .. } => machine::try_image(image),
            Self::Record => files::record(),
            Self::Rebuild => files::rebuild(),
            Self::CreateAccount { uid } => machine::create_account(*uid),
            Self::SetPermissions(misfit) => files::set_permissions(misfit),
            Self::WriteCredentials => files::write_credentials(),
            Self::RecoverCredentials => files::recover_credentials(),
            Self::Trust(step) => step.describe(),
            Self::SeedConfig(service) => files::seed_config(*service),
            Self::WriteSettings(service) => files::write_settings(*service),
            Self::WriteKeystore(node) => files::write_keystore(*node),
            Self::StoreSecureSettings { node, changes, restart } => {
                files::store_secure_settings(*node, changes, *restart)
            }
            Self::RemoveRecoveryUser(cluster) => clusters::remove_recovery_user(*cluster),
            Self::CreateNetwork => machine::create_network(mesh),
            Self::RemoveNetwork { .. } => machine::remove_network(mesh),
            Self::CreateContainer(service) => container(service).create(),
            Self::UpdateContainer { service, from, to } => container(service).update(from, to),
            Self::StartContainer(service) => container(service).start(),
            Self::StopContainer(service) => container(service).stop(),
            Self::RestartContainer(service) => container(service).restart(),
            Self::RemoveContainer { service, differs } => container(service).remove(differs),
            Self::RemoveOrphan(name) => containers::remove_orphan(name),
            Self::ResetPassword(cluster) => clusters::reset_password(*cluster),
            Self::AwaitReady(service) => containers::await_ready(*service),
            Self::ApplyLicense(cluster) => clusters::apply_license(*cluster),
            Self::StartTrial(cluster) => clusters::start_trial(*cluster),
            Self::SetPasswords(cluster) => clusters::set_passwords(*cluster),
            Self::Links(step) => step.describe(),
            Self::Snapshots(step) => step.describe(),
            Self::Nodes(step) => step.describe(),
            Self::Peers(step) => step.describe(),
            Self::Guests(step) => step.describe(),
            Self::Gateway(step) => step.describe(mesh),
            Self::Users(step) => step.describe(),
            Self::Views(step) => step.describe(),
            Self::Tokens(step) => step.describe(),
            Self::RemoveFiles(cluster) => clusters::remove_files(*cluster),
            Self::WriteHosts => machine::write_hosts(),
            Self::RemoveHosts => machine::remove_hosts(),
            Self::RemoveDirectory => machine::remove_directory(),
        }
    }
}
