//! One test an entry of the catalog, each with a line as it is really written; here what holds for all. Pure.

mod docker;
mod elasticsearch;
mod kibana;

use super::*;
use crate::mesh::{id::ClusterId, settings::per_cluster::read_set};

fn explained(service: ServiceId, end: End<'_>) -> String {
    explained_in(&Mesh::example(2), service, end)
}

fn explained_in(mesh: &Mesh, service: ServiceId, end: End<'_>) -> String {
    match known(mesh, service, end) {
        Some(Known { cause, line, remedy }) => format!("{cause}\n{}\n{remedy}", line.as_deref().unwrap_or("-")),
        None => "unknown".to_owned(),
    }
}

fn first() -> ClusterId {
    ClusterId::new(1).unwrap()
}

/// The explanation for a server, or a Kibana, that wrote `line` among others.
fn wrote(service: ServiceId, line: &str) -> String {
    let log = ["starting", line, "ERROR: Elasticsearch did not exit normally"].map(str::to_owned);
    explained(service, End { exit_code: Some(1), log: &log, ..End::default() })
}

fn elastic(line: &str) -> String {
    wrote(first().first_node(), line)
}

fn kibana(line: &str) -> String {
    wrote(first().kibana(), line)
}

/// The explanation for a server that Docker refused to start.
fn refused(error: &str) -> String {
    explained(first().first_node(), End { error: Some(error), ..End::default() })
}

#[test]
fn an_end_for_want_of_memory() {
    let log = ["starting".to_owned()];
    let end = End { exit_code: Some(137), out_of_memory: true, log: &log, ..End::default() };
    insta::assert_snapshot!(explained(first().kibana(), end), @r"
    it needed more memory than its limit allows
    -
    give it more with `mesh create --kibana-memory 4g`
    ");
    insta::assert_snapshot!(explained(first().first_node(), End { out_of_memory: false, ..end }), @r"
    something killed it: the kernel, because the machine ran out of memory, or a `docker kill`
    -
    see which with `dmesg | grep -i 'killed process'`, and whether memory is short with `mesh doctor`
    ");
}

#[test]
fn more_memory_is_twice_what_there_is_by_the_setting_that_it_has_it_from() {
    let mut mesh = Mesh::example(4).with_nodes(4, 3);
    mesh.spec.elastic_memory = Memory::gibibytes(8);
    mesh.spec.kibana_memory = Memory::mebibytes(1536);
    let set = ["2.elastic_memory=3g", "3.kibana_memory=700m", "4.nodes=[{elastic_memory: 4g}, {}, {}]"];
    mesh.overrides.extend(set.map(|text| read_set(text).unwrap()));
    let end = End { exit_code: Some(137), out_of_memory: true, ..End::default() };
    let remedy = |service: ServiceId| explained_in(&mesh, service, end).lines().last().unwrap().to_owned();
    let mut found: Vec<String> = Vec::new();
    for cluster in mesh.clusters() {
        found.extend([remedy(cluster.first_node()), remedy(cluster.kibana())]);
    }
    let other = mesh.nodes(ClusterId::new(4).unwrap()).last().unwrap();
    found.push(remedy(other.into()));
    insta::assert_snapshot!(found.join("\n"), @r#"
    give it more with `mesh create --elastic-memory 16g`
    give it more with `mesh create --kibana-memory 3g`
    give it more with `mesh create --set cluster02.elastic_memory=6g`
    give it more with `mesh create --kibana-memory 3g`
    give it more with `mesh create --elastic-memory 16g`
    give it more with `mesh create --set cluster03.kibana_memory=1400m`
    give it more with `mesh create --set 'cluster04.nodes=[{"elastic_memory":"8g"},{},{}]'`
    give it more with `mesh create --kibana-memory 3g`
    give it more with `mesh create --elastic-memory 16g`
    "#);
}

#[test]
fn a_limit_above_the_containers_is_not_taken_for_their_own() {
    let above =
        |mebibytes: u64, reached| MemoryLimit { group: "/box".to_owned(), bytes: mebibytes << 20, used: 0, reached };
    let killed = |outer: &MemoryLimit, out_of_memory| {
        explained(
            first().first_node(),
            End { exit_code: Some(137), out_of_memory, outer: Some(outer), ..End::default() },
        )
    };
    insta::assert_snapshot!(killed(&above(620, true), true), @r"
    the control group /box allows all containers together 620 MiB of memory, and they needed more
    -
    raise the limit of that group, which is none of the mesh's; or ask for less with `mesh create --elastic-memory 1g`, for fewer clusters or `--no-kibana`; `mesh doctor` says what there is
    ");
    assert_eq!(killed(&above(620, true), false), killed(&above(620, true), true), "Docker does not tell of every kill");
    // two clusters with Kibana have 8 GiB
    for own in [above(620, false), above(9 << 10, true)] {
        assert!(killed(&own, true).starts_with("it needed more memory than its limit allows"), "{own:?}");
    }
    let stopped = End { exit_code: Some(143), outer: Some(&above(620, true)), ..End::default() };
    assert_eq!(explained(first().first_node(), stopped), "unknown");
}

#[test]
fn a_server_that_cannot_read_its_users_yet() {
    let line = r#"{"log.level":"ERROR", "message":"failed to retrieve password hash for reserved user [elastic]", "error.type":"org.elasticsearch.action.UnavailableShardsException","error.message":"at least one primary shard for the index [.security-7] is unavailable"}"#;
    assert!(cannot_read_users(&["starting".to_owned(), line.to_owned()]));
    assert!(!cannot_read_users(&[r#"{"message":"Authentication of [elastic] was terminated by realm [reserved] - failed to authenticate user [elastic]"}"#.to_owned()]));
}

#[test]
fn what_is_not_known_is_not_guessed() {
    let warns = r#"{"log.level":"WARN", "message":"max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]"}"#;
    assert_eq!(elastic(warns), "unknown");
    assert_eq!(kibana("something else"), "unknown");
    assert_eq!(explained(first().first_node(), End { exit_code: Some(0), ..End::default() }), "unknown");
}

#[test]
fn the_particular_is_found_before_the_general_wherever_it_stands() {
    let log = [
        r#"{"message":"fatal exception while booting Elasticsearch", "error.message":"failed to obtain node locks"}"#,
        "Caused by: java.nio.file.FileSystemException: /usr/share/elasticsearch/data/node.lock: No space left on device",
    ];
    let log = log.map(str::to_owned);
    assert!(explained(first().first_node(), End { log: &log, ..End::default() }).starts_with("the disk is full\n"));
}
