//! A cluster that `mesh` does not run: joined by its address, its authority and a key that its owner made; and what
//! comes of a wrong one of them.

use std::{path::Path, time::Duration};

use crate::support::{
    Parts,
    machines::{
        Machine, Machines,
        invitation::{Invitation, write_private},
        joined::{finds, is_whole, peers},
    },
    run::Run,
};

/// The proof of a link that cannot come up takes no longer, in seconds.
const HOPELESS: f64 = 20.0;

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

    for (why, address, key, authority, name, words) in [
        ("another key", &here, &wrong, &authority, "cluster02-elastic", "does not take the key"),
        (
            "another authority",
            &here,
            &right,
            &one.path("cluster01/certs/ca.crt"),
            "cluster02-elastic",
            "is of another authority",
        ),
        ("another server name", &here, &right, &authority, "cluster03-elastic", "is not for cluster03-elastic"),
        ("a closed port", &closed, &right, &authority, "cluster02-elastic", "refuses connections"),
    ] {
        parts.part(&format!("refused: {why}"));
        let run = join(one, address, key, authority, name);
        println!("{}", run.stderr);
        assert!(matches!(run.exit, Some(1 | 4)) && run.stderr.contains(words), "{why}: {run:?}");
        let proof = run.stderr.lines().find(|line| line.contains("✗ prove links to peers")).unwrap_or_default();
        let seconds: Option<f64> = proof.split_whitespace().rev().nth(1).and_then(|seconds| seconds.parse().ok());
        // what is refused before there is a link to wait for has no such line
        let seconds = seconds.unwrap_or(run.took.as_secs_f64());
        assert!(seconds < HOPELESS, "{why}: {seconds} s: {proof}");
        if peers(one) > 0 {
            one.run(&["leave", "archive", "--yes"], 0);
        }
        finds(&one.cluster(1), &["cluster01"]);
        is_whole(one);
    }

    parts.part("joined");
    let run = join(one, &here, &right, &authority, "cluster02-elastic");
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let found = one.cluster(1).get("/archive:mesh-*/_search");
    assert_eq!(found["hits"]["total"]["value"], 1, "{found}");
    is_whole(one);
    one.run(&["verify"], 0);
    one.run(&["leave", "archive", "--yes"], 0);
    is_whole(one);
    parts.part("done");
}

fn join(machine: &Machine, address: &str, key: &Path, authority: &Path, server_name: &str) -> Run {
    let (key, authority) = (key.display().to_string(), authority.display().to_string());
    let named = ["--remote", "archive", "--address", address, "--server-name", server_name];
    let args = [&["join"], &named[..], &["--key-file", &key, "--ca", &authority]].concat();
    machine.mesh(&args)
}
