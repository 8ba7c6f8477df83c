//! Where clusters are reached: a line a cluster, and one more for each further node. I/O: the terminal.

use super::Console;
use crate::mesh::id::ClusterId;

/// A cluster, the URLs of its nodes, and that of its Kibana.
pub type Place = (ClusterId, Vec<String>, Option<String>);

impl Console {
    /// Each cluster with the URLs of its nodes, one below the other, and that of its Kibana, after a margin.
    pub fn places(&self, places: &[Place], margin: &str) {
        let width = places.iter().flat_map(|(_, nodes, _)| nodes.iter().map(String::len)).max().unwrap_or_default();
        for line in places.iter().flat_map(|place| lines(place, width)) {
            self.line(&format!("{margin}{line}"));
        }
    }
}

fn lines((cluster, nodes, kibana): &Place, width: usize) -> Vec<String> {
    let name = |at| if at == 0 { cluster.to_string() } else { String::new() };
    let kibana = |at| kibana.as_deref().filter(|_| at == 0).unwrap_or_default();
    let line = |(at, url): (usize, &String)| format!("{:<9}  {url:<width$}  {}", name(at), kibana(at));
    nodes.iter().enumerate().map(|numbered| line(numbered).trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{Mesh, example::cluster};

    #[test]
    fn the_nodes_of_a_cluster_stand_below_each_other() {
        let mesh = Mesh::example(2).with_nodes(2, 3);
        let of = |number| {
            let cluster = cluster(number);
            lines(&(cluster, mesh.node_urls(cluster), mesh.url(cluster.kibana())), 23).join("\n")
        };
        insta::assert_snapshot!([of(1), of(2)].join("\n"), @r"
        cluster01  https://localhost:9201   https://localhost:5601/cluster01
        cluster02  https://localhost:9202   https://localhost:5602/cluster02
                   https://localhost:10202
                   https://localhost:11202
        ");
    }
}
