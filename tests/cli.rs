//! The binary from outside, where no Docker engine is needed: help, mistakes, hints, exit codes.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test is a program of its own")]

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixListener, process::CommandExt as _},
    process::{Command, Output},
};

use insta::assert_snapshot;

/// `mesh` with these arguments, no engine to talk to and a home of its own.
fn mesh(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("MESH_DIR", "/nonexistent/mesh")
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    command
}

/// The exit code and what was said, for people to read.
fn transcript(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {}\n{}{}", output.status.code().unwrap_or(-1), out.trim_end(), err.trim_end())
}

fn run(arguments: &[&str]) -> String {
    transcript(&mesh(arguments).output().unwrap())
}

#[test]
fn help_of_every_command() {
    assert_snapshot!(run(&["--help"]), @r"
    exit 0
    A data mesh: Elasticsearch clusters on one Docker host, each a remote cluster of every other

    Usage: mesh [OPTIONS] <COMMAND>

    Commands:
      create  Create a mesh of N clusters, or bring the one that exists to N
      manage  Start, stop, restart, remove or bring back the containers of some clusters
      reset   Remove the mesh: its containers, its network and its directory with all data
      help    Print this message or the help of the given subcommand(s)

    Options:
          --dir <DIR>  The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for
                       others] [env: MESH_DIR=/nonexistent/mesh]
      -h, --help       Print help
      -V, --version    Print version
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

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(run(&["reset", "--help"]), @r"
    exit 0
    Remove the mesh: its containers, its network and its directory with all data

    Usage: mesh reset [OPTIONS]

    Options:
          --dir <DIR>  The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for
                       others] [env: MESH_DIR=/nonexistent/mesh]
      -y, --yes        Ask nothing
      -h, --help       Print help
    ");
}

