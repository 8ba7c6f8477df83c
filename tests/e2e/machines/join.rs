//! Meshes that join by handing over one file, from the first invitation until one of them is gone.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, thread, time::Duration};

use crate::support::{
    Parts,
    curl::curl_by,
    links,
    machines::{
        Machine, Machines,
        invitation::{Invitation, write_private},
        joined::{ALL, ANSWERED, BACK, causes, finds, finds_again, is_whole, peers, search, state},
    },
    wait_for,
};

/// `mesh status` waits no longer for what does not answer.
const STATUS: Duration = Duration::from_secs(20);

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn meshes_join_and_leave() {
    let parts = Parts::begin();
    let machines = Machines::two();
    let Machines { one, two, .. } = &machines;

    parts.part("a mesh on each machine, of whose ports the other reaches 94nn alone");
    machines.create();
    for (port, open) in [(9401, true), (9201, false), (9301, false)] {
        assert_eq!(two.reaches(&one.address(), port), open, "{port}");
    }
    let url = format!("https://{}:9401/", one.address());
    let login = format!("elastic:{}", one.credential("elastic"));
    let answer = curl_by(two.command("curl"), &[("url", &url), ("insecure", "true"), ("user", &login)]);
    assert_ne!(answer.exit, 0, "no HTTP should be spoken there, with a password or without: {answer:?}");

    parts.part("invitations that cannot be used change nothing");
    let (file, invited) = machines.invite(one, &[]);
    assert_eq!(fs::metadata(&file).expect("should be there").permissions().mode() & 0o777, 0o600);
    let path = file.display().to_string();
    let text = fs::read_to_string(&file).expect("should be readable");
    let again = one.run(&["invites", "create", "another", "--into", &path], 2);
    assert!(again.stderr.contains(&path), "{}", again.stderr);
    assert_eq!(fs::read_to_string(&file).expect("should be readable"), text, "no invitation should be overwritten");
    refused_invitations_change_nothing(&machines, &file);

    parts.part("machine 2 joins machine 1, and searches it; the other way nothing changed");
    let before = state(one, &[1]);
    let looked = two.run(&["join", &path, "--dry-run"], 0);
    let digest = digest(&looked.stderr);
    let joined = two.run(&["join", &path], 0);
    assert!(joined.stderr.contains(&digest), "{digest}: {}", joined.stderr);
    assert!(invited.stdout.contains(&digest) || invited.stderr.contains(&digest), "{digest}: {}", invited.stderr);
    finds(&two.cluster(2), &ALL);
    finds(&two.cluster(3), &ALL);
    assert_eq!(state(one, &[1]), before);
    finds(&one.cluster(1), &["cluster01"]);
    has_retries(two, &["cluster02-elastic", "cluster03-elastic"]);
    two.run(&["status"], 0);
    two.run(&["verify"], 0);
    let again = two.run(&["create"], 0).stdout;
    assert!(again.contains("nothing to do"), "{again}");

    parts.part("machine 1 joins machine 2, too");
    machines.join(one);
    finds(&one.cluster(1), &ALL);
    // whose connections ended as cluster 1 restarted
    for number in [2, 3] {
        finds_again(&two.cluster(number), &ALL);
    }

    parts.part("machine 1 is silent: searches of the others are answered, and heal without a command");
    one.goes_silent();
    thread::scope(|scope| {
        for number in [2, 3] {
            scope.spawn(move || answers_without(two, number, "cluster01"));
        }
        let status = two.mesh(&["status"]);
        assert!(status.took < STATUS && status.exit == Some(1), "{:?} {}", status.took, status.stdout);
        assert!(status.stdout.contains("machine1") || status.stderr.contains("machine1"), "{}", status.stderr);
    });
    let again = two.mesh(&["create", "--dry-run"]);
    assert!(again.took < STATUS, "{:?}", again.took);
    one.comes_back();
    for cluster in machines.clusters() {
        finds_again(&cluster, &ALL);
    }

    parts.part("what was given to machine 2 is revoked: its searches skip machine 1, and `verify` says why");
    one.run(&["invites", "revoke", &two.name(), "--yes"], 0);
    wait_for("searches without machine 1", BACK, || {
        let (found, _) = search(&two.cluster(2));
        (links::sources(&found) == ["cluster02", "cluster03"]).then_some(())
    });
    assert_eq!(links::fate(&search(&two.cluster(2)).0, "cluster01"), "skipped");
    assert_eq!(causes(two), ["peer-key-refused", "peer-key-refused"]);
    finds(&one.cluster(1), &ALL);

    parts.part("a new invitation mends it");
    machines.join(two);
    finds(&two.cluster(2), &ALL);

    parts.part("the mesh of machine 1 is removed: the other says which peer is gone, and works");
    one.run(&["reset", "--yes"], 0);
    finds_again(&two.cluster(2), &["cluster02", "cluster03"]);
    let status = two.run(&["status"], 1);
    assert!(status.stdout.contains("machine1") || status.stderr.contains("machine1"), "{}", status.stdout);
    assert_eq!(causes(two).len(), 2);

    parts.part("machine 2 leaves it");
    two.run(&["leave", "machine1", "--yes"], 0);
    is_whole(two);
    finds(&two.cluster(2), &["cluster02", "cluster03"]);
    let settings = two.cluster(2).get("/_cluster/settings").to_string();
    assert!(!settings.contains("cluster01"), "{settings}");

    parts.part("cluster 2 of machine 1 has the name of one of machine 2: joined by a suffix alone");
    one.create(&["2-2", "--advertise", &one.address()]);
    links::write_document(&one.cluster(2));
    let (file, _) = machines.invite(one, &[]);
    let path = file.display().to_string();
    let before = state(two, &[2, 3]);
    let refused = two.run(&["join", &path], 2);
    assert!(refused.stderr.contains("--suffix"), "{}", refused.stderr);
    assert_eq!(state(two, &[2, 3]), before);
    two.run(&["join", &path, "--suffix", "london", "--on", "3"], 0);
    finds(&two.cluster(3), &["cluster02", "cluster02", "cluster03"]);
    finds(&two.cluster(2), &["cluster02", "cluster03"]);
    two.run(&["reset", "--yes"], 0);
    assert_eq!(two.containers(), Vec::<String>::new());
    parts.part("done");
}

