//! What others have where the mesh is to be: directories, containers, networks, other engines. Pure.

use std::path::Path;

use super::{Checked, Finding};
use crate::{
    facts::observed::Observed,
    mesh::{Engine, Mesh, layout, shell_word::shell_word, typed_again::with_flags_again},
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

/// Whether containers can mount what is written here; `shared` is whether the engine saw a file of ours; `None` if
/// unknown.
pub fn mounts(dir: &Path, shared: Option<bool>) -> Checked {
    let (place, dir) = (shell_word(dir), dir.display());
    let Some(shared) = shared else {
        return Checked::unknown("mounts", "this engine does not tell which files it sees");
    };
    let finding = (!shared).then(|| {
        Finding::problem(
            format!("Docker's engine does not see the files of {dir}: its containers would get others, or none"),
            format!(
                "run `mesh` where the engine runs; start a container that holds `mesh` with `--network host -v {place}:{place}`; \
                 Docker from snap sees only what is below /home and not hidden, and root may be kept from a home on NFS or \
                 FUSE: name another directory with `--dir`"
            ),
        )
    });
    Checked::new("mounts", format!("Docker's engine sees the files of {dir}"), finding)
}

/// A directory that holds files of others.
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
                "make this one beside it with a name of its own: {}; use the other with `--dir {named}`, or \
                 remove it with `mesh reset --dir {named}`",
                with_flags_again("--name NAME")
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

/// The finding where Docker has containers of another mesh of this directory than its record describes, or it has no
/// record. The directory may be another disk's.
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
        format!("Docker has containers of another mesh of {dir} than its mesh.json describes"),
        format!(
            "bring back the mesh.json that they were made from, perhaps from a backup; \
             `docker ps -a --filter label=mesh.dir={named}` lists them"
        ),
    )
}

/// The finding where `engine` is not the one that has the mesh's containers: by it, second servers would start on the
/// data of those that may still run on the other.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_of_this_very_directory_is_not_to_be_reset_on_a_guess() {
        let mesh = Mesh::example(1);
        let mut there = Observed { record: Some(mesh.clone()), ..Observed::default() };
        for (dir, reset) in [("/srv/other", true), (mesh.dir.to_str().unwrap(), false)] {
            there.unmanaged.meshes = [dir.to_owned()].into();
            there.unmanaged.namesakes = there.unmanaged.meshes.clone();
            let findings = unmanaged(&mesh, &there).findings();
            assert_eq!((findings.len(), findings[0].hint.contains("mesh reset")), (1, reset), "{findings:?}");
            // whatever is recorded here, one with another name is another mesh
            assert_eq!(findings[0].hint.contains("the same command again with `--name NAME`"), reset, "{findings:?}");
            assert_eq!(recorded(&mesh.dir, &there).is_none(), reset);
        }
        there.unmanaged.meshes = ["/srv/other".to_owned()].into();
        there.unmanaged.namesakes.clear();
        assert_eq!(unmanaged(&mesh, &there).findings(), [], "a mesh with another name does not conflict");
    }

    #[test]
    fn a_mesh_of_another_engine_is_left_alone() {
        let engine = |id: &str, root: &str| Engine { id: id.to_owned(), root: root.to_owned() };
        let here = engine("WXT2", "/var/lib/docker");
        let finding_of = |recorded: Option<Engine>| other_engine(&Mesh { engine: recorded, ..Mesh::example(1) }, &here);
        assert_eq!([finding_of(None), finding_of(Some(here.clone()))], [None, None]);
        insta::assert_snapshot!(finding_of(Some(engine("WXT2", "/srv/docker"))).unwrap().message, @"the mesh of /mnt/data/mesh is on another Docker engine: WXT2 with its data in /srv/docker, and this is WXT2 with its data in /var/lib/docker");
        let there = Observed { engine: Some(here), ..Observed::default() };
        let elsewhere = Mesh { engine: Some(engine("ABCD", "/var/lib/docker")), ..Mesh::example(1) };
        assert_eq!(unmanaged(&elsewhere, &there).findings().len(), 1);
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
}
