//! Limits of the kernel and of the process that starts containers: read, and the kernel's set. I/O: `/proc`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use procfs::{
    Current as _, Meminfo,
    process::{self, LimitValue},
};

use crate::{
    facts::host::{Limits, Overcommit, Starter},
    judge::check::NEIGHBOURS,
};

/// Where the kernel shows its settings as files.
pub const SETTINGS: &str = "/proc/sys";
/// Who starts containers: `containerd` where it is a process, else `dockerd` itself.
const STARTERS: [&str; 2] = ["containerd", "dockerd"];

/// Every limit that can be read.
pub fn limits() -> Limits {
    let get = |key| get(Path::new(SETTINGS), key).ok();
    Limits {
        max_map_count: get("vm.max_map_count"),
        neighbours: get(NEIGHBOURS),
        inotify_instances: get("fs.inotify.max_user_instances"),
        inotify_watches: get("fs.inotify.max_user_watches"),
        files: get("fs.file-max"),
        files_open: get("fs.file-nr"),
        overcommit: overcommit(),
        starter: STARTERS.iter().find_map(|name| starter(name)),
        given_files: None,
    }
}

/// The first number of a setting, below `root`.
pub fn get(root: &Path, key: &str) -> io::Result<u64> {
    let text = fs::read_to_string(path(root, key))?;
    text.split_whitespace().next().unwrap_or_default().parse().map_err(io::Error::other)
}

/// Sets one until the machine is started again. Only root may.
pub fn set(root: &Path, key: &str, value: u64) -> io::Result<()> {
    fs::write(path(root, key), value.to_string())
}

fn path(root: &Path, key: &str) -> PathBuf {
    root.join(key.replace('.', "/"))
}

fn overcommit() -> Option<Overcommit> {
    let mode = get(Path::new(SETTINGS), "vm.overcommit_memory").ok()?;
    let memory = Meminfo::current().ok()?;
    Some(Overcommit { mode, limit: memory.commit_limit?, reserved: memory.committed_as })
}

fn starter(name: &str) -> Option<Starter> {
    let mut processes = process::all_processes().ok()?.filter_map(Result::ok);
    let process = processes.find(|process| process.stat().is_ok_and(|stat| stat.comm == name))?;
    let limits = process.limits().ok()?;
    let number = |limit| match limit {
        LimitValue::Unlimited => u64::MAX,
        LimitValue::Value(value) => value,
    };
    Some(Starter {
        name: name.to_owned(),
        open_files: number(limits.max_open_files.hard_limit),
        locked_memory: number(limits.max_locked_memory.hard_limit),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_file_and_its_first_number_counts() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("fs")).unwrap();
        fs::write(temp.path().join("fs/file-nr"), "1184\t0\t2466165\n").unwrap();
        assert_eq!(get(temp.path(), "fs.file-nr").unwrap(), 1184);
        set(temp.path(), "fs.file-nr", 7).unwrap();
        assert_eq!(get(temp.path(), "fs.file-nr").unwrap(), 7);
        assert_eq!(get(temp.path(), "fs.none").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn this_machine_has_limits() {
        let limits = limits();
        assert!(
            limits.max_map_count > Some(0) && limits.inotify_instances > Some(0) && limits.files > limits.files_open
        );
        assert!(limits.overcommit.is_some_and(|found| found.mode <= 2 && found.limit > 0 && found.reserved > 0));
    }
}
