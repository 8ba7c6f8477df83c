//! `mesh bench`: what it measures, what it does not count, and that its index never stays.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Parts, docker::docker, mesh::Mesh, run::Run, wait_for};

const FILLED: Duration = Duration::from_mins(1);
const SHORT: [&str; 5] = ["bench", "--documents", "2000", "--clients", "2"];

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn links_are_measured_beside_direct_searches() {
    let parts = Parts::begin();
    let mesh = Mesh::new("bench");
    mesh.create(&["2", "--no-hosts", "--no-kibana"]);

    parts.part("a closed loop");
    let report = json_of(&mesh.run(&[&SHORT[..], &["--seconds", "1", "-o", "json"]].concat(), 0));
    let rows = report["rows"].as_array().expect("should list rows");
    let asked = |row: &Value| (row["way"].clone(), row["asked"].as_array().map(Vec::len), row["rate"].clone());
    let wanted = [("direct", 1), ("direct", 2), ("links", 2)].map(|(way, of)| (json!(way), Some(of), Value::Null));
    assert_eq!(rows.iter().map(asked).collect::<Vec<_>>(), wanted, "{report}");
    for row in rows {
        is_plausible(row, 1.0);
    }
    assert_eq!(rows[0]["to_alone"], 1.0, "{report}");
    is_removed(&mesh);

    parts.part("an open loop, for people");
    let table = mesh.run(&[&SHORT[..], &["--seconds", "1", "--rate", "2,4"]].concat(), 0);
    assert_eq!(table.stdout.lines().count(), 7, "{}", table.stdout);
    assert!(table.stderr.contains("open loop: ") && table.stdout.contains("4/s"), "{}{}", table.stdout, table.stderr);
    let open = [&SHORT[..], &["--seconds", "2", "--rate", "4", "--on", "2", "--from", "1", "-o", "json"]].concat();
    let report = json_of(&mesh.run(&open, 0));
    let searches: Vec<_> = report["rows"].as_array().into_iter().flatten().map(|row| row["searches"].clone()).collect();
    assert_eq!(searches, [8, 8], "as planned: {report}");

    parts.part("an index of that name that is another's");
    mesh.cluster(2).put("/mesh-bench", &json!({ "settings": { "number_of_replicas": 0 } }));
    let refused = mesh.run(&SHORT, 2).stderr;
    assert!(refused.contains("cluster02 has an index mesh-bench that `mesh bench` did not make"), "{refused}");
    assert_eq!((status(&mesh, 1), status(&mesh, 2)), (404, 200));
    mesh.cluster(2).delete("/mesh-bench", None);

    parts.part("killed, interrupted");
    let killed = mesh.start(&SHORT).kill_when("both indices are filled", || is_filled(&mesh));
    assert_eq!((killed.exit, status(&mesh, 1), status(&mesh, 2)), (None, 200, 200));
    // it begins by removing what is left
    let running = mesh.start(&SHORT);
    let heard = running.stderr();
    let interrupted = running.interrupt_when("the indices are filled", || heard.stages() > 0);
    assert_eq!(interrupted.exit, Some(4), "{}", interrupted.stderr);
    is_removed(&mesh);

    parts.part("a cluster dies meanwhile: what was measured without it is invalid");
    let running = mesh.start(&[&SHORT[..], &["--seconds", "3", "-o", "json"]].concat());
    wait_for("both indices to be filled", FILLED, || is_filled(&mesh).then_some(()));
    docker(&["kill", "cluster02-elastic"]);
    let run = running.end();
    assert_eq!(run.exit, Some(1), "{}", run.stderr);
    let report = json_of(&run);
    let valid: Vec<_> = report["rows"].as_array().into_iter().flatten().map(|row| row["valid"].clone()).collect();
    assert_eq!(valid, [true, false, false], "{report}");
    let reason = |row: usize| report["rows"][row]["reason"].as_str().unwrap_or_default().to_owned();
    assert!(reason(1).contains("cluster02") && reason(2).contains("cluster02"), "{report}");
    assert!(run.stderr.contains("mesh-bench is left on cluster02"), "{}", run.stderr);
    assert_eq!(status(&mesh, 1), 404);

    parts.part("refused until the cluster is back, and nothing stays");
    let refused = mesh.run(&SHORT, 1).stderr;
    assert!(refused.contains("cluster02 does not answer") && refused.contains("mesh manage start 2"), "{refused}");
    mesh.run(&["manage", "start", "2"], 0);
    mesh.run(&[&SHORT[..], &["--seconds", "1"]].concat(), 0);
    is_removed(&mesh);
    parts.part("done");
}

fn json_of(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("should be JSON: {}{}", run.stdout, run.stderr))
}

fn status(mesh: &Mesh, number: u8) -> u16 {
    mesh.cluster(number).ask("GET", "/mesh-bench", None).status
}

fn is_removed(mesh: &Mesh) {
    assert_eq!((status(mesh, 1), status(mesh, 2)), (404, 404));
}

fn is_filled(mesh: &Mesh) -> bool {
    let count = |number: u8| {
        let answer = mesh.cluster(number).ask("GET", "/mesh-bench/_count", None);
        answer.status == 200 && answer.body()["count"] == 2000
    };
    count(1) && count(2)
}

/// A valid row whose figures fit each other.
fn is_plausible(row: &Value, seconds: f64) {
    assert_eq!((&row["valid"], &row["reason"], &row["clients"]), (&json!(true), &Value::Null, &json!(2)), "{row}");
    let number = |field: &str| row[field].as_f64().unwrap_or_else(|| panic!("{field} should be a number: {row}"));
    let [median, p90, p99, max] =
        ["p50", "p90", "p99", "max"].map(|of| row["latency_ms"][of].as_f64().expect("should be a time"));
    assert!(0.0 < median && median <= p90 && p90 <= p99 && p99 <= max, "{row}");
    // two clients that wait for their answers send as many as fit
    let (searches, rate) = (number("searches"), number("per_second"));
    assert!(searches >= 2.0 && rate <= searches / seconds + 0.01, "{row}");
    assert!(rate * median / 1000.0 < 2.0 * 2.0, "{row}");
    assert!(number("client_cpu") < 2.1 && number("to_alone") > 0.1, "{row}");
}
