//! The units of `mesh export systemd` in a systemd that runs: it is the first process of a machine within this one.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::support::{
    Parts, links,
    mesh::Mesh,
    renewal::{end_key_soon, starts},
    wait_for,
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/world/systemd.sh");
const LISTEN: &str = "127.0.0.1:9519";
const TOKEN: &str = "/var/lib/mesh-serve/token";
const BOOTED: Duration = Duration::from_mins(1);
/// The timer looks every minute, give or take five seconds.
const LOOKED: Duration = Duration::from_secs(90);
const SOON: Duration = Duration::from_secs(30);

#[test]
#[ignore = "boots systemd, and waits for its timer: run by scripts/faults"]
fn units_look_renew_and_serve() {
    let parts = Parts::begin();
    let mesh = Mesh::new("systemd");
    mesh.create(&["2", "--no-hosts", "--no-kibana"]);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));

    parts.part("units are put into service by the commands that the export prints");
    let machine = Machine::boot();
    let (units, metrics) = (machine.path("units"), machine.path("metrics"));
    fs::create_dir(&metrics).expect("should be writable");
    let export = ["export", "systemd", "--into", &units, "--textfile-dir", &metrics, "--listen", LISTEN];
    let printed = mesh.run(&export, 0).stdout;
    assert_eq!(printed.lines().count(), 2, "{printed}");
    printed.lines().for_each(|command| drop(machine.run(command)));

    parts.part("the timer looks");
    let file = Path::new(&metrics).join("mesh.prom");
    let text = wait_for("the timer's look", LOOKED, || fs::read_to_string(&file).ok());
    for line in ["mesh_clusters 2", "mesh_in_sync 1"] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }

    parts.part("the page is served, and again after it was killed");
    let up = |token: &str| {
        let url = format!("http://{LISTEN}/api/status");
        let header = format!("authorization: Bearer {token}");
        let asked = Command::new("curl").args(["--silent", "--fail", "--header", &header, &url]).output();
        asked.expect("curl should be installed").status.success()
    };
    let token =
        wait_for("a token", SOON, || Some(machine.run(&format!("cat {TOKEN}"))).filter(|text| !text.is_empty()));
    wait_for("the page", SOON, || up(token.trim()).then_some(()));
    assert_eq!(machine.run(&format!("stat -c %a {TOKEN}")).trim(), "600");
    machine.run("systemctl kill --signal KILL mesh-serve.service");
    wait_for("another start", SOON, || {
        let restarts = machine.run("systemctl show --property NRestarts mesh-serve.service");
        (restarts.trim() == "NRestarts=1" && up(token.trim())).then_some(())
    });

    parts.part("keys are renewed, and nothing else");
    let begun = starts(&mesh, 2);
    end_key_soon(&mesh, 1);
    let soon = expiry(&mesh);
    machine.run("systemctl start mesh-renew.service");
    assert!(expiry(&mesh) > soon, "it should be extended");
    assert_eq!(starts(&mesh, 2), begun);
    links::every_search_finds_all(&mesh, 2);

    parts.part("no unit has failed, and no secret is in the journal");
    assert_eq!(machine.run("systemctl list-units --failed --no-legend 'mesh-*'"), "");
    let journal = machine.run("journalctl --no-pager --unit 'mesh-*'");
    assert!(journal.contains("Renew keys and certificates of the data mesh"), "{journal}");
    assert!(!journal.contains(token.trim()), "{journal}");
    parts.part("done");
}

/// When the key of the first cluster ends, in Unix seconds.
fn expiry(mesh: &Mesh) -> u64 {
    let metrics = mesh.run(&["status", "-o", "prometheus"], 0).stdout;
    let line = metrics.lines().find_map(|line| line.strip_prefix("mesh_api_key_expiry_timestamp_seconds{"));
    let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    value.unwrap_or_else(|| panic!("should have a key: {metrics}"))
}

/// A machine within this one, for as long as this lives.
struct Machine {
    dir: TempDir,
    outside: Child,
    pid: String,
}

impl Machine {
    /// Starts it, and waits until its systemd has.
    fn boot() -> Self {
        let dir = tempfile::tempdir_in("/var/tmp").expect("should be writable");
        // `mesh` as root looks through other users' directories, and the page's unit does not have to
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("should be ours");
        let log = fs::File::create(dir.path().join("log")).expect("should be writable");
        let mut outside = Command::new("bash")
            .args([SCRIPT, "outside"])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("bash should be installed");
        let pid = wait_for("the first process", BOOTED, || {
            let log = || fs::read_to_string(dir.path().join("log")).unwrap_or_default();
            assert!(outside.try_wait().expect("should be our child").is_none(), "{}", log());
            fs::read_to_string(dir.path().join("pid")).ok().filter(|pid| pid.ends_with('\n'))
        });
        let machine = Self { dir, outside, pid: pid.trim().to_owned() };
        wait_for("systemd", BOOTED, || {
            let state = machine.command("systemctl is-active basic.target").output().expect("nsenter should start");
            (state.stdout == b"active\n").then_some(())
        });
        machine
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn command(&self, script: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid, "--mount", "--uts", "--ipc", "--pid", "--cgroup"]);
        command.args(["--", "bash", "-ec", script]);
        command
    }

    /// What a script prints, which has to succeed.
    fn run(&self, script: &str) -> String {
        let ran = self.command(script).output().expect("nsenter should start");
        let words = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert!(ran.status.success(), "{script}: {words}\n{}", self.journal());
        words
    }

    fn journal(&self) -> String {
        let ran = self.command("journalctl --no-pager --lines 40").output().expect("nsenter should start");
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.outside.stdin.take());
        let _ = self.outside.wait();
    }
}
