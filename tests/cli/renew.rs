//! `mesh keys` and `mesh certs`: help, and what is refused before anybody is asked.

use insta::assert_snapshot;

use crate::{fixture::Fixture, run, transcript};

#[test]
#[expect(clippy::too_many_lines, reason = "the help of three commands")]
fn help_of_commands_about_keys() {
    assert_snapshot!(run(&["keys", "--help"]), @r"
    exit 0
    Show, extend and replace the API keys by which clusters reach each other

    Usage: mesh keys [OPTIONS] <COMMAND>

    Commands:
      ls      Show each cluster's API key: when it ends, and which clusters hold it
      extend  Let the API keys live longer; nothing else changes
      rotate  Replace the API keys: the old ones end when the new ones are proved
      help    Print this message or the help of the given subcommand(s)

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
    assert_snapshot!(run(&["keys", "ls", "--help"]), @r"
    exit 0
    Show each cluster's API key: when it ends, and which clusters hold it

    Usage: mesh keys ls [OPTIONS] [CLUSTERS]...

    Arguments:
      [CLUSTERS]...
              The clusters, such as `1-3,7` [default: all]

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
    assert_snapshot!(run(&["keys", "extend", "--help"]), @r"
    exit 0
    Let the API keys live longer; nothing else changes

    Usage: mesh keys extend [OPTIONS] [CLUSTERS]...

    Arguments:
      [CLUSTERS]...  The clusters, such as `1-3,7` [default: all]

    Options:
          --dir <DIR>        The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh
                             for others] [env: MESH_DIR=/nonexistent/mesh]
          --key-days <DAYS>  From now on, in days, and for every key that is made later [default: as the
                             mesh has it]
          --name <NAME>      The mesh's name, for several on one engine: it stands in front of the names
                             of containers, and its directory is `mesh-NAME` beside the one above [env:
                             MESH_NAME=]
          --shorten          Go on where keys would end sooner than they do
          --dry-run          Print the plan and change nothing
      -q, --quiet            Print nothing but errors and what was asked for
          --timeout <TIME>   Give up after this long, for example `90s` or `10m` [default: 5m and 1m a
                             cluster]
      -v, --verbose...       Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG`
                             chooses in detail)
          --color <WHEN>     Controls when to use color [default: auto] [possible values: auto, always,
                             never]
      -h, --help             Print help
    ");
    assert_snapshot!(run(&["keys", "rotate", "--help"]), @r"
    exit 0
    Replace the API keys: the old ones end when the new ones are proved

    Usage: mesh keys rotate [OPTIONS] [CLUSTERS]...

    Arguments:
      [CLUSTERS]...  The clusters, such as `1-3,7` [default: all]

    Options:
          --dir <DIR>       The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh
                            for others] [env: MESH_DIR=/nonexistent/mesh]
          --dry-run         Print the plan and change nothing
          --name <NAME>     The mesh's name, for several on one engine: it stands in front of the names
                            of containers, and its directory is `mesh-NAME` beside the one above [env:
                            MESH_NAME=]
          --timeout <TIME>  Give up after this long, for example `90s` or `10m` [default: 5m and 1m a
                            cluster]
      -q, --quiet           Print nothing but errors and what was asked for
      -v, --verbose...      Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG`
                            chooses in detail)
          --color <WHEN>    Controls when to use color [default: auto] [possible values: auto, always,
                            never]
      -h, --help            Print help
    ");
}

#[test]
fn help_of_commands_about_certificates() {
    assert_snapshot!(run(&["certs", "--help"]), @r"
    exit 0
    Show and replace certificates, and the authorities that sign them

    Usage: mesh certs [OPTIONS] <COMMAND>

    Commands:
      ls      Show every certificate: what it is for, when it ends, and whether it can be used
      rotate  Replace the services' certificates; Elasticsearch is not restarted, Kibana is
      help    Print this message or the help of the given subcommand(s)

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
    assert_snapshot!(run(&["certs", "rotate", "--help"]), @r"
    exit 0
    Replace the services' certificates; Elasticsearch is not restarted, Kibana is

    Usage: mesh certs rotate [OPTIONS] [CLUSTERS]...

    Arguments:
      [CLUSTERS]...  The clusters, such as `1-3,7` [default: all]

    Options:
          --ca              Replace the authorities, too: each cluster trusts the old and the new one
                            until the new one is in use
          --dir <DIR>       The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh
                            for others] [env: MESH_DIR=/nonexistent/mesh]
          --dry-run         Print the plan and change nothing
          --name <NAME>     The mesh's name, for several on one engine: it stands in front of the names
                            of containers, and its directory is `mesh-NAME` beside the one above [env:
                            MESH_NAME=]
      -q, --quiet           Print nothing but errors and what was asked for
          --timeout <TIME>  Give up after this long, for example `90s` or `10m` [default: 5m and 1m a
                            cluster]
      -v, --verbose...      Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG`
                            chooses in detail)
          --color <WHEN>    Controls when to use color [default: auto] [possible values: auto, always,
                            never]
      -h, --help            Print help
    ");
}

#[test]
fn what_cannot_be_renewed() {
    let fixture = Fixture::new(41, "password");
    let told = |arguments: &[&str]| fixture.neutral(&transcript(&fixture.mesh(arguments).output().unwrap()));
    assert_snapshot!(told(&["keys", "rotate", "1", "4"]), @r"
    exit 2
    error: there is no cluster 4: the mesh has 3

    hint: `mesh status` shows the clusters
    ");
    for mistake in
        [&["keys", "ls", "4"] as &[&str], &["keys", "extend", "4"], &["certs", "ls", "4"], &["certs", "rotate", "4"]]
    {
        assert!(told(mistake).starts_with("exit 2\nerror: there is no cluster 4: the mesh has 3\n"), "{mistake:?}");
    }
    assert_snapshot!(told(&["keys", "extend", "--key-days", "0"]), @r"
    exit 2
    error: invalid value '0' for '--key-days <DAYS>': `0` is not a number of days from 1 to 3650

    For more information, try '--help'.
    ");
    assert!(told(&["keys", "rotate", "0"]).starts_with("exit 2\n"));
    assert!(told(&["keys", "rotate", "--ca"]).starts_with("exit 2\n"));
}
