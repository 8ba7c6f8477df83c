//! The configuration of HAProxy as a gateway. Pure: no I/O.
//!
//! See <https://docs.haproxy.org/2.6/configuration.html>.

use super::Gateway;
use crate::mesh::render::RenderError;

const TEMPLATE: &str = include_str!("../../../templates/gateway/haproxy.cfg");

/// The file that HAProxy is given.
pub const FILE: &str = "mesh.cfg";

impl Gateway<'_> {
    pub fn haproxy(&self) -> Result<String, RenderError> {
        Ok(self.render("haproxy.cfg", TEMPLATE)?.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::mesh::{Mesh, gateway::tests::of};

    #[test]
    fn every_node_is_believed_by_its_own_name() {
        let mesh = Mesh::example(1).with_nodes(1, 3);
        let text = of(&mesh).haproxy().unwrap();
        for name in ["cluster01-elastic", "cluster01-elastic-2", "cluster01-elastic-3", "cluster01-kibana"] {
            assert!(text.contains(&format!(" verifyhost {name} ")), "{name}: {text}");
        }
        assert!(!text.contains("{{") && !text.contains("{%"));
    }
}
