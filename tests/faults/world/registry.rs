//! A registry that says who it is and then nothing more: the pull is given up, and nothing stays behind.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use crate::support::{Parts, mesh::Mesh, wait_for};

/// How long a pull may say nothing.
const IDLE: Duration = Duration::from_mins(2);
/// Docker comes within this.
const SOON: Duration = Duration::from_secs(30);
/// What a registry answers to whoever asks whether it is one.
const HERE: &str = "HTTP/1.1 200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
#[ignore = "waits for two minutes: run by scripts/faults"]
fn a_registry_that_hangs_after_it_has_identified_itself() {
    let parts = Parts::begin();
    let mesh = Mesh::new("registry");
    let registry = TcpListener::bind("127.0.0.1:0").expect("should have a port");
    let host = registry.local_addr().expect("should be bound").to_string();
    let create = |registry: &str| ["create", "1", "--no-kibana", "--force", "--registry", registry].map(str::to_owned);
    let (create, elsewhere) = (create(&host), create("127.0.0.1:1"));
    let [create, elsewhere] = [&create, &elsewhere].map(|args| args.iter().map(String::as_str).collect::<Vec<_>>());

    parts.part("Docker asks for the image, and is not answered");
    let running = mesh.start(&create);
    let asked = asked_for_a_manifest(&registry);
    let refused = mesh.run(&elsewhere, 5);
    assert!(refused.stderr.contains(&host), "should tell of the run that waits: {}", refused.stderr);

    parts.part("the pull is given up");
    let run = running.end();
    assert_eq!(run.exit, Some(3), "{}", run.stderr);
    for words in [
        &format!("the image {host}/elasticsearch/elasticsearch:9.5.3 is not here and cannot be pulled"),
        "nothing came for two minutes while Docker pulled",
        "hint: check the version and the way to the registry",
    ] {
        assert!(run.stderr.contains(words), "should tell `{words}`: {}", run.stderr);
    }
    assert!((IDLE..IDLE + SOON).contains(&run.took), "took {:?}", run.took);

    drop(asked);
    parts.part("nothing stays: no directory, no lock");
    assert!(!mesh.dir.exists() && mesh.containers().is_empty());
    let free = mesh.run(&elsewhere, 3);
    assert!(free.stderr.contains("127.0.0.1:1/elasticsearch"), "{}", free.stderr);
    parts.part("done");
}

/// Answers each client that asks whether this is a registry, and returns the first connection that asks for a manifest,
/// unanswered.
fn asked_for_a_manifest(registry: &TcpListener) -> TcpStream {
    registry.set_nonblocking(true).expect("should be settable");
    wait_for("a question for the image", SOON, || {
        let (mut connection, _) = registry.accept().ok()?;
        connection.set_read_timeout(Some(SOON)).expect("should be settable");
        let mut question = [0; 4096];
        let length = connection.read(&mut question).ok()?;
        let question = String::from_utf8_lossy(&question[..length]).into_owned();
        if question.contains("/manifests/") {
            return Some(connection);
        }
        // TLS, which comes first, is no question: Docker goes on without it
        if question.starts_with("GET /v2/ ") {
            connection.write_all(HERE.as_bytes()).ok()?;
        }
        None
    })
}
