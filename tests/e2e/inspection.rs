//! What the commands that look and ask show of a mesh of three, as people and programs read it.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Parts, links, mesh::Mesh, run::Run, wait_for};

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn commands_that_read_and_search() {
    let parts = Parts::begin();
    let mesh = Mesh::new("inspection");
    mesh.create(&["3", "--no-hosts"]);
    for number in 1..=3 {
        links::write_document(&mesh.cluster(number));
    }
    parts.part("status");
    status(&mesh);
    parts.part("doctor");
    doctor(&mesh);
    parts.part("es, search");
    es(&mesh);
    search(&mesh);
    parts.part("credentials, env, config, the plan as data");
    hand_out(&mesh);
    parts.part("quiet, verbose, colored");
    streams(&mesh);
    parts.part("logs, and a cluster that is stopped");
    logs(&mesh);
    parts.part("a file for a bug report");
    support(&mesh);
    parts.part("done");
}

/// It has everything that is asked for, and no secret.
fn support(mesh: &Mesh) {
    let dir = tempfile::tempdir().expect("should be writable");
    let (file, unpacked) = (dir.path().join("report.tar.gz"), dir.path().join("mesh-support"));
    let into = file.to_string_lossy().into_owned();
    mesh.run(&["support", "--into", &into], 0);
    mesh.run(&["support", "--into", &into], 2);
    assert_eq!(file.metadata().expect("should be there").permissions().mode() & 0o777, 0o600);
    let tar = Command::new("tar").arg("-xzf").arg(&file).arg("-C").arg(dir.path()).status();
    assert!(tar.expect("tar should run").success());
    let read = |name: &str| fs::read_to_string(unpacked.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(read("versions.txt").contains(env!("CARGO_PKG_VERSION")));
    assert!(read("doctor.json").contains("checks") && read("plan.json").contains("stages"));
    assert!(read("observed.txt").contains("cluster03") && read("mesh.json").contains("\"clusters\""));
    for service in ["cluster01-elastic", "cluster03-kibana"] {
        assert!(read(&format!("inspect/{service}.json")).contains("\"Config\""));
        assert!(read(&format!("logs/{service}.log")).lines().count() > 1);
    }
    assert!(read("config/cluster02-kibana.yml").contains("[removed]"));
    assert!(!unpacked.join("failures.txt").exists());

    let key = |number: u8| -> Value {
        serde_json::from_str(&mesh.read(&format!("cluster{number:02}/api-key.json"))).expect("should be JSON")
    };
    let keys = (1..=3).map(|number| key(number)["encoded"].as_str().expect("should be a text").to_owned());
    let credentials = mesh.read("credentials.txt");
    let lines = credentials.lines().filter(|line| !line.starts_with('#'));
    let named: Vec<String> = lines.filter_map(|line| Some(line.split_once('=')?.1.to_owned())).collect();
    assert_eq!(named.len(), 5, "two of the mesh, and a token for each Kibana");
    for secret in named.into_iter().chain(keys).chain(["PRIVATE KEY-----".to_owned()]) {
        let found = Command::new("grep").args(["-rF", "--", &secret]).arg(&unpacked).output().expect("grep should run");
        assert_eq!(found.status.code(), Some(1), "{}", String::from_utf8_lossy(&found.stdout));
    }
}

fn json_of(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("should be JSON: {}", run.stdout))
}

