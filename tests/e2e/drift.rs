//! What a user changes by hand, `create --dry-run` names and `create` repairs.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
};

use serde_json::{Value, json};

use crate::support::{
    Parts,
    docker::{NETWORK, container, docker, started},
    hosts, links,
    mesh::{IMAGES, Mesh},
    snapshot::Snapshot,
};

/// The user and the group of that name.
const UNPRIVILEGED: u32 = 65534;

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn manual_changes_are_repaired() {
    let parts = Parts::begin();
    let mesh = Mesh::new("drift");
    mesh.create_server(&["2", "--no-kibana"]);
    let (first, second) = (mesh.cluster(1), mesh.cluster(2));
    [first, second].iter().for_each(links::write_document);
    links::every_search_finds_all(&mesh, 2);

    parts.part("the network is removed");
    for name in mesh.containers() {
        docker(&["network", "disconnect", "--force", NETWORK, &name]);
    }
    docker(&["network", "rm", NETWORK]);
    is_mended(&mesh, &["+ network data-mesh-network", "container cluster01-elastic", "container cluster02-elastic"]);

    parts.part("the container and the keystore are deleted");
    docker(&["rm", "--force", &first.elastic()]);
    fs::remove_file(mesh.path("cluster01/elastic/config/elasticsearch.keystore")).expect("should be there");
    is_mended(
        &mesh,
        &[
            "+ container cluster01-elastic",
            "~ keystore of cluster01-elastic\n",
            "~ keystore of cluster01: credentials of cluster02",
        ],
    );

    parts.part("the keystore of a running server is deleted");
    fs::remove_file(mesh.path("cluster02/elastic/config/elasticsearch.keystore")).expect("should be there");
    is_mended(&mesh, &["~ keystore of cluster02-elastic\n", "~ keystore of cluster02: credentials of cluster01"]);

    parts.part("a remote is removed");
    first.put("/_cluster/settings", &json!({ "persistent": { "cluster.remote.cluster02.*": null } }));
    is_mended(&mesh, &["~ remotes of cluster01: cluster02", "? links from cluster01 to cluster02"]);

    parts.part("a remote is pointed at a name that its certificate does not bear: it is not trusted");
    let networks = docker(&["inspect", "--format", "{{json .NetworkSettings.Networks}}", &second.elastic()]);
    let networks: Value = serde_json::from_str(&networks).expect("should be JSON");
    let address = networks[NETWORK]["IPAddress"].as_str().expect("should have an address").to_owned();
    let stranger = format!("echo {address} stranger >> /etc/hosts");
    docker(&["exec", "--user", "0", &first.elastic(), "sh", "-c", &stranger]);
    // either name would do: the one that is asked for by SNI, and the one that is connected to
    let pointed = json!({ "persistent": { "cluster.remote.cluster02.proxy_address": "stranger:9443",
                                          "cluster.remote.cluster02.server_name": "stranger" } });
    first.put("/_cluster/settings", &pointed);
    let link = first.get("/_resolve/cluster/cluster02:*?timeout=10s");
    assert_eq!(link["cluster02"]["connected"], false, "{link}");
    is_mended(&mesh, &["~ remotes of cluster01: cluster02", "? links from cluster01 to cluster02"]);

    parts.part("a remote that is not the mesh's is added, one of a cluster that is not there, too");
    let elsewhere = |alias: &str| json!({ "persistent": { format!("cluster.remote.{alias}"): { "mode": "proxy", "proxy_address": "127.0.0.1:1" } } });
    second.put("/_cluster/settings", &elsewhere("elsewhere"));
    second.put("/_cluster/settings", &elsewhere("cluster77"));
    is_mended(&mesh, &["- remotes of cluster02: cluster77"]);
    let settings = second.get("/_cluster/settings?flat_settings=true").to_string();
    assert!(settings.contains("cluster.remote.elsewhere.") && !settings.contains("cluster77"), "{settings}");
    second.put("/_cluster/settings", &json!({ "persistent": { "cluster.remote.elsewhere.*": null } }));

    parts.part("an API key is invalidated");
    let saved: Value = serde_json::from_str(&mesh.read("cluster01/api-key.json")).expect("should be JSON");
    first.delete("/_security/api_key", Some(&json!({ "ids": [saved["id"]] })));
    is_mended(&mesh, &["+ API key of cluster01", "~ keystore of cluster02: credentials of cluster01"]);

    parts.part("the file of an API key is lost");
    fs::remove_file(mesh.path("cluster02/api-key.json")).expect("should be there");
    is_mended(&mesh, &["+ API key of cluster02", "- API keys of cluster02 that are no longer used"]);

    parts.part("settings are edited");
    let path = mesh.path("cluster01/elastic/config/elasticsearch.yml");
    let text = mesh.read("cluster01/elastic/config/elasticsearch.yml");
    fs::write(&path, format!("{text}no.such.setting: true\n")).expect("should be writable");
    is_mended(&mesh, &["~ settings of cluster01-elastic"]);
    assert_eq!(mesh.read("cluster01/elastic/config/elasticsearch.yml"), text);

    parts.part("a file that the image brought is deleted");
    fs::remove_file(mesh.path("cluster02/elastic/config/log4j2.properties")).expect("should be there");
    is_mended(&mesh, &["~ files of cluster02-elastic from its image"]);

    parts.part("a user that nothing logs in as is enabled");
    second.send("PUT", "/_security/user/kibana_system/_enable", None);
    is_mended(&mesh, &["~ password of elastic on cluster02; kibana_system is disabled"]);

    parts.part("a certificate is lost");
    fs::remove_file(mesh.path("cluster02/elastic/config/certs/elastic.crt")).expect("should be there");
    is_mended(&mesh, &["+ certificate of cluster02-elastic"]);

    parts.part("the names in /etc/hosts are edited, and gone");
    let (whole, others) = (hosts::bytes(), hosts::without_block());
    let edited = String::from_utf8_lossy(&whole).replace(" cluster01-elastic", " elsewhere");
    for found in [edited.as_bytes(), &others] {
        fs::write(hosts::FILE, found).expect("should be writable");
        is_mended(&mesh, &["~ block in /etc/hosts"]);
        assert!(hosts::has_block() && hosts::without_block() == others, "every other byte stays");
    }

    parts.part("limits, modes and owners are changed: all of it is mended without a restart");
    is_mended_without_a_restart(&mesh);

    parts.part("a container is renamed, another stopped");
    is_mended_when_renamed(&mesh);
    parts.part("done");
}

