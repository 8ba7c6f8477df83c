//! What befalls the machine under a mesh: every container killed at once, the engine restarted, the machine rebooted.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{
    Parts,
    docker::{docker, try_docker},
    firewall, links,
    mesh::Mesh,
    wait_for,
};

/// Three servers boot at once on a small machine, and connect.
const BACK: Duration = Duration::from_mins(2);

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn the_mesh_returns_after_the_machine_fails() {
    let parts = Parts::begin();
    let mesh = Mesh::new("machine");
    mesh.create(&["3", "--no-kibana", "--no-hosts"]);
    (1..=3).for_each(|number| links::write_document(&mesh.cluster(number)));

    parts.part("every server is killed at once: Docker starts them, and the mesh is whole without a command");
    for number in 1..=3 {
        // the process, not the container: what is stopped by Docker's own hand stays stopped
        let pid = docker(&["inspect", "--format", "{{.State.Pid}}", &mesh.cluster(number).elastic()]);
        let killed = Command::new("kill").args(["-KILL", pid.trim()]).status().expect("kill should be there");
        assert!(killed.success());
    }
    is_back(&mesh);

    parts.part("every container is killed by `docker kill`, which Docker does not undo: one command does");
    for number in 1..=3 {
        docker(&["kill", &mesh.cluster(number).elastic()]);
    }
    mesh.run(&["manage", "start", "1", "3"], 0);
    is_back(&mesh);

    parts.part("the firewall is flushed: nothing is stopped that could not start again");
    firewall::missing_rules_are_reported_before_anything_stops(&mesh);
    is_back(&mesh);

    parts.part("the engine is restarted");
    restart_engine(|| ());
    is_back(&mesh);

    parts.part("the machine is rebooted: the engine ends, the addresses go, the engine comes");
    restart_engine(drop_addresses);
    is_back(&mesh);
    parts.part("done");
}

/// Without a command the mesh becomes whole; says how long its links took.
fn is_back(mesh: &Mesh) {
    let begun = Instant::now();
    wait_for("the mesh to be whole", BACK, || {
        let run = mesh.start(&["status", "-o", "json"]).end();
        (run.exit == Some(0)).then_some(())
    });
    println!("          whole after {:.1} s", begun.elapsed().as_secs_f64());
    links::every_search_finds_all(mesh, 3);
    let report: Value = serde_json::from_str(&mesh.run(&["verify", "-o", "json"], 0).stdout).expect("should be JSON");
    assert_eq!(report["up"], true, "{report}");
}

/// Ends the engine as a shutdown does, and starts it again as it was started.
fn restart_engine(meanwhile: impl FnOnce()) {
    let by_systemd = Path::new("/run/systemd/system").exists();
    // by its own file: there may be other engines
    let pid = fs::read_to_string("/var/run/docker.pid").expect("dockerd should run").trim().to_owned();
    let line = fs::read(format!("/proc/{pid}/cmdline")).expect("dockerd should run");
    if by_systemd {
        assert!(
            Command::new("systemctl").args(["stop", "docker.socket", "docker"]).status().is_ok_and(|s| s.success())
        );
    } else {
        assert!(Command::new("kill").arg(&pid).status().is_ok_and(|status| status.success()));
    }
    wait_for("the engine to end", BACK, || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(()));
    meanwhile();
    if by_systemd {
        assert!(Command::new("systemctl").args(["start", "docker"]).status().is_ok_and(|status| status.success()));
    } else {
        let words: Vec<String> =
            line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        // a process of its own: as a child of this one it would stay as a zombie when it ends
        Command::new("setsid")
            .arg("--fork")
            .args(words.iter().filter(|word| !word.is_empty()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("should start again");
    }
    wait_for("the engine to answer", BACK, || try_docker(&["info"]).0.then_some(()));
}

/// What a reboot takes away besides: the bridge with its addresses, and the rules of the firewall that belong to it.
fn drop_addresses() {
    let found = Command::new("ip").args(["-o", "-4", "address"]).output().expect("ip should be there");
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    let bridges =
        text.lines().filter(|line| line.contains(" 10.213.")).filter_map(|line| line.split_whitespace().nth(1));
    let mut count = 0;
    for bridge in bridges {
        assert!(Command::new("ip").args(["link", "delete", bridge]).status().is_ok_and(|status| status.success()));
        count += 1;
    }
    assert_eq!(count, 1, "the mesh should have one bridge: {text}");
}