#[test]
fn help_of_the_commands_with_settings() {
    assert_snapshot!(run(&["create", "--help"]), @r"
    exit 0
    Create a mesh of N clusters, or bring the one that exists to N

    Usage: mesh create [OPTIONS] [N]

    Arguments:
      [N]  How many clusters, 1 to 99 [default: as many as there are]

    Options:
          --dir <DIR>                 The mesh's directory [default: /mnt/data/mesh for root,
                                      ~/.local/share/mesh for others] [env: MESH_DIR=/nonexistent/mesh]
          --reset                     Remove the mesh that exists, with its data, and start afresh
      -q, --quiet                     Print nothing but errors and what was asked for
      -y, --yes                       Ask nothing
          --dry-run                   Print the plan and change nothing
      -v, --verbose...                Tell each step; -vv each call to Docker and Elasticsearch
                                      (`MESH_LOG` chooses in detail)
          --color <WHEN>              Controls when to use color [default: auto] [possible values: auto,
                                      always, never]
      -o, --output <OUTPUT>           How to print the plan: `text`, `json` or `yaml` [default: text]
          --force                     Go on when memory or disk seem too small
      -f, --file <FILE>               Settings from a file, `mesh.yaml`; `-` reads it from stdin
          --stack-version <VERSION>   Version of Elasticsearch and Kibana [default: 9.5.3]
          --registry <HOST>           Registry of the images [default: docker.elastic.co]
          --no-kibana                 Elasticsearch only
          --kibana                    Kibana, too, after `--no-kibana`
          --bind <ADDRESS>            Address of this machine that ports are published on [default:
                                      127.0.0.1]
          --subnet <NETWORK>          The mesh's Docker network, /16 to /24 [default: a free one]
          --elastic-memory <SIZE>     Memory limit of an Elasticsearch container; the heap is half of it
                                      [default: 2g]
          --kibana-memory <SIZE>      Memory limit of a Kibana container [default: 2g]
          --share <PATTERN>           Indices that the other clusters may search, besides `mesh*`; can
                                      be given again
          --san <NAME>                A name or address that certificates are valid for, besides the
                                      mesh's own; can be given again
          --key-days <DAYS>           Lifetime of the API keys between clusters, in days [default: 365]
          --license <FILE>            A licence file for every cluster; a trial of 30 days otherwise
          --passphrase-words <COUNT>  How many words a generated password has, 3 to 20 [default: 6]
          --templates <DIR>           A directory whose `elasticsearch.yml`, `kibana.yml` or
                                      `jvm.options` stand in for the built-in templates
          --no-templates              The built-in templates again, after `--templates`
          --no-hosts                  Leave `/etc/hosts` alone
          --hosts                     Write `/etc/hosts` (root only), after `--no-hosts`
          --timeout <TIME>            Give up after this long, for example `90s` or `10m` [default: 5m
                                      and 1m a cluster]
      -h, --help                      Print help

    Every setting can be said in the environment, too, as in MESH_ELASTIC_MEMORY=3g, MESH_KIBANA=false
    or MESH_SHARE='logs-*,metrics-*'; an empty variable says nothing. Flags come first, then the
    environment, then the file, then what the mesh has, then the default: `mesh config` tells which.
    ");
    assert_snapshot!(run(&["config", "--help"]), @r"
    exit 0
    Print the settings in force and where each comes from

    Usage: mesh config [OPTIONS] [N]

    Arguments:
      [N]  How many clusters, 1 to 99 [default: as many as there are]

    Options:
          --dir <DIR>                 The mesh's directory [default: /mnt/data/mesh for root,
                                      ~/.local/share/mesh for others] [env: MESH_DIR=/nonexistent/mesh]
          --schema                    Print the JSON Schema of the settings file instead
      -o, --output <OUTPUT>           How to print it: `text`, `json`, or `yaml`, which is a settings
                                      file [default: text]
      -q, --quiet                     Print nothing but errors and what was asked for
      -f, --file <FILE>               Settings from a file, `mesh.yaml`; `-` reads it from stdin
      -v, --verbose...                Tell each step; -vv each call to Docker and Elasticsearch
                                      (`MESH_LOG` chooses in detail)
          --color <WHEN>              Controls when to use color [default: auto] [possible values: auto,
                                      always, never]
          --stack-version <VERSION>   Version of Elasticsearch and Kibana [default: 9.5.3]
          --registry <HOST>           Registry of the images [default: docker.elastic.co]
          --no-kibana                 Elasticsearch only
          --kibana                    Kibana, too, after `--no-kibana`
          --bind <ADDRESS>            Address of this machine that ports are published on [default:
                                      127.0.0.1]
          --subnet <NETWORK>          The mesh's Docker network, /16 to /24 [default: a free one]
          --elastic-memory <SIZE>     Memory limit of an Elasticsearch container; the heap is half of it
                                      [default: 2g]
          --kibana-memory <SIZE>      Memory limit of a Kibana container [default: 2g]
          --share <PATTERN>           Indices that the other clusters may search, besides `mesh*`; can
                                      be given again
          --san <NAME>                A name or address that certificates are valid for, besides the
                                      mesh's own; can be given again
          --key-days <DAYS>           Lifetime of the API keys between clusters, in days [default: 365]
          --license <FILE>            A licence file for every cluster; a trial of 30 days otherwise
          --passphrase-words <COUNT>  How many words a generated password has, 3 to 20 [default: 6]
          --templates <DIR>           A directory whose `elasticsearch.yml`, `kibana.yml` or
                                      `jvm.options` stand in for the built-in templates
          --no-templates              The built-in templates again, after `--templates`
          --no-hosts                  Leave `/etc/hosts` alone
          --hosts                     Write `/etc/hosts` (root only), after `--no-hosts`
          --timeout <TIME>            Give up after this long, for example `90s` or `10m` [default: 5m
                                      and 1m a cluster]
      -h, --help                      Print help

    Every setting can be said in the environment, too, as in MESH_ELASTIC_MEMORY=3g, MESH_KIBANA=false
    or MESH_SHARE='logs-*,metrics-*'; an empty variable says nothing. Flags come first, then the
    environment, then the file, then what the mesh has, then the default: `mesh config` tells which.
    ");
}

