//! Manifests of `mesh export eck`, as Elastic's operator and Kubernetes read them. No mesh runs: a record is enough.

mod api_server;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use self::api_server::ApiServer;
use crate::support::Parts;

/// Records as a released program wrote them: of two clusters with Kibana, and of one that has three nodes.
const WHOLE: &str = include_str!("../../fixtures/v2/whole/mesh.json");
const NODES: &str = include_str!("../../fixtures/v2/nodes/mesh.json");

#[test]
#[ignore = "needs Go, etcd and the network: run by scripts/faults"]
fn manifests_are_what_the_operator_and_kubernetes_take() {
    let parts = Parts::begin();
    parts.part("building what judges, and an API server");
    let (tools, kept) = (directory(), directory());
    let judge = built_judge(tools.path());
    let server = ApiServer::start(tools.path());
    let plain = export(&kept.path().join("plain"), WHOLE, &[]);
    let nodes = export(&kept.path().join("nodes"), NODES, &["--storage-class", "fast", "--volume", "50Gi"]);
    let full =
        export(&kept.path().join("full"), &with_roles_and_snapshots(WHOLE), &["--image", "registry.example:5000"]);

    parts.part("strictly, into Elastic's own types, and by their validation");
    let files: Vec<PathBuf> = [&plain, &nodes, &full].iter().flat_map(|dir| manifests(dir)).collect();
    assert!(files.len() >= 4, "{files:?}");
    let names = run(Command::new(&judge).args(&files));
    assert!(names.lines().count() >= 11, "{names}");
    let wrong = kept.path().join("wrong.yaml");
    let text = fs::read_to_string(&files[0]).expect("should be readable");
    fs::write(&wrong, text.replacen("remoteClusters:", "remoteCluster:", 1)).expect("should be writable");
    let refused = Command::new(&judge).arg(&wrong).output().expect("should run");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("remoteCluster"), "{refused:?}");

    parts.part("by a real API server, with Elastic's definitions");
    for file in &files {
        for document in fs::read_to_string(file).expect("should be readable").split("---\n") {
            let (status, words) = server.dry_run(document);
            assert_eq!(status, 201, "{words}\n{document}");
        }
    }
    let document = text.split("---\n").next().expect("should have one");
    let (status, words) = server.dry_run(&document.replacen("version:", "versoin:", 1));
    assert!(status == 400 && words.contains("unknown field"), "{status} {words}");
    parts.part("done");
}

/// A record of a mesh that has more to export.
fn with_roles_and_snapshots(record: &str) -> String {
    let mut record: Value = serde_json::from_str(record).expect("should be JSON");
    record["spec"]["roles"] = json!({
        "analyst": {
            "indices": [{ "names": ["mesh-*"], "privileges": ["read"] }],
            "remote": [{ "clusters": ["*"], "names": ["mesh-*"], "privileges": ["read"] }],
        },
    });
    record["spec"]["snapshots"] = json!({
        "repository": { "type": "s3", "bucket": "saved" },
        "schedule": "0 30 1 * * ?",
    });
    record.to_string()
}

/// The manifests of a record.
fn export(below: &Path, record: &str, args: &[&str]) -> PathBuf {
    let (dir, into) = (below.join("mesh"), below.join("manifests"));
    fs::create_dir_all(&dir).expect("should be writable");
    fs::write(dir.join("mesh.json"), record).expect("should be writable");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
    run(command.args(["export", "eck", "--into"]).arg(&into).args(args).arg("--dir").arg(&dir));
    into
}

fn manifests(dir: &Path) -> Vec<PathBuf> {
    let names = ["clusters.yaml", "policy.yaml"].map(|name| dir.join(name));
    names.into_iter().filter(|file| file.exists()).collect()
}

fn built_judge(tools: &Path) -> PathBuf {
    let judge = tools.join("judge");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/eck/judge");
    run(Command::new("go").args(["build", "-o"]).arg(&judge).arg(".").current_dir(source));
    judge
}

/// What a program prints, which has to succeed.
fn run(command: &mut Command) -> String {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?} should run: {error}"));
    let words = [ran.stdout, ran.stderr].concat();
    let words = String::from_utf8_lossy(&words).into_owned();
    assert!(ran.status.success(), "{command:?}: {words}");
    words
}

/// A directory for as long as it is needed.
fn directory() -> TempDir {
    tempfile::tempdir().expect("should be writable")
}
