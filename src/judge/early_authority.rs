//! Authorities that begin later than now: made while the clock was ahead, unless it is behind now. Pure.

use time::OffsetDateTime;

use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::Observed,
    judge::hindrance::hindrance,
    mesh::{Mesh, certs, cluster_set::ClusterSet},
    plan::{
        reconcile::{PlanInputs, reconcile},
        renew::Renewal,
    },
};

/// Clients that check when an authority begins, such as Kibana, curl and browsers, would refuse whatever it signs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the authority of {of} is not valid before {} {:02}:{:02} UTC, and the clock says {} {:02}:{:02} UTC", .from.date(), .from.hour(), .from.minute(), .now.date(), .now.hour(), .now.minute())]
pub struct EarlyAuthority {
    of: String,
    /// Of what, as a command is given it.
    parts: String,
    /// When the last of them begins.
    from: OffsetDateTime,
    now: OffsetDateTime,
}

impl Explain for EarlyAuthority {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        Some(format!(
            "set the clock where `date -u` is wrong; where it is right, the clock was ahead before: \
             `mesh certs rotate --ca {}`",
            self.parts
        ))
    }
}

/// The authorities in force that begin later. One whose change is under way is about to go.
pub fn early_authority(mesh: &Mesh, there: &Observed, now: OffsetDateTime) -> Option<EarlyAuthority> {
    let begins = |pem: &String| Some(certs::examine(pem).ok()?.not_before).filter(|begins| *begins > now);
    let of_clusters = || {
        mesh.clusters().filter_map(|of| {
            let files = there.files.get(&of).filter(|files| files.next_authority.is_none())?;
            Some((of, begins(files.authority.as_ref()?)?))
        })
    };
    let of_gateway = there.gateway.files.authority.as_ref().filter(|_| mesh.has_gateway_authority());
    let of_gateway = of_gateway.and_then(begins);
    let from = of_clusters().map(|(_, begins)| begins).chain(of_gateway).max()?;
    let clusters = ClusterSet::new(of_clusters().map(|(of, _)| of));
    let of: Vec<String> =
        clusters.iter().map(ClusterSet::named).chain(of_gateway.map(|_| "the gateway".to_owned())).collect();
    let parts: Vec<String> =
        clusters.iter().map(ToString::to_string).chain(of_gateway.map(|_| "gateway".to_owned())).collect();
    Some(EarlyAuthority { of: of.join(" and "), parts: parts.join(" "), from, now })
}

/// Whether a change of authorities can begin now. Where containers of what is recorded have to be made or started
/// before, only `mesh create` does that, so it is not to be refused then.
pub fn is_replaceable(there: &Observed, inputs: &PlanInputs) -> bool {
    let record = there.record.as_ref();
    record.is_some_and(|record| hindrance(&reconcile(record, there, inputs), &Renewal::default()).is_none())
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::{
        facts::observed::ClusterFiles,
        mesh::{certs::Authority, example::cluster},
    };

    #[test]
    fn an_authority_of_a_clock_that_was_ahead_is_named_with_both_ways_out() {
        let now = datetime!(2026-11-22 15:12 UTC);
        let mesh = Mesh::example(3).with_gateway("127.0.0.1:8443");
        let authority = |days| Some(Authority::issue("x", now + Duration::days(days)).certificate().to_owned());
        let mut there = Observed::default();
        let says = |there: &Observed| {
            early_authority(&mesh, there, now).map(|early| format!("{early}\n{}", early.hint().unwrap()))
        };
        for (of, days) in [(1, 3), (2, 2), (3, 0)] {
            there.files.insert(cluster(of), ClusterFiles { authority: authority(days), ..ClusterFiles::default() });
        }
        insta::assert_snapshot!(says(&there).unwrap(), @r"
        the authority of clusters 1-2 is not valid before 2026-11-25 14:12 UTC, and the clock says 2026-11-22 15:12 UTC
        set the clock where `date -u` is wrong; where it is right, the clock was ahead before: `mesh certs rotate --ca 1-2`
        ");
        there.gateway.files.authority = authority(1);
        assert!(says(&there).unwrap().ends_with("`mesh certs rotate --ca 1-2 gateway`"));
        for files in there.files.values_mut() {
            files.next_authority = authority(0);
        }
        assert!(says(&there).unwrap().starts_with("the authority of the gateway is not valid before 2026-11-23"));
        there.gateway.files.authority = authority(0);
        assert_eq!(says(&there), None);
    }
}
