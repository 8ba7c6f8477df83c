//! Metrics, alerts and units: judged by promtool and `systemd-analyze`, and fired by a real Prometheus that reads them
//! by way of the node exporter.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Parts,
    docker::docker,
    free_address,
    mesh::{Mesh, of_directory},
    renewal::{end_key_soon, starts},
    run::Run,
    wait_for,
};

/// Longer than Prometheus takes to see a change, with an interval of a second.
const SOON: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn prometheus_fires_one_alert_a_fault_and_resolves_it() {
    let parts = Parts::begin();
    let mesh = Mesh::new("metrics");
    let metrics = || mesh.run(&["status", "-o", "prometheus"], 0).stdout;

    parts.part("no mesh, and one of 99 clusters of which two are there");
    let empty = metrics();
    assert!(empty.ends_with("mesh_clusters 0\n"), "{empty}");
    is_clean(&empty);
    mesh.create(&["2", "--no-kibana"]);
    let many = many_clusters(&mesh);
    is_clean(&many);
    assert_eq!(many.lines().filter(|line| line.starts_with("mesh_link_up{")).count(), 99 * 98);

    parts.part("a mesh in order");
    let healthy = metrics();
    is_clean(&healthy);
    for line in [
        "mesh_in_sync 1",
        "mesh_drift 0",
        "mesh_cluster_up{cluster=\"cluster02\"} 1",
        "mesh_link_up{from=\"cluster01\",to=\"cluster02\"} 1",
    ] {
        assert!(healthy.lines().any(|found| found == line), "{line}\n{healthy}");
    }

    parts.part("rules and units, as their own programs judge them");
    let (rules, units) = (exported(&mesh, "prometheus"), exported(&mesh, "systemd"));
    rules_are_as_documented(rules.path());
    units_are_valid(units.path());

    parts.part("Prometheus fires nothing of a mesh in order");
    let prometheus = Prometheus::start(&mesh, &rules.path().join("mesh.rules.yml"));
    prometheus.fires(&mesh, &[]);

    parts.part("a stopped cluster is one alert");
    mesh.run(&["manage", "stop", "2"], 0);
    prometheus.fires(&mesh, &["MeshClusterDown"]);
    is_clean(&metrics());
    mesh.run(&["manage", "start", "2"], 0);
    prometheus.fires(&mesh, &[]);

    parts.part("a revoked key is one alert");
    let key = saved_key(&mesh);
    let revoke = json!({ "ids": [key["id"]] }).to_string();
    mesh.run(&["es", "2", "DELETE", "/_security/api_key", &revoke], 0);
    // Elasticsearch checks a key when it connects
    docker(&["restart", "cluster02-elastic"]);
    prometheus.fires(&mesh, &["MeshLinkDown"]);
    let alert = prometheus.alerts().remove(0);
    assert_eq!(alert["labels"]["from"], "cluster01", "{alert}");
    assert_eq!(alert["annotations"]["command"], format!("mesh verify --dir {}", mesh.dir.display()), "{alert}");
    mesh.run(&["create"], 0);
    prometheus.fires(&mesh, &[]);

    parts.part("only what is due is renewed, and as the unit may");
    what_is_due_is_renewed(&mesh, &capabilities(&units.path().join("mesh-renew.service")));
    parts.part("done");
}

/// A key with 10 days left is extended; what is stopped stays stopped, and what was edited stays edited.
fn what_is_due_is_renewed(mesh: &Mesh, capabilities: &str) {
    let nothing = mesh.run(&["create", "--renew-only"], 0);
    assert_eq!(nothing.stdout, "nothing to renew\n");
    end_key_soon(mesh, 2);
    mesh.run(&["manage", "stop", "1"], 0);
    let settings = mesh.path("cluster02/elastic/config/elasticsearch.yml");
    let edited = fs::read_to_string(&settings).expect("should be readable") + "# by hand\n";
    fs::write(&settings, &edited).expect("should be writable");
    let begun = starts(mesh, 2);
    let renewed = with_capabilities(mesh, capabilities, &["create", "--renew-only"]);
    assert_eq!(renewed.exit, Some(0), "{}{}", renewed.stdout, renewed.stderr);
    assert!(renewed.stdout.starts_with("renewed what was about to expire"), "{}", renewed.stdout);
    let seen = with_capabilities(mesh, "+dac_read_search", &["status", "-o", "prometheus"]);
    let expiry = seen
        .stdout
        .lines()
        .find(|line| line.starts_with("mesh_api_key_expiry_timestamp_seconds{cluster=\"cluster02\"}"));
    let expiry: f64 = expiry.and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("should be a number");
    let now = std::time::UNIX_EPOCH.elapsed().expect("should be later").as_secs_f64();
    assert!(expiry > now + 300.0 * 86_400.0, "{}", seen.stdout);
    assert_eq!(starts(mesh, 2), begun);
    assert_eq!(docker(&["inspect", "-f", "{{.State.Running}}", "cluster01-elastic"]).trim(), "false");
    assert_eq!(fs::read_to_string(&settings).expect("should be readable"), edited);
}

