//! What a container was made from and is limited to, as Docker keeps it, and the call that changes its limits. I/O:
//! Docker's socket.

use bollard::{
    models::{
        ContainerConfig, ContainerUpdateBody, HealthConfig, HostConfig, MountType, PortMap, RestartPolicy,
        RestartPolicyNameEnum,
    },
    query_parameters::InspectContainerOptions,
};

use super::{Docker, DockerError, Kernel, absent_is_none};
use crate::mesh::{
    container::{Bytes, Container, Fixed, Limits, Published, Restart},
    container_spec::{ALL_CAPABILITIES, NO_NEW_PRIVILEGES},
};

/// Billionths, as Docker counts cores.
const CORE: u64 = 1_000_000_000;
/// The weight of a container that was given none; see
/// <https://docs.docker.com/engine/containers/resource_constraints/#configure-the-default-cfs-scheduler>.
const USUAL_SHARES: i64 = 1024;

/// A container as it was made.
#[derive(Debug)]
pub struct Made {
    pub container: Container,
    /// When it was last started, as Docker writes it.
    pub started: Option<String>,
    /// Why Docker could not start it the last time, in its own words.
    pub refused: Option<String>,
}

impl Docker {
    /// `None` for a container that is gone meanwhile.
    pub async fn made_of(&self, name: &str) -> Result<Option<Made>, DockerError> {
        let found = self.client.inspect_container(name, None::<InspectContainerOptions>).await;
        let found = absent_is_none(found.map_err(DockerError::refused(format!("inspect {name}"))))?;
        Ok(found.map(|found| {
            let state = found.state.unwrap_or_default();
            Made {
                container: made(found.config.unwrap_or_default(), found.host_config.unwrap_or_default(), self.kernel),
                started: state.started_at,
                refused: state.error.filter(|words| !words.is_empty()),
            }
        }))
    }

    /// Gives a container other limits; one that runs goes on running.
    pub async fn update_container(&self, name: &str, from: &Limits, to: &Limits) -> Result<(), DockerError> {
        let body = update(from, to, self.kernel.cores);
        self.client.update_container(name, body).await.map_err(DockerError::refused(format!("update {name}")))
    }
}

fn made(config: ContainerConfig, host: HostConfig, kernel: Kernel) -> Container {
    let limits = limits(&host, kernel);
    let added = host.cap_add.unwrap_or_default();
    let dropped = host.cap_drop.unwrap_or_default();
    let secured = host.security_opt.unwrap_or_default();
    let confined = added.is_empty()
        && dropped.iter().any(|capability| capability.eq_ignore_ascii_case(ALL_CAPABILITIES))
        && secured.iter().any(|option| matches!(option.as_str(), NO_NEW_PRIVILEGES | "no-new-privileges:true"))
        && host.privileged != Some(true);
    // those of `-v`, which a mesh does not use
    let bound = host.binds.unwrap_or_default().into_iter().filter_map(|bind| {
        let (host, container) = bind.split_once(':')?;
        Some((container.to_owned(), host.to_owned()))
    });
    let mounted = host.mounts.unwrap_or_default().into_iter().filter(|mount| mount.typ == Some(MountType::BIND));
    let mounts = mounted.filter_map(|mount| {
        let read_only = mount.read_only == Some(true);
        Some((if read_only { format!("{}:ro", mount.target?) } else { mount.target? }, mount.source?))
    });
    let fixed = Fixed {
        image: config.image.unwrap_or_default(),
        user: config.user.unwrap_or_default(),
        mounts: mounts.chain(bound).collect(),
        ports: published(host.port_bindings.unwrap_or_default()).collect(),
        health_check: command(config.healthcheck.unwrap_or_default()),
        confined,
        stays: host.auto_remove != Some(true),
    };
    Container { fixed, limits }
}

fn published(ports: PortMap) -> impl Iterator<Item = Published> {
    ports.into_iter().flat_map(|(container, bindings)| {
        bindings.unwrap_or_default().into_iter().map(move |binding| Published {
            address: binding.host_ip.and_then(|address| address.parse().ok()),
            host: binding.host_port.and_then(|port| port.parse().ok()),
            container: container.clone(),
        })
    })
}

/// The command of a health check that a shell runs; of another, all its words.
fn command(check: HealthConfig) -> String {
    let test = check.test.unwrap_or_default();
    match &test[..] {
        [shell, command] if shell == "CMD-SHELL" => command.clone(),
        words => words.join(" "),
    }
}

