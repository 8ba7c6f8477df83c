//! Can this machine's processor run the images? Pure.

use std::collections::BTreeSet;

use super::{Checked, Finding};
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, id::ServiceKind, settings::StackVersion},
};

/// What x86-64-v2 has beyond the first processors of that kind, in the words of `/proc/cpuinfo`. Images of 9.x are made
/// on Red Hat UBI 9, whose C library starts no process without; see <https://gitlab.com/x86-psABIs/x86-64-ABI> and
/// <https://developers.redhat.com/blog/2021/01/05/building-red-hat-enterprise-linux-9-for-the-x86-64-v2-microarchitecture-level>.
pub(super) const V2: &[&str] = &["cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"];
/// What x86-64-v3 has on top. The launcher of Elasticsearch 9.4.0 and 9.4.1 is built for it; see
/// <https://github.com/elastic/elasticsearch/issues/148326>.
const V3: &[&str] = &["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"];

const FIRST_ON_V2: StackVersion = StackVersion { major: 9, minor: 0, patch: 0 };
const FIRST_ON_V3: StackVersion = StackVersion { major: 9, minor: 4, patch: 0 };
const FIRST_AFTER_V3: StackVersion = StackVersion { major: 9, minor: 4, patch: 2 };

/// `flags` are the processor's; one that has none of the kind is not judged. Images that `images/build` made run
/// anywhere, and so does what runs already.
pub(super) fn processor(mesh: &Mesh, there: &Observed, flags: Option<&BTreeSet<String>>) -> Checked {
    let Some(flags) = flags else {
        return Checked::unknown("processor", "/proc/cpuinfo tells no flags of an x86-64 processor");
    };
    let lacks = |wanted: &[&'static str]| -> Vec<&'static str> {
        wanted.iter().copied().filter(|flag| !flags.contains(*flag)).collect()
    };
    let later = mesh.upgraded();
    let runs: BTreeSet<StackVersion> = there.answering().map(|(cluster, _)| mesh.version(cluster)).collect();
    let finding = [mesh, &later].into_iter().find_map(|mesh| {
        mesh.services().find_map(|service| {
            let version = mesh.version(service.cluster());
            if runs.contains(&version) || there.built_here.contains(&mesh.image(service)) {
                return None;
            }
            let on_v3 = service.kind() == ServiceKind::Elastic && (FIRST_ON_V3..FIRST_AFTER_V3).contains(&version);
            let levels = [(version >= FIRST_ON_V2, V2, "x86-64-v2"), (on_v3, V3, "x86-64-v3")];
            let needed = levels.into_iter().filter(|(needed, ..)| *needed);
            let (lacking, level) =
                needed.map(|(_, wanted, level)| (lacks(wanted), level)).find(|(lacking, _)| !lacking.is_empty())?;
            Some(too_old(version, &lacking, level, there))
        })
    });
    Checked::new("processor", "it can run the images", finding)
}

fn too_old(version: StackVersion, lacks: &[&str], level: &str, there: &Observed) -> Finding {
    let (new, on_v3) = (there.record.is_none(), level == "x86-64-v3");
    let instead = match (new, on_v3) {
        (true, true) => format!("; {FIRST_AFTER_V3} and newer run here: `--stack-version {FIRST_AFTER_V3}`"),
        (false, true) => format!("; {FIRST_AFTER_V3} and newer run here"),
        (true, false) => "; 8.19 runs here: `--stack-version 8.19.21`".to_owned(),
        (false, false) => "; 8.19 runs here".to_owned(),
    };
    Finding::problem(
        format!("this processor lacks {}, and the images of {version} do not start without ({level})", lacks.join(" ")),
        format!(
            "give the virtual machine the host's processor (`cpu: host` in Proxmox and QEMU), or a model of {level}{instead}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::{Answer, ServerFacts},
        judge::check::example::rendered,
        mesh::id::ClusterId,
    };

    fn flags(of: &[&[&str]]) -> BTreeSet<String> {
        of.iter().copied().flatten().map(ToString::to_string).collect()
    }

    fn mesh(version: &str) -> Mesh {
        Mesh::example(2).of_version(version.parse().unwrap())
    }

    #[test]
    fn each_version_asks_for_its_own() {
        let good = |version: &str, of: &[&[&str]]| {
            processor(&mesh(version), &Observed::default(), Some(&flags(of))).findings().is_empty()
        };
        for version in ["8.14.0", "8.19.21"] {
            assert!(good(version, &[]), "{version}");
        }
        for version in ["9.0.0", "9.3.8", "9.4.2", "9.5.3", "10.0.0"] {
            assert!(!good(version, &[&V2[1..]]) && good(version, &[V2]), "{version}");
        }
        for version in ["9.4.0", "9.4.1"] {
            assert!(!good(version, &[V2, &V3[1..]]) && good(version, &[V2, V3]), "{version}");
        }
    }

    #[test]
    fn what_is_lacking_is_reported_with_what_runs_instead() {
        let (new, v2) = (Observed::default(), flags(&[V2]));
        let old = Observed { record: Some(mesh("8.19.21")), ..Observed::default() };
        let upgrade = mesh("8.19.21").upgrade_to("9.5.3".parse().unwrap(), None).unwrap();
        insta::assert_snapshot!(rendered([
            processor(&mesh("9.5.3"), &new, Some(&flags(&[&V2[..4]]))),
            processor(&upgrade, &old, Some(&flags(&[&V2[..4]]))),
            processor(&mesh("9.4.1"), &new, Some(&v2)),
            processor(&mesh("9.5.3"), &new, Some(&v2)),
            processor(&mesh("9.5.3"), &new, None),
        ]), @r"
        Problem: this processor lacks sse4_2 ssse3, and the images of 9.5.3 do not start without (x86-64-v2)
          give the virtual machine the host's processor (`cpu: host` in Proxmox and QEMU), or a model of x86-64-v2; 8.19 runs here: `--stack-version 8.19.21`
        Problem: this processor lacks sse4_2 ssse3, and the images of 9.5.3 do not start without (x86-64-v2)
          give the virtual machine the host's processor (`cpu: host` in Proxmox and QEMU), or a model of x86-64-v2; 8.19 runs here
        Problem: this processor lacks abm avx avx2 bmi1 bmi2 f16c fma movbe, and the images of 9.4.1 do not start without (x86-64-v3)
          give the virtual machine the host's processor (`cpu: host` in Proxmox and QEMU), or a model of x86-64-v3; 9.4.2 and newer run here: `--stack-version 9.4.2`
        good: processor: it can run the images
        unknown: processor: /proc/cpuinfo tells no flags of an x86-64 processor
        ");
    }

    #[test]
    fn images_of_ones_own_and_servers_that_run_are_proof_enough() {
        let (mesh, none) = (mesh("9.4.0"), BTreeSet::new());
        let images = mesh.services().map(|service| mesh.image(service));
        let built = Observed { built_here: images.collect(), ..Observed::default() };
        assert_eq!(processor(&mesh, &built, Some(&none)).findings(), []);
        let half = Observed { built_here: built.built_here.into_iter().take(1).collect(), ..Observed::default() };
        assert_eq!(processor(&mesh, &half, Some(&none)).findings().len(), 1, "the other product's is Elastic's");
        let end = time::OffsetDateTime::UNIX_EPOCH;
        let server = (ClusterId::FIRST, Answer::Ready(ServerFacts::licensed("trial", end)));
        let running = Observed { servers: [server].into(), ..Observed::default() };
        assert_eq!(processor(&mesh, &running, Some(&none)).findings(), []);
    }
}