fn status(mesh: &Mesh) {
    let table = mesh.run(&["status"], 0);
    let rows: Vec<Vec<&str>> = table.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 4, "{}", table.stdout);
    for (number, row) in rows.iter().enumerate().skip(1) {
        let wanted = [&format!("cluster{number:02}"), "ready", "green", "9.5.3", "ready", "2/2", "1"];
        assert_eq!(row[..7], wanted, "{}", table.stdout);
    }
    // the disk may be the machine's own
    assert!(table.stderr.lines().all(|line| line.contains("the disk is")), "{}", table.stderr);
    let wide = mesh.run(&["status", "-o", "wide"], 0).stdout;
    assert!(wide.contains("https://localhost:9203") && wide.contains("https://localhost:5603/cluster03"), "{wide}");
    let matrix = mesh.run(&["status", "--matrix"], 0).stdout;
    assert_eq!(matrix.matches('✓').count(), 6, "{matrix}");

    let matrix = mesh.run(&["status", "--matrix", "--on", "2"], 0).stdout;
    assert_eq!((matrix.matches('✓').count(), matrix.lines().count()), (4, 4), "{matrix}");
    let proved = json_of(&mesh.run(&["verify", "--on", "1-2", "-o", "json"], 0));
    assert_eq!(proved["links"].as_array().map(Vec::len), Some(6), "{proved}");
    mesh.run(&["status", "--on", "2-4"], 2);

    let status = json_of(&mesh.run(&["status", "-o", "json"], 0));
    assert_eq!((&status["version"], &status["in_sync"]), (&json!(2), &json!(true)), "{status}");
    let first = &status["clusters"][0];
    assert_eq!(first["links"], json!({ "up": 2, "wanted": 2, "down": {} }));
    assert_eq!((&first["documents"], &first["elastic"]["state"]), (&json!(1), &json!("ready")), "{first}");
    assert_eq!((&first["license"]["type"], &first["license"]["days_left"]), (&json!("trial"), &json!(29)));
    assert_eq!(first["api_key"]["days_left"], 364);
    assert!(first["certificate"]["days_left"].as_i64().is_some_and(|days| days > 1000), "{first}");
    assert!(first["heap_percent"].as_u64().is_some_and(|percent| (1..100).contains(&percent)), "{first}");
    let yaml: Value = serde_yaml::from_str(&mesh.run(&["status", "-o", "yaml"], 0).stdout).expect("should be YAML");
    assert_eq!(yaml["clusters"][0]["elastic"], first["elastic"]);

    // until Ctrl-C, one picture after the other
    let (dir, seen) = (mesh.dir.clone(), mesh.path("watched"));
    let file = fs::File::create(&seen).expect("should be writable");
    let mut watch = Command::new(env!("CARGO_BIN_EXE_mesh"))
        .args(["status", "--watch", "--dir"])
        .arg(dir)
        .stdout(file)
        .spawn()
        .expect("should start");
    let pictures = || fs::read_to_string(&seen).unwrap_or_default().matches("CLUSTER ").count();
    wait_for("a second picture", Duration::from_secs(30), || (pictures() > 1).then_some(()));
    Command::new("kill").args(["-INT", &watch.id().to_string()]).status().expect("kill should be there");
    let ended = wait_for("the watch to end", Duration::from_secs(10), || watch.try_wait().expect("should be ours"));
    assert_eq!(ended.code(), Some(0));
    fs::remove_file(&seen).expect("should be ours");
    // a reader that goes away ends it, too
    let piped = shell(mesh, "mesh status --watch --dir $DIR | head -n 1; echo ${PIPESTATUS[0]}");
    let text = String::from_utf8_lossy(&piped.stdout).into_owned();
    assert!(text.starts_with("CLUSTER ") && text.ends_with("\n0\n"), "{text}");
    assert!(!String::from_utf8_lossy(&piped.stderr).contains("panicked"), "{piped:?}");
    redrawn(mesh);
    // programs can split what follows one another
    let split = "mesh status --watch -o yaml --dir $DIR | awk '/^---$/ && ++seen == 3 { exit } { print }'";
    let documents = String::from_utf8(shell(mesh, split).stdout).expect("should be text");
    let documents: Vec<Value> = documents
        .split("---\n")
        .skip(1)
        .map(|document| serde_yaml::from_str(document).expect("should be YAML"))
        .collect();
    assert_eq!(documents.len(), 2, "{documents:?}");
    for document in documents {
        assert_eq!(document["clusters"].as_array().map(Vec::len), Some(3), "{document}");
    }
}

