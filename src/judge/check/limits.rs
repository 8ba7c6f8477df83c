//! The kernel's limits against what the mesh needs, and which of them are safe to raise. Pure.

use std::collections::BTreeMap;

use super::{Checked, Finding, Severity, neighbours};
use crate::{
    facts::host::{Limits, Starter},
    mesh::{Mesh, counted::counted},
};

/// What Elasticsearch asks for; see
/// <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/vm-max-map-count>.
pub(super) const MAX_MAP_COUNT: u64 = 262_144;
/// What Elasticsearch asks for; see
/// <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/file-descriptors>.
pub(super) const OPEN_FILES: u64 = 65_535;
/// What a service has open before anybody uses it: libraries, indices, sockets. An estimate.
const FILES_OF_A_SERVICE: u64 = 1000;
/// Each socket of a link has two ends on this machine.
const ENDS: u64 = 2;
/// A container's shim watches its control group by inotify where that is version 2, and so does every Elasticsearch its
/// settings; see <https://github.com/containerd/containerd/issues/10468> and
/// <https://github.com/tubearchivist/tubearchivist/issues/328>. On top of what else runs on a machine.
const INOTIFY_OTHERS: u64 = 64;
const WATCHES_OTHERS: u64 = 4096;
const WATCHES_OF_A_SERVICE: u64 = 16;
/// What they are raised to: enough for the largest mesh, and little against what kernels allow today.
const INOTIFY_INSTANCES: u64 = 1024;
const INOTIFY_WATCHES: u64 = 65_536;

/// A kernel setting and the value that it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// As `sysctl` names it.
    pub key: &'static str,
    pub value: u64,
}

/// The settings that are too low for `mesh` and safe to raise. One that cannot be read is left alone.
pub fn lacking(mesh: &Mesh, limits: &Limits) -> Vec<Setting> {
    let (services, neighbours) = (mesh.services().count() as u64, neighbours::needed(mesh));
    let wanted = [
        ("vm.max_map_count", limits.max_map_count, MAX_MAP_COUNT, MAX_MAP_COUNT),
        ("fs.inotify.max_user_instances", limits.inotify_instances, services + INOTIFY_OTHERS, INOTIFY_INSTANCES),
        (
            "fs.inotify.max_user_watches",
            limits.inotify_watches,
            services * WATCHES_OF_A_SERVICE + WATCHES_OTHERS,
            INOTIFY_WATCHES,
        ),
        (neighbours::SOFT_LIMIT, limits.neighbours, neighbours, neighbours::RAISED_SOFT),
        (neighbours::LIMIT, limits.neighbours, neighbours, neighbours::RAISED),
    ];
    let low = wanted.into_iter().filter(|(_, found, least, _)| found.is_some_and(|found| found < *least));
    low.map(|(key, _, _, value)| Setting { key, value }).collect()
}

/// The settings that a file of `sysctl.d` should hold: what it says already, with `new` on top. Lines that are no
/// settings with a number are dropped; the file is our own.
pub fn kept(text: &str, new: &[Setting]) -> BTreeMap<String, u64> {
    let present = text.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        Some((key.trim().to_owned(), value.trim().parse().ok()?))
    });
    present.chain(new.iter().map(|setting| (setting.key.to_owned(), setting.value))).collect()
}

/// The kernel setting that Elasticsearch warns of with one node, and refuses to start without once there are several.
pub fn max_map_count(found: Option<u64>) -> Checked {
    let Some(found) = found else { return Checked::unknown("max_map_count", "vm.max_map_count cannot be read") };
    let finding = (found < MAX_MAP_COUNT).then(|| {
        Finding::warning(
            format!("vm.max_map_count is {found}, and Elasticsearch asks for {MAX_MAP_COUNT}"),
            "set and keep it with `mesh doctor --fix`; single-node clusters start without it",
        )
    });
    Checked::new("max_map_count", format!("vm.max_map_count is {found}"), finding)
}

