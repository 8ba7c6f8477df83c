//! Manifests for Elastic's operator on Kubernetes, ECK: the clusters of a mesh as they were decided, without secrets
//! and without data. Pure: no I/O.
//!
//! See <https://www.elastic.co/docs/reference/cloud-on-k8s/apis/eck-api-reference>. Remote clusters by API key need ECK
//! 2.16, a policy with roles ECK 3.5.

mod cluster;
mod names;
mod notes;
mod policy;
mod text;

use serde_json::{Value, json};

pub use self::names::{Namespace, StorageClass, VolumeSize};
use self::text::documents;
use super::Exported;
use crate::mesh::{
    Mesh,
    id::ClusterId,
    settings::{Memory, Registry},
};

/// The files of an export; the clusters are in every one.
pub const CLUSTERS: &str = "clusters.yaml";
const POLICY: &str = "policy.yaml";
const NOTES: &str = "README.md";
/// What is around a mesh's directory in the first line of the clusters.
const HEADING: &str = "# Manifests of the mesh in ";
const BY: &str = ", made by `mesh export eck`.";

/// A mesh that moves to Kubernetes, and what that needs to be known besides.
pub struct Move<'a> {
    pub mesh: &'a Mesh,
    pub namespace: &'a Namespace,
    /// The registry with the images, where it is not Elastic's own.
    pub image: Option<&'a Registry>,
    /// The size of each node's volume.
    pub volume: &'a VolumeSize,
    pub storage_class: Option<&'a StorageClass>,
}

impl Move<'_> {
    /// The policy is there where the mesh has roles or snapshots.
    pub fn files(&self) -> Vec<Exported> {
        let clusters = self.mesh.clusters().flat_map(|cluster| self.cluster(cluster));
        let policies = self.policies();
        let notes = self.notes(policies.len());
        let policies = (!policies.is_empty()).then(|| Exported::new(POLICY, documents(policies)));
        let clusters = heading(self.mesh) + &documents(clusters);
        [Exported::new(CLUSTERS, clusters), Exported::new(NOTES, notes)].into_iter().chain(policies).collect()
    }

    fn metadata(&self, name: &str, labels: Option<Value>) -> Value {
        let mut metadata = json!({ "name": name, "namespace": self.namespace.to_string() });
        if let Some(labels) = labels {
            metadata["labels"] = labels;
        }
        metadata
    }

    /// An image of a mirror; `None` where ECK knows where Elastic's are.
    fn image_of(&self, product: &str, of: ClusterId) -> Option<String> {
        Some(format!("{}/{product}/{product}:{}", self.image?, self.mesh.version(of)))
    }
}

/// The first line of the clusters, by which an export knows those of another mesh.
fn heading(mesh: &Mesh) -> String {
    format!("{HEADING}{}{BY}\n", place(mesh))
}

/// The directory of a mesh as the first line has it.
pub fn place(mesh: &Mesh) -> String {
    mesh.dir.display().to_string().replace(char::is_control, "?")
}

/// The directory of the mesh that clusters are of, by the first line of their file.
pub fn mesh_of(line: &str) -> Option<&str> {
    line.strip_prefix(HEADING)?.strip_suffix(BY)
}

/// Whether a file is one that an export for ECK writes.
pub fn is_own(name: &str) -> bool {
    [CLUSTERS, POLICY, NOTES].contains(&name)
}

/// An amount of memory as Kubernetes has it.
fn quantity(memory: Memory) -> String {
    const MEBIBYTE: u64 = 1 << 20;
    match memory.bytes() {
        bytes if bytes % (1 << 30) == 0 => format!("{}Gi", bytes >> 30),
        bytes if bytes % MEBIBYTE == 0 => format!("{}Mi", bytes / MEBIBYTE),
        bytes => bytes.to_string(),
    }
}

/// The container of a pod with as much memory as it may use.
fn pod(container: &str, memory: Memory) -> Value {
    let memory = quantity(memory);
    let resources = json!({ "limits": { "memory": memory }, "requests": { "memory": memory } });
    json!({ "spec": { "containers": [{ "name": container, "resources": resources }] } })
}

#[cfg(test)]
mod tests;
