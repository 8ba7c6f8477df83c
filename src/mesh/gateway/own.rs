//! The mesh's own gateway: where it is, and what its container is made from. Pure: no I/O.
//!
//! It belongs to no cluster, so it is no service of one. Beside it, nothing of the mesh is published beyond loopback
//! but the remote cluster servers that are advertised.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use serde::{Deserialize, Serialize};

use super::{
    nginx,
    own_files::{INSIDE, PORT},
};
use crate::mesh::{
    Mesh, allocate,
    certs::Names,
    cluster::Cluster,
    container::{Limits, Published},
    container_spec::{ALL_CAPABILITIES, ContainerSpec, HealthCheck, Log, NO_NEW_PRIVILEGES},
    fingerprint::MadeFrom,
    id::ClusterId,
    layout,
    network::Subnet,
    rendered::Settings,
    settings::{GatewayImage, Memory, SubjectName},
};

/// The image of a new gateway, of the nginx project.
pub const IMAGE: &str = "nginx:1.28.0";
/// The number of its address in the mesh's network.
const ADDRESS: u32 = 2;
/// Room for the bodies that it takes in whole before it passes them on to a Kibana.
const MEBIBYTES: u64 = 512;

/// What was decided for the mesh's own gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnGateway {
    /// In the mesh's network.
    pub address: Ipv4Addr,
    /// The image where no other is asked for: a newer program's comes with `mesh upgrade` or `--new-defaults`.
    pub image: String,
}

impl OwnGateway {
    /// What was decided stays, as far as it holds; `None` where the network has no address left.
    pub(in crate::mesh) fn decide(
        known: Option<&Self>,
        clusters: &BTreeMap<ClusterId, Cluster>,
        subnet: Subnet,
    ) -> Option<Self> {
        let address = allocate::beside(clusters, subnet, known.map(|known| known.address), ADDRESS)?;
        Some(Self { address, image: known.map_or_else(|| IMAGE.to_owned(), |known| known.image.clone()) })
    }

    /// The setting that a container with this image was made by; `None` for that of this program.
    pub(in crate::mesh) fn asked_for(image: &str) -> Option<GatewayImage> {
        (image != IMAGE).then(|| GatewayImage(Some(image.to_owned())))
    }

    /// This one with the image of this program.
    #[must_use]
    pub fn with_newest_image(self) -> Self {
        Self { image: IMAGE.to_owned(), ..self }
    }
}

impl Mesh {
    /// The image of the gateway; `None` where there is none.
    pub fn gateway_image(&self) -> Option<String> {
        let own = self.gateway.as_ref()?;
        Some(self.spec.gateway_image.0.clone().unwrap_or_else(|| own.image.clone()))
    }

    /// The limit of the gateway's container; `None` where there is none.
    pub fn gateway_memory(&self) -> Option<Memory> {
        self.gateway.as_ref().map(|_| Memory::mebibytes(MEBIBYTES))
    }

    /// Whether the gateway shows a certificate that an authority of its own signs.
    pub fn has_gateway_authority(&self) -> bool {
        self.gateway.is_some() && self.spec.gateway_cert.0.is_none()
    }

    /// Where people reach the gateway, without a slash at the end.
    pub fn gateway_url(&self) -> Option<String> {
        let at = self.gateway_at()?;
        let host = self.host_of(at.ip());
        Some(if at.port() == 443 { format!("https://{host}") } else { format!("https://{host}:{}", at.port()) })
    }

    /// The address and port of this machine that it is published on.
    pub fn gateway_at(&self) -> Option<SocketAddr> {
        self.spec.gateway.0.filter(|_| self.gateway.is_some())
    }

    /// Where this machine's own clients reach it.
    pub fn gateway_address(&self) -> Option<SocketAddr> {
        let at = self.gateway_at()?;
        let address = match at.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Some(SocketAddr::new(address, at.port()))
    }

    /// The names that a certificate of its own is valid for.
    pub fn gateway_names(&self) -> Option<Names> {
        let (own, at) = (self.gateway.as_ref()?, self.gateway_address()?);
        let mut names = Names {
            common_name: self.gateway_name(),
            dns: [self.gateway_name(), "localhost".to_owned(), self.host_name.clone()].into(),
            ip: [Ipv4Addr::LOCALHOST.into(), own.address.into(), at.ip()].into(),
        };
        for san in &self.spec.san {
            match san {
                SubjectName::Dns(name) => names.dns.insert(name.clone()),
                SubjectName::Ip(address) => names.ip.insert(*address),
            };
        }
        Some(names)
    }

    /// What the gateway's container is made from. What it serves is not among it: that changes while it runs.
    pub fn gateway_made_from(&self) -> Option<MadeFrom> {
        let container = self.gateway_spec()?;
        Some(MadeFrom { container, settings: Settings::default(), jvm_options: Vec::new(), secrets: None })
    }

