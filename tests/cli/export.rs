//! `mesh export nginx` and `haproxy`: what is written, compared and refused.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    process::Command,
};

use crate::{fixture::Fixture, transcript};

/// What an export of a mesh on loopback prints, and the names of the files that are there then.
fn exported(fixture: &Fixture, kind: &str, more: &[&str]) -> (String, Vec<String>) {
    let into = fixture.dir.path().join("proxy");
    let own = ["export", kind, "--into", into.to_str().unwrap(), "--certificate", "/tls.crt"];
    let printed = transcript(&fixture.mesh(&[&own[..], more].concat()).output().unwrap());
    let names = fs::read_dir(&into).into_iter().flatten();
    let mut names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    (fixture.neutral(&printed), names)
}

#[test]
fn a_configuration_is_written_and_compared() {
    let fixture = Fixture::new(61, "x");
    let (printed, names) = exported(&fixture, "nginx", &["--key", "/tls.key"]);
    assert!(printed.contains("exit 0\ninclude \"/mesh/proxy/mesh.conf\"; # in http {} of nginx.conf"), "{printed}");
    assert_eq!(names, ["cluster01.crt", "cluster02.crt", "cluster03.crt", "index.html", "mesh.conf", "nginx.conf"]);
    assert_eq!(exported(&fixture, "nginx", &["--key", "/tls.key", "--check"]).0, "exit 0\n");
    let differs = exported(&fixture, "nginx", &["--key", "/other.key", "--check"]).0;
    assert!(
        differs.starts_with("exit 1\nerror: /mesh/proxy/mesh.conf is not that of the mesh as it is now"),
        "{differs}"
    );
    let (printed, names) = exported(&fixture, "haproxy", &["--listen", "192.0.2.1:8443"]);
    assert!(printed.contains("haproxy -f /etc/haproxy/haproxy.cfg -f /mesh/proxy/mesh.cfg"), "{printed}");
    assert_eq!(names.len(), 7, "{names:?}");
    let text = fs::read_to_string(fixture.dir.path().join("proxy/mesh.cfg")).unwrap();
    assert!(text.contains("bind 192.0.2.1:8443 ssl crt \"/tls.crt\""), "{text}");
    exported(&fixture, "haproxy", &["--upstream", "localhost"]);
    let text = fs::read_to_string(fixture.dir.path().join("proxy/mesh.cfg")).unwrap();
    assert!(text.contains("server cluster03-elastic 127.213.0.61:9203 ssl verify required"), "{text}");
}

#[test]
fn what_a_proxy_could_not_use_is_refused() {
    let fixture = Fixture::new(62, "x");
    for (option, value, reason) in [
        ("--at", "/srv/$HOME", "/srv/$HOME has a character"),
        ("--at", "proxy", "proxy is a relative path"),
        ("--listen", "https", "`https` is not a port such as"),
        ("--listen", "0", "`0` is not a port such as"),
        ("--upstream", "a b", "`a b` is"),
        ("--upstream", "192.0.2.7", "ports are published on 127.213.0.62, where another machine does not reach them"),
    ] {
        let (printed, _) = exported(&fixture, "haproxy", &[option, value]);
        let is_made = fixture.dir.path().join("proxy").exists();
        assert!(printed.starts_with("exit 2\n") && printed.contains(reason) && !is_made, "{printed}");
    }
    exported(&fixture, "haproxy", &[]);
    fs::write(fixture.dir.path().join("proxy/notes"), "").unwrap();
    let (printed, _) = exported(&fixture, "haproxy", &[]);
    assert!(printed.contains("holds notes, which no export wrote"), "{printed}");
}

#[test]
fn a_check_writes_nothing() {
    let fixture = Fixture::new(68, "x");
    for kind in ["nginx", "haproxy"] {
        let key: &[&str] = if kind == "nginx" { &["--key", "/tls.key"] } else { &[] };
        let (printed, _) = exported(&fixture, kind, &[key, &["--check"]].concat());
        assert!(printed.starts_with("exit 1\nerror: /mesh/proxy/index.html is not that of the mesh"), "{printed}");
        assert!(!fixture.dir.path().join("proxy").exists());
    }
}

