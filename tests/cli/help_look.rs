//! `--help` of the commands that look, word for word.

use insta::assert_snapshot;

use crate::run;

#[test]
fn help_of_commands_that_look() {
    assert_snapshot!(run(&["status", "--help"]), @r"
    exit 0
    Show the mesh: every cluster and every link, and what is not as it was asked for

    Usage: mesh status [OPTIONS]

    Options:
          --dir <DIR>
              The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
              
              [env: MESH_DIR=/nonexistent/mesh]

      -o, --output <OUTPUT>
              How to print it

              Possible values:
              - table: For people
              - wide:  For people with a wide terminal
              - json
              - yaml
              
              [default: table]

          --matrix
              Draw the links as a matrix, a row a cluster and a column a remote

          --name <NAME>
              The mesh's name, for several on one engine: it stands in front of the names of containers,
              and its directory is `mesh-NAME` beside the one above
              
              [env: MESH_NAME=]

      -q, --quiet
              Print nothing but errors and what was asked for

      -w, --watch
              Look again every two seconds, until Ctrl-C

      -v, --verbose...
              Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses in detail)

          --color <WHEN>
              Controls when to use color
              
              [default: auto]
              [possible values: auto, always, never]

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(run(&["verify", "--help"]), @r"
    exit 0
    Prove every link, and say why one is down

    Usage: mesh verify [OPTIONS]

    Options:
          --dir <DIR>
              The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
              
              [env: MESH_DIR=/nonexistent/mesh]

      -o, --output <OUTPUT>
              How to print it

              Possible values:
              - text: For people
              - json
              - yaml
              
              [default: text]

          --fix
              Do what `mesh create` would do to mend the mesh, and prove it again

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
    assert_snapshot!(run(&["logs", "--help"]), @r"
    exit 0
    Show what the services write

    Usage: mesh logs [OPTIONS] [CLUSTERS]...

    Arguments:
      [CLUSTERS]...  The clusters, such as `1-3,7` [default: all]

    Options:
          --dir <DIR>          The mesh's directory [default: /mnt/data/mesh for root,
                               ~/.local/share/mesh for others] [env: MESH_DIR=/nonexistent/mesh]
          --service <SERVICE>  Of this service only [possible values: elastic, kibana]
      -f, --follow             Go on as more is written, until Ctrl-C
          --name <NAME>        The mesh's name, for several on one engine: it stands in front of the
                               names of containers, and its directory is `mesh-NAME` beside the one
                               above [env: MESH_NAME=]
      -q, --quiet              Print nothing but errors and what was asked for
          --since <TIME>       Not older than this: `90s`, `10m`, `2h`, or a time such as
                               `2026-01-31T12:00:00Z`
      -n, --tail <COUNT>       Not more than the last COUNT lines of each service
      -v, --verbose...         Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG`
                               chooses in detail)
          --color <WHEN>       Controls when to use color [default: auto] [possible values: auto,
                               always, never]
          --raw                Every line as it was written, with nothing before it: for programs
      -h, --help               Print help
    ");
}
