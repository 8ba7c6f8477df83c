//! Whether the mesh's own gateway leads to every service. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    facts::gateway::GatewayRoute,
    judge::scope::Scope,
    mesh::{Mesh, counted::counted},
};

/// The routes of the gateway, as far as they lead to clusters of a scope.
#[derive(Debug, Serialize)]
pub struct GatewayReport {
    /// Whether every route leads to its service.
    pub up: bool,
    pub routes: Vec<RouteReport>,
}

#[derive(Debug, Serialize)]
pub struct RouteReport {
    pub url: String,
    pub up: bool,
    /// Why it does not lead to its service; `None` where it does.
    pub reason: Option<String>,
}

impl GatewayReport {
    /// `None` for a mesh without a gateway.
    pub fn new(mesh: &Mesh, scope: Scope, tried: BTreeMap<GatewayRoute, Option<String>>) -> Option<Self> {
        let url = mesh.gateway_url()?;
        let tried = tried.into_iter().filter(|(route, _)| scope.contains(route.cluster()));
        let routes = tried.map(|(route, reason)| {
            let path = match route {
                GatewayRoute::Elastic(cluster) => format!("{cluster}/elastic/"),
                GatewayRoute::Kibana(cluster) => format!("{cluster}/"),
            };
            RouteReport { url: format!("{url}/{path}"), up: reason.is_none(), reason }
        });
        let routes: Vec<RouteReport> = routes.collect();
        Some(Self { up: routes.iter().all(|route| route.up), routes })
    }

    /// How many lead to their service, in words.
    pub fn summary(&self) -> String {
        let up = self.routes.iter().filter(|route| route.up).count();
        let all = counted(self.routes.len() as u64, "route");
        if self.up { format!("gateway: {all} proved") } else { format!("gateway: {up} of {all} proved") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::example::cluster;

    #[test]
    fn a_route_that_leads_nowhere_is_named() {
        let mesh = Mesh::example(2).with_gateway("127.0.0.1:8443");
        let tried = || {
            BTreeMap::from([
                (GatewayRoute::Elastic(cluster(1)), None),
                (GatewayRoute::Kibana(cluster(2)), Some("status 502".to_owned())),
            ])
        };
        let report = GatewayReport::new(&mesh, Scope::Mesh, tried()).unwrap();
        insta::assert_snapshot!(report.summary(), @"gateway: 1 of 2 routes proved");
        insta::assert_snapshot!(report.routes[1].url, @"https://localhost:8443/cluster02/");
        let on = "1".parse().unwrap();
        assert!(GatewayReport::new(&mesh, Scope::new(Some(&on)), tried()).unwrap().up);
        assert!(GatewayReport::new(&Mesh::example(2), Scope::Mesh, tried()).is_none());
    }
}
