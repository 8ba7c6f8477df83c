//! Links as the nodes that search over them say: a link is up when all of them agree. Pure.

use super::nodes::Nodes;
use crate::{
    facts::observed::{LinkFacts, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
        links::Link,
        peers::Alias,
    },
};

/// Whether a node says that it is connected to a remote, or why not; `None` where it cannot be asked.
pub fn reported(nodes: Nodes<'_>, node: NodeId, to: ClusterId) -> Option<Result<(), &str>> {
    // the only node of a cluster is asked as the cluster is
    let links = match nodes.there.nodes.get(&node) {
        Some(answer) => &answer.ready()?.links,
        None => &nodes.there.server(node.cluster).filter(|_| !nodes.mesh.has_several_nodes(node.cluster))?.links,
    };
    Some(LinkFacts::why_down(links.get(&to.into())).map_or(Ok(()), Err))
}

/// The reason that a link is down; `None` for one that is up from every node that searches and has joined its cluster.
/// A node that is away is a matter of its cluster, unless all are.
pub fn down(nodes: Nodes<'_>, Link { from, to }: Link) -> Option<String> {
    let several = nodes.mesh.has_several_nodes(from);
    let mut searching = nodes.mesh.searching_nodes(from).filter(|node| nodes.has_joined(*node)).peekable();
    if searching.peek().is_none() {
        let silent = if several { from.to_string() } else { from.first_node().to_string() };
        return Some(format!("{silent} does not answer"));
    }
    searching.find_map(|node| {
        let why = reported(nodes, node, to)?.err()?;
        Some(if several { format!("from {node}: {why}") } else { why.to_owned() })
    })
}

/// Why a cluster does not reach a remote of a peer; `None` where it does, from every node that can be asked.
pub fn down_to_peer(mesh: &Mesh, there: &Observed, from: ClusterId, alias: &Alias) -> Option<String> {
    let Some(server) = there.server(from) else { return Some(format!("{from} does not answer")) };
    let nodes = mesh.searching_nodes(from).filter_map(|node| Some((Some(node), &there.node(node)?.links)));
    let several = mesh.has_several_nodes(from);
    let asked = std::iter::once((None, &server.links)).chain(nodes);
    asked.into_iter().find_map(|(node, links)| {
        let why = LinkFacts::why_down(links.get(alias))?;
        Some(match node {
            Some(node) if several => format!("from {node}: {why}"),
            _ => why.to_owned(),
        })
    })
}
