//! How far connections between clusters get, tried from inside the containers. I/O: Docker.

use std::{collections::BTreeMap, time::Duration};

use super::docker::{Docker, DockerError};
use crate::{
    facts::evidence::PathFacts,
    mesh::{
        Mesh,
        id::{NodeId, REMOTE, ServiceKind},
        layout,
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
        let authorities = layout::config_inside(ServiceKind::Elastic, layout::MESH_AUTHORITIES);
        let fixed = ["sh", "-c", SCRIPT, "probe", &SECONDS.to_string(), &authorities, &REMOTE.to_string()];
        let names = to.iter().map(|node| mesh.container_name((*node).into()));
        let command = fixed.iter().map(ToString::to_string).chain(names).collect();
        let (exit, words) = self.run_inside(&mesh.container_name(on.into()), command, LONGEST).await?;
        if exit != 0 {
            let why = format!("{on} has no curl to try it with");
            return Ok(to.into_iter().map(|remote| (remote, PathFacts::Untried(why.clone()))).collect());
        }
        Ok(words.lines().filter_map(|line| path(mesh, line)).collect())
    }
}

/// How the kernel tells of a connection that something on the way has sent back, where a port that is closed refuses
/// it; see `connect(2)` and the answers of `REJECT` in `iptables-extensions(8)`.
const REJECTIONS: [&str; 4] =
    ["No route to host", "Host is unreachable", "Network is unreachable", "Permission denied"];

/// One line of the script's output. The exit codes are curl's; see <https://curl.se/docs/manpage.html#EXIT>.
fn path(mesh: &Mesh, line: &str) -> Option<(NodeId, PathFacts)> {
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
    Some((mesh.service_of_container(name)?.node()?, facts))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn no_line_makes_it_panic(line in "(cluster0[0-9]-elastic|\\PC{0,5}) ([0-9]{1,3}|\\PC)? ?[\\PC|)( ]{0,20}") {
            let _ = path(&Mesh::example(1), &line);
        }
    }

    #[test]
    fn each_line_is_a_remote_and_how_far_it_was_reached() {
        let facts = |line: &str| path(&Mesh::example(3), line).map(|(node, facts)| (node.cluster.number(), facts));
        let reached = PathFacts::Reached { address: "10.213.0.12".to_owned() };
        assert_eq!(
            facts("cluster02-elastic 1 curl: (1) Received HTTP/0.9 when not allowed |10.213.0.12|"),
            Some((2, reached.clone()))
        );
        assert_eq!(facts("cluster02-elastic 52 |10.213.0.12|curl: (52) Empty reply"), Some((2, reached)));
        assert_eq!(
            facts("cluster03-elastic 6 curl: (6) Could not resolve host: cluster03-elastic ||"),
            Some((3, PathFacts::NameUnknown))
        );
        assert_eq!(
            facts("cluster03-elastic 60 curl: (60) SSL certificate problem: certificate has expired |10.213.0.13|"),
            Some((3, PathFacts::Distrusted("SSL certificate problem: certificate has expired".to_owned())))
        );
        assert_eq!(
            facts("cluster03-elastic 7 || Connection refused"),
            Some((3, PathFacts::Closed("Connection refused".to_owned())))
        );
        assert_eq!(
            facts("cluster03-elastic 7 || No route to host"),
            Some((3, PathFacts::Rejected("No route to host".to_owned())))
        );
        assert_eq!(
            facts("cluster03-elastic 60 |10.213.0.13| 60) SSL certificate problem: certificate has expired"),
            Some((3, PathFacts::Distrusted("SSL certificate problem: certificate has expired".to_owned())))
        );
        let second = path(&Mesh::example(3), "cluster03-elastic-2 6 ||").map(|(node, _)| node.to_string());
        assert_eq!(second.as_deref(), Some("cluster03-elastic-2"));
        assert_eq!(facts("sh: 1: oops"), None);
        assert_eq!(facts(""), None);
    }
}
