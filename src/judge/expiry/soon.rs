//! What expires within 30 days or has expired, each with the command that renews it. Pure.

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::{GIVES_ANOTHER, SOON, days_between};
use crate::facts::observed::{KeyFile, Observed};
use crate::judge::scope::Scope;
use crate::mesh::{Mesh, certs, counted::counted, id::ClusterId, settings::KeyDays};

/// The days before the end of a trial from which on it is reported.
const TRIAL_SOON: i64 = 8;

const KEY: &str = "API key";
const LICENSE: &str = "license";
const GIVEN: &str = "given certificate of the gateway";

/// Something of one kind that ends soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndsSoon {
    /// `API key`, `certificate`, `authority` or `license`; or `certificate of the gateway`, its authority, or one that
    /// was given, which are of no cluster.
    pub what: &'static str,
    pub clusters: Vec<ClusterId>,
    /// The whole days that the first to end has left; below 0 when it has ended.
    pub days_left: i64,
    /// What to type.
    pub remedy: String,
}

impl EndsSoon {
    /// `API key of cluster02 cluster03 ends in 5 days`.
    pub fn in_words(&self) -> String {
        let clusters = self.clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let when = match self.days_left {
            ..0 => "has ended".to_owned(),
            0 => "ends today".to_owned(),
            days => format!("ends in {}", counted(days.unsigned_abs(), "day")),
        };
        if self.clusters.is_empty() {
            return format!("{} {when}", self.what);
        }
        format!("{} of {clusters} {when}", self.what)
    }

    /// Whether a command of `mesh` alone renews it: a license comes from elsewhere.
    pub fn is_renewable(&self) -> bool {
        ![LICENSE, GIVEN].contains(&self.what)
    }

    /// Whether it is not due yet: an API key of a mesh where their life is short.
    pub fn is_early(&self, mesh: &Mesh) -> bool {
        self.what == KEY && Duration::days(self.days_left + 1) > mesh.key_margin()
    }
}

/// One entry a kind, those that have ended apart: they need another remedy.
pub fn expiring(mesh: &Mesh, scope: Scope, there: &Observed, now: OffsetDateTime) -> Vec<EndsSoon> {
    let key = |cluster: ClusterId| api_key(there, cluster);
    // a trial is short from its first day on: a permanent warning is not read. Beside a license it is
    // most likely that of a cluster that came later
    let licensed = there.answering().any(|(_, server)| server.license.is_bought());
    let license = |cluster: ClusterId| {
        let license = &there.server(cluster)?.license;
        let tells = |end: &OffsetDateTime| licensed || license.kind != "trial" || days_between(now, *end) < TRIAL_SOON;
        // the server's own word counts, whatever the clock here says
        license.expires.map(|end| if license.active { end } else { end.min(now) }).filter(tells)
    };
    let end = |pem: &String| Some(certs::examine(pem).ok()?.not_after);
    let authority = |cluster: ClusterId| there.files.get(&cluster)?.authority.as_ref().and_then(end);
    let certificate = |cluster: ClusterId| {
        let files = there.files.get(&cluster)?;
        // one that ends with its authority is replaced with that
        let is_own = |pem: &&String| files.authority.as_ref().is_none_or(|authority| !certs::ends_with(pem, authority));
        files.services.values().filter_map(|service| service.certificate.as_ref()).filter(is_own).filter_map(end).min()
    };
    let gather = |what, ended: bool, command: (&str, bool), end: &dyn Fn(ClusterId) -> Option<OffsetDateTime>| {
        let left = |cluster: ClusterId| {
            let end = end(cluster)?;
            let days = days_between(now, end).min(if ended { -1 } else { SOON });
            (days < SOON && (end <= now) == ended).then_some((cluster, days))
        };
        let ending: Vec<(ClusterId, i64)> = scope.clusters(mesh).filter_map(left).collect();
        let days_left = ending.iter().map(|(_, days)| *days).min()?;
        let clusters: Vec<ClusterId> = ending.into_iter().map(|(cluster, _)| cluster).collect();
        // a command that takes clusters need not name all
        let named = command.1 && clusters.len() < mesh.clusters().count();
        let numbers = clusters.iter().filter(|_| named).map(|cluster| cluster.number().to_string());
        let remedy = std::iter::once(command.0.to_owned()).chain(numbers).collect::<Vec<_>>().join(" ");
        Some(EndsSoon { what, clusters, days_left, remedy })
    };
    // a life as short as the mesh's keys have would be reported again at once
    let short = i64::from(mesh.spec.key_days.get()) <= SOON;
    let longer = KeyDays::default().get();
    let (extend, create) =
        (format!("mesh keys extend --key-days {longer}"), format!("mesh create --key-days {longer}"));
    let extend = if short { extend.as_str() } else { "mesh keys extend" };
    let replace = if short { (create.as_str(), false) } else { ("mesh keys rotate", true) };
    // one that guests trust is replaced by no command but this
    let replace_authority =
        if mesh.guests.is_empty() { ("mesh create", false) } else { ("mesh certs rotate --ca", true) };
    [
        gather(KEY, false, (extend, true), &key),
        gather(KEY, true, replace, &key),
        gather("certificate", false, ("mesh certs rotate", true), &certificate),
        gather("certificate", true, ("mesh certs rotate", true), &certificate),
        gather("authority", false, ("mesh certs rotate --ca", true), &authority),
        gather("authority", true, replace_authority, &authority),
        gather(LICENSE, false, ("mesh create --license FILE", false), &license),
        gather(LICENSE, true, ("mesh create --license FILE", false), &license),
    ]
    .into_iter()
    .flatten()
    .chain(of_gateway(mesh, scope, there, now))
    .collect()
}

