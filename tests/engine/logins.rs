//! Logins for a registry: kept by a helper that hangs, fails or is missing, in a configuration that is damaged, and one
//! that is there.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::place::{Place, snapshot};

/// The Docker configuration of a user, and the helper `docker-credential-test` on the PATH.
struct Logins {
    dir: tempfile::TempDir,
}

impl Logins {
    fn new(config: &str, helper: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.json"), config).unwrap();
        if let Some(script) = helper {
            let path = dir.path().join("docker-credential-test");
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { dir }
    }

    /// `mesh create` of images that only `registry` may have.
    fn create(&self, place: &Place, registry: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
        let path = format!("{}:{}", self.dir.path().display(), std::env::var("PATH").unwrap());
        command
            .args(["create", "1", "--no-kibana", "--force", "--registry", registry])
            .env("MESH_DIR", place.mesh_dir())
            .env("DOCKER_CONFIG", self.dir.path())
            .env("PATH", path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

fn printed(output: &Output, exit: i32) -> String {
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{printed}");
    printed
}

/// The error where nothing listens at the registry, so that no login could help.
fn refusal(config: &str, helper: Option<&str>) -> String {
    let place = Place::new();
    let output = Logins::new(config, helper).create(&place, "127.0.0.1:1").output().unwrap();
    assert_eq!(snapshot(place.dir.path()), [], "nothing should be changed");
    printed(&output, 3)
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_helper_that_does_not_answer_as_it_should() {
    let all = r#"{"credsStore": "test"}"#;
    for (helper, reason) in [
        (Some("echo 'no dbus'; exit 1"), "`docker-credential-test` failed: no dbus"),
        (Some("echo 'no dbus' >&2; exit 1"), "`docker-credential-test` failed: no dbus"),
        (Some("echo hunter2"), "`docker-credential-test` failed: its answer is no login"),
        (Some("exec yes"), "`docker-credential-test` failed: "),
        (None, "`docker-credential-test` is not on the PATH"),
    ] {
        let printed = refusal(all, helper);
        assert!(printed.contains(reason) && printed.contains("connection refused"), "{printed}");
        assert!(printed.contains("docker login 127.0.0.1:1") && !printed.contains("hunter2"), "{printed}");
    }
    let printed = refusal("{\"auths\": ", None);
    assert!(printed.contains("/config.json: it is no JSON (line 1, column "), "{printed}");
    let printed = refusal(r#"{"auths": {"127.0.0.1:1": {"auth": "hunter2"}}}"#, None);
    assert!(
        printed.contains("/config.json: the login for 127.0.0.1:1 cannot be read") && !printed.contains("hunter2"),
        "{printed}"
    );
    // one that knows no login, and one that keeps those of another registry
    let without = [
        (all, "echo 'credentials not found in native keychain'; exit 1"),
        (r#"{"credHelpers": {"other.local": "test"}}"#, "exit 1"),
    ];
    for (config, helper) in without {
        let printed = refusal(config, Some(helper));
        assert!(printed.contains("connection refused") && !printed.contains("docker-credential-test"), "{printed}");
    }
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_helper_that_hangs() {
    let begun = Instant::now();
    let hangs = Some("exec sleep 120");
    let printed = refusal(r#"{"credHelpers": {"127.0.0.1:1": "test"}}"#, hangs);
    assert!(printed.contains("`docker-credential-test` did not answer within 10 seconds"), "{printed}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());

    let place = Place::new();
    let logins = Logins::new(r#"{"credsStore": "test"}"#, Some("touch $DOCKER_CONFIG/asked; exec sleep 120"));
    let run = logins.create(&place, "127.0.0.1:1").spawn().unwrap();
    while !logins.dir.path().join("asked").exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the helper should have been asked");
        thread::sleep(Duration::from_millis(20));
    }
    let begun = Instant::now();
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(self::printed(&output, 4).contains("interrupted"));
}

/// A registry that asks for a login, and has no image for anybody.
#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_login_comes_to_the_registry() {
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = registry.local_addr().unwrap().to_string();
    let (found, logins_seen) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for mut stream in registry.incoming().map(Result::unwrap) {
            let mut request = [0; 8192];
            let length = stream.read(&mut request).unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
            let login = request.lines().find_map(|line| line.strip_prefix("authorization: ")).map(str::to_owned);
            let status = if login.is_some() { "404 Not Found" } else { "401 Unauthorized" };
            let _ = found.send(login);
            let asks = "www-authenticate: Basic realm=\"test\"\r\ndocker-distribution-api-version: registry/2.0\r\n";
            let _ = write!(stream, "HTTP/1.1 {status}\r\n{asks}content-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    let place = Place::new();
    let helper = r#"read -r asked; echo "{\"ServerURL\": \"$asked\", \"Username\": \"user\", \"Secret\": \"secret\"}""#;
    let output = Logins::new(r#"{"credsStore": "test"}"#, Some(helper)).create(&place, &host).output().unwrap();
    let printed = printed(&output, 3);
    assert!(
        printed.contains("is not here and cannot be pulled") && !printed.contains("credential helper"),
        "{printed}"
    );
    // `printf user:secret | base64`, in lower case
    let wanted = "basic dxnlcjpzzwnyzxq=";
    assert!(logins_seen.try_iter().flatten().any(|login| login == wanted), "{printed}");
}
