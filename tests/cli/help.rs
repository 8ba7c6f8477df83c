//! `--help` of every command, word for word.

#![expect(clippy::too_many_lines, reason = "what is said is long")]

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