/// The certificate of the mesh's own gateway, and the authority that signed it, where that is its own.
fn of_gateway(mesh: &Mesh, scope: Scope, there: &Observed, now: OffsetDateTime) -> Vec<EndsSoon> {
    let files = &there.gateway.files;
    let (certificate, authority) = if mesh.has_gateway_authority() {
        let certificate = ("certificate of the gateway", files.certificate.as_ref(), "mesh certs rotate gateway");
        let authority = ("authority of the gateway", files.authority.as_ref(), "mesh certs rotate --ca gateway");
        (certificate, Some(authority))
    } else {
        ((GIVEN, files.certificate.as_ref(), GIVES_ANOTHER), None)
    };
    let ends = |(what, pem, remedy): (&'static str, Option<&String>, &str)| {
        let days_left = days_between(now, certs::examine(pem?).ok()?.not_after);
        let ends = EndsSoon { what, clusters: Vec::new(), days_left, remedy: remedy.to_owned() };
        Some(ends).filter(|_| days_left < SOON)
    };
    let all = [Some(certificate), authority].into_iter().flatten();
    all.filter(|_| mesh.gateway.is_some() && scope.is_mesh()).filter_map(ends).collect()
}

/// When the first API key of a cluster expires.
pub fn api_key(there: &Observed, cluster: ClusterId) -> Option<OffsetDateTime> {
    there.files.get(&cluster)?.keys(cluster).map(|(_, saved)| expiry(there, cluster, saved)).min()
}

