//! What the commands with settings say of themselves.

use insta::assert_snapshot;

use crate::run;

#[test]
fn help_of_create() {
    assert_snapshot!(run(&["create", "--help"]), @r"
    exit 0
    Create a mesh of clusters, or bring the one that exists to these

    Usage: mesh create [OPTIONS] [CLUSTERS]

    Arguments:
      [CLUSTERS]  Which clusters: `8` for 1 to 8, or a set of 1 to 99 such as `5-8` or `1-4,7` [default:
                  those that there are]

    Options:
          --dir <DIR>                 The mesh's directory [default: /mnt/data/mesh for root,
                                      ~/.local/share/mesh for others] [env: MESH_DIR=/nonexistent/mesh]
          --reset                     Remove the mesh that exists, with its data, and start afresh; asks
                                      on a terminal, and nowhere else
          --name <NAME>               The mesh's name, for several on one engine: it stands in front of
                                      the names of containers, and its directory is `mesh-NAME` beside
                                      the one above [env: MESH_NAME=]
          --remove <CLUSTERS>         The clusters that are to be deleted with their data, where these
                                      are not the last of the mesh
      -q, --quiet                     Print nothing but errors and what was asked for
      -y, --yes                       Ask nothing
          --dry-run                   Print the plan and change nothing
      -v, --verbose...                Tell each step; -vv each call to Docker and Elasticsearch
                                      (`MESH_LOG` chooses in detail)
          --color <WHEN>              Controls when to use color [default: auto] [possible values: auto,
                                      always, never]
          --timings                   Tell what each stage took, and its slowest step
      -o, --output <OUTPUT>           How to print the plan or the timings: `text`, `json` or `yaml`
                                      [default: text]
          --recover-credentials       Bring lost passwords back from the files that hold them, and set
                                      those anew that none holds
          --force                     Go on when memory, disk or the kernel's table of neighbours seem
                                      too small
          --new-engine                Take the mesh to this Docker engine: the one it was on is gone,
                                      was installed anew or moved its data
          --new-defaults              Take the newer built-in templates and container options of this
                                      `mesh`, one cluster after the other
      -f, --file <FILE>               Settings from a file, `mesh.yaml`; `-` reads it from stdin
          --stack-version <VERSION>   Version of Elasticsearch and Kibana, 8.14.0 or later [default:
                                      9.5.3]
          --registry <HOST>           Registry of the images: a host, optionally with a port and a path
                                      [default: docker.elastic.co]
          --no-kibana                 Elasticsearch only
          --kibana                    Kibana, too, after `--no-kibana`
          --profile <PROFILE>         `server`, or `smoke` for smoke tests and laptops: small heaps,
                                      JVMs that boot soon and are slower later [default: server]
          --elastic-memory <SIZE>     Memory limit of an Elasticsearch container, 1g or more (stand-ins:
                                      512m); the heap is somewhat less than half of it [default: 2g,
                                      smoke 1536m]
          --kibana-memory <SIZE>      Memory limit of a Kibana container, 1g or more (stand-ins: 512m)
                                      [default: 2g, smoke 1g, before 9.4 1536m]
          --bind <ADDRESS>            Address of this machine that ports are published on [default:
                                      127.0.0.1]
          --subnet <NETWORK>          The mesh's Docker network, private and /16 to /24 [default: a free
                                      one]
          --ports <RANGE>             Range that the ports of new clusters are taken from, where they
                                      are free [default: by number, named 20000-29999]
          --no-hosts                  Keep the services' names out of `/etc/hosts`
          --hosts                     Write `/etc/hosts` (root only), after `--no-hosts`
          --share <PATTERN>           Indices that the other clusters may search, besides `mesh*`; once
                                      for each, in place of those given before [default: none]
          --topology <TOPOLOGY>       Which clusters search which: `all`, `none`, `hub:1` for one that
                                      searches the others, `hub:1,both` where they search it, too
                                      [default: all]
          --san <NAME>                Names and addresses that certificates are valid for, besides the
                                      mesh's own; once for each, in place of those given before
                                      [default: none]
          --key-days <DAYS>           Lifetime of the API keys between clusters, in days [default: 365]
          --license <FILE>            A license file for every cluster, of this run only: again when the
                                      mesh grows [default: as it is, else a trial of 30 days]
          --passphrase-words <COUNT>  How many words a generated password has, 3 to 20 [default: 6]
          --templates <DIR>           A directory whose `elasticsearch.yml`, `kibana.yml` or
                                      `jvm.options` stand in for the built-in templates [default:
                                      built-in]
          --no-templates              The built-in templates again, after `--templates`
          --settings <LINE>           Lines added to each `elasticsearch.yml`; what mesh sets itself is
                                      refused; once for each, in place of those given before [default:
                                      none]
          --kibana-settings <LINE>    Lines added to each `kibana.yml`; what mesh sets itself is
                                      refused; once for each, in place of those given before [default:
                                      none]
          --timeout <TIME>            Give up after this long, for example `90s` or `10m` [default: 5m
                                      and 1m a cluster]
          --set <SETTING>             A setting of single clusters, as in `cluster03.elastic_memory=4g`;
                                      until `--unset`
          --unset <SETTING>           Take back what `--set` recorded, as in `cluster03.elastic_memory`
      -h, --help                      Print help

    Every setting can be set in the environment, too, as in MESH_ELASTIC_MEMORY=3g, MESH_KIBANA=false or
    MESH_SHARE='logs-*,metrics-*'; an empty variable sets nothing. Flags come first, then the
    environment, then the file, then what the mesh has, then the default: `mesh config` shows which.
    ");
}

