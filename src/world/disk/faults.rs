//! A write that fails or is ended at any of its calls leaves the old file or the new one, never a torn one. The
//! kernel's answers are forged by `strace`; see <https://man7.org/linux/man-pages/man1/strace.1.html>.

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use super::{Tree, replace};

/// The test that runs itself in a process of its own, whose calls are forged, with the directory to write to in
/// [`DIRECTORY`].
const CHILD: &str = "world::disk::faults::a_file_of_the_mesh_is_never_torn";
const DIRECTORY: &str = "MESH_TEST_FAULTS";
const OLD: &str = "127.0.0.1 localhost\n# the old text, which is longer than the new one\n";
const NEW: &str = "127.0.0.1 localhost\n# the new text\n";
/// Every call that a write is made of; a file system without an answer to one of them is forged by an error.
const CALLS: [&str; 7] = ["write", "fsync", "renameat", "fchmod", "fallocate", "ftruncate", "openat"];
const FAULTS: [&str; 3] = ["error=ENOSPC", "error=EIO", "signal=KILL"];
/// The first calls of a process are the loader's and the test runner's.
const MOST: u32 = 60;

/// In the process whose calls are forged.
fn write_as_requested(dir: &Path) {
    if dir.join("system").exists() {
        replace(&dir.join("file"), NEW.as_bytes()).unwrap();
    } else {
        Tree::open(dir).unwrap().unwrap().write("file", NEW.as_bytes(), 0o640, None).unwrap();
    }
}

/// One write with a fault in it; whether it was one that the write could not do without.
fn write_with(dir: &Path, system: bool, faults: &[String]) -> bool {
    let file = dir.join("file");
    fs::write(&file, OLD).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    if system {
        fs::write(dir.join("system"), "").unwrap();
    }
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={}", CALLS.join(","))]);
    for fault in faults {
        strace.args(["-e", &format!("inject={fault}")]);
    }
    strace.arg(env::current_exe().unwrap()).args(["--ignored", "--exact", CHILD, "--test-threads=1", "--quiet"]);
    let status = strace.env(DIRECTORY, dir).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.expect("strace should be installed: apt-get install strace").success()
}

fn leftovers(dir: &Path) -> usize {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().contains(".mesh-tmp-")).count()
}

/// Every fault at every call, until one comes too late to be met.
fn sweep(system: bool, always: &[String], in_place: bool) {
    let mut met = BTreeSet::new();
    for fault in FAULTS {
        for call in CALLS {
            if always.iter().any(|fault| fault.starts_with(call)) {
                continue;
            }
            for when in 1..=MOST {
                let temp = tempfile::tempdir().unwrap();
                let faults = [&[format!("{call}:{fault}:when={when}")], always].concat();
                let whole = write_with(temp.path(), system, &faults);
                let text = fs::read_to_string(temp.path().join("file")).unwrap();
                let is_new = text == NEW || (in_place && text.trim_end() == NEW.trim_end());
                assert!(is_new || text == OLD, "{faults:?} tore the file: {text:?}");
                assert!(!whole || text == NEW, "{faults:?} should have written it");
                let mode = fs::metadata(temp.path().join("file")).unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o640, "{faults:?}");
                if fault != "signal=KILL" && call != "openat" {
                    assert_eq!(leftovers(temp.path()), 0, "{faults:?}");
                }
                assert!(write_with(temp.path(), system, always), "the next write should succeed");
                assert_eq!(fs::read_to_string(temp.path().join("file")).unwrap(), NEW);
                assert_eq!(leftovers(temp.path()), 0, "{faults:?}: what was left should be gone");
                if !whole {
                    met.insert((fault, call));
                }
                if whole && (call != "openat" || when == MOST) {
                    break;
                }
            }
        }
    }
    // nothing else in the process makes these calls
    let own =
        if in_place { &["fchmod", "fallocate", "ftruncate", "fsync"][..] } else { &["fchmod", "fsync", "renameat"] };
    for fault in FAULTS {
        assert!(own.iter().all(|call| met.contains(&(fault, *call))), "{fault} met {met:?}");
    }
}

#[test]
#[ignore = "needs strace: run by scripts/test"]
fn a_file_of_the_mesh_is_never_torn() {
    match env::var_os(DIRECTORY) {
        Some(dir) => write_as_requested(Path::new(&dir)),
        None => sweep(false, &[], false),
    }
}

#[test]
#[ignore = "needs strace: run by scripts/test"]
fn the_hosts_file_is_never_torn() {
    sweep(true, &[], false);
}

/// As in a container, where `/etc/hosts` is a mount.
#[test]
#[ignore = "needs strace: run by scripts/test"]
fn a_hosts_file_that_is_a_mount_is_never_torn() {
    sweep(true, &["renameat:error=EBUSY".to_owned()], true);
}