/// By `docker update`, `chmod` and `chown`.
fn is_mended_without_a_restart(mesh: &Mesh) {
    let (first, second) = (mesh.cluster(1).elastic(), mesh.cluster(2).elastic());
    let before = [started(&first), started(&second)];
    docker(&["update", "--memory", "700m", "--restart", "no", "--cpus", "0.5", &first]);
    fs::set_permissions(mesh.path("credentials.txt"), Permissions::from_mode(0o644)).expect("should be ours");
    chown(mesh.path("cluster01/api-key.json"), Some(UNPRIVILEGED), None).expect("should be root");
    for path in ["cluster02/elastic/data", "cluster02/elastic/data/node.lock"] {
        chown(mesh.path(path), Some(UNPRIVILEGED), Some(UNPRIVILEGED)).expect("should be root");
    }
    let status = mesh.run(&["status"], 1).stderr;
    assert!(status.contains("out of sync: 4 pending changes"), "{status}");
    is_mended(
        mesh,
        &[
            "~ credentials.txt: mode 0644 → 0600",
            "~ cluster01/api-key.json: owner 65534 → 0",
            "~ cluster02/elastic/data with all below it: owner 65534:65534 → ",
            "~ container cluster01-elastic: memory 700m → ",
            "cpus 0.50 → all, restart no → unless-stopped",
        ],
    );
    assert_eq!([started(&first), started(&second)], before, "nothing should be restarted");
    assert_eq!(container(&first)["HostConfig"]["RestartPolicy"]["Name"], "unless-stopped");
    let lock = fs::metadata(mesh.path("cluster02/elastic/data/node.lock")).expect("should be there");
    assert_ne!(lock.uid(), UNPRIVILEGED, "what is below belongs to the server again");
    mesh.run(&["status"], 0);
}

/// As it is, and when Docker has left a container of the right name that cannot start.
fn is_mended_when_renamed(mesh: &Mesh) {
    let (first, second) = (mesh.cluster(1), mesh.cluster(2));
    docker(&["rename", &first.elastic(), "another-name"]);
    docker(&["stop", &second.elastic()]);
    let refused = mesh.run(&["manage", "up", "1"], 1).stderr;
    assert!(refused.contains("another-name is the mesh's under another name"), "{refused}");
    assert!(refused.contains("hint: `mesh create 2` removes that container"), "{refused}");
    // a container of the right name that is there and does not run, as Docker leaves one whose address is taken
    let record: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
    let labels = [
        format!("mesh.id={}", record["id"].as_str().expect("should have an id")),
        format!("mesh.dir={}", mesh.dir.display()),
    ];
    docker(&["create", "--name", &first.elastic(), "--label", &labels[0], "--label", &labels[1], IMAGES[0]]);
    is_mended(
        mesh,
        &[
            "- container another-name, left by an earlier run",
            "container cluster01-elastic",
            "~ container cluster02-elastic",
        ],
    );
    assert_eq!(mesh.containers(), ["cluster01-elastic", "cluster02-elastic"]);
}

/// The plan names what is wrong and changes nothing; carried out, it is as if nothing had happened.
fn is_mended(mesh: &Mesh, named: &[&str]) {
    let before = Snapshot::of(mesh);
    let plan = mesh.run(&["create", "--dry-run"], 0).stdout;
    for step in named {
        assert!(plan.contains(step), "the plan should name `{step}`:\n{plan}");
    }
    before.is_still(mesh);
    mesh.run(&["create"], 0);
    links::every_search_finds_all(mesh, 2);
    for number in [1, 2] {
        links::has_one_key(&mesh.cluster(number));
    }
    let again = mesh.run(&["create", "--dry-run"], 0).stdout;
    assert!(again.contains("nothing to do"), "should be mended by one run:\n{again}");
}