#[test]
fn a_proxy_of_kibanas_that_are_not_there_is_refused() {
    let fixture = Fixture::new(69, "x");
    let record = fixture.dir.path().join("mesh.json");
    let text = fs::read_to_string(&record).unwrap();
    let without = text.replace("\"kibana\":true", "\"kibana\":false");
    assert_ne!(without, text);
    fs::write(&record, without).unwrap();
    let (printed, names) = exported(&fixture, "haproxy", &["--kibana-only"]);
    assert!(printed.starts_with("exit 2\nerror: no cluster of this mesh has a Kibana"), "{printed}");
    let hint = "hint: leave out `--kibana-only`; or make Kibanas with `mesh create --kibana";
    assert!(printed.contains(hint) && names.is_empty(), "{printed}");
    assert!(exported(&fixture, "haproxy", &[]).0.starts_with("exit 0"));
}

/// By the umask of whoever types it, a directory would be closed to the program that the files are for.
#[test]
fn a_directory_is_readable_whatever_the_umask() {
    let fixture = Fixture::new(70, "x");
    let mode = |path: &str| fs::metadata(fixture.dir.path().join(path)).unwrap().permissions().mode() & 0o777;
    let under = |umask: &str, arguments: &[&str]| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "umask \"$0\"; exec \"$@\"", umask, env!("CARGO_BIN_EXE_mesh")]).args(arguments);
        shell.env("HOME", "/nonexistent").env("MESH_DIR", fixture.dir.path());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{}", transcript(&output));
    };
    for (command, into) in [(&["export", "prometheus"][..], "rules/of-mesh"), (&["man"], "share/pages")] {
        let path = fixture.dir.path().join(into);
        under("077", &[command, &["--into", path.to_str().unwrap()]].concat());
        assert_eq!((mode(into), mode(into.split('/').next().unwrap())), (0o755, 0o755), "{into}");
    }
    assert_eq!(mode("rules/of-mesh/mesh.rules.yml"), 0o644);
}

#[test]
fn files_of_another_mesh_are_not_overwritten() {
    let (fixture, other) = (Fixture::new(63, "x"), Fixture::new(64, "x"));
    exported(&fixture, "nginx", &["--key", "/tls.key"]);
    let into = fixture.dir.path().join("proxy");
    let before = fs::read(into.join("mesh.conf")).unwrap();
    for kind in ["nginx", "haproxy"] {
        let mut command = vec!["export", kind, "--into", into.to_str().unwrap(), "--certificate", "/tls.crt"];
        command.extend(if kind == "nginx" { &["--key", "/tls.key"][..] } else { &[] });
        let printed = transcript(&other.mesh(&command).output().unwrap());
        assert!(
            fixture.neutral(&printed).starts_with("exit 2\nerror: /mesh/proxy/mesh.conf leads to the mesh in /mesh"),
            "{printed}"
        );
    }
    assert_eq!(fs::read(into.join("mesh.conf")).unwrap(), before);

    let into = fixture.dir.path().join("eck");
    let eck = ["export", "eck", "--into", into.to_str().unwrap()];
    for _ in ["first", "again"] {
        let printed = transcript(&fixture.mesh(&eck).output().unwrap());
        assert!(printed.starts_with("exit 0"), "{printed}");
    }
    let before = fs::read(into.join("clusters.yaml")).unwrap();
    let printed = transcript(&other.mesh(&eck).output().unwrap());
    assert!(
        fixture.neutral(&printed).starts_with("exit 2\nerror: /mesh/eck/clusters.yaml is of the mesh in /mesh"),
        "{printed}"
    );
    assert_eq!(fs::read(into.join("clusters.yaml")).unwrap(), before);
}

