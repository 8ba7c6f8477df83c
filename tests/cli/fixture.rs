//! A mesh as its directory tells of it, made by hand, and servers that stand in for its clusters.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener},
    process::Command,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

use crate::mesh;

/// A recorded mesh of three clusters.
pub struct Fixture {
    pub dir: tempfile::TempDir,
    address: IpAddr,
    certificate: rcgen::Certificate,
    key: KeyPair,
}

/// An answer that a server is to give: status and body.
type Answer = (u16, &'static str);

impl Fixture {
    /// Its clusters are at 127.213.0.`host`, where nothing listens unless it is asked to.
    pub fn new(host: u8, password: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let address = IpAddr::from([127, 213, 0, host]);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![address.to_string()]).unwrap().self_signed(&key).unwrap();
        let record = serde_json::json!({
            "format": 1,
            "id": "0123456789abcdef",
            "spec": {
                "clusters": "cluster03", "stack_version": "9.5.3", "registry": "mesh.local", "kibana": true,
                "bind": address, "elastic_memory": "1g", "kibana_memory": "512m", "share": [], "san": [],
                "key_days": 365, "hosts": false,
            },
            "subnet": "10.213.0.0/24",
            "owner": { "uid": 995, "gid": 0 },
            "host_name": "vm",
        });
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("mesh.json", &record.to_string());
        let key_of_kibana = "0123456789abcdef".repeat(4);
        write(
            "credentials.txt",
            &format!("elastic={password}\nkibana_system=of-kibana\nkibana_encryption_key={key_of_kibana}\n"),
        );
        write("ca.crt", &certificate.pem());
        for cluster in ["cluster01", "cluster02", "cluster03"] {
            fs::create_dir_all(dir.path().join(cluster).join("certs")).unwrap();
            write(&format!("{cluster}/certs/ca.crt"), &certificate.pem());
        }
        Self { dir, address, certificate, key }
    }

    /// `mesh` with these arguments, for this mesh.
    pub fn mesh(&self, arguments: &[&str]) -> Command {
        let mut command = mesh(arguments);
        command.env("MESH_DIR", self.dir.path());
        command
    }

    /// A text with this mesh's directory under a name that is always the same.
    pub fn neutral(&self, text: &str) -> String {
        text.replace(self.dir.path().to_str().unwrap(), "/mesh")
    }

    /// Stands in for a cluster's Elasticsearch, gives these answers one after the other, and tells what it was asked.
    pub fn serve(&self, cluster: u16, answers: &[Answer]) -> JoinHandle<Vec<String>> {
        let listener = bound((self.address, 9200 + cluster).into());
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key)
            .unwrap();
        let (config, answers) = (Arc::new(config), answers.to_vec());
        thread::spawn(move || {
            let answer = |(status, body): &Answer| {
                let (socket, _) = listener.accept().unwrap();
                let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), socket);
                let request = read_request(&mut stream);
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
                stream.conn.send_close_notify();
                stream.flush().unwrap();
                request
            };
            answers.iter().map(answer).collect()
        })
    }
}

/// A listener. A program that another test is just starting has the one before open until it runs, for a while under an
/// emulator.
fn bound(address: SocketAddr) -> TcpListener {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match TcpListener::bind(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(10));
            }
            bound => return bound.unwrap(),
        }
    }
}

/// Head and body, as long as the head says.
fn read_request(stream: &mut impl std::io::Read) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        request.extend(byte);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |text| text.parse().unwrap());
    stream.take(length).read_to_end(&mut request).unwrap();
    String::from_utf8(request).unwrap()
}
