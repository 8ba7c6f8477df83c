//! One change of what Kibana logs in to its Elasticsearch with, as data, with its description. Pure.

use super::description::{Description, Effect, Subject};
use crate::mesh::{
    id::{ClusterId, NodeId},
    layout,
};

/// A change of the service tokens with which Kibanas log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenStep {
    /// Makes `credentials.txt` hold what the Kibanas of the mesh log in with, and nothing that none logs in with.
    Complete,
    /// Writes other tokens into `credentials.txt`, in place of those of these clusters.
    Replace(Vec<ClusterId>),
    /// Writes the hash of the token into the file by which a node knows it; those that are there stay.
    Write(NodeId),
    /// Waits until these nodes know the token of their Kibana.
    Await { on: ClusterId, nodes: Vec<NodeId> },
    /// Gives `elastic` its password, and disables `kibana_system`.
    Close(ClusterId),
    /// Takes the mesh's other tokens out of the file of a node.
    Forget(NodeId),
}

impl TokenStep {
    pub(super) fn describe(&self) -> Description {
        use Effect::{Changes, Removes, Waits};
        let file =
            |code, text: String, why| Description::new(Changes, code, Subject::File(layout::CREDENTIALS), text, why);
        let on = |effect, code, cluster: &ClusterId, text: String, why| {
            Description::new(effect, code, Subject::Cluster(*cluster), text, why)
        };
        let of = |effect, code, node: &NodeId, text: String, why| {
            Description::new(effect, code, Subject::Service((*node).into()), text, why)
        };
        match self {
            Self::Complete => file(
                "complete-credentials",
                "logins of Kibana in credentials.txt".to_owned(),
                "each Kibana logs in with a token of its own, or with the password of kibana_system",
            ),
            Self::Replace(clusters) => file(
                "replace-service-tokens",
                format!("other service tokens of Kibana in credentials.txt: {}", list(clusters)),
                "other tokens were asked for",
            ),
            Self::Write(node) => of(
                Changes,
                "write-service-token",
                node,
                format!("service token of Kibana on {node}"),
                "a server knows the token of its Kibana by a hash in a file of its own",
            ),
            Self::Await { on: cluster, .. } => on(
                Waits,
                "await-service-token",
                cluster,
                format!("{cluster} knows the service token of Kibana"),
                "a server reads the file again while it runs, and refuses Kibana until then",
            ),
            Self::Close(cluster) => on(
                Changes,
                "disable-kibana-system",
                cluster,
                format!("password of elastic on {cluster}; kibana_system is disabled"),
                "elastic logs in without a keystore, and nothing logs in as kibana_system",
            ),
            Self::Forget(node) => of(
                Removes,
                "forget-service-tokens",
                node,
                format!("service tokens on {node} that no Kibana uses"),
                "a token that the server knows lets its holder in",
            ),
        }
    }
}

fn list(clusters: &[ClusterId]) -> String {
    clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
