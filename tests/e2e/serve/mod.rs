//! The live page, in a real browser: what it shows of a mesh that breaks and is mended, and who may see it.

mod page;

use std::{process::Command, time::Instant};

use serde_json::{Value, json};

use self::page::{AT, Page, SOON};
use crate::support::{Parts, browser::Browser, curl::curl, mesh::Mesh};

/// Data that would do something if it were read as HTML.
const HOSTILE: &str = "<img src=x onerror='window.hacked=1'><script>window.hacked=2</script>";
/// Data that looks as a command of a report does, which would be completed.
const COMMAND: &str = "mesh status";

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn a_page_that_shows_the_mesh() {
    let parts = Parts::begin();
    let mesh = Mesh::new("serve");
    mesh.create(&["2", "--no-kibana"]);
    let path = "/mesh-hostile/_doc/1?refresh=true";
    mesh.cluster(2).put("/mesh-hostile", &json!({ "settings": { "number_of_replicas": 0 } }));
    mesh.cluster(2).put(path, &json!({ "word": "hostile", "text": HOSTILE, "remedy": COMMAND }));
    refused_before_it_begins(&mesh);

    parts.part("who has no token, or comes from elsewhere, is turned away");
    let page = Page::begin(&mesh);
    turned_away(&page);

    parts.part("a browser that was given the token sees the mesh");
    let mut browser = Browser::new();
    browser.look(1280, 900, "light");
    browser.open(&format!("http://{AT}/?token={}", page.token));
    browser.until("document.title === 'mesh'", SOON);
    browser.until("document.querySelectorAll('#matrix button.up').length === 2", SOON);
    assert_eq!(browser.value("location.href"), format!("http://{AT}/"), "the token is not in the address");
    assert_eq!(browser.value("document.cookie"), "", "no script can read it");
    searched(&mut browser, &page);

    parts.part("a cluster that stops is a cross, and one that starts is none");
    mesh.run(&["manage", "stop", "2"], 0);
    let took = browser.until("document.querySelectorAll('#matrix button.down').length === 2", SOON);
    println!("          the cross was there after {:.1} s", took.as_secs_f64());
    browser.until("document.getElementById('problems').innerText.includes('cluster02-elastic is stopped')", SOON);
    browser.until("document.title.startsWith('(1) mesh')", SOON);
    let command = browser.value("document.querySelector('#problems .command code').textContent");
    let command = command.as_str().expect("should be a text");
    assert_eq!(command, format!("mesh manage start 2 --dir {}", mesh.dir.display()), "it is about this mesh");
    assert_eq!(browser.value("document.getElementById('of-cluster02').className"), "amiss");
    watched(&mesh);
    mesh.run(&["manage", "start", "2"], 0);
    browser.until("document.querySelectorAll('#matrix button.up').length === 2 && document.title === 'mesh'", SOON);
    browser.until("document.getElementById('lines').innerText.includes('cluster02-elastic ready, was')", SOON);

    parts.part("a server that hangs is unknown, and the others are fresh");
    hung(&mesh, &mut browser);

    parts.part("keys walk through the matrix, and show a link with its history");
    browser.value("document.querySelector('#matrix button[tabindex=\"0\"]').focus()");
    for key in ["ArrowDown", "ArrowLeft", "ArrowUp", "ArrowDown", "Enter"] {
        browser.press(key);
    }
    browser.until("document.getElementById('link-title').textContent === 'cluster02 → cluster01'", SOON);
    browser.until("document.querySelectorAll('#link-body svg.strip rect.up').length > 0", SOON);
    browser.until("document.querySelector('#link-body svg.latency')", SOON);

    parts.part("nothing it answers holds a secret, and it takes no lock");
    secrets(&mesh, &page);
    assert!(mesh.run(&["create"], 0).stdout.contains("nothing to do"));
    assert!(!page.stderr().contains("error"), "{}", page.stderr());

    parts.part("the page comes back by itself when its server does");
    page.end();
    browser.until("!document.getElementById('lost').hidden", SOON);
    assert_eq!(keys(&mesh).len(), 0, "the key by which it searched is revoked");
    let page = Page::begin(&mesh);
    browser.until("document.getElementById('lost').hidden && document.title === 'mesh'", SOON);
    browser.until("document.querySelectorAll('#matrix button.up').length === 2", SOON);

    assert_eq!(browser.complaints(), Vec::<String>::new());
    let foreign = |url: &&str| !url.starts_with(&format!("http://{AT}/")) && !url.starts_with("data:");
    assert_eq!(browser.requests().filter(foreign).collect::<Vec<_>>(), ["about:blank"; 0]);
    page.end();
    parts.part("done");
}

