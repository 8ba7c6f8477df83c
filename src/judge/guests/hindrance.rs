//! What stands in the way of an invitation. Pure.

use time::OffsetDateTime;

use crate::{
    exit::Exit,
    explain::Explain,
    facts::{
        guests::GuestKeys,
        observed::{ClusterFiles, Observed},
    },
    judge::{GIVES_PASSWORD, verify::LinkCause},
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
    License(LinkCause),
    #[error("there is no guest {0}")]
    Unknown(PartnerName),
    #[error("no invitation of {0} is complete, so none of its keys is known to be the one in use")]
    NoneInForce(PartnerName),
    #[error("keys of {guest} may be left on {on}, which cannot be asked")]
    Left {
        guest: PartnerName,
        on: String,
        /// Whether the server of one does not take the password.
        locked_out: bool,
    },
}

impl GuestError {
    /// That a cluster cannot be asked, for this reason.
    pub fn unasked(there: &Observed, cluster: ClusterId, reason: String) -> Self {
        if there.refuses(cluster) { Self::LockedOut(cluster, reason) } else { Self::Silent(cluster, reason) }
    }

    /// That a guest may have keys left on clusters that cannot be asked, if there are such.
    pub fn left(there: &Observed, guest: &PartnerName, found: &GuestKeys) -> Option<Self> {
        let unasked: Vec<ClusterId> = found.iter().filter(|(_, found)| found.is_err()).map(|(of, _)| *of).collect();
        let on = unasked.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let locked_out = unasked.iter().any(|cluster| there.refuses(*cluster));
        (!unasked.is_empty()).then(|| Self::Left { guest: guest.clone(), on, locked_out })
    }
}

impl Explain for GuestError {
    fn exit(&self) -> Exit {
        match self {
            Self::NotAdvertised(_) | Self::Unknown(_) => Exit::Request,
            Self::Silent(..) | Self::LockedOut(..) | Self::NoAuthority(_) | Self::License(_) | Self::NoneInForce(_) => {
                Exit::Unhealthy
            }
            Self::Left { .. } => Exit::Unfinished,
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
            Self::LockedOut(..) | Self::Left { locked_out: true, .. } => GIVES_PASSWORD.to_owned(),
            Self::Left { locked_out: false, .. } => {
                "`mesh create` brings it back; then type the same command again".to_owned()
            }
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
            return Some(GuestError::unasked(there, cluster, reason));
        }
        if there.files.get(&cluster).and_then(ClusterFiles::trusted).is_none() {
            return Some(GuestError::NoAuthority(cluster));
        }
        LinkCause::of_license(there, cluster).map(GuestError::License)
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

    #[test]
    fn what_is_not_revoked_names_what_has_its_server_asked_again() {
        let (mut there, guest) = (Observed::default(), "london".parse::<PartnerName>().unwrap());
        let mut found: GuestKeys = [(cluster(1), Ok(Vec::new()))].into();
        assert_eq!(GuestError::left(&there, &guest, &found), None);
        for number in [2, 3] {
            found.insert(cluster(number), Err("does not run".to_owned()));
        }
        let left = |there: &Observed| {
            let error = GuestError::left(there, &guest, &found).unwrap();
            format!("{error}\n{}", error.hint().unwrap())
        };
        insta::assert_snapshot!(left(&there), @r"
        keys of london may be left on cluster02 cluster03, which cannot be asked
        `mesh create` brings it back; then type the same command again
        ");
        there.servers.insert(cluster(3), Answer::Unauthenticated("401".to_owned()));
        insta::assert_snapshot!(left(&there), @r"
        keys of london may be left on cluster02 cluster03, which cannot be asked
        `mesh create --recover-credentials` gives the server the password in credentials.txt; then type the same command again
        ");
    }
}
