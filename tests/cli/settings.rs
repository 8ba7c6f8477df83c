//! Settings in a file, in the environment and in templates: mistakes, precedence, what is in force.

use std::fs;

use insta::assert_snapshot;

use crate::{mesh, run, transcript};

/// `mesh` in a directory of its own that holds these files, with the directory's name taken out of what it prints.
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
    error: mesh.yaml:2: unknown setting `elastic_mem`; did you mean `elastic_memory`?

    hint: `mesh config --schema` shows what each setting can be
    ");
    assert_snapshot!(create("clusters: 2\nshare: logs-*\n"), @r"
    exit 2
    error: mesh.yaml:2: share: expected a list such as `[logs-*, metrics-*]`, found `logs-*`

    hint: `mesh config --schema` shows what each setting can be
    ");
    assert_snapshot!(create("clusters: 3\ntopology: {hub: 1}\nlinks:\n- {from: 1, to: 2}\n"), @r"
    exit 2
    error: mesh.yaml:3: links: `topology` is set on line 2 already: one of them says who searches whom

    hint: `mesh config --schema` shows what each setting can be
    ");
    assert_snapshot!(create("clusters: 3\nlinks:\n- {from: 1, to: 2-3}\n- {from: 2, to: 2, share: [hr-*]}\n"), @r"
    exit 2
    error: mesh.yaml:4: links[1]: it links cluster 2 with itself only

    hint: `mesh config --schema` shows what each setting can be
    ");
    assert_snapshot!(create("clusters: 2\nkibana: [\n"), @r"
    exit 2
    error: mesh.yaml:2: unclosed bracket '['

    hint: `mesh config --schema` shows what each setting can be
    ");
    assert_snapshot!(create("clusters: 0\nelastic_memory: 2\nshare:\n- logs-*\n- two words\n"), @r"
    exit 2
    error: 3 invalid settings
      caused by: mesh.yaml:1: clusters: `0` is neither a number of clusters from 1 to 99 nor a set such as `5-8`
      caused by: mesh.yaml:2: elastic_memory: `2` is not an amount of memory such as `2g` or `1536m`
      caused by: mesh.yaml:5: share[1]: `two words` is not a pattern of index names such as `logs-*`

    hint: `mesh config --schema` shows what each setting can be
    ");
    assert_snapshot!(create("passphrase_words: 2\n"), @r"
    exit 2
    error: mesh.yaml:1: passphrase_words: `2` is not a number of words from 3 to 20

    hint: `mesh config --schema` shows what each setting can be
    ");
    assert_snapshot!(run_beside(&[("conf/mesh.yaml", "")], &["create", "-f", "conf"]), @r"
    exit 2
    error: conf cannot be read: `conf` is not a regular file

    hint: name a settings file with `-f`; `-f -` reads stdin
    ");
    assert_snapshot!(run_beside(&[], &["create", "-f", "mesh.yaml"]), @r"
    exit 2
    error: mesh.yaml cannot be read: there is no such file

    hint: name a settings file with `-f`; `-f -` reads stdin
    ");
}

/// What a script makes of `mesh config -f`, with `$MESH` as the binary, in a directory of its own.
fn script(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("bash");
    command.args(["-c", text]).current_dir(&dir).env("MESH", env!("CARGO_BIN_EXE_mesh")).env("MESH_DIR", "mesh");
    transcript(&command.output().unwrap())
}

#[test]
fn settings_from_what_is_no_file() {
    for text in [
        "$MESH config -f <(echo 'clusters: 4')",
        "echo 'clusters: 4' | $MESH config -f /dev/stdin",
        "echo 'clusters: 4' | $MESH config -f -",
        "echo 'clusters: 4' >a; $MESH config -f /dev/stdin <a",
        "echo 'clusters: 4' >a; ln -s a b; $MESH config -f b",
        "mkfifo a; echo 'clusters: 4' >a & $MESH config -f a",
    ] {
        let output = script(text);
        assert!(output.starts_with("exit 0\n") && output.contains("\nclusters          4 "), "{text}: {output}");
    }
    // paths are seen from the directory of a pipe that has one, else from here
    for (text, file) in [
        ("$MESH config -f <(echo 'license: l')", " l "),
        ("mkdir conf; mkfifo conf/a; echo 'license: l' >conf/a & $MESH config -f conf/a", "/conf/l "),
    ] {
        let output = script(text);
        let license = output.lines().find(|line| line.starts_with("license ")).unwrap_or_default();
        assert!(license.contains(file), "{text}: {output}");
    }
    for (text, name) in [("yes | $MESH config -f -", "stdin"), ("$MESH config -f /dev/zero", "/dev/zero")] {
        let output = script(text);
        let wanted = format!("exit 2\nerror: {name} cannot be read: `{name}` is larger than 16 MiB\n");
        assert!(output.starts_with(&wanted), "{text}: {output}");
    }
    let output = script("$MESH create 1 --license <(yes)");
    assert!(output.starts_with("exit 2\n") && output.contains("is larger than 16 MiB"), "{output}");
}

#[test]
fn a_variable_that_is_spelled_otherwise() {
    let mut command = mesh(&["config"]);
    command.env("MESH_ELASTIC_MEMROY", "4g").env("MESH_CLUSTER", "1").env("MESH_LOG", "off").env("MESH_TEST_LOCK", "1");
    let output = command.output().unwrap();
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @r"
    warning: the variable MESH_ELASTIC_MEMROY is not a setting; did you mean MESH_ELASTIC_MEMORY?
      hint: `export MESH_ELASTIC_MEMORY=…`, or `unset MESH_ELASTIC_MEMROY`
    ");
    assert!(output.status.success());
}

#[test]
fn a_record_is_judged_as_settings_are() {
    for (from, to, reason) in [
        ("\"key_days\": 365", "\"key_days\": 0", "`0` is not a number of days from 1 to 3650"),
        ("\"elastic_memory\": \"2g\"", "\"elastic_memory\": \"1m\"", "1m is out of range"),
        ("\"registry\": \"docker.elastic.co\"", "\"registry\": \":5000\"", "`:5000` is not a registry"),
    ] {
        let record = RECORD.replace(from, to);
        assert_ne!(record, RECORD, "{from}");
        let output = run_beside(&[("mesh/mesh.json", &record)], &["config"]);
        assert!(
            output.starts_with("exit 3\nerror: DIR/mesh/mesh.json is damaged: ") && output.contains(reason),
            "{output}"
        );
    }
}

#[test]
fn a_registry_that_cannot_be() {
    for registry in [":5000", "../x", "Registry.local", "registry.local:99999"] {
        let output = run(&["create", "2", "--registry", registry]);
        assert!(
            output.starts_with(&format!("exit 2\nerror: invalid value '{registry}' for '--registry <HOST>'")),
            "{output}"
        );
    }
}

#[test]
fn a_variable_that_cannot_be() {
    let output =
        transcript(&mesh(&["create", "2"]).env("MESH_KIBANA", "no").env("MESH_SAN", "vm,a/b").output().unwrap());
    assert_snapshot!(output, @r"
    exit 2
    error: 2 invalid settings
      caused by: MESH_KIBANA: `no` is not `true` or `false`
      caused by: MESH_SAN[1]: `a/b` is neither a DNS name nor an IP address

    hint: `mesh config --schema` shows what each setting can be
    ");
}

#[test]
fn templates_that_cannot_be() {
    let create = |name, text| run_beside(&[(name, text)], &["create", "2", "--templates", "templates"]);
    assert_snapshot!(create("templates/elasticsearch.yml", "cluster.name: {{ cluster }}\nnode.name: {{ nod }}\n"), @r"
    exit 2
    error: a template in DIR/templates does not render: elasticsearch.yml:2: undefined variable; available: `cluster`, `discovery`, `major`, `minor`, `node`, `profile`, `remote`, `rest`, `roles`, `transport`, `version`

    hint: correct it, or go back to the built-in templates: `mesh create` with `--no-templates`
    ");
    assert_snapshot!(create("templates/kibana.yml", "server.name: [{{ name }}\n"), @r"
    exit 2
    error: a template in DIR/templates does not render: kibana.yml does not render to valid YAML for cluster01-kibana: did not find expected ',' or ']' at line 2 column 1, while parsing a flow sequence at line 1 column 14

    hint: correct it, or go back to the built-in templates: `mesh create` with `--no-templates`
    ");
    assert_snapshot!(create("templates/elasticsearch.yaml", "cluster.name: {{ cluster }}\n"), @r"
    exit 2
    error: no template is in DIR/templates

    hint: the files that are looked for there are `elasticsearch.yml`, `kibana.yml`, `jvm.options`
    ");
    assert_snapshot!(create("mesh.yaml", ""), @r"
    exit 2
    error: there is no directory of templates at DIR/templates

    hint: name one that exists, `mesh create` with `--templates DIR`, or go back, with `--no-templates`
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
    name              none                               default
    stack_version     9.5.3                              conf/mesh.yaml:4
    registry          registry.local                     environment MESH_REGISTRY
    kibana            false                              flag
    nodes             1                                  mesh.json
    profile           server                             mesh.json
    elastic_memory    2g                                 mesh.json
    kibana_memory     1g                                 conf/mesh.yaml:2
    bind              127.0.0.1                          mesh.json
    advertise         none: other machines cannot join   mesh.json
    advertise_bind    as `advertise`                     mesh.json
    gateway           none                               mesh.json
    gateway_cert      one that mesh issues               mesh.json
    gateway_key       one that mesh makes                mesh.json
    gateway_image     nginx:1.28.0                       mesh.json
    subnet            10.213.0.0/24                      mesh.json
    ports             by number, named 20000-29999       default
    hosts             true                               mesh.json
    share             logs-*                             mesh.json
    roles             none                               mesh.json
    users             none                               mesh.json
    data_set          false                              mesh.json
    topology          all                                mesh.json
    links             as the topology says               default
    remotes           those that were joined             default
    san               none                               mesh.json
    key_days          365                                mesh.json
    license           as it is, else a trial of 30 days  default
    passphrase_words  6                                  mesh.json
    templates         built-in                           mesh.json
    settings          none                               mesh.json
    kibana_settings   none                               mesh.json
    secure_settings   none                               mesh.json
    snapshots         off                                mesh.json
    timeout           5m and 1m a cluster                default
    ");
    let data = run_beside(&files, &[&arguments[..], &["-o", "json"]].concat());
    let data: serde_json::Value = serde_json::from_str(data.strip_prefix("exit 0\n").unwrap()).unwrap();
    assert_eq!(
        (&data["version"], &data["settings"]["clusters"], &data["from"]["clusters"]),
        (&1.into(), &4.into(), &"flag".into())
    );
    assert_eq!(data["settings"]["share"], serde_json::json!(["logs-*"]));
    // what was not chosen follows the profile
    let smoke = run_beside(&files, &["config", "--profile", "smoke"]);
    assert!(smoke.contains("elastic_memory    1536m                              default\n"), "{smoke}");
    assert!(smoke.contains("kibana_memory     1536m                              mesh.json\n"), "{smoke}");
    // without a mesh, a file or a flag
    let bare = run_beside(&[], &["config", "--no-templates"]);
    assert!(
        bare.contains("\nclusters          those that there are ") && bare.contains("\nsubnet            a free one "),
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
    assert_eq!(again["from"]["timeout"], "stdin:63");
}

#[test]
fn settings_of_single_clusters() {
    let file =
        "overrides:\n- {clusters: 1-2, elastic_memory: 3g}\n- {clusters: 2, kibana: false, settings: {a.b: 1}}\n";
    let files = [("mesh/mesh.json", RECORD), ("mesh.yaml", file)];
    let arguments = ["config", "4", "-f", "mesh.yaml", "--set", "cluster04.settings.a.b=2"];
    let output = run_beside(&files, &arguments);
    let own: Vec<&str> = output.lines().filter(|line| line.starts_with("cluster0")).collect();
    assert_snapshot!(own.join("\n"), @r"
    cluster02.kibana          false                              mesh.yaml:3
    cluster01.elastic_memory  3g                                 mesh.yaml:2
    cluster02.elastic_memory  3g                                 mesh.yaml:2
    cluster02.settings        a.b=1                              mesh.yaml:3
    cluster04.settings        a.b=2                              flag --set
    ");
    let data = run_beside(&files, &[&arguments[..], &["-o", "json"]].concat());
    let data: serde_json::Value = serde_json::from_str(data.strip_prefix("exit 0\n").unwrap()).unwrap();
    assert_eq!(data["clusters"]["cluster02"]["settings"]["kibana"], false);
    assert_eq!(data["clusters"]["cluster04"]["from"]["settings"], "flag --set");
    let refused = run_beside(
        &[("mesh.yaml", "overrides:\n- clusters: 1\n  settings: {path.data: /x}\n")],
        &["config", "-f", "mesh.yaml"],
    );
    assert!(
        refused.starts_with("exit 2\nerror: mesh.yaml:3: overrides[0].settings.path.data: mesh sets `path.*` itself\n"),
        "{refused}"
    );
}

#[test]
fn the_settings_file_of_the_readme_is_one() {
    let readme = include_str!("../../README.md");
    let example = readme.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let output = run_beside(&[("mesh.yaml", example)], &["config", "-f", "mesh.yaml"]);
    assert!(output.starts_with("exit 0\n") && output.contains("mesh.yaml:1\n"), "{output}");
}

#[test]
fn templates_are_seen_from_the_file_that_names_them() {
    let files = [("conf/mesh.yaml", "templates: own\n"), ("conf/own/jvm.options", "-Xmx{{ heap }}m\n")];
    let output = run_beside(&files, &["config", "-f", "conf/mesh.yaml", "-o", "yaml"]);
    assert!(output.contains("# conf/mesh.yaml:1\ntemplates: DIR/conf/own"), "{output}");
}

#[test]
fn a_plan_for_programs_is_a_dry_run() {
    assert_snapshot!(run(&["create", "2", "-o", "json"]), @r#"
    exit 2
    {
      "version": 1,
      "error": "the following required arguments were not provided: <--dry-run|--timings>",
      "causes": [],
      "remedy": "`mesh create --help`",
      "exit": 2
    }
    "#);
}
