//! Another version: refused where Elasticsearch cannot, then cluster by cluster, killed in the middle and gone on with.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    Parts,
    docker::{container, docker, require_image, started},
    links,
    mesh::Mesh,
    snapshot::{Snapshot, create_changes_nothing},
    versions::{NEW, OLD, image, secrets, version, versions},
};

/// A version that only this test has images of.
const UNFIT: &str = "9.5.4";
const ELASTICSEARCH: &str = "mesh.local/elasticsearch/elasticsearch";
const KIBANA: &str = "mesh.local/kibana/kibana";
/// A user's own line in a file that the image brought.
const EDITED: &str = "cluster02/elastic/config/log4j2.properties";
const SEED: &str = "cluster03/seed-elastic.json";
const LINE: &str = "# a user's own line\n";

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn a_mesh_is_upgraded_to_a_newer_version() {
    let parts = Parts::begin();
    require_image("mesh.local/kibana/kibana:8.19.21");
    let mesh = Mesh::new("upgrade");
    mesh.create(&["3", "--stack-version", OLD]);
    (1..=3).for_each(|number| links::write_document(&mesh.cluster(number)));
    links::every_search_finds_all(&mesh, 3);
    assert_eq!(versions(&mesh, 3), [OLD; 3]);
    let text = mesh.read(EDITED);
    fs::write(mesh.path(EDITED), format!("{text}{LINE}")).expect("should be writable");
    // as a mesh has it that was made before this was written down
    fs::remove_file(mesh.path(SEED)).expect("should be there");
    let kept = secrets(&mesh, 3);

    parts.part("what Elasticsearch cannot do is refused, and nothing is changed");
    let before = Snapshot::of(&mesh);
    for (version, reason) in
        [("8.19.20", "cannot go back"), ("10.0.0", "would be skipped"), ("9.0.4", "only 8.18 leads to 9.0.4")]
    {
        let refused = mesh.run(&["upgrade", version], 2);
        assert!(refused.stderr.contains(reason) && refused.stderr.contains("hint:"), "{}", refused.stderr);
    }
    let refused = mesh.run(&["create", "--stack-version", NEW], 2);
    assert!(refused.stderr.contains("`mesh upgrade 9.5.3`"), "{}", refused.stderr);
    let unasked = mesh.run(&["upgrade", NEW], 2);
    assert!(unasked.stderr.contains("an upgrade cannot be undone, and there is no terminal"), "{}", unasked.stderr);
    let missing = mesh.run(&["upgrade", "9.5.99", "--yes"], 3);
    assert!(missing.stderr.contains("elasticsearch:9.5.99 is not here and cannot be pulled"), "{}", missing.stderr);

    parts.part("the plan says what will not work meanwhile, and what stays");
    let plan = mesh.run(&["upgrade", NEW, "--dry-run"], 0);
    assert!(
        plan.stderr.contains("no supported searches from clusters on 9.5.3 in those still on 8.19.21"),
        "{}",
        plan.stderr
    );
    assert!(plan.stderr.contains(EDITED), "{}", plan.stderr);
    assert!(plan.stdout.contains("~ files of cluster03-elastic from its image"), "{}", plan.stdout);
    saves_each_first(&plan.stdout);
    before.is_still(&mesh);

    parts.part("an image that does not start here, or is another version inside, stops nothing");
    unfit_images_stop_nothing(&mesh, &before);

    parts.part("killed while the second cluster boots");
    // as a run leaves it that is killed while it tries an image
    let labels = [format!("mesh.id={}", id(&mesh)), format!("mesh.dir={}", mesh.dir.display())];
    docker(&["create", "--label", &labels[0], "--label", &labels[1], &format!("{KIBANA}:{NEW}"), "bin/kibana"]);
    assert_eq!(mesh.containers().len(), 7, "{:?}", mesh.containers());
    let (second, third) = (started("cluster02-elastic"), started("cluster03-elastic"));
    let first = started("cluster01-elastic");
    let killed = mesh.start(&["upgrade", NEW, "--yes"]).kill_when("the second cluster boots", || {
        if image("cluster01-elastic").ends_with(OLD) {
            assert_eq!(started("cluster02-elastic"), second, "should not be touched before its turn");
        }
        image("cluster02-elastic").ends_with(NEW) && container("cluster02-elastic")["State"]["Running"] == true
    });
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    assert_ne!(started("cluster01-elastic"), first);
    assert_eq!(started("cluster03-elastic"), third, "should not be touched before its turn");
    assert_eq!((version(&mesh, 1).as_str(), version(&mesh, 3).as_str()), (NEW, OLD));
    let found = mesh.cluster(3).get("/mesh-*,cluster01:mesh-*/_search");
    assert_eq!(links::sources(&found), ["cluster01", "cluster03"], "older versions search newer ones: {found}");

    parts.part("half of an upgrade is seen, and `create` leaves the other clusters alone");
    let status = mesh.run(&["status"], 1);
    assert!(status.stderr.contains("an upgrade to 9.5.3 is in progress"), "{}", status.stderr);
    let refused = mesh.run(&["upgrade", "9.6.0"], 2);
    assert!(refused.stderr.contains("an upgrade to 9.5.3 is in progress"), "{}", refused.stderr);
    let plan = mesh.run(&["create", "--dry-run"], 0);
    for other in ["container cluster01", "container cluster03", "settings of"] {
        assert!(!plan.stdout.contains(other), "{}", plan.stdout);
    }

    parts.part("the same again: it goes on");
    let first = started("cluster01-elastic");
    let ended = mesh.run(&["upgrade", NEW], 0);
    leads_back(
        &mesh,
        &[1, 2, 3],
        (&killed.stderr, &ended.stderr),
        "`mesh reset --keep-snapshots DIR`, `mesh create 3 --stack-version 8.19.21 --snapshots DIR`, \
         `mesh snapshots restore CLUSTER NAME` for each of clusters 1-3",
    );
    assert_eq!(started("cluster01-elastic"), first, "what was upgraded should not be restarted");
    assert_ne!(started("cluster03-elastic"), third);

    parts.part("everything is there, and nothing of the old version");
    assert_eq!(versions(&mesh, 3), [NEW; 3]);
    links::every_search_finds_all(&mesh, 3);
    links::are_wired(&mesh, 3);
    assert_eq!(mesh.containers().len(), 6, "{:?}", mesh.containers());
    for name in mesh.containers() {
        assert!(image(&name).ends_with(NEW), "{name} has {}", image(&name));
    }
    assert_eq!(kept, secrets(&mesh, 3), "passwords and keys should stay");
    assert!(mesh.read(EDITED).ends_with(LINE), "what the user edited should stay");
    assert!(mesh.read(SEED).contains(NEW), "{}", mesh.read(SEED));
    assert!(!mesh.read("mesh.json").contains(OLD), "{}", mesh.read("mesh.json"));
    create_changes_nothing(&mesh, &[]);
    let again = mesh.run(&["upgrade", NEW], 0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    parts.part("done");
}

/// An image that ends at once, and one of another version than its tag.
fn unfit_images_stop_nothing(mesh: &Mesh, before: &Snapshot) {
    let (broken, other) = (format!("{ELASTICSEARCH}:{UNFIT}"), format!("{KIBANA}:{UNFIT}"));
    docker(&["create", "--name", "unfit", &format!("{ELASTICSEARCH}:{NEW}")]);
    let words = "Fatal glibc error: CPU does not support x86-64-v2";
    let entrypoint = format!(r#"ENTRYPOINT ["sh", "-c", "echo {words}; exit 127"]"#);
    docker(&["commit", "--change", &entrypoint, "unfit", &broken]);
    docker(&["rm", "unfit"]);
    docker(&["tag", &format!("{KIBANA}:{NEW}"), &other]);
    let refused = mesh.run(&["upgrade", UNFIT, "--yes"], 3);
    for part in [words, "nothing was stopped", "exit code 127", "`cpu: host`", "is Kibana 9.5.3 inside, and not 9.5.4"]
    {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    before.is_still(mesh);
    docker(&["rmi", &broken, &other]);
}

/// A plan takes a snapshot of each of three clusters.
fn saves_each_first(plan: &str) {
    let saved = plan.lines().filter_map(|line| line.strip_prefix("  + snapshot mesh-")?.split(" of ").nth(1));
    assert_eq!(saved.collect::<Vec<_>>(), ["cluster01", "cluster02", "cluster03"], "{plan}");
}

/// The run that was killed printed which snapshot it takes first, each of these clusters has it, and nothing else was
/// saved; the run that continued the upgrade ends with the way back by it.
fn leads_back(mesh: &Mesh, clusters: &[u8], (killed, ended): (&str, &str), way: &str) {
    let line = killed.lines().find(|line| line.starts_with("there is no way back but snapshots, so "));
    let name = line.and_then(|line| line.split_whitespace().find(|word| word.starts_with("mesh-"))).unwrap_or_default();
    let list = mesh.run(&["snapshots", "ls", "-o", "json"], 0).stdout;
    let list: Value = serde_json::from_str(&list).expect("should be JSON");
    let rows = list["snapshots"].as_array().expect("should be a list").iter();
    let found: Vec<Value> = rows.map(|row| json!([row["cluster"], row["name"], row["state"]])).collect();
    let wanted = clusters.iter().map(|number| json!([mesh.cluster(*number).name(), name, "good"]));
    assert_eq!(found, wanted.collect::<Vec<_>>(), "{killed}");
    let way = format!("the way back: {}\n", way.replace("NAME", name));
    assert!(ended.ends_with(&way), "{ended}\nshould end with\n{way}");
}

/// The id that everything of the mesh is labeled with.
fn id(mesh: &Mesh) -> String {
    let record: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
    record["id"].as_str().expect("should have an id").to_owned()
}

/// Cluster 1 stays on the older version and searches cluster 2 on the newer one, as Elastic supports it.
#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn a_single_cluster_is_upgraded_by_itself() {
    let parts = Parts::begin();
    let mesh = Mesh::new("upgrade-one");
    mesh.create(&["2", "--no-kibana", "--stack-version", OLD]);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    let first = started("cluster01-elastic");

    parts.part("a search that Elastic does not support is refused, with the command that helps");
    let refused = mesh.run(&["upgrade", NEW, "2", "--yes"], 2);
    assert!(refused.stderr.contains("`mesh create` with `--topology hub:1`"), "{}", refused.stderr);
    mesh.run(&["create", "--topology", "hub:1", "--yes"], 0);

    parts.part("data that no question named is not deleted on the way");
    let stray = mesh.dir.join("cluster09/elastic/data");
    fs::create_dir_all(&stray).expect("should be ours");
    let refused = mesh.run(&["upgrade", NEW, "2", "--yes"], 1).stderr;
    assert!(refused.contains("to do: directory of cluster09 with its data") && stray.exists(), "{refused}");
    fs::remove_dir_all(mesh.dir.join("cluster09")).expect("should be ours");

    parts.part("killed while it boots, and typed again");
    let killed = mesh.start(&["upgrade", NEW, "2", "--yes"]).kill_when("the cluster boots", || {
        image("cluster02-elastic").ends_with(NEW) && container("cluster02-elastic")["State"]["Running"] == true
    });
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    let ended = mesh.run(&["upgrade", NEW, "2"], 0);
    leads_back(
        &mesh,
        &[2],
        (&killed.stderr, &ended.stderr),
        "`mesh snapshots create 1`, `mesh reset --keep-snapshots DIR`, `mesh create 2 --stack-version 8.19.21 \
         --snapshots DIR`, `mesh snapshots restore 1 last`, `mesh snapshots restore 2 NAME`",
    );
    assert_eq!(versions(&mesh, 2), [OLD, NEW]);
    assert_eq!(started("cluster01-elastic"), first, "should not be touched");
    let found = mesh.cluster(1).get("/mesh-*,cluster02:mesh-*/_search");
    assert_eq!(links::sources(&found), ["cluster01", "cluster02"], "{found}");

    parts.part("a mesh of two versions is in sync, and each keeps its own");
    mesh.run(&["status"], 0);
    mesh.run(&["verify"], 0);
    create_changes_nothing(&mesh, &[]);
    let again = mesh.run(&["upgrade", NEW, "2"], 0);
    assert!(again.stdout.contains("nothing to do: cluster02 has 9.5.3"), "{}", again.stdout);
    let refused = mesh.run(&["create", "--topology", "all"], 2);
    assert!(refused.stderr.contains("which Elastic does not support"), "{}", refused.stderr);
    parts.part("done");
}
