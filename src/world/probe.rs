//! How far connections between clusters get, tried from inside the containers. I/O: Docker.

use std::{collections::BTreeMap, time::Duration};

use super::docker::{Docker, DockerError};
use crate::{
    facts::evidence::PathFacts,
    mesh::{
        Mesh,
        id::{NodeId, REMOTE, ServiceKind},
        layout,
        peers::{Alias, Endpoint},
    },
};

const SCRIPT: &str = include_str!("../../templates/probe.sh");
/// A connection inside one machine takes milliseconds.
const SECONDS: u64 = 5;
/// Remotes are tried eight at a time, so this is longer than 98 dead ones take.
const LONGEST: Duration = Duration::from_secs(90);

impl Docker {
    /// Tries to connect from a node's container to the remote cluster server of each of `to`, by name, with the
    /// authorities that its Elasticsearch trusts.
    pub async fn probe(
        &self,
        mesh: &Mesh,
        on: NodeId,
        to: impl Iterator<Item = NodeId>,
    ) -> Result<BTreeMap<NodeId, PathFacts>, DockerError> {
        let to: Vec<NodeId> = to.collect();
        let names = to.iter().map(|node| mesh.container_name((*node).into())).collect();
        let Some(words) = self.try_from_inside(mesh, on, names).await? else {
            let why = without_curl(on);
            return Ok(to.into_iter().map(|remote| (remote, PathFacts::Untried(why.clone()))).collect());
        };
        let node = |name: &str| mesh.service_of_container(name)?.node();
        Ok(words.lines().filter_map(path).filter_map(|(name, facts)| Some((node(name)?, facts))).collect())
    }

    /// Tries to connect from a node's container to clusters of peers, by their addresses.
    pub async fn probe_peers(
        &self,
        mesh: &Mesh,
        on: NodeId,
        to: &[(Alias, Endpoint)],
    ) -> Result<BTreeMap<Alias, PathFacts>, DockerError> {
        let place = |(alias, at): &(Alias, Endpoint)| {
            let host = at.address.rsplit_once(':').map_or(at.address.as_str(), |(host, _)| host);
            format!("{alias}={}={}", at.server_name.as_deref().unwrap_or(host), at.address)
        };
        let Some(words) = self.try_from_inside(mesh, on, to.iter().map(place).collect()).await? else {
            let why = without_curl(on);
            return Ok(to.iter().map(|(alias, _)| (alias.clone(), PathFacts::Untried(why.clone()))).collect());
        };
        Ok(words.lines().filter_map(path).filter_map(|(name, facts)| Some((name.parse().ok()?, facts))).collect())
    }

    /// What the script prints; `None` where the container has no curl.
    async fn try_from_inside(
        &self,
        mesh: &Mesh,
        on: NodeId,
        names: Vec<String>,
    ) -> Result<Option<String>, DockerError> {
        let authorities = layout::config_inside(ServiceKind::Elastic, layout::MESH_AUTHORITIES);
        let fixed = ["sh", "-c", SCRIPT, "probe", &SECONDS.to_string(), &authorities, &REMOTE.to_string()];
        let command = fixed.iter().map(ToString::to_string).chain(names).collect();
        let (exit, words) = self.run_inside(&mesh.container_name(on.into()), command, LONGEST).await?;
        Ok((exit == 0).then_some(words))
    }
}

fn without_curl(on: NodeId) -> String {
    format!("{on} has no curl to try it with")
}

/// How the kernel tells of a connection that something on the way has sent back, where a port that is closed refuses
/// it; see `connect(2)` and the answers of `REJECT` in `iptables-extensions(8)`.
const REJECTIONS: [&str; 4] =
    ["No route to host", "Host is unreachable", "Network is unreachable", "Permission denied"];

/// One line of the script's output. The exit codes are curl's; see <https://curl.se/docs/manpage.html#EXIT>.
fn path(line: &str) -> Option<(&str, PathFacts)> {
    let mut parts = line.splitn(3, ' ');
    let (name, exit, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let mut words = rest.splitn(3, '|');
    let (before, address, after) = (words.next()?, words.next()?, words.next()?);
    // errors come before or after what is written at the end: two streams make no order
    let words = format!("{before}{after}");
    let words = words.trim().split_once(") ").map_or(words.trim(), |(_, words)| words).to_owned();
    let facts = match exit {
        "6" => PathFacts::NameUnknown,
        "7" if REJECTIONS.iter().any(|rejection| words.contains(rejection)) => PathFacts::Rejected(words),
        "7" => PathFacts::Closed(words),
        "28" => PathFacts::TimedOut,
        "35" | "51" | "60" | "77" | "83" | "90" | "91" => PathFacts::Distrusted(words),
        _ => PathFacts::Reached { address: address.to_owned() },
    };
    Some((name, facts))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn no_line_makes_it_panic(line in "(cluster0[0-9]-elastic|\\PC{0,5}) ([0-9]{1,3}|\\PC)? ?[\\PC|)( ]{0,20}") {
            let _ = path(&line);
        }
    }

    #[test]
    fn each_line_is_a_remote_and_how_far_it_was_reached() {
        let facts = |line: &str| path(line).map(|(name, facts)| (name.to_owned(), facts));
        let (second, third) = (|| "cluster02-elastic".to_owned(), || "cluster03-elastic".to_owned());
        let reached = PathFacts::Reached { address: "10.213.0.12".to_owned() };
        assert_eq!(
            facts("cluster02-elastic 1 curl: (1) Received HTTP/0.9 when not allowed |10.213.0.12|"),
            Some((second(), reached.clone()))
        );
        assert_eq!(facts("cluster02-elastic 52 |10.213.0.12|curl: (52) Empty reply"), Some((second(), reached)));
        assert_eq!(
            facts("cluster03-elastic 6 curl: (6) Could not resolve host: cluster03-elastic ||"),
            Some((third(), PathFacts::NameUnknown))
        );
        assert_eq!(
            facts("cluster03-elastic 60 curl: (60) SSL certificate problem: certificate has expired |10.213.0.13|"),
            Some((third(), PathFacts::Distrusted("SSL certificate problem: certificate has expired".to_owned())))
        );
        assert_eq!(
            facts("cluster03-elastic 7 || Connection refused"),
            Some((third(), PathFacts::Closed("Connection refused".to_owned())))
        );
        for rejection in ["No route to host", "Host is unreachable", "Network is unreachable", "Permission denied"] {
            let rejected = Some((third(), PathFacts::Rejected(rejection.to_owned())));
            assert_eq!(facts(&format!("cluster03-elastic 7 || {rejection}")), rejected);
        }
        assert_eq!(
            facts("cluster03-elastic 60 |10.213.0.13| 60) SSL certificate problem: certificate has expired"),
            Some((third(), PathFacts::Distrusted("SSL certificate problem: certificate has expired".to_owned())))
        );
        assert_eq!(facts("sh: oops"), None);
        assert_eq!(facts(""), None);
    }
}
