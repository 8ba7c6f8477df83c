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
    let (exit, told) = create("9.5.3");
    assert_eq!(exit, Some(3), "{told}");
    assert!(told.contains("this processor lacks popcnt sse4_2, and the images of 9.5.3 do not start"), "{told}");
    assert!(told.contains("`cpu: host`") && !told.contains("cannot be pulled"), "{told}");
    // 8.19 asks for nothing, and gets as far as the pull
    let (exit, told) = create("8.19.21");
    assert!(exit == Some(3) && told.contains("cannot be pulled"), "{told}");
    assert!(!place.mesh_dir().exists());
}

/// A machine that is a container sees its own limit at the root of control groups.
#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_limit_of_memory_above_the_containers() {
    let place = Place::new();
    let limited = "mount -t tmpfs tmpfs /sys/fs/cgroup; : >/sys/fs/cgroup/cgroup.controllers; echo 650117120 >/sys/fs/cgroup/memory.max";
    let (exit, told) = place.apart(&["--mount"], limited, &CREATE);
    assert_eq!(exit, Some(3), "{told}");
    assert!(told.contains("0.6 GiB is available in the control group /, which is limited to 0.6 GiB"), "{told}");
    assert!(told.contains("raise that limit") && !told.contains("cannot be pulled"), "{told}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_disk_of_docker_without_room_for_images() {
    let place = Place::new();
    let root = docker(&["info", "--format", "{{.DockerRootDir}}"]);
    let small = format!("mount -t tmpfs -o size=100m tmpfs '{}'", root.trim());
    let (exit, told) = place.apart(&["--mount"], &small, &CREATE);
    assert_eq!(exit, Some(3), "{told}");
    assert!(told.contains("pulling 1 image takes about 2.0 GiB in"), "{told}");
    assert!(told.contains("docker system df") && !told.contains("cannot be pulled"), "{told}");
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
    let (_, told) = doctor(1024);
    assert!(told.contains("! open files") && told.contains("containers may open 1024 files each"), "{told}");
    let (exit, told) = doctor(200);
    assert_eq!(exit, Some(3), "{told}");
    assert!(told.contains("✗ open files") && told.contains("`default-ulimits` of /etc/docker/daemon.json"), "{told}");
}
