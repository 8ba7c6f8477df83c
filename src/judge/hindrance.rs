//! What stands in the way of a renewal, and which command takes it out of the way. Pure.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::{
    GIVES_PASSWORD,
    expiry::{days_between, soon::expiry},
    verify::LinkCause,
};
use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::Observed,
    mesh::{
        Mesh,
        id::{ClusterId, ServiceId},
        settings::KeyDays,
    },
    plan::{Deletion, Plan, Subject, Transition, renew::Renewal},
};

/// The reason why nothing can be renewed now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Hindrance {
    #[error("{0} would have to be made, started or removed first")]
    Container(String),
    #[error("{0} does not answer, so whether its API key is valid is unknown")]
    Silent(ClusterId),
    #[error("{0} does not take the password of elastic, so whether its API key is valid is unknown")]
    LockedOut(ClusterId),
    #[error("the API key of {0} is not on disk, or its server does not know it")]
    Gone(ClusterId),
    #[error("the API key of {0} has expired, and cannot be extended")]
    Expired(ClusterId),
    /// Elasticsearch makes and changes no cross-cluster API key then.
    #[error("{0}")]
    License(LinkCause),
    /// The next authority is to take over, and no guest can trust one that is not there.
    #[error("{0} has no next authority that guests could have been invited with")]
    NoNextAuthority(ClusterId),
    #[error("the Kibana of {0} logs in with the password of kibana_system, and has no service token")]
    NoToken(ClusterId),
    #[error("{0} has no Kibana, and so no service token")]
    NoKibana(ClusterId),
    #[error("mesh.json does not have {0}, whose data is there")]
    Data(ClusterId),
    #[error("mesh.json does not have {0}")]
    Access(String),
    #[error("{days} days would shorten the life of the API key of {cluster}, which has {left} left")]
    Shorter { cluster: ClusterId, days: u16, left: i64 },
}

impl Explain for Hindrance {
    /// Something else has to be asked for, or something mended before.
    fn exit(&self) -> Exit {
        if matches!(self, Self::Shorter { .. } | Self::NoToken(_) | Self::NoKibana(_)) {
            Exit::Request
        } else {
            Exit::Unhealthy
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Container(_) | Self::Silent(_) => {
                "`mesh create` brings the mesh to what was asked for; then type the same command again".to_owned()
            }
            Self::LockedOut(_) => GIVES_PASSWORD.to_owned(),
            Self::License(cause) => cause.remedy(),
            Self::Data(_) => {
                "see with `mesh create --dry-run` what would be deleted; `mesh create` asks first".to_owned()
            }
            Self::Access(_) => {
                "see with `mesh create --dry-run` what would be removed; `mesh create` asks first".to_owned()
            }
            Self::Shorter { left, .. } => {
                let more = if *left < KeyDays::default().get().into() { KeyDays::default() } else { KeyDays::MOST };
                format!(
                    "`mesh keys extend --key-days {}` lets it live longer; `--shorten` goes on if a shorter life is meant",
                    more.get()
                )
            }
            Self::NoToken(_) => "`mesh create --new-defaults` gives every Kibana a token of its own".to_owned(),
            Self::NoKibana(_) => "`mesh status` shows which clusters have a Kibana".to_owned(),
            Self::NoNextAuthority(of) => format!(
                "`mesh certs rotate --ca {}` makes it; then make new invitations, and have them joined",
                of.number()
            ),
            Self::Gone(cluster) | Self::Expired(cluster) => {
                format!("`mesh keys rotate {}` makes a new one", cluster.number())
            }
        })
    }
}

/// A renewal touches what it is about. It starts nothing that was stopped on purpose, and replaces no container but
/// that of a Kibana which gets another token: an earlier run of the same may have left it half-way.
pub fn hindrance(plan: &Plan, renewal: &Renewal) -> Option<Hindrance> {
    let access = plan.removed_access().next().map(Hindrance::Access);
    let other = plan.descriptions().find_map(|step| match (step.container, step.deletes, step.subject) {
        // a Kibana is restarted for its certificate
        (Some(Transition::Restarts), _, Subject::Service(ServiceId::Kibana(_))) => None,
        (Some(_), _, Subject::Gateway) => Some(Hindrance::Container("the gateway".to_owned())),
        (Some(_), _, Subject::Service(ServiceId::Kibana(of))) if renewal.tokens.contains(&of) => None,
        (Some(_), _, subject) => Some(Hindrance::Container(subject.to_string())),
        (None, Some(Deletion::Data), Subject::Cluster(cluster)) => Some(Hindrance::Data(cluster)),
        _ => None,
    });
    other.or(access)
}

