//! Machines that cannot run what is asked for, as `/proc` tells of them in a mount namespace: refused before a pull.

use std::fs;

use crate::place::Place;

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_processor_too_old_for_the_images() {
    let place = Place::new();
    let old = place.dir.path().join("cpuinfo");
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap();
    fs::write(&old, cpuinfo.replace(" sse4_2", "").replace(" popcnt", "")).unwrap();
    let prepare = format!("mount --bind '{}' /proc/cpuinfo", old.display());
    let create = |version: &str| place.create_apart(&["--mount"], &prepare, &["--force", "--stack-version", version]);
    let (exit, told) = create("9.5.3");
    assert_eq!(exit, Some(3), "{told}");
    assert!(told.contains("this processor lacks popcnt sse4_2, and the images of 9.5.3 do not start"), "{told}");
    assert!(told.contains("`cpu: host`") && !told.contains("cannot be pulled"), "{told}");
    // 8.19 asks for nothing, and gets as far as the pull
    let (exit, told) = create("8.19.21");
    assert!(exit == Some(3) && told.contains("cannot be pulled"), "{told}");
    assert!(!place.mesh_dir().exists());
}
