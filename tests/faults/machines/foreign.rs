//! A cluster that `mesh` does not run: joined by its address, its authority and a key that its owner made; and what
//! comes of a wrong one of them.

use std::{path::Path, time::Duration};

use crate::support::{
    Parts,
    machines::{
        Machine, Machines,
        invitation::{Invitation, write_private},
        joined::{finds, is_whole, json},
    },
};

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn a_cluster_that_mesh_does_not_run_is_joined() {
    let parts = Parts::begin();
    let machines = Machines::two();
    let Machines { one, two, .. } = &machines;
    machines.create();
    let [right, wrong] = ["right", "wrong"].map(|name| machines.handed_over(name));
    let invitation = Invitation::to_clusters(two, "by hand", &[2], Duration::from_hours(1));
    write_private(&right, &format!("{}\n", invitation.clusters[0].encoded));
    write_private(&wrong, "d3Jvbmc6d3Jvbmcgd3Jvbmcgd3Jvbmc=\n");
    let authority = two.path("cluster02/certs/ca.crt");
    let (here, closed) = (format!("{}:9402", two.address()), format!("{}:9499", two.address()));

    for (why, address, key, authority, name) in [
        ("another key", &here, &wrong, &authority, "cluster02-elastic"),
        ("another authority", &here, &right, &one.path("cluster01/certs/ca.crt"), "cluster02-elastic"),
        ("another server name", &here, &right, &authority, "cluster03-elastic"),
        ("a closed port", &closed, &right, &authority, "cluster02-elastic"),
    ] {
        parts.part(&format!("refused: {why}"));
        let run = join(one, address, key, authority, name, None);
        assert!(matches!(run.0, Some(1 | 4)), "{why}: {run:?}");
        println!("{}", run.1);
        if peers(one) > 0 {
            one.run(&["leave", "archive", "--yes"], 0);
        }
        finds(&one.cluster(1), &["cluster01"]);
        is_whole(one);
    }

    parts.part("joined");
    join(one, &here, &right, &authority, "cluster02-elastic", Some(0));
    let found = one.cluster(1).get("/archive:mesh-*/_search");
    assert_eq!(found["hits"]["total"]["value"], 1, "{found}");
    is_whole(one);
    one.run(&["verify"], 0);
    one.run(&["leave", "archive", "--yes"], 0);
    is_whole(one);
    parts.part("done");
}

fn peers(machine: &Machine) -> usize {
    json(machine, &["peers", "ls"])["remotes"].as_array().map_or(0, Vec::len)
}

/// Its exit code and what it printed.
fn join(
    machine: &Machine,
    address: &str,
    key: &Path,
    authority: &Path,
    server_name: &str,
    exit: Option<i32>,
) -> (Option<i32>, String) {
    let (key, authority) = (key.display().to_string(), authority.display().to_string());
    let named = ["--remote", "archive", "--address", address, "--server-name", server_name];
    let args = [&["join"], &named[..], &["--key-file", &key, "--ca", &authority]].concat();
    let run = machine.mesh(&args);
    assert!(exit.is_none() || run.exit == exit, "{}", run.stderr);
    (run.exit, run.stderr)
}
