//! A place for a mesh that is never made: a directory, and the binary that is pointed at it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use crate::support::{docker::docker, leftovers};

/// An image of nothing, for containers that are never started.
pub const EMPTY: &str = "mesh-test/empty:1";

/// A mesh of one server, whose image is nowhere.
pub const CREATE: [&str; 6] = ["create", "1", "--no-kibana", "--no-hosts", "--registry", "mesh.invalid"];

/// Meshes that an earlier run left are taken away once.
static CLEAR: OnceLock<()> = OnceLock::new();

/// A directory that goes away with the test.
pub struct Place {
    pub dir: tempfile::TempDir,
}

impl Place {
    /// On an engine without any mesh.
    pub fn new() -> Self {
        CLEAR.get_or_init(leftovers::clear);
        // so are the containers of one that was ended in the middle
        for container in docker(&["ps", "-aq", "--filter", &format!("ancestor={EMPTY}")]).split_whitespace() {
            docker(&["rm", "--force", container]);
        }
        Self { dir: tempfile::tempdir_in("/var/tmp").unwrap() }
    }

    pub fn mesh_dir(&self) -> PathBuf {
        self.dir.path().join("mesh")
    }

    /// `mesh` in this place; its images come from a registry that is on no network, so that nothing can be made.
    pub fn mesh(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mesh"))
            .args(arguments)
            .env("MESH_DIR", self.mesh_dir())
            .env_remove("MESH_REGISTRY")
            .output()
            .unwrap()
    }

    /// `mesh` in namespaces of its own (options of `unshare`), after `prepare`: its exit code and what it wrote.
    pub fn apart(&self, namespaces: &[&str], prepare: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new("unshare")
            .args(namespaces)
            .args(["sh", "-ec", &format!("{prepare}\nexec \"$@\""), "sh", env!("CARGO_BIN_EXE_mesh")])
            .args(arguments)
            .env("MESH_DIR", self.mesh_dir())
            .output()
            .unwrap();
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), printed)
    }

    /// The refusal of a run that must change nothing.
    pub fn refused(&self, arguments: &[&str], exit: i32) -> String {
        let before = snapshot(self.dir.path());
        let output = self.mesh(arguments);
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let printed = printed.replace(&format!(" --dir {}", self.mesh_dir().display()), "");
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {printed}");
        assert!(printed.contains("error: ") && printed.contains("\nhint: "), "{arguments:?}: {printed}");
        assert_eq!(snapshot(self.dir.path()), before, "{arguments:?} should change nothing");
        assert_eq!(docker(&["ps", "-aq", "--filter", &format!("label=mesh.dir={}", self.mesh_dir().display())]), "");
        printed
    }

    pub fn record(&self, text: &str) {
        fs::create_dir_all(self.mesh_dir()).unwrap();
        fs::write(self.mesh_dir().join("mesh.json"), text).unwrap();
    }
}

/// Every path below a directory with what is in it.
pub fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(snapshot(&path));
        }
        let contents = fs::read(&path).unwrap_or_default();
        found.push((path, contents));
    }
    found.sort();
    found
}

pub const RECORD: &str = r#"{
  "format": 1, "id": "0123456789abcdef",
  "spec": {
    "clusters": "cluster03", "stack_version": "9.5.3", "registry": "mesh.invalid", "kibana": true, "bind": "127.0.0.1",
    "elastic_memory": "1g", "kibana_memory": "1g", "share": [], "san": [], "key_days": 365, "hosts": false
  },
  "subnet": "10.213.250.0/24", "owner": {"uid": 999, "gid": 0}, "host_name": "vm"
}"#;