/// The terminal has the words of the page, and its marks.
fn watched(mesh: &Mesh) {
    let watch = mesh.start(&["status", "--watch"]);
    let heard = watch.stderr();
    let ended = watch.ask_to_end("-INT", "a picture", || heard.text().contains('✗'));
    assert_eq!(ended.exit, Some(0), "{}", ended.stderr);
    let first = ended.stderr.lines().take(2).collect::<Vec<_>>().join("\n");
    assert_eq!(first, "✗ cluster02-elastic is stopped\n  hint: `mesh manage start 2` starts it");
}

fn refused_before_it_begins(mesh: &Mesh) {
    let printed = mesh.run(&["serve", "--listen", AT], 2).stderr;
    assert!(printed.contains("stdout is not a terminal") && printed.contains("--token-file"), "{printed}");
    let open = mesh.run(&["serve", "--listen", "0.0.0.0:9517", "--token-file", "/nonexistent/token"], 2).stderr;
    assert!(open.contains("--tls-certificate"), "{open}");
    let _taken = std::net::TcpListener::bind(AT).expect("should be free");
    let file = mesh.path("../serve-token").display().to_string();
    let taken = mesh.run(&["serve", "--listen", AT, "--token-file", &file], 3).stderr;
    assert!(taken.contains("has the port") && taken.contains("--listen 127.0.0.1:9518"), "{taken}");
}

fn turned_away(page: &Page<'_>) {
    let locked = page.ask("/", &[]);
    assert!(locked.status == 401 && locked.text.contains("mesh serve"), "{}", locked.text);
    for path in ["/api/status", "/api/links", "/api/history", "/events", "/metrics", "/?token=wrong"] {
        assert_eq!(page.ask(path, &[]).status, 401, "{path}");
    }
    assert_eq!(page.ask_with_token("/api/status", &[]).status, 200);
    let metrics = page.ask_with_token("/metrics", &[]).text;
    for line in [
        "mesh_in_sync ",
        "mesh_look_interval_seconds ",
        "mesh_link_search_duration_seconds{from=\"cluster01\",to=\"cluster02\"} ",
    ] {
        assert!(metrics.lines().any(|found| found.starts_with(line)), "{line}: {metrics}");
    }
    assert_eq!(page.ask_with_token("/api/status", &[("header", "host: evil.example")]).status, 421);
    assert_eq!(page.ask("/healthz", &[("header", "host: evil.example:9517")]).status, 421);
    let cookie = format!("mesh-9517={}", page.token);
    let json = ("header", "content-type: application/json");
    let post = |lines: &[(&str, &str)]| {
        page.ask("/api/search", &[&[("cookie", cookie.as_str()), ("data", "{}")], lines].concat()).status
    };
    let own = format!("origin: http://{AT}");
    assert_eq!(post(&[json]), 403, "a browser names the page that it is on");
    assert_eq!(post(&[json, ("header", "origin: http://evil.example")]), 403);
    assert_eq!(post(&[json, ("header", &own), ("header", "sec-fetch-site: cross-site")]), 403);
    assert_eq!(post(&[("header", "content-type: text/plain"), ("header", &own)]), 415);
    assert_eq!(post(&[json, ("header", &own), ("header", "sec-fetch-site: same-origin")]), 200);
    let large = format!(r#"{{"query": "{}"}}"#, "a".repeat(17 << 10));
    assert_eq!(page.ask_with_token("/api/search", &[json, ("data", &large)]).status, 413);
    for (body, words) in [(r#"{"indices": "*"}"#, "beyond"), (r#"{"indices": "a/../_bulk"}"#, "error"), ("{", "error")]
    {
        let refused = page.ask_with_token("/api/search", &[json, ("data", body)]);
        assert!(refused.status == 400 && refused.text.contains(words), "{body}: {}", refused.text);
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = page.ask_with_token("/api/status", &[json, ("request", method)]);
        assert_eq!(answer.status, 405, "{method}");
    }
}

fn searched(browser: &mut Browser, page: &Page<'_>) {
    browser.value("document.getElementById('query').value = 'word:hostile'; document.getElementById('indices').value = 'mesh-hostile'");
    browser.value("document.querySelector('#ask button').click()");
    browser.until("document.getElementById('found').innerText.includes('1 hit')", SOON);
    let text = browser.value("document.querySelector('.hits pre').textContent");
    let text = text.as_str().expect("should be a text");
    assert!(text.contains("<img src=x onerror='window.hacked=1'>"), "{text}");
    assert!(text.contains(&format!("\"{COMMAND}\"")), "{text}");
    assert_eq!(browser.value("document.images.length + document.querySelectorAll('main script').length"), 0);
    assert_eq!(browser.value("typeof window.hacked"), "undefined");
    reads_only(page);
}

/// The keys by which the page searches, as the server lists them.
fn keys(mesh: &Mesh) -> Vec<Value> {
    let all = mesh.cluster(1).get("/_security/api_key?name=serve-*&active_only=true");
    all["api_keys"].as_array().cloned().unwrap_or_default()
}

/// What may be done by a key of the privileges that the page's has.
fn reads_only(page: &Page<'_>) {
    let mesh = page.mesh;
    let held = keys(mesh);
    assert_eq!(held.len(), 1, "one key, made for the first search: {held:?}");
    let body = json!({ "name": "copy", "expiration": "5m", "role_descriptors": held[0]["role_descriptors"] });
    let copy = mesh.cluster(1).post("/_security/api_key", &body);
    let login = format!("authorization: ApiKey {}", copy["encoded"].as_str().expect("should be shown"));
    let ask = |method: &str, path: &str| {
        let (url, authority) = (mesh.cluster(1).url(path), mesh.cluster(1).authority());
        let lines = [("request", method), ("url", &url), ("cacert", &authority), ("header", &login)];
        let body = [("header", "content-type: application/json"), ("data", "{}")];
        curl(&[&lines[..], if method == "PUT" { &body[..] } else { &[] }].concat()).status
    };
    assert_eq!(ask("GET", "/mesh-hostile,cluster02:mesh-hostile/_search?ignore_unavailable=true"), 200);
    for (method, path) in [
        ("PUT", "/mesh-hostile/_doc/2"),
        ("PUT", "/mesh-new"),
        ("DELETE", "/mesh-hostile"),
        ("POST", "/mesh-hostile/_close"),
        ("GET", "/_security/user"),
        ("GET", "/_cluster/settings"),
    ] {
        assert_eq!(ask(method, path), 403, "{method} {path}");
    }
    mesh.cluster(1).delete("/_security/api_key", Some(&json!({ "ids": [copy["id"]] })));
}

fn hung(mesh: &Mesh, browser: &mut Browser) {
    let top = Command::new("docker").args(["top", &mesh.cluster(2).elastic(), "-eo", "pid,comm"]).output();
    let top = String::from_utf8_lossy(&top.expect("docker should run").stdout).into_owned();
    let java = top.lines().find(|line| line.ends_with("java")).and_then(|line| line.split_whitespace().next());
    let java = java.expect("a server should run").to_owned();
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &java]).status().is_ok_and(|status| status.success()));
    };
    signal("-STOP");
    let begun = Instant::now();
    browser.until("document.querySelectorAll('#matrix button.unknown').length === 1", SOON);
    browser.until("document.querySelectorAll('#matrix button.down').length === 1", SOON);
    assert_eq!(browser.value("document.querySelector('#of-cluster01 .state').textContent"), "ready");
    assert_eq!(browser.value("document.body.classList.contains('late')"), false, "what is shown is fresh");
    println!("          the hung server was seen after {:.1} s", begun.elapsed().as_secs_f64());
    signal("-CONT");
    browser.until("document.querySelectorAll('#matrix button.up').length === 2 && document.title === 'mesh'", SOON);
}