/// The first cluster of those whose keys are to be renewed that has no license for it.
pub fn unlicensed(mesh: &Mesh, there: &Observed, renewal: &Renewal) -> Option<Hindrance> {
    let renewed = |cluster: &ClusterId| renewal.keys.contains(cluster) || renewal.extended.contains(cluster);
    mesh.clusters().filter(renewed).find_map(|of| LinkCause::of_license(there, of).map(Hindrance::License))
}

/// The first cluster with guests whose authority is to be replaced, though there is none yet that they could trust.
pub fn without_next_authority(mesh: &Mesh, there: &Observed, renewal: &Renewal) -> Option<Hindrance> {
    let is_being_replaced = |of: &ClusterId| {
        there.files.get(of).is_some_and(|files| files.next_authority.is_some() || files.old_authority.is_some())
    };
    let replaced = renewal.authorities.iter().filter(|_| renewal.peers_joined);
    let invited = replaced.filter(|of| mesh.guests_of(**of).next().is_some());
    invited.copied().find(|of| !is_being_replaced(of)).map(Hindrance::NoNextAuthority)
}

/// The first cluster whose Kibana logs in with a password though its token is to be replaced; where none of them has a
/// Kibana, the first one.
pub fn without_token(mesh: &Mesh, clusters: &BTreeSet<ClusterId>) -> Option<Hindrance> {
    let mut with_kibana = clusters.iter().filter(|cluster| mesh.has(cluster.kibana())).peekable();
    if with_kibana.peek().is_none() {
        return clusters.first().map(|cluster| Hindrance::NoKibana(*cluster));
    }
    with_kibana.find(|cluster| !mesh.logs_in_by_token(**cluster)).map(|of| Hindrance::NoToken(*of))
}

/// The first key that cannot be made to live longer: Elasticsearch refuses to update one that has ended.
pub fn not_extendable(
    mesh: &Mesh,
    there: &Observed,
    clusters: &BTreeSet<ClusterId>,
    now: OffsetDateTime,
) -> Option<Hindrance> {
    mesh.clusters().filter(|cluster| clusters.contains(cluster)).find_map(|cluster| {
        let Some(server) = there.server(cluster) else {
            let locked_out = there.refuses(cluster);
            return Some(if locked_out { Hindrance::LockedOut(cluster) } else { Hindrance::Silent(cluster) });
        };
        mesh.keys(cluster).into_iter().find_map(|key| {
            let saved = there.files.get(&cluster).and_then(|files| files.key(key));
            match saved.and_then(|saved| server.keys.iter().find(|key| key.id == saved.id)) {
                None => Some(Hindrance::Gone(cluster)),
                Some(key) if key.expires.is_some_and(|expires| expires <= now) => Some(Hindrance::Expired(cluster)),
                Some(_) => None,
            }
        })
    })
}

