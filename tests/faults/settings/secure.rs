//! Secure settings from a file of the user's: in the keystores, and nowhere else. The names are those of a module of
//! the stand-in image, which Elasticsearch knows as it knows those of S3 or of Watcher.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use crate::support::{
    Parts,
    docker::{container, docker, started, try_docker},
    leftovers::PREFIX,
    mesh::Mesh,
    snapshot::create_changes_nothing,
};

const TOOL: &str = "/usr/share/elasticsearch/bin/elasticsearch-keystore";
const ACCESS: &str = "stand_in.access_key";
const SECRET: &str = "stand_in.secret_key";
/// Values that are found wherever they show.
const FIRST: &str = "first-value-of-a-secure-setting";
const SECOND: &str = "second-value-of-a-secure-setting";

/// The file, with this mode.
fn write(text: &str, mode: u32) -> PathBuf {
    let path = PathBuf::from(PREFIX).join("secure.yaml");
    fs::write(&path, text).expect("should be writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("should be ours");
    path
}

/// The names in a cluster's keystore, in the words of the image's own tool.
fn names(mesh: &Mesh, number: u8) -> Vec<String> {
    let listed = docker(&["exec", &mesh.cluster(number).elastic(), TOOL, "list"]);
    listed.lines().map(str::to_owned).collect()
}

fn value(mesh: &Mesh, number: u8, name: &str) -> String {
    docker(&["exec", &mesh.cluster(number).elastic(), TOOL, "show", name]).trim().to_owned()
}

fn starts(mesh: &Mesh) -> Vec<String> {
    (1..=2).map(|number| started(&mesh.cluster(number).elastic())).collect()
}

/// Everywhere that anybody but the server could look.
fn show_nowhere(mesh: &Mesh) {
    let mut places = vec![
        ("what mesh printed".to_owned(), mesh.printed()),
        ("docker ps".to_owned(), docker(&["ps", "--all", "--no-trunc"])),
    ];
    for file in ["mesh.json", "cluster01/keystore.json", "cluster02/keystore.json", "credentials.txt"] {
        places.push((file.to_owned(), mesh.read(file)));
    }
    for name in mesh.containers() {
        places.push((format!("docker inspect {name}"), container(&name).to_string()));
        places.push((format!("docker logs {name}"), try_docker(&["logs", &name]).1));
    }
    for (place, text) in &places {
        assert!(!text.contains(FIRST) && !text.contains(SECOND), "a secure setting shows in {place}");
    }
}

#[test]
#[ignore = "takes a quarter of an hour: run by scripts/faults"]
fn secure_settings_come_from_a_file() {
    let parts = Parts::begin();
    let mesh = Mesh::new("secure");
    let both = |value: &str| format!("{ACCESS}: {value}\nstand_in: {{secret_key: {value}}}\n");

    parts.part("a file that others can read is refused, and nothing is made");
    let path = write(&both(FIRST), 0o644).display().to_string();
    let asked = [
        "create",
        "2",
        "--no-kibana",
        "--secure-settings",
        &path,
        "--registry",
        "mesh.local",
        "--elastic-memory",
        "1g",
    ];
    let run = mesh.run(&asked, 3);
    assert!(run.stderr.contains(&format!("chmod 600 {path}")) && mesh.containers().is_empty(), "{run:?}");

    parts.part("the first servers have them when they start");
    write(&both(FIRST), 0o600);
    mesh.run(&asked, 0);
    for number in 1..=2 {
        let found = names(&mesh, number);
        assert!([ACCESS, SECRET].iter().all(|name| found.iter().any(|found| found == name)), "{found:?}");
        assert_eq!(value(&mesh, number, SECRET), FIRST);
    }
    assert!(mesh.read("mesh.json").contains(&path), "the path should be recorded");
    show_nowhere(&mesh);
    create_changes_nothing(&mesh, &[]);

    parts.part("another value is drift, shown as a name, and one restart of each server");
    write(&both(FIRST).replacen(FIRST, SECOND, 1), 0o600);
    let status = mesh.run(&["status", "-o", "json"], 1);
    assert!(status.stdout.contains(&format!("{ACCESS} (changed)")) && !status.stdout.contains(SECRET), "{status:?}");
    let before = starts(&mesh);
    let ids: Vec<String> = mesh.containers().iter().map(|name| container(name)["Id"].to_string()).collect();
    mesh.run(&["create"], 0);
    let after = starts(&mesh);
    assert!(before.iter().zip(&after).all(|(before, after)| before != after), "each should have started again");
    assert_eq!(ids, mesh.containers().iter().map(|name| container(name)["Id"].to_string()).collect::<Vec<_>>());
    assert_eq!((value(&mesh, 1, ACCESS), value(&mesh, 2, SECRET)), (SECOND.to_owned(), FIRST.to_owned()));
    create_changes_nothing(&mesh, &[]);
    assert_eq!(starts(&mesh), after);

    parts.part("a name that Elasticsearch does not know breaks one cluster, and a corrected file mends it");
    write(&format!("{}stand_in.acces_key: x\n", both(SECOND)), 0o600);
    let second = started(&mesh.cluster(2).elastic());
    let run = mesh.run(&["create"], 4);
    assert!(run.stderr.contains("unknown secure setting [stand_in.acces_key]"), "{run:?}");
    assert!(run.stderr.contains("correct the file, and type the same command again"), "{run:?}");
    assert_eq!(started(&mesh.cluster(2).elastic()), second, "the second cluster should not be touched");
    assert!(!names(&mesh, 2).iter().any(|name| name == "stand_in.acces_key"));
    // what is put there by hand stays, while what the file no longer names goes
    let by_hand = format!("printf '%s\\n' by-hand | {TOOL} add --stdin --force {SECRET}");
    docker(&["exec", &mesh.cluster(2).elastic(), "bash", "-c", &by_hand]);
    write(&format!("{ACCESS}: {SECOND}\n"), 0o600);
    mesh.run(&["create"], 0);
    for number in 1..=2 {
        assert!(!names(&mesh, number).iter().any(|name| name == SECRET || name == "stand_in.acces_key"));
        assert_eq!(value(&mesh, number, ACCESS), SECOND);
    }
    docker(&["exec", &mesh.cluster(2).elastic(), "bash", "-c", &by_hand]);
    create_changes_nothing(&mesh, &[]);
    assert_eq!(value(&mesh, 2, SECRET), "by-hand");
    show_nowhere(&mesh);

    parts.part("a file that is gone is one warning, and no drift");
    fs::remove_file(&path).expect("should be removable");
    for command in [["create"].as_slice(), &["status"]] {
        let run = mesh.run(command, 0);
        let warnings = run.stderr.matches("there is no file of secure settings at").count();
        assert_eq!(warnings, 1, "{run:?}");
    }

    parts.part("without a file they leave the keystores, and an entry by hand stays");
    mesh.run(&["create", "--no-secure-settings"], 0);
    assert!((1..=2).all(|number| !names(&mesh, number).iter().any(|name| name == ACCESS)));
    assert_eq!(value(&mesh, 2, SECRET), "by-hand");
    create_changes_nothing(&mesh, &[]);
    parts.part("done");
}
