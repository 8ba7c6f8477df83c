//! `mesh export nginx` and `haproxy`: what is written, compared and refused.

use std::fs;

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
        let (printed, names) = exported(&fixture, "haproxy", &[option, value]);
        assert!(printed.starts_with("exit 2\n") && printed.contains(reason) && names.is_empty(), "{printed} {names:?}");
    }
    exported(&fixture, "haproxy", &[]);
    fs::write(fixture.dir.path().join("proxy/notes"), "").unwrap();
    let (printed, _) = exported(&fixture, "haproxy", &[]);
    assert!(printed.contains("holds notes, which no export wrote"), "{printed}");
}
