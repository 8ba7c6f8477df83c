//! The configuration of nginx as a gateway. Pure: no I/O.
//!
//! See <https://nginx.org/en/docs/http/ngx_http_proxy_module.html>.

use minijinja::context;

use super::Gateway;
use crate::mesh::render::{RenderError, render};

const TEMPLATE: &str = include_str!("../../../templates/gateway/nginx.conf");
const MAIN_TEMPLATE: &str = include_str!("../../../templates/gateway/main.conf");

/// The file that `http {}` includes.
pub const FILE: &str = "mesh.conf";
/// The file for an nginx that does nothing else.
pub const MAIN: &str = "nginx.conf";

impl Gateway<'_> {
    /// A whole configuration, which includes [`FILE`].
    pub fn nginx_main(&self) -> Result<String, RenderError> {
        render("main.conf", MAIN_TEMPLATE, &context! { dir => self.dir.display().to_string(), include => FILE })
    }

    pub fn nginx(&self) -> Result<String, RenderError> {
        Ok(self.nginx_with_digest()?.0)
    }

    /// The configuration, and what it answers at `/_mesh/health`.
    pub(super) fn nginx_with_digest(&self) -> Result<(String, String), RenderError> {
        self.render("nginx.conf", TEMPLATE)
    }
}

#[cfg(test)]
mod tests {
    use crate::mesh::{
        Mesh,
        gateway::{Gateway, Upstream, tests::of},
    };

    fn lines(text: &str, wanted: &str) -> Vec<String> {
        text.lines().map(str::trim).filter(|line| line.contains(wanted)).map(str::to_owned).collect()
    }

    #[test]
    fn a_service_is_believed_by_its_name_and_the_authority_of_its_cluster() {
        let mesh = Mesh::example(2).with_nodes(2, 3);
        let text = of(&mesh).nginx().unwrap();
        assert_eq!(
            lines(&text, "proxy_ssl_name "),
            ["cluster01-elastic", "cluster01-kibana", "localhost", "cluster02-kibana"]
                .map(|name| format!("proxy_ssl_name {name};"))
        );
        assert_eq!(lines(&text, "proxy_ssl_trusted_certificate \"/srv/door/cluster02.crt\";").len(), 2);
        assert_eq!(lines(&text, "server 10.213.0.").len(), 6, "{text}");
        assert_eq!(lines(&text, "proxy_next_upstream error timeout;").len(), 1);
        assert!(!text.contains("{{") && !text.contains("{%"));
    }

    #[test]
    fn a_proxy_elsewhere_reaches_published_ports() {
        let mesh = Mesh::example(2).without_kibana();
        let upstream = Upstream::Published("192.0.2.1".parse().unwrap());
        let text = Gateway { upstream, ..of(&mesh) }.nginx().unwrap();
        assert_eq!(lines(&text, " 192.0.2.1:"), ["server 192.0.2.1:9201;", "server 192.0.2.1:9202;"]);
        assert!(!text.contains("kibana;"), "{text}");
    }

    #[test]
    fn what_is_written_while_it_runs_is_temporary() {
        let text = of(&Mesh::example(1)).nginx_main().unwrap();
        assert_eq!(lines(&text, "include"), ["include \"/srv/door/mesh.conf\";"]);
        assert_eq!(lines(&text, " /tmp/").len(), 6, "{text}");
    }

    #[test]
    fn meshes_share_a_proxy_by_their_names() {
        let mesh = Mesh::example(1).named("ci-42");
        let text = of(&mesh).nginx().unwrap();
        assert!(
            text.contains("map $request_uri $mesh_ci_42_path {") && text.contains("upstream ci-42-cluster01-elastic {")
        );
    }

    #[test]
    fn a_name_is_written_as_clients_send_it() {
        let mesh = Mesh::example(1);
        let name = |name: Option<&str>| {
            let gateway = Gateway { server_name: name.map(|name| name.parse().unwrap()), ..of(&mesh) };
            lines(&gateway.nginx().unwrap(), "server_name ")[0].clone()
        };
        assert_eq!(name(Some("2001:db8::1")), "server_name [2001:db8::1];");
        assert_eq!(name(Some("192.0.2.1")), "server_name 192.0.2.1;");
        assert_eq!(name(Some("*.example.org")), "server_name *.example.org;");
        assert_eq!(name(None), "server_name _;");
    }

    #[test]
    fn the_digest_is_that_of_the_configuration() {
        let digest = |mesh: &Mesh| lines(&of(mesh).nginx().unwrap(), "return 200")[0].clone();
        assert_eq!(digest(&Mesh::example(2)), digest(&Mesh::example(2)));
        assert_ne!(digest(&Mesh::example(2)), digest(&Mesh::example(3)));
    }

    /// PCRE before 10.44 takes 32 characters as the name of a group, and a mesh's name may have 30.
    #[test]
    fn a_long_name_is_in_no_group_of_a_regular_expression() {
        let mesh = Mesh::example(1).named("a-mesh-for-integration-tests-1");
        let text = of(&mesh).nginx().unwrap();
        assert!(text.contains("mesh_a_mesh_for_integration_tests_1_path") && !text.contains("(?<"), "{text}");
    }
}
