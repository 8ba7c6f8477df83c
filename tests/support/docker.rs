//! Docker, asked by its own command line.

use std::{
    fmt::Write as _,
    process::{Command, Output},
};

use serde_json::Value;

pub const NETWORK: &str = "data-mesh-network";

fn run(args: &[&str]) -> Output {
    Command::new("docker").args(args).output().expect("docker should be installed: apt-get install docker.io")
}

/// What `docker …` prints. Panics with its error where it has one.
pub fn docker(args: &[&str]) -> String {
    let output = run(args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`docker {}`: {error}", args.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether `docker …` succeeds, and what it prints on both streams.
pub fn try_docker(args: &[&str]) -> (bool, String) {
    let output = run(args);
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

pub fn inspect(kind: &str, name: &str) -> Value {
    let text = docker(&["inspect", "--type", kind, name]);
    let mut list: Value = serde_json::from_str(&text).expect("docker should print JSON");
    list[0].take()
}

pub fn container(name: &str) -> Value {
    inspect("container", name)
}

/// When a container was last started: the proof that it was, or was not, restarted.
pub fn started(name: &str) -> String {
    container(name)["State"]["StartedAt"].as_str().expect("should have a start").to_owned()
}

pub fn address(name: &str) -> String {
    let facts = container(name);
    let address = facts["NetworkSettings"]["Networks"][NETWORK]["IPAddress"].as_str().unwrap_or_default();
    assert!(!address.is_empty(), "{name} should have an address in {NETWORK}");
    address.to_owned()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Names of the containers that carry a label, stopped ones too, in order.
pub fn containers(label: &str) -> Vec<String> {
    let mut names = lines(&docker(&["ps", "--all", "--filter", &format!("label={label}"), "--format", "{{.Names}}"]));
    names.sort();
    names
}

/// Ids of the networks that carry a label.
pub fn networks(label: &str) -> Vec<String> {
    lines(&docker(&["network", "ls", "--filter", &format!("label={label}"), "--quiet", "--no-trunc"]))
}

/// Names of all volumes, since an anonymous volume has no label.
pub fn volumes() -> Vec<String> {
    lines(&docker(&["volume", "ls", "--quiet"]))
}

/// How containers ended, and the ends of their logs, by a `docker` that says whether it succeeded.
pub fn last_words(docker: impl Fn(&[&str]) -> (bool, String), containers: &[String]) -> String {
    let mut text = String::new();
    for name in containers {
        let state =
            "{{.State.Status}}, exit code {{.State.ExitCode}}, out of memory: {{.State.OOMKilled}} {{.State.Error}}";
        let (_, state) = docker(&["inspect", "--format", state, name]);
        let (_, log) = docker(&["logs", "--tail", "8", name]);
        let _ = write!(text, "--- {name}: {state}");
        for line in log.lines() {
            let _ = writeln!(text, "{}", line.chars().take(240).collect::<String>());
        }
    }
    text
}

pub fn require_image(image: &str) {
    let (here, _) = try_docker(&["image", "inspect", "--format", "{{.Id}}", image]);
    assert!(here, "the image {image} is missing: build it with `images/build all`");
}
