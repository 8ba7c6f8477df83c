//! What stands in the way of an invitation. Pure.

use time::OffsetDateTime;

use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::{ClusterFiles, Observed},
    judge::{GIVES_PASSWORD, verify::Cause},
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, peers::PartnerName},
};

/// Why a guest cannot be invited, or its keys not be revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuestError {
    #[error("{0} has no address that other machines reach it by")]
    NotAdvertised(ClusterId),
    /// With the reason.
    #[error("{0} {1}")]
    Silent(ClusterId, String),
    /// With the reason: its server does not take the password.
    #[error("{0} {1}")]
    LockedOut(ClusterId, String),
    #[error("{0} has no authority")]
    NoAuthority(ClusterId),
    /// Elasticsearch makes no cross-cluster API key then.
    #[error("{0}")]
    License(Cause),
    #[error("there is no guest {0}")]
    Unknown(PartnerName),
    #[error("no invitation of {0} is complete, so none of its keys is known to be the one in use")]
    NoneInForce(PartnerName),
}

impl Explain for GuestError {
    fn exit(&self) -> Exit {
        match self {
            Self::NotAdvertised(_) | Self::Unknown(_) => Exit::Request,
            Self::Silent(..) | Self::LockedOut(..) | Self::NoAuthority(_) | Self::License(_) | Self::NoneInForce(_) => {
                Exit::Unhealthy
            }
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotAdvertised(_) => {
                "name this machine's with `mesh create --advertise ADDRESS`; `--on CLUSTERS` invites to some only"
                    .to_owned()
            }
            Self::Silent(cluster, _) => format!(
                "`mesh create` brings it back; then type the same command again. `mesh status --on {}` says how it is",
                cluster.number()
            ),
            Self::LockedOut(..) => GIVES_PASSWORD.to_owned(),
            Self::NoAuthority(_) => "`mesh create` makes it again".to_owned(),
            Self::License(cause) => cause.remedy(),
            Self::Unknown(_) => "`mesh invites ls` lists them".to_owned(),
            Self::NoneInForce(guest) => format!(
                "make one with `mesh invites create {guest} --into FILE`; without `--old`, all its keys are revoked"
            ),
        })
    }
}

/// What stands in the way of an invitation to these clusters.
pub fn hindrance(mesh: &Mesh, there: &Observed, on: &ClusterSet, now: OffsetDateTime) -> Option<GuestError> {
    on.iter().find_map(|cluster| {
        if mesh.advertised(cluster).is_empty() {
            return Some(GuestError::NotAdvertised(cluster));
        }
        if there.server(cluster).is_none() {
            let reason = there.servers.get(&cluster).and_then(|answer| answer.reason(now));
            let reason = reason.unwrap_or_else(|| "does not run".to_owned());
            let locked_out = there.refuses(cluster);
            return Some(if locked_out {
                GuestError::LockedOut(cluster, reason)
            } else {
                GuestError::Silent(cluster, reason)
            });
        }
        if there.files.get(&cluster).and_then(ClusterFiles::trusted).is_none() {
            return Some(GuestError::NoAuthority(cluster));
        }
        Cause::of_license(there, cluster).map(GuestError::License)
    })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{facts::observed::Answer, mesh::example::cluster};

    #[test]
    fn an_invitation_needs_an_address_and_a_server_that_answers() {
        let (mut mesh, on) = (Mesh::example(1), ClusterSet::first(1).unwrap());
        let mut there = Observed::default();
        let refused =
            |mesh: &Mesh, there: &Observed| hindrance(mesh, there, &on, datetime!(2026-11-26 12:00 UTC)).unwrap();
        assert_eq!(refused(&mesh, &there), GuestError::NotAdvertised(cluster(1)));
        mesh.spec.advertise.0 = Some([192, 0, 2, 11].into());
        insta::assert_snapshot!(refused(&mesh, &there).to_string(), @"cluster01 does not run");
        there.servers.insert(cluster(1), Answer::Unauthenticated("401".to_owned()));
        let locked_out = refused(&mesh, &there);
        assert!(locked_out.hint().is_some_and(|hint| hint.contains("--recover-credentials")), "{locked_out}");
    }
}
