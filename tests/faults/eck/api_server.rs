//! A real API server of Kubernetes with the definitions of Elastic's operator, and etcd, for one test.
//!
//! `apiextensions-apiserver` is the part of Kubernetes that knows resources that others define; it needs nothing else
//! of it. The definitions are read from Elastic's module and copied nowhere.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::run;
use crate::support::{free_address, wait_for};

const SERVER: &str = "k8s.io/apiextensions-apiserver@v0.37.2";
/// What a new server needs on a busy machine.
const READY: Duration = Duration::from_mins(2);
/// What would ask other parts of Kubernetes.
const NOT_ADMITTED: &str = "NamespaceLifecycle,MutatingAdmissionWebhook,ValidatingAdmissionWebhook,\
                            ValidatingAdmissionPolicy,MutatingAdmissionPolicy";

pub struct ApiServer {
    url: String,
    dir: PathBuf,
    programs: Vec<Child>,
}

impl ApiServer {
    /// Builds and starts it, and gives it the definitions.
    pub fn start(tools: &Path) -> Self {
        let dir = tools.join("server");
        fs::create_dir(&dir).expect("should be writable");
        run(Command::new("go").args(["install", SERVER]).env("GOBIN", tools).env("GOFLAGS", "-mod=mod"));
        certificates(&dir);
        let [etcd, peer, port] = [(); 3].map(|()| free_address().port());
        let clients = format!("http://127.0.0.1:{etcd}");
        let database = Command::new("etcd")
            .args(["--data-dir", &dir.join("etcd").to_string_lossy()])
            .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
            .args(["--listen-peer-urls", &format!("http://127.0.0.1:{peer}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("etcd should start");
        let nowhere = dir.join("kubeconfig");
        fs::write(&nowhere, KUBECONFIG).expect("should be writable");
        let server = Command::new(tools.join("apiextensions-apiserver"))
            .args(["--etcd-servers", &clients, "--secure-port", &port.to_string(), "--bind-address", "127.0.0.1"])
            .args(["--cert-dir", &dir.join("certs").to_string_lossy()])
            .args(["--client-ca-file", &dir.join("ca.crt").to_string_lossy(), "--authentication-skip-lookup"])
            .arg("--kubeconfig")
            .arg(&nowhere)
            .arg("--authentication-kubeconfig")
            .arg(&nowhere)
            .arg("--authorization-kubeconfig")
            .arg(&nowhere)
            .args(["--enable-priority-and-fairness=false", "--disable-admission-plugins", NOT_ADMITTED])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server should start");
        let server = Self { url: format!("https://127.0.0.1:{port}"), dir, programs: vec![server, database] };
        server.define();
        server
    }

    /// The answer to creating what a document describes, without keeping it.
    pub fn dry_run(&self, document: &str) -> (u16, String) {
        let value: Value = serde_yaml::from_str(document).expect("should be YAML");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kinds = text(&value["kind"]).to_lowercase() + "s";
        let kinds = kinds.replace("elasticsearchs", "elasticsearches").replace("policys", "policies");
        let place =
            format!("{}/namespaces/{}/{kinds}", text(&value["apiVersion"]), text(&value["metadata"]["namespace"]));
        self.post(&format!("/apis/{place}?dryRun=All&fieldValidation=Strict"), &value)
    }

    fn define(&self) {
        let module = run(Command::new("go")
            .args(["list", "-m", "-f", "{{.Dir}}", "github.com/elastic/cloud-on-k8s/v3"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/eck/judge")));
        let file = Path::new(module.trim()).join("config/crds/v1/all-crds.yaml");
        let text = fs::read_to_string(file).expect("the module should have its definitions");
        let definitions: Vec<Value> = text
            .split("\n---\n")
            .filter_map(|document| serde_yaml::from_str(document).ok())
            .filter(|value: &Value| value["kind"] == "CustomResourceDefinition")
            .collect();
        assert!(definitions.len() > 5, "{}", definitions.len());
        for definition in &definitions {
            let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
            wait_for("a definition to be taken", READY, || (self.post(path, definition).0 == 201).then_some(()));
        }
        wait_for("the definitions to be served", READY, || {
            let answer = self.post("/apis/kibana.k8s.elastic.co/v1/namespaces/mesh/kibanas?dryRun=All", &Value::Null);
            (answer.0 != 404).then_some(())
        });
    }

    fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let sent = self.dir.join("body.json");
        fs::write(&sent, body.to_string()).expect("should be writable");
        let asked = Command::new("curl")
            .args([
                "-sk",
                "--noproxy",
                "*",
                "--max-time",
                "30",
                "-w",
                "\n%{http_code}",
                "-H",
                "Content-Type: application/json",
            ])
            .arg("--cert")
            .arg(self.dir.join("admin.crt"))
            .arg("--key")
            .arg(self.dir.join("admin.key"))
            .arg("-d")
            .arg(format!("@{}", sent.display()))
            .arg(format!("{}{path}", self.url))
            .output()
            .expect("curl should run");
        let text = String::from_utf8_lossy(&asked.stdout).into_owned();
        let (words, status) = text.rsplit_once('\n').unwrap_or((&text, ""));
        (status.parse().unwrap_or_default(), words.to_owned())
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

/// What the server asks other parts of Kubernetes by: there are none.
const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: none, user: {}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
current-context: none
";

/// An authority, and a client of the group that may do everything.
fn certificates(dir: &Path) {
    fs::write(dir.join("client.ext"), "extendedKeyUsage=clientAuth\n").expect("should be writable");
    for line in [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -keyout ca.key -out ca.crt",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=system:masters/CN=admin -keyout admin.key -out admin.csr",
        "x509 -req -in admin.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile client.ext -out admin.crt",
    ] {
        run(Command::new("openssl").args(line.split(' ')).current_dir(dir));
    }
}