/// Refused with exit code 2, whatever is wrong, and no trace of it on machine 2.
fn refused_invitations_change_nothing(machines: &Machines, good: &Path) {
    let text = fs::read_to_string(good).expect("should be readable");
    let two = &machines.two;
    let before = state(two, &[2, 3]);
    let mut expired = Invitation::read(good);
    expired.expires = time::OffsetDateTime::UNIX_EPOCH;
    expired.write(&machines.handed_over("expired"));
    for (name, text) in [
        ("damaged", text.replacen("cluster01", "cluster04", 1)),
        ("cut", text[..text.len() / 2].to_owned()),
        ("foreign", r#"{"kind": "letter", "version": 1}"#.to_owned()),
        ("empty", String::new()),
    ] {
        write_private(&machines.handed_over(name), &text);
    }
    let large = machines.handed_over("large");
    write_private(&large, &text);
    let file = fs::File::options().append(true).open(&large).expect("should be writable");
    file.set_len(100 << 20).expect("should be writable");
    for (name, why) in [
        ("damaged", "damaged"),
        ("cut", "damaged"),
        ("foreign", "is not an invitation"),
        ("empty", "damaged"),
        ("expired", "expired"),
        ("large", "is larger than"),
        ("absent", "there is no file"),
    ] {
        let run = two.run(&["join", &machines.handed_over(name).display().to_string()], 2);
        assert!(run.stderr.contains(why) && run.stderr.contains("hint: "), "{name}: {}", run.stderr);
    }
    assert_eq!(state(two, &[2, 3]), before);
    assert!(two.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
    assert_eq!(peers(two), 0);
}

/// Four groups of four hexadecimal digits that a command prints.
fn digest(printed: &str) -> String {
    let mut words = printed.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    let is_digest = |word: &&str| word.len() == 19 && word.split('-').all(|group| group.len() == 4);
    words.find(is_digest).unwrap_or_else(|| panic!("should have a digest: {printed}")).to_owned()
}

/// Containers that notice when the other side is silent.
fn has_retries(machine: &Machine, containers: &[&str]) {
    for name in containers {
        let retries = machine.docker(&["exec", name, "cat", "/proc/sys/net/ipv4/tcp_retries2"]);
        assert_eq!(retries.trim(), "5", "{name}");
    }
}

/// The first search, which has the old connection, and one after it are answered in time, without one cluster alone.
fn answers_without(machine: &Machine, number: u8, gone: &str) {
    for which in ["first", "second"] {
        let (found, took) = search(&machine.cluster(number));
        println!("          {which} search of cluster {number}: {:.1} s", took.as_secs_f64());
        assert_eq!(links::sources(&found), ["cluster02", "cluster03"], "{found}");
        assert_eq!(links::fate(&found, gone), "skipped", "{found}");
        assert!(took < ANSWERED, "{took:?}");
    }
}
