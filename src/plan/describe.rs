//! The one place that describes steps: effect, subject, text, reason, and all that depends on the kind of a step.
//! Families of steps, such as [`LinkStep`](super::LinkStep), describe themselves. Pure.

#[cfg(test)]
mod tests;

use super::{
    Step,
    description::{Deletion, Description, Effect, Subject, Transition},
};
use crate::mesh::{
    name::{MeshName, container_name, network_name},
    users::RECOVERY_USER,
};

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
    #[expect(clippy::too_many_lines, reason = "one arm a step, so that none can be described in part")]
    pub fn describe(&self, mesh: Option<&MeshName>) -> Description {
        use Subject::{Account, Cluster, File, Image, Mesh, Network, Orphan, Path, Service};
        let container = |service| format!("container {}", container_name(mesh, service));
        match self {
            Self::PullImage(image) => adds(
                "pull-image",
                Image(image.clone()),
                format!("image {image}"),
                "containers are made from it, and this machine does not have it",
            )
            .prepares()
            .belongs_to_upgrade(),
            Self::ProveDirectory => waits(
                "prove-directory",
                Mesh,
                "Docker sees the mesh's directory",
                "containers mount files of the engine's machine, which need not be this one",
            )
            .prepares(),
            Self::TryImage { image, .. } => waits(
                "try-image",
                Image(image.clone()),
                format!("image {image} starts on this machine"),
                "an upgrade cannot be undone, and one that cannot start is found before it",
            )
            .prepares()
            .belongs_to_upgrade(),
            Self::Record => {
                changes("record", File("mesh.json"), "mesh.json", "every later run goes by what was decided")
                    .belongs_to_upgrade()
            }
            Self::Rebuild => changes(
                "rebuild-record",
                File("mesh.json"),
                "mesh.json, rebuilt from what is there",
                "it is lost, and what is there shows what it held",
            ),
            Self::CreateAccount { uid } => adds(
                "create-account",
                Account(*uid),
                format!("system user elastic, uid {uid}"),
                "containers run as this user, and their files belong to it",
            ),
            Self::SetPermissions(misfit) => changes(
                "set-permissions",
                Path { path: misfit.path.clone(), cluster: misfit.cluster() },
                misfit.to_string(),
                "it was written with another mode or owner",
            ),
            Self::WriteCredentials => adds(
                "write-credentials",
                File("credentials.txt"),
                "credentials.txt",
                "servers and Kibanas get the passwords in it",
            ),
            Self::RecoverCredentials => changes(
                "recover-credentials",
                File("credentials.txt"),
                "credentials.txt, recovered from what is there",
                "it is lost, and other files hold parts of it",
            ),
            Self::Trust(step) => step.describe(),
            Self::SeedConfig(service) => changes(
                "seed-config",
                Service(*service),
                format!("files of {service} from its image"),
                "the service does not start without its image's own configuration files",
            )
            .belongs_to_upgrade(),
            Self::WriteSettings(service) => changes(
                "write-settings",
                Service(*service),
                format!("settings of {service}"),
                "the configuration file is missing, or does not say what was decided",
            ),
            Self::WriteKeystore(node) => changes(
                "write-keystore",
                Service((*node).into()),
                format!("keystore of {node}"),
                "the server takes the first password of elastic from it",
            ),
            Self::StoreSecureSettings { node, changes: concerned, restart } => {
                let names = if concerned.is_empty() { String::new() } else { format!(": {}", concerned.join(", ")) };
                let why =
                    "the keystore does not hold what the file of secure settings says, or its server has not read it";
                let restarted = if *restart { ", with a restart" } else { "" };
                let text = format!("secure settings of {node}{restarted}{names}");
                let step = changes("store-secure-settings", Service((*node).into()), text, why);
                if *restart { step.container(Transition::Restarts).brings_up() } else { step }
            }
            Self::RemoveRecoveryUser(cluster) => removes(
                "remove-recovery-user",
                Cluster(*cluster),
                format!("superuser {RECOVERY_USER} of {cluster}, left by an earlier run"),
                "it may do everything, and its purpose is served",
            ),
            Self::CreateNetwork => adds(
                "create-network",
                Network(network_name(mesh)),
                format!("network {}", network_name(mesh)),
                "services have fixed addresses in it, by which clusters reach each other",
            ),
            Self::RemoveNetwork { .. } => removes(
                "remove-network",
                Network(network_name(mesh)),
                format!("network {}", network_name(mesh)),
                "its range is not the one that was decided, or the mesh is removed",
            )
            .deletes(Deletion::Replaceable),
            Self::CreateContainer(service) => adds(
                "create-container",
                Service(*service),
                container(*service),
                "the service has no container, or one that is made from something else",
            )
            .container(Transition::Creates),
            Self::UpdateContainer { service, from, to } => changes(
                "update-container",
                Service(*service),
                container(*service),
                "its limits are not those that were decided",
            )
            .differing(from.changes(to)),
            Self::StartContainer(service) => {
                changes("start-container", Service(*service), container(*service), "it does not run")
                    .container(Transition::Starts)
                    .brings_up()
            }
            Self::StopContainer(service) => changes(
                "stop-container",
                Service(*service),
                container(*service),
                "it is to stop, or another takes its place",
            )
            .container(Transition::Stops),
            Self::RestartContainer(service) => changes(
                "restart-container",
                Service(*service),
                container(*service),
                "it is halted, keeps ending, or runs with earlier settings or certificates",
            )
            .container(Transition::Restarts)
            .brings_up(),
            Self::RemoveContainer { service, differs } => removes(
                "remove-container",
                Service(*service),
                container(*service),
                "it is not wanted any more, or another takes its place",
            )
            .differing(differs.clone())
            .container(Transition::Removes)
            .deletes(Deletion::Replaceable),
            Self::RemoveOrphan(name) => removes(
                "remove-stray",
                Orphan(name.clone()),
                format!("container {name}, left by an earlier run"),
                "it belongs to this mesh and to none of its services",
            )
            .container(Transition::Removes)
            .deletes(Deletion::Replaceable)
            .belongs_to_upgrade(),
            Self::ResetPassword(cluster) => changes(
                "reset-password",
                Cluster(*cluster),
                format!("password of elastic on {cluster}, by a superuser that is there for that long only"),
                "the server may have another password than credentials.txt",
            )
            .brings_up(),
            Self::AwaitReady(service) => waits(
                "await-ready",
                Service(*service),
                format!("{service} answers"),
                "what follows needs it, and one that cannot start is reported with its cause",
            )
            .brings_up(),
            Self::ApplyLicense(cluster) => changes(
                "apply-license",
                Cluster(*cluster),
                format!("license of {cluster}"),
                "the cluster does not have the license that was given",
            )
            .brings_up(),
            Self::StartTrial(cluster) => changes(
                "start-trial",
                Cluster(*cluster),
                format!("trial license of {cluster}"),
                "the license that it has does not allow cross-cluster search by API key",
            )
            .brings_up(),
            Self::SetPasswords(cluster) => changes(
                "set-passwords",
                Cluster(*cluster),
                format!("passwords of elastic and kibana_system on {cluster}"),
                "the server is not known to accept those of credentials.txt",
            ),
            Self::Links(step) => step.describe(),
            Self::Snapshots(step) => step.describe(),
            Self::Nodes(step) => step.describe(),
            Self::Peers(step) => step.describe(),
            Self::Guests(step) => step.describe(),
            Self::Gateway(step) => step.describe(mesh),
            Self::Users(step) => step.describe(),
            Self::Views(step) => step.describe(),
            Self::Tokens(step) => step.describe(),
            Self::RemoveFiles(cluster) => removes(
                "remove-files",
                Cluster(*cluster),
                format!("directory of {cluster} with its data"),
                "the mesh is to have no such cluster",
            )
            .deletes(Deletion::Data),
            Self::WriteHosts => changes(
                "write-hosts",
                File("/etc/hosts"),
                "block in /etc/hosts",
                "programs on this machine find services by name",
            ),
            Self::RemoveHosts => removes(
                "remove-hosts",
                File("/etc/hosts"),
                "block in /etc/hosts",
                "no names of services are wanted there",
            )
            .deletes(Deletion::Replaceable),
            Self::RemoveDirectory => {
                removes("remove-directory", Mesh, "directory of the mesh with all data", "the mesh is removed")
                    .deletes(Deletion::Data)
            }
        }
    }
}
