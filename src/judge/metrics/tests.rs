//! Metrics of meshes in several states.

use time::macros::datetime;

use super::*;
use crate::{
    facts::{
        health::{Color, Health},
        observed::{Answer, ContainerFacts, ContainerState, LinkFacts, NetworkFacts, Observed, ServerFacts, Vitals},
    },
    judge::{scope::Scope, status::status},
};

const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);
const LOOK: Look = Look { began: NOW, took: Duration::from_millis(250), pause: None };

/// Servers that run, have a license and reach every remote.
fn running(mesh: &Mesh) -> Observed {
    let network = NetworkFacts { id: "n".to_owned(), subnet: String::new() };
    let mut there = Observed { network: Some(network), ..Observed::default() };
    for cluster in mesh.clusters() {
        let running = ContainerFacts::in_state(ContainerState::Running);
        there.containers.insert(cluster.first_node(), ContainerFacts { network: Some("n".to_owned()), ..running });
        let mut server = ServerFacts::licensed("trial", datetime!(2026-02-28 12:00 UTC));
        server.links = mesh.remotes(cluster).map(|remote| (remote.into(), LinkFacts::Connected)).collect();
        server.vitals = Some(Vitals {
            health: Health::of(Color::Green),
            version: "9.5.3".to_owned(),
            documents: 1_204,
            store: 65_536,
            indices: 1,
            whole_store: 65_536,
            heap_used: 32,
            heap_max: 100,
            disk_free: 24,
            disk_total: 100,
            snapshots: None,
        });
        there.servers.insert(cluster, Answer::Ready(server));
    }
    there
}

fn metrics(mesh: &Mesh, there: &Observed, searches: &Searches) -> String {
    of_mesh(mesh, &status(mesh, Scope::Mesh, there, NOW), LOOK, searches)
}

#[test]
fn a_part_of_a_mesh_is_of_a_mesh_of_so_many() {
    let mesh = Mesh::example(3).without_kibana();
    let on = "1".parse().unwrap();
    let status = status(&mesh, Scope::Clusters(&on), &running(&mesh), NOW);
    let text = of_mesh(&mesh, &status, LOOK, &Searches::new());
    assert!(text.contains("\nmesh_clusters 3\n") && !text.contains("cluster=\"cluster02\""), "{text}");
}

#[test]
fn a_mesh_of_which_one_half_is_stopped() {
    let mesh = Mesh::example(2).without_kibana();
    let mut there = running(&mesh);
    let second = mesh.clusters().last().unwrap();
    there.containers.get_mut(&second.first_node()).unwrap().state = ContainerState::Stopped;
    there.servers.remove(&second);
    let Some(Answer::Ready(first)) = there.servers.get_mut(&ClusterId::FIRST) else { panic!("should be ready") };
    first.links.insert(second.into(), LinkFacts::Down("connection refused".to_owned()));
    let values: Vec<String> = metrics(&mesh, &there, &Searches::new())
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("mesh_info"))
        .map(str::to_owned)
        .collect();
    insta::assert_snapshot!(values.join("\n"), @r#"
    mesh_look_timestamp_seconds 1769860800
    mesh_look_duration_seconds 0.25
    mesh_clusters 2
    mesh_in_sync 0
    mesh_pending_changes 44
    mesh_drift 44
    mesh_pending_upgrades 0
    mesh_warnings 0
    mesh_cluster_up{cluster="cluster01"} 1
    mesh_cluster_up{cluster="cluster02"} 0
    mesh_cluster_unassigned_shards{cluster="cluster01"} 0
    mesh_cluster_documents{cluster="cluster01"} 1204
    mesh_cluster_store_bytes{cluster="cluster01"} 65536
    mesh_cluster_heap_used_ratio{cluster="cluster01"} 0.32
    mesh_cluster_disk_used_ratio{cluster="cluster01"} 0.76
    mesh_node_up{cluster="cluster01",node="cluster01-elastic"} 1
    mesh_node_up{cluster="cluster02",node="cluster02-elastic"} 0
    mesh_cluster_health{cluster="cluster01",color="green"} 1
    mesh_cluster_health{cluster="cluster01",color="yellow"} 0
    mesh_cluster_health{cluster="cluster01",color="red"} 0
    mesh_cluster_disk_watermark{cluster="cluster01",level="low"} 0
    mesh_cluster_disk_watermark{cluster="cluster01",level="high"} 0
    mesh_cluster_disk_watermark{cluster="cluster01",level="flood_stage"} 0
    mesh_license_expiry_timestamp_seconds{cluster="cluster01",type="trial"} 1772280000
    mesh_license_active{cluster="cluster01",type="trial"} 1
    mesh_link_up{from="cluster01",to="cluster02"} 0
    mesh_link_up{from="cluster02",to="cluster01"} 0
    mesh_link_down{from="cluster01",to="cluster02",reason="remote-down"} 1
    mesh_link_down{from="cluster02",to="cluster01",reason="searcher-down"} 1
    "#);
}

