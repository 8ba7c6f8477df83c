//! A Docker engine on a machine of its own within this one: its processes, mounts, network and host name.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::network;
use crate::support::wait_for;

/// What the engine and its machine have printed.
const LOG: &str = "dockerd.log";
const ANSWERS_WITHIN: Duration = Duration::from_secs(90);
const ENDS_WITHIN: Duration = Duration::from_mins(1);

/// A machine that is on. All its processes end when this is dropped, or when this process ends.
pub struct Engine {
    place: PathBuf,
    first: Child,
    pid: String,
}

impl Engine {
    /// Starts it in the machine's network namespace, which exists; it does not answer yet.
    pub fn start(place: &Path, number: u8, root: &Path) -> Self {
        let pid = place.join("pid");
        let _ = fs::remove_file(&pid);
        let log = File::options().create(true).append(true).open(place.join(LOG)).expect("should be writable");
        let first = Command::new("nsenter")
            .arg(format!("--net={}", network::file(number).display()))
            .args(["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child"])
            .args(["bash", "-c", include_str!("machine.sh"), "machine.sh"])
            .args([place, root])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("nsenter should be installed: apt-get install util-linux");
        Self { place: place.to_owned(), first, pid: String::new() }
    }

    /// Waits until it answers.
    pub fn await_answer(&mut self) {
        wait_for("a first process", ANSWERS_WITHIN, || {
            assert!(self.first.try_wait().expect("should be our child").is_none(), "{}", self.log());
            let pid = fs::read_to_string(self.place.join("pid")).unwrap_or_default();
            pid.trim().clone_into(&mut self.pid);
            (!self.pid.is_empty()).then_some(())
        });
        wait_for("the engine's answer", ANSWERS_WITHIN, || {
            let answer = self.command("docker").args(["version"]).output().expect("should start");
            answer.status.success().then_some(())
        });
    }

    /// A program on this machine.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid, "--mount", "--uts", "--net", "--pid"]);
        command.arg(format!("--wdns={}", env!("CARGO_MANIFEST_DIR"))).args(["--", program]);
        // only the machine's own engine
        command.env_remove("DOCKER_HOST").env_remove("DOCKER_CONTEXT");
        command
    }

    /// The end of what the engine has logged.
    fn log(&self) -> String {
        let text = fs::read_to_string(self.place.join(LOG)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Engine {
    /// The power is cut: nothing is stopped in order.
    fn drop(&mut self) {
        drop(self.first.stdin.take());
        if let Ok(pid) = self.pid.parse() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        // it ends when the first process has, and that when all others have
        let _ = self.first.wait();
    }
}

/// Ends the machine of an earlier run that was broken off.
pub fn clear(place: &Path) {
    let Ok(pid) = fs::read_to_string(place.join("pid")) else { return };
    let process = Path::new("/proc").join(pid.trim());
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    if !String::from_utf8_lossy(&line).contains(&place.display().to_string()) {
        return;
    }
    if let Ok(pid) = pid.trim().parse() {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    wait_for("the end of an earlier machine", ENDS_WITHIN, || (!process.exists()).then_some(()));
}

/// Control groups that containers had, since nothing else removes them.
pub fn clear_control_groups() {
    let _ = Command::new("find")
        .args(["/sys/fs/cgroup", "-depth", "-type", "d", "-path", "*/mesh-machines*", "-exec", "rmdir", "{}", "+"])
        .stderr(Stdio::null())
        .status();
}
