//! Machines that cannot run what is asked for, as their files tell of them in a mount namespace: refused before a pull.

use std::fs;

use crate::{
    place::{CREATE, Place},
    support::docker::docker,
};

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_processor_too_old_for_the_images() {
    let place = Place::new();
    let old = place.dir.path().join("cpuinfo");
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap();
    fs::write(&old, cpuinfo.replace(" sse4_2", "").replace(" popcnt", "")).unwrap();
    let prepare = format!("mount --bind '{}' /proc/cpuinfo", old.display());
    let create = |version: &str| {
        place.apart(&["--mount"], &prepare, &[&CREATE[..], &["--force", "--stack-version", version]].concat())
    };
    let (exit, printed) = create("9.5.3");
    assert_eq!(exit, Some(3), "{printed}");
    assert!(printed.contains("this processor lacks popcnt sse4_2, and the images of 9.5.3 do not start"), "{printed}");
    assert!(printed.contains("`cpu: host`") && !printed.contains("cannot be pulled"), "{printed}");
    // 8.19 asks for nothing, and gets as far as the pull
    let (exit, printed) = create("8.19.21");
    assert!(exit == Some(3) && printed.contains("cannot be pulled"), "{printed}");
    assert!(!place.mesh_dir().exists());
}

/// A machine that is a container sees its own limit at the root of control groups.
#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_limit_of_memory_above_the_containers() {
    let place = Place::new();
    let limited = "mount -t tmpfs tmpfs /sys/fs/cgroup; : >/sys/fs/cgroup/cgroup.controllers; echo 650117120 >/sys/fs/cgroup/memory.max";
    let (exit, printed) = place.apart(&["--mount"], limited, &CREATE);
    assert_eq!(exit, Some(3), "{printed}");
    assert!(printed.contains("0.6 GiB is available in the control group /, which is limited to 0.6 GiB"), "{printed}");
    assert!(printed.contains("raise that limit") && !printed.contains("cannot be pulled"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_disk_of_docker_without_room_for_images() {
    let place = Place::new();
    let root = docker(&["info", "--format", "{{.DockerRootDir}}"]);
    let small = format!("mount -t tmpfs -o size=100m tmpfs '{}'", root.trim());
    let (exit, printed) = place.apart(&["--mount"], &small, &CREATE);
    assert_eq!(exit, Some(3), "{printed}");
    assert!(printed.contains("pulling 1 image takes about 2.0 GiB in"), "{printed}");
    assert!(printed.contains("docker system df") && !printed.contains("cannot be pulled"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn the_limits_that_the_engine_gives_containers() {
    let place = Place::new();
    let file = |limit| {
        format!("{{\"default-ulimits\": {{\"nofile\": {{\"Name\": \"nofile\", \"Soft\": 64, \"Hard\": {limit}}}}}}}")
    };
    let doctor = |limit| {
        let configured = format!(
            "mkdir -p /etc/docker; mount -t tmpfs tmpfs /etc/docker; echo '{}' >/etc/docker/daemon.json",
            file(limit)
        );
        place.apart(&["--mount"], &configured, &["doctor"])
    };
    let (_, printed) = doctor(1024);
    assert!(printed.contains("! open files") && printed.contains("containers may open 1024 files each"), "{printed}");
    let (exit, printed) = doctor(200);
    assert_eq!(exit, Some(3), "{printed}");
    assert!(
        printed.contains("✗ open files") && printed.contains("`default-ulimits` of /etc/docker/daemon.json"),
        "{printed}"
    );
}
