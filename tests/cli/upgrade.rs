//! `mesh upgrade`: its help, and where it is refused before any engine is asked.

use std::fs;

use insta::assert_snapshot;

use crate::{fixture::Fixture, run, transcript};

#[test]
fn help_of_upgrade() {
    assert_snapshot!(run(&["upgrade", "--help"]), @r"
    exit 0
    Go to a newer version of Elasticsearch and Kibana, cluster by cluster

    Each cluster is stopped, started on the new version and linked again before the next one is. Data,
    passwords, API keys and edited configuration files stay. There is no way back but a snapshot that
    was taken before. Whatever interrupts it, the same command goes on.

    Usage: mesh upgrade [OPTIONS] <VERSION>

    Arguments:
      <VERSION>
              The version to go to: newer, and none that skips a major one

    Options:
          --dir <DIR>
              The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
              
              [env: MESH_DIR=/nonexistent/mesh]

      -y, --yes
              Ask nothing

          --dry-run
              Print the plan and change nothing

          --name <NAME>
              The mesh's name, for several on one engine: it stands in front of the names of containers,
              and its directory is `mesh-NAME` beside the one above
              
              [env: MESH_NAME=]

      -o, --output <OUTPUT>
              How to print the plan: `text`, `json` or `yaml` [default: text]

      -q, --quiet
              Print nothing but errors and what was asked for

          --timeout <TIME>
              Give up when a cluster takes longer than this, for example `90s` or `10m`
              
              [default: 10m]

      -v, --verbose...
              Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses in detail)

          --color <WHEN>
              Controls when to use color
              
              [default: auto]
              [possible values: auto, always, never]

      -h, --help
              Print help (see a summary with '-h')
    ");
}

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