#[test]
fn what_an_earlier_export_had_is_not_left() {
    let fixture = Fixture::new(65, "x");
    exported(&fixture, "nginx", &["--key", "/tls.key"]);
    let gone = fixture.dir.path().join("proxy/cluster07.crt");
    fs::write(&gone, "").unwrap();
    let checked = exported(&fixture, "nginx", &["--key", "/tls.key", "--check"]).0;
    assert!(checked.starts_with("exit 1\nerror: /mesh/proxy/cluster07.crt is not"), "{checked}");
    exported(&fixture, "haproxy", &[]);
    assert!(!gone.exists() && fixture.dir.path().join("proxy/mesh.conf").exists());

    let into = fixture.dir.path().join("eck");
    let eck = ["export", "eck", "--into", into.to_str().unwrap()];
    fixture.mesh(&eck).output().unwrap();
    // a mesh of the first format has neither roles nor snapshots
    fs::write(into.join("policy.yaml"), "of roles that are no more").unwrap();
    let printed = transcript(&fixture.mesh(&eck).output().unwrap());
    assert!(printed.starts_with("exit 0") && !into.join("policy.yaml").exists(), "{printed}");
}

#[test]
fn what_kubernetes_or_systemd_could_not_use_is_refused() {
    let fixture = Fixture::new(66, "x");
    let into = fixture.dir.path().join("files");
    for (kind, option, value, reason) in [
        ("eck", "--image", "reg//x", "`reg//x` is not a registry such as"),
        ("eck", "--storage-class", "a b", "`a b` is not a storage class such as"),
        ("systemd", "--listen", "0.0.0.0:9500", "0.0.0.0 is not only this machine's, and the token would pass"),
        ("systemd", "--listen", "page", "invalid value 'page'"),
    ] {
        let export = ["export", kind, "--into", into.to_str().unwrap(), option, value];
        let printed = transcript(&fixture.mesh(&export).output().unwrap());
        assert!(printed.starts_with("exit 2\n") && printed.contains(reason) && !into.exists(), "{printed}");
    }
    let export = ["export", "systemd", "--into", into.to_str().unwrap()];
    let relative = ["--program", "bin/mesh", "--textfile-dir", "metrics"];
    let output = fixture.mesh(&[&export[..], &relative].concat()).current_dir("/srv").output().unwrap();
    assert!(output.status.success(), "{}", transcript(&output));
    let text = fs::read_to_string(into.join("mesh-look.service")).unwrap();
    assert!(text.contains("ExecStart=/srv/bin/mesh ") && text.contains("ReadWritePaths=-/srv/metrics\n"), "{text}");
}

/// Paths are bytes.
#[test]
fn paths_that_are_no_text_are_refused_in_words() {
    let fixture = Fixture::new(67, "x");
    let path = OsStr::from_bytes(b"/tmp/no\xfftext");
    let into = fixture.dir.path().join("files");
    for command in [&["export", "prometheus", "--token-file"][..], &["export", "prometheus", "--ca-file"]] {
        let mut run =
            fixture.mesh(&[command[..2].to_vec(), vec!["--into", into.to_str().unwrap(), command[2]]].concat());
        let printed = transcript(&run.arg(path).output().unwrap());
        assert!(
            printed.starts_with("exit 2\n") && printed.contains("is not valid UTF-8") && !into.exists(),
            "{printed}"
        );
    }
    let into = fixture.dir.path().join(OsStr::from_bytes(b"r\xff"));
    let printed = transcript(&fixture.mesh(&["export", "rally", "--into"]).arg(&into).output().unwrap());
    assert!(printed.starts_with("exit 2\n") && printed.contains("is not valid UTF-8") && !into.exists(), "{printed}");

    // a working directory that is none makes none of a relative path
    fs::create_dir(&into).unwrap();
    let units = fixture.dir.path().join("units");
    for more in [&["rally", "--into", "race"][..], &["systemd", "--program", "mesh", "--into", units.to_str().unwrap()]]
    {
        let mut run = fixture.mesh(&[&["export"][..], more].concat());
        let printed = transcript(&run.current_dir(&into).output().unwrap());
        assert!(printed.starts_with("exit 2\n") && printed.contains("is not valid UTF-8"), "{printed}");
        assert!(!into.join("race").exists() && !units.exists());
    }
}
