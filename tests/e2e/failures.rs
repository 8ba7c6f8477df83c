//! Interrupted and concurrent runs, a run that is killed late, a server that dies.

use std::{fs, process::Command, time::Duration};

use crate::support::{
    Parts,
    docker::container,
    links,
    mesh::{Mesh, SERVER},
    snapshot::Snapshot,
    wait_for,
};

/// A dead server has to be noticed long before anybody's patience ends.
const AT_ONCE: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn interrupts_concurrent_runs_and_dying_servers() {
    let parts = Parts::begin();
    let mesh = Mesh::new("failures");
    // servers that take all of their heap when they boot, so that one which wants too much is killed
    let create = [&["create", "2", "--no-kibana"], &SERVER[..]].concat();

    parts.part("a run that is interrupted says what to type, and is gone on with");
    let interrupted = mesh.start(&create).interrupt_when("a container", || !mesh.containers().is_empty());
    assert_eq!(interrupted.exit, Some(4), "{}", interrupted.stderr);
    assert!(interrupted.stderr.contains("stopping after the step at hand"), "{}", interrupted.stderr);
    assert!(interrupted.stderr.contains("hint: type the same command again"), "{}", interrupted.stderr);
    assert!(interrupted.took < AT_ONCE, "took {:?}", interrupted.took);
    mesh.run(&["create"], 0);

    parts.part("`--reset` typed where the user would not see the question: refused");
    let before = Snapshot::of(&mesh);
    let typed = format!("{} create --reset --dir {} 2>/dev/null", env!("CARGO_BIN_EXE_mesh"), mesh.dir.display());
    // a terminal of its own, in which stderr goes elsewhere
    let terminal = Command::new("script").args(["--quiet", "--return", "--command", &typed, "/dev/null"]).output();
    assert_eq!(terminal.expect("script should be there").status.code(), Some(2));
    before.is_still(&mesh);
    mesh.run(&["reset", "--yes"], 0);

    parts.part("two runs at once: the second names the first; the first is killed when it has made a key");
    let running = mesh.start(&create);
    let holder = format!("(process {})", running.pid());
    let killed = running.kill_when("an API key", || {
        if !mesh.printed().contains(&holder) && !mesh.containers().is_empty() {
            for second in [&["create", "2"][..], &["manage", "restart", "1"], &["reset", "--yes"]] {
                let refused = mesh.run(second, 5);
                assert!(
                    refused.stderr.contains("create 2 --no-kibana") && refused.stderr.contains(&holder),
                    "{}",
                    refused.stderr
                );
                assert!(refused.took < Duration::from_secs(2), "should not wait: {:?}", refused.took);
            }
        }
        mesh.path("cluster01/api-key.json").exists() || mesh.path("cluster02/api-key.json").exists()
    });
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    assert!(mesh.printed().contains(&holder), "the second run should have met the first");

    parts.part("the same again: one key a cluster, none left over");
    mesh.run(&create, 0);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    links::every_search_finds_all(&mesh, 2);
    links::are_wired(&mesh, 2);

    parts.part("a server that dies: how, its last words, at once");
    // read after the mesh's own options, and the last one wins
    let broken = mesh.path("cluster01/elastic/config/jvm.options.d/zz-broken.options");
    fs::write(&broken, "-XX:NoSuchOption=1\n").expect("should be writable");
    for command in [&["manage", "restart", "1"][..], &["create"], &["create", "--recover-credentials"]] {
        dies(
            &mesh,
            command,
            &["cluster01-elastic ended with exit code 1", "NoSuchOption", "docker logs cluster01-elastic"],
        );
    }
    parts.part("the same again when the cause is gone, while Docker still tries");
    let tries = || (container("cluster01-elastic")["State"]["Status"] == "restarting").then_some(());
    wait_for("a pause between two tries", Duration::from_secs(20), tries);
    fs::remove_file(&broken).expect("should be there");
    mesh.run(&["create"], 0);
    links::every_search_finds_all(&mesh, 2);

    parts.part("a server that wants more memory than it may have: it is named, and the other stays");
    fs::write(&broken, "-Xms2g\n-Xmx2g\n").expect("should be writable");
    let other = || container("cluster02-elastic")["State"]["StartedAt"].clone();
    let before = other();
    dies(&mesh, &["manage", "restart", "1"], &["was killed: out of memory (exit code 137)", "--elastic-memory"]);
    assert_eq!((other(), &container("cluster02-elastic")["State"]["Running"]), (before, &true.into()));
    fs::remove_file(&broken).expect("should be there");
    mesh.run(&["manage", "restart", "1"], 0);
    links::every_search_finds_all(&mesh, 2);
    parts.part("done");
}

/// The command fails long before its time is over, and tells all this.
fn dies(mesh: &Mesh, command: &[&str], printed: &[&str]) {
    let failed = mesh.run(command, 4);
    for words in printed.iter().copied().chain(["hint:"]) {
        assert!(failed.stderr.contains(words), "should tell `{words}`: {}", failed.stderr);
    }
    assert!(failed.took < AT_ONCE, "took {:?}", failed.took);
}
