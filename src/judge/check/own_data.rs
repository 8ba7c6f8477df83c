//! The mesh's own data: whether its passwords, its files, its versions and its licenses fit what is wanted. Pure.

use super::{Checked, Finding};
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, layout},
    plan::permissions::misfits,
};

/// Without the file, existing data is out of reach: new passwords would lock every user out.
pub fn lost_credentials(mesh: &Mesh, there: &Observed) -> Checked {
    let data = there.has_data();
    let path = mesh.dir.join(layout::CREDENTIALS).display().to_string();
    let finding = (data && there.credentials.is_none()).then(|| {
        Finding::problem(
            format!("{path} is lost, and the clusters' data needs its passwords"),
            "bring the file back from a backup, or type `mesh create --recover-credentials`: it takes the passwords from the other \
             files that hold them, and sets those anew that none holds",
        )
    });
    let good =
        if there.credentials.is_some() { format!("{path} can be read") } else { "there are none yet".to_owned() };
    Checked::new("credentials", good, finding)
}

/// Files whose mode or owner was changed by hand: others may read them, or a server may not.
pub(super) fn permissions(mesh: &Mesh, there: &Observed) -> Checked {
    let found = misfits(mesh, there).into_iter().map(|misfit| {
        Finding::warning(format!("changed by hand: {misfit}"), "`mesh create` changes it back, and restarts nothing")
    });
    let good = match there.permissions {
        Some(_) => "modes and owners of the mesh's files are those that they were written with",
        None => "there are no files yet",
    };
    Checked::new("permissions", good, found)
}

/// No Elasticsearch opens data of a newer one; see
/// <https://www.elastic.co/docs/deploy-manage/upgrade/prepare-to-upgrade>. A container is made after its files were copied
/// from its image, so those tell the newest version that the data may have seen.
pub(super) fn versions(mesh: &Mesh, there: &Observed) -> Checked {
    let newer = mesh.clusters().find_map(|cluster| {
        let seeds = there.files.get(&cluster)?.services.values().filter_map(|files| files.seed.as_ref());
        let seen = seeds.map(|seed| seed.version).max()?;
        (seen > mesh.version(cluster)).then_some((cluster, seen))
    });
    let finding = newer.map(|(cluster, seen)| {
        Finding::problem(
            format!("{cluster} has had {seen}, and mesh.json says {}: its data cannot go back", mesh.version(cluster)),
            format!("bring back the mesh.json of {}, perhaps from a backup", mesh.dir.display()),
        )
    });
    Checked::new("versions", "no cluster's data is newer than its version", finding)
}

/// A license is not kept: a cluster that comes later starts with a trial, whatever the others have.
pub fn trial_only(mesh: &Mesh, there: &Observed) -> Option<Finding> {
    let licensed = there.answering().any(|(_, server)| server.license.is_bought());
    let new = mesh.clusters().filter(|cluster| !there.files.contains_key(cluster));
    let names: Vec<String> = new.filter(|_| licensed).map(|cluster| cluster.to_string()).collect();
    (!names.is_empty()).then(|| {
        Finding::warning(
            format!("{} will have a trial of 30 days, though others have a license", names.join(" ")),
            "give the license again: `--license FILE`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::{Answer, ClusterFiles, SeedFacts, ServerFacts, ServiceFiles},
        mesh::id::ClusterId,
    };

    #[test]
    fn data_of_a_newer_version_is_not_given_to_an_older_one() {
        let mesh = Mesh::example(2);
        let seeded = |version: &str| {
            let seed = SeedFacts { version: version.parse().unwrap(), changed: Vec::new(), missing: Vec::new() };
            let files = ServiceFiles { seed: Some(seed), ..ServiceFiles::default() };
            let files =
                ClusterFiles { services: [(ClusterId::FIRST.first_node(), files)].into(), ..ClusterFiles::default() };
            Observed { files: [(ClusterId::FIRST, files)].into(), ..Observed::default() }
        };
        assert_eq!(versions(&mesh, &seeded("9.5.3")).findings(), []);
        assert_eq!(versions(&mesh, &seeded("8.19.21")).findings(), []);
        insta::assert_snapshot!(versions(&mesh, &seeded("9.6.0")).findings()[0].message, @"cluster01 has had 9.6.0, and mesh.json says 9.5.3: its data cannot go back");
    }

    #[test]
    fn a_cluster_that_comes_later_has_no_license() {
        let end = time::OffsetDateTime::UNIX_EPOCH;
        let mut there = Observed::default();
        let message = |there: &Observed| trial_only(&Mesh::example(3), there).map(|finding| finding.message);
        for (kind, expected) in [
            ("trial", None),
            ("enterprise", Some("cluster02 cluster03 will have a trial of 30 days, though others have a license")),
        ] {
            there.files.insert(ClusterId::FIRST, ClusterFiles::default());
            there.servers.insert(ClusterId::FIRST, Answer::Ready(ServerFacts::licensed(kind, end)));
            assert_eq!(message(&there).as_deref(), expected);
        }
    }
}