#[test]
fn help_of_config() {
    assert_snapshot!(run(&["config", "--help"]), @r"
    exit 0
    Print the settings in force and where each comes from

    Usage: mesh config [OPTIONS] [CLUSTERS]

    Arguments:
      [CLUSTERS]  Which clusters: `8` for 1 to 8, or a set of 1 to 99 such as `5-8` or `1-4,7` [default:
                  those that there are]

    Options:
          --dir <DIR>                 The mesh's directory [default: /mnt/data/mesh for root,
                                      ~/.local/share/mesh for others] [env: MESH_DIR=/nonexistent/mesh]
          --schema                    Print the JSON Schema of the settings file instead
          --name <NAME>               The mesh's name, for several on one engine: it stands in front of
                                      the names of containers, and its directory is `mesh-NAME` beside
                                      the one above [env: MESH_NAME=]
      -o, --output <OUTPUT>           How to print it: `text`, `json`, or `yaml`, which is a settings
                                      file [default: text]
      -f, --file <FILE>               Settings from a file, `mesh.yaml`; `-` reads it from stdin
      -q, --quiet                     Print nothing but errors and what was asked for
          --stack-version <VERSION>   Version of Elasticsearch and Kibana, 8.14.0 or later [default:
                                      9.5.3]
      -v, --verbose...                Tell each step; -vv each call to Docker and Elasticsearch
                                      (`MESH_LOG` chooses in detail)
          --color <WHEN>              Controls when to use color [default: auto] [possible values: auto,
                                      always, never]
          --registry <HOST>           Registry of the images: a host, optionally with a port and a path
                                      [default: docker.elastic.co]
          --no-kibana                 Elasticsearch only
          --kibana                    Kibana, too, after `--no-kibana`
          --profile <PROFILE>         `server`, or `smoke` for smoke tests and laptops: small heaps,
                                      JVMs that boot soon and are slower later [default: server]
          --elastic-memory <SIZE>     Memory limit of an Elasticsearch container, 1g or more (stand-ins:
                                      512m); the heap is somewhat less than half of it [default: 2g,
                                      smoke 1536m]
          --kibana-memory <SIZE>      Memory limit of a Kibana container, 1g or more (stand-ins: 512m)
                                      [default: 2g, smoke 1g, before 9.4 1536m]
          --bind <ADDRESS>            Address of this machine that ports are published on [default:
                                      127.0.0.1]
          --subnet <NETWORK>          The mesh's Docker network, private and /16 to /24 [default: a free
                                      one]
          --ports <RANGE>             Range that the ports of new clusters are taken from, where they
                                      are free [default: by number, named 20000-29999]
          --no-hosts                  Keep the services' names out of `/etc/hosts`
          --hosts                     Write `/etc/hosts` (root only), after `--no-hosts`
          --share <PATTERN>           Indices that the other clusters may search, besides `mesh*`; once
                                      for each, in place of those given before [default: none]
          --topology <TOPOLOGY>       Which clusters search which: `all`, `none`, `hub:1` for one that
                                      searches the others, `hub:1,both` where they search it, too
                                      [default: all]
          --san <NAME>                Names and addresses that certificates are valid for, besides the
                                      mesh's own; once for each, in place of those given before
                                      [default: none]
          --key-days <DAYS>           Lifetime of the API keys between clusters, in days [default: 365]
          --license <FILE>            A license file for every cluster, of this run only: again when the
                                      mesh grows [default: as it is, else a trial of 30 days]
          --passphrase-words <COUNT>  How many words a generated password has, 3 to 20 [default: 6]
          --templates <DIR>           A directory whose `elasticsearch.yml`, `kibana.yml` or
                                      `jvm.options` stand in for the built-in templates [default:
                                      built-in]
          --no-templates              The built-in templates again, after `--templates`
          --settings <LINE>           Lines added to each `elasticsearch.yml`; what mesh sets itself is
                                      refused; once for each, in place of those given before [default:
                                      none]
          --kibana-settings <LINE>    Lines added to each `kibana.yml`; what mesh sets itself is
                                      refused; once for each, in place of those given before [default:
                                      none]
          --timeout <TIME>            Give up after this long, for example `90s` or `10m` [default: 5m
                                      and 1m a cluster]
          --set <SETTING>             A setting of single clusters, as in `cluster03.elastic_memory=4g`;
                                      until `--unset`
          --unset <SETTING>           Take back what `--set` recorded, as in `cluster03.elastic_memory`
      -h, --help                      Print help

    Every setting can be set in the environment, too, as in MESH_ELASTIC_MEMORY=3g, MESH_KIBANA=false or
    MESH_SHARE='logs-*,metrics-*'; an empty variable sets nothing. Flags come first, then the
    environment, then the file, then what the mesh has, then the default: `mesh config` shows which.
    ");
}
