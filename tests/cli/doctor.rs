//! `mesh doctor` where no engine can be asked.

use insta::assert_snapshot;

use crate::{mesh, run, transcript};

#[test]
fn help_of_doctor() {
    assert_snapshot!(run(&["doctor", "-h"]), @r"
    exit 0
    Check the machine: is it ready for a mesh?

    Usage: mesh doctor [OPTIONS] [CLUSTERS]

    Arguments:
      [CLUSTERS]  Which clusters: `8` for 1 to 8, or a set of 1 to 99 such as `5-8` or `1-4,7` [default:
                  those that there are]

    Options:
          --dir <DIR>                 The mesh's directory [default: /mnt/data/mesh for root,
                                      ~/.local/share/mesh for others] [env: MESH_DIR=/nonexistent/mesh]
      -o, --output <OUTPUT>           How to print it [default: text] [possible values: text, json,
                                      yaml]
          --fix                       Mend what is safe to mend: kernel settings
          --name <NAME>               The mesh's name, for several on one engine: it stands in front of
                                      the names of containers, and its directory is `mesh-NAME` beside
                                      the one above [env: MESH_NAME=]
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
      -h, --help                      Print help (see more with '--help')

    Every setting can be set in the environment, too, as in MESH_ELASTIC_MEMORY=3g, MESH_KIBANA=false or
    MESH_SHARE='logs-*,metrics-*'; an empty variable sets nothing. Flags come first, then the
    environment, then the file, then what the mesh has, then the default: `mesh config` shows which.
    ");
}

#[test]
fn a_machine_without_an_engine_is_checked_all_the_same() {
    let output = mesh(&["doctor", "3", "-o", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", transcript(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["version"], &report["clusters"]), (&1.into(), &3.into()));
    let checks = report["checks"].as_array().unwrap();
    let result = |check: &str| {
        let found = checks.iter().find(|line| line["check"] == check);
        found.unwrap_or_else(|| panic!("{check} should be in {report}"))["result"].as_str().unwrap()
    };
    assert_eq!(result("docker"), "problem");
    for check in ["cgroup", "images", "other meshes"] {
        assert_eq!(result(check), "unchecked");
    }
    for check in ["memory", "disk", "network", "ports", "max_map_count", "inotify"] {
        assert_ne!(result(check), "unchecked", "{check}");
    }
    for line in checks {
        assert!(!line["message"].as_str().unwrap().is_empty(), "{line}");
        let stands = ["warning", "problem"].contains(&line["result"].as_str().unwrap());
        assert_eq!(line["remedy"].is_string(), stands, "{line}");
    }

    let told = run(&["doctor"]);
    assert!(told.starts_with("exit 3\n✗ docker         Docker is not "), "{told}");
    assert!(told.contains("\n- cgroup         not checked: Docker cannot be asked\n"), "{told}");
    let yaml = run(&["doctor", "-o", "yaml"]);
    assert!(
        yaml.starts_with("exit 3\nversion: 1\nclusters: 2\nchecks:\n- check: docker\n  result: problem\n"),
        "{yaml}"
    );
}

/// As `mesh create` would make it, so that nobody has to make one to learn that it does not fit.
#[test]
fn a_mesh_of_other_settings_is_checked() {
    let memory = |settings: &[&str]| {
        let told = run(&[&["doctor", "99"], settings].concat());
        let line = told.lines().find(|line| line[3..].trim_start().starts_with("memory"));
        let line = line.unwrap_or_else(|| panic!("memory should be in {told}"));
        // what the machine has free changes from one run to the next
        line.split(", and ").next().unwrap_or_default().to_owned()
    };
    assert_ne!(memory(&[]), memory(&["--no-kibana"]));
    assert_ne!(memory(&["--no-kibana"]), memory(&["--no-kibana", "--profile", "smoke"]));
    let refused = run(&["doctor", "-f", "/nonexistent/mesh.yaml"]);
    assert!(refused.starts_with("exit 2\nerror: /nonexistent/mesh.yaml cannot be read"), "{refused}");
}
