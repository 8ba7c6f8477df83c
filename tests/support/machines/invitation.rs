//! Invitations written by hand, by the schema in docs/reference.md: what `mesh invites create` would not write, such as
//! keys that expire within a minute.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Machine;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    kind: String,
    version: u32,
    pub host: String,
    mesh: String,
    guest: String,
    #[serde(with = "time::serde::rfc3339")]
    made: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    pub clusters: Vec<InvitedCluster>,
    checksum: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitedCluster {
    pub name: String,
    pub addresses: Vec<String>,
    server_name: String,
    stack_version: String,
    authorities: String,
    key_id: String,
    pub encoded: String,
    shares: Vec<String>,
}

impl Invitation {
    /// To clusters of a machine, with new keys of such a life.
    pub fn to_clusters(host: &Machine, guest: &str, clusters: &[u8], lifetime: Duration) -> Self {
        let record: Value = serde_json::from_str(&host.read("mesh.json")).expect("should be JSON");
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).expect("should be a time");
        Self {
            kind: "mesh-invitation".to_owned(),
            version: 1,
            host: host.name(),
            mesh: record["id"].as_str().expect("should have an id").to_owned(),
            guest: guest.to_owned(),
            made: now,
            expires: now + lifetime,
            clusters: clusters.iter().map(|number| InvitedCluster::of(host, *number, lifetime)).collect(),
            checksum: String::new(),
        }
    }

    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("should be readable");
        serde_json::from_str(&text).expect("should be as docs/reference.md says")
    }

    /// Writes it with the checksum that it should have.
    pub fn write(&self, path: &Path) {
        let whole = Self { checksum: String::new(), ..self.clone() };
        let text = serde_json::to_string(&whole).expect("should be JSON");
        let sum = digest::digest(&digest::SHA256, &[&(text.len() as u64).to_be_bytes(), text.as_bytes()].concat());
        let hex = |byte: &u8| format!("{byte:02x}");
        let signed = Self { checksum: sum.as_ref()[..16].iter().map(hex).collect(), ..whole };
        write_private(path, &serde_json::to_string_pretty(&signed).expect("should be JSON"));
    }
}

/// A file that its owner alone may read, as one with keys has to be.
pub fn write_private(path: &Path, text: &str) {
    fs::write(path, text).expect("should be writable");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("should be ours");
}

impl InvitedCluster {
    fn of(host: &Machine, number: u8, lifetime: Duration) -> Self {
        let cluster = host.cluster(number);
        let access = json!({ "search": [{ "names": ["mesh*"] }] });
        let expiration = format!("{}s", lifetime.as_secs());
        let key = cluster.post(
            "/_security/cross_cluster/api_key",
            &json!({ "name": "by hand", "access": access, "expiration": expiration }),
        );
        let text = |field: &str| key[field].as_str().expect("should be in the answer").to_owned();
        Self {
            name: cluster.name(),
            addresses: vec![format!("{}:{}", host.address(), 9400 + u16::from(number))],
            server_name: cluster.elastic(),
            stack_version: "9.5.3".to_owned(),
            authorities: host.read(&format!("{}/certs/ca.crt", cluster.name())),
            key_id: text("id"),
            encoded: text("encoded"),
            shares: vec!["mesh*".to_owned()],
        }
    }
}
