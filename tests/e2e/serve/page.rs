//! `mesh serve` as a test runs it.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command, time::Duration};

use crate::support::{
    curl::{Answer, curl},
    mesh::Mesh,
    run::Running,
    wait_for,
};

pub const AT: &str = "127.0.0.1:9517";
/// Longer than an interval of a small mesh, and a look.
pub const SOON: Duration = Duration::from_secs(90);

/// `mesh serve` at work, and its token.
pub struct Page<'a> {
    pub mesh: &'a Mesh,
    /// `None` once it was asked to end.
    run: Option<Running<'a>>,
    pub token: String,
}

impl<'a> Page<'a> {
    pub fn begin(mesh: &'a Mesh) -> Self {
        let file = mesh.path("../serve-token");
        let run = mesh.start(&["serve", "--listen", AT, "--token-file", &file.display().to_string()]);
        wait_for("the page", SOON, || {
            let answer = curl(&[("url", &format!("http://{AT}/healthz"))]);
            (answer.status == 200).then_some(())
        });
        let mode = fs::metadata(&file).expect("should be made").permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600);
        let token = fs::read_to_string(&file).expect("should be made").trim().to_owned();
        assert!(token.len() >= 43);
        Self { mesh, run: Some(run), token }
    }

    pub fn ask(&self, path: &str, lines: &[(&str, &str)]) -> Answer {
        let url = format!("http://{AT}{path}");
        curl(&[&[("url", url.as_str())], lines].concat())
    }

    pub fn ask_with_token(&self, path: &str, lines: &[(&str, &str)]) -> Answer {
        let header = format!("authorization: Bearer {}", self.token);
        self.ask(path, &[&[("header", header.as_str())], lines].concat())
    }

    pub fn stderr(&self) -> String {
        self.run.as_ref().map(|run| run.stderr().text()).unwrap_or_default()
    }

    pub fn end(mut self) {
        let token = self.token.clone();
        let run = self.run.take().expect("should run").ask_to_end("-INT", "the end", || true);
        assert_eq!(run.exit, Some(0), "{}", run.stderr);
        assert!(!run.stdout.contains(&token) && !run.stderr.contains(&token), "the token was printed");
    }
}

impl Drop for Page<'_> {
    /// A test that failed leaves nothing behind.
    fn drop(&mut self) {
        if let Some(run) = &self.run {
            let _ = Command::new("kill").args(["-KILL", &run.pid().to_string()]).status();
        }
    }
}
