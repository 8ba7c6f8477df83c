//! The binary from outside, where no Docker engine is needed: help, mistakes, hints, exit codes.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test is a program of its own")]

mod ask;
mod create;
mod doctor;
mod engine;
mod export;
mod fixture;
mod hand_out;
mod help;
mod hints;
mod load;
mod names;
mod output;
mod renew;
mod serve;
mod settings;
mod signals;
mod upgrade;
mod users;

use std::process::{Command, Output};

use regex::Regex;

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

/// The exit code and the output for people, without the test's own directory in commands: see `hints`.
fn transcript(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let printed = format!("exit {}\n{}{}", output.status.code().unwrap_or(-1), out.trim_end(), err.trim_end());
    Regex::new(" --dir /[^ \n`\"]+").unwrap().replace_all(&printed, "").into_owned()
}

fn run(arguments: &[&str]) -> String {
    transcript(&mesh(arguments).output().unwrap())
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
