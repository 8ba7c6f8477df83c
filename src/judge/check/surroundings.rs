//! What others have where the mesh is to be: directories, containers, networks, `/etc/hosts`. Pure.

use std::path::Path;

use super::{Checked, Finding};
use crate::{
    facts::observed::Observed,
    mesh::{Engine, Mesh, layout, shell_word::shell_word},
    plan::{Plan, Step, permissions::misfits},
};

/// Whether the mesh may live in a directory that has these entries, seen before anything is written.
pub fn directory(dir: &Path, entries: &[String], recorded: bool, writable: bool) -> Checked {
    let findings = stranger(dir, entries, recorded).into_iter().chain((!writable).then(|| {
        Finding::problem(
            format!("nothing can be written in {}", dir.display()),
            "run `mesh` as its owner or as root, or name another directory with `--dir`",
        )
    }));
    let what = if recorded { "holds a mesh" } else { "is free for a mesh" };
    Checked::new("directory", format!("{} {what}", dir.display()), findings)
}

/// Whether containers can mount what is written here; `shared` says whether the engine saw a file of ours, where it could be told.
pub fn mounts(dir: &Path, shared: Option<bool>) -> Checked {
    let dir = dir.display();
    let Some(shared) = shared else {
        return Checked::unknown("mounts", "this engine does not tell which files it sees");
    };
    let finding = (!shared).then(|| {
        Finding::problem(
            format!("Docker's engine does not see the files of {dir}: its containers would get others, or none"),
            format!(
                "run `mesh` where the engine runs; start a container that holds `mesh` with `--network host -v {dir}:{dir}`; \
                 Docker from snap sees only what is below /home: name a directory there with `--dir`"
            ),
        )
    });
    Checked::new("mounts", format!("Docker's engine sees the files of {dir}"), finding)
}

/// A directory that is somebody else's.
fn stranger(dir: &Path, entries: &[String], recorded: bool) -> Option<Finding> {
    let strangers: Vec<&str> =
        entries.iter().map(String::as_str).filter(|name| !name.starts_with(".mesh.json.")).collect();
    if recorded || strangers.is_empty() {
        return None;
    }
    let dir = dir.display();
    // the bash scripts that mesh replaces kept these names in theirs
    let scripts = strangers.iter().any(|name| name.ends_with("-ccs-api-key.json"))
        || (strangers.contains(&layout::CREDENTIALS) && strangers.iter().any(|name| layout::is_own(name)));
    Some(if scripts {
        Finding::problem(
            format!(
                "{dir} holds clusters but no mesh.json: they are not of `mesh`, perhaps of the scripts it replaces"
            ),
            "move the directory away, or name another with `--dir`; `mesh` does not take over data it did not make",
        )
    } else {
        Finding::problem(
            format!("{dir} is not empty and holds no mesh.json: it is not a mesh's directory"),
            "name an empty or a new one with `--dir`",
        )
    })
}

pub(super) fn unmanaged(mesh: &Mesh, there: &Observed) -> Checked {
    let unmanaged = &there.unmanaged;
    let mut findings: Vec<Finding> = there.engine.iter().filter_map(|engine| other_engine(mesh, engine)).collect();
    let own = mesh.dir.display().to_string();
    if unmanaged.meshes.contains(&own) {
        findings.push(not_recorded(&own, there));
    }
    let namesakes = || unmanaged.namesakes.iter().filter(|dir| **dir != own);
    findings.extend(namesakes().map(|dir| {
        let named = shell_word(dir);
        let called = mesh.name.as_ref().map_or_else(|| "without a name".to_owned(), |name| format!("called {name}"));
        Finding::problem(
            format!("another mesh {called} is on this Docker engine, in {dir}"),
            format!(
                "make this one beside it with a name of its own, `mesh create --name NAME`; use the other with `--dir {named}`, or \
                 remove it with `mesh reset --dir {named}`"
            ),
        )
    }));
    if !unmanaged.meshes.contains(&own) && namesakes().next().is_none() {
        let taken = unmanaged
            .containers
            .iter()
            .filter(|name| mesh.service_of_container(name).is_some_and(|service| mesh.has(service)));
        findings.extend(taken.map(|name| {
            Finding::problem(
                format!("there is a container {name} that is not of this mesh"),
                format!("see what it is with `docker inspect {name}`; rename or remove it"),
            )
        }));
        if unmanaged.network {
            let name = mesh.network_name();
            findings.push(Finding::problem(
                format!("there is a network {name} that is not of this mesh"),
                format!(
                    "see who uses it with `docker network inspect {name}`; remove it with `docker network rm {name}`"
                ),
            ));
        }
    }
    Checked::new("other meshes", "nothing on this engine is in the mesh's way", findings)
}

/// What is told where Docker has containers of a mesh of this directory that is not the one its record tells of, or that has none.
/// The directory may be another disk's.
fn not_recorded(dir: &str, there: &Observed) -> Finding {
    let named = shell_word(dir);
    if there.record.is_none() {
        return Finding::problem(
            format!("Docker has containers of a mesh of {dir}, and there is no mesh.json"),
            format!(
                "see whether the right disk is mounted (`findmnt -T {named}`), and bring the file back; if the directory is gone for \
                 good, `mesh reset --dir {named}` removes the containers"
            ),
        );
    }
    Finding::problem(
        format!("Docker has containers of another mesh of {dir} than its mesh.json tells of"),
        format!(
            "bring back the mesh.json that they were made from, perhaps from a backup; \
             `docker ps -a --filter label=mesh.dir={named}` lists them"
        ),
    )
}