/// An absent value and one that says "no limit" in any of Docker's ways are the same.
fn limits(host: &HostConfig, kernel: Kernel) -> Limits {
    let above_zero = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).filter(|value| *value > 0);
    let bytes = |value: Option<i64>, supported: bool| match above_zero(value) {
        _ if !supported => Bytes::Unsupported,
        Some(limit) => Bytes::Limit(limit),
        None => Bytes::Unlimited,
    };
    let all = |set: &String| set.is_empty() || cores_of(set) >= kernel.cores;
    Limits {
        memory: bytes(host.memory, kernel.limits_memory),
        memory_swap: bytes(host.memory_swap, kernel.limits_memory && kernel.limits_swap),
        cpus: above_zero(host.nano_cpus).filter(|cpus| *cpus < kernel.cores * CORE),
        cpu_quota: above_zero(host.cpu_quota),
        cpu_shares: above_zero(host.cpu_shares.filter(|shares| *shares != USUAL_SHARES)),
        cpuset_cpus: host.cpuset_cpus.clone().filter(|set| !all(set)),
        pids_limit: above_zero(host.pids_limit),
        restart: restart(host.restart_policy.as_ref()),
    }
}

fn restart(policy: Option<&RestartPolicy>) -> Restart {
    match policy.and_then(|policy| policy.name) {
        None | Some(RestartPolicyNameEnum::EMPTY | RestartPolicyNameEnum::NO) => Restart::No,
        Some(RestartPolicyNameEnum::ON_FAILURE) => Restart::OnFailure,
        Some(RestartPolicyNameEnum::ALWAYS) => Restart::Always,
        Some(RestartPolicyNameEnum::UNLESS_STOPPED) => Restart::UnlessStopped,
    }
}

/// How many cores a set such as `0-3,7` names.
fn cores_of(set: &str) -> u64 {
    let count = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
        last.checked_sub(first).map(|more| more + 1)
    };
    set.split(',').filter_map(count).sum()
}

/// The body of Docker's update call, in which 0 and an empty text stand for "as it is": what is to be without a limit
/// is given all there is.
fn update(from: &Limits, to: &Limits, cores: u64) -> ContainerUpdateBody {
    let number = |value: Option<u64>, none: i64| value.map_or(Some(none), |value| i64::try_from(value).ok());
    // together: Docker refuses a limit of memory above that of memory and swap
    let memory = (from.memory, from.memory_swap) != (to.memory, to.memory_swap);
    ContainerUpdateBody {
        memory: in_bytes(to.memory).filter(|_| memory),
        memory_swap: in_bytes(to.memory_swap).filter(|_| memory),
        nano_cpus: number(Some(to.cpus.unwrap_or(cores * CORE)), 0).filter(|_| from.cpus != to.cpus),
        cpu_quota: number(to.cpu_quota, -1).filter(|_| from.cpu_quota != to.cpu_quota),
        cpu_shares: number(to.cpu_shares, USUAL_SHARES).filter(|_| from.cpu_shares != to.cpu_shares),
        cpuset_cpus: (from.cpuset_cpus != to.cpuset_cpus)
            .then(|| to.cpuset_cpus.clone().unwrap_or_else(|| format!("0-{}", cores.saturating_sub(1)))),
        pids_limit: number(to.pids_limit, -1).filter(|_| from.pids_limit != to.pids_limit),
        restart_policy: (from.restart != to.restart).then(|| policy(to.restart)),
        ..ContainerUpdateBody::default()
    }
}

/// A limit as Docker is asked for it.
pub(super) fn in_bytes(limit: Bytes) -> Option<i64> {
    match limit {
        Bytes::Limit(limit) => i64::try_from(limit).ok(),
        Bytes::Unlimited => Some(-1),
        Bytes::Unsupported => None,
    }
}

pub(super) fn policy(restart: Restart) -> RestartPolicy {
    let name = match restart {
        Restart::No => RestartPolicyNameEnum::NO,
        Restart::OnFailure => RestartPolicyNameEnum::ON_FAILURE,
        Restart::Always => RestartPolicyNameEnum::ALWAYS,
        Restart::UnlessStopped => RestartPolicyNameEnum::UNLESS_STOPPED,
    };
    RestartPolicy { name: Some(name), maximum_retry_count: None }
}

#[cfg(test)]
mod tests {
    use bollard::models::ContainerCreateBody;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::{
        mesh::{
            Mesh,
            credentials::Credentials,
            id::{ClusterId, ServiceId},
        },
        world::docker::body::{body, without_label},
    };

