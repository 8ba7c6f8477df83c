//! `mesh upgrade`: its help, and where it is refused before any engine is asked.

use std::fs;

use insta::assert_snapshot;

use crate::{fixture::Fixture, run, transcript};

#[test]
fn what_elasticsearch_cannot_do_needs_no_engine_to_be_refused() {
    let fixture = Fixture::new(61, "correct-horse");
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
    let told = transcript(&fixture.mesh(&["upgrade", "9.6.0", "--dry-run"]).output().unwrap());
    assert!(told.starts_with("exit 3\nerror: Docker is not "), "{told}");
}

#[test]
fn one_upgrade_after_the_other() {
    let fixture = Fixture::new(62, "correct-horse");
    let path = fixture.dir.path().join("mesh.json");
    let record = fs::read_to_string(&path).unwrap();
    let behind = record.replacen('{', r#"{"behind": {"cluster02": "8.19.21", "cluster03": "8.19.21"},"#, 1);
    fs::write(&path, behind).unwrap();
    assert_snapshot!(transcript(&fixture.mesh(&["upgrade", "9.6.0"]).output().unwrap()), @r"
    exit 2
    error: an upgrade to 9.5.3 is under way

    hint: `mesh upgrade 9.5.3` goes on with it; another can follow when it is done
    ");
    let told = transcript(&fixture.mesh(&["upgrade", "9.5.3", "--dry-run"]).output().unwrap());
    assert!(told.starts_with("exit 3\nerror: Docker is not "), "{told}");
}
