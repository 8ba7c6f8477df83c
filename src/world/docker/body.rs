//! What a container is created from, in Docker's words. No I/O.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig, Mount,
    MountType, NetworkingConfig, PortBinding,
};

use super::{
    label,
    made::{in_bytes, policy},
};
use crate::mesh::{
    Mesh,
    container::Published,
    container_spec::ContainerSpec,
    fingerprint::MadeFrom,
    id::{GATEWAY, ServiceId},
    ports,
};

/// Nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// See <https://docs.docker.com/reference/cli/docker/container/run/#security-opt>.
const NO_LABEL: &str = "label=disable";

fn bind_mount((container, host): (String, String)) -> Mount {
    let (target, read_only) = match container.strip_suffix(":ro") {
        Some(target) => (target.to_owned(), Some(true)),
        None => (container, None),
    };
    Mount { target: Some(target), source: Some(host), typ: Some(MountType::BIND), read_only, ..Mount::default() }
}

/// What holds for every process of an image, whatever it is started for: what it may use and what it may do.
pub(super) fn confined(spec: &ContainerSpec) -> HostConfig {
    HostConfig {
        userns_mode: Some(spec.user_namespace.clone()),
        memory: in_bytes(spec.limits.memory),
        memory_swap: in_bytes(spec.limits.memory_swap),
        security_opt: Some(spec.security_options.clone()),
        cap_drop: Some(spec.dropped_capabilities.clone()),
        log_config: Some(HostConfigLogConfig {
            typ: Some(spec.log.driver.clone()),
            config: Some(spec.log.options.clone().into_iter().collect()),
        }),
        ..HostConfig::default()
    }
}

/// What is asked for where the engine confines containers by `SELinux`: those of a mesh mount its directory, whose
/// files have the label of their place, and so none that such a container may read.
pub(super) fn without_label(mut body: ContainerCreateBody) -> ContainerCreateBody {
    let host = body.host_config.get_or_insert_default();
    host.security_opt.get_or_insert_default().push(NO_LABEL.to_owned());
    body
}

/// The specification in Docker's words.
pub(super) fn body(mesh: &Mesh, id: ServiceId, made_from: MadeFrom) -> ContainerCreateBody {
    let mut labels = label::of_mesh(mesh);
    labels.insert(label::CLUSTER.to_owned(), id.cluster().to_string());
    labels.insert(label::SERVICE.to_owned(), id.kind().word().to_owned());
    labels.insert(label::DEFAULTS.to_owned(), mesh.revision(id.cluster()).to_string());
    if mesh.ports.is_some() {
        let published = mesh.place(id).into_iter().flat_map(|place| place.ports).map(|port| port.host).collect();
        labels.insert(label::PORTS.to_owned(), ports::as_label(&published));
    }
    if let ServiceId::Node(node) = id {
        labels.insert(label::NODE.to_owned(), node.number.get().to_string());
    }
    created(mesh, labels, made_from)
}

/// The specification of the mesh's own gateway, likewise.
pub(super) fn gateway_body(mesh: &Mesh, made_from: MadeFrom) -> ContainerCreateBody {
    let mut labels = label::of_mesh(mesh);
    labels.insert(label::SERVICE.to_owned(), GATEWAY.to_owned());
    labels.extend(mesh.gateway_at().map(|at| (label::GATEWAY.to_owned(), at.to_string())));
    created(mesh, labels, made_from)
}

fn created(mesh: &Mesh, mut labels: HashMap<String, String>, made_from: MadeFrom) -> ContainerCreateBody {
    labels.insert(label::FINGERPRINT.to_owned(), made_from.fingerprint());
    let spec = made_from.container;
    let bind = |port: &Published| {
        let binding = PortBinding {
            host_ip: port.address.as_ref().map(ToString::to_string),
            host_port: port.host.as_ref().map(ToString::to_string),
        };
        (port.container.clone(), Some(vec![binding]))
    };
    let endpoint = EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            ipv4_address: Some(spec.address.to_string()),
            ..EndpointIpamConfig::default()
        }),
        ..EndpointSettings::default()
    };
    let confined = confined(&spec);
    let check = spec.health_check;
    let nanoseconds = |seconds: u32| Some(i64::from(seconds) * SECOND);
    ContainerCreateBody {
        exposed_ports: Some(spec.ports.iter().map(|port| port.container.clone()).collect()),
        image: Some(spec.image),
        // with it, the image's own command is dropped
        entrypoint: Some(spec.entrypoint).filter(|entrypoint| !entrypoint.is_empty()),
        hostname: Some(spec.hostname),
        user: Some(spec.user),
        labels: Some(labels),
        stop_timeout: Some(spec.stop_timeout_seconds.into()),
        healthcheck: Some(HealthConfig {
            test: Some(vec!["CMD-SHELL".to_owned(), check.command]),
            interval: nanoseconds(check.interval_seconds),
            timeout: nanoseconds(check.timeout_seconds),
            retries: Some(check.retries.into()),
            start_period: nanoseconds(check.start_period_seconds),
            start_interval: None,
        }),
        host_config: Some(HostConfig {
            // as mounts, since for `binds` Docker makes a directory that is missing
            mounts: Some(spec.mounts.into_iter().map(bind_mount).collect()),
            port_bindings: Some(spec.ports.iter().map(bind).collect()),
            restart_policy: Some(policy(spec.limits.restart)),
            network_mode: Some(mesh.network_name()),
            sysctls: Some(spec.sysctls.into_iter().collect()).filter(|sysctls: &HashMap<_, _>| !sysctls.is_empty()),
            readonly_rootfs: spec.read_only.then_some(true),
            tmpfs: Some(spec.tmpfs.into_iter().collect()).filter(|tmpfs: &HashMap<_, _>| !tmpfs.is_empty()),
            ..confined
        }),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(HashMap::from([(mesh.network_name(), endpoint)])),
        }),
        ..ContainerCreateBody::default()
    }
}
