//! `--help` of every command, word for word.

use insta::assert_snapshot;

use crate::run;

#[test]
fn help_of_every_command() {
    assert_snapshot!(run(&["--help"]), @r#"
    exit 0
    A data mesh: Elasticsearch clusters on one Docker host, each a remote cluster of every other

    Usage: mesh [OPTIONS] <COMMAND>

    Commands:
      create       Create a mesh of N clusters, or bring the one that exists to N
      manage       Start, stop, restart, remove or bring back the containers of some clusters
      reset        Remove the mesh: its containers, its network and its directory with all data
      status       Show the mesh: every cluster and every link, and what is not as it was asked for
      verify       Prove every link, and say why one is down
      doctor       Check the machine: is it ready for a mesh?
      logs         Show what the services write
      es           Send a request to a cluster's Elasticsearch, as `elastic`
      search       Search the whole mesh
      credentials  Print the mesh's passwords
      env          Print variables for a shell: `eval "$(mesh env 3)"`
      config       Print the settings in force and where each comes from
      completions  Print a script that completes commands and cluster numbers
      man          Write the manual pages
      help         Print this message or the help of the given subcommand(s)

    Options:
          --dir <DIR>     The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh
                          for others] [env: MESH_DIR=/nonexistent/mesh]
      -q, --quiet         Print nothing but errors and what was asked for
      -v, --verbose...    Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses
                          in detail)
          --color <WHEN>  Controls when to use color [default: auto] [possible values: auto, always,
                          never]
      -h, --help          Print help
      -V, --version       Print version
    "#);
    assert_snapshot!(run(&["create", "--help"]), @r"
    exit 0
    Create a mesh of N clusters, or bring the one that exists to N

    Usage: mesh create [OPTIONS] [N]

    Arguments:
      [N]  How many clusters, 1 to 99 [default: as many as there are]

    Options:
          --dir <DIR>                The mesh's directory [default: /mnt/data/mesh for root,
                                     ~/.local/share/mesh for others] [env: MESH_DIR=/nonexistent/mesh]
          --reset                    Remove the mesh that exists, with its data, and start afresh
      -y, --yes                      Ask nothing
          --dry-run                  Print the plan and change nothing
          --force                    Go on when memory or disk seem too small
          --stack-version <VERSION>  Version of Elasticsearch and Kibana [default: 9.5.3]
          --registry <HOST>          Registry of the images [default: docker.elastic.co] [env:
                                     MESH_REGISTRY=]
          --no-kibana                Elasticsearch only
          --kibana                   Kibana, too, after `--no-kibana`
          --bind <ADDRESS>           Address of this machine that ports are published on [default:
                                     127.0.0.1]
          --subnet <NETWORK>         The mesh's Docker network, /16 to /24 [default: a free one]
          --elastic-memory <SIZE>    Memory limit of an Elasticsearch container; the heap is half of it
                                     [default: 2g]
          --kibana-memory <SIZE>     Memory limit of a Kibana container [default: 2g]
          --share <PATTERN>          Indices that the other clusters may search, besides `mesh*`; can be
                                     given again
          --san <NAME>               A name or address that certificates are valid for, besides the
                                     mesh's own; can be given again
          --key-days <DAYS>          Lifetime of the API keys between clusters, in days [default: 365]
          --license <FILE>           A licence file for every cluster; a trial of 30 days otherwise
          --no-hosts                 Leave `/etc/hosts` alone
          --hosts                    Write `/etc/hosts` (root only), after `--no-hosts`
          --timeout <TIME>           Give up after this long, for example `90s` or `10m` [default: 5m
                                     and 1m a cluster]
      -h, --help                     Print help
    ");
    assert_snapshot!(run(&["manage", "--help"]), @r"
    exit 0
    Start, stop, restart, remove or bring back the containers of some clusters

    Usage: mesh manage [OPTIONS] <ACTION> <START> [COUNT]

    Arguments:
      <ACTION>
              What the clusters are to do

              Possible values:
              - up:      Make containers again that `down` removed, and start them
              - down:    Stop and remove the containers; the data stays
              - start:   Start the containers
              - stop:    Stop the containers
              - restart: Stop the containers and start them

      <START>
              The first cluster

      [COUNT]
              How many clusters from START on
              
              [default: 1]

    Options:
          --dir <DIR>
              The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
              
              [env: MESH_DIR=/nonexistent/mesh]

          --timeout <TIME>
              Give up after this long, for example `90s` or `10m` [default: 5m and 1m a cluster]

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
          --dir <DIR>     The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh
                          for others] [env: MESH_DIR=/nonexistent/mesh]
      -y, --yes           Ask nothing
      -q, --quiet         Print nothing but errors and what was asked for
      -v, --verbose...    Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses
                          in detail)
          --color <WHEN>  Controls when to use color [default: auto] [possible values: auto, always,
                          never]
      -h, --help          Print help
    ");
}

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

      -q, --quiet
              Print nothing but errors and what was asked for

      -v, --verbose...
              Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses in detail)

      -w, --watch
              Look again every two seconds, until Ctrl-C

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
              Mend what can be mended, and prove it again

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

    Usage: mesh logs [OPTIONS] [CLUSTER]...

    Arguments:
      [CLUSTER]...  The clusters [default: all]

    Options:
          --dir <DIR>          The mesh's directory [default: /mnt/data/mesh for root,
                               ~/.local/share/mesh for others] [env: MESH_DIR=/nonexistent/mesh]
          --service <SERVICE>  Of this service only [possible values: elastic, kibana]
      -f, --follow             Go on as more is written, until Ctrl-C
      -q, --quiet              Print nothing but errors and what was asked for
          --since <TIME>       Not older than this: `90s`, `10m`, `2h`, or a time such as
                               `2026-01-31T12:00:00Z`
      -v, --verbose...         Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG`
                               chooses in detail)
          --color <WHEN>       Controls when to use color [default: auto] [possible values: auto,
                               always, never]
          --raw                Every line as it was written, with nothing before it: for programs
      -h, --help               Print help
    ");
}

#[test]
fn help_of_commands_that_ask_and_hand_out() {
    assert_snapshot!(run(&["es", "--help"]), @r"
    exit 0
    Send a request to a cluster's Elasticsearch, as `elastic`

    Usage: mesh es [OPTIONS] <CLUSTER> <METHOD> <PATH> [BODY]

    Arguments:
      <CLUSTER>  The cluster's number
      <METHOD>   What to do with the path [possible values: GET, PUT, POST, DELETE, HEAD]
      <PATH>     For example `/_cat/indices?v`; the first slash may be left out
      [BODY]     JSON, or NDJSON for `_bulk` and `_msearch`; `@FILE` reads it from a file and `-` from
                 stdin

    Options:
          --dir <DIR>     The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh
                          for others] [env: MESH_DIR=/nonexistent/mesh]
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
    Print the mesh's passwords

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
      -q, --quiet         Print nothing but errors and what was asked for
      -v, --verbose...    Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses
                          in detail)
          --color <WHEN>  Controls when to use color [default: auto] [possible values: auto, always,
                          never]
      -h, --help          Print help
    ");
}
