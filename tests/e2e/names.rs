//! Two meshes with names on one engine: created at once, also after runs that were killed between their record and
//! their network; one removed while the other is searched; listed also without a directory.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::support::{
    Parts,
    docker::{container, containers, networks},
    mesh::{Mesh, SMALL},
    wait_for,
};

const NAMES: [&str; 2] = ["e2e-one", "e2e-two"];
/// A run that waits for no other has written its record within this, on a machine that is busy.
const NOT_HELD_UP: Duration = Duration::from_secs(10);

/// The directory of a mesh with a name, where root's are.
fn directory(name: &str) -> String {
    format!("/mnt/data/mesh-{name}")
}

/// Both are removed when this is dropped, however the test ends.
struct Named;

impl Named {
    fn begin() -> Self {
        NAMES.into_iter().for_each(clear);
        Self
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        NAMES.into_iter().for_each(clear);
    }
}

fn clear(name: &str) {
    let _ = mesh(name, &["reset", "--yes"]).output();
    let _ = fs::remove_dir_all(directory(name));
}

fn mesh(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
    command.args(["--name", name]).args(args).env_remove("MESH_DIR").env_remove("MESH_NAME").stdin(Stdio::null());
    command
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn run(name: &str, args: &[&str], exit: i32) -> String {
    let output = mesh(name, args).output().expect("should start");
    assert_eq!(output.status.code(), Some(exit), "mesh --name {name} {}: {}", args.join(" "), shown(&output));
    shown(&output)
}

fn create(name: &str) -> Child {
    let more = ["create", "2", "--no-kibana"];
    let mut command = mesh(name, &[&more[..], &SMALL].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("should start")
}

/// A text of a mesh's record.
fn recorded(name: &str, field: &str) -> String {
    let text = fs::read_to_string(format!("{}/mesh.json", directory(name))).expect("should be readable");
    let record: Value = serde_json::from_str(&text).expect("should be JSON");
    record[field].as_str().expect("should be a text").to_owned()
}

/// The lock files of a mesh and of the machine, as runs of root have them.
fn locks(name: &str) -> [String; 2] {
    [format!("/run/mesh-{name}.lock"), "/run/mesh.machine.lock".to_owned()]
}

/// Ends a `create` by this signal when it has chosen what it takes of the machine, and written its record, which it
/// comes to without delay. It holds its own lock then, and no longer the machine's; both are free afterwards.
fn create_ended_by(signal: &str, name: &str) -> Output {
    let child = create(name);
    let holder = format!(r#""pid":{},"#, child.id());
    let [own, machine] = locks(name);
    let holds = |lock: &str| fs::read_to_string(lock).is_ok_and(|text| text.contains(&holder));
    let record = format!("{}/mesh.json", directory(name));
    let is_ready = || Path::new(&record).exists() && holds(&own);
    wait_for("a run with a record and its lock", NOT_HELD_UP, || is_ready().then_some(()));
    assert!(!holds(&machine), "{machine} should be free once a run has chosen");
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().expect("should start").success());
    let output = child.wait_with_output().expect("should end");
    for lock in locks(name) {
        let file = File::open(&lock).expect("should be there");
        assert!(file.try_lock().is_ok(), "{lock} should be free after {signal}: {}", shown(&output));
    }
    output
}

fn listed() -> Vec<(String, String, bool)> {
    let output = Command::new(env!("CARGO_BIN_EXE_mesh")).args(["ls", "-o", "json"]).output().expect("should start");
    let list: Value = serde_json::from_slice(&output.stdout).expect("should be JSON");
    let entry = |mesh: &Value| {
        let text = |field: &str| mesh[field].as_str().unwrap_or_default().to_owned();
        (text("name"), text("state"), mesh["recorded"] == true)
    };
    list["meshes"].as_array().expect("should list meshes").iter().map(entry).collect()
}

fn entry(name: &str, recorded: bool) -> (String, String, bool) {
    (name.to_owned(), "running".to_owned(), recorded)
}

/// The ports of the host that a mesh's containers publish.
fn published(name: &str) -> BTreeSet<String> {
    let of = |container_name: &String| {
        let facts = container(container_name);
        let bindings = facts["HostConfig"]["PortBindings"].as_object().cloned().unwrap_or_default();
        bindings.values().map(|bound| bound[0]["HostPort"].to_string()).collect::<Vec<_>>()
    };
    containers(&format!("mesh.name={name}")).iter().flat_map(of).collect()
}

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn two_meshes_on_one_engine() {
    let _named = Named::begin();
    let _engine = Mesh::new("names");
    let parts = Parts::begin();

    parts.part("a create that is killed, or interrupted, leaves no lock, and no other one is held up");
    let killed = create_ended_by("-KILL", "e2e-one");
    assert_eq!(killed.status.code(), None, "{}", shown(&killed));
    let interrupted = create_ended_by("-INT", "e2e-two");
    assert_eq!(interrupted.status.code(), Some(4), "{}", shown(&interrupted));
    assert!(!shown(&interrupted).contains("waiting, since"), "{}", shown(&interrupted));
    let ids = NAMES.map(|name| recorded(name, "id"));
    let [one, two] = NAMES.map(|name| recorded(name, "subnet"));
    let collide = one == two;

    parts.part("both are created at once by the same commands, whatever network and ports the killed runs had chosen");
    let mut moved = 0;
    for (name, child) in NAMES.map(|name| (name, create(name))) {
        let output = child.wait_with_output().expect("should end");
        assert!(output.status.success(), "{name}: {}", shown(&output));
        moved += usize::from(shown(&output).contains("the mesh gets the network"));
    }
    assert_eq!(moved, usize::from(collide), "one of two with the same network should get another");
    assert_eq!(NAMES.map(|name| recorded(name, "id")), ids);
    assert_eq!(containers("mesh.name=e2e-one"), ["e2e-one-cluster01-elastic", "e2e-one-cluster02-elastic"]);
    let (one, two) = (published("e2e-one"), published("e2e-two"));
    assert_eq!((one.len(), two.len()), (6, 6));
    assert!(one.is_disjoint(&two), "{one:?} {two:?}");
    let hosts = fs::read_to_string("/etc/hosts").expect("should be readable");
    for name in NAMES {
        assert!(
            hosts.contains(&format!("# mesh {name}: begin")) && hosts.contains(&format!("{name}-cluster02-elastic"))
        );
    }

    parts.part("both are listed and proved, and a second create changes nothing");
    assert_eq!(listed(), NAMES.map(|name| entry(name, true)));
    for name in NAMES {
        run(name, &["verify"], 0);
        let again = run(name, &["create", "2"], 0);
        assert!(again.contains("nothing to do"), "{again}");
        // with Kibanas, clusters get other ports, of which some are those of clusters that go
        run(name, &["create", "2", "--reset", "--dry-run"], 0);
        for cluster in ["1", "2"] {
            run(name, &["es", cluster, "PUT", "/mesh-e2e/_doc/1?refresh=true", r#"{"is": "here"}"#], 0);
        }
    }

    parts.part("a mesh.json that is lost comes back with the ports that were chosen");
    for name in NAMES {
        let path = format!("{}/mesh.json", directory(name));
        let record = || {
            let text = fs::read_to_string(&path).expect("should be readable");
            let record: Value = serde_json::from_str(&text).expect("should be JSON");
            ["id", "subnet", "ports", "clusters"].map(|field| record[field].clone())
        };
        let before = record();
        fs::remove_file(&path).expect("should be there");
        run(name, &["create"], 0);
        assert_eq!(record(), before);
    }

    parts.part("one loses its directory, and is removed while the other is searched");
    let record = format!("{}/mesh.json", directory("e2e-two"));
    fs::remove_file(record).expect("should be there");
    fs::rename(directory("e2e-two"), directory("e2e-gone")).expect("should be movable");
    assert_eq!(listed(), [entry("e2e-one", true), entry("e2e-two", false)]);
    let ended = AtomicBool::new(false);
    let searches = thread::scope(|scope| {
        let searching = scope.spawn(|| {
            let mut searches = 0;
            while !ended.load(Ordering::Relaxed) {
                let found: Value = serde_json::from_str(&run("e2e-one", &["search", "mesh-e2e", "-o", "json"], 0))
                    .expect("should be JSON");
                let clusters = found["clusters"].as_array().expect("should list clusters");
                assert_eq!(clusters.len(), 2, "{found}");
                for cluster in clusters {
                    assert_eq!((&cluster["hits"], &cluster["status"]), (&1.into(), &"successful".into()), "{found}");
                }
                searches += 1;
            }
            searches
        });
        let reset = mesh("e2e-two", &["reset", "--yes"]).output().expect("should start");
        ended.store(true, Ordering::Relaxed);
        assert!(reset.status.success(), "{}", shown(&reset));
        searching.join().expect("no search should fail")
    });
    assert!(searches > 0);
    println!("{searches} searches");
    assert!(containers("mesh.name=e2e-two").is_empty() && networks("mesh.name=e2e-two").is_empty());
    let hosts = fs::read_to_string("/etc/hosts").expect("should be readable");
    assert!(!hosts.contains("e2e-two") && hosts.contains("e2e-one-cluster01-elastic"), "{hosts}");
    assert_eq!(listed(), [entry("e2e-one", true)]);
    let _ = fs::remove_dir_all(directory("e2e-gone"));

    parts.part("the other is as it was, and goes by its directory, too");
    run("e2e-one", &["verify"], 0);
    let by_dir = Command::new(env!("CARGO_BIN_EXE_mesh"))
        .args(["reset", "--yes", "--dir", &directory("e2e-one")])
        .output()
        .expect("should start");
    assert!(by_dir.status.success(), "{}", shown(&by_dir));
    assert!(listed().is_empty() && !Path::new(&directory("e2e-one")).exists());
}