#[test]
fn a_number_of_clusters_that_is_none() {
    for wrong in ["0", "100", "abc", "-1", "1.5", ""] {
        let told = run(&["create", wrong]);
        assert!(told.starts_with("exit 2\n"), "{wrong}: {told}");
    }
    assert_snapshot!(run(&["create", "100"]), @r"
    exit 2
    error: invalid value '100' for '[N]': a number from 1 to 99 is needed

    For more information, try '--help'.
    ");
    assert_snapshot!(run(&["manage", "restart", "0"]), @r"
    exit 2
    error: invalid value '0' for '<START>': a number from 1 to 99 is needed

    For more information, try '--help'.
    ");
}

#[test]
fn settings_that_cannot_be() {
    let wrong = [
        ["--stack-version", "8.13.4"],
        ["--stack-version", "latest"],
        ["--registry", "https://example.org"],
        ["--elastic-memory", "100m"],
        ["--kibana-memory", "lots"],
        ["--bind", "example.org"],
        ["--subnet", "8.8.8.0/24"],
        ["--share", "two words"],
        ["--san", "a/b"],
        ["--key-days", "0"],
        ["--timeout", "soon"],
        ["--passphrase-words", "2"],
        ["--passphrase-words", "21"],
    ];
    let said: Vec<String> = wrong
        .iter()
        .map(|[flag, value]| {
            let told = run(&["create", "2", flag, value]);
            assert!(told.starts_with("exit 2\n"), "{flag} {value}: {told}");
            told.lines().nth(1).unwrap_or_default().to_owned()
        })
        .collect();
    assert_snapshot!(said.join("\n"), @r"
    error: invalid value '8.13.4' for '--stack-version <VERSION>': 8.13.4 is too old: clusters trust each other by API key from 8.14.0 on
    error: invalid value 'latest' for '--stack-version <VERSION>': `latest` is not a version such as `9.5.3`
    error: invalid value 'https://example.org' for '--registry <HOST>': `https://example.org` is not a registry such as `docker.elastic.co` or `registry.local:5000/elastic`
    error: invalid value '100m' for '--elastic-memory <SIZE>': 100m is out of range: a container needs 512m or more
    error: invalid value 'lots' for '--kibana-memory <SIZE>': `lots` is not an amount of memory such as `2g` or `1536m`
    error: invalid value 'example.org' for '--bind <ADDRESS>': invalid IP address syntax
    error: invalid value '8.8.8.0/24' for '--subnet <NETWORK>': `8.8.8.0/24` does not fit: the network has to be private, with a prefix from /16 to /24
    error: invalid value 'two words' for '--share <PATTERN>': `two words` is not a pattern of index names such as `logs-*`
    error: invalid value 'a/b' for '--san <NAME>': `a/b` is neither a DNS name nor an IP address
    error: invalid value '0' for '--key-days <DAYS>': `0` is not a number of days from 1 to 3650
    error: invalid value 'soon' for '--timeout <TIME>': `soon` is not a time such as `90s` or `10m`
    error: invalid value '2' for '--passphrase-words <COUNT>': `2` is not a number of words from 3 to 20
    error: invalid value '21' for '--passphrase-words <COUNT>': `21` is not a number of words from 3 to 20
    ");
}

/// `mesh` in a directory of its own that holds these files, with the directory's name taken out of what it says.
fn run_beside(files: &[(&str, &str)], arguments: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let output = mesh(arguments)
        .current_dir(&dir)
        .env("MESH_DIR", "mesh")
        .env("MESH_REGISTRY", "registry.local")
        .env("MESH_BIND", "")
        .output();
    transcript(&output.unwrap()).replace(&fs::canonicalize(&dir).unwrap().display().to_string(), "DIR")
}

#[test]
fn a_settings_file_that_cannot_be() {
    let create = |text| run_beside(&[("mesh.yaml", text)], &["create", "-f", "mesh.yaml", "--dry-run"]);
    assert_snapshot!(create("clusters: 2\nelastic_mem: 2g\n"), @r"
    exit 2
    error: mesh.yaml:2: unknown field `elastic_mem`, expected one of `clusters`, `stack_version`, `registry`, `kibana`, `elastic_memory`, `kibana_memory`, `bind`, `subnet`, `hosts`, `share`, `san`, `key_days`, `license`, `passphrase_words`, `templates`, `timeout`

    hint: `mesh config --schema` tells what each can be
    ");
    assert_snapshot!(create("clusters: 2\nshare: logs-*\n"), @r#"
    exit 2
    error: mesh.yaml:2: share: invalid type: string "logs-*", expected a sequence

    hint: `mesh config --schema` tells what each can be
    "#);
    assert_snapshot!(create("clusters: 2\nkibana: [\n"), @r"
    exit 2
    error: mesh.yaml:2: kibana: invalid type: sequence, expected one value

    hint: `mesh config --schema` tells what each can be
    ");
    assert_snapshot!(create("clusters: 0\nelastic_memory: 2\nshare:\n- logs-*\n- two words\n"), @r"
    exit 2
    error: 3 settings cannot be
      caused by: mesh.yaml:1: clusters: `0` is not a number of clusters from 1 to 99
      caused by: mesh.yaml:2: elastic_memory: `2` is not an amount of memory such as `2g` or `1536m`
      caused by: mesh.yaml:3: share[1]: `two words` is not a pattern of index names such as `logs-*`

    hint: `mesh config --schema` tells what each can be
    ");
    assert_snapshot!(create("passphrase_words: 2\n"), @r"
    exit 2
    error: mesh.yaml:1: passphrase_words: `2` is not a number of words from 3 to 20

    hint: `mesh config --schema` tells what each can be
    ");
    assert_snapshot!(run_beside(&[("conf/mesh.yaml", "")], &["create", "-f", "conf"]), @r"
    exit 2
    error: conf cannot be read: `DIR/conf` is not a regular file

    hint: name a settings file with `-f`; `-f -` reads stdin
    ");
    assert_snapshot!(run_beside(&[], &["create", "-f", "mesh.yaml"]), @r"
    exit 2
    error: mesh.yaml cannot be read: there is no such file

    hint: name a settings file with `-f`; `-f -` reads stdin
    ");
}

#[test]
fn a_variable_that_cannot_be() {
    let told = transcript(&mesh(&["create", "2"]).env("MESH_KIBANA", "no").env("MESH_SAN", "vm,a/b").output().unwrap());
    assert_snapshot!(told, @r"
    exit 2
    error: 2 settings cannot be
      caused by: MESH_KIBANA: `no` is not `true` or `false`
      caused by: MESH_SAN[1]: `a/b` is neither a DNS name nor an IP address

    hint: `mesh config --schema` tells what each can be
    ");
}

#[test]
fn templates_that_cannot_be() {
    let create = |name, text| run_beside(&[(name, text)], &["create", "2", "--templates", "templates"]);
    assert_snapshot!(create("templates/elasticsearch.yml", "cluster.name: {{ cluster }}\nnode.name: {{ nod }}\n"), @r"
    exit 2
    error: a template in DIR/templates does not render: elasticsearch.yml:2: nobody defines this; known are `cluster`, `node`, `rest`, `transport`, `remote`

    hint: correct it, or go back to the built-in templates with `--no-templates`
    ");
    assert_snapshot!(create("templates/kibana.yml", "server.name: [{{ name }}\n"), @r"
    exit 2
    error: a template in DIR/templates does not render: kibana.yml is no YAML once it is rendered for cluster01-kibana: did not find expected ',' or ']' at line 2 column 1, while parsing a flow sequence at line 1 column 14

    hint: correct it, or go back to the built-in templates with `--no-templates`
    ");
    assert_snapshot!(create("templates/elasticsearch.yaml", "cluster.name: {{ cluster }}\n"), @r"
    exit 2
    error: no template is in DIR/templates

    hint: the files that are looked for there are `elasticsearch.yml`, `kibana.yml`, `jvm.options`
    ");
    assert_snapshot!(create("mesh.yaml", ""), @r"
    exit 2
    error: there is no directory of templates at DIR/templates

    hint: name one that exists with `--templates DIR`, or go back with `--no-templates`
    ");
}

/// As an earlier version wrote it: without `templates` and `passphrase_words`.
const RECORD: &str = r#"{
  "format": 1,
  "id": "0123456789abcdef",
  "spec": {
    "clusters": "cluster03",
    "stack_version": "9.5.3",
    "registry": "docker.elastic.co",
    "kibana": true,
    "bind": "127.0.0.1",
    "elastic_memory": "2g",
    "kibana_memory": "1536m",
    "share": ["logs-*"],
    "san": [],
    "key_days": 365,
    "hosts": true
  },
  "subnet": "10.213.0.0/24",
  "owner": { "uid": 999, "gid": 0 },
  "host_name": "vm"
}
"#;

#[test]
fn the_settings_in_force() {
    let settings = "# of the file\nkibana_memory: 1g\nregistry: file.local\nstack_version: 9.5.3\nclusters: 5\n";
    let files = [("mesh/mesh.json", RECORD), ("conf/mesh.yaml", settings)];
    let arguments = ["config", "4", "--no-kibana", "-f", "conf/mesh.yaml"];
    assert_snapshot!(run_beside(&files, &arguments), @r"
    exit 0
    SETTING           VALUE                              FROM
    clusters          4                                  flag
    stack_version     9.5.3                              conf/mesh.yaml:4
    registry          registry.local                     environment MESH_REGISTRY
    kibana            false                              flag
    elastic_memory    2g                                 mesh.json
    kibana_memory     1g                                 conf/mesh.yaml:2
    bind              127.0.0.1                          mesh.json
    subnet            10.213.0.0/24                      mesh.json
    hosts             true                               mesh.json
    share             logs-*                             mesh.json
    san               none                               mesh.json
    key_days          365                                mesh.json
    license           as it is, else a trial of 30 days  default
    passphrase_words  6                                  mesh.json
    templates         built-in                           mesh.json
    timeout           5m and 1m a cluster                default
    ");
    let data = run_beside(&files, &[&arguments[..], &["-o", "json"]].concat());
    let data: serde_json::Value = serde_json::from_str(data.strip_prefix("exit 0\n").unwrap()).unwrap();
    assert_eq!(
        (&data["version"], &data["settings"]["clusters"], &data["from"]["clusters"]),
        (&1.into(), &4.into(), &"flag".into())
    );
    assert_eq!(data["settings"]["share"], serde_json::json!(["logs-*"]));
    // without a mesh, a file or a flag
    let bare = run_beside(&[], &["config", "--no-templates"]);
    assert!(
        bare.contains("\nclusters          not said ") && bare.contains("\nsubnet            a free one "),
        "{bare}"
    );
}

#[test]
fn the_settings_in_force_are_a_settings_file() {
    let files = [("mesh/mesh.json", RECORD)];
    let text = run_beside(&files, &["config", "4", "--timeout", "90s", "-o", "yaml"]);
    let text = text.strip_prefix("exit 0\n").unwrap();
    let mut child = mesh(&["config", "-f", "-", "-o", "json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let again: serde_json::Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    let data = run_beside(&files, &["config", "4", "--timeout", "90s", "-o", "json"]);
    let data: serde_json::Value = serde_json::from_str(data.strip_prefix("exit 0\n").unwrap()).unwrap();
    assert_eq!(again["settings"], data["settings"]);
    assert_eq!(again["from"]["timeout"], "stdin:31");
}

#[test]
fn the_settings_file_of_the_readme_is_one() {
    let readme = include_str!("../README.md");
    let example = readme.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let told = run_beside(&[("mesh.yaml", example)], &["config", "-f", "mesh.yaml"]);
    assert!(told.starts_with("exit 0\n") && told.contains("mesh.yaml:1\n"), "{told}");
}

#[test]
fn templates_are_seen_from_the_file_that_names_them() {
    let files = [("conf/mesh.yaml", "templates: own\n"), ("conf/own/jvm.options", "-Xmx{{ heap }}m\n")];
    let told = run_beside(&files, &["config", "-f", "conf/mesh.yaml", "-o", "yaml"]);
    assert!(told.contains("# conf/mesh.yaml:1\ntemplates: DIR/conf/own"), "{told}");
}

#[test]
fn a_plan_for_programs_is_a_dry_run() {
    assert_snapshot!(run(&["create", "2", "-o", "json"]), @r"
    exit 2
    error: the following required arguments were not provided:
      --dry-run

    Usage: mesh create --dry-run --output <OUTPUT> --dir <DIR> <N>

    For more information, try '--help'.
    ");
}

#[test]
fn a_licence_that_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("licence.json");
    for (text, reason) in [
        ("not json", "expected ident at line 1 column 2"),
        ("{}", "it has no `license.uid`"),
        (r#"{"license": {"uid": "x", "type": "basic", "signature": "x"}}"#, "links need an Enterprise licence"),
    ] {
        fs::write(&path, text).unwrap();
        let told = run(&["create", "2", "--license", path.to_str().unwrap()]);
        assert!(
            told.starts_with("exit 2\n") && told.contains(&format!("is no licence that can be used: {reason}")),
            "{told}"
        );
    }
    assert_snapshot!(run(&["create", "2", "--license", "/nonexistent/licence.json"]), @r"
    exit 2
    error: /nonexistent/licence.json is no licence that can be used: there is no such file

    hint: give the JSON file that Elastic sent; without `--license`, a trial of 30 days is used
    ");
}

#[test]
fn an_engine_that_is_somewhere_else() {
    for host in ["tcp://10.0.0.1:2375", "ssh://vm"] {
        let told = transcript(&mesh(&["create", "2", "--dry-run"]).env("DOCKER_HOST", host).output().unwrap());
        assert!(told.starts_with(&format!("exit 3\nerror: `DOCKER_HOST` names `{host}`")), "{told}");
        assert!(told.contains("hint: the mesh's files have to be on Docker's machine"), "{told}");
    }
}

#[test]
fn an_engine_that_does_not_run() {
    let told = run(&["create", "2", "--dry-run"]);
    assert!(told.starts_with("exit 3\nerror: Docker is not "), "{told}");
    assert!(told.contains("/nonexistent/docker.sock") && told.contains("hint: "), "{told}");

    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let host = format!("unix://{}", socket.display());
    let told = transcript(&mesh(&["create", "2", "--dry-run"]).env("DOCKER_HOST", host).output().unwrap());
    assert!(told.starts_with("exit 3\nerror: Docker is not running: nothing listens on "), "{told}");
    assert!(told.contains("hint: start it with `systemctl start docker`"), "{told}");
}

/// Needs root, to become somebody else; anybody else is somebody else already.
#[test]
fn an_engine_that_this_user_may_not_use() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    // where the binary is built others may not look
    let binary = dir.path().join("mesh");
    // by a program of its own: a file that another test's child still holds open for writing cannot be run
    Command::new("cp").arg(env!("CARGO_BIN_EXE_mesh")).arg(&binary).status().unwrap();
    let mut command = Command::new(&binary);
    command.args(["create", "2", "--dry-run"]).env_clear().env("HOME", dir.path());
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    if is_root() {
        command.uid(65534).gid(65534);
    } else {
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o000)).unwrap();
    }
    let told = transcript(&command.output().unwrap());
    assert!(told.starts_with("exit 3\nerror: this user may not use Docker's socket "), "{told}");
    assert!(told.contains("hint: run `mesh` as root, or join the group"), "{told}");
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

#[test]
fn a_reader_that_goes_away() {
    let mut child = mesh(&["create", "--help"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{}", transcript(&output));
}