/// What is told where `engine` is not the one that has the mesh's containers: by it, second servers would start on the data of those
/// that may still run on the other.
pub fn other_engine(mesh: &Mesh, engine: &Engine) -> Option<Finding> {
    let recorded = mesh.engine.as_ref().filter(|recorded| *recorded != engine)?;
    let dir = mesh.dir.display();
    Some(Finding::problem(
        format!(
            "the mesh of {dir} is on another Docker engine: {} with its data in {}, and this is {} with its data in {}",
            recorded.id, recorded.root, engine.id, engine.root
        ),
        "use that engine, by `DOCKER_HOST` or `docker context use`; if it is gone, was installed anew or moved its data, \
         `mesh create --new-engine` takes the mesh to this one, and `mesh reset --new-engine` removes it",
    ))
}

/// See [`not_recorded`]: by the wrong record, a reset would delete the data and leave the containers.
pub fn recorded(dir: &Path, there: &Observed) -> Option<Finding> {
    let dir = dir.display().to_string();
    there.unmanaged.meshes.contains(&dir).then(|| not_recorded(&dir, there))
}

/// Somebody else's containers in a network that is to go: Docker would refuse, after the mesh's own are gone.
pub fn attached(mesh: &Mesh, plan: &Plan, there: &Observed) -> Option<Finding> {
    let removes = plan.steps().any(|step| matches!(step, Step::RemoveNetwork { .. }));
    let name = there.unmanaged.attached.first().filter(|_| removes)?;
    Some(Finding::problem(
        format!("container {name} is not of this mesh, and attached to its network, which has to go"),
        format!("`docker network disconnect {} {name}`", mesh.network_name()),
    ))
}

/// A file system inside a directory that is to go: what is on it would be deleted, and where it is mounted could not be.
pub fn mounted_inside(dir: &Path, plan: &Plan, there: &Observed) -> Option<Finding> {
    let goes = |place: &str| {
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
        .filter(|place| goes(place))
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

/// Without the file, nobody can log in to data that exists: making new passwords would lock everybody out.
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

/// Files that others can read, or that a server cannot, as somebody left them.
pub(super) fn permissions(mesh: &Mesh, there: &Observed) -> Checked {
    let found = misfits(mesh, there).into_iter().map(|misfit| {
        Finding::warning(format!("somebody changed {misfit}"), "`mesh create` changes it back, and restarts nothing")
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
pub fn unlicensed(mesh: &Mesh, there: &Observed) -> Option<Finding> {
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

    #[test]
    fn a_mesh_of_this_very_directory_is_not_to_be_reset_on_a_guess() {
        let mesh = Mesh::example(1);
        let mut there = Observed { record: Some(mesh.clone()), ..Observed::default() };
        for (dir, reset) in [("/srv/other", true), (mesh.dir.to_str().unwrap(), false)] {
            there.unmanaged.meshes = [dir.to_owned()].into();
            there.unmanaged.namesakes = there.unmanaged.meshes.clone();
            let told = unmanaged(&mesh, &there).findings();
            assert_eq!((told.len(), told[0].hint.contains("mesh reset")), (1, reset), "{told:?}");
            assert_eq!(recorded(&mesh.dir, &there).is_none(), reset);
        }
        there.unmanaged.meshes = ["/srv/other".to_owned()].into();
        there.unmanaged.namesakes.clear();
        assert_eq!(unmanaged(&mesh, &there).findings(), [], "a mesh with another name is in nobody's way");
    }

    #[test]
    fn a_mesh_of_another_engine_is_left_alone() {
        let engine = |id: &str, root: &str| Engine { id: id.to_owned(), root: root.to_owned() };
        let here = engine("WXT2", "/var/lib/docker");
        let told = |recorded: Option<Engine>| other_engine(&Mesh { engine: recorded, ..Mesh::example(1) }, &here);
        assert_eq!([told(None), told(Some(here.clone()))], [None, None]);
        insta::assert_snapshot!(told(Some(engine("WXT2", "/srv/docker"))).unwrap().message, @"the mesh of /mnt/data/mesh is on another Docker engine: WXT2 with its data in /srv/docker, and this is WXT2 with its data in /var/lib/docker");
        let there = Observed { engine: Some(here), ..Observed::default() };
        let elsewhere = Mesh { engine: Some(engine("ABCD", "/var/lib/docker")), ..Mesh::example(1) };
        assert_eq!(unmanaged(&elsewhere, &there).findings().len(), 1);
    }

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
    fn a_directory_of_something_else_is_refused() {
        let look = |entries: &[&str]| {
            let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
            stranger(Path::new("/mnt/data/mesh"), &entries, false).map(|finding| finding.message)
        };
        assert_eq!(look(&[]), None);
        assert_eq!(look(&[".mesh.json.mesh-tmp-1"]), None);
        insta::assert_snapshot!(look(&["photos"]).unwrap(), @"/mnt/data/mesh is not empty and holds no mesh.json: it is not a mesh's directory");
        insta::assert_snapshot!(look(&["cluster01", "credentials.txt"]).unwrap(), @"/mnt/data/mesh holds clusters but no mesh.json: they are not of `mesh`, perhaps of the scripts it replaces");
    }

    #[test]
    fn a_cluster_that_comes_later_has_no_license() {
        let end = time::OffsetDateTime::UNIX_EPOCH;
        let mut there = Observed::default();
        let told = |there: &Observed| unlicensed(&Mesh::example(3), there).map(|finding| finding.message);
        for (kind, expected) in [
            ("trial", None),
            ("enterprise", Some("cluster02 cluster03 will have a trial of 30 days, though others have a license")),
        ] {
            there.files.insert(ClusterId::FIRST, ClusterFiles::default());
            there.servers.insert(ClusterId::FIRST, Answer::Ready(ServerFacts::licensed(kind, end)));
            assert_eq!(told(&there).as_deref(), expected);
        }
    }
}
