//! What whoever applies the manifests has to know. Pure: no I/O.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{CLUSTERS, Move, POLICY};
use crate::mesh::settings::Repository;

impl Move<'_> {
    pub(super) fn notes(&self, policies: usize) -> String {
        let namespace = self.namespace;
        let mut text = format!(
            "# A data mesh on Kubernetes\n\n\
             Written by `mesh export eck`. It needs Elastic's operator ECK 2.16 or newer{}, and an Enterprise license or\n\
             ECK's trial: without one, ECK makes no remote cluster, and says so in an event.\n\n\
             \x20   kubectl create namespace {namespace}\n\
             \x20   kubectl apply -f {CLUSTERS}\n",
            if policies > 0 { " (3.5 for the roles of the policy)" } else { "" }
        );
        if policies > 0 {
            let _ = writeln!(text, "    kubectl apply -f {POLICY}");
        }
        let _ = writeln!(
            text,
            "\n## What is different there\n\n\
             * ECK issues certificates, makes the API keys of remote clusters and stores them. These keys do not expire, and\n\
             \x20 are not rotated.\n\
             * Pods restart when a cluster is searched for the first time, and when it gets a remote.\n\
             * Passwords are new: `kubectl get secret -n {namespace} clusterNN-es-elastic-user`.\n\
             * A Kibana has no path such as `/clusterNN`: that is a matter of an Ingress.\n\
             * Data comes over by snapshots: `mesh snapshots create`, then restore there from the repository of the mesh,\n\
             \x20 registered by another name and read-only: ECK gives every cluster a path of its own in a bucket."
        );
        for note in self.left_out() {
            let _ = writeln!(text, "* {note}");
        }
        text
    }

    /// What the mesh has and the manifests do not.
    fn left_out(&self) -> Vec<String> {
        let mesh = self.mesh;
        let mut notes = Vec::new();
        let users: Vec<String> = mesh.all_users().keys().map(ToString::to_string).collect();
        if !users.is_empty() {
            notes.push(format!("Users are not exported, since their passwords are secrets: {}.", users.join(", ")));
        }
        let views: BTreeSet<String> =
            mesh.clusters().flat_map(|of| mesh.data_views(of)).map(|view| view.name).collect();
        if !views.is_empty() {
            let views: Vec<String> = views.into_iter().collect();
            notes.push(format!(
                "Data views are not exported, and each Kibana there needs its own: {}.",
                views.join(", ")
            ));
        }
        let on_disk = |of| matches!(mesh.snapshots(of).repository, Repository::Directory | Repository::Path(_));
        if mesh.clusters().any(on_disk) {
            notes
                .push("Snapshots are on a disk of the mesh's machine, so their repository is not exported.".to_owned());
        }
        if mesh.clusters().any(|of| mesh.settings(of).secure_settings.0.is_some()) {
            notes.push(
                "Secure settings are not exported: put them into a Secret and name it under `secureSettings`."
                    .to_owned(),
            );
        }
        if mesh.spec.templates.path().is_some() {
            notes.push("Templates are not exported: what they add goes under `config` of each node set.".to_owned());
        }
        if !mesh.spec.san.is_empty() {
            let names: Vec<String> = mesh.spec.san.iter().map(ToString::to_string).collect();
            notes.push(format!(
                "These names are in no certificate there until they are under `http.tls.selfSignedCertificate`: {}.",
                names.join(", ")
            ));
        }
        if mesh.spec.gateway.0.is_some() {
            notes.push("The gateway is not exported: that is a matter of an Ingress, too.".to_owned());
        }
        if !mesh.peers.is_empty() {
            let peers: Vec<String> = mesh.peers.keys().map(ToString::to_string).collect();
            notes.push(format!("Meshes that were joined are not exported: {}.", peers.join(", ")));
        }
        if !mesh.guests.is_empty() {
            let guests: Vec<String> = mesh.guests.keys().map(ToString::to_string).collect();
            notes.push(format!(
                "Guests cannot search the clusters there until they get new keys: {}.",
                guests.join(", ")
            ));
        }
        notes
    }
}
