//! The Docker engine and the images that the mesh needs of it. Pure.

use super::{Checked, Finding, Severity};
use crate::{
    facts::{
        host::{EngineFacts, HostFacts, ImageFacts},
        observed::Observed,
    },
    judge::registry::way_to_pull,
    mesh::settings::meant_as_a_host,
};

pub(super) fn docker(engine: &EngineFacts) -> Checked {
    let EngineFacts { version, api, .. } = engine;
    let finding = refuses_clone3(version).then(|| {
        Finding::warning(
            format!(
                "Docker {version} forbids C libraries from glibc 2.34 on to start threads: Elastic's images do not run"
            ),
            "update Docker to 20.10.10 or newer",
        )
    });
    Checked::new("docker", format!("Docker {version} (API {api}) answers this user, and runs as root"), finding)
}

/// Engines of 20.10 before 20.10.10 answer the system call `clone3` with EPERM, upon which no C library tries the older
/// one; see <https://docs.docker.com/engine/release-notes/20.10/#201010>.
fn refuses_clone3(version: &str) -> bool {
    let patch = version.strip_prefix("20.10.").map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    patch.flatten().and_then(|patch| patch.parse::<u32>().ok()).is_some_and(|patch| patch < 10)
}

/// Whether this program is in the engine's network, and so reaches what containers publish: one of the engine's bridges
/// at least has to be an interface here. An engine without any does not tell.
pub(super) fn shares_network(there: &Observed, host: &HostFacts) -> bool {
    there.gateways.is_empty() || there.gateways.iter().any(|gateway| host.interfaces.contains(gateway))
}

/// See [`shares_network`].
pub(super) fn same_network(there: &Observed, host: &HostFacts) -> Checked {
    if there.gateways.is_empty() {
        return Checked::unknown("same network", "the engine has no bridge to tell by");
    }
    let finding = (!shares_network(there, host)).then(|| {
        let bridges: Vec<String> = there.gateways.iter().map(ToString::to_string).collect();
        Finding::new(
            Severity::Estimate,
            format!(
                "`mesh` is not in the network of Docker's engine, which has {}: it would not reach what containers publish",
                bridges.join(" and ")
            ),
            "run `mesh` where the engine runs; start a container that holds `mesh` with `--network host`; \
             `mesh create` with `--force` tries all the same",
        )
    });
    Checked::new("same network", "`mesh` is in the network of Docker's engine", finding)
}

/// Without memory control groups Docker makes the container all the same, and leaves its limit out; see
/// <https://docs.docker.com/engine/containers/resource_constraints/> and
/// <https://docs.docker.com/engine/install/troubleshoot/#kernel-cgroup-swap-limit-capabilities>.
///
/// A machine without `swap` needs no limit of it; `None` where that is not known.
pub(super) fn cgroup(engine: &EngineFacts, swap: Option<u64>) -> Checked {
    let version = engine.cgroup_version.as_ref().map(|version| format!("version {version}; ")).unwrap_or_default();
    let hint = "add `cgroup_enable=memory swapaccount=1` to the kernel's command line, and start the machine again";
    let may_swap = !engine.limits_swap && swap != Some(0);
    let lacks = if engine.limits_memory {
        may_swap.then_some("Docker cannot keep containers out of swap here: a server that swaps is slow")
    } else {
        Some("Docker cannot limit a container's memory here, so one cluster can starve the others")
    };
    let finding = lacks.map(|lacks| Finding::warning(lacks, hint));
    let kept = if engine.limits_swap {
        "limits of memory and swap are kept"
    } else {
        "limits of memory are kept, and there is no swap"
    };
    Checked::new("cgroup", format!("{version}{kept}"), finding)
}

