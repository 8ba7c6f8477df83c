//! The keystore that `mesh` writes without a JVM, read by Elasticsearch's own tool.

use std::{fs, os::unix::fs::MetadataExt, path::Path, process::Command};

use serde_json::Value;

use crate::support::{
    docker::docker,
    leftovers::PREFIX,
    mesh::{IMAGES, Mesh},
};

const TOOL: &str = "/usr/share/elasticsearch/bin/elasticsearch-keystore";

/// Names and values of cluster 1's keystore, in each version that can be had; of a copy, since the tool may write.
pub fn is_read_by_elasticsearchs_own_tool(mesh: &Mesh) {
    let config = mesh.path("cluster01/elastic/config");
    let copy = Path::new(PREFIX).join("keystore");
    let _ = fs::remove_dir_all(&copy);
    let copied = Command::new("cp").arg("--archive").arg(&config).arg(&copy).status().expect("cp should be there");
    assert!(copied.success(), "{} should be copied", config.display());
    let user = format!("{}:0", fs::metadata(&config).expect("should be there").uid());
    let mount = format!("{}:/usr/share/elasticsearch/config", copy.display());

    let key = |cluster: &str| {
        let saved: Value =
            serde_json::from_str(&mesh.read(&format!("{cluster}/api-key.json"))).expect("should be JSON");
        saved["encoded"].as_str().expect("should hold the key").to_owned()
    };
    let entries = [
        ("bootstrap.password", mesh.credential("elastic")),
        ("cluster.remote.cluster02.credentials", key("cluster02")),
        ("cluster.remote.cluster03.credentials", key("cluster03")),
    ];
    for image in IMAGES.into_iter().filter(|image| image.contains("elasticsearch")) {
        // one container for all questions
        let asked: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
        let script = format!("set -e; {TOOL} list; echo; for name in {}; do {TOOL} show $name; done", asked.join(" "));
        let run =
            ["run", "--rm", "--network", "none", "--user", &user, "--volume", &mount, image, "bash", "-c", &script];
        let printed = docker(&run);
        let (names, values) = printed.split_once("\n\n").expect("should print names, then values");
        let wanted: Vec<&str> = asked.iter().copied().chain(["keystore.seed"]).collect();
        assert_eq!(names.lines().collect::<Vec<_>>(), wanted, "{image}");
        let same = values.lines().eq(entries.iter().map(|(_, value)| value.as_str()));
        assert!(same, "{image} reads other values than were written");
    }
    fs::remove_dir_all(&copy).expect("should be removable");
}