/// On a terminal that `script` makes. Without colors a picture replaces the one before all the same, unless the
/// terminal cannot.
fn redrawn(mesh: &Mesh) {
    const CLEAR: &str = "\x1b[H\x1b[2J";
    let watch = format!("exec {} status --watch --dir {}", env!("CARGO_BIN_EXE_mesh"), mesh.dir.display());
    let pictures = |term: &str| {
        let mut run = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command", &watch, "/dev/null"])
            .envs([("TERM", term), ("NO_COLOR", "1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script should be there");
        let mut shown = run.stdout.take().expect("should be a pipe");
        let (mut text, mut chunk) = (String::new(), [0; 1024]);
        while text.matches("CLUSTER ").count() < 2 {
            let count = shown.read(&mut chunk).expect("should be readable");
            assert!(count > 0, "it should go on: {text}");
            text.push_str(&String::from_utf8_lossy(&chunk[..count]));
        }
        run.stdin.as_mut().expect("should be a pipe").write_all(b"\x03").expect("should be read");
        shown.read_to_string(&mut text).expect("should be text");
        assert_eq!(run.wait().expect("should be ours").code(), Some(0), "{text}");
        text
    };
    let replaced = pictures("xterm");
    assert!(replaced.matches(CLEAR).count() > 1 && !replaced.replace(CLEAR, "").contains('\x1b'), "{replaced:?}");
    let one_after_the_other = pictures("dumb");
    assert!(!one_after_the_other.contains('\x1b'), "{one_after_the_other:?}");
}

/// A line of bash in which `mesh` is the binary under test and `$DIR` its mesh.
fn shell(mesh: &Mesh, line: &str) -> Output {
    let line = format!("mesh() {{ '{}' \"$@\"; }}; {line}", env!("CARGO_BIN_EXE_mesh"));
    let mut command = Command::new("bash");
    command.args(["-c", &line]).env("DIR", &mesh.dir).stdin(Stdio::null());
    for variable in ["MESH_DIR", "MESH_REGISTRY", "MESH_LOG", "NO_COLOR"] {
        command.env_remove(variable);
    }
    command.output().expect("bash should be there")
}

fn doctor(mesh: &Mesh) {
    let report = json_of(&mesh.run(&["doctor", "-o", "json"], 0));
    assert_eq!((&report["version"], &report["clusters"]), (&json!(1), &json!(3)));
    let checks = report["checks"].as_array().expect("should list checks");
    let result = |name: &str| checks.iter().find(|check| check["check"] == name).map(|check| check["result"].clone());
    for name in ["docker", "images", "other meshes", "directory", "memory", "network", "ports"] {
        assert_eq!(result(name), Some(json!("ok")), "{name}: {report}");
    }
    // more than any machine has, and a mesh that is not this one
    let crowded = json_of(&mesh.run(&["doctor", "99", "-o", "json"], 3));
    let memory = crowded["checks"].as_array().and_then(|checks| checks.iter().find(|check| check["check"] == "memory"));
    assert_eq!(memory.map(|check| &check["result"]), Some(&json!("problem")), "{crowded}");
}

fn es(mesh: &Mesh) {
    let made = mesh.run(&["es", "2", "put", "mesh-tour", r#"{"settings":{"number_of_replicas":0}}"#], 0).stdout;
    assert!(made.contains(r#""acknowledged":true"#), "{made}");
    let lines = mesh.path("lines.ndjson");
    let line = |number| format!("{{\"index\":{{}}}}\n{{\"number\":{number}}}");
    fs::write(&lines, [line(1), line(2)].join("\n")).expect("should be writable");
    let body = format!("@{}", lines.display());
    let bulk = json_of(&mesh.run(&["es", "2", "POST", "/mesh-tour/_bulk?refresh=true", &body], 0));
    assert_eq!((&bulk["errors"], bulk["items"].as_array().map(Vec::len)), (&json!(false), Some(2)));
    fs::remove_file(lines).expect("should be ours");
    let piped = shell(mesh, r#"echo '{"query":{"term":{"number":2}}}' | mesh es 2 GET mesh-tour/_count - --dir $DIR"#);
    let counted: Value = serde_json::from_slice(&piped.stdout).expect("should be JSON");
    assert_eq!(counted["count"], 1);
    // a path is sent as it is typed: an id may look like a way to another path, and never is one
    let refused = mesh.run(&["es", "2", "DELETE", "mesh-tour/_doc/.."], 2).stderr;
    assert!(refused.contains("mesh-tour/_doc/%2e%2e"), "{refused}");
    mesh.run(&["es", "2", "PUT", "mesh-tour/_doc/%2e%2e", r#"{"number":3}"#], 0);
    let written = json_of(&mesh.run(&["es", "2", "GET", "mesh-tour/_doc/%2E%2e"], 0));
    assert_eq!((&written["_id"], &written["_source"]["number"]), (&json!(".."), &json!(3)));
    mesh.run(&["es", "2", "DELETE", "mesh-tour/_doc/%2e%2e"], 0);
    let missing = mesh.run(&["es", "2", "GET", "/no-such-index"], 1);
    assert!(missing.stdout.contains("index_not_found_exception"), "the answer is data: {}", missing.stdout);
    assert!(missing.stderr.contains("404") && missing.stderr.contains("no such index"), "{}", missing.stderr);
    mesh.run(&["es", "2", "DELETE", "mesh-tour"], 0);
    let outside = mesh.run(&["es", "4", "GET", "/"], 2).stderr;
    assert!(outside.contains("there is no cluster 4: the mesh has 3"), "{outside}");
}

fn search(mesh: &Mesh) {
    let found = json_of(&mesh.run(&["search", "mesh-*", "-o", "json"], 0));
    assert_eq!(found["version"], 1);
    let clusters = found["clusters"].as_array().expect("should list clusters");
    assert_eq!(clusters.len(), 3, "{found}");
    for cluster in clusters {
        assert_eq!((&cluster["hits"], &cluster["status"]), (&json!(1), &json!("successful")), "{found}");
    }
    let text = mesh.run(&["search", "mesh-*", "from:cluster02"], 0).stdout;
    assert!(text.contains("cluster02") && text.contains(r#""from":"cluster02""#), "{text}");
    let unshared = mesh.run(&["search", "logs-*"], 2).stderr;
    assert!(unshared.contains("reaches beyond what the clusters share") && unshared.contains("--share"), "{unshared}");
}

fn hand_out(mesh: &Mesh) {
    let password = mesh.credential("elastic");
    let credentials = mesh.run(&["credentials", "-o", "json"], 0).stdout;
    assert!(credentials.contains(&password), "it is what the command is for");
    assert!(mesh.run(&["credentials"], 0).stdout.contains(&password));
    let curl = r#"eval "$(mesh env 3 --shell bash --dir $DIR)"; curl -s -u "$ES_USER:$ES_PASSWORD" --cacert "$ES_CACERT" "$ES_URL""#;
    let answer: Value = serde_json::from_slice(&shell(mesh, curl).stdout).expect("should be JSON");
    assert_eq!(answer["cluster_name"], "cluster03");

    let config = json_of(&mesh.run(&["config", "-o", "json"], 0));
    assert_eq!(
        (&config["settings"]["elastic_memory"], &config["from"]["elastic_memory"]),
        (&json!("1g"), &json!("mesh.json"))
    );
    let file = mesh.path("mesh.yaml");
    fs::write(&file, "clusters: 4\nshare: [logs-*]\n").expect("should be writable");
    let path = file.display().to_string();
    let run = mesh.run(&["create", "-f", &path, "--share", "other-*", "--dry-run", "-o", "json"], 0);
    let plan = json_of(&run);
    assert_eq!((&plan["version"], &plan["destroys"]), (&json!(2), &json!(false)));
    let steps = |title: &str| {
        let stages = plan["stages"].as_array().expect("should have stages");
        let stage = stages.iter().find(|stage| stage["title"] == title).map(|stage| stage["steps"].clone());
        stage.unwrap_or_else(|| panic!("there should be a stage `{title}`: {plan}"))
    };
    assert_eq!(steps("create containers").as_array().map(Vec::len), Some(2));
    for secret in ["elastic", "kibana_token.cluster01", "kibana_encryption_key"] {
        assert!(!run.stdout.contains(&mesh.credential(secret)), "{secret} should not be in a plan");
    }
    fs::remove_file(file).expect("should be ours");
}

fn streams(mesh: &Mesh) {
    let quiet = mesh.run(&["-q", "create"], 0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let calls = mesh.run(&["-vv", "create"], 0).stderr;
    assert!(calls.contains("/_license") && calls.contains("docker: list containers"), "{calls}");
    assert!(!calls.contains(&mesh.credential("elastic")), "no password in a log");
    let colored = mesh.run(&["--color", "always", "status"], 0).stdout;
    assert!(colored.contains("\u{1b}["), "{colored:?}");
    let shorter = mesh.run(&["keys", "extend", "--key-days", "20"], 2).stderr;
    assert!(shorter.contains("would shorten the life of the API key of cluster01"), "{shorter}");
    mesh.run(&["keys", "extend", "--key-days", "20", "--shorten"], 0);
    let warned = mesh.run(&["status"], 0).stderr;
    let clusters = "cluster01 cluster02 cluster03";
    assert_eq!(
        warned,
        format!("warning: API key of {clusters} ends in 19 days\n  hint: `mesh keys extend --key-days 365`\n")
    );
    for plain in ["NO_COLOR=1 mesh status --dir $DIR", "TERM=dumb mesh status --dir $DIR", "mesh status --dir $DIR"] {
        let output = shell(mesh, plain);
        assert!(!output.stdout.contains(&0x1b) && output.status.success(), "{plain}");
    }
}

fn logs(mesh: &Mesh) {
    let lines = mesh.run(&["logs", "1", "3", "--service", "elastic", "--since", "1h"], 0).stdout;
    let of = |name: &str| lines.lines().filter(|line| line.starts_with(name)).count();
    assert!(of("cluster01-elastic") > 10 && of("cluster03-elastic") > 10, "{lines}");
    assert_eq!(of("cluster01-elastic") + of("cluster03-elastic"), lines.lines().count(), "every line has its service");
    assert!(!lines.contains("\"@timestamp\""), "{lines}");
    let last = mesh.run(&["logs", "--service", "elastic", "-n", "2", "--raw"], 0).stdout;
    assert_eq!(last.lines().count(), 6, "two of each: {last}");
    let raw = mesh.run(&["logs", "2", "--raw", "--service", "elastic"], 0).stdout;
    assert!(raw.contains("\"@timestamp\""), "{raw}");
    let kibana = mesh.run(&["logs", "2", "--service", "kibana"], 0).stdout;
    assert!(kibana.lines().all(|line| line.starts_with("cluster02-kibana")) && !kibana.is_empty(), "{kibana}");

    // a container that is started again is followed on
    let seen = mesh.path("followed");
    let mut follow = Command::new(env!("CARGO_BIN_EXE_mesh"))
        .args(["logs", "3", "-f", "--since", "1s", "--dir"])
        .arg(&mesh.dir)
        .stdout(fs::File::create(&seen).expect("should be writable"))
        .spawn()
        .expect("should start");
    mesh.run(&["manage", "stop", "3"], 0);
    gone(mesh);
    mesh.run(&["manage", "start", "3"], 0);
    let text = || fs::read_to_string(&seen).unwrap_or_default();
    wait_for("the lines of the new start", Duration::from_secs(20), || {
        let text = text();
        (text.contains("stopped") && text.matches("cluster03-kibana").count() > 0 && text.contains("started"))
            .then_some(())
    });
    Command::new("kill").args(["-INT", &follow.id().to_string()]).status().expect("kill should be there");
    let ended = wait_for("the logs to end", Duration::from_secs(10), || follow.try_wait().expect("should be ours"));
    assert_eq!(ended.code(), Some(0));
    fs::remove_file(seen).expect("should be ours");
}

/// While cluster 3 is stopped.
fn gone(mesh: &Mesh) {
    let status = mesh.run(&["status", "-o", "json"], 1);
    let status = json_of(&status);
    assert_eq!((&status["in_sync"], &status["clusters"][2]["elastic"]["state"]), (&json!(false), &json!("stopped")));
    assert_eq!(status["clusters"][0]["links"]["up"], 1, "{status}");
    let differs = status["pending_changes"].as_array().expect("should list steps");
    assert!(differs.contains(&json!("container cluster03-elastic")), "{status}");
    let matrix = mesh.run(&["status", "--matrix"], 1);
    assert_eq!(matrix.stdout.matches('✗').count(), 4, "{}", matrix.stdout);
    assert!(
        matrix.stderr.contains("cluster03-elastic: is stopped; `mesh manage start 3` starts it"),
        "{}",
        matrix.stderr
    );
    let search = mesh.run(&["search", "mesh-*"], 1);
    assert!(
        search.stderr.contains("cluster03") && search.stdout.contains("cluster01"),
        "{}{}",
        search.stdout,
        search.stderr
    );
    let es = mesh.run(&["es", "3", "GET", "/"], 1).stderr;
    assert!(es.contains("mesh manage start 3"), "{es}");
}
