//! `mesh upgrade`: where it is refused before any engine is asked.

use std::fs;

use insta::assert_snapshot;

use crate::{fixture::Fixture, run, transcript};

#[test]
fn what_elasticsearch_cannot_do_needs_no_engine_to_be_refused() {
    let fixture = Fixture::new(51, "correct-horse");
    let upgrade = |version: &str| transcript(&fixture.mesh(&["upgrade", version]).output().unwrap());
    assert_snapshot!(upgrade("8.19.21"), @r"
    exit 2
    error: the mesh runs 9.5.3, and Elasticsearch cannot go back to 8.19.21

    hint: `mesh create --reset --stack-version 8.19.21` starts afresh and deletes the data
    ");
    assert_snapshot!(upgrade("11.0.0"), @r"
    exit 2
    error: from 9.5.3 to 11.0.0 a major version would be skipped

    hint: upgrade to 10.x first, and from there on; see <https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>
    ");
    assert_snapshot!(upgrade("9.5"), @r"
    exit 2
    error: invalid value '9.5' for '<VERSION>': `9.5` is not a version such as `9.5.3`

    For more information, try '--help'.
    ");
    assert_snapshot!(run(&["upgrade", "9.6.0"]), @r"
    exit 2
    error: there is no mesh in /nonexistent/mesh

    hint: make one with `mesh create 2`, or name its directory with `--dir`
    ");
    // what may be gets as far as the engine
    let printed = transcript(&fixture.mesh(&["upgrade", "9.6.0", "--dry-run"]).output().unwrap());
    assert!(printed.starts_with("exit 3\nerror: Docker is not "), "{printed}");
}

#[test]
fn one_upgrade_after_the_other() {
    let fixture = Fixture::new(52, "correct-horse");
    let path = fixture.dir.path().join("mesh.json");
    let record = fs::read_to_string(&path).unwrap();
    let behind = record.replacen('{', r#"{"behind": {"cluster02": "8.19.21", "cluster03": "8.19.21"},"#, 1);
    fs::write(&path, behind).unwrap();
    assert_snapshot!(transcript(&fixture.mesh(&["upgrade", "9.6.0"]).output().unwrap()), @r"
    exit 2
    error: an upgrade to 9.5.3 is in progress

    hint: `mesh upgrade 9.5.3` continues it; another can follow when it is done
    ");
    let printed = transcript(&fixture.mesh(&["upgrade", "9.5.3", "--dry-run"]).output().unwrap());
    assert!(printed.starts_with("exit 3\nerror: Docker is not "), "{printed}");
}

#[test]
fn clusters_by_themselves() {
    let fixture = Fixture::new(53, "correct-horse");
    let upgrade = |clusters: &str| transcript(&fixture.mesh(&["upgrade", "9.7.0", clusters]).output().unwrap());
    assert_snapshot!(upgrade("2"), @r"
    exit 2
    error: cluster02 on 9.7.0 would search cluster01 on 9.5.3, which Elastic does not support

    hint: `mesh upgrade 9.7.0` brings every cluster to one version; or let the older search the newer alone, as `mesh create` with `--topology hub:1` does; see <https://www.elastic.co/docs/solutions/search/cross-cluster-search#ccs-supported-configurations>
    ");
    assert_snapshot!(upgrade("2,7"), @r"
    exit 2
    error: there is no cluster 7: the mesh has 3

    hint: `mesh status` shows the clusters
    ");
    assert_snapshot!(upgrade("two"), @r"
    exit 2
    error: invalid value 'two' for '[CLUSTERS]': `two` is not a set of clusters from 1 to 99 such as `1-3,7`

    For more information, try '--help'.
    ");
    // a minor version apart, all may search all
    let printed = transcript(&fixture.mesh(&["upgrade", "9.6.0", "2-3", "--dry-run"]).output().unwrap());
    assert!(printed.starts_with("exit 3\nerror: Docker is not "), "{printed}");
}
