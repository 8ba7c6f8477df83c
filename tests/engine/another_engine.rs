//! A record that names another engine: by this one, second servers would start on the data of those that may run on the
//! other.

use std::fs;

use crate::place::{Place, RECORD};

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_mesh_of_another_engine() {
    let place = Place::new();
    place.record(&RECORD.replace("\"owner\"", r#""engine": {"id": "ABCD", "root": "/srv/docker"}, "owner""#));
    fs::create_dir_all(place.mesh_dir().join("cluster01/elastic/data")).unwrap();
    for arguments in [
        &["create"][..],
        &["create", "--dry-run"],
        &["create", "1", "--reset", "--yes"],
        &["reset", "--yes"],
        &["manage", "stop", "1"],
        &["manage", "up", "1"],
        &["keys", "rotate"],
        &["certs", "rotate"],
        &["upgrade", "9.5.4", "--yes"],
        &["verify", "--fix"],
    ] {
        let printed = place.refused(arguments, 3);
        assert!(
            printed.contains("is on another Docker engine: ABCD with its data in /srv/docker"),
            "{arguments:?}: {printed}"
        );
        assert!(
            printed.contains("`mesh create --new-engine`") && printed.contains("`mesh reset --new-engine`"),
            "{printed}"
        );
    }
    let status = place.mesh(&["status"]);
    let printed = String::from_utf8_lossy(&status.stderr).into_owned();
    assert_eq!(status.status.code(), Some(1), "{printed}");
    assert!(printed.contains("is on another Docker engine: ABCD"), "{printed}");

    // whoever means it: the record is written anew, and names this engine
    let plan = place.mesh(&["create", "--new-engine", "--recover-credentials", "--force", "--dry-run"]);
    let printed = format!("{}{}", String::from_utf8_lossy(&plan.stdout), String::from_utf8_lossy(&plan.stderr));
    assert!(printed.contains("record the mesh") && plan.status.success(), "{printed}");
    let reset = place.mesh(&["reset", "--new-engine", "--yes"]);
    assert_eq!(reset.status.code(), Some(0), "{}", String::from_utf8_lossy(&reset.stderr));
    assert!(!place.mesh_dir().exists());
}
