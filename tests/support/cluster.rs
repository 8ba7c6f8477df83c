//! The REST APIs of one cluster of a mesh, called with curl.

use serde_json::Value;

use crate::support::{
    curl::{Answer, curl_by},
    home::Home,
};

/// One cluster's Elasticsearch.
#[derive(Clone, Copy)]
pub struct Cluster<'a> {
    pub mesh: &'a Home,
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
        curl_by(self.mesh.command("curl"), &lines)
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