/// What the unit in a file is given, as `setpriv` takes it: `+chown,+fowner`.
fn capabilities(unit: &Path) -> String {
    let text = fs::read_to_string(unit).expect("should be readable");
    let given = text.lines().find_map(|line| line.strip_prefix("CapabilityBoundingSet=")).expect("should be bounded");
    given.to_lowercase().split(' ').map(|name| name.replacen("cap_", "+", 1)).collect::<Vec<_>>().join(",")
}

/// A run with these capabilities and no others, as `CapabilityBoundingSet=` has it.
fn with_capabilities(mesh: &Mesh, capabilities: &str, args: &[&str]) -> Run {
    mesh.start_under(&["setpriv", "--bounding-set", &format!("-all,{capabilities}")], args).end()
}

fn saved_key(mesh: &Mesh) -> Value {
    serde_json::from_str(&mesh.read("cluster02/api-key.json")).expect("should be JSON")
}

/// The metrics of a record of 99 clusters, of which the first two are there.
fn many_clusters(mesh: &Mesh) -> String {
    let dir = tempfile::tempdir().expect("should be writable");
    let mut record: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
    let second = record["clusters"]["cluster02"].to_string();
    for number in 3..=99 {
        let port = |base: u32| (format!("{}", base + 2), format!("{}", base + number));
        let address = ("10.213.0.12\"".to_owned(), format!("10.213.0.{}\"", 10 + number));
        let ports = [9200, 9300, 9400].map(port);
        let text = ports.into_iter().chain([address]).fold(second.clone(), |text, (from, to)| text.replace(&from, &to));
        record["clusters"][format!("cluster{number:02}")] = serde_json::from_str(&text).expect("should be JSON");
    }
    fs::write(dir.path().join("mesh.json"), record.to_string()).expect("should be writable");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
    of_directory(&mut command, dir.path(), &["status", "-o", "prometheus"]);
    let ran = command.output().expect("the binary should start");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// What promtool thinks of metrics: it has nothing to say.
fn is_clean(metrics: &str) {
    let file = tempfile::NamedTempFile::new().expect("should be writable");
    fs::write(file.path(), metrics).expect("should be writable");
    let input = fs::File::open(file.path()).expect("should be readable");
    let judged =
        Command::new("promtool").args(["check", "metrics"]).stdin(input).output().expect("promtool should run");
    let words = [judged.stdout, judged.stderr].concat();
    assert!(judged.status.success() && words.is_empty(), "{}", String::from_utf8_lossy(&words));
}

fn exported(mesh: &Mesh, what: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("should be writable");
    mesh.run(&["export", what, "--into", &dir.path().to_string_lossy()], 0);
    dir
}

fn rules_are_as_documented(dir: &Path) {
    let (rules, test) = (dir.join("mesh.rules.yml"), dir.join("alerts.test.yml"));
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/alerts.test.yml"), &test)
        .expect("should be writable");
    run("promtool", &["check", "rules", &rules.to_string_lossy()]);
    run("promtool", &["test", "rules", &test.to_string_lossy()]);
    fs::remove_file(test).expect("should be ours");
}

fn units_are_valid(units: &Path) {
    let unit = |name: &str| units.join(name).to_string_lossy().into_owned();
    for name in ["mesh-look.timer", "mesh-renew.timer", "mesh-serve.service"] {
        let words = run("systemd-analyze", &["verify", "--man=no", &unit(name)]);
        assert_eq!(words, "", "{name}");
    }
    for name in ["mesh-look.service", "mesh-renew.service", "mesh-serve.service"] {
        // 10 is a unit that may do everything, as root
        run("systemd-analyze", &["security", "--offline=yes", "--threshold=35", &unit(name)]);
    }
}

/// What a program prints, which has to succeed.
fn run(program: &str, args: &[&str]) -> String {
    let ran = Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program} should run: {error}"));
    let words = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    assert!(ran.status.success(), "{program} {args:?}: {words}");
    words
}