/// Every answer, against everything that is secret.
fn secrets(mesh: &Mesh, page: &Page<'_>) {
    let mut secrets: Vec<String> = ["elastic", "kibana_encryption_key"].map(|name| mesh.credential(name)).to_vec();
    secrets.push(page.token.clone());
    for number in 1..=2_u8 {
        for name in ["api-key.json", "certs/ca.key"] {
            let text = mesh.read(&format!("{}/{name}", mesh.cluster(number).name()));
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"+/=_-".contains(c));
            let long: Vec<String> = words.filter(|word| word.len() >= 40).map(str::to_owned).collect();
            assert!(!long.is_empty(), "{name} of cluster {number} should have a secret");
            secrets.extend(long);
        }
    }
    let mut answers = String::new();
    for path in [
        "/",
        "/main.js",
        "/healthz",
        "/api/status",
        "/api/links",
        "/api/problems",
        "/api/history?minutes=60",
        "/api/history?from=cluster01&to=cluster02",
        "/nowhere",
    ] {
        answers += &page.ask_with_token(path, &[("include", "true")]).text;
    }
    answers +=
        &page.ask_with_token("/api/search", &[("header", "content-type: application/json"), ("data", "{}")]).text;
    // a stream goes on
    answers += &page.ask_with_token("/events", &[("max-time", "2")]).text;
    assert!(answers.contains("event: status") && answers.contains("\"clusters\""), "{answers}");
    for secret in secrets {
        assert!(!answers.contains(&secret), "an answer holds a secret: {}…", &secret[..4]);
    }
}
