//! Whole runs that meet a full disk, a broken one or SIGKILL at the system calls by which they write: the file is the
//! old one or the new one, and the same command again completes it. The answers are forged by `strace`, as in
//! `src/world/disk/faults.rs`.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{
    Parts, hosts,
    leftovers::PREFIX,
    links,
    mesh::Mesh,
    renewal::{is_as_asked, starts},
    run::Run,
};

/// What is forged, and what a run says of it.
const FAULTS: [(&str, Option<&str>); 3] = [
    ("error=ENOSPC", Some("no space left on device")),
    ("error=EIO", Some("input/output error")),
    ("signal=KILL", None),
];
/// The calls of one write: the text, onto the disk, the name, onto the disk. The number tells which of the file's own.
const CALLS: [(&str, usize); 4] = [("write", 0), ("fsync", 0), ("renameat", 0), ("fsync", 1)];
/// A run does not always print, and wake itself, as often before the call as the run before it did: about every third
/// try is a hit, and six misses in a row were seen.
const TRIES: usize = 30;

/// A file that a command writes.
struct Target<'a> {
    name: &'a str,
    /// How the path of its directory ends.
    dir: &'a str,
    files: Vec<PathBuf>,
    /// Whether the text is whole though it differs from the next run's.
    is_whole: fn(&[u8]) -> bool,
}

impl Target<'_> {
    fn contents(&self) -> Vec<Vec<u8>> {
        self.files.iter().map(|file| fs::read(file).expect("should be there")).collect()
    }

    /// The number of the call among all of its kind, the first being 1.
    fn position(&self, calls: &[String], (call, nth): (&str, usize)) -> Option<usize> {
        let (temporary, dir) = (format!(".{}.mesh-tmp-", self.name), format!("{}>)", self.dir));
        let kind = calls.iter().filter(|line| line.starts_with(call) && line[call.len()..].starts_with('('));
        let own = kind.enumerate().filter(|(_, line)| line.contains(&temporary) || line.contains(&dir));
        own.map(|(index, _)| index + 1).nth(nth)
    }
}

/// What the machine's names were, put back if a test leaves something else.
struct Names(Vec<u8>);

impl Drop for Names {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = fs::write(hosts::FILE, &self.0);
        }
    }
}

#[test]
#[ignore = "takes minutes, needs strace: run by scripts/faults"]
fn writes_of_whole_runs_fail_at_every_call() {
    let parts = Parts::begin();
    let mesh = Mesh::new("calls");
    let _names = Names(hosts::bytes());
    mesh.create(&["2", "--no-kibana"]);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    let begun = starts(&mesh, 2);

    parts.part("the keystores, by `keys rotate`");
    let keystore = |number| mesh.path(&format!("cluster{number:02}/elastic/config/elasticsearch.keystore"));
    let keystores = Target {
        name: "elasticsearch.keystore",
        dir: "/elastic/config",
        files: [1, 2].map(keystore).to_vec(),
        is_whole: is_sealed,
    };
    sweep(&mesh, &keystores, |_| ["keys", "rotate", "--yes"].map(str::to_owned).to_vec());
    is_as_asked(&mesh, &begun);

    parts.part("the names, by `create`, after an edit by hand");
    let whole = hosts::bytes();
    let edited = String::from_utf8_lossy(&whole).replace(" cluster01-elastic", " elsewhere");
    let names = Target { name: "hosts", dir: "</etc", files: vec![hosts::FILE.into()], is_whole: |_| false };
    sweep(&mesh, &names, |_| {
        fs::write(hosts::FILE, &edited).expect("should be writable");
        vec!["create".to_owned()]
    });
    assert!(hosts::bytes() == whole, "{}", String::from_utf8_lossy(&hosts::bytes()));
    is_as_asked(&mesh, &begun);

    parts.part("mesh.json, by `create --share`");
    let dir = mesh.dir.display().to_string();
    let record = Target { name: "mesh.json", dir: &dir, files: vec![mesh.path("mesh.json")], is_whole: |_| false };
    sweep(&mesh, &record, |turn| ["create", "--yes", "--share", &format!("turn{turn}-*")].map(str::to_owned).to_vec());
    assert!(serde_json::from_str::<Value>(&mesh.read("mesh.json")).is_ok());
    links::every_search_finds_all(&mesh, 2);
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
    assert_eq!(starts(&mesh, 2), begun, "no server should have been restarted");
    parts.part("done");
}

