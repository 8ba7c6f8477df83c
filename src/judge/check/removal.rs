//! What belongs to others and stands where something of the mesh is removed. Pure.

use std::path::Path;

use super::Finding;
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, layout},
    plan::{Plan, Step},
};

/// Containers of others in a network that is to be removed: Docker would refuse, after the mesh's own are gone.
pub fn attached(mesh: &Mesh, plan: &Plan, there: &Observed) -> Option<Finding> {
    let removes = plan.steps().any(|step| matches!(step, Step::RemoveNetwork { .. }));
    let name = there.unmanaged.attached.first().filter(|_| removes)?;
    Some(Finding::problem(
        format!("container {name} is not of this mesh, and attached to its network, which has to go"),
        format!("`docker network disconnect {} {name}`", mesh.network_name()),
    ))
}

/// A file system inside a directory that is to go: what is on it would be deleted, and where it is mounted could not
/// be.
pub fn mounted_inside(dir: &Path, plan: &Plan, there: &Observed) -> Option<Finding> {
    let is_deleted = |place: &str| {
        plan.steps().any(|step| match step {
            Step::RemoveDirectory => place.split('/').next().is_some_and(layout::is_own),
            Step::RemoveFiles(cluster) => place.split('/').next() == Some(&*cluster.to_string()),
            _ => false,
        })
    };
    // the innermost first: one that holds another cannot be unmounted
    let places: Vec<String> = there
        .mounts
        .iter()
        .rev()
        .filter(|place| is_deleted(place))
        .map(|place| {
            shlex::try_quote(&dir.join(place).display().to_string()).map_or_else(|_| place.clone(), Into::into)
        })
        .collect();
    (!places.is_empty()).then(|| {
        Finding::problem(
            format!(
                "another file system is mounted inside the mesh, and would lose all its data: {}",
                places.join(" ")
            ),
            format!("`umount {}` keeps what is on it; then type the same command again", places.join(" ")),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::id::ClusterId;

    #[test]
    fn a_mount_inside_what_goes_is_named() {
        let dir = Path::new("/mnt/my mesh");
        let mounts = ["cluster02/elastic/data", "cluster02/elastic/data/more", "cluster03/elastic/data"];
        let there = Observed { mounts: mounts.map(str::to_owned).into(), ..Observed::default() };
        let plan = |step| Plan::of(None).stage("remove", [step]);
        assert_eq!(mounted_inside(dir, &plan(Step::RemoveHosts), &there), None);
        assert_eq!(mounted_inside(dir, &plan(Step::RemoveFiles(ClusterId::FIRST)), &there), None);
        let second = mounted_inside(dir, &plan(Step::RemoveFiles(ClusterId::new(2).unwrap())), &there).unwrap();
        let hint = "`umount '/mnt/my mesh/cluster02/elastic/data/more' '/mnt/my mesh/cluster02/elastic/data'` keeps what is on it; then type the same command again";
        assert_eq!(second.hint, hint);
        let all = mounted_inside(dir, &plan(Step::RemoveDirectory), &there).unwrap();
        assert!(all.message.contains("'/mnt/my mesh/cluster03/elastic/data'"), "{}", all.message);
    }
}
