//! What a mesh costs as it grows: calls to Elasticsearch and Docker grow with the clusters, not with their pairs. The meshes
//! are of the smoke profile, whose servers are asked whether they are.

use std::{fs, thread, time::Duration};

use crate::{
    Parts,
    mesh::{Mesh, SMALL},
    run::Run,
};

/// Bytes that `mesh` may keep in memory at most.
const MOST_MEMORY: u64 = 60 << 20;

/// How often a run asked, by what it says with `-vv`.
#[derive(Debug, PartialEq, Eq)]
struct Calls {
    /// Of what a run asks once.
    once: usize,
    /// Of what it asks again until the answer is the right one; that depends on how long a boot takes.
    again: usize,
}

impl Calls {
    fn of(run: &Run) -> Self {
        let calls =
            || run.stderr.lines().filter(|line| line.contains("https://127.0.0.1:") || line.contains("docker: "));
        let waits = |line: &&str| {
            ["/_cluster/health", "/_license", "/api/status", "/_resolve/cluster", "docker: inspect"]
                .iter()
                .any(|ask| line.contains(ask))
        };
        let again = calls().filter(waits).count();
        Self { once: calls().count() - again, again }
    }

    fn all(&self) -> usize {
        self.once + self.again
    }
}

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn calls_grow_with_the_clusters_and_not_with_their_pairs() {
    let parts = Parts::begin();
    let mesh = Mesh::new("growth");
    let mut made = Vec::new();
    let mut unchanged = Vec::new();
    for clusters in [2, 4] {
        parts.part(&format!("`create {clusters}` from nothing"));
        let run = create(&mesh, clusters);
        made.push(Calls::of(&run));
        println!("          {:?}", made.last());
        is_of_the_smoke_profile(&mesh);
        parts.part("and again");
        let run = create(&mesh, clusters);
        unchanged.push(Calls::of(&run));
        println!("          {:?}", unchanged.last());
        mesh.run(&["reset", "--yes"], 0);
    }
    // twice the clusters have six times the links
    let doubled = |two: usize, four: usize| assert!(two > 10 && four <= 2 * two, "{two} calls became {four}");
    doubled(made[0].once, made[1].once);
    doubled(unchanged[0].all(), unchanged[1].all());
    parts.part("done");
}

fn create(mesh: &Mesh, clusters: u8) -> Run {
    let running = mesh.start(&[&["-vv", "create", &clusters.to_string(), "--profile", "smoke"], &SMALL[..]].concat());
    let pid = running.pid();
    let watch = thread::spawn(move || {
        let mut most = 0;
        while let Some(peak) = peak(pid) {
            most = peak;
            thread::sleep(Duration::from_millis(10));
        }
        most
    });
    let run = running.end();
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let most = watch.join().expect("should not panic");
    println!("          {} MiB at its peak", most >> 20);
    assert!((1..MOST_MEMORY).contains(&most), "{most} bytes of memory");
    run
}

/// By what a server says of its JVM and of its remotes.
fn is_of_the_smoke_profile(mesh: &Mesh) {
    let nodes = mesh.cluster(1).get("/_nodes/jvm?filter_path=nodes.*.jvm.gc_collectors");
    let node = nodes["nodes"].as_object().and_then(|nodes| nodes.values().next()).expect("should have a node");
    assert_eq!(node["jvm"]["gc_collectors"][0], "Copy", "the serial collector: {nodes}");
    let settings = mesh.cluster(1).get("/_cluster/settings?flat_settings=true");
    assert_eq!(settings["persistent"]["cluster.remote.cluster02.proxy_socket_connections"], "1", "{settings}");
}

/// The most memory that a process has had so far, in bytes; `None` once it has ended.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"))?;
    Some(kibibytes.trim().parse::<u64>().ok()? << 10)
}
