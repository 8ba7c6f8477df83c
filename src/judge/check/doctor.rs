//! Every check of a machine, with what is known of it, however little that is. Pure.

use super::{
    Checked, Finding, Verdict, advertise, capacity, clock, directory, engine, gateway, hosts, image_disk, limits,
    neighbours, network, overcommit, own_data, ports, processor, surroundings,
};
use crate::{
    facts::{
        host::{ClockFacts, EngineFacts, HostFacts, ImageFacts, Listener},
        observed::Observed,
    },
    mesh::Mesh,
};

/// What is known of a machine. A fact that could not be had is the reason why, in words.
#[derive(Debug)]
pub struct Sight {
    /// The engine, or what keeps this user from it.
    pub engine: Result<EngineFacts, Finding>,
    pub host: Result<HostFacts, String>,
    pub listeners: Result<Vec<Listener>, String>,
    pub clock: ClockFacts,
    pub images: Result<Vec<(String, ImageFacts)>, String>,
    /// The names in the directory, and whether something may be written there; or what is wrong with the mesh in it.
    pub directory: Result<(Vec<String>, bool), Finding>,
    /// Whether the engine sees the files of this program there; `None` for an engine that does not tell.
    pub shared: Result<Option<bool>, String>,
    /// What the engine and the disk tell; without an engine, what the disk does.
    pub there: Observed,
}

/// The reason why nothing is reported of a network.
const ELSEWHERE: &str = "`mesh` is not in the engine's network";