pub(super) fn inotify(mesh: &Mesh, limits: &Limits) -> Checked {
    let (Some(instances), Some(watches)) = (limits.inotify_instances, limits.inotify_watches) else {
        return Checked::unknown("inotify", "the kernel's limits of inotify cannot be read");
    };
    let low = lacking(mesh, limits).into_iter().find(|setting| setting.key.starts_with("fs.inotify."));
    let finding = low.map(|setting| {
        let found = if setting.key.ends_with("instances") { instances } else { watches };
        Finding::warning(
            format!(
                "{} is {found}, which may not be enough for {}",
                setting.key,
                counted(mesh.services().count(), "container")
            ),
            format!("raise and keep it with {}", neighbours::fix(mesh)),
        )
    });
    Checked::new("inotify", format!("{instances} instances and {watches} watches a user"), finding)
}

/// Open files: of one container, and of the whole machine with every link up.
pub(super) fn open_files(mesh: &Mesh, limits: &Limits) -> Checked {
    let files_of_a_link = u64::from(mesh.spec.profile.sockets()) * ENDS;
    let needed = mesh.links().len() as u64 * files_of_a_link + mesh.services().count() as u64 * FILES_OF_A_SERVICE;
    let machine = limits.files.zip(limits.files_open).filter(|(most, open)| most.saturating_sub(*open) < needed);
    let mut findings = Vec::new();
    findings.extend(machine.map(|(most, open)| {
        Finding::warning(
            format!("fs.file-max is {most} with {open} open, and the mesh needs about {needed}"),
            format!("raise it with `sysctl -w fs.file-max={}`", open.saturating_add(needed) * 2),
        )
    }));
    let (most, raise) = match (limits.given_files, &limits.starter) {
        (Some(given), _) => (
            given,
            format!(
                "set `nofile` to {OPEN_FILES} where the engine has it, in `default-ulimits` of /etc/docker/daemon.json or in `--default-ulimit`, and restart it"
            ),
        ),
        (None, Some(Starter { name, open_files, .. })) => (
            *open_files,
            format!(
                "set `LimitNOFILE={OPEN_FILES}` with `systemctl edit {name}` and restart it, or start it after `ulimit -n {OPEN_FILES}`"
            ),
        ),
        (None, None) if findings.is_empty() => {
            return Checked::unknown("open files", "the limits of dockerd or containerd cannot be read");
        }
        (None, None) => return Checked::new("open files", "", findings),
    };
    if most < FILES_OF_A_SERVICE {
        let message = format!(
            "containers may open {most} files each, and Elasticsearch needs about {FILES_OF_A_SERVICE} from the start"
        );
        findings.push(Finding::new(Severity::Estimate, message, raise));
    } else if most < OPEN_FILES {
        findings.push(Finding::warning(
            format!("containers may open {most} files each, and Elasticsearch asks for {OPEN_FILES}"),
            format!("{raise}; single-node clusters start without it"),
        ));
    }
    Checked::new("open files", format!("{} a container; about {needed} are needed in all", amount(most)), findings)
}

/// A note: the mesh asks for none.
pub(super) fn memory_lock(limits: &Limits) -> Checked {
    let Some(starter) = &limits.starter else {
        return Checked::unknown("memory lock", "the limits of dockerd or containerd cannot be read");
    };
    let good = match starter.locked_memory {
        u64::MAX => "containers may lock memory; the mesh does not ask for it".to_owned(),
        bytes => format!("containers may lock {} KiB at most; the mesh does not ask for it", bytes / 1024),
    };
    Checked::new("memory lock", good, None)
}

