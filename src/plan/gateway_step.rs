//! One change of the mesh's own gateway, as data. Pure.

use super::description::{Deletion, Description, Effect, Subject, Transition};
use crate::mesh::name::{MeshName, gateway_name};

/// A change of the mesh's own gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayStep {
    IssueAuthority,
    /// Signs a certificate by that authority.
    IssueCertificate,
    /// Takes over the certificate and the key that the user gave.
    TakeCertificate,
    /// Writes the configuration, the start page and the authorities that it verifies.
    WriteFiles,
    CreateContainer,
    StartContainer,
    StopContainer,
    RestartContainer,
    /// Has nginx read its files again, which cuts no connection, and waits until it has.
    Reload,
    /// Waits until it answers with the files that are there.
    AwaitReady,
    /// Stops the container if it runs, then removes it.
    RemoveContainer {
        /// In what it differs from the one that takes its place.
        differs: Vec<String>,
    },
    /// Deletes its directory, with its authority.
    RemoveFiles,
}

fn described(effect: Effect, code: &'static str, text: impl Into<String>, why: &'static str) -> Description {
    // an upgrade brings the image of a newer program
    Description::new(effect, code, Subject::Gateway, text, why).belongs_to_upgrade()
}

impl GatewayStep {
    pub(super) fn describe(&self, mesh: Option<&MeshName>) -> Description {
        use Effect::{Adds, Changes, Removes, Waits};
        let container = || format!("container {}", gateway_name(mesh));
        match self {
            Self::IssueAuthority => described(
                Adds,
                "issue-gateway-authority",
                "authority of the gateway",
                "it signs the certificate that people's browsers are shown",
            ),
            Self::IssueCertificate => described(
                Adds,
                "issue-gateway-certificate",
                "certificate of the gateway",
                "it is missing, expires soon, is not valid for the gateway's names, or is to be renewed",
            ),
            Self::TakeCertificate => described(
                Changes,
                "take-gateway-certificate",
                "certificate of the gateway, as it was given",
                "the gateway does not have the certificate and the key that were given",
            ),
            Self::WriteFiles => described(
                Changes,
                "write-gateway",
                "files of the gateway",
                "they do not say where each service is, or whose certificates it is to believe",
            ),
            Self::CreateContainer => described(
                Adds,
                "create-gateway",
                container(),
                "the gateway has no container, or one that is made from something else",
            )
            .container(Transition::Creates),
            Self::StartContainer => described(Changes, "start-gateway", container(), "it does not run")
                .container(Transition::Starts)
                .brings_up(),
            Self::StopContainer => {
                described(Changes, "stop-gateway", container(), "it is to stop").container(Transition::Stops)
            }
            Self::RestartContainer => described(
                Changes,
                "restart-gateway",
                container(),
                "it is halted, keeps ending, or was asked to restart",
            )
            .container(Transition::Restarts)
            .brings_up(),
            Self::Reload => described(
                Changes,
                "reload-gateway",
                "the gateway reads its files again, without a restart",
                "it has read other files than those that are there",
            ),
            Self::AwaitReady => {
                described(Waits, "await-gateway", "the gateway answers", "people reach the mesh by it").brings_up()
            }
            Self::RemoveContainer { differs } => described(
                Removes,
                "remove-gateway",
                container(),
                "it is not wanted any more, or another takes its place",
            )
            .differing(differs.clone())
            .container(Transition::Removes)
            .deletes(Deletion::Replaceable),
            Self::RemoveFiles => described(
                Removes,
                "remove-gateway-files",
                "files of the gateway, with its authority",
                "the mesh is to have no gateway",
            )
            .deletes(Deletion::Replaceable),
        }
    }
}
