//! Keys and certificates are extended and replaced under a load of searches, none of which fails.

use std::{
    fs,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::Value;

use crate::{
    support::{
        Parts,
        curl::{Answer, UNTRUSTED, curl},
        docker::started,
        interrupted::is_killed,
        links,
        mesh::Mesh,
        renewal::{is_as_asked, starts},
    },
    tokens,
};

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn keys_and_certificates_are_renewed_under_load() {
    let parts = Parts::begin();
    let mesh = Mesh::new("renewal");
    mesh.create(&["3", "--no-kibana"]);
    (1..=3).for_each(|number| links::write_document(&mesh.cluster(number)));
    links::every_search_finds_all(&mesh, 3);
    let begun = starts(&mesh, 3);

    parts.part("keys: extended in place, of all and of one");
    keys_are_extended(&mesh);

    parts.part("keys: replaced, of one and of all");
    keys_are_replaced(&mesh);
    is_as_asked(&mesh, &begun);

    parts.part("certificates: replaced by the same authorities, of one and of all");
    certificates_are_replaced(&mesh);

    parts.part("authorities: of one, and of all");
    authorities_are_replaced(&mesh);
    is_as_asked(&mesh, &begun);

    parts.part("killed while keys are replaced, and the same again, or `create`");
    killed_while_keys_are_replaced(&mesh);
    is_as_asked(&mesh, &begun);

    parts.part("killed while authorities are replaced, and `create`, or the same again");
    killed_while_authorities_are_replaced(&mesh);
    is_as_asked(&mesh, &begun);

    parts.part("what is stopped on purpose stays stopped");
    mesh.run(&["manage", "stop", "3"], 0);
    let refused = mesh.run(&["keys", "rotate", "1", "--yes"], 1);
    assert!(refused.stderr.contains("cluster03-elastic") && refused.stderr.contains("hint:"), "{}", refused.stderr);
    let unknown = mesh.run(&["keys", "ls", "3"], 1);
    assert!(unknown.stdout.contains("unknown"), "{}", unknown.stdout);
    parts.part("done");
}

/// The keys stay and live longer.
fn keys_are_extended(mesh: &Mesh) {
    let before = keys(mesh);
    under_load(mesh, || {
        mesh.run(&["keys", "extend", "--key-days", "400"], 0);
        assert!(mesh.read("mesh.json").contains("\"key_days\": 400"), "{}", mesh.read("mesh.json"));
        mesh.run(&["keys", "extend", "--key-days", "365", "--shorten"], 0);
        let all = keys(mesh);
        mesh.run(&["keys", "extend", "2"], 0);
        let one = keys(mesh);
        assert_eq!((&one[0], &one[2]), (&all[0], &all[2]));
        assert_ne!(one[1]["expires"], all[1]["expires"]);
    });
    let extended = keys(mesh);
    for (before, extended) in before.iter().zip(&extended) {
        assert_eq!(before["encoded"], extended["encoded"], "the key itself should stay");
        assert_ne!(before["expires"], extended["expires"], "and live longer");
    }
}

/// New keys, held by everybody else.
fn keys_are_replaced(mesh: &Mesh) {
    let extended = keys(mesh);
    under_load(mesh, || {
        mesh.run(&["keys", "rotate", "2", "--yes"], 0);
    });
    let one = keys(mesh);
    assert_eq!((&one[0], &one[2]), (&extended[0], &extended[2]));
    assert_ne!(one[1]["id"], extended[1]["id"]);
    under_load(mesh, || {
        mesh.run(&["keys", "rotate", "--yes"], 0);
    });
    keys(mesh).iter().zip(&one).for_each(|(now, one)| assert_ne!(now["id"], one["id"]));
    let listed: Value =
        serde_json::from_str(&mesh.run(&["keys", "ls", "-o", "json"], 0).stdout).expect("should be JSON");
    let rows = listed["keys"].as_array().expect("should have rows");
    assert_eq!(rows.len(), 3, "{listed}");
    for (number, row) in [1, 2, 3].iter().zip(rows) {
        assert_eq!((&row["state"], &row["type"]), (&"good".into(), &"cross_cluster".into()), "{row}");
        let others: Vec<String> = (1..=3).filter(|n| n != number).map(|n| mesh.cluster(n).name()).collect();
        assert_eq!(row["held_by"], serde_json::json!(others), "{row}");
    }
}

/// New certificates that the same authorities signed.
fn certificates_are_replaced(mesh: &Mesh) {
    let (authorities_before, before) = (authorities(mesh), certificates(mesh));
    under_load(mesh, || {
        mesh.run(&["certs", "rotate", "2"], 0);
        let one = certificates(mesh);
        assert_eq!((&one[0], &one[2]), (&before[0], &before[2]));
        assert_ne!(one[1], before[1]);
        mesh.run(&["certs", "rotate"], 0);
    });
    certificates(mesh).iter().zip(&before).for_each(|(now, before)| assert_ne!(now, before));
    assert_eq!(authorities(mesh), authorities_before);
    for (number, authority) in (1..=3).zip(&authorities_before) {
        assert_eq!(trusting(mesh, number, authority).status, 401, "the authority should have signed what is shown");
    }
}

/// New authorities; the old ones are refused, and in no bundle.
fn authorities_are_replaced(mesh: &Mesh) {
    let before = authorities(mesh);
    under_load(mesh, || {
        mesh.run(&["certs", "rotate", "--ca", "2", "--yes"], 0);
    });
    let one = authorities(mesh);
    assert_eq!((&one[0], &one[2]), (&before[0], &before[2]));
    assert_eq!(trusting(mesh, 2, &before[1]).exit, UNTRUSTED, "the old authority should be refused");
    under_load(mesh, || {
        mesh.run(&["certs", "rotate", "--ca", "--yes"], 0);
    });
    for (number, (now, old)) in (1..).zip(authorities(mesh).iter().zip(&one)) {
        assert_eq!(trusting(mesh, number, old).exit, UNTRUSTED, "the old authority should be refused");
        assert_eq!(trusting(mesh, number, now).status, 401);
        for file in ["ca.crt".to_owned(), format!("cluster{number:02}/elastic/config/certs/mesh-ca.crt")] {
            assert!(!mesh.read(&file).contains(old.trim()), "{file} should not have the old authority");
        }
    }
    assert!(mesh.run(&["certs", "ls"], 0).stdout.contains("good"));
}

/// A killed rotation is completed by another one, and by `create`.
fn killed_while_keys_are_replaced(mesh: &Mesh) {
    let first = keys(mesh);
    let changed = |mesh: &Mesh, number: usize| keys(mesh)[number] != first[number];
    under_load(mesh, || {
        is_killed(&mesh.start(&["keys", "rotate", "--yes"]).kill_when("a new key", || changed(mesh, 0)));
        mesh.run(&["keys", "rotate", "--yes"], 0);
    });
    let keystore = || fs::read(mesh.path("cluster03/elastic/config/elasticsearch.keystore")).expect("should be there");
    let stored = keystore();
    under_load(mesh, || {
        is_killed(&mesh.start(&["keys", "rotate", "--yes"]).kill_when("a new keystore", || keystore() != stored));
        mesh.run(&["create"], 0);
    });
}

/// `create` completes what was begun, and so does the same command.
fn killed_while_authorities_are_replaced(mesh: &Mesh) {
    let before = authorities(mesh);
    let exists = |path: &str| mesh.path(path).exists();
    under_load(mesh, || {
        let next = "cluster02/certs/next.crt";
        is_killed(
            &mesh.start(&["certs", "rotate", "--ca", "2", "--yes"]).kill_when("a next authority", || exists(next)),
        );
        mesh.run(&["create"], 0);
    });
    assert_ne!(authorities(mesh)[1], before[1], "what was begun should be completed");
    under_load(mesh, || {
        let old = "cluster01/certs/old.crt";
        is_killed(&mesh.start(&["certs", "rotate", "--ca", "--yes"]).kill_when("an old authority", || exists(old)));
        mesh.run(&["certs", "rotate", "--ca", "--yes"], 0);
    });
    authorities(mesh).iter().zip(&before).for_each(|(now, before)| assert_ne!(now, before));
}

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn kibana_is_restarted_for_its_certificate() {
    let parts = Parts::begin();
    let mesh = Mesh::new("renewal-kibana");
    mesh.create(&["1"]);
    let cluster = mesh.cluster(1);
    let (elastic, kibana) = (started(&cluster.elastic()), started(&cluster.kibana()));
    let old = cluster.mesh.read("cluster01/certs/ca.crt");
    parts.part("a new authority");
    mesh.run(&["certs", "rotate", "--ca", "--yes"], 0);
    assert_eq!(started(&cluster.elastic()), elastic, "Elasticsearch should not have been restarted");
    assert_ne!(started(&cluster.kibana()), kibana, "Kibana should have been restarted");
    let status =
        |authority: &str| curl(&[("url", "https://127.0.0.1:5601/cluster01/api/status"), ("cacert", authority)]);
    assert_eq!(status(&cluster.authority()).status, 200);
    let file = mesh.path("trusted.crt");
    fs::write(&file, old).expect("should be writable");
    assert_eq!(status(&file.display().to_string()).exit, UNTRUSTED, "the old authority should be refused");
    fs::remove_file(&file).expect("should be there");
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
    parts.part("another service token");
    tokens::are_replaced(&mesh);
    parts.part("the file of service tokens is deleted");
    tokens::come_back(&mesh);
    parts.part("a password, and newer defaults");
    tokens::come_with_new_defaults(&mesh);
    parts.part("done");
}

fn keys(mesh: &Mesh) -> Vec<Value> {
    let read = |number| serde_json::from_str(&mesh.read(&format!("cluster{number:02}/api-key.json")));
    (1..=3).map(|number| read(number).expect("should be JSON")).collect()
}

fn authorities(mesh: &Mesh) -> Vec<String> {
    (1..=3).map(|number| mesh.read(&format!("cluster{number:02}/certs/ca.crt"))).collect()
}

fn certificates(mesh: &Mesh) -> Vec<String> {
    (1..=3).map(|number| mesh.read(&format!("cluster{number:02}/elastic/config/certs/elastic.crt"))).collect()
}

/// A request without a login, by a client that trusts this authority and no other.
fn trusting(mesh: &Mesh, number: u8, authority: &str) -> Answer {
    let file = mesh.path("trusted.crt");
    fs::write(&file, authority).expect("should be writable");
    let answer = curl(&[("url", &mesh.cluster(number).url("/")), ("cacert", &file.display().to_string())]);
    fs::remove_file(&file).expect("should be there");
    answer
}

/// Does the work while every cluster searches all of them. A search that fails is tried once more, and then has to
/// succeed.
fn under_load(mesh: &Mesh, work: impl FnOnce()) {
    let over = AtomicBool::new(false);
    let failures = Mutex::new(Vec::new());
    let searches = thread::scope(|scope| {
        let load: Vec<_> = (1..=3)
            .map(|number| {
                let (over, failures) = (&over, &failures);
                scope.spawn(move || {
                    let mut searches = 0;
                    while !over.load(Ordering::Relaxed) {
                        searches += 1;
                        let Err(first) = search(mesh, number) else { continue };
                        let second = search(mesh, number).err();
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push((number, first, second));
                    }
                    searches
                })
            })
            .collect();
        // the load has to end, too, when the work panics
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        over.store(true, Ordering::Relaxed);
        let searches: u32 = load.into_iter().map(|thread| thread.join().expect("should not panic")).sum();
        if let Err(panic) = done {
            std::panic::resume_unwind(panic);
        }
        searches
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("          {searches} searches meanwhile, {} tried twice", failures.len());
    assert!(searches > 10, "should have searched meanwhile: {searches}");
    let lost: Vec<_> = failures.iter().filter(|(_, _, second)| second.is_some()).collect();
    assert!(lost.is_empty(), "these failed twice: {lost:#?}");
    for (number, first, _) in &failures {
        println!("          cluster {number}, once: {}", first.chars().take(200).collect::<String>());
    }
}

/// One search from a cluster over all, by a client that trusts the authorities that are handed to browsers.
fn search(mesh: &Mesh, number: u8) -> Result<(), String> {
    let url = mesh.cluster(number).url("/mesh-*,cluster*:mesh-*/_search?size=100");
    let authorities = mesh.path("ca.crt").display().to_string();
    let login = format!("elastic:{}", mesh.credential("elastic"));
    let answer = curl(&[("url", &url), ("cacert", &authorities), ("user", &login)]);
    let found = answer.body()["_clusters"]["successful"].as_u64();
    if answer.status == 200 && found == Some(3) {
        return Ok(());
    }
    Err(format!("curl {}, status {}: {}", answer.exit, answer.status, answer.text))
}
