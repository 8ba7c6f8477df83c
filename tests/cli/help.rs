//! `--help` of every command, word for word.

use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::{mesh, run};

/// A shell that completes words asks `mesh` at every press of a key.
const SOON: Duration = Duration::from_millis(10);

#[test]
fn help_comes_at_once() {
    let took = || {
        let begun = Instant::now();
        mesh(&["--help"]).output().unwrap();
        begun.elapsed()
    };
    // the machine may be busy with something else, though not at every time
    let least = (0..50).map(|_| took()).min().unwrap();
    assert!(least < SOON, "{least:?}");
}

#[test]
fn help_of_mesh() {
    assert_snapshot!(run(&["--help"]), @r#"
    exit 0
    A data mesh: Elasticsearch clusters on one Docker host, each a remote cluster of every other

    Usage: mesh [OPTIONS] <COMMAND>

    Life of a mesh:
      create       Create a mesh of clusters, or bring the one that exists to these
      manage       Start, stop, restart, remove or bring back the containers of some clusters
      upgrade      Go to a newer version of Elasticsearch and Kibana, cluster by cluster
      reset        Remove the mesh: its containers, its network and its directory with all data
      ls           List the meshes of this Docker engine, also those whose directories are gone

    Health:
      status       Show the mesh: every cluster and every link, and what is not as it was asked for
      verify       Prove every link, and say why one is down
      doctor       Check the machine: is it ready for a mesh?
      logs         Show what the services write

    Use:
      search       Search the whole mesh
      es           Send a request to a cluster's Elasticsearch, as `elastic`
      credentials  Print users, passwords and URLs
      env          Print variables for a shell: `eval "$(mesh env 3)"`

    Trust:
      keys         Show, extend and replace the API keys by which clusters reach each other
      certs        Show and replace certificates, and the authorities that sign them

    This program:
      config       Print the settings in force and where each comes from
      completions  Print a script that completes commands and cluster numbers
      man          Write the manual pages
      help         Print this message or the help of the given subcommand(s)

    Options:
          --dir <DIR>     The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh
                          for others] [env: MESH_DIR=/nonexistent/mesh]
          --name <NAME>   The mesh's name, for several on one engine: it stands in front of the names of
                          containers, and its directory is `mesh-NAME` beside the one above [env:
                          MESH_NAME=]
      -q, --quiet         Print nothing but errors and what was asked for
      -v, --verbose...    Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses
                          in detail)
          --color <WHEN>  Controls when to use color [default: auto] [possible values: auto, always,
                          never]
      -h, --help          Print help
      -V, --version       Print version

    First `mesh doctor 2`, then `mesh create 2 --dry-run`, then `mesh create 2`.

    Exit codes: 0 as asked; 1 the mesh is not as it should be; 2 the request is wrong; 3 the machine is
    not ready; 4 stopped part-way, or answered with no: type it again; 5 another run holds the lock.
    "#);
}

#[test]
fn help_of_manage_and_reset() {
    assert_snapshot!(run(&["manage", "--help"]), @r"
    exit 0
    Start, stop, restart, remove or bring back the containers of some clusters

    Usage: mesh manage [OPTIONS] <ACTION> <CLUSTERS> [COUNT]

    Arguments:
      <ACTION>
              What the clusters are to do

              Possible values:
              - up:      Make containers again that `down` removed, and start them
              - down:    Stop and remove the containers; the data stays
              - start:   Start the containers
              - stop:    Stop the containers
              - restart: Stop the containers and start them

      <CLUSTERS>
              The clusters, such as `1-3,7`, or the first of COUNT

      [COUNT]
              How many clusters from a single one on [default: 1]

    Options:
          --dir <DIR>
              The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
              
              [env: MESH_DIR=/nonexistent/mesh]

          --timeout <TIME>
              Give up after this long, for example `90s` or `10m` [default: 5m and 1m a cluster]

          --name <NAME>
              The mesh's name, for several on one engine: it stands in front of the names of containers,
              and its directory is `mesh-NAME` beside the one above
              
              [env: MESH_NAME=]

      -q, --quiet
              Print nothing but errors and what was asked for

      -v, --verbose...
              Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses in detail)

          --color <WHEN>
              Controls when to use color
              
              [default: auto]
              [possible values: auto, always, never]

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(run(&["reset", "--help"]), @r"
    exit 0
    Remove the mesh: its containers, its network and its directory with all data

    Usage: mesh reset [OPTIONS]

    Options:
          --dir <DIR>        The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh
                             for others] [env: MESH_DIR=/nonexistent/mesh]
      -y, --yes              Ask nothing
          --dry-run          Print the plan and change nothing
          --name <NAME>      The mesh's name, for several on one engine: it stands in front of the names
                             of containers, and its directory is `mesh-NAME` beside the one above [env:
                             MESH_NAME=]
      -o, --output <OUTPUT>  How to print the plan: `text`, `json` or `yaml` [default: text]
      -q, --quiet            Print nothing but errors and what was asked for
          --new-engine       Go on though the mesh is on another Docker engine: that one is gone, was
                             installed anew or moved its data
      -v, --verbose...       Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG`
                             chooses in detail)
          --color <WHEN>     Controls when to use color [default: auto] [possible values: auto, always,
                             never]
      -h, --help             Print help
    ");
}