    fn gateway_spec(&self) -> Option<ContainerSpec> {
        let (own, at) = (self.gateway.as_ref()?, self.spec.gateway.0?);
        let published = Published { address: Some(at.ip()), host: Some(at.port()), container: format!("{PORT}/tcp") };
        let config = self.dir.join(layout::GATEWAY_CONFIG).display().to_string();
        let defaults = self.defaults.defaults();
        let nginx = ["nginx", "-e", "stderr", "-c", &format!("{INSIDE}/{}", nginx::MAIN), "-g", "daemon off;"];
        Some(ContainerSpec {
            image: self.gateway_image()?,
            hostname: self.gateway_name(),
            user: self.user(),
            address: own.address,
            ports: BTreeSet::from([published]),
            mounts: [(format!("{INSIDE}:ro"), config)].into(),
            limits: Limits::of(self.gateway_memory()?),
            // images of nginx need not have a client
            health_check: HealthCheck {
                command: "kill -0 \"$(cat /tmp/nginx.pid)\"".to_owned(),
                interval_seconds: 30,
                timeout_seconds: 10,
                retries: 3,
                start_period_seconds: 10,
            },
            dropped_capabilities: vec![ALL_CAPABILITIES.to_owned()],
            security_options: vec![NO_NEW_PRIVILEGES.to_owned()],
            user_namespace: "host".to_owned(),
            log: Log {
                driver: "json-file".to_owned(),
                options: defaults.log_options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            },
            stop_timeout_seconds: 10,
            sysctls: BTreeMap::new(),
            entrypoint: nginx.map(str::to_owned).into(),
            read_only: true,
            tmpfs: [("/tmp".to_owned(), "rw,nosuid,nodev,noexec,mode=1777,size=384m".to_owned())].into(),
        })
    }

    /// How the public URL of Kibana changes on the way to `wanted`, in words; `None` where it does not.
    pub fn moved_kibana(&self, wanted: &Self) -> Option<String> {
        let moved = |cluster: &ClusterId| {
            let (before, after) = (self.url(cluster.kibana())?, wanted.url(cluster.kibana())?);
            (before != after).then_some((before, after))
        };
        let all: Vec<(String, String)> = wanted.clusters().filter_map(|cluster| moved(&cluster)).collect();
        let ((before, after), others) = (all.first()?, all.len() - 1);
        let others = match others {
            0 => String::new(),
            1 => ", and that of one more".to_owned(),
            others => format!(", and those of {others} more"),
        };
        Some(format!("Kibana's public URL changes: {before} → {after}{others}; each Kibana is away for its restart"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::Setting;

    /// The table of settings has a copy, which help and reference show.
    #[test]
    fn the_image_of_a_new_gateway_is_the_one_that_is_shown() {
        assert_eq!(Setting::named("gateway_image").map(|setting| setting.default), Some(IMAGE));
    }

    fn mesh(gateway: &str) -> Mesh {
        Mesh::example(2).with_gateway(gateway)
    }

    #[test]
    fn kibana_is_where_the_gateway_leads_to_it() {
        let (plain, with) = (Mesh::example(2), mesh("0.0.0.0:443"));
        assert_eq!(with.url(ClusterId::FIRST.kibana()).unwrap(), "https://vm/cluster01");
        assert_eq!(with.url(ClusterId::FIRST.first_node()), plain.url(ClusterId::FIRST.first_node()));
        insta::assert_snapshot!(plain.moved_kibana(&with).unwrap(), @"Kibana's public URL changes: https://localhost:5601/cluster01 → https://vm/cluster01, and that of one more; each Kibana is away for its restart");
        assert_eq!(with.moved_kibana(&with), None);
    }

    #[test]
    fn its_container_stays_what_it_is_for_ever() {
        let made_from = mesh("127.0.0.1:8443").gateway_made_from().unwrap();
        let shown = serde_json::to_string_pretty(&made_from.container).unwrap();
        assert_eq!(
            made_from.fingerprint(),
            "2:e870aea946a0fbc6c068ae944859afc8",
            "this change replaces every gateway:\n{shown}"
        );
    }

    #[test]
    fn its_address_is_that_of_no_service() {
        let mut crowded = Mesh::example(1);
        let node = crowded.clusters.get_mut(&ClusterId::FIRST).unwrap().nodes.values_mut().next().unwrap();
        node.address = [10, 213, 0, 2].into();
        let beside = OwnGateway::decide(None, &crowded.clusters, crowded.subnet).unwrap();
        assert_ne!(beside.address, Ipv4Addr::new(10, 213, 0, 2));
        assert_eq!(mesh("127.0.0.1:8443").gateway.unwrap().address, Ipv4Addr::new(10, 213, 0, 2));
        let again = OwnGateway::decide(Some(&beside), &crowded.clusters, crowded.subnet).unwrap();
        assert_eq!(again, beside);
    }
}
