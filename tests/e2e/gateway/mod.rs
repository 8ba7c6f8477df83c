//! One address for a whole mesh: what nginx and HAProxy of Debian, configured by `mesh export`, pass on and refuse; and
//! nginx as a container of the mesh.

mod own;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    Parts,
    docker::{docker, require_image},
    leftovers::PREFIX,
    mesh::Mesh,
    proxy::{Certificate, Door, NGINX, Proxy},
    wait_for,
};

const SOON: Duration = Duration::from_secs(30);
const PORT: u16 = 28_443;

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn a_proxy_leads_to_every_service_by_one_address() {
    let parts = Parts::begin();
    require_image(NGINX);
    let mesh = Mesh::new("proxied");
    // room for a body of 100 MB, which Elasticsearch holds twice
    let memory = ["--registry", "mesh.local", "--elastic-memory", "1536m", "--kibana-memory", "512m"];
    mesh.run(&[&["create", "2", "--no-hosts", "--profile", "smoke"][..], &memory].concat(), 0);
    let dir = Path::new(PREFIX).join("proxies");
    fs::create_dir_all(&dir).expect("should be writable");
    let tls = Certificate::make(&dir, "tls");
    let door = |down| Door { mesh: &mesh, port: PORT, authority: tls.certificate.clone(), down };

    parts.part("nginx");
    let (into, listen) = (dir.join("nginx"), format!("127.0.0.1:{PORT}"));
    let (certificate, key) = (text(&tls.certificate), text(&tls.key));
    let export = ["export", "nginx", "--into", &text(&into), "--certificate", &certificate, "--key", &key, "--listen"]
        .map(str::to_owned);
    let export: Vec<&str> = export.iter().map(String::as_str).chain([&*listen]).collect();
    let include = mesh.run(&export, 0).stdout;
    assert!(include.contains(&text(&into.join("mesh.conf"))), "{include}");
    mesh.run(&[&export[..], &["--check"]].concat(), 0);
    let differs = mesh.run(&[&export[..], &["--check", "--kibana-only"]].concat(), 1);
    assert!(differs.stderr.contains("index.html is not that of the mesh as it is now"), "{}", differs.stderr);
    let nginx = Proxy::nginx(Path::new(PREFIX), &into.join("nginx.conf"));
    leads_everywhere(&parts, &door(502));
    parts.part("nginx: plain HTTP, too large a body, another authority");
    let plain = door(502).ask_by("http", "/cluster01/", &[]);
    assert!(plain.text.contains(&format!("ocation: https://localhost:{PORT}/")), "{}", plain.text);
    let large = file_of(&dir, 101);
    let refused = door(502).ask("/cluster01/elastic/_bulk", &[("request", "POST"), ("data-binary", &large)]);
    assert!(refused.text.contains(" 413 "), "{}", refused.text);
    trusts_no_other(&door(502), &into, Proxy::reload);
    parts.part("nginx reads its files again, and no connection is cut");
    let before = health(&door(502));
    let mut open = door(502).upgrade("cluster01");
    assert_eq!(open.echo("before"), "before");
    mesh.run(&[&export[..], &["--server-name", "localhost"]].concat(), 0);
    Proxy::reload();
    wait_for("nginx to have the new configuration", SOON, || (health(&door(502)) != before).then_some(()));
    assert_eq!(open.echo("after"), "after");
    parts.part("nginx: a cluster that is down");
    names_what_is_down(&door(502));
    drop(nginx);
    mesh.run(&["create"], 0);

    parts.part("HAProxy");
    let into = dir.join("haproxy");
    let export = ["export", "haproxy", "--into", &text(&into), "--certificate", &certificate, "--listen", &listen]
        .map(str::to_owned);
    let export: Vec<&str> = export.iter().map(String::as_str).collect();
    mesh.run(&export, 0);
    let start = || Proxy::haproxy(&[&into.join("mesh.cfg")]);
    let mut haproxy = Some(start());
    leads_everywhere(&parts, &door(503));
    let plain = door(503).ask_by("http", "/cluster01/", &[]);
    assert!(plain.exit != 0 && plain.text.is_empty(), "{plain:?}");
    parts.part("HAProxy: another authority");
    trusts_no_other(&door(503), &into, || {
        // its port is free again before the next one asks for it
        drop(haproxy.take());
        haproxy = Some(start());
    });
    parts.part("HAProxy: a cluster that is down");
    names_what_is_down(&door(503));
    parts.part("HAProxy: one name, and a slash that is added");
    let slash = door(503).ask("/cluster01/elastic?a=b", &[]);
    assert!(slash.text.contains("ocation: /cluster01/elastic/?a=b"), "{}", slash.text);
    drop(haproxy.take());
    for (name, status) in [("mesh.example", 421), ("*.example", 421), ("LOCALHOST", 200)] {
        mesh.run(&[&export[..], &["--server-name", name]].concat(), 0);
        let named = start();
        wait_for("HAProxy to answer whoever asks how it is", SOON, || {
            (door(503).ask("/_mesh/health", &[]).status == 200).then_some(())
        });
        assert_eq!(door(503).ask("/", &[]).status, status, "{name}");
        drop(named);
    }

    own::is_kept(&parts, &mesh, &dir);

    parts.part("configurations for 1 and 99 clusters");
    for count in [1, 99] {
        many(&mesh, &dir, count, [&certificate, &key]);
    }
    own::goes_with_the_mesh(&parts, &mesh);
    parts.part("done");
}

