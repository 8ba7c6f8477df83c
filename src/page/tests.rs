//! What becomes of looks: shapes, problems, lines of what changed, histories and events. Pure.

use std::collections::BTreeMap;

use time::Duration;

use super::{
    example::{NOW, after_a_look, attempt, cut, latencies, stop, well},
    shape::{Shape, shapes},
    *,
};
use crate::{
    facts::observed::Observed,
    judge::{
        peers::{PeerRow, PeerState},
        scope::Scope,
        status::{self, GatewayStatus, State, Status},
    },
    mesh::Mesh,
};

fn rows(mesh: &Mesh, status: &Status) -> String {
    let matrix = Matrix::new(mesh, status);
    let document = serde_json::to_value(LinksDocument::new(&matrix, &Latencies::new(), &BTreeMap::new())).unwrap();
    let rows = document["rows"].as_array().unwrap().iter().map(|row| row.as_str().unwrap().to_owned());
    rows.collect::<Vec<_>>().join(" ")
}

fn found(mesh: &Mesh, status: &Status) -> Vec<Shape> {
    shapes(&Matrix::new(mesh, status))
}

fn listed(mesh: &Mesh, status: &Status) -> String {
    let all = problems(status, &Matrix::new(mesh, status));
    let line = |problem: &problem::Problem| format!("{:?}: {} | {}", problem.level, problem.text, problem.remedy);
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_shape_of_links_that_are_down_is_known() {
    let down = |links: &[(u8, u8)]| {
        let (mesh, mut status) = well(4);
        for (from, to) in links {
            cut(&mut status, *from, *to, "why");
        }
        found(&mesh, &status)
    };
    assert_eq!(down(&[]), []);
    assert_eq!(down(&[(1, 2)]), [Shape::Cell(0, 1)]);
    assert_eq!(down(&[(1, 2), (3, 2)]), [Shape::Cell(0, 1), Shape::Cell(2, 1)]);
    assert_eq!(down(&[(1, 2), (3, 2), (4, 2)]), [Shape::Column(1)]);
    assert_eq!(down(&[(2, 1), (2, 3), (2, 4)]), [Shape::Row(1)]);
    assert_eq!(down(&[(2, 1), (2, 3), (2, 4), (1, 4), (3, 4)]), [Shape::Column(3), Shape::Row(1)]);
    let cross = [(2, 1), (2, 3), (2, 4), (1, 2), (3, 2), (4, 2)];
    assert_eq!(down(&cross), [Shape::Cross(1)]);
    let all: Vec<(u8, u8)> =
        (1..=4).flat_map(|from| (1..=4).map(move |to| (from, to))).filter(|(a, b)| a != b).collect();
    assert_eq!(down(&all), [Shape::Everything]);
}

#[test]
fn what_a_server_explains_that_does_not_serve_is_no_matter_of_links() {
    let (mesh, mut status) = well(3);
    stop(&mut status, 2, State::Stopped, "is stopped; `mesh manage start 2` starts it");
    assert_eq!(rows(&mesh, &status), "·01 0·0 10·");
    assert_eq!(found(&mesh, &status), []);
    insta::assert_snapshot!(listed(&mesh, &status), @"Problem: cluster02-elastic is stopped | `mesh manage start 2` starts it");
    let (mesh, mut status) = well(3);
    stop(&mut status, 2, State::Unready, "does not answer: operation timed out");
    assert_eq!(rows(&mesh, &status), "·01 ?·? 10·", "a server that hangs does not tell");
    insta::assert_snapshot!(listed(&mesh, &status), @"Problem: cluster02-elastic does not answer: operation timed out | mesh logs 2 --service elastic");
    assert_eq!(found(&well(1).0, &well(1).1), [], "one cluster has no links");
}

#[test]
fn what_is_wrong_comes_with_what_to_type_and_the_worst_is_first() {
    let (mesh, mut status) = well(8);
    assert_eq!(listed(&mesh, &status), "");
    for from in [1, 2, 3, 4, 5, 6, 8] {
        cut(&mut status, from, 7, "the API key of cluster07 has expired");
    }
    cut(&mut status, 2, 4, "it is not set as a remote");
    status.pending_changes = vec!["container cluster01-kibana".to_owned()];
    status.clusters[4].kibana.as_mut().unwrap().state = State::Absent;
    insta::assert_snapshot!(listed(&mesh, &status), @r"
    Problem: cluster05-kibana has no container | mesh manage up 5
    Problem: no cluster reaches cluster07: the API key of cluster07 has expired | `mesh verify --fix`, or `mesh keys rotate 7` where its key is the cause
    Problem: searches from cluster02 do not reach cluster04: it is not set as a remote | mesh verify --fix
    Warning: out of sync: 1 pending change (container cluster01-kibana) | `mesh create` makes them, `mesh create --dry-run` shows them
    ");
    let (mesh, mut status) = well(9);
    for at in 1..=8 {
        cut(&mut status, at, at + 1, "why");
    }
    assert_eq!(listed(&mesh, &status).lines().count(), 6, "a long list is cut short");
    assert!(listed(&mesh, &status).ends_with("3 more links are down | mesh verify"));
}

#[test]
fn changes_are_lines_and_one_event_is_one_line() {
    let (mesh, status) = well(5);
    let mut chronicle = Chronicle::default();
    let mut started: BTreeMap<String, String> = [("cluster03-elastic".to_owned(), "1".to_owned())].into();
    let mut at = NOW;
    let mut look = |status: &Status, started: &BTreeMap<String, String>| {
        let before = chronicle.lines().count();
        at += Duration::seconds(10);
        chronicle.add(at, status, &Matrix::new(&mesh, status), started);
        let lines = chronicle.lines().skip(before).map(|line| format!("{:?} {}", line.kind, line.text));
        (lines.collect::<Vec<_>>().join("\n"), chronicle.since.len())
    };
    assert_eq!(look(&status, &started), (String::new(), 0), "nothing is known of before the first look");
    assert_eq!(look(&status, &started), (String::new(), 0));
    let (_, mut stopped) = well(5);
    stop(&mut stopped, 2, State::Stopped, "is stopped");
    assert_eq!(look(&stopped, &started), ("Worse cluster02-elastic stopped, was ready".to_owned(), 8));
    assert_eq!(look(&status, &started), ("Better cluster02-elastic ready, was stopped".to_owned(), 0));
    let (_, mut column) = well(5);
    for from in [1, 2, 3, 5] {
        cut(&mut column, from, 4, "why");
    }
    cut(&mut column, 1, 2, "why");
    assert_eq!(
        look(&column, &started),
        ("Worse 4 links to cluster04 down\nWorse cluster01 → cluster02 down".to_owned(), 5)
    );
    started.insert("cluster03-elastic".to_owned(), "2".to_owned());
    insta::assert_snapshot!(look(&status, &started).0, @r"
    Other cluster03-elastic restarted
    Better 4 links to cluster04 up again
    Better cluster01 → cluster02 up again
    ");
}

#[test]
fn histories_are_as_long_as_the_times_and_a_fault_between_two_samples_is_not_lost() {
    let (mesh, well_) = well(3);
    let mut history = History::default();
    let mut add = |seconds: i64, status: &Status, turn: usize| {
        let matrix = Matrix::new(&mesh, status);
        history.add(NOW + Duration::seconds(seconds), status, &matrix, &latencies(&mesh, turn, &[]));
    };
    let (_, mut down) = well(3);
    cut(&mut down, 1, 2, "why");
    add(0, &well_, 0);
    add(5, &down, 1);
    add(8, &well_, 2);
    for turn in 1..500 {
        add(turn * 12, &well_, usize::try_from(turn).unwrap());
    }
    let span = |minutes| Span { now: NOW + Duration::seconds(500 * 12), minutes };
    let link = serde_json::to_value(history.link("cluster01", "cluster02", span(600)).unwrap()).unwrap();
    let marks = link["marks"].as_str().unwrap();
    assert_eq!(
        (marks.len(), link["at"].as_array().unwrap().len(), link["ms"].as_array().unwrap().len()),
        (360, 360, 360)
    );
    assert!(!marks.contains('0'), "what is older than the samples is forgotten");
    assert!(link["median_ms"].as_u64() <= link["p95_ms"].as_u64(), "{link}");
    let clusters = serde_json::to_value(history.clusters(span(60))).unwrap();
    assert_eq!(clusters["clusters"]["cluster03"]["heap"].as_array().unwrap().len(), 300);
    assert!(history.link("cluster01", "cluster01", span(60)).is_none());

    let mut history = History::default();
    for (seconds, status) in [(0, &well_), (5, &down), (8, &well_), (30, &well_)] {
        let at = NOW + Duration::seconds(seconds);
        history.add(at, status, &Matrix::new(&mesh, status), &latencies(&mesh, 0, &[]));
    }
    let link = history.link("cluster01", "cluster02", Span { now: NOW + Duration::minutes(1), minutes: 60 });
    assert_eq!(serde_json::to_value(link).unwrap()["marks"], "01");
    // a cluster that leaves takes its links along
    let (fewer, status) = well(2);
    history.add(NOW + Duration::seconds(50), &status, &Matrix::new(&fewer, &status), &Latencies::new());
    assert!(history.link("cluster01", "cluster03", span(60)).is_none());
}

/// A feed that has seen a mesh.
fn seen(last: &Feed, mesh: &Mesh, status: &Status, at: time::OffsetDateTime, chronicle: &mut Chronicle) -> Feed {
    after_a_look(last, (mesh, status, &Latencies::new()), at, chronicle)
}

#[test]
fn a_browser_is_sent_everything_once_and_then_what_changed() {
    let (mesh, status) = well(3);
    let (mut chronicle, mut received) = (Chronicle::default(), Received::default());
    let names = |feed: &Feed, received: &mut Received| {
        feed.events(received).iter().map(|event| event.name).collect::<Vec<_>>().join(" ")
    };
    let feed = Feed::new("run".to_owned());
    assert_eq!(names(&feed, &mut received), "");
    let feed = seen(&feed, &mesh, &status, NOW, &mut chronicle);
    assert_eq!(names(&feed, &mut received), "look problems links status");
    assert_eq!(names(&feed, &mut received), "");
    let feed = seen(&feed, &mesh, &status, NOW + Duration::seconds(10), &mut chronicle);
    assert_eq!(names(&feed, &mut received), "look", "nothing else changed");
    let (_, mut stopped) = well(3);
    stop(&mut stopped, 2, State::Stopped, "is stopped; `mesh manage start 2` starts it");
    let feed = seen(&feed, &mesh, &stopped, NOW + Duration::seconds(20), &mut chronicle);
    assert_eq!(names(&feed, &mut received), "look problems links status change");
    assert_eq!(names(&feed, &mut Received::default()), "look problems links status change", "who comes later has all");
    assert!(feed.is_fresh(NOW + Duration::seconds(40)) && !feed.is_fresh(NOW + Duration::seconds(50)));

    let trouble = |no_mesh| Trouble {
        message: "Docker does not answer".to_owned(),
        remedy: None,
        no_mesh,
        metrics: String::new(),
    };
    let blind = feed.without(trouble(false), &chronicle, &attempt(NOW + Duration::seconds(90)));
    assert_eq!(names(&blind, &mut received), "look", "the last state stays, with its age");
    let mut again = Received::default();
    let look = blind.events(&mut again)[0].data.to_string();
    assert!(look.contains(r#""age_ms":70000"#) && look.contains("Docker does not answer"), "{look}");
    assert!(!blind.is_fresh(NOW + Duration::seconds(90)));
    let gone = blind.without(trouble(true), &chronicle, &attempt(NOW + Duration::seconds(90)));
    assert_eq!(names(&gone, &mut received), "look problems links status");
    assert_eq!((&*gone.status(), &*gone.links()), ("null", "null"));
}

#[test]
fn clusters_of_peers_are_rows_and_columns_like_others() {
    let (mesh, mut status) = well(2);
    let (first, second) = (status.clusters[0].cluster, status.clusters[1].cluster);
    status.peers.push(PeerRow {
        peer: "london".parse().unwrap(),
        alias: "cluster01-london".parse().unwrap(),
        address: "192.0.2.12:9401".to_owned(),
        shares: Vec::new(),
        expires: None,
        days_left: None,
        reached_by: vec![first],
        down: [(second, "connection refused".to_owned())].into(),
        state: PeerState::Down,
        renewal: String::new(),
    });
    assert_eq!(rows(&mesh, &status), "·11 1·0 --·");
    insta::assert_snapshot!(listed(&mesh, &status), @"Problem: searches from cluster02 do not reach cluster01-london: connection refused | mesh verify --fix");
    let matrix = Matrix::new(&mesh, &status);
    assert_eq!((matrix.own, matrix.counts()), (2, (3, 4)));
}

#[test]
fn a_gateway_that_does_not_serve_is_a_problem() {
    let (mesh, mut status) = well(2);
    status.gateway = Some(GatewayStatus {
        name: "mesh-gateway".to_owned(),
        state: State::Stopped,
        url: "https://vm:443".to_owned(),
        reason: Some("is stopped; `mesh manage start gateway` starts it".to_owned()),
        certificate: None,
    });
    insta::assert_snapshot!(listed(&mesh, &status), @"Problem: mesh-gateway is stopped | `mesh manage start gateway` starts it");
}

#[test]
fn an_upgrade_that_was_left_comes_with_the_command_that_continues_it() {
    let mesh = Mesh::example(2).of_version("8.19.21".parse().unwrap());
    let mesh = mesh.upgrade_to("9.5.3".parse().unwrap(), None).unwrap();
    let status = status::status(&mesh, Scope::Mesh, &Observed::default(), NOW);
    let line = "Warning: an upgrade has not reached 2 clusters yet, cluster01 first | mesh upgrade 9.5.3";
    assert!(listed(&mesh, &status).lines().any(|found| found == line), "{}", listed(&mesh, &status));
}
