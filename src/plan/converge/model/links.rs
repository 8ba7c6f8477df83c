//! What the steps of API keys, credentials and remotes change, and what they need. Pure.

use time::Duration;

use super::{Model, NOW};
use crate::{
    facts::observed::{KeyFacts, KeyFile, LinkFacts},
    mesh::{
        Mesh,
        digest::digest_of,
        id::NodeId,
        keystore,
        links::{Key, Link},
    },
    plan::LinkStep,
};

impl Model {
    fn save_key(&mut self, key: Key, file: KeyFile) {
        let files = self.files(key.of);
        match key.searcher {
            None => files.key = Some(file),
            Some(searcher) => drop(files.link_keys.insert(searcher, file)),
        }
    }

    pub(super) fn carry_out_of_links(&mut self, mesh: &Mesh, step: &LinkStep) {
        match step {
            LinkStep::IssueKey(which) => {
                let cluster = &which.of;
                let id = format!("key{}", self.number());
                let expires = NOW + Duration::days(mesh.spec.key_days.get().into());
                let facts = KeyFacts { id: id.clone(), names: mesh.shared_by(*which), expires: Some(expires) };
                self.answering(*cluster).keys.push(facts);
                let digest = digest_of(&[id.as_bytes()]);
                self.save_key(*which, KeyFile { id, expires, digest });
            }
            LinkStep::UpdateKey(which) | LinkStep::ExtendKey(which) => {
                let file = self.there.files[&which.of].key(*which).cloned().expect("should hold a key");
                let held = file.id.clone();
                let known = self.answering(which.of).keys.iter_mut().find(|key| key.id == held);
                let key = known.expect("should be known where it is updated");
                key.names = mesh.shared_by(*which);
                if matches!(step, LinkStep::ExtendKey(_)) {
                    key.expires = Some(NOW + Duration::days(mesh.spec.key_days.get().into()));
                }
                let expires = key.expires.expect("should expire: it is ours");
                self.save_key(*which, KeyFile { expires, ..file });
            }
            LinkStep::RevokeKeys(cluster) => {
                let wanted = mesh.keys(*cluster);
                let file = |key: &Key| self.there.files[cluster].key(*key).cloned().expect("should hold a key");
                let held: Vec<String> = wanted.iter().map(|key| file(key).id).collect();
                self.answering(*cluster).keys.retain(|key| held.contains(&key.id));
                let files = self.files(*cluster);
                files.key = files.key.take().filter(|_| wanted.contains(&Key::shared(*cluster)));
                files.link_keys.retain(|from, _| wanted.contains(&Key { of: *cluster, searcher: Some(*from) }));
            }
            LinkStep::StoreCredentials { on, of } => {
                let keys: Vec<(String, String)> = of
                    .iter()
                    .filter_map(|alias| {
                        let remote = alias.cluster().filter(|remote| mesh.has_cluster(*remote));
                        let digest = match remote {
                            // one of a peer whose file is gone stays as it is
                            None => self.peer_access(alias)?.digest.clone(),
                            Some(to) => {
                                let key = mesh.key_of(Link { from: *on, to });
                                self.there.files[&to].key(key).expect("should be issued").digest.clone()
                            }
                        };
                        Some((keystore::credentials_of(alias), digest))
                    })
                    .collect();
                self.answering(*on);
                for node in mesh.nodes(*on) {
                    let file = self.node_files(node).keystore.as_mut().expect("should have a keystore");
                    file.retain(|name, _| keystore::remote_of(name).is_none_or(|alias| of.contains(&alias)));
                    file.extend(keys.clone());
                    let file = file.clone();
                    self.processes.get_mut(&node).expect("should run").loaded = file;
                }
            }
            LinkStep::Connect { on, .. } => self.answering(*on).remotes = mesh.remote_settings(*on),
            LinkStep::Disconnect { on, from } => {
                let gone =
                    |name: &str| from.iter().any(|remote| name.starts_with(&format!("cluster.remote.{remote}.")));
                self.answering(*on).remotes.retain(|name, _| !gone(name));
                for node in self.files(*on).nodes.values_mut() {
                    node.keystore.get_or_insert_default().retain(|name, _| !gone(name));
                }
            }
            LinkStep::ProveLinks { on, to } => {
                // it asks for longer than servers take to read their files again
                let running: Vec<NodeId> = mesh.all_nodes().filter(|node| self.there.runs((*node).into())).collect();
                for node in running {
                    self.read_certificates(node);
                }
                for (node, remote) in mesh.nodes(*on).flat_map(|node| to.iter().map(move |remote| (node, remote))) {
                    assert_eq!(self.link_from(node, *remote), LinkFacts::Connected, "{node} → {remote}");
                }
            }
        }
    }
}