#[test]
fn a_disk_has_passed_a_watermark_by_what_is_free_and_not_by_its_share() {
    const GIBIBYTE: u64 = 1 << 30;
    let mesh = Mesh::example(1).without_kibana();
    let disk = |free: u64, total: u64| {
        let mut there = running(&mesh);
        let Some(Answer::Ready(server)) = there.servers.get_mut(&ClusterId::FIRST) else { panic!("should be ready") };
        let vitals = server.vitals.as_mut().unwrap();
        (vitals.disk_free, vitals.disk_total) = (free, total);
        let text = metrics(&mesh, &there, &Searches::new());
        text.lines().filter(|line| line.starts_with("mesh_cluster_disk")).map(str::to_owned).collect::<Vec<_>>()
    };
    insta::assert_snapshot!(disk(45, 1_000).join("\n"), @r#"
    mesh_cluster_disk_used_ratio{cluster="cluster01"} 0.95
    mesh_cluster_disk_watermark{cluster="cluster01",level="low"} 0
    mesh_cluster_disk_watermark{cluster="cluster01",level="high"} 0
    mesh_cluster_disk_watermark{cluster="cluster01",level="flood_stage"} 1
    "#);
    insta::assert_snapshot!(disk(250 * GIBIBYTE, 4_000 * GIBIBYTE).join("\n"), @r#"
    mesh_cluster_disk_used_ratio{cluster="cluster01"} 0.93
    mesh_cluster_disk_watermark{cluster="cluster01",level="low"} 0
    mesh_cluster_disk_watermark{cluster="cluster01",level="high"} 0
    mesh_cluster_disk_watermark{cluster="cluster01",level="flood_stage"} 0
    "#);
}

#[test]
fn a_link_that_both_ends_serve_is_unreachable_and_a_search_over_one_is_timed() {
    let mesh = Mesh::example(2).without_kibana().named("ci42");
    let mut there = running(&mesh);
    let second = mesh.clusters().last().unwrap();
    let Some(Answer::Ready(server)) = there.servers.get_mut(&second) else { panic!("should be ready") };
    server.links.insert(ClusterId::FIRST.into(), LinkFacts::Down("unable to authenticate".to_owned()));
    let searches: Searches = [((ClusterId::FIRST, second.into()), Duration::from_millis(3))].into();
    let text = metrics(&mesh, &there, &searches);
    let links: Vec<&str> = text.lines().filter(|line| line.starts_with("mesh_link")).collect();
    insta::assert_snapshot!(links.join("\n"), @r#"
    mesh_link_up{mesh="ci42",from="cluster01",to="cluster02"} 1
    mesh_link_up{mesh="ci42",from="cluster02",to="cluster01"} 0
    mesh_link_down{mesh="ci42",from="cluster02",to="cluster01",reason="unreachable"} 1
    mesh_link_search_duration_seconds{mesh="ci42",from="cluster01",to="cluster02"} 0.003
    "#);
}

#[test]
fn a_gateway_that_is_stopped_is_down() {
    let mesh = Mesh::example(1).with_gateway("0.0.0.0:443");
    let mut there = running(&mesh);
    there.gateway.container = Some(ContainerFacts::in_state(ContainerState::Stopped));
    let text = metrics(&mesh, &there, &Searches::new());
    let gateway: Vec<&str> = text.lines().filter(|line| line.starts_with("mesh_gateway")).collect();
    assert_eq!(gateway, ["mesh_gateway_up 0"]);
    let none = Mesh::example(1);
    assert!(!metrics(&none, &running(&none), &Searches::new()).contains("mesh_gateway"));
}

#[test]
fn a_directory_without_a_mesh_has_metrics_that_say_so() {
    let name = "ci42".parse().unwrap();
    let text = of_nothing(Some(&name), Path::new("/srv/mesh"), LOOK);
    assert!(text.ends_with("mesh_clusters{mesh=\"ci42\"} 0\n"), "{text}");
}

#[test]
fn a_look_has_an_interval_where_the_next_one_is_planned() {
    let text = |pause| of_nothing(None, Path::new("/srv/mesh"), Look { pause, ..LOOK });
    assert!(text(Some(Duration::from_mins(10))).contains("\nmesh_look_interval_seconds 600\n"));
    assert!(!text(None).contains("mesh_look_interval_seconds"));
}

#[test]
fn a_mesh_of_99_clusters_has_a_bounded_number_of_series() {
    let mesh = Mesh::example(99);
    let there = running(&mesh);
    let (few, many) = (
        metrics(&Mesh::example(2), &running(&Mesh::example(2)), &Searches::new()),
        metrics(&mesh, &there, &Searches::new()),
    );
    let series = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
    let links = |text: &str| text.lines().filter(|line| line.starts_with("mesh_link_up")).count();
    assert_eq!((links(&few), links(&many)), (2, 99 * 98));
    assert!(series(&many) < 99 * 98 + 99 * 20, "{}", series(&many));
}

#[test]
fn every_metric_is_documented() {
    let documented = include_str!("../../../docs/metrics.md");
    let whole = include_str!("mod.rs");
    let rooms = [
        ("cluster", include_str!("cluster.rs")),
        ("gateway", include_str!("gateway.rs")),
        ("links", include_str!("links.rs")),
        ("text", include_str!("text.rs")),
    ];
    let modules = whole.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    assert!(modules.filter(|name| *name != "tests").eq(rooms.map(|(name, _)| name)), "a file is not read here");
    let families = rooms.into_iter().flat_map(|(_, text)| text.lines()).chain(whole.lines());
    let names: Vec<&str> = families.filter_map(|line| line.split('"').find(|part| part.starts_with("mesh_"))).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(documented.contains(&format!("`{name}`")), "docs/metrics.md should have {name}");
    }
}
