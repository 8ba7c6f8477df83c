//! The questions about what Kibanas log in with. Pure.

use super::Reconciler;
use crate::{
    mesh::{
        id::{ClusterId, NodeId},
        secret::Secret,
        service_token::{ServiceToken, has_others},
    },
    plan::{Step, TokenStep},
};

impl Reconciler<'_> {
    /// The token of a cluster's Kibana, where that is to have one and it is there.
    fn token(&self, cluster: ClusterId) -> Option<&ServiceToken> {
        let credentials = self.there.credentials.as_ref()?;
        credentials.kibana_tokens.get(&cluster).filter(|_| self.mesh.has_token(cluster))
    }

    fn tokens_on(&self, node: NodeId) -> &str {
        self.node_files(node).and_then(|files| files.service_tokens.as_ref()).map_or("", Secret::expose)
    }

    /// Whether the file of a node lacks the token of its Kibana.
    pub(super) fn lacks_token(&self, node: NodeId) -> bool {
        self.mesh.has_token(node.cluster)
            && !self.token(node.cluster).is_some_and(|token| token.is_in(self.tokens_on(node)))
    }

    /// Whether the file of a node has tokens of the mesh that its Kibana does not use any more.
    pub(super) fn has_old_tokens(&self, node: NodeId) -> bool {
        // one that has yet to be made leaves those that are there
        let known = !self.mesh.has_token(node.cluster) || self.token(node.cluster).is_some();
        known && has_others(self.tokens_on(node), self.token(node.cluster))
    }

    /// The wait until the nodes that run know the token, or those that start before Kibana do.
    pub(super) fn token_awaited(&self, cluster: ClusterId) -> Option<Step> {
        let known = self.token(cluster).is_some()
            && self.server(cluster).is_some_and(|server| server.kibana_token)
            && self.mesh.nodes(cluster).all(|node| {
                // one that is in no cluster is not asked for it
                self.there.node(node).is_none_or(|facts| facts.master.is_none() || facts.kibana_token)
            });
        if known || !self.mesh.has_token(cluster) {
            return None;
        }
        // one that joins a cluster that serves reads its file when it starts
        let rolls = self.rolls(cluster);
        let nodes = self.mesh.nodes(cluster).filter(|node| !rolls || self.has_joined(*node));
        Some(TokenStep::Await { on: cluster, nodes: nodes.collect() }.into())
    }

    /// What lets `elastic` in without a keystore, and Kibana or nothing in as `kibana_system`.
    pub(super) fn logins(&self, cluster: ClusterId) -> Option<Step> {
        let server = self.server(cluster);
        if self.mesh.logs_in_by_token(cluster) {
            let closed = server.is_some_and(|server| server.users.kibana_system_disabled);
            return (!closed).then(|| TokenStep::Close(cluster).into());
        }
        (!server.is_some_and(|server| server.passwords)).then_some(Step::SetPasswords(cluster))
    }
}

impl From<TokenStep> for Step {
    fn from(step: TokenStep) -> Self {
        Self::Tokens(step)
    }
}
