//! Control groups: the memory that the groups above containers allow. Reads `/sys/fs/cgroup`; changes nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::facts::host::MemoryLimit;

/// Where control groups are mounted, of version 2 and of version 1.
const ROOT: &str = "/sys/fs/cgroup";
const ROOT_V1: &str = "/sys/fs/cgroup/memory";
/// Only version 2 has it.
const CONTROLLERS: &str = "cgroup.controllers";
/// Version 1 writes a limit that is none as the largest number of whole pages.
const NONE: u64 = 1 << 62;

/// The names of the files that tell of a group's memory, and what is not in use though it counts. See
/// <https://docs.kernel.org/admin-guide/cgroup-v2.html> and <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>.
struct Files {
    limit: &'static str,
    usage: &'static str,
    /// A line of `memory.stat`: file pages that are dropped when memory is short.
    droppable: &'static str,
    /// How often the limit of this very group was reached: a file, and the line in it where it has several.
    reached: (&'static str, Option<&'static str>),
}

const V2: Files = Files {
    limit: "memory.max",
    usage: "memory.current",
    droppable: "inactive_file",
    reached: ("memory.events.local", Some("oom")),
};
const V1: Files = Files {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    droppable: "total_inactive_file",
    reached: ("memory.failcnt", None),
};

/// The smallest limit of a group, and of those above it up to the root that is seen here. A container that holds this
/// machine has its own limit at that root.
pub fn memory_limit(group: &str) -> Option<MemoryLimit> {
    let (root, files) = if Path::new(ROOT).join(CONTROLLERS).exists() { (ROOT, &V2) } else { (ROOT_V1, &V1) };
    smallest(Path::new(root), files, group)
}

fn smallest(root: &Path, files: &Files, group: &str) -> Option<MemoryLimit> {
    let group = Path::new("/").join(group);
    group.ancestors().filter_map(|group| limit(root, files, group)).min_by_key(|limit| limit.bytes)
}

fn limit(root: &Path, files: &Files, group: &Path) -> Option<MemoryLimit> {
    let dir: PathBuf = root.join(group.strip_prefix("/").ok()?);
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap_or_default();
    let number = |text: String| text.trim().parse::<u64>().ok();
    let line = |text: String, key: &str| {
        text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse::<u64>().ok())
    };
    // `max` is no number
    let bytes = number(read(files.limit)).filter(|bytes| *bytes < NONE)?;
    let droppable = line(read("memory.stat"), files.droppable).unwrap_or_default();
    let reached = match files.reached {
        (name, Some(key)) => line(read(name), key),
        (name, None) => number(read(name)),
    };
    Some(MemoryLimit {
        group: group.display().to_string(),
        bytes,
        used: number(read(files.usage)).unwrap_or_default().saturating_sub(droppable),
        reached: reached.unwrap_or_default() > 0,
    })
}

/// The path of a slice of systemd, which names those that it is in: `a-b.slice` is in `a.slice`.
pub fn of_slice(slice: &str) -> String {
    let Some(name) = slice.strip_suffix(".slice") else { return slice.to_owned() };
    let parts: Vec<&str> = name.split('-').collect();
    let path = (1..=parts.len()).map(|count| format!("/{}.slice", parts[..count].join("-")));
    path.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, group: &str, files: &[(&str, &str)]) {
        let dir = root.join(group);
        fs::create_dir_all(&dir).unwrap();
        for (name, text) in files {
            fs::write(dir.join(name), text).unwrap();
        }
    }

    #[test]
    fn the_smallest_limit_up_to_the_root_holds() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        put(
            root,
            "",
            &[("memory.max", "3000\n"), ("memory.current", "900\n"), ("memory.stat", "file 9\ninactive_file 100\n")],
        );
        put(
            root,
            "box",
            &[
                ("memory.max", "2000\n"),
                ("memory.current", "50\n"),
                ("memory.events.local", "low 0\noom 2\noom_kill 0\n"),
            ],
        );
        put(root, "box/in", &[("memory.max", "max\n")]);
        let found = |group: &str| smallest(root, &V2, group).unwrap();
        let of = |group: &str, bytes, used, reached| MemoryLimit { group: group.to_owned(), bytes, used, reached };
        assert_eq!(found("/box/in/none"), of("/box", 2000, 50, true));
        assert_eq!(found("box"), of("/box", 2000, 50, true));
        assert_eq!(found("/docker"), of("/", 3000, 800, false));
    }

    #[test]
    fn version_1_writes_no_limit_as_a_large_one() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        put(root, "", &[("memory.limit_in_bytes", "9223372036854771712\n")]);
        assert_eq!(smallest(root, &V1, "/docker"), None);
        put(
            root,
            "docker",
            &[("memory.limit_in_bytes", "650117120\n"), ("memory.failcnt", "7\n"), ("memory.usage_in_bytes", "8\n")],
        );
        let found = smallest(root, &V1, "/docker").unwrap();
        assert_eq!((found.bytes, found.used, found.reached), (650_117_120, 8, true));
    }

    #[test]
    fn a_slice_names_those_that_it_is_in() {
        assert_eq!(of_slice("system.slice"), "/system.slice");
        assert_eq!(of_slice("a-b.slice"), "/a.slice/a-b.slice");
        assert_eq!(of_slice("/box"), "/box");
    }
}
