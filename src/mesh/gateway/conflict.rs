//! What keeps a gateway from being beside the rest of its mesh, and beside other meshes. Pure: no I/O.

use std::net::{IpAddr, SocketAddr};

use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{Mesh, taken::Taken, typed_again::with_flags_again},
};

/// The port of a gateway in examples, and from which on one that is free is looked for.
const USUAL: u16 = 8443;

/// A gateway that cannot be as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayConflict {
    #[error("ports of clusters would be published on {bind}, past the gateway at {gateway}")]
    Bind { bind: IpAddr, gateway: SocketAddr },
    /// With an address that is not in the way.
    #[error("port {port} of the gateway is one that the mesh publishes for a cluster")]
    Port { port: u16, free: SocketAddr },
    /// Another mesh has it though nothing listens there: its containers are stopped, or are being made in this moment.
    #[error("port {port} of the gateway is one that another mesh of this machine has, or is about to have")]
    Reserved { port: u16, free: SocketAddr },
    #[error("the gateway is given a {has} without a {lacks}")]
    HalfAPair { has: &'static str, lacks: &'static str },
}

impl Explain for GatewayConflict {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Bind { .. } => format!(
                "the gateway leads to every cluster, so that the others stay on this machine: {}, or with \
                 `--no-gateway` to do without it",
                with_flags_again("--bind 127.0.0.1")
            ),
            Self::Port { free, .. } | Self::Reserved { free, .. } => {
                format!("name another port: {}", with_flags_again(&format!("--gateway {free}")))
            }
            Self::HalfAPair { .. } => {
                "name both with `--gateway-cert FILE --gateway-key FILE`, or none: `--no-gateway-cert --no-gateway-key`"
                    .to_owned()
            }
        })
    }
}

impl Mesh {
    /// `new` says whether the gateway takes its port by this decision, rather than having it already.
    ///
    /// # Errors
    /// The gateway cannot be beside the rest of the mesh, or its port is another mesh's.
    pub(in crate::mesh) fn require_gateway(&self, new: bool, taken: &Taken) -> Result<(), GatewayConflict> {
        let (Some(gateway), bind) = (self.gateway_at(), self.spec.bind) else { return Ok(()) };
        if !bind.is_loopback() {
            return Err(GatewayConflict::Bind { bind, gateway });
        }
        let (port, published) = (gateway.port(), self.published());
        let is_free = |port: &u16| !published.contains(port) && !taken.ports.contains(port);
        let free = || SocketAddr::new(gateway.ip(), (USUAL..=u16::MAX).find(is_free).unwrap_or(USUAL));
        if published.contains(&port) {
            return Err(GatewayConflict::Port { port, free: free() });
        }
        if new && taken.has_reserved(gateway) {
            return Err(GatewayConflict::Reserved { port, free: free() });
        }
        let (certificate, key) = (self.spec.gateway_cert.0.is_some(), self.spec.gateway_key.0.is_some());
        match (certificate, key) {
            (true, false) => Err(GatewayConflict::HalfAPair { has: "certificate", lacks: "key" }),
            (false, true) => Err(GatewayConflict::HalfAPair { has: "key", lacks: "certificate" }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::UserFile;

    fn mesh(gateway: &str) -> Mesh {
        Mesh::example(2).with_gateway(gateway)
    }

    fn refused(mesh: &Mesh, taken: &Taken) -> String {
        let refused = mesh.require_gateway(true, taken).unwrap_err();
        format!("{refused}\n{}", refused.hint().unwrap())
    }

    #[test]
    fn nothing_else_is_published_beyond_loopback() {
        let (mut mesh, none) = (mesh("0.0.0.0:443"), Taken::default());
        assert_eq!(mesh.require_gateway(true, &none), Ok(()));
        mesh.spec.bind = [0, 0, 0, 0].into();
        insta::assert_snapshot!(refused(&mesh, &none), @r"
        ports of clusters would be published on 0.0.0.0, past the gateway at 0.0.0.0:443
        the gateway leads to every cluster, so that the others stay on this machine: type the same command again with `--bind 127.0.0.1`, or with `--no-gateway` to do without it
        ");
    }

    #[test]
    fn a_port_of_a_cluster_is_refused_with_one_that_is_free() {
        let taken = Taken { ports: [8443].into(), ..Taken::default() };
        insta::assert_snapshot!(refused(&mesh("127.0.0.1:9202"), &taken), @r"
        port 9202 of the gateway is one that the mesh publishes for a cluster
        name another port: type the same command again with `--gateway 127.0.0.1:8444`
        ");
    }

    #[test]
    fn a_port_of_another_mesh_is_refused_where_it_is_not_had_already() {
        let other = Mesh::example(1).named("ci42").with_gateway("127.0.0.1:8443");
        let taken = Taken::default().with([other.choice()]);
        insta::assert_snapshot!(refused(&mesh("0.0.0.0:8443"), &taken), @r"
        port 8443 of the gateway is one that another mesh of this machine has, or is about to have
        name another port: type the same command again with `--gateway 0.0.0.0:8444`
        ");
        assert!(mesh("127.0.0.1:9401").require_gateway(false, &taken).is_err(), "the mesh's own");
        assert_eq!(mesh("127.0.0.1:8443").require_gateway(false, &taken), Ok(()), "it has it");
        assert_eq!(mesh("192.0.2.11:8443").require_gateway(true, &taken), Ok(()), "another address");
        let clusters = Taken::default().with([Mesh::example(9).choice()]);
        assert!(refused(&mesh("192.0.2.11:9209"), &clusters).starts_with("port 9209"), "of a cluster");
    }

    #[test]
    fn half_a_pair_is_refused() {
        let (mut mesh, none) = (mesh("127.0.0.1:8443"), Taken::default());
        mesh.spec.gateway_key = UserFile(Some("/tls.key".into()));
        insta::assert_snapshot!(mesh.require_gateway(true, &none).unwrap_err(), @"the gateway is given a key without a certificate");
        mesh.spec.gateway_cert = UserFile(Some("/tls.crt".into()));
        assert_eq!(mesh.require_gateway(true, &none), Ok(()));
    }
}
