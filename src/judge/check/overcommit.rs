//! What programs may reserve in all, where the kernel counts that. Pure.
//!
//! A Java reserves its whole heap when it starts, and does not start without. What containers reserve is counted as
//! what they will have resident, which is less.

use super::{
    Checked, Finding, Severity,
    capacity::{gibibytes, needed, running},
};
use crate::{
    facts::{
        host::{HostFacts, Overcommit},
        observed::Observed,
    },
    mesh::Mesh,
};

/// The one mode in which what is reserved counts, used or not.
const STRICT: u64 = 2;

pub(super) fn overcommit(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Checked {
    let Some(Overcommit { mode, limit, reserved }) = host.limits.overcommit else {
        return Checked::unknown("overcommit", "vm.overcommit_memory or the limit that it sets cannot be read");
    };
    if mode != STRICT {
        let good = format!("vm.overcommit_memory is {mode}, which does not limit what programs reserve in all");
        return Checked::new("overcommit", good, None);
    }
    let (needed, left) = (needed(mesh, there), limit.saturating_sub(reserved) + running(mesh, there));
    let amounts = format!(
        "vm.overcommit_memory is 2, and of the {} that programs may reserve, {} is left: the containers need about {}",
        gibibytes(limit),
        gibibytes(left),
        gibibytes(needed)
    );
    let finding = (needed > left).then(|| {
        Finding::new(
            Severity::Estimate,
            amounts.clone(),
            "without, Java is refused its heap: `sudo sysctl -w vm.overcommit_memory=0`, and take the 2 out of the \
             file of /etc/sysctl.d that sets it; or let programs reserve more with a larger vm.overcommit_ratio; \
             `mesh create` with `--force` tries all the same",
        )
    });
    Checked::new("overcommit", amounts, finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::{
            host::Limits,
            observed::{ContainerFacts, ContainerState},
        },
        judge::check::{
            capacity::GIBIBYTE,
            example::{ample, rendered, roomy},
            machine,
        },
    };

    fn host(mode: u64, limit: u64, reserved: u64) -> HostFacts {
        let overcommit = Some(Overcommit { mode, limit: limit * GIBIBYTE, reserved: reserved * GIBIBYTE });
        HostFacts { limits: Limits { overcommit, ..ample() }, ..roomy() }
    }

    #[test]
    fn what_is_reserved_counts_in_one_mode_only() {
        let (mesh, none) = (Mesh::example(2), Observed::default());
        let check = |host: HostFacts| overcommit(&mesh, &none, &host);
        insta::assert_snapshot!(rendered([check(host(2, 8, 4)), check(host(2, 32, 4)), check(host(1, 8, 40))]), @r"
        Estimate: vm.overcommit_memory is 2, and of the 8.0 GiB that programs may reserve, 4.0 GiB is left: the containers need about 6.2 GiB
          without, Java is refused its heap: `sudo sysctl -w vm.overcommit_memory=0`, and take the 2 out of the file of /etc/sysctl.d that sets it; or let programs reserve more with a larger vm.overcommit_ratio; `mesh create` with `--force` tries all the same
        good: overcommit: vm.overcommit_memory is 2, and of the 32.0 GiB that programs may reserve, 28.0 GiB is left: the containers need about 6.2 GiB
        good: overcommit: vm.overcommit_memory is 1, which does not limit what programs reserve in all
        ");
        assert_eq!(machine(&mesh, &none, &host(2, 8, 4), &[]).len(), 1);
        let unread = HostFacts { limits: Limits { overcommit: None, ..ample() }, ..roomy() };
        assert_eq!(machine(&mesh, &none, &unread, &[]), []);
    }

    #[test]
    fn what_runs_already_has_what_it_reserved() {
        let mesh = Mesh::example(2);
        let running = ContainerFacts::in_state(ContainerState::Running);
        let containers = mesh.services().map(|service| (service, running.clone())).collect();
        let there = Observed { record: Some(mesh.clone()), containers, ..Observed::default() };
        assert_eq!(overcommit(&mesh, &there, &host(2, 8, 9)).findings(), []);
        assert_eq!(overcommit(&Mesh::example(3), &there, &host(2, 8, 8)).findings().len(), 1);
    }
}
