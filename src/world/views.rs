//! Asks every Kibana for its data views. I/O: network; changes nothing.

use futures::future::join_all;

use super::{World, access::Access, kibana::Kibana};
use crate::{
    facts::{observed::Observed, views::FoundViews},
    mesh::{Mesh, id::ClusterId},
};

impl World {
    /// What each Kibana of the mesh has, or why it cannot be asked.
    pub async fn data_views(&self, mesh: &Mesh, there: &Observed) -> FoundViews {
        let ask = async |cluster: ClusterId| {
            if there.kibana(cluster).is_none() {
                return (cluster, Err("it is not ready".to_owned()));
            }
            let Some(access) = Access::observed(there, cluster) else {
                return (cluster, Err("its authority or the password is lost".to_owned()));
            };
            let found = async { Kibana::new(mesh, cluster, access)?.data_views().await };
            (cluster, found.await.map_err(|error| error.cause()))
        };
        join_all(mesh.clusters().filter(|cluster| mesh.has(cluster.kibana())).map(ask)).await.into_iter().collect()
    }
}