/// The digest of the configuration that a proxy has.
fn health(door: &Door<'_>) -> String {
    let answer = door.ask("/_mesh/health", &[]);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text.trim_end().rsplit('\n').next().unwrap_or_default().to_owned()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// What curl sends from a file of so many mebibytes, which are an empty JSON object behind spaces.
fn file_of(dir: &Path, mebibytes: usize) -> String {
    let path = dir.join(format!("{mebibytes}m"));
    fs::write(&path, [&vec![b' '; (mebibytes << 20) - 2][..], b"{}"].concat()).expect("should have room");
    format!("@{}", path.display())
}

/// Every service through one address, and what becomes of paths, bodies and connections on the way.
fn leads_everywhere(parts: &Parts, door: &Door<'_>) {
    let mesh = door.mesh;
    wait_for("the proxy to lead to both clusters", SOON, || {
        let up = |path: &str| door.ask(path, &[]).status == 200;
        ["/cluster01/elastic/", "/cluster02/elastic/", "/cluster01/api/status", "/cluster02/api/status"]
            .into_iter()
            .all(up)
            .then_some(())
    });
    let page = door.ask("/", &[]).text;
    assert!(page.contains(r#"<a href="/cluster02/elastic/">"#) && page.contains(r#"<a href="/cluster01/">"#), "{page}");
    let user = door.ask("/cluster02/elastic/_security/_authenticate", &[]).text;
    assert!(user.contains(r#""username":"elastic""#), "{user}");
    for (path, to) in [("/cluster01", "/cluster01/"), ("/cluster02/elastic", "/cluster02/elastic/")] {
        let moved = door.ask(path, &[]);
        let place =
            moved.text.lines().find_map(|line| line.to_lowercase().strip_prefix("location: ").map(str::to_owned));
        assert!(moved.status == 308 && place.as_ref().is_some_and(|place| place.ends_with(to)), "{}", moved.text);
    }
    for nowhere in ["/cluster03/", "/cluster010/", "/elastic/", "/cluster01/elastic%2F_search"] {
        let found = door.ask(nowhere, &[("path-as-is", "")]);
        assert!(found.status == 404, "{nowhere}: {}", found.text);
    }

    parts.part("paths byte for byte");
    let put = |path: &str| {
        let header = ("header", "content-type: application/json");
        door.ask(&format!("/cluster01/elastic{path}"), &[("request", "PUT"), header, ("data", r#"{"a": 1}"#)])
    };
    let odd = format!("/mesh-odd/_doc/a%2Fb%20c%25-{}", door.down);
    let made = put(&odd);
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(made.text.contains("/cluster01/elastic/mesh-odd/_doc/a"), "{}", made.text);
    assert_eq!(mesh.cluster(1).get(&odd)["_id"], format!("a/b c%-{}", door.down));
    let dated = put("/%3Cmesh-odd-%7Bnow%2Fd%7Byyyy%7D%7D%3E/_doc/1");
    assert!(dated.text.contains(r#""_index":"mesh-odd-20"#), "{}", dated.text);

    parts.part("100 MB, and another protocol");
    let body = file_of(Path::new(PREFIX), 99);
    let header = ("header", "content-type: application/json");
    let large = door.ask("/cluster01/elastic/_search?size=0", &[("request", "POST"), header, ("data-binary", &body)]);
    assert_eq!(large.status, 200, "{}", large.text);
    assert_eq!(door.upgrade("cluster02").echo("a line"), "a line");
}

/// A cluster that is down is named by the answer, and the others serve.
fn names_what_is_down(door: &Door<'_>) {
    docker(&["stop", "--time", "0", "cluster02-elastic", "cluster02-kibana"]);
    for (path, reason) in [
        ("/cluster02/elastic/_search", "cluster02-elastic does not answer"),
        ("/cluster02/app/home", "The Kibana of cluster02 does not answer"),
    ] {
        let begun = Instant::now();
        let down = door.ask(path, &[]);
        assert!(
            down.text.contains(reason) && (down.status == door.down || down.status == 502),
            "{path}: {}",
            down.text
        );
        assert!(begun.elapsed() < Duration::from_secs(8), "{path}: {:?}", begun.elapsed());
    }
    assert_eq!(door.ask("/cluster01/elastic/", &[]).status, 200);
}

/// A service that shows a certificate of another authority is not believed.
fn trusts_no_other(door: &Door<'_>, into: &Path, mut read_again: impl FnMut()) {
    let file = |number: u8| into.join(format!("cluster{number:02}.crt"));
    let own = fs::read(file(2)).expect("should be there");
    fs::copy(file(1), file(2)).expect("should be writable");
    read_again();
    for (path, reason) in
        [("/cluster02/elastic/", "cluster02-elastic does not"), ("/cluster02/", "Kibana of cluster02")]
    {
        // the process that has the old files may take a connection or two
        let refused = wait_for("the proxy to have read its files", SOON, || {
            Some(door.ask(path, &[])).filter(|answer| answer.status == door.down)
        });
        assert!(refused.text.contains(reason), "{}", refused.text);
    }
    assert_eq!(door.ask("/cluster01/api/status", &[]).status, 200);
    fs::write(file(2), own).expect("should be writable");
    read_again();
    wait_for("the proxy to lead there again", SOON, || {
        (door.ask("/cluster02/elastic/", &[]).status == 200).then_some(())
    });
}

/// nginx and HAProxy take what is made for a mesh of so many clusters, which need not run.
fn many(mesh: &Mesh, dir: &Path, count: u8, [certificate, key]: [&str; 2]) {
    let home: PathBuf = dir.join(format!("mesh-of-{count}"));
    let record = json!({
        "format": 1,
        "id": "0123456789abcdef",
        "spec": {
            "clusters": format!("cluster{count:02}"), "stack_version": "9.5.3", "registry": "mesh.local", "kibana": true,
            "bind": "127.0.0.1", "elastic_memory": "1g", "kibana_memory": "512m", "share": [], "san": [],
            "key_days": 365, "hosts": false,
        },
        "subnet": "10.213.0.0/24",
        "owner": { "uid": 995, "gid": 0 },
        "host_name": "vm",
    });
    let authority = mesh.read("cluster01/certs/ca.crt");
    for number in 1..=count {
        let certs = home.join(format!("cluster{number:02}/certs"));
        fs::create_dir_all(&certs).expect("should be writable");
        fs::write(certs.join("ca.crt"), &authority).expect("should be writable");
    }
    fs::write(home.join("mesh.json"), record.to_string()).expect("should be writable");
    let (nginx, haproxy) = (dir.join(format!("nginx-{count}")), dir.join(format!("haproxy-{count}")));
    let of = |kind: &str, into: &Path, more: &[&str]| {
        let own = ["export", kind, "--into", &text(into), "--certificate", certificate].map(str::to_owned);
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let binary = std::process::Command::new(env!("CARGO_BIN_EXE_mesh"))
            .args(own)
            .args(more)
            .arg("--dir")
            .arg(&home)
            .output()
            .expect("the binary should start");
        assert!(binary.status.success(), "{}", String::from_utf8_lossy(&binary.stderr));
    };
    of("nginx", &nginx, &["--key", key]);
    of("haproxy", &haproxy, &["--server-name", "*.mesh.example"]);
    let (taken, printed) = Proxy::nginx_takes(Path::new(PREFIX), &nginx.join("nginx.conf"));
    assert!(taken, "{printed}");
    let (taken, printed) = Proxy::haproxy_takes(&[&haproxy.join("mesh.cfg")]);
    assert!(taken, "{printed}");
}