/// The first key that would end sooner than it does, unless that is meant.
pub fn shorter(mesh: &Mesh, there: &Observed, renewal: &Renewal, now: OffsetDateTime) -> Option<Hindrance> {
    let days = mesh.spec.key_days.get();
    let end = now + Duration::days(days.into());
    let extended = mesh.clusters().filter(|cluster| !renewal.shorten && renewal.extended.contains(cluster));
    // of several keys, each is set to the same end
    let last = |cluster: ClusterId| {
        let files = there.files.get(&cluster)?;
        mesh.keys(cluster).into_iter().filter_map(|key| Some(expiry(there, cluster, files.key(key)?))).max()
    };
    extended
        .filter_map(|cluster| Some((cluster, last(cluster).filter(|has| *has > end)?)))
        .map(|(cluster, has)| Hindrance::Shorter { cluster, days, left: days_between(now, has) })
        .next()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{
        facts::observed::{Answer, ClusterFiles, KeyFile, ServerFacts},
        mesh::defaults::Revision,
    };

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

    #[test]
    fn extending_shortens_no_life_unless_that_is_meant() {
        let hindrance_of = |days: &str, left: Duration, shorten: bool| {
            let key = KeyFile { id: "k".to_owned(), expires: NOW + left, digest: String::new() };
            let files = ClusterFiles { key: Some(key), ..ClusterFiles::default() };
            let there = Observed { files: [(ClusterId::FIRST, files)].into(), ..Observed::default() };
            let mut mesh = Mesh::example(1);
            mesh.spec.key_days = days.parse().unwrap();
            let renewal = Renewal { extended: [ClusterId::FIRST].into(), shorten, ..Renewal::default() };
            shorter(&mesh, &there, &renewal, NOW).map(|hindered| format!("{hindered}\n{}", hindered.hint().unwrap()))
        };
        let almost_a_year = Duration::days(365) - Duration::seconds(1);
        assert_eq!([hindrance_of("365", almost_a_year, false), hindrance_of("90", almost_a_year, true)], [None, None]);
        insta::assert_snapshot!(hindrance_of("90", almost_a_year, false).unwrap(), @r"
        90 days would shorten the life of the API key of cluster01, which has 364 left
        `mesh keys extend --key-days 365` lets it live longer; `--shorten` goes on if a shorter life is meant
        ");
        let hint = hindrance_of("365", Duration::days(400), false).unwrap();
        assert!(hint.contains("`mesh keys extend --key-days 3650`"), "{hint}");
    }

    /// A key for a single searcher may have been made long after the one for all.
    #[test]
    fn extending_shortens_no_key_of_several() {
        let mut mesh = Mesh::example(3);
        let links = serde_json::json!([{ "from": "2-3", "to": "1" }, { "from": "3", "to": "1", "share": ["hr-*"] }]);
        mesh.spec.topology = serde_json::from_value(links).unwrap();
        mesh.spec.key_days = "90".parse().unwrap();
        let key = |days| KeyFile { id: "k".to_owned(), expires: NOW + Duration::days(days), digest: String::new() };
        let link_keys = [(ClusterId::new(3).unwrap(), key(365))].into();
        let files = ClusterFiles { key: Some(key(60)), link_keys, ..ClusterFiles::default() };
        let there = Observed { files: [(ClusterId::FIRST, files)].into(), ..Observed::default() };
        let renewal = Renewal { extended: [ClusterId::FIRST].into(), ..Renewal::default() };
        let refused = Hindrance::Shorter { cluster: ClusterId::FIRST, days: 90, left: 365 };
        assert_eq!(shorter(&mesh, &there, &renewal, NOW), Some(refused));
    }

    #[test]
    fn a_server_that_refuses_the_password_differs_from_one_that_is_silent() {
        let (mesh, all) = (Mesh::example(1), [ClusterId::FIRST].into());
        let mut there = Observed::default();
        assert_eq!(not_extendable(&mesh, &there, &all, NOW), Some(Hindrance::Silent(ClusterId::FIRST)));
        there.servers.insert(ClusterId::FIRST, Answer::Unauthenticated("401".to_owned()));
        let hint = not_extendable(&mesh, &there, &all, NOW).and_then(|hindered| hindered.hint());
        assert_eq!(hint.as_deref(), Some(GIVES_PASSWORD));
    }

    #[test]
    fn a_token_is_replaced_where_there_is_one() {
        let (old, all) = (Mesh::example(2), Mesh::example(2).clusters().collect());
        let half = old.clone().with_defaults(Revision::NEWEST, Some(&old)).with_defaults_on(ClusterId::FIRST);
        let hindrance_of = |mesh: &Mesh, clusters| {
            without_token(mesh, clusters).map(|hindered| format!("{hindered}\n{}", hindered.hint().unwrap()))
        };
        let first = [ClusterId::FIRST].into();
        assert_eq!(hindrance_of(&half, &first), None);
        insta::assert_snapshot!(hindrance_of(&half, &all).unwrap(), @r"
        the Kibana of cluster02 logs in with the password of kibana_system, and has no service token
        `mesh create --new-defaults` gives every Kibana a token of its own
        ");
        assert_eq!(hindrance_of(&old.clone().with_defaults(Revision::NEWEST, None), &all), None);
        insta::assert_snapshot!(hindrance_of(&half.without_kibana(), &all).unwrap(), @r"
        cluster01 has no Kibana, and so no service token
        `mesh status` shows which clusters have a Kibana
        ");
    }

    #[test]
    fn no_key_is_renewed_where_the_license_has_ended() {
        let mesh = Mesh::example(2);
        let mut server = ServerFacts::licensed("trial", NOW);
        let mut there =
            Observed { servers: [(ClusterId::FIRST, Answer::Ready(server.clone()))].into(), ..Observed::default() };
        let first = || [ClusterId::FIRST].into();
        let keys = Renewal { keys: first(), ..Renewal::default() };
        let extended = Renewal { extended: first(), ..Renewal::default() };
        assert_eq!(unlicensed(&mesh, &there, &keys), None);
        server.license.active = false;
        there.servers.insert(ClusterId::FIRST, Answer::Ready(server));
        for renewal in [keys, extended] {
            let hindered = unlicensed(&mesh, &there, &renewal).unwrap();
            assert_eq!(hindered.to_string(), "the trial license of cluster01 has expired");
            let hint = hindered.hint().unwrap();
            assert!(hint.starts_with("`mesh create --license FILE`"), "{hint}");
        }
        let certificates = Renewal { certificates: first(), ..Renewal::default() };
        assert_eq!(unlicensed(&mesh, &there, &certificates), None, "certificates need no license");
    }
}
