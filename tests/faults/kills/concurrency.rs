//! Two runs at once, fifty times: one wins, the other says who holds the lock, and nothing of the two is mixed.

use serde_json::Value;

use crate::support::{
    Parts, links,
    mesh::Mesh,
    run::{Run, Running},
};

const PAIRS: usize = 50;

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn one_of_two_concurrent_runs_wins() {
    let parts = Parts::begin();
    let mesh = Mesh::new("concurrency");
    mesh.create(&["2", "--no-kibana", "--no-hosts"]);
    parts.part("fifty pairs, each of which wants something else");
    let mut met = 0;
    for pair in 0..PAIRS {
        let wanted = [format!("one-{pair}"), format!("two-{pair}")];
        let running = wanted.each_ref().map(|share| mesh.start(&["create", "--share", share, "--yes"]));
        let pids = running.each_ref().map(Running::pid);
        let runs = running.map(Running::end);
        let won: Vec<usize> = (0..2).filter(|n| runs[*n].exit == Some(0)).collect();
        match won[..] {
            [winner] => {
                met += 1;
                lost(&runs[1 - winner], pids[winner]);
                holds(&mesh, &wanted[winner]);
            }
            // the first had ended before the second looked
            [_, _] => assert!(wanted.iter().any(|share| shares(&mesh).contains(share)), "{runs:?}"),
            _ => panic!("one should have won: {runs:?}"),
        }
    }
    println!("          {met} of {PAIRS} pairs met");
    assert!(met > PAIRS / 2, "most should have met: {met}");
    mesh.run(&["verify"], 0);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    links::every_search_finds_all(&mesh, 2);
    parts.part("done");
}

fn lost(run: &Run, winner: u32) {
    assert_eq!(run.exit, Some(5), "{}", run.stderr);
    let names = run.stderr.contains(&format!("(process {winner})")) && run.stderr.contains("mesh create --share");
    // in the moment between taking the lock and writing its name, the lock names no run
    assert!(names || run.stderr.contains("another run holds"), "{}", run.stderr);
}

/// What the record says.
fn shares(mesh: &Mesh) -> Vec<String> {
    let record: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
    let share = record["spec"]["share"].as_array().cloned().unwrap_or_default();
    share.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// The record and the one key of each server have this, and nothing of the other's.
fn holds(mesh: &Mesh, share: &str) {
    assert_eq!(shares(mesh), [share]);
    for number in 1..=2 {
        let keys = mesh.cluster(number).get("/_security/api_key?active_only=true");
        assert_eq!(keys["api_keys"].as_array().map(Vec::len), Some(1), "{keys}");
        let names = &keys["api_keys"][0]["access"]["search"][0]["names"];
        assert_eq!(names, &serde_json::json!(["local-data-set", "mesh*", share]), "{keys}");
    }
}