fn amount(limit: u64) -> String {
    if limit == u64::MAX { "any number of".to_owned() } else { limit.to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        judge::check::example::{ample, rendered},
        mesh::render::kernel_settings,
    };

    #[test]
    fn what_is_too_low_and_safe_is_raised() {
        let small = Limits { max_map_count: Some(65_530), inotify_instances: Some(128), ..ample() };
        let keys = |mesh: &Mesh| lacking(mesh, &small).iter().map(|setting| setting.key).collect::<Vec<_>>();
        assert_eq!(keys(&Mesh::example(2)), ["vm.max_map_count"]);
        assert_eq!(keys(&Mesh::example(99)), ["vm.max_map_count", "fs.inotify.max_user_instances"]);
        assert_eq!(lacking(&Mesh::example(99), &ample()), []);
        let few = Limits { neighbours: Some(1024), ..ample() };
        let keys = lacking(&Mesh::example(99), &few).iter().map(|setting| setting.key).collect::<Vec<_>>();
        assert_eq!(keys, ["net.ipv4.neigh.default.gc_thresh2", "net.ipv4.neigh.default.gc_thresh3"]);
        assert_eq!(lacking(&Mesh::example(99), &Limits::default()), []);
    }

    #[test]
    fn what_was_kept_before_stays() {
        let new = [Setting { key: "vm.max_map_count", value: 262_144 }];
        let kept = kept("# ours\nfs.inotify.max_user_instances = 1024\nvm.max_map_count=65530\nnonsense = x\n", &new);
        let kept: Vec<_> = kept.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        assert_eq!(kept, [("fs.inotify.max_user_instances", 1024), ("vm.max_map_count", 262_144)]);
    }

    proptest! {
        #[test]
        fn what_is_kept_is_read_back(settings in proptest::collection::btree_map("[a-z]{1,8}(\\.[a-z_]{1,8}){1,3}", any::<u64>(), 0..5)) {
            prop_assert_eq!(kept(&kernel_settings(&settings), &[]), settings);
        }
    }

    #[test]
    fn what_the_engine_gives_containers_counts_before_its_own() {
        let given = |files| rendered([open_files(&Mesh::example(2), &Limits { given_files: Some(files), ..ample() })]);
        insta::assert_snapshot!([given(200), given(1024), given(u64::MAX)].join("\n"), @r"
        Estimate: containers may open 200 files each, and Elasticsearch needs about 1000 from the start
          set `nofile` to 65535 where the engine has it, in `default-ulimits` of /etc/docker/daemon.json or in `--default-ulimit`, and restart it
        Warning: containers may open 1024 files each, and Elasticsearch asks for 65535
          set `nofile` to 65535 where the engine has it, in `default-ulimits` of /etc/docker/daemon.json or in `--default-ulimit`, and restart it; single-node clusters start without it
        good: open files: any number of a container; about 4012 are needed in all
        ");
    }

    #[test]
    fn limits_that_are_too_low_are_warned_of() {
        let mesh = Mesh::example(50);
        let poor = Starter { name: "containerd".to_owned(), open_files: 20_000, locked_memory: 8 << 20 };
        let low = Limits {
            max_map_count: Some(65_530),
            inotify_instances: Some(128),
            files: Some(100_000),
            files_open: Some(2_000),
            starter: Some(poor),
            ..ample()
        };
        insta::assert_snapshot!(rendered([max_map_count(low.max_map_count), inotify(&mesh, &low), open_files(&mesh, &low), memory_lock(&low)]), @r"
        Warning: vm.max_map_count is 65530, and Elasticsearch asks for 262144
          set and keep it with `mesh doctor --fix`; single-node clusters start without it
        Warning: fs.inotify.max_user_instances is 128, which may not be enough for 100 containers
          raise and keep it with `mesh doctor --fix 50`
        Warning: fs.file-max is 100000 with 2000 open, and the mesh needs about 114700
          raise it with `sysctl -w fs.file-max=233400`
        Warning: containers may open 20000 files each, and Elasticsearch asks for 65535
          set `LimitNOFILE=65535` with `systemctl edit containerd` and restart it, or start it after `ulimit -n 65535`; single-node clusters start without it
        good: memory lock: containers may lock 8192 KiB at most; the mesh does not ask for it
        ");
        insta::assert_snapshot!(rendered([max_map_count(ample().max_map_count), inotify(&mesh, &ample()), open_files(&mesh, &ample()), memory_lock(&ample())]), @r"
        good: max_map_count: vm.max_map_count is 262144
        good: inotify: 1024 instances and 524288 watches a user
        good: open files: 1048576 a container; about 114700 are needed in all
        good: memory lock: containers may lock memory; the mesh does not ask for it
        ");
        let none = Limits::default();
        insta::assert_snapshot!(rendered([inotify(&mesh, &none), open_files(&mesh, &none), memory_lock(&none)]), @r"
        unknown: inotify: the kernel's limits of inotify cannot be read
        unknown: open files: the limits of dockerd or containerd cannot be read
        unknown: memory lock: the limits of dockerd or containerd cannot be read
        ");
    }
}