/// Every fault at every call of the file's write. `prepare` makes something to write, and says what is typed for it.
fn sweep(mesh: &Mesh, target: &Target<'_>, prepare: impl Fn(usize) -> Vec<String>) {
    let (mut turn, mut met) = (0, Vec::new());
    let mut next = || {
        turn += 1;
        prepare(turn)
    };
    let (run, reference) = traced(mesh, &next(), None);
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    // a file that is a mount is not renamed over, and its directory is left alone
    for call in CALLS.into_iter().filter(|call| target.position(&reference, *call).is_some()) {
        let mut when = target.position(&reference, call).unwrap_or_default();
        for (fault, words) in FAULTS {
            let hit = (0..TRIES).any(|_| {
                let args = next();
                let before = target.contents();
                let (run, calls) = traced(mesh, &args, Some(&format!("{}:{fault}:when={when}", call.0)));
                let found = target.contents();
                mesh.run(&args.iter().map(String::as_str).collect::<Vec<_>>(), 0);
                let after = target.contents();
                for ((before, found), after) in before.iter().zip(&found).zip(&after) {
                    let is_whole = found == before || found == after || (target.is_whole)(found);
                    assert!(is_whole, "{call:?} {fault} tore it: {:?}", String::from_utf8_lossy(found));
                }
                assert_eq!(unfinished(mesh), "", "{call:?} {fault}: what was left should be gone");
                let Some(position) = target.position(&calls, call) else {
                    // it ended at another call of that number, such as one that wakes the runtime
                    let (_, calls) = traced(mesh, &next(), None);
                    when = target.position(&calls, call).unwrap_or(when);
                    return false;
                };
                let hit = position == when;
                when = position;
                if hit {
                    is_reported(&run, words);
                }
                hit
            });
            assert!(hit, "{call:?} {fault} did not meet {}", target.name);
            met.push(format!("{} {fault}", call.0));
        }
    }
    println!("          {} met {}", target.name, met.join(", "));
    assert!(met.len() >= 9, "{met:?}");
}

/// Ended by the signal, or well-behaved: the cause, the remedy and an exit code that says so.
fn is_reported(run: &Run, words: Option<&str>) {
    match words {
        None => assert_eq!(run.exit, None, "should be killed: {}", run.stderr),
        Some(words) => {
            assert!(matches!(run.exit, Some(3 | 4)), "{run:?}");
            assert!(run.stderr.contains(words) && run.stderr.contains("hint:"), "{}", run.stderr);
        }
    }
}

/// A run, and the calls of its main thread, which is the one that writes.
fn traced(mesh: &Mesh, args: &[String], fault: Option<&str>) -> (Run, Vec<String>) {
    let log = Path::new(PREFIX).join("calls.log");
    File::create(&log).expect("should be writable");
    let (path, inject) = (log.display().to_string(), fault.map(|fault| format!("inject={fault}")));
    let mut strace =
        vec!["strace", "-f", "-qq", "-y", "-o", &path, "-e", "trace=write,fsync,renameat", "-e", "signal=none"];
    if let Some(inject) = &inject {
        strace.extend(["-e", inject]);
    }
    let run = mesh.start_under(&strace, &args.iter().map(String::as_str).collect::<Vec<_>>()).end();
    let text = fs::read_to_string(&log).expect("should be readable");
    let lines = || text.lines().filter_map(|line| line.split_once(' '));
    let main = lines().next().map(|(thread, _)| thread).unwrap_or_default();
    let calls = lines().filter(|(thread, _)| *thread == main).map(|(_, call)| call.trim_start().to_owned());
    (run, calls.collect())
}

/// Temporary files, of the mesh and beside the names file.
fn unfinished(mesh: &Mesh) -> String {
    let mut find = Command::new("find");
    find.arg(&mesh.dir).args(["/etc", "-xdev", "-name", "*.mesh-tmp-*"]);
    String::from_utf8_lossy(&find.output().expect("find should be there").stdout).into_owned()
}

/// Whether the checksum at the end of a keystore, as Lucene writes it, is that of everything before it.
fn is_sealed(keystore: &[u8]) -> bool {
    let Some((text, sum)) = keystore.split_last_chunk::<8>() else { return false };
    u64::from_be_bytes(*sum) == u64::from(crc32fast::hash(text))
}
