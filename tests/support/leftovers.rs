//! What an earlier run of these tests left on the engine, and that nothing of anybody else is on it.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    sync::OnceLock,
};

use crate::support::docker::{NETWORK, containers, docker, inspect, networks, try_docker};

/// All directories of these tests lie below it, and nothing else does.
pub const PREFIX: &str = "/var/tmp/mesh-e2e";

/// Held until this process ends: two runs of these tests would clear away each other's meshes.
static ALONE: OnceLock<File> = OnceLock::new();

fn be_alone() {
    ALONE.get_or_init(|| {
        let lock = File::create("/run/mesh-e2e.lock").expect("should be writable");
        assert!(lock.try_lock().is_ok(), "another run of these tests has the engine: wait until it has ended");
        lock
    });
}

/// Leaves the machine without a trace of an earlier run. Panics where another user's mesh is on it.
pub fn clear() {
    be_alone();
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("should be readable");
    for _ in mounts.lines().filter(|line| line.contains("/mesh-e2e/") && line.contains(" /etc/hosts ")) {
        let _ = Command::new("umount").arg("/etc/hosts").status();
    }
    let foreign = |kind: &str, names: Vec<String>| {
        for name in names {
            let dir = directory(kind, &name);
            assert!(
                Path::new(&dir).starts_with(PREFIX),
                "{kind} {name} is of the mesh in {dir}: `mesh reset --dir {dir}` first"
            );
        }
    };
    foreign("container", containers("mesh.id"));
    foreign("network", networks("mesh.id"));
    for dir in fs::read_dir(PREFIX).into_iter().flatten() {
        clear_directory(&dir.expect("should be readable").path());
    }
    for name in containers("mesh.id") {
        docker(&["rm", "--force", "--volumes", &name]);
    }
    for id in networks("mesh.id") {
        docker(&["network", "rm", &id]);
    }
    let (there, _) = try_docker(&["network", "inspect", NETWORK]);
    assert!(!there, "there is a network {NETWORK} that is no mesh's: `docker network rm {NETWORK}` first");
    let names = fs::read("/etc/hosts").expect("should be readable");
    let block = String::from_utf8_lossy(&names).contains("# mesh: begin");
    assert!(!block, "/etc/hosts has a block of a mesh that is not there: take its lines out first");
}

fn directory(kind: &str, name: &str) -> String {
    let facts = inspect(kind, name);
    let labels = if kind == "container" { &facts["Config"]["Labels"] } else { &facts["Labels"] };
    labels["mesh.dir"].as_str().unwrap_or_default().to_owned()
}

/// Takes one mesh away: by `mesh reset` if it can, by label otherwise. Never panics, since it runs while one unwinds;
/// says whether `mesh reset` was enough.
pub fn clear_directory(dir: &Path) -> bool {
    let reset = || {
        let binary = Command::new(env!("CARGO_BIN_EXE_mesh")).args(["reset", "--yes", "--dir"]).arg(dir).output();
        binary.is_ok_and(|output| output.status.success())
    };
    let enough = reset();
    if !enough {
        let label = format!("label=mesh.dir={}", dir.display());
        for (list, remove) in [
            (&["ps", "--all", "--quiet", "--filter"][..], &["rm", "--force", "--volumes"][..]),
            (&["network", "ls", "--quiet", "--filter"], &["network", "rm"]),
        ] {
            let (_, ids) = try_docker(&[list, &[&label]].concat());
            let ids: Vec<&str> = ids.split_whitespace().collect();
            if !ids.is_empty() {
                try_docker(&[remove, &ids].concat());
            }
        }
        // for the block in /etc/hosts
        reset();
    }
    let _ = fs::remove_dir_all(dir);
    enough
}
