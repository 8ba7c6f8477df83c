//! nginx and HAProxy of Debian in front of a mesh, and a client of either.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use crate::support::{
    curl::{Answer, curl},
    docker::{docker, try_docker},
    mesh::Mesh,
};

pub const NGINX: &str = "mesh.local/nginx/nginx:1.26.3";
const CONTAINER: &str = "mesh-e2e-proxy";

/// A certificate for `localhost` that signs itself, with its key, in files.
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// Files `NAME.pem` and `NAME.pem.key`, which is where HAProxy looks for the key.
    pub fn make(dir: &Path, name: &str) -> Self {
        let key = KeyPair::generate().expect("the system should have randomness");
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("should be a name");
        let certificate = certificate.self_signed(&key).expect("should sign itself");
        let files = Self { certificate: dir.join(format!("{name}.pem")), key: dir.join(format!("{name}.pem.key")) };
        fs::write(&files.certificate, certificate.pem()).expect("should be writable");
        fs::write(&files.key, key.serialize_pem()).expect("should be writable");
        files
    }
}

/// A proxy that runs until this is dropped.
pub enum Proxy {
    Nginx,
    Haproxy(Child),
}

impl Proxy {
    /// nginx by a configuration file, on the ports of this machine and without any privilege; it sees the files of
    /// `dir` where they are.
    pub fn nginx(dir: &Path, configuration: &Path) -> Self {
        let (volume, configuration) =
            (format!("--volume={0}:{0}:ro", dir.display()), configuration.display().to_string());
        let run = ["run", "--detach", "--name", CONTAINER, "--network", "host", "--user", "65534:65534", "--read-only"];
        let confined = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp", &volume, NGINX];
        let command = ["nginx", "-e", "stderr", "-c", &configuration, "-g", "daemon off;"];
        docker(&[&run[..], &confined, &command].concat());
        Self::Nginx
    }

    /// Whether nginx takes a configuration, and what it prints about it.
    pub fn nginx_takes(dir: &Path, configuration: &Path) -> (bool, String) {
        let (volume, configuration) = (format!("--volume={0}:{0}:ro", dir.display()), configuration.display());
        try_docker(&["run", "--rm", &volume, NGINX, "nginx", "-t", "-e", "stderr", "-c", &configuration.to_string()])
    }

    /// HAProxy by configuration files.
    pub fn haproxy(files: &[&Path]) -> Self {
        let mut command = Command::new("haproxy");
        command.args(files.iter().flat_map(|file| [Path::new("-f"), file]));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self::Haproxy(command.spawn().expect("HAProxy should be installed: apt-get install haproxy"))
    }

    /// Whether HAProxy takes configurations, and what it prints about them.
    pub fn haproxy_takes(files: &[&Path]) -> (bool, String) {
        let mut command = Command::new("haproxy");
        command.args(files.iter().flat_map(|file| [Path::new("-f"), file]));
        let output = command.arg("-c").output().expect("HAProxy should be installed: apt-get install haproxy");
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// Has nginx read its files again.
    pub fn reload() {
        docker(&["kill", "--signal", "HUP", CONTAINER]);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        match self {
            Self::Nginx => drop(try_docker(&["rm", "--force", CONTAINER])),
            Self::Haproxy(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// One address of a mesh, as clients have it.
pub struct Door<'a> {
    pub mesh: &'a Mesh,
    /// `https://localhost:PORT`.
    pub port: u16,
    /// What it is believed by.
    pub authority: PathBuf,
    /// The status of an answer for a service that does not answer.
    pub down: u16,
}

impl Door<'_> {
    /// A request as `elastic`; head and body of the answer are its text.
    pub fn ask(&self, path: &str, more: &[(&str, &str)]) -> Answer {
        self.ask_by("https", path, more)
    }

    pub fn ask_by(&self, scheme: &str, path: &str, more: &[(&str, &str)]) -> Answer {
        let url = format!("{scheme}://localhost:{}{path}", self.port);
        let authority = self.authority.display().to_string();
        let login = format!("elastic:{}", self.mesh.credential("elastic"));
        let own = [("url", &*url), ("cacert", &*authority), ("user", &*login), ("dump-header", "-")];
        curl(&[&own[..], more].concat())
    }

    /// A connection to a Kibana that is upgraded to a protocol in which every line comes back.
    pub fn upgrade(&self, cluster: &str) -> Upgraded {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(&self.authority).expect("should be a certificate");
        roots.add(authority).expect("should be a root");
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("should have versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("should be a name");
        let socket = TcpStream::connect(("127.0.0.1", self.port)).expect("should listen");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("should have time-outs");
        let client = ClientConnection::new(Arc::new(config), name).expect("should be a client");
        let mut stream = BufReader::new(StreamOwned::new(client, socket));
        let path = format!("/{cluster}/stand-in/echo");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes()).expect("should be sent");
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).expect("should answer") > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        Upgraded(stream)
    }
}

/// A connection that was upgraded to another protocol.
pub struct Upgraded(BufReader<StreamOwned<ClientConnection, TcpStream>>);

impl Upgraded {
    /// What comes back of a line.
    pub fn echo(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes()).expect("should be sent");
        let mut back = String::new();
        self.0.read_line(&mut back).expect("should come back");
        back.trim_end().to_owned()
    }
}
