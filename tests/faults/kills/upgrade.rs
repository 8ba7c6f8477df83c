//! `upgrade`, killed at four of its stages.

use crate::support::{
    Parts, links,
    mesh::Mesh,
    snapshot::create_changes_nothing,
    versions::{NEW, OLD, image, secrets, version, versions},
};

/// Each kill is of the run that goes on from the one before it.
#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn an_upgrade_is_killed_at_four_stages() {
    let parts = Parts::begin();
    let mesh = Mesh::new("upgrade-kills");
    mesh.create(&["2", "--no-kibana", "--stack-version", OLD]);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    let kept = secrets(&mesh, 2);

    for (cluster, stage) in
        [(1, "stop Elasticsearch"), (1, "start clusters"), (2, "record whose turn it is"), (2, "remove containers")]
    {
        parts.part(&format!("killed in the turn of cluster {cluster}, after the stage `{stage}`"));
        let (running, done) = (mesh.start(&["upgrade", NEW, "--yes"]), format!("✓ {stage} "));
        let heard = running.stderr();
        let killed = running.kill_when("the end of the stage", || heard.text().contains(&done));
        assert_eq!(killed.exit, None, "{}", killed.stderr);
        println!("{}", killed.stderr);
        let status = mesh.run(&["status"], 1);
        if cluster == 1 {
            assert!(status.stderr.contains("an upgrade to 9.5.3 is in progress"), "{}", status.stderr);
            assert_eq!(version(&mesh, 2), OLD, "should not be touched before its turn");
        } else {
            assert_eq!(version(&mesh, 1), NEW, "should be at its end");
        }
    }

    parts.part("not killed");
    mesh.run(&["upgrade", NEW], 0);
    assert_eq!(versions(&mesh, 2), [NEW; 2]);
    links::every_search_finds_all(&mesh, 2);
    links::are_wired(&mesh, 2);
    assert_eq!(mesh.containers(), ["cluster01-elastic", "cluster02-elastic"]);
    mesh.containers().iter().for_each(|name| assert!(image(name).ends_with(NEW), "{name} has {}", image(name)));
    assert_eq!(kept, secrets(&mesh, 2), "passwords and keys should stay");
    assert!(!mesh.read("mesh.json").contains(OLD), "{}", mesh.read("mesh.json"));
    create_changes_nothing(&mesh, &[]);
    let again = mesh.run(&["upgrade", NEW], 0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    parts.part("done");
}
