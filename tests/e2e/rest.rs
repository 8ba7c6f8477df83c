//! The REST APIs of a mesh, asked by curl as its users do. Secrets go through its standard input, never its arguments.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::mesh::Mesh;

/// What curl brought back.
#[derive(Debug)]
pub struct Answer {
    /// curl's own exit code; 60 is a certificate that it does not trust.
    pub exit: i32,
    /// 0 where no answer came.
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// `null` where the answer is not JSON.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// One request, as the lines of a configuration file of curl.
pub fn curl(lines: &[(&str, &str)]) -> Answer {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let config: Vec<String> = lines.iter().map(|(name, value)| format!("{name} = \"{}\"", quoted(value))).collect();
    let mut child = Command::new("curl")
        .args([
            "-q",
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            "40",
            "--write-out",
            "\n%{http_code}",
            "--config",
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("curl should be installed: apt-get install curl");
    child
        .stdin
        .take()
        .expect("should be piped")
        .write_all(config.join("\n").as_bytes())
        .expect("curl should read its configuration");
    let output = child.wait_with_output().expect("curl should end");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let (text, status) = printed.rsplit_once('\n').unwrap_or_default();
    Answer { exit: output.status.code().unwrap_or(-1), status: status.parse().unwrap_or(0), text: text.to_owned() }
}

/// One cluster's Elasticsearch.
#[derive(Clone, Copy)]
pub struct Cluster<'a> {
    pub mesh: &'a Mesh,
    pub number: u8,
}

impl Cluster<'_> {
    pub fn name(&self) -> String {
        format!("cluster{:02}", self.number)
    }

    pub fn elastic(&self) -> String {
        format!("{}-elastic", self.name())
    }

    pub fn kibana(&self) -> String {
        format!("{}-kibana", self.name())
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", 9200 + u16::from(self.number))
    }

    /// This cluster's own authority, the only one that its server is trusted by here.
    pub fn authority(&self) -> String {
        self.mesh.path(&format!("{}/certs/ca.crt", self.name())).display().to_string()
    }

    /// A request as `elastic`.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let (url, authority) = (self.url(path), self.authority());
        let login = format!("elastic:{}", self.mesh.credential("elastic"));
        let text = body.map(ToString::to_string);
        let mut lines = vec![("request", method), ("url", &url), ("cacert", &authority), ("user", &login)];
        if let Some(text) = &text {
            lines.extend([("header", "content-type: application/json"), ("data", text)]);
        }
        curl(&lines)
    }

    /// A request that has to succeed.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.ask(method, path, body);
        let succeeded = (200..300).contains(&answer.status);
        assert!(
            succeeded,
            "{}: `{method} {path}` got {} (curl {}): {}",
            self.name(),
            answer.status,
            answer.exit,
            answer.text
        );
        answer.body()
    }

    pub fn get(&self, path: &str) -> Value {
        self.send("GET", path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Value {
        self.send("POST", path, Some(body))
    }

    pub fn put(&self, path: &str, body: &Value) -> Value {
        self.send("PUT", path, Some(body))
    }

    pub fn delete(&self, path: &str, body: Option<&Value>) -> Value {
        self.send("DELETE", path, body)
    }
}
