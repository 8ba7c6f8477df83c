//! `--help` of the commands that ask and hand out, word for word.

#![expect(clippy::too_many_lines, reason = "what is said is long")]

use insta::assert_snapshot;

use crate::run;

#[test]
fn help_of_commands_that_ask_and_hand_out() {
    assert_snapshot!(run(&["es", "--help"]), @r"
    exit 0
    Send a request to a cluster's Elasticsearch, as `elastic`

    Usage: mesh es [OPTIONS] <CLUSTER> <METHOD> <PATH> [BODY]

    Arguments:
      <CLUSTER>  The cluster's number
      <METHOD>   In capitals or not [possible values: GET, PUT, POST, DELETE, HEAD]
      <PATH>     For example `/_cat/indices?v`; the first slash may be left out
      [BODY]     JSON, or NDJSON for `_bulk` and `_msearch`; `@FILE` reads it from a file and `-` from
                 stdin

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
    ");
    assert_snapshot!(run(&["search", "--help"]), @r"
    exit 0
    Search the whole mesh

    Usage: mesh search [OPTIONS] <INDEX> [QUERY]

    Arguments:
      <INDEX>
              Indices in every cluster, for example `mesh-*` or `mesh-*,-mesh-old*`

      [QUERY]
              As in a search box: `status:500 AND host:web*` [default: everything]

    Options:
          --dir <DIR>
              The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
              
              [env: MESH_DIR=/nonexistent/mesh]

      -n, --size <COUNT>
              How many hits to show
              
              [default: 10]

          --name <NAME>
              The mesh's name, for several on one engine: it stands in front of the names of containers,
              and its directory is `mesh-NAME` beside the one above
              
              [env: MESH_NAME=]

          --on <CLUSTERS>
              Search these clusters only, such as `1-3,7` [default: all]

          --from <CLUSTER>
              The cluster that searches [default: the first that answers]

      -q, --quiet
              Print nothing but errors and what was asked for

      -o, --output <OUTPUT>
              How to print it

              Possible values:
              - text: For people
              - json
              - yaml
              
              [default: text]

      -v, --verbose...
              Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses in detail)

          --color <WHEN>
              Controls when to use color
              
              [default: auto]
              [possible values: auto, always, never]

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(run(&["credentials", "--help"]), @r"
    exit 0
    Print users, passwords and URLs

    Usage: mesh credentials [OPTIONS]

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
    assert_snapshot!(run(&["env", "--help"]), @r#"
    exit 0
    Print variables for a shell: `eval "$(mesh env 3)"`

    They are `MESH_CLUSTER`, `ES_URL`, `ES_USER`, `ES_PASSWORD`, `ES_CACERT` and, where there is a
    Kibana, `KIBANA_URL`. In fish: `mesh env 3 | source`.

    Usage: mesh env [OPTIONS] <CLUSTER>

    Arguments:
      <CLUSTER>
              The cluster's number

    Options:
          --dir <DIR>
              The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
              
              [env: MESH_DIR=/nonexistent/mesh]

          --shell <SHELL>
              The shell that reads it [default: the one in `SHELL`]
              
              [possible values: bash, zsh, fish]

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
    "#);
    assert_snapshot!(run(&["completions", "--help"]), @r"
    exit 0
    Print a script that completes commands and cluster numbers

    `source <(mesh completions bash)` reads it; put that into `~/.bashrc`, so that it is always this
    program's own. In fish: `mesh completions fish | source`.

    Usage: mesh completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>
              The shell that reads it
              
              [possible values: bash, elvish, fish, powershell, zsh]

    Options:
          --dir <DIR>
              The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
              
              [env: MESH_DIR=/nonexistent/mesh]

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
    assert_snapshot!(run(&["man", "--help"]), @r"
    exit 0
    Write the manual pages

    Usage: mesh man [OPTIONS] <DIR>

    Arguments:
      <DIR>  The directory to write them to; it is made if it is missing

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
    ");
}
