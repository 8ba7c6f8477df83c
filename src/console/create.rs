//! What `create` and `reset` say: the plan, what goes, what was made. I/O: the terminal.

use std::time::Duration;

use super::{Console, StageTime, bytes, duration, err, plain, timings::summary, upgrade::versions};
use crate::{
    cli::Format,
    mesh::{
        Mesh,
        counted::counted,
        id::{ClusterId, ServiceKind},
        layout,
        settings::Topology,
    },
    plan::{Plan, Transition, access::LostAccess, data::PlanData},
};

impl Console {
    /// The whole plan, for `--dry-run`.
    pub fn plan(&self, mesh: &Mesh, plan: &Plan, format: Format) {
        self.show(format, &PlanData::new(mesh, plan), || {
            if plan.is_empty() {
                return self.line("nothing to do: the mesh is in sync");
            }
            self.line(plan.to_string().trim_end());
            self.line(&format!("\n{}; + adds, ~ changes, - removes, ? waits. Nothing was changed", size(plan)));
        });
    }

    /// What is about to happen, in two lines.
    pub fn intent(&self, mesh: &Mesh, plan: &Plan) {
        let (count, version) = (mesh.count().get(), versions(&mesh.versions()));
        let kibanas = mesh.services_of(ServiceKind::Kibana).count();
        let kibana = if kibanas > 0 { " with Kibana" } else { "" };
        self.note(&format!(
            "a mesh of {}, Elasticsearch {version}{kibana}, in {}",
            counted(count, "cluster"),
            mesh.dir.display()
        ));
        let [made, gone, again] =
            [Transition::Creates, Transition::Removes, Transition::Restarts].map(|transition| plan.count(transition));
        self.note(&format!(
            "{} (`--dry-run` shows them); containers: {made} made, {gone} removed, {again} restarted",
            size(plan)
        ));
    }

    /// Which clusters do not answer for a while.
    pub fn outages(&self, away: &[ClusterId]) {
        for cluster in away {
            self.note(&format!("{cluster} is away while its only node restarts, so that others can join it"));
        }
    }

    /// What indices can no longer have, since the nodes that stay have no room for it.
    pub fn lowered_replicas(&self, plan: &Plan) {
        for step in plan.lowered_replicas() {
            err(&plain::line(&step.text));
        }
    }

    /// What clusters can no longer search.
    pub fn lost_access(&self, lost: &[LostAccess]) {
        if lost.is_empty() {
            return;
        }
        err("access will be revoked:");
        for lost in lost {
            err(&format!("  - {lost}"));
        }
    }

    /// Which users and roles go, before that is agreed to.
    pub fn removed_access(&self, plan: &Plan) {
        for what in plan.removed_access() {
            err(&plain::line(&format!("{what} would be removed")));
        }
    }

    /// What a plan takes away, with the bytes on disk of what it deletes.
    pub fn removals(&self, plan: &Plan, size: Option<u64>) {
        err("will be deleted:");
        for step in plan.descriptions().filter(|step| step.deletes.is_some()) {
            err(&format!("  - {}", plain::line(&step.text)));
        }
        if plan.destroys() {
            err(&format!("{} on disk", size.map_or("an unknown amount".to_owned(), bytes)));
        }
    }

    /// What a finished `mesh create` leaves its user with.
    pub fn welcome(&self, mesh: &Mesh, stages: &[StageTime], took: Duration) {
        if self.is_quiet() {
            return;
        }
        let count = mesh.count().get();
        self.line(&format!(
            "\n{} in {}, {} ({})\n",
            counted(count, "cluster"),
            mesh.dir.display(),
            links(mesh, "proved"),
            summary(stages, took)
        ));
        let place = |cluster| (cluster, mesh.node_urls(cluster), mesh.url(cluster.kibana()));
        self.places(&mesh.clusters().map(place).collect::<Vec<_>>(), "  ");
        let dir = mesh.dir.display();
        let authority = mesh.dir.join(layout::BUNDLE);
        let authority = authority.display();
        self.line(&format!(
            "\n  user elastic, password in {dir}/{}; authorities for browsers in {authority}",
            layout::CREDENTIALS
        ));
        self.line("\ntry next:");
        let found = format!("mesh search '{}'", if mesh.spec.data_set.0 { mesh.searched() } else { "mesh-*" });
        for command in ["mesh status", "mesh load --sample", &found, &request(mesh)] {
            self.line(&format!("  {}", self.same_mesh.in_command(command)));
        }
    }

    /// Nothing had to be done.
    pub fn unchanged(&self, mesh: &Mesh, took: Duration) {
        let count = mesh.count().get();
        self.done(&format!(
            "nothing to do: {} in {}, {} ({})",
            counted(count, "cluster"),
            mesh.dir.display(),
            links(mesh, "connected"),
            duration(took)
        ));
    }
}

/// A request that shows something, to the first cluster that searches others, or to the first.
fn request(mesh: &Mesh) -> String {
    if let Some(cluster) = mesh.clusters().find(|cluster| mesh.remotes(*cluster).next().is_some()) {
        return format!("mesh es {} GET '_resolve/cluster/*:*?pretty'", cluster.number());
    }
    let first = mesh.clusters().next().unwrap_or(ClusterId::FIRST);
    format!("mesh es {} GET '_cat/indices?v'", first.number())
}

/// What a run that ended well has tried.
fn links(mesh: &Mesh, found: &str) -> String {
    match &mesh.spec.topology {
        topology if mesh.links().is_empty() && *topology != Topology::All => {
            "which do not search each other".to_owned()
        }
        Topology::All if mesh.gaps().is_empty() && mesh.peers.is_empty() => format!("every link {found}"),
        Topology::All if mesh.gaps().is_empty() => format!("every link of its own {found}"),
        _ if mesh.gaps().is_empty() => format!("{} {found}", counted(mesh.links().len(), "link")),
        _ => format!("every link that Elasticsearch supports during an upgrade {found}"),
    }
}

/// How large a plan is, in words.
fn size(plan: &Plan) -> String {
    format!("{} in {}", counted(plan.steps().count(), "step"), counted(plan.stages.len(), "stage"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_to_a_cluster_of_the_mesh() {
        let of = |set: &str| request(&Mesh::example(1).with_clusters(set));
        assert_eq!(of("5-8"), "mesh es 5 GET '_resolve/cluster/*:*?pretty'");
        assert_eq!(of("7-7"), "mesh es 7 GET '_cat/indices?v'");
    }
}
