//! Roles and snapshots as policies of ECK: one for all clusters, unless they differ in these. Pure: no I/O.
//!
//! In each repository of an object store, ECK gives every cluster a path of its own; see
//! <https://www.elastic.co/docs/deploy-manage/deploy/cloud-on-k8s/elastic-stack-configuration-policies>.

use serde_json::{Map, Value, json};

use super::Move;
use crate::mesh::{
    id::ClusterId,
    settings::Repository,
    snapshots::{POLICY, REPOSITORY},
};

/// The label by which a policy finds its clusters.
pub(super) const LABEL: &str = "mesh.policy";

impl Move<'_> {
    pub(super) fn policies(&self) -> Vec<Value> {
        let specs = self.distinct();
        let policy = |(at, spec): (usize, &Value)| {
            json!({
                "apiVersion": "stackconfigpolicy.k8s.elastic.co/v1alpha1",
                "kind": "StackConfigPolicy",
                "metadata": self.metadata(&Self::name_of_group(at, specs.len()), None),
                "spec": {
                    "resourceSelector": { "matchLabels": { LABEL: Self::name_of_group(at, specs.len()) } },
                    "elasticsearch": spec,
                },
            })
        };
        specs.iter().enumerate().filter(|(_, spec)| **spec != json!({})).map(policy).collect()
    }

    /// The name of the policy that a cluster has.
    pub(super) fn group(&self, of: ClusterId) -> String {
        let (specs, spec) = (self.distinct(), self.policy_of(of));
        let at = specs.iter().position(|other| *other == spec).unwrap_or_default();
        Self::name_of_group(at, specs.len())
    }

    fn name_of_group(at: usize, of: usize) -> String {
        if of == 1 { "mesh".to_owned() } else { format!("mesh-{}", at + 1) }
    }

    /// Each policy once, in the order of the first cluster that has it.
    fn distinct(&self) -> Vec<Value> {
        let mut specs: Vec<Value> = Vec::new();
        for spec in self.mesh.clusters().map(|of| self.policy_of(of)) {
            if !specs.contains(&spec) {
                specs.push(spec);
            }
        }
        specs
    }

    fn policy_of(&self, of: ClusterId) -> Value {
        let mut policy = Map::new();
        let roles: Map<String, Value> = self
            .mesh
            .roles_on(of)
            .keys()
            .filter_map(|name| {
                let mut body = self.mesh.role_body(of, name)?;
                // in a file, a role has no mark of the mesh that it belongs to
                body.as_object_mut()?.remove("metadata");
                Some((name.to_string(), body))
            })
            .collect();
        if !roles.is_empty() {
            policy.insert("securityRoles".to_owned(), roles.into());
        }
        // what is on a disk of the mesh's machine is not on those of Kubernetes
        let repository = match self.mesh.snapshots(of).repository {
            Repository::S3 { bucket, .. } => Some(json!({ "type": "s3", "settings": { "bucket": bucket } })),
            Repository::Directory | Repository::Path(_) | Repository::Off => None,
        };
        if let Some(repository) = repository {
            policy.insert("snapshotRepositories".to_owned(), json!({ REPOSITORY: repository }));
            if let Some(mut slm) = self.mesh.snapshot_policy(of) {
                if let Some(config) = slm["config"].as_object_mut() {
                    config.remove("metadata");
                }
                policy.insert("snapshotLifecyclePolicies".to_owned(), json!({ POLICY: slm }));
            }
        }
        policy.into()
    }
}