/// Prometheus and a node exporter, for as long as this lives.
struct Prometheus {
    address: String,
    textfile: PathBuf,
    programs: [Child; 2],
    _dir: TempDir,
}

impl Prometheus {
    fn start(mesh: &Mesh, rules: &Path) -> Self {
        let kept = tempfile::tempdir().expect("should be writable");
        let dir = kept.path();
        fs::create_dir(dir.join("textfiles")).expect("should be writable");
        let (exporter, address) = (free_address().to_string(), free_address().to_string());
        let text = fs::read_to_string(rules).expect("should be readable");
        let held = |line: &str| {
            if line.trim_start().starts_with("for: ") { "    for: 1s".to_owned() } else { line.to_owned() }
        };
        let at_once: Vec<String> = text.lines().map(held).collect();
        fs::write(dir.join("rules.yml"), at_once.join("\n")).expect("should be writable");
        let config = json!({
            "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
            "rule_files": ["rules.yml"],
            "scrape_configs": [{ "job_name": "node", "static_configs": [{ "targets": [exporter] }] }],
        });
        fs::write(dir.join("prometheus.yml"), config.to_string()).expect("should be writable");
        let textfile = dir.join("textfiles/mesh.prom");
        look(mesh, &textfile);
        let exporter = spawn(
            "prometheus-node-exporter",
            &[
                "--collector.disable-defaults".to_owned(),
                "--collector.textfile".to_owned(),
                format!("--collector.textfile.directory={}", dir.join("textfiles").display()),
                format!("--web.listen-address={exporter}"),
            ],
        );
        let prometheus = spawn(
            "prometheus",
            &[
                format!("--config.file={}", dir.join("prometheus.yml").display()),
                format!("--storage.tsdb.path={}", dir.join("data").display()),
                format!("--web.listen-address={address}"),
            ],
        );
        let started = Self { address, textfile, programs: [exporter, prometheus], _dir: kept };
        wait_for("a first sample", SOON, || started.ask("query?query=mesh_in_sync")["data"]["result"].get(0).cloned());
        started
    }

    fn ask(&self, path: &str) -> Value {
        let asked = Command::new("curl")
            .args(["-sS", "--noproxy", "*"])
            .arg(format!("http://{}/api/v1/{path}", self.address))
            .output();
        serde_json::from_slice(&asked.expect("curl should run").stdout).unwrap_or_default()
    }

    fn alerts(&self) -> Vec<Value> {
        let alerts = self.ask("alerts")["data"]["alerts"].as_array().cloned().unwrap_or_default();
        alerts.into_iter().filter(|alert| alert["state"] == "firing").collect()
    }

    /// Waits until exactly these alerts fire, while the mesh is looked at; then they have to stay for a few looks.
    fn fires(&self, mesh: &Mesh, expected: &[&str]) {
        let names = || {
            look(mesh, &self.textfile);
            self.alerts()
                .iter()
                .map(|alert| alert["labels"]["alertname"].as_str().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        let mut found = Vec::new();
        wait_for(&format!("{expected:?}, of {:?}", self.alerts()), SOON * 2, || {
            found = names();
            (found == expected).then_some(())
        });
        for _ in 0..5 {
            assert_eq!(names(), expected);
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

fn look(mesh: &Mesh, textfile: &Path) {
    mesh.run(&["status", "-o", "prometheus", "--into", &textfile.to_string_lossy()], 0);
}

fn spawn(program: &str, args: &[String]) -> Child {
    let child = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    child.unwrap_or_else(|error| panic!("{program} should start: {error}"))
}
