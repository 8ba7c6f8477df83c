//! One change of authorities, certificates and bundles, as data. Pure.

use super::description::{Description, Effect, Subject};
use crate::mesh::id::{ClusterId, NodeId, ServiceId};

/// A change of whose certificates clusters trust, and of those that they show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustStep {
    IssueAuthority(ClusterId),
    /// Makes the authority that is going to take over from the one in force.
    IssueNextAuthority(ClusterId),
    /// Puts the next authority in force; the one before stays as the old one.
    PromoteAuthority(ClusterId),
    /// Deletes the old authority.
    RetireAuthority(ClusterId),
    IssueCertificate(ServiceId),
    /// Waits until a node shows the certificate that its file has, and so has read all its certificates.
    AwaitCertificate(NodeId),
    /// Writes all authorities into the bundle by which this cluster trusts its remotes, and its own to its services.
    WriteBundle(ClusterId),
    /// Writes the bundle for browsers.
    WriteBrowserBundle,
}

impl TrustStep {
    pub(super) fn describe(&self) -> Description {
        use Effect::{Adds, Changes, Removes, Waits};
        use Subject::{Cluster, File, Service};
        let (effect, code, subject, text, why) = match self {
            Self::IssueAuthority(cluster) => (
                Adds,
                "issue-authority",
                Cluster(*cluster),
                format!("authority of {cluster}"),
                "it signs the certificates of the cluster's services",
            ),
            Self::IssueNextAuthority(cluster) => (
                Adds,
                "issue-next-authority",
                Cluster(*cluster),
                format!("next authority of {cluster}"),
                "an authority is replaced by one that is trusted before it signs anything",
            ),
            Self::PromoteAuthority(cluster) => (
                Changes,
                "promote-authority",
                Cluster(*cluster),
                format!("next authority of {cluster} takes over"),
                "every server trusts it by now",
            ),
            Self::RetireAuthority(cluster) => (
                Removes,
                "retire-authority",
                Cluster(*cluster),
                format!("old authority of {cluster}"),
                "no server shows a certificate of it any more",
            ),
            Self::IssueCertificate(service) => (
                Adds,
                "issue-certificate",
                Service(*service),
                format!("certificate of {service}"),
                "it is missing, expires soon, is not valid for the service's names, or is to be renewed",
            ),
            Self::AwaitCertificate(node) => (
                Waits,
                "await-certificate",
                Service((*node).into()),
                format!("{node} shows its certificate"),
                "a server that shows its new certificate has read the new authorities as well",
            ),
            Self::WriteBundle(cluster) => (
                Changes,
                "write-bundle",
                Cluster(*cluster),
                format!("authorities that {cluster} trusts"),
                "the cluster accepts certificates that these authorities signed, and no others",
            ),
            Self::WriteBrowserBundle => (
                Changes,
                "write-browser-bundle",
                File("ca.crt"),
                "ca.crt for browsers".to_owned(),
                "a browser that imports it trusts every cluster",
            ),
        };
        Description::new(effect, code, subject, text, why)
    }
}