/// Every check for `mesh`, in the order in which a mesh meets what they look at.
pub fn doctor(mesh: &Mesh, sight: &Sight) -> Vec<Checked> {
    let there = &sight.there;
    let host = |check, look: fn(&Mesh, &Observed, &HostFacts) -> Checked| match &sight.host {
        Ok(host) => look(mesh, there, host),
        Err(why) => Checked::unknown(check, why),
    };
    let in_directory = |check, look: fn(&Mesh, &Observed) -> Checked| match &sight.directory {
        Ok(_) => look(mesh, there),
        Err(_) => Checked::unknown(check, "the mesh's directory cannot be read"),
    };
    let elsewhere = sight.host.as_ref().is_ok_and(|host| !engine::shares_network(there, host));
    let in_network = |check, look: fn(&Mesh, &Observed, &HostFacts) -> Checked| {
        if elsewhere { Checked::unknown(check, ELSEWHERE) } else { host(check, look) }
    };
    let refused = |check, finding: &Finding| Checked { check, verdict: Verdict::Found(vec![finding.clone()]) };
    vec![
        match &sight.engine {
            Ok(facts) => engine::docker(facts),
            Err(finding) => refused("docker", finding),
        },
        match &sight.engine {
            Ok(facts) => engine::cgroup(facts, sight.host.as_ref().ok().map(|host| host.swap)),
            Err(_) => Checked::unknown("cgroup", "Docker cannot be asked"),
        },
        match &sight.images {
            Ok(images) => engine::images(images, |flags| mesh.with_flags(there.record.as_ref(), flags)),
            Err(why) => Checked::unknown("images", why),
        },
        match &sight.engine {
            Ok(_) => surroundings::unmanaged(mesh, there),
            Err(_) => Checked::unknown("other meshes", "Docker cannot be asked"),
        },
        match &sight.directory {
            Ok((entries, writable)) => directory(&mesh.dir, entries, there.record.is_some(), *writable),
            Err(finding) => refused("directory", finding),
        },
        match &sight.shared {
            Ok(shared) => surroundings::mounts(&mesh.dir, *shared),
            Err(why) => Checked::unknown("mounts", why),
        },
        in_directory("credentials", own_data::lost_credentials),
        in_directory("permissions", own_data::permissions),
        in_directory("versions", own_data::versions),
        host("processor", |mesh, there, host| processor::processor(mesh, there, host.processor.as_ref())),
        host("memory", capacity::memory),
        host("overcommit", overcommit::overcommit),
        match &sight.shared {
            Ok(Some(false)) => Checked::unknown("disk", "Docker's engine has another directory there"),
            _ => host("disk", capacity::disk),
        },
        match &sight.shared {
            Ok(Some(true)) => host("image disk", image_disk::image_disk),
            _ => Checked::unknown("image disk", "the engine's disk is not seen here"),
        },
        match (&sight.engine, &sight.host) {
            (Ok(_), Ok(host)) => engine::same_network(there, host),
            (Err(_), _) => Checked::unknown("same network", "Docker cannot be asked"),
            (_, Err(why)) => Checked::unknown("same network", why),
        },
        in_network("network", network::address),
        in_network("advertise", advertise::advertise),
        match &sight.listeners {
            Ok(_) if elsewhere => Checked::unknown("ports", ELSEWHERE),
            Ok(listeners) => ports::ports(mesh, there, listeners),
            Err(why) => Checked::unknown("ports", why),
        },
        match (&sight.host, &sight.listeners) {
            (Ok(_), _) if elsewhere => Checked::unknown("gateway", ELSEWHERE),
            (Ok(host), Ok(listeners)) => gateway::gateway(mesh, there, host, listeners),
            (Err(why), _) | (_, Err(why)) => Checked::unknown("gateway", why),
        },
        hosts::hosts(mesh, there),
        host("max_map_count", |_, _, host| limits::max_map_count(host.limits.max_map_count)),
        host("open files", |mesh, _, host| limits::open_files(mesh, &host.limits)),
        host("inotify", |mesh, _, host| limits::inotify(mesh, &host.limits)),
        host("neighbours", |mesh, there, host| neighbours::neighbours(mesh, there, host.limits.neighbours)),
        host("memory lock", |_, _, host| limits::memory_lock(&host.limits)),
        clock::clock(sight.clock, there),
    ]
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::judge::check::{
        Report,
        example::{engine, rendered, roomy},
    };

    fn ready() -> Sight {
        Sight {
            engine: Ok(engine()),
            host: Ok(roomy()),
            listeners: Ok(Vec::new()),
            clock: ClockFacts { now: datetime!(2026-11-22 15:12 UTC), synchronized: Some(true) },
            images: Ok(vec![("elasticsearch".to_owned(), ImageFacts::Here)]),
            directory: Ok((Vec::new(), true)),
            shared: Ok(Some(true)),
            there: Observed {
                gateways: [[127, 0, 0, 1].into()].into(),
                images: Mesh::example(2).images(),
                ..Observed::default()
            },
        }
    }

    #[test]
    fn a_machine_that_is_ready() {
        let checks = doctor(&Mesh::example(2), &ready());
        insta::assert_snapshot!(rendered(checks.clone()), @r"
        good: docker: Docker 28.2.2 (API 1.50) answers this user, and runs as root
        good: cgroup: version 2; limits of memory and swap are kept
        good: images: all are here
        good: other meshes: nothing on this engine is in the mesh's way
        good: directory: /mnt/data/mesh is free for a mesh
        good: mounts: Docker's engine sees the files of /mnt/data/mesh
        good: credentials: there are none yet
        good: permissions: there are no files yet
        good: versions: no cluster's data is newer than its version
        good: processor: it can run the images
        good: memory: 2 clusters need about 6.2 GiB of memory, and 60.0 GiB is available
        good: overcommit: vm.overcommit_memory is 0, which does not limit what programs reserve in all
        good: disk: /mnt has 90.0 GiB free, and Elasticsearch assigns no shard below 10.0 GiB
        good: image disk: /var/lib/docker has 40.0 GiB free; 0 images to pull
        good: same network: `mesh` is in the network of Docker's engine
        good: network: 10.213.0.0/24 is free or the mesh's own, and 127.0.0.1 is of this machine
        good: advertise: no port is published for other machines: `--advertise` is not set
        good: ports: every port of the mesh on 127.0.0.1 is free or its own
        good: gateway: the mesh has none
        good: hosts file: /etc/hosts is left alone: `--no-hosts`, or this user may not write it
        good: max_map_count: vm.max_map_count is 262144
        good: open files: 1048576 a container; about 4012 are needed in all
        good: inotify: 1024 instances and 524288 watches a user
        good: neighbours: net.ipv4.neigh.default.gc_thresh3 is 16384; about 78 are needed
        good: memory lock: containers may lock memory; the mesh does not ask for it
        good: clock: it says 2026-11-22 15:12 UTC, and is synchronized
        ");
        assert!(Report::new(&Mesh::example(2), checks).is_ready());
    }

    #[test]
    fn what_is_unknown_is_reported_and_hides_nothing_else() {
        let blind = Sight {
            engine: Err(Finding::problem("Docker is not running", "start it")),
            host: Err("cannot read `/proc/meminfo`".to_owned()),
            listeners: Err("cannot read `/proc/net/tcp`".to_owned()),
            images: Err("Docker cannot be asked".to_owned()),
            directory: Err(Finding::problem("mesh.json is damaged", "bring it back")),
            shared: Err("Docker cannot be asked".to_owned()),
            ..ready()
        };
        let checks = doctor(&Mesh::example(2), &blind);
        insta::assert_snapshot!(rendered(checks.clone()), @r"
        Problem: Docker is not running
          start it
        unknown: cgroup: Docker cannot be asked
        unknown: images: Docker cannot be asked
        unknown: other meshes: Docker cannot be asked
        Problem: mesh.json is damaged
          bring it back
        unknown: mounts: Docker cannot be asked
        unknown: credentials: the mesh's directory cannot be read
        unknown: permissions: the mesh's directory cannot be read
        unknown: versions: the mesh's directory cannot be read
        unknown: processor: cannot read `/proc/meminfo`
        unknown: memory: cannot read `/proc/meminfo`
        unknown: overcommit: cannot read `/proc/meminfo`
        unknown: disk: cannot read `/proc/meminfo`
        unknown: image disk: the engine's disk is not seen here
        unknown: same network: Docker cannot be asked
        unknown: network: cannot read `/proc/meminfo`
        unknown: advertise: cannot read `/proc/meminfo`
        unknown: ports: cannot read `/proc/net/tcp`
        unknown: gateway: cannot read `/proc/meminfo`
        good: hosts file: /etc/hosts is left alone: `--no-hosts`, or this user may not write it
        unknown: max_map_count: cannot read `/proc/meminfo`
        unknown: open files: cannot read `/proc/meminfo`
        unknown: inotify: cannot read `/proc/meminfo`
        unknown: neighbours: cannot read `/proc/meminfo`
        unknown: memory lock: cannot read `/proc/meminfo`
        good: clock: it says 2026-11-22 15:12 UTC, and is synchronized
        ");
        let report = Report::new(&Mesh::example(2), checks);
        assert!(!report.is_ready());
        insta::assert_snapshot!(serde_json::to_string_pretty(&report.checks[..2]).unwrap(), @r#"
        [
          {
            "check": "docker",
            "result": "problem",
            "message": "Docker is not running",
            "remedy": "start it"
          },
          {
            "check": "cgroup",
            "result": "unchecked",
            "message": "not checked: Docker cannot be asked",
            "remedy": null
          }
        ]
        "#);
    }
}
