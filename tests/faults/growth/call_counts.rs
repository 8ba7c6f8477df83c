//! What a mesh costs as it grows: calls to Elasticsearch and Docker grow with the clusters, not with their pairs. The
//! meshes are of the smoke profile, whose servers are asked whether they are.

use std::{fs, thread, time::Duration};

use crate::support::{
    Parts,
    mesh::{Mesh, SMALL},
    run::Run,
    smoke::is_of_the_smoke_profile,
};

/// Bytes that `mesh` may keep in memory at most.
const MOST_MEMORY: u64 = 60 << 20;

/// How often a run may ask a cluster again, in a second: its two services and their containers, and each of these once
/// more when all is looked at, before and after.
const MOST_AGAIN: f64 = 8.0;

/// How often a run asked, by what it says with `-vv`.
#[derive(Debug, PartialEq, Eq)]
struct Calls {
    /// The requests that a run sends once.
    once: usize,
    /// The requests that it repeats until the answer is the right one; that depends on how long a boot takes.
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
#[ignore = "takes a quarter of an hour: run by scripts/faults"]
fn calls_grow_with_the_clusters_and_not_with_their_pairs() {
    let parts = Parts::begin();
    let mesh = Mesh::new("call-counts");
    let mut made = Vec::new();
    let mut unchanged = Vec::new();
    let alone = &["--no-kibana"][..];
    for (clusters, more) in [(2, &[][..]), (4, &[]), (4, alone), (16, alone)] {
        parts.part(&format!("`create {clusters} {}` from nothing", more.join(" ")));
        made.push(create(&mesh, clusters, more));
        is_of_the_smoke_profile(&mesh);
        parts.part("and again");
        unchanged.push(create(&mesh, clusters, more));
        mesh.run(&["verify"], 0);
        mesh.run(&["reset", "--yes"], 0);
    }
    // twice the clusters have six times the links, and four times as many twenty; either way, with the same services
    let grown = |few: usize, many: usize, times: usize| {
        assert!(few > 10 && many <= times * few, "{few} calls became {many}");
    };
    for (few, times) in [(0, 2), (2, 4)] {
        grown(made[few].once, made[few + 1].once, times);
        grown(unchanged[few].all(), unchanged[few + 1].all(), times);
    }
    parts.part("done");
}

fn create(mesh: &Mesh, clusters: u8, more: &[&str]) -> Calls {
    let count = clusters.to_string();
    let running = mesh.start(&[&["-vv", "create", &count], more, &SMALL[..]].concat());
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
    let calls = Calls::of(&run);
    println!("          {calls:?} in {:.1} s, {} MiB at its peak", run.took.as_secs_f64(), most >> 20);
    assert!((1..MOST_MEMORY).contains(&most), "{most} bytes of memory");
    #[expect(clippy::cast_precision_loss, reason = "there are some hundred")]
    let a_second = calls.again as f64 / f64::from(clusters) / run.took.as_secs_f64().max(1.0);
    assert!(a_second < MOST_AGAIN, "{a_second:.1} times a second a cluster");
    calls
}

/// The most memory that a process has had so far, in bytes; `None` once it has ended.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"))?;
    Some(kibibytes.trim().parse::<u64>().ok()? << 10)
}