/// `with_flags` is what to type for other flags of `mesh create`.
pub(super) fn images(images: &[(String, ImageFacts)], with_flags: impl Fn(&str) -> String) -> Checked {
    let missing: Vec<(&str, &str)> = images
        .iter()
        .filter_map(|(image, facts)| match facts {
            ImageFacts::Missing(why) => Some((image.as_str(), why.as_str())),
            ImageFacts::Here | ImageFacts::Pullable => None,
        })
        .collect();
    // they are of one registry, which tells the same of each
    let finding = missing.first().map(|(first, why)| {
        let names: Vec<&str> = missing.iter().map(|(image, _)| *image).collect();
        let misread = names.iter().copied().find(|image| meant_as_a_host(image).is_some());
        let hint = way_to_pull(misread.unwrap_or(first), why, with_flags);
        Finding::problem(format!("not here, and cannot be pulled: {}: {why}", names.join(", ")), hint)
    });
    let pulled = images.iter().filter(|(_, facts)| *facts == ImageFacts::Pullable).count();
    let good = if pulled == 0 { "all are here" } else { "those that are not here can be pulled" };
    Checked::new("images", good, finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::host::Listener,
        judge::check::{
            example::{engine, rendered, roomy},
            machine,
        },
        mesh::{Mesh, typed_again::with_flags_again},
    };

    #[test]
    fn limits_that_do_not_count_are_warned_of() {
        let (deaf, swaps) =
            (EngineFacts { limits_memory: false, ..engine() }, EngineFacts { limits_swap: false, ..engine() });
        let checks = [
            docker(&engine()),
            cgroup(&engine(), Some(1)),
            cgroup(&swaps, Some(0)),
            cgroup(&deaf, Some(0)),
            cgroup(&swaps, None),
        ];
        insta::assert_snapshot!(rendered(checks), @r"
        good: docker: Docker 28.2.2 (API 1.50) answers this user, and runs as root
        good: cgroup: version 2; limits of memory and swap are kept
        good: cgroup: version 2; limits of memory are kept, and there is no swap
        Warning: Docker cannot limit a container's memory here, so one cluster can starve the others
          add `cgroup_enable=memory swapaccount=1` to the kernel's command line, and start the machine again
        Warning: Docker cannot keep containers out of swap here: a server that swaps is slow
          add `cgroup_enable=memory swapaccount=1` to the kernel's command line, and start the machine again
        ");
    }

    #[test]
    fn an_engine_that_forbids_threads_is_recognized_by_its_version() {
        for (version, refuses) in [
            ("20.10.0", true),
            ("20.10.5+dfsg1", true),
            ("20.10.9", true),
            ("20.10.10", false),
            ("20.10.24+dfsg1", false),
            ("28.2.2", false),
            ("library-import", false),
        ] {
            assert_eq!(refuses_clone3(version), refuses, "{version}");
            let checked = docker(&EngineFacts { version: version.to_owned(), ..engine() });
            assert_eq!(checked.findings().len(), usize::from(refuses), "{version}");
        }
    }

    #[test]
    fn an_engine_in_another_network_is_recognized_by_its_bridges() {
        let there = |gateways: &[&str]| Observed {
            gateways: gateways.iter().map(|gateway| gateway.parse().unwrap()).collect(),
            ..Observed::default()
        };
        let host = |address: &str| HostFacts { interfaces: [address.parse().unwrap()].into(), ..roomy() };
        insta::assert_snapshot!(rendered([
            same_network(&there(&[]), &host("10.0.0.5")),
            same_network(&there(&["172.17.0.1", "172.18.0.1"]), &host("172.18.0.1")),
            same_network(&there(&["172.17.0.1"]), &host("172.17.0.2")),
        ]), @r"
        unknown: same network: the engine has no bridge to tell by
        good: same network: `mesh` is in the network of Docker's engine
        Estimate: `mesh` is not in the network of Docker's engine, which has 172.17.0.1: it would not reach what containers publish
          run `mesh` where the engine runs; start a container that holds `mesh` with `--network host`; `mesh create` with `--force` tries all the same
        ");
        // facts about the wrong network are not reported as the engine's
        let taken = Listener { address: [0, 0, 0, 0].into(), port: 9201, owner: None };
        let findings = machine(&Mesh::example(1), &there(&["172.17.0.1"]), &host("172.17.0.2"), &[taken]);
        assert_eq!(findings.len(), 1, "{findings:?}");
    }

    #[test]
    fn an_image_that_cannot_be_had_is_a_problem() {
        let missing = || ImageFacts::Missing("no such host".to_owned());
        let image = |facts| ("r/elasticsearch:9.5.3".to_owned(), facts);
        let look = |of: &[(String, ImageFacts)]| images(of, with_flags_again);
        insta::assert_snapshot!(rendered([
            look(&[image(ImageFacts::Here)]),
            look(&[image(ImageFacts::Here), image(ImageFacts::Pullable)]),
            look(&[image(ImageFacts::Here), image(missing()), image(missing())]),
        ]), @r"
        good: images: all are here
        good: images: those that are not here can be pulled
        Problem: not here, and cannot be pulled: r/elasticsearch:9.5.3, r/elasticsearch:9.5.3: no such host
          check the version and the way to the registry (by the engine's proxy, which `docker info` shows: it takes none from this shell), or name a mirror: type the same command again with `--registry HOST`; without any, `images/build all` builds stand-ins for `--registry mesh.local`
        ");
    }
}