/// When a key expires: as the server has it, since it may have been made to expire there; else as it was saved.
pub fn expiry(there: &Observed, cluster: ClusterId, saved: &KeyFile) -> OffsetDateTime {
    let server = there.server(cluster);
    let reported = server.and_then(|server| server.keys.iter().find(|key| key.id == saved.id)?.expires);
    reported.unwrap_or(saved.expires)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{
        facts::observed::{Answer, ClusterFiles, KeyFile, ServerFacts},
        mesh::certs::Authority,
    };

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

    fn listed(there: &Observed) -> String {
        listed_for(&Mesh::example(3), there)
    }

    fn listed_for(mesh: &Mesh, there: &Observed) -> String {
        let line = |ending: EndsSoon| {
            let clusters = ending.clusters.iter().map(|cluster| cluster.number().to_string()).collect::<Vec<_>>();
            format!("{} of {}: {} days, `{}`", ending.what, clusters.join(" "), ending.days_left, ending.remedy)
        };
        expiring(mesh, Scope::Mesh, there, NOW).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_key_that_lives_no_longer_is_early() {
        let mut mesh = Mesh::example(2);
        mesh.spec.key_days = "14".parse().unwrap();
        let early =
            |what, days_left| EndsSoon { what, clusters: Vec::new(), days_left, remedy: String::new() }.is_early(&mesh);
        assert_eq!([13, 12, 0, -1].map(|days| early(KEY, days)), [true, true, false, false]);
        assert!(!early("certificate", 13));
    }

    #[test]
    fn what_ends_soon_is_reported_with_what_to_type() {
        let mut there = Observed::default();
        for (number, days) in [(1, 40), (2, 29), (3, 0)] {
            let authority = Authority::issue("cluster", NOW - Duration::days(3652 - days));
            let key = KeyFile { id: "k".to_owned(), expires: NOW + Duration::days(days), digest: String::new() };
            let files = ClusterFiles {
                authority: Some(authority.certificate().to_owned()),
                key: Some(key),
                ..ClusterFiles::default()
            };
            there.files.insert(ClusterId::new(number).unwrap(), files);
        }
        insta::assert_snapshot!(listed(&there), @r"
        API key of 2: 29 days, `mesh keys extend 2`
        API key of 3: -1 days, `mesh keys rotate 3`
        authority of 2: 29 days, `mesh certs rotate --ca 2`
        authority of 3: -1 days, `mesh create`
        ");
        let mut short = Mesh::example(3);
        short.spec.key_days = "1".parse().unwrap();
        let keys: Vec<String> = listed_for(&short, &there).lines().take(2).map(str::to_owned).collect();
        insta::assert_snapshot!(keys.join("\n"), @r"
        API key of 2: 29 days, `mesh keys extend --key-days 365 2`
        API key of 3: -1 days, `mesh create --key-days 365`
        ");
        there.files.clear();
        assert_eq!(listed(&there), "");
    }

    #[test]
    fn the_gateway_is_reported_with_a_command_for_what_it_shows() {
        let mut mesh = Mesh::example(1).with_gateway("127.0.0.1:8443");
        let authority = Authority::issue("gateway", NOW - Duration::days(3652 - 20));
        let identity = authority.sign(&certs::Names::example(), NOW - Duration::days(1095 - 10));
        let mut there = Observed::default();
        there.gateway.files.authority = Some(authority.certificate().to_owned());
        there.gateway.files.certificate = Some(identity.certificate);
        insta::assert_snapshot!(listed_for(&mesh, &there), @r"
        certificate of the gateway of : 10 days, `mesh certs rotate gateway`
        authority of the gateway of : 20 days, `mesh certs rotate --ca gateway`
        ");
        mesh.spec.gateway_cert = crate::mesh::settings::UserFile(Some("/tls.crt".into()));
        insta::assert_snapshot!(listed_for(&mesh, &there), @"given certificate of the gateway of : 10 days, `mesh create --gateway-cert FILE --gateway-key FILE`");
        assert_eq!(listed(&there), "", "a mesh without one");
    }

    #[test]
    fn a_trial_is_reported_in_its_last_week_and_beside_a_license_at_once() {
        let mut there = Observed::default();
        let mut has = |number, kind: &str, days| {
            let server = ServerFacts::licensed(kind, NOW + Duration::days(days));
            there.servers.insert(ClusterId::new(number).unwrap(), Answer::Ready(server));
            listed(&there)
        };
        assert_eq!(has(1, "trial", 29), "");
        assert_eq!(has(2, "trial", 7), "license of 2: 7 days, `mesh create --license FILE`");
        assert_eq!(has(2, "enterprise", 300), "license of 1: 29 days, `mesh create --license FILE`");
    }
}
