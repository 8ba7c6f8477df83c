//! Bad input that only a Docker engine can tell: each gets one clear error, the right exit code, and changes nothing.
//! No image is needed and nothing is started.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test is a program of its own")]

mod another_engine;
mod bundle;
mod bundle_loaded;
mod choice;
mod disk;
mod elsewhere;
mod gateway;
mod logins;
mod machine;
mod manage;
mod place;
mod routes;
mod signals;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Command,
};

use rcgen::{CertificateParams, DnType, KeyPair};

use crate::{
    place::{EMPTY, Place, RECORD},
    support::docker::docker,
};

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_directory_of_something_else() {
    let place = Place::new();
    fs::create_dir(place.mesh_dir()).unwrap();
    fs::write(place.mesh_dir().join("photo.jpg"), "x").unwrap();
    let printed = place.refused(&["create", "2"], 3);
    assert!(printed.contains("is not empty and holds no mesh.json"), "{printed}");
    let printed = place.refused(&["reset", "--yes"], 3);
    assert!(printed.contains("holds no mesh.json: it is not a mesh's directory"), "{printed}");

    fs::remove_file(place.mesh_dir().join("photo.jpg")).unwrap();
    fs::create_dir(place.mesh_dir().join("cluster01")).unwrap();
    fs::write(place.mesh_dir().join("credentials.txt"), "elastic=x").unwrap();
    let printed = place.refused(&["create", "2"], 3);
    assert!(printed.contains("perhaps of the scripts it replaces"), "{printed}");

    let place = Place::new();
    fs::write(place.mesh_dir(), "a file").unwrap();
    let output = place.mesh(&["create", "2"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_record_that_cannot_be_understood_is_never_no_mesh() {
    let place = Place::new();
    for (text, reason) in [
        ("", "is damaged: EOF"),
        (&RECORD[..RECORD.len() / 2], "is damaged: EOF"),
        (&RECORD.replace("\"hosts\"", "\"hostz\""), "is damaged: unknown field `hostz`"),
        (&RECORD.replace("\"format\": 1", "\"format\": 3"), "was made by a newer `mesh`"),
    ] {
        place.record(text);
        for arguments in
            [&["create", "2"][..], &["create", "2", "--reset"], &["reset", "--yes"], &["manage", "stop", "1"]]
        {
            let printed = place.refused(arguments, 3);
            assert!(printed.contains(reason), "{arguments:?}: {printed}");
        }
    }
}

/// Data whose authority a mesh issued, and nothing else that tells of it.
#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn data_whose_record_is_lost() {
    let place = Place::new();
    let (certs, config) = (place.mesh_dir().join("cluster02/certs"), place.mesh_dir().join("cluster02/elastic/config"));
    fs::create_dir_all(&certs).unwrap();
    fs::create_dir_all(config.join("jvm.options.d")).unwrap();
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "mesh cluster02 CA 01234567");
    let authority = authority.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    fs::write(certs.join("ca.crt"), authority).unwrap();
    fs::write(config.join("jvm.options.d/mesh.options"), "-Xms768m\n-Xmx768m\n").unwrap();
    fs::write(config.join("elasticsearch.yml"), "cluster.name: cluster02\n").unwrap();

    let printed = place.refused(&["create"], 3);
    assert!(
        printed.contains("no container is left to tell which version") && printed.contains("--stack-version"),
        "{printed}"
    );
    let printed = place.refused(&["status"], 3);
    assert!(printed.contains("mesh.json is lost") && printed.contains("`mesh create` rebuilds it"), "{printed}");
    let named = ["create", "--stack-version", "9.5.3", "--registry", "mesh.invalid", "--force", "--dry-run"];
    let printed = place.refused(&named, 3);
    assert!(printed.contains("credentials.txt is lost") && printed.contains("--recover-credentials"), "{printed}");
    let plan = place.mesh(&[&named[..], &["--recover-credentials", "-o", "json"]].concat());
    let shown = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert_eq!(plan.status.code(), Some(0), "{shown}{}", String::from_utf8_lossy(&plan.stderr));
    for words in [
        "mesh.json, rebuilt from what is there",
        "credentials.txt, recovered from what is there",
        "\"clusters\": \"2-2\"",
        "\"kibana\": false",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(shown.contains("\"destroys\": false"), "{shown}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn clusters_past_the_last() {
    let place = Place::new();
    let printed = place.refused(&["manage", "stop", "1"], 2);
    assert!(printed.contains("there is no mesh in"), "{printed}");
    place.record(RECORD);
    let printed = place.refused(&["manage", "restart", "2", "3"], 2);
    assert!(printed.contains("there is no cluster 4: the mesh has 3"), "{printed}");
    let printed = place.refused(&["manage", "start", "1"], 1);
    assert!(printed.contains("the mesh's network") && printed.contains("`mesh create 3` makes it again"), "{printed}");
    let printed = place.refused(&["create", "3", "--stack-version", "8.19.21"], 2);
    assert!(printed.contains("does not change the version"), "{printed}");
    let printed = place.refused(&["reset"], 2);
    assert!(printed.contains("this deletes data, and there is no terminal to ask on"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_count_that_is_not_given() {
    let printed = Place::new().refused(&["create"], 2);
    assert!(printed.contains("type `mesh create 2`"), "{printed}");
}

/// Where these tests run an engine is installed, so one that has no socket does not run.
#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn an_engine_that_is_installed_but_stopped() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
    let output = command.args(["create", "2"]).env("DOCKER_HOST", "unix:///nonexistent/docker.sock").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert!(printed.contains("Docker is not running") && printed.contains("systemctl start docker"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:9202").unwrap();
    let printed = Place::new().refused(&["create", "2"], 3);
    let owner = format!("(pid {})", std::process::id());
    assert!(printed.contains("port 9202 of cluster02-elastic is taken by") && printed.contains(&owner), "{printed}");
    drop(taken);
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_machine_that_is_too_small() {
    let printed = Place::new().refused(&["create", "99", "--elastic-memory", "8g"], 3);
    assert!(
        printed.contains("99 clusters need about") && printed.contains("with `--force` tries all the same"),
        "{printed}"
    );
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn an_address_or_a_network_that_does_not_fit() {
    let place = Place::new();
    let printed = place.refused(&["create", "1", "--bind", "192.0.2.1"], 3);
    assert!(printed.contains("192.0.2.1 is not an address of this machine"), "{printed}");
    let bridge = docker(&["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}"]);
    let printed = place.refused(&["create", "1", "--subnet", bridge.trim()], 3);
    assert!(printed.contains("of Docker's network bridge"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn an_image_that_cannot_be_pulled() {
    let printed = Place::new().refused(&["create", "1", "--registry", "127.0.0.1:1"], 3);
    assert!(printed.contains("is not here and cannot be pulled") && printed.contains("images/build"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_container_of_that_name_that_is_not_ours() {
    let place = Place::new();
    let empty = place.dir.path().join("empty.tar");
    fs::write(&empty, [0; 1024]).unwrap();
    docker(&["import", empty.to_str().unwrap(), EMPTY]);
    docker(&["create", "--name", "cluster02-kibana", EMPTY, "true"]);
    let printed = place.refused(&["create", "2"], 3);
    docker(&["rm", "cluster02-kibana"]);
    assert!(printed.contains("there is a container cluster02-kibana that is not of this mesh"), "{printed}");

    docker(&["create", "--name", "other", "--label", "mesh.id=ffff", "--label", "mesh.dir=/srv/other", EMPTY, "true"]);
    let printed = place.refused(&["create", "2"], 3);
    docker(&["rm", "other"]);
    assert!(printed.contains("another mesh without a name is on this Docker engine, in /srv/other"), "{printed}");

    // of this very directory, and not the mesh that its record tells of: perhaps the disk is not mounted
    let label = format!("mesh.dir={}", place.mesh_dir().display());
    docker(&["create", "--name", "other", "--label", "mesh.id=ffff", "--label", &label, EMPTY, "true"]);
    let unrecorded = place.mesh(&["create", "2"]);
    place.record(RECORD);
    let refused = [&["create"][..], &["reset", "--yes"]].map(|args| place.mesh(args));
    let there = place.mesh_dir().join("mesh.json").exists();
    docker(&["rm", "other"]);
    docker(&["rmi", EMPTY]);
    assert!(there, "a reset by the wrong record should delete nothing");
    let printed = String::from_utf8_lossy(&unrecorded.stderr).into_owned();
    assert_eq!(unrecorded.status.code(), Some(3), "{printed}");
    assert!(printed.contains("findmnt -T "), "{printed}");
    for output in refused {
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{printed}");
        assert!(printed.contains("than its mesh.json describes") && !printed.contains("mesh reset"), "{printed}");
    }
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_directory_that_cannot_be_written() {
    let place = Place::new();
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "ro", "tmpfs"]).arg(place.dir.path()).status().unwrap();
    assert!(mounted.success());
    let output = place.mesh(&["create", "1"]);
    assert!(Command::new("umount").arg(place.dir.path()).status().unwrap().success());
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert!(printed.contains("nothing can be written in"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_reset_follows_no_symlink_out_of_the_directory() {
    let place = Place::new();
    let outside = place.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("precious"), "x").unwrap();
    place.record(RECORD);
    symlink(&outside, place.mesh_dir().join("cluster01")).unwrap();
    fs::create_dir(place.mesh_dir().join("cluster02")).unwrap();
    symlink(&outside, place.mesh_dir().join("cluster02/elastic")).unwrap();
    fs::write(place.mesh_dir().join("notes.txt"), "a user's").unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o755)).unwrap();
    let output = place.mesh(&["reset", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_to_string(outside.join("precious")).unwrap(), "x");
    let left: Vec<_> = fs::read_dir(place.mesh_dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["notes.txt"], "what is not the mesh's stays");
}

/// Other lines that come first, as the scripts left them; then things that hold no names, mounted over the file for one
/// run.
#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_hosts_file_that_leads_elsewhere_or_is_none() {
    let place = Place::new();
    let with = |setup: &str, arguments: &[&str]| {
        let script = format!("set -e; {setup}; exec \"$@\"");
        let output = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_mesh")])
            .args(arguments)
            .env("MESH_DIR", place.mesh_dir())
            .output()
            .unwrap();
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), printed)
    };
    let other = place.dir.path().join("other");
    fs::write(&other, "127.0.0.1 localhost\n172.30.0.10 cluster01-elastic\n").unwrap();
    let mounted = format!("mount --bind '{}' /etc/hosts", other.display());
    let create = ["create", "1", "--dry-run", "--force", "--no-kibana"];
    for arguments in [&create[..], &["doctor", "1"]] {
        let (_, printed) = with(&mounted, arguments);
        assert!(printed.contains("line 2 leads cluster01-elastic to 172.30.0.10"), "{arguments:?}: {printed}");
        assert!(printed.contains("`sed -i '2d' /etc/hosts`"), "{printed}");
    }
    assert_eq!(with(&mounted, &create).0, Some(0), "it is a warning");

    let (large, fifo) = (place.dir.path().join("large"), place.dir.path().join("fifo"));
    fs::File::create(&large).unwrap().set_len(17 << 20).unwrap();
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for none in [&large, &fifo] {
        let mounted = format!("mount --bind '{}' /etc/hosts", none.display());
        let (exit, printed) = with(&mounted, &create);
        assert_eq!(exit, Some(3), "{printed}");
        assert!(printed.contains("again with `--no-hosts`") && !printed.contains("remove it"), "{printed}");
        assert_eq!(with(&mounted, &[&create[..], &["--no-hosts"]].concat()).0, Some(0));
        place.record(RECORD);
        let (exit, printed) = with(&mounted, &["reset", "--yes"]);
        assert_eq!(exit, Some(0), "{printed}");
        assert!(
            printed.contains("/etc/hosts stays as it is") && !place.mesh_dir().join("mesh.json").exists(),
            "{printed}"
        );
    }
}

/// A `mesh.json` from an older backup does not have a cluster whose data is there: nothing but `create` deletes it, and
/// that asks.
#[test]
#[ignore = "needs root and Docker: run by scripts/test"]
fn data_that_the_record_does_not_have() {
    let place = Place::new();
    place.record(RECORD);
    fs::create_dir_all(place.mesh_dir().join("cluster04/elastic/data")).unwrap();
    fs::write(place.mesh_dir().join("cluster04/elastic/data/node"), "data").unwrap();
    let printed = place.refused(&["verify", "--fix"], 2);
    assert!(printed.contains("would delete the data") && printed.contains("mesh create --dry-run"), "{printed}");
    let printed = place.refused(&["certs", "rotate"], 1);
    assert!(printed.contains("`mesh create` "), "{printed}");
    let printed = place.refused(&["create"], 2);
    assert!(printed.contains("directory of cluster04 with its data") && printed.contains("add `--yes`"), "{printed}");
}
