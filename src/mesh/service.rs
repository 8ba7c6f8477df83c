//! One container, with everything decided that Docker needs to know of it. Pure: no I/O.

use std::net::Ipv4Addr;

use ring::digest;

use super::{
    Mesh,
    credentials::Credentials,
    id::{KIBANA, Port, REST, ServiceId, ServiceKind},
    layout,
    passphrase::hex,
    render::RenderError,
    settings::Memory,
};

/// Time between SIGTERM and SIGKILL, in seconds: Elasticsearch flushes its indices before it ends.
pub const STOP_TIMEOUT: u32 = 120;

/// A directory of the host, by its full path, and its place in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub host: String,
    pub container: &'static str,
}

/// A container as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub id: ServiceId,
    pub image: String,
    pub memory: Memory,
    /// `uid:gid` of the process.
    pub user: String,
    pub address: Ipv4Addr,
    pub ports: Vec<Port>,
    pub mounts: Vec<Mount>,
    /// The health check's command, run by a shell in the container. It needs no password.
    pub health_check: String,
}

impl Service {
    pub(super) fn decide(mesh: &Mesh, id: ServiceId) -> Self {
        let spec = &mesh.spec;
        let (name, memory) = match id.kind {
            ServiceKind::Elastic => ("elasticsearch/elasticsearch", spec.elastic_memory),
            ServiceKind::Kibana => ("kibana/kibana", spec.kibana_memory),
        };
        let authority = format!("{}/certs/ca.crt", layout::mounts(id.kind)[0].1);
        let health_check = match id.kind {
            // any answer will do, 401 too: it shows that the REST API is served
            ServiceKind::Elastic => format!("curl -s -o /dev/null --cacert {authority} https://localhost:{REST}/"),
            ServiceKind::Kibana => {
                format!(
                    "curl -sf -o /dev/null --cacert {authority} https://localhost:{KIBANA}/{}/api/status",
                    id.cluster
                )
            }
        };
        Self {
            id,
            image: format!("{}/{name}:{}", spec.registry, mesh.version(id.cluster)),
            memory,
            user: format!("{}:{}", mesh.owner.uid, mesh.owner.gid),
            address: mesh.subnet.address(id),
            ports: id.ports(),
            mounts: layout::mounts(id.kind)
                .iter()
                .map(|(dir, container)| Mount {
                    host: mesh.dir.join(layout::service_dir(id)).join(dir).display().to_string(),
                    container,
                })
                .collect(),
            health_check,
        }
    }
}

impl Mesh {
    /// Identifies everything that needs a new container when it changes: image, limits, ports, mounts, user, address and
    /// static configuration; not the bundle of authorities, the keystore or the number of clusters.
    ///
    /// A digest in hexadecimal; Kibana's covers its 256-bit key besides its password, so neither can be guessed from it.
    ///
    /// # Errors
    /// A template does not render.
    pub fn fingerprint(&self, service: ServiceId, credentials: &Credentials) -> Result<String, RenderError> {
        let decided = format!("{:?} bind {}", self.service(service), self.spec.bind);
        let settings = self.render_settings(service, credentials)?;
        let options = match service.kind {
            ServiceKind::Elastic => self.render_jvm_options(service.cluster)?,
            ServiceKind::Kibana => String::new(),
        };
        Ok(digest_of(&[decided.as_bytes(), settings.expose().as_bytes(), options.as_bytes()]))
    }
}

/// The first 128 bits of SHA-256 over the parts, each with its length, in hexadecimal.
pub fn digest_of(parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    hex(&context.finish().as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{id::ClusterId, secret::Secret};

    fn credentials() -> Credentials {
        Credentials {
            elastic: Secret::new("one"),
            kibana_system: Secret::new("two"),
            kibana_encryption_key: Secret::new("3".repeat(64)),
        }
    }

    #[test]
    fn growing_the_mesh_needs_no_new_container() {
        let (three, four) = (Mesh::example(3), Mesh::example(4));
        for service in three.services() {
            assert_eq!(three.fingerprint(service, &credentials()), four.fingerprint(service, &credentials()));
        }
    }

    #[test]
    fn what_a_container_is_made_of_needs_a_new_one_when_it_changes() {
        let mesh = Mesh::example(1);
        let first = ClusterId::new(1).unwrap();
        let before = mesh.fingerprint(first.elastic(), &credentials()).unwrap();
        let changes: [fn(&mut Mesh); 8] = [
            |mesh| mesh.spec.elastic_memory = Memory::gibibytes(3),
            |mesh| mesh.spec.bind = [0, 0, 0, 0].into(),
            |mesh| mesh.spec.registry = "mesh.local".parse().unwrap(),
            |mesh| mesh.subnet = "10.213.1.0/24".parse().unwrap(),
            |mesh| mesh.owner.uid = 1000,
            |mesh| mesh.dir = "/elsewhere".into(),
            |mesh| mesh.templates.elasticsearch_yml.push_str("path.logs: /elsewhere\n"),
            |mesh| mesh.templates.jvm_options.push_str("-XX:+UseSerialGC\n"),
        ];
        for change in changes {
            let mut other = mesh.clone();
            change(&mut other);
            assert_ne!(other.fingerprint(first.elastic(), &credentials()).unwrap(), before);
        }
        let mut password = credentials();
        password.kibana_system = Secret::new("other");
        assert_eq!(mesh.fingerprint(first.elastic(), &password).unwrap(), before);
        assert_ne!(mesh.fingerprint(first.kibana(), &password), mesh.fingerprint(first.kibana(), &credentials()));
    }
}