    const KERNEL: Kernel = Kernel { cores: 2, limits_memory: true, limits_swap: true };

    fn asked_for(mesh: &Mesh, service: ServiceId) -> ContainerCreateBody {
        let credentials = Credentials::generate(6, &mut StdRng::seed_from_u64(1));
        body(mesh, service, mesh.made_from(service, &credentials).unwrap())
    }

    /// A service's container as Docker describes it right after it was created, and then changed.
    fn changed(change: impl Fn(&mut ContainerConfig, &mut HostConfig)) -> (Container, Container) {
        let mesh = Mesh::example(1);
        let service = ClusterId::FIRST.first_node();
        let body = asked_for(&mesh, service);
        let mut config = ContainerConfig {
            image: body.image,
            user: body.user,
            healthcheck: body.healthcheck,
            ..ContainerConfig::default()
        };
        let mut host = body.host_config.unwrap();
        change(&mut config, &mut host);
        (made(config, host, KERNEL), mesh.container(service).unwrap())
    }

    #[test]
    fn what_docker_is_asked_for_is_what_is_wanted() {
        let (made, wanted) = changed(|_, _| {});
        assert_eq!(made, wanted);
        // what an update left where there was a limit, and what a kernel without limits of swap leaves
        let (made, wanted) = changed(|_, host| {
            (host.nano_cpus, host.cpu_quota, host.cpu_shares) = (Some(2_000_000_000), Some(-1), Some(1024));
            (host.cpuset_cpus, host.pids_limit) = (Some("0-1".to_owned()), Some(0));
        });
        assert_eq!(made, wanted);
        let mesh = Mesh::example(1);
        let host = HostConfig {
            memory_swap: Some(-1),
            ..asked_for(&mesh, ClusterId::FIRST.first_node()).host_config.unwrap()
        };
        let found = limits(&host, Kernel { limits_swap: false, ..KERNEL });
        assert_eq!(found.changes(&wanted.limits), Vec::<String>::new());
    }

    #[test]
    fn a_container_without_a_label_is_as_confined_as_is_wanted() {
        let (made, wanted) = changed(|_, host| {
            let body = ContainerCreateBody { host_config: Some(host.clone()), ..ContainerCreateBody::default() };
            *host = without_label(body).host_config.unwrap();
            assert!(host.security_opt.iter().flatten().any(|option| option == "label=disable"));
        });
        assert_eq!(made, wanted);
    }

    #[test]
    fn what_was_made_by_hand_differs() {
        type Change = fn(&mut ContainerConfig, &mut HostConfig);
        let changes: [Change; 9] = [
            |config, _| config.image = Some("other".to_owned()),
            |config, _| config.user = Some("0:0".to_owned()),
            |config, _| config.healthcheck = None,
            |_, host| host.cap_drop = None,
            |_, host| host.security_opt = None,
            |_, host| host.privileged = Some(true),
            |_, host| host.auto_remove = Some(true),
            |_, host| host.port_bindings.as_mut().unwrap().clear(),
            |_, host| host.binds = Some(vec!["/etc:/etc:ro".to_owned()]),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let (made, wanted) = changed(change);
            assert_ne!(made.fixed, wanted.fixed, "change {number}");
        }
    }

    #[test]
    fn an_update_asks_for_what_differs_and_gives_all_there_is_where_no_limit_is_wanted() {
        let wanted = Mesh::example(1).container(ClusterId::FIRST.first_node()).unwrap().limits;
        assert_eq!(update(&wanted, &wanted, 2), ContainerUpdateBody::default());
        let found = Limits { cpus: Some(1), cpuset_cpus: Some("0".to_owned()), ..wanted.clone() };
        let all = ContainerUpdateBody {
            nano_cpus: Some(2_000_000_000),
            cpuset_cpus: Some("0-1".to_owned()),
            ..ContainerUpdateBody::default()
        };
        assert_eq!(update(&found, &wanted, 2), all);
        let found =
            Limits { memory: Bytes::Limit(1 << 20), pids_limit: Some(9), restart: Restart::No, ..wanted.clone() };
        let body = update(&found, &wanted, 2);
        assert!(body.memory.is_some() && body.memory == body.memory_swap && body.pids_limit == Some(-1));
        assert_eq!(body.restart_policy.unwrap().name, Some(RestartPolicyNameEnum::UNLESS_STOPPED));
    }

    #[test]
    fn cores_are_counted() {
        assert_eq!(["0", "0-3", "0-1,3,6-7", "x"].map(cores_of), [1, 4, 5, 0]);
    }
}
