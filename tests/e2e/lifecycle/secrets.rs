//! Passwords, API keys and private keys: in their files, for their owner, and nowhere else.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{
    docker::{container, docker, networks, try_docker},
    mesh::Mesh,
};

/// Every file of the mesh that is not a server's own data.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("should be readable") {
        let path = entry.expect("should be readable").path();
        if path.is_file() {
            found.push(path);
        } else if !["data", "logs"].iter().any(|name| path.ends_with(name)) {
            found.extend(files(&path));
        }
    }
    found
}

/// Each secret under the name by which a failure may speak of it.
fn all(mesh: &Mesh) -> Vec<(String, String)> {
    let lines = mesh.read("credentials.txt");
    let mut secrets: Vec<(String, String)> = lines
        .lines()
        .filter_map(|line| line.split_once('=').filter(|_| !line.starts_with('#')))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(secrets.iter().any(|(name, _)| name == "elastic"), "credentials.txt should hold secrets");
    for path in files(&mesh.dir) {
        let text = || fs::read_to_string(&path).expect("should be a text");
        let name = path.display().to_string();
        if path.ends_with("api-key.json") {
            let saved: Value = serde_json::from_str(&text()).expect("should be JSON");
            secrets.push((name, saved["encoded"].as_str().expect("should hold the key").to_owned()));
        } else if path.extension().is_some_and(|extension| extension == "key") {
            let body = text()
                .lines()
                .filter(|line| !line.starts_with("-----"))
                .max_by_key(|line| line.len())
                .map(str::to_owned);
            secrets.push((name, body.expect("should hold a key")));
        }
    }
    assert!(secrets.iter().all(|(_, value)| value.len() >= 16), "a secret is too short to look for");
    secrets
}

/// Looks for every secret wherever another user could see it.
pub fn show_nowhere(mesh: &Mesh) {
    let mut places = vec![
        ("docker ps".to_owned(), docker(&["ps", "--all", "--no-trunc"])),
        ("mesh.json".to_owned(), mesh.read("mesh.json")),
        ("what mesh printed".to_owned(), mesh.printed()),
    ];
    for id in networks("mesh.id") {
        places.push(("docker network inspect".to_owned(), docker(&["network", "inspect", &id])));
    }
    for name in mesh.containers() {
        let facts = container(&name);
        let pid = facts["State"]["Pid"].as_u64().expect("should have a process");
        assert!(Path::new(&format!("/proc/{pid}")).exists(), "the process of {name} should be among those looked at");
        places.push((format!("docker inspect {name}"), facts.to_string()));
        places.push((format!("docker logs {name}"), try_docker(&["logs", &name]).1));
    }
    for process in fs::read_dir("/proc").expect("should be readable") {
        let dir = process.expect("should be readable").path();
        for file in ["cmdline", "environ"] {
            // one that has ended meanwhile has nothing left to show
            if let Ok(bytes) = fs::read(dir.join(file)) {
                places.push((format!("{}/{file}", dir.display()), String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    for (secret, value) in all(mesh) {
        for (place, text) in &places {
            assert!(!text.contains(&value), "{secret} shows in {place}");
        }
    }
}

/// The system user that owns what containers use.
fn owner() -> u32 {
    let output = Command::new("id").args(["--user", "elastic"]).output().expect("id should be there");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("the user elastic should be there")
}

/// Modes and owners, file by file, and of whatever else holds a secret.
pub fn are_guarded(mesh: &Mesh) {
    let owner = owner();
    let mut wanted = vec![
        ("credentials.txt".to_owned(), 0o600, 0),
        ("mesh.json".to_owned(), 0o644, 0),
        ("ca.crt".to_owned(), 0o644, 0),
    ];
    for number in 1..=3 {
        let name = mesh.cluster(number).name();
        wanted.extend([
            (format!("{name}/api-key.json"), 0o600, 0),
            (format!("{name}/keystore.json"), 0o600, 0),
            (format!("{name}/certs"), 0o700, 0),
            (format!("{name}/certs/ca.key"), 0o600, 0),
            (format!("{name}/certs/ca.crt"), 0o644, 0),
            (format!("{name}/elastic/config"), 0o750, owner),
            (format!("{name}/elastic/data"), 0o750, owner),
            (format!("{name}/elastic/config/elasticsearch.keystore"), 0o660, owner),
            (format!("{name}/elastic/config/certs/elastic.key"), 0o600, owner),
            (format!("{name}/elastic/config/service_tokens"), 0o600, owner),
            (format!("{name}/kibana/config/kibana.yml"), 0o600, owner),
            (format!("{name}/kibana/config/certs/kibana.key"), 0o600, owner),
        ]);
    }
    for (name, mode, uid) in wanted {
        let facts = fs::metadata(mesh.path(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (facts.mode() & 0o7777, facts.uid()),
            (mode, uid),
            "mode {:o} and owner of {name}",
            facts.mode() & 0o7777
        );
    }
    let secrets = all(mesh);
    for path in files(&mesh.dir) {
        let text = String::from_utf8_lossy(&fs::read(&path).expect("should be readable")).into_owned();
        let mode = fs::metadata(&path).expect("should be there").mode() & 0o7777;
        for (secret, _) in secrets.iter().filter(|(_, value)| text.contains(value)) {
            assert_eq!(mode, 0o600, "{} has mode {mode:o} and holds {secret}", path.display());
        }
    }
    for name in mesh.containers() {
        let pid = &container(&name)["State"]["Pid"];
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("should be readable");
        let uids: Vec<&str> = status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:"))
            .expect("should have a user")
            .split_whitespace()
            .collect();
        assert!(
            uids.len() == 4 && uids.iter().all(|uid| *uid == owner.to_string()),
            "the process of {name} should run as elastic"
        );
    }
}

/// A container sees the directories of its own service, and no other cluster's, no authority's key and no credentials.
pub fn stay_out_of_other_containers(mesh: &Mesh) {
    for name in mesh.containers() {
        let (cluster, kind) = name.split_once('-').expect("should be a service's name");
        let facts = container(&name);
        let sources: BTreeSet<&str> = facts["Mounts"]
            .as_array()
            .expect("should have mounts")
            .iter()
            .filter_map(|mount| mount["Source"].as_str())
            .collect();
        let parts: &[&str] =
            if kind == "elastic" { &["backup", "config", "data", "logs"] } else { &["config", "data"] };
        let wanted: Vec<String> =
            parts.iter().map(|part| mesh.path(&format!("{cluster}/{kind}/{part}")).display().to_string()).collect();
        assert_eq!(sources, wanted.iter().map(String::as_str).collect(), "what {name} sees");
        let search = "find / -path /proc -prune -o -path /sys -prune -o \
                      \\( -name ca.key -o -name api-key.json -o -name credentials.txt -o -name mesh.json \\) -print 2>/dev/null || [ $? = 1 ]";
        // 1 is find met by a directory that it may not read
        assert_eq!(docker(&["exec", &name, "sh", "-c", search]), "", "what {name} sees");
    }
}
