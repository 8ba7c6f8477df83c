//! What Kibanas log in with in the model: tokens that nodes read from files, or a password. Pure.

use rand::{SeedableRng as _, rngs::StdRng};

use super::Model;
use crate::{
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
        secret::Secret,
        service_token::{ServiceToken, has_others, without_others},
    },
    plan::TokenStep,
};

impl Model {
    /// What stands for chance: another one each time.
    pub(super) fn chance(&mut self) -> StdRng {
        StdRng::seed_from_u64(self.number().into())
    }

    /// The file of service tokens of a node.
    pub(super) fn tokens_on(&self, node: NodeId) -> String {
        let files = self.there.files.get(&node.cluster).and_then(|files| files.node(node.number));
        files.and_then(|files| files.service_tokens.as_ref()).map_or_else(String::new, |file| file.expose().to_owned())
    }

    /// Whether a file has the token that `credentials.txt` has.
    pub(super) fn knows_token(&self, cluster: ClusterId, file: &str) -> bool {
        let credentials = self.there.credentials.as_ref();
        credentials.and_then(|of| of.kibana_tokens.get(&cluster)).is_some_and(|token| token.is_in(file))
    }

    fn token(&self, cluster: ClusterId) -> ServiceToken {
        self.there.credentials.as_ref().expect("should have credentials first").kibana_tokens[&cluster].clone()
    }

    /// A Kibana starts with what its settings say, and every node that runs lets it in.
    pub(super) fn log_in_kibana(&mut self, cluster: ClusterId) {
        let settings = self.there.files[&cluster].services[&cluster.kibana()].settings.clone();
        let settings: serde_json::Value =
            serde_yaml::from_str(settings.expect("should have settings first").expose()).expect("should be YAML");
        let token = settings.get("elasticsearch.serviceAccountToken");
        let token = token.map(|token| ServiceToken::parse(token.as_str().unwrap_or_default()).expect("should be one"));
        match &token {
            None => assert!(self.answering(cluster).passwords, "Kibana should find its password set"),
            Some(token) => {
                for node in self.there.running_nodes(cluster) {
                    assert!(token.is_in(&self.processes[&node].tokens), "{node} should know the token of its Kibana");
                }
            }
        }
        self.presented.insert(cluster, token);
    }

    /// The token of a Kibana that runs; `None` in it for one that logs in with a password.
    fn running_kibana(&self, cluster: ClusterId) -> Option<&Option<ServiceToken>> {
        self.presented.get(&cluster).filter(|_| self.there.runs(cluster.kibana()))
    }

    pub(super) fn carry_out_of_tokens(&mut self, mesh: &Mesh, step: &TokenStep) {
        match step {
            TokenStep::Complete => {
                let credentials = self.there.credentials.take().expect("should have credentials first");
                self.there.credentials = Some(mesh.complete(credentials, &mut self.chance()));
            }
            TokenStep::Replace(clusters) => {
                for cluster in clusters {
                    let token = ServiceToken::another(&mut self.chance());
                    let credentials = self.there.credentials.as_mut().expect("should have credentials first");
                    credentials.kibana_tokens.insert(*cluster, token);
                }
            }
            TokenStep::Write(node) => {
                let token = self.token(node.cluster);
                let file = token.added_to(&self.tokens_on(*node), &mut self.chance());
                self.node_files(*node).service_tokens = Some(Secret::new(file));
            }
            TokenStep::Await { on, nodes } => {
                for node in nodes {
                    assert!(self.there.runs((*node).into()), "{node} should run before it is asked");
                    let file = self.tokens_on(*node);
                    assert!(self.token(*on).is_in(&file), "{node} should have the token in its file");
                    self.processes.get_mut(node).expect("should run").tokens = file;
                }
            }
            TokenStep::Close(cluster) => {
                let by_password = self.running_kibana(*cluster).is_some_and(Option::is_none);
                assert!(!by_password, "the Kibana of {cluster} should not be locked out");
                let server = self.answering(*cluster);
                (server.passwords, server.users.kibana_system_disabled) = (false, true);
            }
            TokenStep::Forget(node) => {
                let wanted = mesh.has_token(node.cluster).then(|| self.token(node.cluster));
                let file = without_others(&self.tokens_on(*node), wanted.as_ref());
                if let Some(Some(token)) = self.running_kibana(node.cluster) {
                    assert!(token.is_in(&file), "the Kibana of {} should not be locked out", node.cluster);
                }
                self.node_files(*node).service_tokens = Some(Secret::new(file));
            }
        }
    }

    /// A Kibana logs in with the token that `credentials.txt` has, every node knows it and no other of the mesh; or
    /// with the password.
    pub(in crate::plan::converge) fn assert_tokens_are(&self, mesh: &Mesh, on: ClusterId) {
        let credentials = self.there.credentials.as_ref().expect("should have credentials");
        assert!(mesh.completes(credentials), "credentials.txt should hold what Kibanas log in with, and no more");
        assert_eq!(self.servers[&on].users.kibana_system_disabled, mesh.logs_in_by_token(on), "kibana_system on {on}");
        assert_eq!(self.servers[&on].passwords, !mesh.logs_in_by_token(on), "passwords on {on}");
        let token = credentials.kibana_tokens.get(&on);
        if mesh.has(on.kibana()) {
            let presented = token.filter(|_| mesh.logs_in_by_token(on)).cloned();
            assert_eq!(self.running_kibana(on), Some(&presented), "login of the Kibana of {on}");
        }
        for node in mesh.nodes(on) {
            let file = self.tokens_on(node);
            assert!(!has_others(&file, token), "{node} should know no other token");
            let known = token.is_none_or(|token| token.is_in(&file) && token.is_in(&self.processes[&node].tokens));
            assert!(known, "{node} should know the token of its Kibana");
        }
    }
}
